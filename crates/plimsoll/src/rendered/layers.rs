//! The values files of a plan, each read once however many releases it serves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use crate::Result;
use crate::files::Files;
use crate::values::{self, Layer};
use crate::workspace::{LayerSource, Part, Pick, Plan};
use crate::yaml::{Data, Entry, Map, Node};

/// Values by their source.
pub(super) struct Layers {
    files: BTreeMap<Arc<str>, Result<Node>>,
    /// Those that are not a whole file.
    parts: HashMap<Arc<LayerSource>, Node>,
}

impl Layers {
    /// Reads every values file of a plan, in parallel.
    pub(super) fn read(files: &Files, plan: &Plan) -> Self {
        let releases = plan.environments.iter().flat_map(|environment| &environment.releases);
        let sources: Vec<&Arc<LayerSource>> = releases.flat_map(|release| &release.layers).collect();
        let names: BTreeSet<&Arc<str>> = sources.iter().map(|source| &source.file).collect();
        let names: Vec<&Arc<str>> = names.into_iter().collect();
        let files: BTreeMap<Arc<str>, Result<Node>> =
            names.into_par_iter().map(|name| (name.clone(), values::load(files, name))).collect();
        let mut parts = HashMap::new();
        for source in sources {
            if source.part == Part::Whole || parts.contains_key(source) {
                continue;
            }
            if let Some(Ok(whole)) = files.get(&source.file) {
                parts.insert(source.clone(), part(whole, &source.part).into_owned());
            }
        }
        Self { files, parts }
    }

    /// Why a source could not be read.
    pub(super) fn error(&self, source: &LayerSource) -> Option<&crate::Error> {
        self.files.get(&source.file)?.as_ref().err()
    }

    /// The values of a source; `None` where they could not be read.
    pub(super) fn layer(&self, source: &Arc<LayerSource>) -> Option<(Layer, &Node)> {
        let node = match source.part {
            Part::Whole => self.files.get(&source.file)?.as_ref().ok()?,
            _ => self.parts.get(source)?,
        };
        Some((Layer::file(source.kind, source.file.clone()), node))
    }
}

fn part<'a>(whole: &'a Node, part: &Part) -> Cow<'a, Node> {
    match part {
        Part::Whole => Cow::Borrowed(whole),
        Part::Subtree(pointer) => whole.pointer(pointer).map_or_else(|| Cow::Owned(Node::default()), Cow::Borrowed),
        Part::Pick(picks) => Cow::Owned(picked(whole, picks)),
    }
}

/// Some keys of a file, each under its new path; they keep the place they were written at.
fn picked(whole: &Node, picks: &[Pick]) -> Node {
    let mut root = Map::new();
    for pick in picks {
        let from: Vec<&str> = pick.from.iter().map(String::as_str).collect();
        if let Some(value) = whole.at(&from) {
            place(&mut root, &pick.to, value);
        }
    }
    Node { data: Data::Map(root), mark: whole.mark }
}

fn place(map: &mut Map, path: &[String], value: &Node) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        map.insert(Entry { key: key.as_str().into(), mark: value.mark, value: value.clone() });
        return;
    }
    if !matches!(map.get(key).map(|node| &node.data), Some(Data::Map(_))) {
        let empty = Node { data: Data::Map(Map::new()), mark: value.mark };
        map.insert(Entry { key: key.as_str().into(), mark: value.mark, value: empty });
    }
    if let Some(Node { data: Data::Map(below), .. }) = map.get_mut(key) {
        place(below, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_keys_move_and_keep_their_place() {
        let whole = crate::yaml::parse("x: 1\nimage_tag: 2.0.1\n", 0).unwrap().node;
        let picks = [
            Pick { from: vec!["image_tag".into()], to: vec!["image".into(), "tag".into()] },
            Pick { from: vec!["nope".into()], to: vec!["nope".into()] },
        ];
        let node = picked(&whole, &picks);
        assert_eq!(node.to_json(), serde_json::json!({"image": {"tag": "2.0.1"}}));
        assert_eq!(node.at(&["image", "tag"]).unwrap().mark.line, 2);
    }
}
