//! Where text stands: indentation. These see block markers, because they are what the markers are for.

use minijinja::{State, Value};

use super::{Outcome, bounded, count, fault, text};
use crate::render::blocks;
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

/// The widest indentation.
const MAX_WIDTH: usize = 1_000;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["indent"], Piped::Last, (1, 2), indent).raw(),
    Function::new(&["nindent"], Piped::Last, (2, 2), nindent).raw(),
    Function::new(&["trim"], Piped::First, (1, 2), trim).raw(),
];

/// Every line of the text after so many spaces.
fn padded(value: &Value, width: &Value) -> Result<String, minijinja::Error> {
    let width = count(width, "the width")?;
    if width > MAX_WIDTH {
        return Err(run::limit(format!("an indentation is wider than {MAX_WIDTH}")));
    }
    let resolved = match value.as_str() {
        Some(text) => blocks::resolve_keeping_marks(text),
        None => blocks::resolve_keeping_marks(&crate::render::jinja::format::to_text(value)?),
    };
    let lines = resolved.split('\n').count();
    if resolved.len().saturating_add(lines.saturating_mul(width)) > super::MAX_TEXT {
        return Err(run::limit(format!("a text is longer than {} bytes", super::MAX_TEXT)));
    }
    let pad = " ".repeat(width);
    let mut out = String::with_capacity(resolved.len() + lines * width);
    for (at, line) in resolved.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if !line.is_empty() {
            out.push_str(&pad);
        }
        out.push_str(line);
    }
    Ok(out)
}

/// Brings every line to a column, the first one too: where the template already wrote spaces before the
/// expression, they count (as the filter of Jinja expects; Helm's expects none).
fn indent(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let (width, value) = match args {
        [width, value] => (width.clone(), value),
        [value] => (Value::from(4), value),
        _ => return Err(fault("`indent` takes a width and a text")),
    };
    Ok(Value::from(blocks::flush(&padded(value, &width)?)))
}

fn nindent(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    Ok(Value::from(format!("\n{}", padded(&args[1], &args[0])?)))
}

/// Removes white space at both ends, or the characters given.
fn trim(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let resolved = match args[0].as_str() {
        Some(text) => blocks::resolve_keeping_marks(text),
        None => text(&args[0])?.into_owned(),
    };
    match args.get(1) {
        Some(set) => {
            let set: Vec<char> = text(set)?.chars().collect();
            bounded(resolved.trim_matches(set.as_slice()).to_owned())
        }
        None => bounded(trim_marked(&resolved)),
    }
}

/// Trims around the marks: one at an end would hide the white space behind it.
fn trim_marked(text: &str) -> String {
    let plain = blocks::resolve(text);
    if plain.marks.is_empty() {
        return text.trim().to_owned();
    }
    let start = plain.text.len() - plain.text.trim_start().len();
    let end = plain.text.trim_end().len().max(start);
    let mut out = String::with_capacity(text.len());
    let mut from = start;
    for (at, id) in plain.marks {
        let at = at.clamp(start, end);
        out.push_str(&plain.text[from..at]);
        blocks::push_mark(&mut out, id as usize);
        from = at;
    }
    out.push_str(&plain.text[from..end]);
    out
}
