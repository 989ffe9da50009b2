//! Labels and the selectors that match them.
//!
//! Owns both shapes of selector: the LabelSelector of apimachinery (`meta/v1/helpers.go`,
//! `pkg/labels/selector.go`) and the plain map of Services and ReplicationControllers. What a *missing* selector
//! means differs by kind and is the caller's to know: build one only where the field stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::yaml::{Mark, Node};

/// The label by which a Service or a policy means one pod of a StatefulSet: its name and its ordinal.
pub const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// How its value ends for a StatefulSet, whose pods have one each; no label could.
pub const ANY_ORDINAL: &str = "-*";

/// Whether `name` is that of a pod of the StatefulSet `set`, of which there may be as many as there are numbers.
fn is_ordinal_of(name: &str, set: &str) -> bool {
    let ordinal = name.strip_prefix(set).and_then(|rest| rest.strip_prefix('-'));
    ordinal.is_some_and(|ordinal| !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The labels of an object, in order of key.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<Arc<str>, Arc<str>>);

impl Labels {
    /// The string members of a `labels` map; the API rejects others, so they match nothing.
    pub fn from_node(node: Option<&Node>) -> Self {
        let entries = node.map(Node::entries).unwrap_or_default();
        Self(entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.as_str()?.into()))).collect())
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| &**value)
    }

    /// Keys and values in order of key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// How many labels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(labels: T) -> Self {
        Self(labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl From<BTreeMap<Arc<str>, Arc<str>>> for Labels {
    fn from(labels: BTreeMap<Arc<str>, Arc<str>>) -> Self {
        Self(labels)
    }
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: Arc<str>,
    /// What is asked of it.
    pub operator: Operator,
    /// The values of `Equals` (one), `In` and `NotIn`.
    pub values: Vec<Arc<str>>,
}

/// What a requirement asks of its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Has the one value; what `matchLabels` and plain maps say.
    Equals,
    /// Has one of the values.
    In,
    /// Has none of the values; a label that is absent satisfies it.
    NotIn,
    /// Is present.
    Exists,
    /// Is absent.
    DoesNotExist,
}

impl Requirement {
    /// Whether the labels satisfy it.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let several = value.and_then(|value| value.strip_suffix(ANY_ORDINAL));
        let listed = match several {
            Some(set) => self.values.iter().any(|one| is_ordinal_of(one, set)),
            None => value.is_some_and(|value| self.values.iter().any(|one| &**one == value)),
        };
        match self.operator {
            Operator::Equals | Operator::In => listed,
            // Of several pods there is one more that is not listed.
            Operator::NotIn => several.is_some() || !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match self.operator {
            Operator::Equals => write!(f, "{key}={}", self.values.join(",")),
            Operator::In => write!(f, "{key} in ({})", self.values.join(",")),
            Operator::NotIn => write!(f, "{key} notin ({})", self.values.join(",")),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

/// Why a selector cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    /// One sentence without a full stop.
    pub message: String,
    /// Where it stands.
    pub mark: Mark,
    /// Whether the API refuses it; otherwise it takes it for something else.
    pub refused: bool,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SelectorError {}

/// Requirements that all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// What no requirement at all selects: everything for a LabelSelector, nothing for a plain map.
    empty_selects: bool,
}

impl Selector {
    /// Reads a LabelSelector; an empty one selects everything.
    pub fn label_selector(node: &Node) -> Result<Self, SelectorError> {
        let Some(map) = node.as_map() else { return Err(wrong("a selector", "a map", node)) };
        let mut requirements = Vec::new();
        for entry in map {
            match &*entry.key {
                "matchLabels" => equalities(&entry.value, &mut requirements)?,
                "matchExpressions" if entry.value.is_null() => {}
                "matchExpressions" => {
                    if entry.value.type_name() != "list" {
                        return Err(wrong("`matchExpressions`", "a list", &entry.value));
                    }
                    for item in entry.value.items() {
                        requirements.push(expression(item)?);
                    }
                }
                key => {
                    let message = format!(
                        "a selector has `matchLabels` and `matchExpressions`, not `{key}`; the API drops it, and an empty selector selects everything"
                    );
                    return Err(SelectorError { message, mark: entry.mark, refused: false });
                }
            }
        }
        Ok(Self { requirements, empty_selects: true })
    }

    /// The selector without requirements that selects everything.
    pub fn everything() -> Self {
        Self { requirements: Vec::new(), empty_selects: true }
    }

    /// Reads the plain map of a Service or ReplicationController; an empty one selects nothing.
    pub fn plain(node: &Node) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        equalities(node, &mut requirements)?;
        Ok(Self { requirements, empty_selects: false })
    }

    /// Everything that has all of these labels; without any, everything.
    pub fn labelled(labels: &Labels) -> Self {
        let requirement = |(key, value): (&str, &str)| Requirement {
            key: key.into(),
            operator: Operator::Equals,
            values: vec![value.into()],
        };
        Self { requirements: labels.iter().map(requirement).collect(), empty_selects: true }
    }

    /// The requirements in the order written.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether it has no requirement.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The labels it demands with one value each, as an index is asked for them; not [`POD_NAME`], which an
    /// index of workloads knows with [`ANY_ORDINAL`] only.
    pub fn equalities(&self) -> impl Iterator<Item = (&str, &str)> {
        let equal = self.requirements.iter().filter(|requirement| requirement.operator == Operator::Equals);
        let equal = equal.filter(|requirement| &*requirement.key != POD_NAME);
        equal.filter_map(|requirement| Some((&*requirement.key, &**requirement.values.first()?)))
    }

    /// Whether it matches whatever the labels are.
    pub fn selects_everything(&self) -> bool {
        self.is_empty() && self.empty_selects
    }

    /// Whether the labels satisfy every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        if self.is_empty() {
            return self.empty_selects;
        }
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// The requirements the labels do not satisfy, each with what stands there instead; empty on a match.
    pub fn near_miss<'a>(&'a self, labels: &'a Labels) -> Vec<Miss<'a>> {
        let missed = self.requirements.iter().filter(|requirement| !requirement.matches(labels));
        missed.map(|requirement| Miss { requirement, actual: labels.get(&requirement.key) }).collect()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.requirements.iter().enumerate() {
            write!(f, "{}{requirement}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// A requirement that is not satisfied, and the label's actual value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss<'a> {
    /// What was asked.
    pub requirement: &'a Requirement,
    /// The value of the label, if the object has it.
    pub actual: Option<&'a str>,
}

impl fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.actual {
            Some(actual) => write!(f, "{} (it has {}={actual})", self.requirement, self.requirement.key),
            None => write!(f, "{} (it has no such label)", self.requirement),
        }
    }
}

/// What an object has in place of what a selector asks for.
pub(crate) fn differences(misses: &[Miss<'_>]) -> String {
    let words: Vec<String> = misses
        .iter()
        .map(|miss| match (&miss.requirement.key, miss.actual) {
            (key, Some(actual)) => format!("has `{key}={actual}`"),
            (key, None) => format!("has no label `{key}`"),
        })
        .collect();
    words.join(" and ")
}

fn equalities(node: &Node, requirements: &mut Vec<Requirement>) -> Result<(), SelectorError> {
    if node.is_null() {
        return Ok(());
    }
    let Some(map) = node.as_map() else { return Err(wrong("labels to match", "a map", node)) };
    for entry in map {
        let Some(value) = entry.value.as_str() else {
            let mut error = wrong(&format!("the label `{}`", entry.key), "text", &entry.value);
            error.message.push_str("; quote it");
            return Err(error);
        };
        requirements.push(Requirement {
            key: entry.key.clone(),
            operator: Operator::Equals,
            values: vec![value.into()],
        });
    }
    Ok(())
}

fn expression(node: &Node) -> Result<Requirement, SelectorError> {
    let error = |message: String, mark| Err(SelectorError { message, mark, refused: true });
    let Some(key) = node.get("key").and_then(Node::as_str) else {
        return error("an expression of a selector has no `key`".into(), node.mark);
    };
    let Some(operator) = node.get("operator") else {
        return error(format!("the expression for `{key}` has no `operator`"), node.mark);
    };
    let kind = match operator.as_str().unwrap_or_default() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            let message = format!("the operator `{other}` for `{key}` is none of In, NotIn, Exists, DoesNotExist");
            return error(message, operator.mark);
        }
    };
    let mut values = Vec::new();
    if let Some(list) = node.get("values").filter(|list| !list.is_null()) {
        if list.type_name() != "list" {
            return Err(wrong("`values` of an expression", "a list", list));
        }
        for item in list.items() {
            let Some(value) = item.as_str() else { return Err(wrong("a value of an expression", "text", item)) };
            values.push(value.into());
        }
    }
    match kind {
        Operator::In | Operator::NotIn if values.is_empty() => {
            error(format!("the expression for `{key}` needs `values` with its operator"), node.mark)
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            error(format!("the expression for `{key}` takes no `values` with its operator"), node.mark)
        }
        operator => Ok(Requirement { key: key.into(), operator, values }),
    }
}

fn wrong(what: &str, wanted: &str, node: &Node) -> SelectorError {
    SelectorError {
        message: format!("{what} must be {wanted}, not a value of type {}", node.type_name()),
        mark: node.mark,
        refused: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn node(text: &str) -> Node {
        parse(text, 0).unwrap().node
    }

    fn labels(text: &str) -> Labels {
        Labels::from_node(Some(&node(text)))
    }

    #[test]
    fn expressions_match_as_apimachinery_says() {
        let cases = [
            ("{}", "{}", true),
            ("{}", "{a: b}", true),
            ("{matchLabels: {}}", "{a: b}", true),
            ("{matchLabels: }", "{a: b}", true),
            ("{matchLabels: {a: b}}", "{a: b, c: d}", true),
            ("{matchLabels: {a: b}}", "{a: c}", false),
            ("{matchLabels: {a: b}}", "{}", false),
            ("{matchExpressions: [{key: a, operator: In, values: [b, c]}]}", "{a: c}", true),
            ("{matchExpressions: [{key: a, operator: In, values: [b, c]}]}", "{a: d}", false),
            ("{matchExpressions: [{key: a, operator: In, values: [b, c]}]}", "{}", false),
            ("{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{a: b}", false),
            ("{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{a: c}", true),
            ("{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{}", true),
            ("{matchExpressions: [{key: a, operator: Exists}]}", "{a: ''}", true),
            ("{matchExpressions: [{key: a, operator: Exists}]}", "{}", false),
            ("{matchExpressions: [{key: a, operator: DoesNotExist}]}", "{}", true),
            ("{matchExpressions: [{key: a, operator: DoesNotExist}]}", "{a: b}", false),
            ("{matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}", "{a: b}", false),
        ];
        for (selector, on, expected) in cases {
            let selector = Selector::label_selector(&node(selector)).unwrap();
            assert_eq!(selector.matches(&labels(on)), expected, "{selector} on {on}");
            assert_eq!(selector.near_miss(&labels(on)).is_empty(), expected, "{selector} on {on}");
        }
    }

    #[test]
    fn an_empty_plain_selector_selects_nothing() {
        let empty = Selector::plain(&node("{}")).unwrap();
        assert!(!empty.matches(&labels("{a: b}")) && !empty.selects_everything());
        assert!(Selector::label_selector(&node("{}")).unwrap().selects_everything());
        assert!(Selector::plain(&node("{a: b}")).unwrap().matches(&labels("{a: b, c: d}")));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let cases = [
            ("matchExpressions:\n- {key: a, operator: Is, values: [b]}", 2, "`Is`"),
            ("matchExpressions:\n- {operator: In}", 2, "no `key`"),
            ("matchExpressions:\n- {key: a}", 2, "no `operator`"),
            ("matchExpressions:\n- {key: a, operator: In, values: []}", 2, "needs `values`"),
            ("matchExpressions:\n- {key: a, operator: Exists, values: [b]}", 2, "takes no `values`"),
            ("matchExpressions:\n- {key: a, operator: In, values: [1]}", 2, "must be text"),
            ("matchExpressions: {}", 1, "must be a list"),
            ("matchLabels:\n  a: true", 2, "quote it"),
            ("app: a", 1, "not `app`"),
            ("[]", 1, "must be a map"),
        ];
        for (text, line, reason) in cases {
            let error = Selector::label_selector(&node(text)).expect_err(text);
            assert!(error.message.contains(reason), "{error}");
            assert_eq!(error.mark.line, line, "{text}");
        }
    }

    #[test]
    fn near_misses_name_what_differs() {
        let selector = Selector::plain(&node("{app: cart, tier: web, x: z}")).unwrap();
        let on = labels("{app: carts, x: z}");
        let said: Vec<_> = selector.near_miss(&on).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["app=cart (it has app=carts)", "tier=web (it has no such label)"]);
        assert_eq!(selector.to_string(), "app=cart,tier=web,x=z");
    }
}
