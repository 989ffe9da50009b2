//! Reading what a policy returned, strictly: a member that is misspelled must not be lost in silence.

use regorus::Value;

use crate::policy::{On, Policy, Violation, fault, nearest};
use crate::{Error, Location, Result};

const MEMBERS: [&str; 10] =
    ["path", "message", "witness", "unknown", "raised", "resource", "environment", "at", "source", "fix"];

/// The violations in a result, ordered.
pub(super) fn violations(policy: &Policy, result: &Value) -> Result<Vec<Violation>> {
    let wrong = |message: String| wrong(policy, &message);
    match result {
        Value::Undefined => Ok(Vec::new()),
        Value::Set(set) => {
            let mut found = set
                .iter()
                .map(|value| violation(policy, value).map_err(|message| wrong(format!("a violation {message}"))))
                .collect::<Result<Vec<_>>>()?;
            found.sort();
            Ok(found)
        }
        _ => Err(wrong("`violation` is no set".to_owned()).with_help("write `violation contains {…} if { … }`")),
    }
}

fn wrong(policy: &Policy, message: &str) -> Error {
    let line = (1u32..).zip(policy.source.lines()).find(|(_, text)| text.starts_with("violation"));
    fault(&policy.file, line.map_or(1, |(line, _)| line), 1, format!("{}: {message}", policy.id)).with_help(
        "a violation is {\"path\": \"/json/pointer\", \"message\": \"…\", \"witness\": [\"…\"], \"unknown\": true}",
    )
}

fn violation(policy: &Policy, value: &Value) -> Result<Violation, String> {
    let Value::Object(members) = value else {
        return Err(format!("is {}, not an object", kind(value)));
    };
    let mut found = Violation {
        path: String::new(),
        message: String::new(),
        witness: Vec::new(),
        unknown: false,
        raised: false,
        resource: None,
        environment: None,
        at: None,
        source: None,
        fix: None,
    };
    let mut path = None;
    for (name, value) in members.iter_sorted() {
        let Value::String(name) = name else {
            return Err("has a member whose name is no string".to_owned());
        };
        match &**name {
            "path" => path = Some(pointer(value)?),
            "message" => found.message = text(name, value)?,
            "witness" => found.witness = witness(value)?,
            "unknown" => found.unknown = flag(name, value)?,
            "raised" => found.raised = flag(name, value)?,
            "resource" => found.resource = Some(text(name, value)?),
            "environment" => found.environment = Some(text(name, value)?),
            "at" => found.at = Some(text(name, value)?),
            "source" => found.source = source(value)?,
            "fix" => found.fix = Some(text(name, value)?),
            _ => {
                let near = nearest(name, MEMBERS).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(format!("has the unknown member `{name}`{near}"));
            }
        }
    }
    found.path = path.ok_or("has no `path`")?;
    if found.message.is_empty() {
        return Err("has no `message`".to_owned());
    }
    if found.raised && policy.raised.is_none() {
        return Err("is `raised`, for which METADATA has no severity".to_owned());
    }
    addressed(&policy.on, &found)?;
    Ok(found)
}

/// Whether the violation says where it lands as far as the policy's `on` leaves that open, and no farther.
fn addressed(on: &On, violation: &Violation) -> Result<(), String> {
    let (resource, environment) = match on {
        On::Kinds(_) | On::Workload => (false, false),
        On::Environment => (true, false),
        On::Workspace => (true, true),
    };
    for (name, wanted, present) in [
        ("resource", resource, violation.resource.is_some()),
        ("environment", environment, violation.environment.is_some()),
        ("at", environment && violation.at.is_some(), violation.at.is_some()),
    ] {
        match (wanted, present) {
            (true, false) => return Err(format!("has no `{name}`, which `on: {on}` needs")),
            (false, true) => return Err(format!("has `{name}`, which `on: {on}` does not take")),
            _ => {}
        }
    }
    Ok(())
}

fn flag(name: &str, value: &Value) -> Result<bool, String> {
    value.as_bool().copied().map_err(|_| format!("has `{name}` as {}", kind(value)))
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.to_string()),
        Value::String(_) => Err(format!("has an empty `{name}`")),
        _ => Err(format!("has `{name}` as {}, not a string", kind(value))),
    }
}

fn pointer(value: &Value) -> Result<String, String> {
    let Value::String(text) = value else {
        return Err(format!("has `path` as {}, not a string", kind(value)));
    };
    // RFC 6901: empty, or parts that each begin with `/`, where `~` stands only in `~0` and `~1`.
    let escaped = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if (text.is_empty() || text.starts_with('/')) && escaped {
        Ok(text.to_string())
    } else {
        Err(format!("has the path `{text}`, which is no JSON pointer"))
    }
}

fn witness(value: &Value) -> Result<Vec<String>, String> {
    let Value::Array(items) = value else {
        return Err(format!("has `witness` as {}, not an array of strings", kind(value)));
    };
    let text = |item: &Value| match item {
        Value::String(text) => Ok(text.to_string()),
        _ => Err(format!("has {} in `witness`, not a string", kind(item))),
    };
    items.iter().map(text).collect()
}

/// A place in a file as facts give it: `{"file": …, "line": …, "column": …}`; null where a fact has none.
fn source(value: &Value) -> Result<Option<Location>, String> {
    if *value == Value::Null {
        return Ok(None);
    }
    let Value::Object(members) = value else {
        return Err(format!("has `source` as {}, not an object", kind(value)));
    };
    let member = |name: &str| members.get(&Value::from(name));
    let number = |name: &str| match member(name) {
        Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    };
    let Some(Value::String(file)) = member("file") else {
        return Err("has a `source` without `file`".to_owned());
    };
    Ok(Some(Location { file: file.as_ref().into(), line: number("line"), column: number("column") }))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "undefined",
    }
}
