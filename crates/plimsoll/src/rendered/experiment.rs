//! Changing a value, and seeing which lines of a text that changes.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::manifest::Resource;
use crate::render::KeyPath;
use crate::yaml::{self, Data, Entry, Map, Mark, Node};

/// Texts that differ in more lines than this, multiplied, are not compared.
const MAX_COMPARED: usize = 1 << 20;

/// What became of the lines of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Lines of the text before that are not in the one after, 1-based.
    changed: HashSet<u32>,
    /// There are as many lines as before: what changed is what they say.
    same_shape: bool,
}

/// What a change does to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Whether it is there.
    Presence,
    /// What it says.
    Content,
}

impl Difference {
    /// Compares two texts line by line, by their longest common subsequence; beside the result its cost.
    pub(super) fn of(before: &[&str], after: &[&str]) -> (Self, u64) {
        let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let room = before.len().min(after.len()) - head;
        let tail = before.iter().rev().zip(after.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
        let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
        if old.len().saturating_mul(new.len()) > MAX_COMPARED {
            return (Self::default(), 0);
        }
        let cells = (old.len() as u64 + 1) * (new.len() as u64 + 1);
        let mut found = Self { same_shape: before.len() == after.len(), ..Self::default() };
        let number = |at: usize| u32::try_from(head + at).unwrap_or(u32::MAX);
        let lengths = common(old, new);
        let (mut a, mut b) = (0, 0);
        while a < old.len() || b < new.len() {
            if a < old.len() && b < new.len() && old[a] == new[b] {
                (a, b) = (a + 1, b + 1);
            } else if b < new.len() && (a == old.len() || lengths[a][b + 1] >= lengths[a + 1][b]) {
                b += 1;
            } else {
                found.changed.insert(number(a) + 1);
                a += 1;
            }
        }
        (found, cells)
    }

    /// What it does to these lines, if anything.
    pub(super) fn effect(&self, lines: &RangeInclusive<u32>) -> Option<Effect> {
        let changes = self.changed.iter().any(|line| lines.contains(line));
        changes.then_some(if self.same_shape { Effect::Content } else { Effect::Presence })
    }
}

/// The lengths of the longest common subsequences of all ends.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            lengths[a][b] =
                if old[a] == new[b] { lengths[a + 1][b + 1] + 1 } else { lengths[a + 1][b].max(lengths[a][b + 1]) };
        }
    }
    lengths
}

/// Whether a value turns nothing on: absent, null, false, zero or empty.
pub(super) fn is_off(node: Option<&Node>) -> bool {
    match node.map(|node| &node.data) {
        None | Some(Data::Null | Data::Bool(false) | Data::Int(0)) => true,
        Some(Data::String(text)) => text.is_empty(),
        Some(Data::Seq(items)) => items.is_empty(),
        Some(Data::Map(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// Whether it is a container with something in it.
pub(super) fn is_filled(node: Option<&Node>) -> bool {
    !is_off(node) && matches!(node.map(|node| &node.data), Some(Data::Seq(_) | Data::Map(_)))
}

/// The values to try instead of one, each unlike it in another way.
pub(super) fn variants(node: Option<&Node>) -> Vec<Data> {
    let text = |text: &str| Data::String(text.into());
    let item = || Node::from(text("z"));
    let map = || Data::Map(Map::from_iter([Entry { key: "z".into(), mark: Mark::default(), value: item() }]));
    let Some(node) = node else {
        return vec![text("z"), Data::Bool(true), Data::Int(1), map(), Data::Seq(vec![item()])];
    };
    match &node.data {
        Data::Null => vec![text("z"), Data::Bool(true), Data::Int(1), map(), Data::Seq(vec![item()])],
        Data::Bool(value) => vec![Data::Bool(!value)],
        Data::Int(value) => {
            vec![Data::Int(value.saturating_add(1)), Data::Int(value.saturating_mul(2).saturating_add(1)), Data::Int(0)]
        }
        Data::Float(value) => vec![Data::Float(value + 0.5), Data::Float(0.0)],
        Data::String(value) if value.is_empty() => vec![text("z"), text("1")],
        // The same length and characters of the same sort, as far as possible: templates check such things.
        Data::String(value) => vec![
            Data::String(altered(value, true).into()),
            Data::String(altered(value, false).into()),
            Data::String(format!("{value}0").into()),
            text(""),
        ],
        Data::Seq(items) if items.is_empty() => vec![Data::Seq(vec![item()])],
        Data::Map(entries) if entries.is_empty() => vec![map()],
        Data::Seq(_) => vec![Data::Seq(Vec::new()), Data::Null],
        Data::Map(_) => vec![Data::Map(Map::new()), Data::Null],
    }
}

/// The text with its last or first letter or digit replaced by the next one.
fn altered(text: &str, last: bool) -> String {
    let is_plain = |(_, c): &(usize, char)| c.is_ascii_alphanumeric();
    let found = if last { text.char_indices().rev().find(is_plain) } else { text.char_indices().find(is_plain) };
    let Some((at, c)) = found else { return format!("{text}z") };
    let next = match c {
        '9' => '1',
        'z' => 'a',
        'Z' => 'A',
        // Digests and other hexadecimal numbers stay such numbers.
        'f' => 'e',
        c => char::from_u32(u32::from(c) + 1).unwrap_or('z'),
    };
    format!("{}{next}{}", &text[..at], &text[at + c.len_utf8()..])
}

/// The paths of the scalars and empty containers below a value, itself if it is one or is not there.
pub(super) fn leaves(node: Option<&Node>, path: KeyPath, most: usize, found: &mut Vec<KeyPath>) {
    let below = |key: Arc<str>| path.iter().cloned().chain([key]).collect::<KeyPath>();
    if found.len() >= most {
        return;
    }
    match node.map(|node| &node.data) {
        Some(Data::Map(map)) if !map.is_empty() => {
            for entry in map {
                leaves(Some(&entry.value), below(entry.key.clone()), most, found);
            }
        }
        Some(Data::Seq(items)) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                leaves(Some(item), below(at.to_string().into()), most, found);
            }
        }
        _ => found.push(path),
    }
}

/// The paths of the containers at and below a value that hold something, the innermost first.
pub(super) fn containers(node: Option<&Node>, path: KeyPath, most: usize, found: &mut Vec<KeyPath>) {
    let mut maps_and_lists = Vec::new();
    let mut todo = vec![(node, path)];
    while let Some((node, path)) = todo.pop().filter(|_| maps_and_lists.len() < most) {
        let below = |key: Arc<str>| path.iter().cloned().chain([key]).collect::<KeyPath>();
        match node.map(|node| &node.data) {
            Some(Data::Map(map)) => {
                todo.extend(map.iter().map(|entry| (Some(&entry.value), below(entry.key.clone()))));
            }
            Some(Data::Seq(items)) => {
                todo.extend(items.iter().enumerate().map(|(at, item)| (Some(item), below(at.to_string().into()))));
            }
            _ => continue,
        }
        if is_filled(node) {
            maps_and_lists.push(path);
        }
    }
    maps_and_lists.sort_by_key(|path| std::cmp::Reverse(path.len()));
    found.extend(maps_and_lists);
}

/// How many values there are at and below one.
pub(super) fn size(node: &Node) -> u64 {
    match &node.data {
        Data::Map(map) => 1 + map.iter().map(|entry| size(&entry.value)).sum::<u64>(),
        Data::Seq(items) => 1 + items.iter().map(size).sum::<u64>(),
        _ => 1,
    }
}

/// The paths of the mappings at and below a value, and of what is not there.
pub(super) fn maps(node: Option<&Node>, path: KeyPath, most: usize, found: &mut Vec<KeyPath>) {
    let below = |key: Arc<str>| path.iter().cloned().chain([key]).collect::<KeyPath>();
    if found.len() >= most {
        return;
    }
    match node.map(|node| &node.data) {
        Some(Data::Map(map)) => {
            for entry in map {
                maps(Some(&entry.value), below(entry.key.clone()), most, found);
            }
        }
        Some(Data::Seq(items)) => {
            for (at, item) in items.iter().enumerate() {
                maps(Some(item), below(at.to_string().into()), most, found);
            }
            return;
        }
        Some(Data::Null) | None => {}
        Some(_) => return,
    }
    found.push(path);
}

/// The tokens at the end of a pointer that lead to nothing.
pub(super) fn missing(node: &Node, pointer: &str) -> Vec<String> {
    let mut node = Some(node);
    let mut missing = Vec::new();
    for token in pointer.split('/').skip(1) {
        node = node.filter(|_| missing.is_empty()).and_then(|node| node.pointer(&format!("/{token}")));
        if node.is_none() {
            missing.push(token.replace("~1", "/").replace("~0", "~"));
        }
    }
    missing
}

/// Something in a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) resource: &'a Resource,
    pub(super) pointer: &'a str,
}

impl Target<'_> {
    /// The same in another text; `None` where it is not there.
    pub(super) fn find(&self, text: &str) -> Option<Node> {
        yaml::split(text).into_iter().filter_map(|slice| slice.parse(0).ok()).find_map(|document| {
            let node = &document.node;
            let items = node.get("items").map(Node::items).unwrap_or_default();
            let found = std::iter::once(node).chain(items).find(|node| self.is_it(node))?;
            found.pointer(self.pointer).cloned()
        })
    }

    fn is_it(&self, node: &Node) -> bool {
        let id = &self.resource.id;
        node.str_at(&["kind"]) == Some(&*id.kind) && node.str_at(&["metadata", "name"]) == Some(&*id.name)
    }

    /// Whether another text says the same there.
    pub(super) fn is_same(&self, text: &str) -> bool {
        let before = self.resource.node().pointer(self.pointer).map(|node| &node.data);
        self.find(text).as_ref().map(|node| &node.data) == before
    }
}

/// Whether the text of a scalar stands in some text.
pub(super) fn is_shown(node: &Node, text: &str) -> bool {
    match &node.data {
        Data::String(value) => !value.is_empty() && text.contains(&**value),
        Data::Int(value) => text.contains(&value.to_string()),
        Data::Bool(value) => text.contains(if *value { "true" } else { "false" }),
        Data::Float(value) => text.contains(&value.to_string()),
        Data::Null | Data::Seq(_) | Data::Map(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_moved_are_not_changed() {
        let before = ["a: 1", "b: 2", "c: 3"];
        let of = |after: &[&str]| Difference::of(&before, after).0;
        let found = of(&["a: 1", "x: 0", "b: 2", "c: 4"]);
        assert_eq!(found.effect(&(3..=3)), Some(Effect::Presence));
        assert_eq!(found.effect(&(1..=2)), None);
        assert_eq!(of(&["a: 1", "b: 3", "c: 3"]).effect(&(2..=2)), Some(Effect::Content));
        assert_eq!(of(&before).effect(&(1..=3)), None);
        assert_eq!(of(&["a: 1", "c: 3"]).effect(&(2..=2)), Some(Effect::Presence));
        assert_eq!(of(&[]).effect(&(2..=2)), Some(Effect::Presence));
    }

    #[test]
    fn every_variant_is_another_value() {
        for node in ["sha256:0f", "100m", "z", "9", "-", ""] {
            let node = Node::from(Data::String(node.into()));
            assert!(variants(Some(&node)).iter().all(|data| *data != node.data), "{node:?}");
        }
        assert_eq!(altered("sha256:0f", true), "sha256:0e");
        assert_eq!(altered("10.0", false), "20.0");
        assert_eq!(altered("é-é", true), "é-éz");
    }

    #[test]
    fn leaves_are_bounded() {
        let node = Node::from_json(&serde_json::json!({"a": {"b": 1, "c": []}, "d": [1, {"e": null}]}));
        let mut found = Vec::new();
        leaves(Some(&node), Vec::new(), 10, &mut found);
        let names: Vec<String> = found.iter().map(|key| key.join(".")).collect();
        assert_eq!(names, ["a.b", "a.c", "d.0", "d.1.e"]);
        found.clear();
        leaves(Some(&node), Vec::new(), 2, &mut found);
        assert_eq!(found.len(), 2);
    }
}
