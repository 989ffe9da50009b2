//! From the engine's values to plain data and back.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::objects::{self, MapObject, Place};
use super::run;
use crate::render::blocks;
use crate::yaml::{Data, Entry, Map, Mark, Node};

/// How deep a value may nest.
const MAX_DEPTH: usize = 100;
/// How many values one conversion visits: shared parts count each time they are reached.
const MAX_NODES: usize = 1_000_000;
/// How many bytes of text they hold; what is written from it is longer than the output may be.
const MAX_BYTES: usize = run::MAX_WRITTEN;

/// What one conversion may still visit.
struct Left {
    nodes: usize,
    bytes: usize,
}

/// Data of a value; text in it loses its markers.
pub(super) fn to_node(value: &Value) -> Result<Node, Error> {
    node(value, MAX_DEPTH, &mut Left { nodes: MAX_NODES, bytes: MAX_BYTES })
}

fn node(value: &Value, depth: usize, left: &mut Left) -> Result<Node, Error> {
    left.nodes =
        left.nodes.checked_sub(1).ok_or_else(|| run::limit(format!("a value holds more than {MAX_NODES} values")))?;
    let below = depth.checked_sub(1).ok_or_else(|| run::limit(format!("a value nests deeper than {MAX_DEPTH}")))?;
    let data = match value.kind() {
        ValueKind::None | ValueKind::Undefined => Data::Null,
        ValueKind::Bool => Data::Bool(value.is_true()),
        ValueKind::Number => number(value)?,
        ValueKind::String => {
            let text = text(value);
            left.bytes = left
                .bytes
                .checked_sub(text.len())
                .ok_or_else(|| run::limit(format!("a value holds more than {MAX_BYTES} bytes of text")))?;
            Data::String(text)
        }
        ValueKind::Map if is_macro(value) => return Err(no_yaml("a macro", "call it: `name()`")),
        ValueKind::Map => {
            let mut map = Map::new();
            if let Some(object) = value.downcast_object_ref::<MapObject>() {
                for (key, item) in object.entries() {
                    map.insert(entry(key.clone(), node(item, below, left)?));
                }
            } else {
                for key in value.try_iter()? {
                    let item = value.get_item(&key)?;
                    map.insert(entry(key_text(&key), node(&item, below, left)?));
                }
            }
            Data::Map(map)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = Vec::new();
            for item in value.try_iter()?.checked() {
                items.push(node(&item?, below, left)?);
            }
            Data::Seq(items)
        }
        ValueKind::Bytes => return Err(no_yaml("bytes", "encode them with `b64enc`")),
        _ => return Err(no_yaml("a macro or function", "call it: `name()`")),
    };
    Ok(Node::from(data))
}

/// A macro describes itself as a map of its name and arguments.
fn is_macro(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Macro"))
}

fn no_yaml(what: &str, way_out: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{what} cannot be written as YAML; {way_out}"))
}

fn entry(key: Arc<str>, value: Node) -> Entry {
    Entry { key, mark: Mark::default(), value }
}

fn key_text(key: &Value) -> Arc<str> {
    match key.kind() {
        ValueKind::Bool => if key.is_true() { "true" } else { "false" }.into(),
        ValueKind::None => "null".into(),
        _ => text(key),
    }
}

/// The text of a value, without markers.
fn text(value: &Value) -> Arc<str> {
    match value.to_str() {
        Some(text) if blocks::has_markers(&text) => blocks::resolve(&text).text.into(),
        Some(text) => text,
        None => value.to_string().into(),
    }
}

fn number(value: &Value) -> Result<Data, Error> {
    if let Some(int) = value.as_i64().filter(|_| value.is_integer()) {
        return Ok(Data::Int(int));
    }
    Ok(Data::Float(f64::try_from(value.clone())?))
}

/// A value of data that is not part of the values.
pub(super) fn from_node(node: &Node) -> Result<Value, Error> {
    let (values, bytes) = size(node);
    run::kept(values, bytes)?;
    objects::from_node(node, &Arc::new(Place::Root("value")))
        .map_err(|path| Error::new(ErrorKind::InvalidOperation, format!("{path} contains a reserved character")))
}

/// How many values a node has, and how many bytes of text.
fn size(node: &Node) -> (usize, usize) {
    let add = |(values, bytes): (usize, usize), (more, length): (usize, usize)| (values + more, bytes + length);
    match &node.data {
        Data::Seq(items) => items.iter().map(size).fold((1, 0), add),
        Data::Map(map) => map.into_iter().map(|entry| add(size(&entry.value), (0, entry.key.len()))).fold((1, 0), add),
        Data::String(text) => (1, text.len()),
        _ => (1, 0),
    }
}

/// A number as templates print it: never with an exponent, as Kubernetes reads integers
/// (helm/helm#6867), and whole floats without a fraction.
pub(super) fn number_text(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(float) => float_text(float),
        Err(_) => value.to_string(),
    }
}

/// See [`number_text`].
pub(super) fn float_text(float: f64) -> String {
    match float {
        float if float.is_nan() => ".nan".into(),
        float if float.is_infinite() => if float > 0.0 { ".inf" } else { "-.inf" }.into(),
        float => format!("{float}"),
    }
}
