//! Sources of values: as patterns in `plimsoll.yaml`, and as the files they lead to.
//!
//! Which files, in which order, is decided here and in [`plan`](super::plan); reading and merging them is
//! `values`' business.

use std::sync::Arc;

use super::decode::{Decoder, dotted};
use super::pattern::Pattern;
use crate::values::LayerKind;
use crate::yaml::{Mark, Node};

/// One entry of a list of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuesEntry {
    /// A file.
    Path(Pattern),
    /// Some keys of a file, each put somewhere else.
    Pick {
        /// The file.
        file: Pattern,
        /// What goes where.
        pick: Arc<[Pick]>,
    },
    /// A member of the item that a release was made from.
    Item {
        /// The keys that lead to it.
        path: Vec<String>,
        /// Where it was written.
        mark: Mark,
    },
}

/// One key of a file and where its value goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pick {
    /// The keys that lead to it in the file.
    pub from: Vec<String>,
    /// The keys it gets in the values.
    pub to: Vec<String>,
}

/// One source of values. Equal sources of whole or picked files are one allocation within a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayerSource {
    /// Which layer it belongs to.
    pub kind: LayerKind,
    /// The file.
    pub file: Arc<str>,
    /// What of the file.
    pub part: Part,
}

/// What of a values file makes the layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it.
    Whole,
    /// Some keys, moved. A key the file does not have leaves nothing.
    Pick(Arc<[Pick]>),
    /// What a JSON pointer names.
    Subtree(Arc<str>),
}

pub(super) fn read_entries(d: &mut Decoder<'_>, node: Option<&Node>) -> Vec<ValuesEntry> {
    // One path is a list of one, as everywhere in Kubernetes' own tools.
    match node {
        Some(node) if node.as_str().is_some() => read_entry(d, node).into_iter().collect(),
        node => d.list(node, "`values`", read_entry),
    }
}

fn read_entry(d: &mut Decoder<'_>, node: &Node) -> Option<ValuesEntry> {
    if node.as_str().is_some() {
        return Some(ValuesEntry::Path(Pattern::of_path(&d.text(node, "a path")?)));
    }
    let mut fields = d.fields(node, "an entry of `values`")?;
    let mark = fields.mark;
    let item = fields.get("item").and_then(|node| d.text(node, "`item`"));
    let file = fields.get("file").and_then(|node| d.text(node, "`file`"));
    let has_pick = fields.get("pick");
    let mut pick = Vec::new();
    for entry in d.entries(has_pick, "`pick`") {
        if let Some(to) = d.text(&entry.value, "where a key goes") {
            pick.push(Pick { from: dotted(&entry.key), to: dotted(&to) });
        }
    }
    d.finish(fields);
    match (item, file) {
        (Some(item), None) if has_pick.is_none() => Some(ValuesEntry::Item { path: dotted(&item), mark }),
        (None, Some(file)) if has_pick.is_none() => Some(ValuesEntry::Path(Pattern::of_path(&file))),
        (None, Some(file)) => Some(ValuesEntry::Pick { file: Pattern::of_path(&file), pick: pick.into() }),
        _ => {
            let help = "write a path, `{file: PATH, pick: {KEY: PATH.IN.VALUES}}`, or `{item: MEMBER}`";
            d.fail(mark, "an entry of `values` is either a file or a member of the item", help);
            None
        }
    }
}
