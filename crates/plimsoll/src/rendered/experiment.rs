//! Changing a value, and seeing which lines of a text that changes.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::render::KeyPath;
use crate::yaml::{Data, Entry, Map, Mark, Node};

/// Texts that differ in more lines than this, multiplied, are not compared.
const MAX_COMPARED: usize = 1 << 20;

/// What became of the lines of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Lines of the text before that are not in the one after, 1-based.
    changed: HashSet<u32>,
    /// Lines that are new: after how many lines of the text before, and what they say.
    added: Vec<(u32, String)>,
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
    /// Compares two texts line by line, by their longest common subsequence.
    pub(super) fn of(before: &[&str], after: &[&str]) -> Self {
        let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let room = before.len().min(after.len()) - head;
        let tail = before.iter().rev().zip(after.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
        let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
        if old.len().saturating_mul(new.len()) > MAX_COMPARED {
            return Self::default();
        }
        let mut found = Self { same_shape: before.len() == after.len(), ..Self::default() };
        let number = |at: usize| u32::try_from(head + at).unwrap_or(u32::MAX);
        let lengths = common(old, new);
        let (mut a, mut b) = (0, 0);
        while a < old.len() || b < new.len() {
            if a < old.len() && b < new.len() && old[a] == new[b] {
                (a, b) = (a + 1, b + 1);
            } else if b < new.len() && (a == old.len() || lengths[a][b + 1] >= lengths[a + 1][b]) {
                found.added.push((number(a), new[b].to_owned()));
                b += 1;
            } else {
                found.changed.insert(number(a) + 1);
                a += 1;
            }
        }
        found
    }

    /// What it does to these lines, if anything.
    pub(super) fn effect(&self, lines: &RangeInclusive<u32>) -> Option<Effect> {
        let changes = self.changed.iter().any(|line| lines.contains(line));
        changes.then_some(if self.same_shape { Effect::Content } else { Effect::Presence })
    }

    /// Whether a member of that name was added to a mapping that begins at a line, or was written there.
    pub(super) fn adds_member(&self, name: &str, from: u32) -> bool {
        self.added.iter().any(|(after, line)| {
            let text = line.trim_start().trim_start_matches("- ").trim_start();
            let is_member = text.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
            let in_flow = self.changed.contains(&from) && line.contains(&format!("{name}: "));
            *after + 1 >= from && (is_member || in_flow)
        })
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
        let found = Difference::of(&before, &["a: 1", "x: 0", "b: 2", "c: 4"]);
        assert_eq!(found.effect(&(3..=3)), Some(Effect::Presence));
        assert_eq!(found.effect(&(1..=2)), None);
        assert_eq!(Difference::of(&before, &["a: 1", "b: 3", "c: 3"]).effect(&(2..=2)), Some(Effect::Content));
        assert_eq!(found.added, [(1, "x: 0".to_owned()), (2, "c: 4".to_owned())]);
        assert!(found.adds_member("x", 1) && !found.adds_member("x", 3) && !found.adds_member("y", 1));
        assert_eq!(Difference::of(&before, &before).effect(&(1..=3)), None);
        assert_eq!(Difference::of(&before, &["a: 1", "c: 3"]).effect(&(2..=2)), Some(Effect::Presence));
        assert_eq!(Difference::of(&before, &[]).effect(&(2..=2)), Some(Effect::Presence));
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
