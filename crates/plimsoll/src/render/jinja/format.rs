//! How values are printed: as YAML writes them.

use minijinja::value::ValueKind;
use minijinja::{Error, Output, Value};

use super::convert::{number_text, to_node};
use super::run;
use crate::render::blocks;
use crate::yaml;

/// Prints a value where an expression stands.
pub(super) fn format(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            run::wrote(text.len())?;
            out.write_str(text)?;
        }
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" })?,
        ValueKind::None => out.write_str("null")?,
        // Only an `if` expression without `else` arrives here undefined; a missing key is an error before.
        ValueKind::Undefined => {}
        ValueKind::Number => out.write_str(&number_text(value))?,
        _ => {
            let text = yaml_text(value)?;
            run::wrote(text.len())?;
            out.write_str(&text)?;
        }
    }
    Ok(())
}

/// Prints a value to text, as [`format`] does.
pub(super) fn to_text(value: &Value) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        ValueKind::Bool => if value.is_true() { "true" } else { "false" }.into(),
        ValueKind::None => "null".into(),
        ValueKind::Undefined => String::new(),
        ValueKind::Number => number_text(value),
        _ => yaml_text(value)?,
    })
}

/// A value as YAML: a block value, unless it stands on one line by nature.
pub(super) fn yaml_text(value: &Value) -> Result<String, Error> {
    let node = to_node(value)?;
    let text = yaml::emit(&node);
    let on_one_line = match &node.data {
        yaml::Data::Map(map) => map.is_empty(),
        yaml::Data::Seq(items) => items.is_empty(),
        _ => !text.contains('\n'),
    };
    Ok(if on_one_line { text } else { blocks::block(&text) })
}
