//! What a traced rendering read: which values keys stand behind each mark in its text.
//!
//! Marks belong to frames: an emission, a branch or turn of a loop, a variable that was set, a template that
//! was included. A frame has the keys that were read for it and a parent. Too much is noted rather than too
//! little; which of the keys really made a line is found out by changing them (`rendered/provenance.rs`).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The path of a key from the root of a release's values; items of lists by their index.
pub type KeyPath = Vec<Arc<str>>;

/// A mark in the text, as often as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) point: u32,
    pub(super) frame: u32,
}

/// Something that reads values and writes text.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) parent: Option<u32>,
    /// What was read, as positions in [`Trail::reads`].
    pub(super) reads: Range<usize>,
    /// Frames of the variables it uses.
    pub(super) uses: Vec<u32>,
}

/// How far a search for keys goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// What was read for the text itself, and for the variables in it.
    Near,
    /// What was read for the blocks around it, too: conditions, loops, calls.
    Around,
}

/// The record of one traced rendering.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    pub(super) marks: Vec<Mark>,
    pub(super) frames: Vec<Frame>,
    pub(super) reads: Vec<KeyPath>,
}

/// The most frames, reads and keys that are looked at for one line.
const MAX_FRAMES: usize = 256;
const MAX_READS: usize = 8_192;
const MAX_KEYS: usize = 512;

impl Trail {
    /// The keys behind some frames, the nearest first; containers that were only passed through are left out.
    pub(super) fn keys(&self, frames: impl IntoIterator<Item = u32>, reach: Reach) -> Vec<&KeyPath> {
        let mut found = Vec::new();
        let mut known = HashSet::new();
        let mut seen = HashSet::new();
        let mut todo: Vec<u32> = frames.into_iter().collect();
        let (mut at, mut looked) = (0, 0);
        while at < todo.len() && at < MAX_FRAMES {
            let id = todo[at];
            at += 1;
            if !seen.insert(id) {
                continue;
            }
            let Some(frame) = self.frames.get(id as usize) else { continue };
            for key in self.reads.get(frame.reads.clone()).unwrap_or_default() {
                looked += 1;
                if looked > MAX_READS {
                    break;
                }
                if !key.is_empty() && found.len() < MAX_KEYS && known.insert(key) {
                    found.push(key);
                }
            }
            todo.extend(&frame.uses);
            todo.extend(frame.parent.filter(|_| reach == Reach::Around));
        }
        let passed: HashSet<&[Arc<str>]> =
            found.iter().flat_map(|key| (1..key.len()).map(|length| &key[..length])).collect();
        found.retain(|key| !passed.contains(&key[..]));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> KeyPath {
        text.split('.').map(Arc::from).collect()
    }

    #[test]
    fn the_nearest_come_first_and_what_was_passed_through_is_left_out() {
        let trail = Trail {
            marks: Vec::new(),
            frames: vec![
                Frame { parent: None, reads: 0..1, uses: Vec::new() },
                Frame { parent: None, reads: 1..2, uses: Vec::new() },
                Frame { parent: Some(0), reads: 2..4, uses: vec![1] },
            ],
            reads: vec![key("on"), key("service"), key("service.image"), key("service.image.tag")],
        };
        let keys: Vec<String> = trail.keys([2], Reach::Around).into_iter().map(|key| key.join(".")).collect();
        assert_eq!(keys, ["service.image.tag", "on"]);
        let near: Vec<String> = trail.keys([2], Reach::Near).into_iter().map(|key| key.join(".")).collect();
        assert_eq!(near, ["service.image.tag"]);
    }

    #[test]
    fn frames_that_use_each_other_end() {
        let frame = |parent, uses| Frame { parent, reads: 0..1, uses };
        let trail = Trail {
            marks: Vec::new(),
            frames: vec![frame(Some(1), vec![1, 0]), frame(Some(0), vec![0, 7])],
            reads: vec![key("a")],
        };
        assert_eq!(trail.keys([0, 1], Reach::Around).len(), 1);
    }
}
