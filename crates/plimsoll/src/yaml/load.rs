//! One document of YAML to a tree, in one pass over the parser's events.
//!
//! The only file that names the parser crate. Owns the tree's construction: anchors and aliases, merge
//! keys, duplicate keys, and the limits that keep hostile input bounded. What scalars mean is in
//! `scalar.rs`, what faults are called in `fault.rs`.
//!
//! An alias gets its own place as mark; what is inside it keeps the places of the anchor's text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::fault::{Fault, Warning, control, explain};
use super::node::{Data, Entry, Map, Mark, Node};
use super::scalar::{self, Scalar};

/// Bytes of one document.
pub const MAX_DOCUMENT: usize = 32 << 20;
/// Values inside values.
pub const MAX_DEPTH: usize = 128;
/// Values of one document, those of aliases included.
pub const MAX_NODES: usize = 4_000_000;
/// Values that stand in a document only because anchors are kept and aliases repeat them.
pub const MAX_REPEATED: usize = 1_000_000;
/// More warnings than a person reads.
const MAX_WARNINGS: usize = 100;

/// A document that could be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The tree.
    pub node: Node,
    /// What other readers would read differently, at most a hundred, in order.
    pub warnings: Vec<Warning>,
}

/// Reads a text that holds exactly one document; an empty text is null, a second document a fault.
pub fn parse(text: &str, source: u32) -> Result<Parsed, Fault> {
    parse_from(text, source, 1)
}

/// Reads a document whose first line is line `first` of something larger.
pub(super) fn parse_from(text: &str, source: u32, first: u32) -> Result<Parsed, Fault> {
    let mut loader = Loader::new(text, source, first);
    if text.len() > MAX_DOCUMENT {
        let message =
            format!("the document has {} MiB, more than the {} MiB allowed", text.len() >> 20, MAX_DOCUMENT >> 20);
        let help = "split it; the API server itself takes no object over 3 MiB";
        return Err(Fault { help: Some(help.to_owned()), ..limit(message, Mark { source, line: first, column: 1 }) });
    }
    if let Some((line, column, code)) = control(text) {
        let message = format!("the control character U+{code:04X} stands in the text");
        let mark = Mark { source, line: first.saturating_add(line), column };
        return Err(fault(message, mark, Some("remove it, or write it as an escape in double quotes")));
    }
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| loader.syntax(&error))?;
        let mark = loader.mark(span.start);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    let help = "split the file into one document each, or remove the `---`";
                    return Err(fault("a second document starts here, where one is expected", mark, Some(help)));
                }
            }
            Event::Scalar(text, style, anchor, tag) => loader.scalar(text, style, anchor, tag.as_deref(), mark)?,
            Event::SequenceStart(anchor, _) => loader.open(Kind::Seq(Vec::new()), anchor, mark)?,
            Event::MappingStart(anchor, _) => loader.open(Kind::Map(Box::default()), anchor, mark)?,
            Event::SequenceEnd | Event::MappingEnd => loader.close()?,
            Event::Alias(anchor) => loader.alias(anchor, mark)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    let node = loader.root.unwrap_or(Node { data: Data::Null, mark: Mark { source, line: first, column: 1 } });
    Ok(Parsed { node, warnings: loader.warnings })
}

struct Loader<'a> {
    text: &'a str,
    source: u32,
    first: u32,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchored>,
    /// Whether any alias can follow: without a `*` in the text no anchor is worth keeping.
    aliases: bool,
    nodes: usize,
    repeated: usize,
    warnings: Vec<Warning>,
}

/// A collection that is not closed yet.
struct Frame {
    kind: Kind,
    mark: Mark,
    anchor: usize,
    /// Values inside, itself included, and how deep they go.
    nodes: usize,
    height: usize,
}

enum Kind {
    Seq(Vec<Node>),
    Map(Box<Members>),
}

#[derive(Default)]
struct Members {
    map: Map,
    key: Key,
    merges: Vec<(Mark, Node)>,
}

#[derive(Default)]
enum Key {
    #[default]
    Absent,
    Text(Arc<str>, Mark),
    Merge(Mark),
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

impl<'a> Loader<'a> {
    fn new(text: &'a str, source: u32, first: u32) -> Self {
        Self {
            text,
            source,
            first,
            stack: Vec::with_capacity(16),
            root: None,
            anchors: HashMap::new(),
            aliases: text.contains('*'),
            nodes: 0,
            repeated: 0,
            warnings: Vec::new(),
        }
    }

    fn mark(&self, at: Marker) -> Mark {
        let line = u32::try_from(at.line().saturating_sub(1)).unwrap_or(u32::MAX).saturating_add(self.first);
        let column = u32::try_from(at.col()).unwrap_or(u32::MAX).saturating_add(1);
        Mark { source: self.source, line, column }
    }

    fn syntax(&self, error: &ScanError) -> Fault {
        let mark = self.mark(*error.marker());
        if error.info().contains("recursion limit") {
            return too_deep(mark);
        }
        let row = self.text.split('\n').nth(error.marker().line().saturating_sub(1)).unwrap_or_default();
        let (message, help) = explain(error.info(), row, error.marker().col());
        Fault { help, ..fault(message, mark, None) }
    }

    fn warn(&mut self, message: String, mark: Mark) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { message, line: mark.line, column: mark.column });
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { kind: Kind::Map(members), .. }) if matches!(members.key, Key::Absent))
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        mark: Mark,
    ) -> Result<(), Fault> {
        // The lone `!` makes a scalar plain again in libyaml's descendants, which Kubernetes reads by.
        let lone = tag.is_some_and(|tag| tag.handle.is_empty() && tag.suffix == "!");
        let tag = tag.filter(|_| !lone);
        let plain = tag.is_none() && (lone || style == ScalarStyle::Plain);
        if self.expects_key() && text == "<<" && (plain || tag.is_some_and(|tag| core(tag) == Some("merge"))) {
            self.key(Key::Merge(mark));
            return Ok(());
        }
        let mut text = text;
        let value = match tag.map(|tag| core(tag)) {
            None if plain => scalar::resolve(&text),
            None | Some(None) => Scalar::Text,
            Some(Some("binary")) => {
                text =
                    scalar::binary(&text).ok_or_else(|| fault("a `!!binary` value is not base64", mark, None))?.into();
                Scalar::Text
            }
            Some(Some(name)) => scalar::tagged(name, &text)
                .ok_or_else(|| fault(format!("`{text}` is no value of the type `!!{name}`"), mark, None))?,
        };
        if plain && let Some(message) = scalar::doubt(&text, value) {
            self.warn(message, mark);
        }
        let data = match value {
            Scalar::Null => Data::Null,
            Scalar::Bool(value) => Data::Bool(value),
            Scalar::Int(value) => Data::Int(value),
            Scalar::Float(value) => Data::Float(value),
            Scalar::Text => Data::String(Arc::from(&*text)),
        };
        self.place(Node { data, mark }, anchor, 1, 0)
    }

    fn open(&mut self, kind: Kind, anchor: usize, mark: Mark) -> Result<(), Fault> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(mark));
        }
        if self.expects_key() {
            return Err(complex_key(mark));
        }
        self.stack.push(Frame { kind, mark, anchor, nodes: 1, height: 1 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(Frame { kind, mark, anchor, nodes, height }) = self.stack.pop() else { return Ok(()) };
        let data = match kind {
            Kind::Seq(items) => Data::Seq(items),
            Kind::Map(members) => {
                let Members { mut map, merges, .. } = *members;
                if !merges.is_empty() {
                    self.merge(&mut map, merges)?;
                }
                Data::Map(map)
            }
        };
        self.place(Node { data, mark }, anchor, nodes, height)
    }

    /// Puts a finished value where it belongs: a key or a value of the open collection, or the root.
    fn place(&mut self, node: Node, anchor: usize, nodes: usize, height: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(limit(format!("the document has more than {MAX_NODES} values"), node.mark));
        }
        if anchor > 0 && self.aliases {
            self.repeat(nodes, node.mark)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, height });
        }
        if self.expects_key() {
            let mark = node.mark;
            let text = key_text(node)?;
            self.key(Key::Text(text, mark));
            return Ok(());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.nodes += nodes;
        frame.height = frame.height.max(height + 1);
        match &mut frame.kind {
            Kind::Seq(items) => items.push(node),
            Kind::Map(members) => match std::mem::take(&mut members.key) {
                Key::Merge(at) => members.merges.push((at, node)),
                Key::Text(key, mark) => {
                    if let Some(old) = members.map.insert(Entry { key, mark, value: node }) {
                        return Err(duplicate(&old, mark));
                    }
                }
                Key::Absent => {}
            },
        }
        Ok(())
    }

    fn key(&mut self, key: Key) {
        if let Some(Frame { kind: Kind::Map(members), .. }) = self.stack.last_mut() {
            members.key = key;
        }
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), Fault> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(fault("an anchor contains itself through this alias", mark, None));
        };
        let (nodes, height) = (anchored.nodes, anchored.height);
        if self.stack.len() + height > MAX_DEPTH {
            return Err(too_deep(mark));
        }
        self.repeat(nodes, mark)?;
        let Some(anchored) = self.anchors.get(&anchor) else { return Ok(()) };
        let node = Node { data: anchored.node.data.clone(), mark };
        self.nodes += nodes - 1;
        self.place(node, 0, nodes, height)
    }

    fn repeat(&mut self, nodes: usize, mark: Mark) -> Result<(), Fault> {
        self.repeated += nodes;
        if self.repeated > MAX_REPEATED {
            return Err(limit(format!("anchors and aliases repeat more than {MAX_REPEATED} values"), mark));
        }
        Ok(())
    }

    /// Adds the entries of each `<<` that the map does not have itself.
    ///
    /// Of a list the first map wins, of several `<<` the last, as go-yaml applies them.
    fn merge(&mut self, map: &mut Map, merges: Vec<(Mark, Node)>) -> Result<(), Fault> {
        let mut inherited = Map::new();
        for (at, value) in merges.into_iter().rev() {
            let others = match value.data {
                Data::Seq(items) => items,
                data => vec![Node { data, mark: value.mark }],
            };
            for other in &others {
                let Some(other_map) = other.as_map() else {
                    return Err(fault("`<<` takes a map or a list of maps", other.mark, None));
                };
                for entry in other_map {
                    match map.entry(&entry.key) {
                        Some(own) => self.doubt_merge(own, entry, at),
                        None if inherited.get(&entry.key).is_some() => {}
                        None => {
                            inherited.insert(entry.clone());
                        }
                    }
                }
            }
        }
        for entry in &inherited {
            map.insert(entry.clone());
        }
        Ok(())
    }

    /// go-yaml v2 applies entries in the order written, so a `<<` overrides what stands before it.
    fn doubt_merge(&mut self, own: &Entry, merged: &Entry, at: Mark) {
        if (own.mark.line, own.mark.column) < (at.line, at.column) && own.value != merged.value {
            let message = format!(
                "Kubernetes lets this `<<` override the key `{}` before it, other YAML readers do not; put `<<` first",
                excerpt(&own.key)
            );
            self.warn(message, at);
        }
    }
}

fn fault(message: impl Into<String>, mark: Mark, help: Option<&str>) -> Fault {
    Fault { message: message.into(), line: mark.line, column: mark.column, help: help.map(String::from), limit: false }
}

fn limit(message: impl Into<String>, mark: Mark) -> Fault {
    Fault { limit: true, ..fault(message, mark, Some("no object of Kubernetes comes near; see what made the file")) }
}

fn too_deep(mark: Mark) -> Fault {
    limit(format!("values are nested more than {MAX_DEPTH} deep"), mark)
}

fn complex_key(mark: Mark) -> Fault {
    let help = "a key is text; if this is a template's `{{ }}`, quote it or render it first";
    fault("a list or a map cannot be a key", mark, Some(help))
}

fn duplicate(old: &Entry, mark: Mark) -> Fault {
    let message = format!(
        "the key `{}` is written twice, first at line {} column {}",
        excerpt(&old.key),
        old.mark.line,
        old.mark.column
    );
    fault(message, mark, Some("remove one of the two, or rename it"))
}

fn key_text(node: Node) -> Result<Arc<str>, Fault> {
    let value = match node.data {
        Data::String(text) => return Ok(text),
        Data::Bool(value) => Scalar::Bool(value),
        Data::Int(value) => Scalar::Int(value),
        Data::Float(value) => Scalar::Float(value),
        Data::Null => {
            let help = "name the key, or quote it if it is meant to be that word";
            return Err(fault("a key is null or missing", node.mark, Some(help)));
        }
        Data::Seq(_) | Data::Map(_) => return Err(complex_key(node.mark)),
    };
    Ok(scalar::key(value).unwrap_or_default().into())
}

/// The name of a tag of the YAML core, `str` for `!!str`.
fn core(tag: &Tag) -> Option<&str> {
    if tag.is_yaml_core_schema() {
        return Some(&tag.suffix);
    }
    // The verbatim form `!<tag:yaml.org,2002:str>` arrives undivided.
    if tag.handle.is_empty() { tag.suffix.strip_prefix("tag:yaml.org,2002:") } else { None }
}

fn excerpt(key: &str) -> Cow<'_, str> {
    match key.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &key[..end]).into(),
        None => key.into(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
