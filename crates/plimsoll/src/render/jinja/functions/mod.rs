//! The functions templates can call, one file a theme.

pub(super) mod builtin;
pub(super) mod connections;
pub(super) mod documents;
pub(super) mod encoding;
pub(super) mod flow;
pub(super) mod layout;
pub(super) mod lists;
pub(super) mod maps;
pub(super) mod numbers;
pub(super) mod refused;
pub(super) mod regex;
pub(super) mod text;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::format::to_text;
use super::run;

type Outcome = Result<Value, Error>;

/// The longest text and the longest list a function makes.
const MAX_TEXT: usize = 4 << 20;
const MAX_ITEMS: usize = 100_000;

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// An argument as text: text itself, or what printing it would give.
fn text(value: &Value) -> Result<std::borrow::Cow<'_, str>, Error> {
    match value.as_str() {
        Some(text) => Ok(text.into()),
        None if matches!(value.kind(), ValueKind::Bytes) => Err(fault("bytes are not text; encode them with `b64enc`")),
        None => to_text(value).map(|text| crate::render::blocks::resolve(&text).text.into()),
    }
}

/// An argument that must be an integer; text of digits counts.
fn int(value: &Value, what: &str) -> Result<i64, Error> {
    let found = match value.kind() {
        ValueKind::Number => value.as_i64(),
        ValueKind::String => value.as_str().and_then(|text| text.trim().parse().ok()),
        _ => None,
    };
    found.ok_or_else(|| fault(format!("{what} must be an integer, got {}", shown(value))))
}

/// An argument that must be a count.
fn count(value: &Value, what: &str) -> Result<usize, Error> {
    usize::try_from(int(value, what)?).map_err(|_| fault(format!("{what} must not be negative")))
}

/// The items of a list.
fn items(value: &Value, what: &str) -> Result<Vec<Value>, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = Vec::new();
            for item in value.try_iter()?.checked() {
                items.push(item?);
                if items.len() > MAX_ITEMS {
                    return Err(run::limit(format!("a list has more than {MAX_ITEMS} items")));
                }
            }
            Ok(items)
        }
        _ => Err(fault(format!("{what} must be a list, got {}", shown(value)))),
    }
}

/// Key and value pairs of a map.
fn pairs(value: &Value, what: &str) -> Result<Vec<(Value, Value)>, Error> {
    match value.kind() {
        ValueKind::Map => value.try_iter()?.map(|key| value.get_item(&key).map(|item| (key, item))).collect(),
        _ => Err(fault(format!("{what} must be a map, got {}", shown(value)))),
    }
}

/// Text of a bounded length.
fn bounded(text: String) -> Outcome {
    if text.len() > MAX_TEXT {
        return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
    }
    Ok(Value::from(text))
}

/// A value for a message: short, and only what is not data at length.
fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => "text".into(),
        ValueKind::None => "null".into(),
        ValueKind::Undefined => "nothing".into(),
        ValueKind::Number | ValueKind::Bool => to_text(value).unwrap_or_default(),
        kind => format!("a {kind}"),
    }
}

/// What Helm calls empty: nothing, null, false, 0, and text, lists and maps without content.
fn is_empty(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::Iterable => value.len() == Some(0),
        _ => !value.is_true(),
    }
}
