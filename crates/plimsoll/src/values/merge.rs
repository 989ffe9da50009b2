//! Helm's merge of two trees: maps merge, lists and scalars replace.
//!
//! [`merge_maps`] lays one layer on another; [`Overlay`] lays a user's values on a chart's defaults,
//! where null means "without it". Both visit each value of the upper tree once, and copy of the lower
//! one what survives.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Layer, location};
use crate::Note;
use crate::yaml::{Data, Entry, Map, Mark, Node};

/// How layers merge, where that is not Helm's way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// Lists that merge by a key instead of replacing each other: path to key field.
    ///
    /// A path is keys joined by `.`, from the release's values; `*` stands for any one key, and for
    /// the items of a list: `containers` → `name`, `containers.*.env` → `name`. Items of both lists
    /// with the same key field merge as maps, and new ones are appended. A list in which one item is
    /// not a map or lacks the field replaces as a whole.
    pub list_keys: BTreeMap<String, String>,
}

impl MergeOptions {
    pub(super) fn keys(&self) -> ListKeys<'_> {
        ListKeys(self.list_keys.iter().map(|(path, field)| (Some(path.as_str()), field.as_str())).collect())
    }
}

/// The patterns that can still match below a place: what remains of each, and its key field.
#[derive(Debug, Clone, Default)]
pub(super) struct ListKeys<'a>(Vec<(Option<&'a str>, &'a str)>);

impl<'a> ListKeys<'a> {
    pub(super) fn below(&self, key: &str) -> Self {
        // An empty vector does not allocate: without patterns this costs nothing.
        let step = |(path, field): &(Option<&'a str>, &'a str)| {
            let path = (*path)?;
            let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            (first == "*" || first == key).then_some((rest, *field))
        };
        Self(self.0.iter().filter_map(step).collect())
    }

    fn field(&self) -> Option<&'a str> {
        self.0.iter().find(|(path, _)| path.is_none()).map(|(_, field)| *field)
    }
}

/// Gives every mark of a tree a source.
pub(super) fn stamp(node: &mut Node, source: u32) {
    visit(node, &mut |mark| mark.source = source);
}

fn visit(node: &mut Node, change: &mut impl FnMut(&mut Mark)) {
    change(&mut node.mark);
    match &mut node.data {
        Data::Map(map) => map.iter_mut().for_each(|(mark, value)| {
            change(mark);
            visit(value, change);
        }),
        Data::Seq(items) => items.iter_mut().for_each(|item| visit(item, change)),
        _ => {}
    }
}

fn stamped(entry: &Entry, source: Option<u32>) -> Entry {
    let mut entry = entry.clone();
    if let Some(source) = source {
        entry.mark.source = source;
        stamp(&mut entry.value, source);
    }
    entry
}

fn with_source(mark: Mark, source: Option<u32>) -> Mark {
    Mark { source: source.unwrap_or(mark.source), ..mark }
}

/// Lays `upper` on `lower`. A map of both is said to be where the upper one has it.
///
/// The marks of what is taken from `upper` get the source; without one they keep theirs.
pub(super) fn merge_maps(lower: &mut Map, upper: &Map, source: Option<u32>, keys: &ListKeys<'_>) {
    for entry in upper {
        let below = keys.below(&entry.key);
        if let Some((mark, slot)) = lower.parts_mut(&entry.key) {
            let merged = match (&mut slot.data, &entry.value.data) {
                (Data::Map(lower), Data::Map(upper)) => {
                    merge_maps(lower, upper, source, &below);
                    true
                }
                (Data::Seq(lower), Data::Seq(upper)) => below
                    .field()
                    .is_some_and(|field| merge_lists(lower, upper, source, field, &below_items(keys, entry))),
                _ => false,
            };
            if merged {
                if entry.mark.line > 0 {
                    *mark = with_source(entry.mark, source);
                    slot.mark = with_source(entry.value.mark, source);
                }
                continue;
            }
        }
        lower.insert(stamped(entry, source));
    }
}

fn below_items<'a>(keys: &ListKeys<'a>, entry: &Entry) -> ListKeys<'a> {
    keys.below(&entry.key).below("*")
}

/// Merges two lists by a key field; nothing happens and `false` if an item lacks it.
fn merge_lists(lower: &mut Vec<Node>, upper: &[Node], source: Option<u32>, field: &str, keys: &ListKeys<'_>) -> bool {
    let Some(mut places) = identities(lower, field) else { return false };
    if identities(upper, field).is_none() {
        return false;
    }
    for item in upper {
        let Some(identity) = identity(item, field) else { continue };
        let lower_item = places.get(&identity).and_then(|at| lower.get_mut(*at));
        if let (Some(Node { data: Data::Map(lower), mark }), Data::Map(upper)) = (lower_item, &item.data) {
            merge_maps(lower, upper, source, keys);
            *mark = with_source(item.mark, source);
            continue;
        }
        places.insert(identity, lower.len());
        let mut item = item.clone();
        if let Some(source) = source {
            stamp(&mut item, source);
        }
        lower.push(item);
    }
    true
}

/// Where each identity stands first; nothing if an item has none.
fn identities(items: &[Node], field: &str) -> Option<HashMap<String, usize>> {
    let mut places = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        places.entry(identity(item, field)?).or_insert(at);
    }
    Some(places)
}

fn identity(item: &Node, field: &str) -> Option<String> {
    match &item.get(field)?.data {
        Data::String(text) => Some(format!("\"{text}")),
        Data::Int(value) => Some(value.to_string()),
        Data::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Lays a user's values on a chart's defaults.
pub(super) struct Overlay<'a> {
    /// The source that the marks of the defaults get; they keep their own where there is none.
    pub(super) source: Option<u32>,
    pub(super) layers: &'a [Layer],
    pub(super) notes: &'a mut Vec<Note>,
}

/// What a null of the upper tree does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It removes the default, and itself.
    Delete,
    /// It stays: somebody further in will act on it.
    Keep,
}

impl Overlay<'_> {
    /// The defaults in their order with the upper values in them, then what only the upper map has.
    ///
    /// `nulls` says for each key at this level what nulls at and below it do.
    pub(super) fn maps(
        &mut self,
        mut upper: Map,
        lower: &Map,
        nulls: &dyn Fn(&str) -> Nulls,
        keys: &ListKeys<'_>,
        path: &str,
    ) -> Map {
        let mut result = Vec::with_capacity(lower.len().max(upper.len()));
        for default in lower {
            let key = &default.key;
            let Some((mark, slot)) = upper.parts_mut(key) else {
                result.push(stamped(default, self.source));
                continue;
            };
            let (mark, value) = (*mark, std::mem::take(slot));
            let mode = nulls(key);
            if value.is_null() {
                if mode == Nulls::Keep {
                    result.push(Entry { key: key.clone(), mark, value });
                }
                continue;
            }
            let mut mark = mark;
            let mut value = self.value(value, &default.value, mode, &keys.below(key), &join(path, key));
            if mark.line == 0 && matches!((&value.data, &default.value.data), (Data::Map(_), Data::Map(_))) {
                // A map that `--set` went through was written where the defaults have it.
                mark = with_source(default.mark, self.source);
                value.mark = with_source(default.value.mark, self.source);
            }
            result.push(Entry { key: key.clone(), mark, value });
        }
        for mut entry in upper {
            if lower.entry(&entry.key).is_some() {
                continue;
            }
            if nulls(&entry.key) == Nulls::Delete {
                if entry.value.is_null() {
                    continue;
                }
                strip(&mut entry.value);
            }
            result.push(entry);
        }
        result.into_iter().collect()
    }

    fn value(&mut self, upper: Node, default: &Node, nulls: Nulls, keys: &ListKeys<'_>, path: &str) -> Node {
        let mark = upper.mark;
        match (upper.data, &default.data) {
            (Data::Map(upper), Data::Map(lower)) => {
                let data = Data::Map(self.maps(upper, lower, &|_| nulls, keys, path));
                Node { data, mark }
            }
            (Data::Seq(upper), Data::Seq(lower)) => {
                let data = Data::Seq(self.lists(upper, lower, keys));
                Node { data, mark }
            }
            (data, other) => {
                let mut upper = Node { data, mark };
                let conflict = matches!(upper.data, Data::Map(_)) != matches!(other, Data::Map(_));
                if conflict && !default.is_null() {
                    let message = format!(
                        "`{path}` is {} here and {} in the chart's defaults, which are dropped",
                        article(&upper),
                        article(default)
                    );
                    self.notes.push(Note { message, location: location(self.layers, mark) });
                }
                if nulls == Nulls::Delete {
                    strip(&mut upper);
                }
                upper
            }
        }
    }

    fn lists(&self, upper: Vec<Node>, lower: &[Node], keys: &ListKeys<'_>) -> Vec<Node> {
        let Some(field) = keys.field() else { return upper };
        if identities(&upper, field).is_none() || identities(lower, field).is_none() {
            return upper;
        }
        // As a user's list has no nulls to act on here, the items merge as layers do.
        let mut merged = lower.to_vec();
        if let Some(source) = self.source {
            for item in &mut merged {
                stamp(item, source);
            }
        }
        merge_lists(&mut merged, &upper, None, field, &keys.below("*"));
        merged
    }
}

/// Removes nulls from maps, not from lists: an item that is null counts.
fn strip(node: &mut Node) {
    let Data::Map(map) = &mut node.data else { return };
    let nulls: Vec<Arc<str>> =
        map.iter().filter(|entry| entry.value.is_null()).map(|entry| entry.key.clone()).collect();
    if !nulls.is_empty() {
        *map = std::mem::take(map).into_iter().filter(|entry| !entry.value.is_null()).collect();
    }
    map.iter_mut().for_each(|(_, value)| strip(value));
}

/// The type of a value as a sentence has it.
pub(super) fn article(node: &Node) -> &'static str {
    match node.data {
        Data::Null => "null",
        Data::Bool(_) => "a boolean",
        Data::Int(_) => "an integer",
        Data::Float(_) => "a number",
        Data::String(_) => "a string",
        Data::Seq(_) => "a list",
        Data::Map(_) => "a map",
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
