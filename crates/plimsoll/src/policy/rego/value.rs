//! Values as Rego sees them, built straight from parsed YAML: no JSON text in between.

use serde_json::Value as Json;

use crate::yaml::{Data, Node};

/// A value a policy can read. Cloning is cheap: everything below is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub(super) regorus::Value);

impl From<&Node> for Term {
    fn from(node: &Node) -> Self {
        Self(from_node(node))
    }
}

impl From<&Json> for Term {
    fn from(value: &Json) -> Self {
        Self(from_json(value))
    }
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self(regorus::Value::String(text.into()))
    }
}

impl Term {
    /// A value that serde can write as JSON; a float that JSON has no text for becomes null.
    pub fn serialize<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, crate::Error> {
        let json = serde_json::to_value(value).map_err(|error| {
            crate::Error::new(crate::ErrorKind::Policy, format!("a fact cannot be given to policies: {error}"))
        })?;
        Ok(Self(from_json(&json)))
    }

    /// An object of members; a later one of the same name wins.
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Term)>) -> Self {
        let mut object = regorus::Value::new_object();
        for (name, value) in members {
            insert(&mut object, name, value.0);
        }
        Self(object)
    }

    /// What a JSON pointer leads to; shared, not copied.
    pub fn pointer(&self, pointer: &str) -> Option<Term> {
        let mut value = &self.0;
        for part in pointer.split('/').skip(1) {
            value = match value {
                regorus::Value::Object(members) => {
                    let key = part.replace("~1", "/").replace("~0", "~");
                    members.get(&regorus::Value::String(key.into()))?
                }
                regorus::Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(Self(value.clone()))
    }

    /// An array of items.
    pub fn array(items: impl IntoIterator<Item = Term>) -> Self {
        Self(regorus::Value::from(items.into_iter().map(|item| item.0).collect::<Vec<_>>()))
    }
}

/// How many values there are in a value.
pub(super) fn values(value: &regorus::Value) -> usize {
    let mut open = vec![value];
    let mut count = 0_usize;
    while let Some(value) = open.pop() {
        count += 1;
        match value {
            regorus::Value::Array(items) => open.extend(items.iter()),
            regorus::Value::Object(members) => open.extend(members.values()),
            regorus::Value::Set(items) => open.extend(items.iter()),
            _ => {}
        }
    }
    count
}

fn insert(object: &mut regorus::Value, name: &str, value: regorus::Value) {
    if let Ok(object) = object.as_object_mut() {
        object.insert(regorus::Value::String(name.into()), value);
    }
}

fn from_node(node: &Node) -> regorus::Value {
    match &node.data {
        Data::Null => regorus::Value::Null,
        Data::Bool(value) => regorus::Value::Bool(*value),
        Data::Int(value) => regorus::Value::from(*value),
        Data::Float(value) => from_float(*value),
        Data::String(text) => regorus::Value::String(text.clone()),
        Data::Seq(items) => regorus::Value::from(items.iter().map(from_node).collect::<Vec<_>>()),
        Data::Map(map) => map
            .iter()
            .map(|entry| (regorus::Value::String(entry.key.clone()), from_node(&entry.value)))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
    }
}

fn from_json(value: &Json) -> regorus::Value {
    match value {
        Json::Null => regorus::Value::Null,
        Json::Bool(value) => regorus::Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => regorus::Value::from(value),
            (_, Some(value), _) => regorus::Value::from(value),
            (_, _, value) => from_float(value.unwrap_or(f64::NAN)),
        },
        Json::String(text) => regorus::Value::String(text.as_str().into()),
        Json::Array(items) => regorus::Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (regorus::Value::String(key.as_str().into()), from_json(value)))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
    }
}

/// Rego numbers are JSON numbers: what JSON cannot write is null there, as in [`Node::to_json`].
fn from_float(value: f64) -> regorus::Value {
    if value.is_finite() { regorus::Value::from(value) } else { regorus::Value::Null }
}

/// The document `input` of one evaluation.
///
/// Build it once for a resource and derive the rest with [`Input::with`]: members are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input(pub(super) regorus::Value);

impl Default for Input {
    fn default() -> Self {
        Self(regorus::Value::new_object())
    }
}

impl Input {
    /// An empty `input`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with `input.<name>` set.
    #[must_use]
    pub fn with(mut self, name: &str, value: Term) -> Self {
        insert(&mut self.0, name, value.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_give_the_same_value() {
        let json = json!({"b": [1, -2, 1.5, u64::MAX, null, true], "a": {"x/y": "text", "": {}}, "big": 1e300});
        let from_json = Term::from(&json);
        assert_eq!(from_json.0.to_json_str().unwrap().parse::<Json>().unwrap(), json);
        let mut simple = json;
        simple["b"][3] = json!(7);
        assert_eq!(Term::from(&Node::from_json(&simple)), Term::from(&simple));
        assert_eq!(Term::serialize(&simple).unwrap(), Term::from(&simple));
    }

    #[test]
    fn floats_that_json_lacks_become_null() {
        for value in [f64::NAN, f64::INFINITY] {
            assert_eq!(Term::from(&Node::from(Data::Float(value))).0, regorus::Value::Null);
        }
    }

    #[test]
    fn pointers_lead_to_parts() {
        let whole = Term::from(&json!({"a/b": [{"c~": 1}], "d": null}));
        assert_eq!(whole.pointer(""), Some(whole.clone()));
        assert_eq!(whole.pointer("/a~1b/0/c~0"), Some(Term::from(&json!(1))));
        assert_eq!(whole.pointer("/d"), Some(Term::from(&json!(null))));
        for nowhere in ["/a", "/a~1b/1", "/a~1b/x", "/d/e"] {
            assert_eq!(whole.pointer(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn inputs_share_and_replace() {
        let base = Input::new().with("resource", Term::from(&json!({"kind": "Pod"})));
        let other = base.clone().with("params", Term::object([("n", Term::array([Term::from("x")]))]));
        assert_ne!(base, other);
        assert_eq!(other.0["params"]["n"][0], regorus::Value::from("x"));
        assert_eq!(other.0["resource"]["kind"], regorus::Value::from("Pod"));
    }
}
