//! The tree: plain data with the place of every key and value.

use std::collections::HashMap;
use std::sync::Arc;

/// Where something was written.
///
/// `source` is an index into a table the owner of the tree keeps: the layers of merged values, or
/// nothing in particular for a manifest. Line and column are 1-based; both 0 for what was never written
/// in a file (a default, a `--set`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Index of the source, given by whoever parsed.
    pub source: u32,
    /// 1-based line, or 0.
    pub line: u32,
    /// 1-based column in characters, or 0.
    pub column: u32,
}

/// A value and where it starts.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// Where it starts.
    pub mark: Mark,
}

/// Data as JSON knows it, with integers kept apart from floats and maps in the order written.
#[derive(Debug, Clone, Default)]
pub enum Data {
    /// `null`, `~`, or nothing.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping; keys are strings, as in JSON.
    Map(Map),
}

/// A key with its place, and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key; numbers and booleans written as keys are their JSON text.
    pub key: Arc<str>,
    /// Where the key starts.
    pub mark: Mark,
    /// The value.
    pub value: Node,
}

/// A mapping in written order with unique keys.
#[derive(Debug, Clone, Default)]
pub struct Map {
    entries: Vec<Entry>,
    /// Present from [`INDEXED_FROM`] entries on: most Kubernetes maps are small, and a scan beats a hash.
    #[expect(clippy::box_collection, reason = "a hash map in place would make every node half as large again")]
    index: Option<Box<HashMap<Arc<str>, usize>>>,
}

const INDEXED_FROM: usize = 16;

impl Map {
    /// An empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in written order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|entry| &*entry.key == key),
        }
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|at| &self.entries[at])
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, to change in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.position(key).map(|at| &mut self.entries[at].value)
    }

    /// The place and value of a key, to change in place.
    pub fn parts_mut(&mut self, key: &str) -> Option<(&mut Mark, &mut Node)> {
        self.position(key).map(|at| &mut self.entries[at]).map(|entry| (&mut entry.mark, &mut entry.value))
    }

    /// The places and values in written order, to change in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut Mark, &mut Node)> {
        self.entries.iter_mut().map(|entry| (&mut entry.mark, &mut entry.value))
    }

    /// Adds an entry, or replaces the one with its key, which keeps its place in the order.
    ///
    /// Returns the entry that stood there before.
    pub fn insert(&mut self, entry: Entry) -> Option<Entry> {
        if let Some(at) = self.position(&entry.key) {
            return Some(std::mem::replace(&mut self.entries[at], entry));
        }
        if let Some(index) = &mut self.index {
            index.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
        if self.index.is_none() && self.entries.len() >= INDEXED_FROM {
            let index = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
            self.index = Some(Box::new(index));
        }
        None
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let removed = self.entries.remove(self.position(key)?);
        if self.index.take().is_some() && self.entries.len() >= INDEXED_FROM {
            let index = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
            self.index = Some(Box::new(index));
        }
        Some(removed)
    }
}

impl FromIterator<Entry> for Map {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let mut map = Self::new();
        for entry in entries {
            map.insert(entry);
        }
        map
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Two mappings are equal when they hold the same keys and values; order and places do not count.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|entry| other.get(&entry.key) == Some(&entry.value))
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Seq(a), Self::Seq(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

/// Equality is of the data: two nodes written in different places are equal.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl From<Data> for Node {
    fn from(data: Data) -> Self {
        Self { data, mark: Mark::default() }
    }
}

impl Node {
    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a sequence; empty otherwise.
    pub fn items(&self) -> &[Node] {
        match &self.data {
            Data::Seq(items) => items,
            _ => &[],
        }
    }

    /// The entries, if it is a mapping; empty otherwise.
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(map) => &map.entries,
            _ => &[],
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self.data {
            Data::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// The value of a key, if it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The value below a path of keys, through mappings only.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text below a path of keys.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// What JSON calls its type.
    pub fn type_name(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "boolean",
            Data::Int(_) => "integer",
            Data::Float(_) => "number",
            Data::String(_) => "string",
            Data::Seq(_) => "list",
            Data::Map(_) => "map",
        }
    }

    /// The value a JSON pointer (RFC 6901) names.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        let (node, _, whole) = self.resolve(pointer);
        whole.then_some(node)
    }

    /// Where a JSON pointer lands, and whether all of it exists.
    ///
    /// For a member of a mapping that is its key, for an item of a sequence its start. Where a part of
    /// the pointer does not exist, the place is that of the nearest existing parent.
    pub fn locate(&self, pointer: &str) -> (Mark, bool) {
        let (_, mark, whole) = self.resolve(pointer);
        (mark, whole)
    }

    fn resolve(&self, pointer: &str) -> (&Node, Mark, bool) {
        let (mut node, mut mark) = (self, self.mark);
        for token in pointer.split('/').skip(1) {
            let token = unescape(token);
            let next = match &node.data {
                Data::Map(map) => map.entry(&token).map(|entry| (&entry.value, entry.mark)),
                Data::Seq(items) => {
                    token.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (item, item.mark))
                }
                _ => None,
            };
            match next {
                Some((child, at)) => (node, mark) = (child, at),
                None => return (node, mark, false),
            }
        }
        (node, mark, true)
    }

    /// The value as JSON; a float that JSON cannot write becomes null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Int(value) => Value::from(*value),
            Data::Float(value) => Value::from(*value),
            Data::String(text) => Value::String(text.to_string()),
            Data::Seq(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(map) => {
                Value::Object(map.iter().map(|entry| (entry.key.to_string(), entry.value.to_json())).collect())
            }
        }
    }

    /// A node from JSON, without places.
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        Self::from(match value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => Data::Int(value),
                None => Data::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Data::String(text.as_str().into()),
            Value::Array(items) => Data::Seq(items.iter().map(Self::from_json).collect()),
            Value::Object(members) => Data::Map(
                members
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.as_str().into(),
                        mark: Mark::default(),
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
        })
    }
}

fn unescape(token: &str) -> std::borrow::Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_and_fall_back_to_the_parent() {
        let mut node = Node::from_json(&serde_json::json!({"a": {"b/c": [1, {"d": 2}]}}));
        assert_eq!(node.pointer("/a/b~1c/1/d").and_then(Node::as_int), Some(2));
        assert!(node.pointer("/a/b~1c/7").is_none());
        if let Data::Map(map) = &mut node.data {
            let mut entry = map.remove("a").unwrap();
            entry.mark = Mark { source: 0, line: 3, column: 1 };
            map.insert(entry);
        }
        assert_eq!(node.locate("/a/nope/deeper"), (Mark { source: 0, line: 3, column: 1 }, false));
    }

    #[test]
    fn large_maps_keep_order_and_find_keys() {
        let mut map: Map = (0..40)
            .map(|i| Entry { key: format!("k{i}").into(), mark: Mark::default(), value: Data::Int(i).into() })
            .collect();
        assert_eq!(map.get("k39").and_then(Node::as_int), Some(39));
        map.remove("k3");
        assert_eq!(map.get("k39").and_then(Node::as_int), Some(39));
        assert!(map.get("k3").is_none());
        assert_eq!(map.len(), 39);
    }
}
