//! Parameters: what a workspace sets for a policy, checked against what the policy takes.

use serde_json::{Map, Value};

use super::{ParameterType, Policy, nearest};
use crate::{Error, ErrorKind};

impl ParameterType {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Map,
        }
    }

    /// What messages and documentation call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    fn admits(self, value: &Value) -> bool {
        self == Self::Any || self == Self::of(value)
    }
}

impl Policy {
    /// The parameters as the policy sees them: what is set, and defaults for the rest.
    ///
    /// The error has no location; whoever read the setting knows it.
    pub fn parameters(&self, set: &Map<String, Value>) -> Result<Value, Error> {
        for (name, value) in set {
            let Some(parameter) = self.params.get(name) else {
                return Err(self.unknown_parameter(name));
            };
            if !parameter.kind.admits(value) {
                return Err(Error::new(
                    ErrorKind::Workspace,
                    format!(
                        "parameter `{name}` of {} is {}, not {}",
                        self.id,
                        parameter.kind.name(),
                        ParameterType::of(value).name()
                    ),
                )
                .with_help(parameter.description.clone()));
            }
        }
        let value = |name: &String, default: &Value| set.get(name).unwrap_or(default).clone();
        Ok(self.params.iter().map(|(name, parameter)| (name.clone(), value(name, &parameter.default))).collect())
    }

    fn unknown_parameter(&self, name: &str) -> Error {
        let error = Error::new(ErrorKind::Workspace, format!("{} takes no parameter `{name}`", self.id));
        let known = self.params.keys().map(String::as_str);
        match nearest(name, known.clone()) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None if self.params.is_empty() => error.with_help("it takes none; remove the setting"),
            None => error.with_help(format!("it takes {}", known.collect::<Vec<_>>().join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::policy::set::tests::policy;

    #[test]
    fn defaults_fill_in_and_faults_are_named() {
        let policy = policy("params: {registries: {description: Allowed ones, default: []}, strict: {default: true}}", "");
        let set = |value: serde_json::Value| policy.parameters(value.as_object().unwrap());
        assert_eq!(set(json!({"strict": false})).unwrap(), json!({"registries": [], "strict": false}));
        let error = set(json!({"registry": []})).unwrap_err();
        assert_eq!(error.message(), "test/sample takes no parameter `registry`");
        assert_eq!(error.help(), Some("did you mean `registries`?"));
        let error = set(json!({"registries": "x"})).unwrap_err();
        assert_eq!(error.message(), "parameter `registries` of test/sample is a list, not a string");
    }
}
