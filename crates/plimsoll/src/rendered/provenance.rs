//! Which values keys made a line of rendered text: found by changing them.
//!
//! A traced rendering says which keys were read where a line came from; that is too much (a key that was
//! compared, the other half of a `default`) or too coarse (a map that was printed whole). So each of those
//! keys is changed, the one template rendered again, and a key counts where the line is another then. What
//! this cannot show is not claimed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Installation;
use super::experiment::{self, Difference, Effect};
use crate::finding::ValueOrigin;
use crate::render::{self, Context, KeyPath, SourceMap};
use crate::values::{Change, Values};
use crate::yaml::{Data, Node};

/// How many keys are tried for one line, and how many leaves of one container.
const MAX_TRIED: usize = 32;
const MAX_LEAVES: usize = 64;

/// One manifest with what changing values does to it.
pub(super) struct Provenance<'a> {
    installation: &'a Installation,
    manifest: &'a render::Manifest,
    lines: Vec<&'a str>,
    /// What each change did; `None` where the template does not render then.
    tried: HashMap<(KeyPath, usize), Option<Arc<Difference>>>,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(installation: &'a Installation, manifest: &'a render::Manifest) -> Self {
        Self { installation, manifest, lines: manifest.text.split('\n').collect(), tried: HashMap::new() }
    }

    fn values(&self) -> &'a Values {
        &self.installation.values
    }

    /// The keys that made some lines: what they say, or where no key does that, that they are there.
    pub(super) fn of_lines(&mut self, map: &SourceMap, lines: &RangeInclusive<u32>) -> Vec<ValueOrigin> {
        let read: Vec<KeyPath> = map.keys(lines.clone()).into_iter().cloned().collect();
        let text = self.text(lines);
        let mut found: Vec<(KeyPath, Effect)> = Vec::new();
        for key in self.likeliest(&read, &text) {
            if let Some(effect) = self.effect(&key, lines, &text) {
                found.push((key, effect));
            }
        }
        // A container that decides as a whole (`if values.list`), where nothing in it does.
        for key in &read {
            if experiment::is_filled(self.node(key))
                && !found.iter().any(|(leaf, _)| leaf.starts_with(key))
                && let Some(effect) = self.effect(key, lines, &text)
            {
                found.push((key.clone(), effect));
            }
        }
        let strongest = found.iter().map(|(_, effect)| *effect).max();
        found.retain(|(_, effect)| Some(*effect) == strongest);
        let is_set = |(key, _): &&(KeyPath, Effect)| self.node(key).is_some();
        let any_set = found.iter().any(|found| is_set(&found));
        let keys = found.iter().filter(|found| !any_set || is_set(found)).map(|(key, _)| key.clone());
        self.origins(keys.collect())
    }

    /// The keys that would have made a member that is missing from what begins at a line.
    pub(super) fn of_missing(&mut self, map: &SourceMap, parent: u32, missing: &[&str]) -> Vec<ValueOrigin> {
        let Some(member) = missing.first() else { return Vec::new() };
        let lines = parent..=parent;
        let mut candidates: Vec<KeyPath> = Vec::new();
        for key in map.keys(parent..=parent.saturating_add(1)) {
            if matches!(self.node(key).map(|node| &node.data), Some(Data::Map(_)) | None) {
                candidates.push(key.iter().cloned().chain(missing.iter().map(|token| Arc::from(*token))).collect());
            }
        }
        let mut others: Vec<&KeyPath> =
            map.all_keys().into_iter().filter(|key| experiment::is_off(self.node(key))).collect();
        others.sort_by_key(|key| !key.iter().any(|part| part.eq_ignore_ascii_case(member)));
        candidates.extend(others.into_iter().cloned());
        let mut seen = HashSet::new();
        candidates.retain(|key| seen.insert(key.clone()));
        for key in candidates.into_iter().take(MAX_TRIED) {
            for number in 0..experiment::variants(self.node(&key)).len() {
                let adds = |found: &Arc<Difference>| found.adds_member(member, *lines.start());
                if self.difference(&key, number).is_some_and(|found| adds(&found)) {
                    return self.origins(vec![key]);
                }
            }
        }
        Vec::new()
    }

    fn node(&self, key: &[Arc<str>]) -> Option<&'a Node> {
        key.iter().try_fold(self.values().root(), |node, part| match &node.data {
            Data::Seq(items) => items.get(part.parse::<usize>().ok()?),
            _ => node.get(part),
        })
    }

    fn text(&self, lines: &RangeInclusive<u32>) -> String {
        let lines = lines.clone().filter_map(|line| self.lines.get((line as usize).checked_sub(1)?).copied());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The keys to try, containers taken apart, those first whose value is in the text.
    fn likeliest(&self, read: &[KeyPath], text: &str) -> Vec<KeyPath> {
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        for key in read {
            let mut leaves = Vec::new();
            experiment::leaves(self.node(key), key.clone(), MAX_LEAVES, &mut leaves);
            keys.extend(leaves.into_iter().filter(|leaf| seen.insert(leaf.clone())));
        }
        let shown = |key: &KeyPath| {
            self.node(key).is_some_and(|node| experiment::is_shown(node, text))
                || key.last().is_some_and(|name| text.contains(&**name))
        };
        keys.sort_by_cached_key(|key| !shown(key));
        keys.truncate(MAX_TRIED);
        keys
    }

    /// What some change of a key does to the lines.
    fn effect(&mut self, key: &KeyPath, lines: &RangeInclusive<u32>, text: &str) -> Option<Effect> {
        let variants = experiment::variants(self.node(key)).len();
        // A key may itself be printed, by a loop over its map.
        let renamed = usize::from(key.last().is_some_and(|name| text.contains(&**name)));
        let mut strongest = None;
        for number in 0..variants + renamed {
            strongest = strongest.max(self.difference(key, number).and_then(|found| found.effect(lines)));
            if strongest == Some(Effect::Content) {
                break;
            }
        }
        strongest
    }

    /// What a change does: one of the variants of the value, or after them another name.
    fn difference(&mut self, key: &KeyPath, number: usize) -> Option<Arc<Difference>> {
        if let Some(known) = self.tried.get(&(key.clone(), number)) {
            return known.clone();
        }
        let change = match experiment::variants(self.node(key)).into_iter().nth(number) {
            Some(data) => Some(Change::Set(data)),
            None => key.last().map(|name| Change::Rename(format!("{name}z").into())),
        };
        let found = change.and_then(|change| self.experiment(key, &change)).map(Arc::new);
        self.tried.insert((key.clone(), number), found.clone());
        found
    }

    fn experiment(&self, key: &[Arc<str>], change: &Change) -> Option<Difference> {
        let values = self.values().with(key, change)?;
        let context = Context { values: &values, ..self.installation.context() };
        let text = self.installation.program.again(&context, self.manifest)?;
        Some(Difference::of(&self.lines, &text.split('\n').collect::<Vec<_>>()))
    }

    /// Who set the keys; for one that nobody did, where its nearest parent stands.
    fn origins(&self, keys: Vec<KeyPath>) -> Vec<ValueOrigin> {
        let keys: BTreeSet<KeyPath> = keys.into_iter().map(|key| self.shared(key)).collect();
        keys.iter().map(|key| self.origin(key)).collect()
    }

    /// A key of a subchart's `global` is the release's own.
    fn shared(&self, key: KeyPath) -> KeyPath {
        let global = key.iter().position(|part| &**part == "global").filter(|at| *at > 0);
        let Some(own) = global.and_then(|at| key.get(at..)) else { return key };
        let marks = |key: &[Arc<str>]| self.node(key).map(|node| node.mark);
        if marks(own).is_some() && marks(own) == marks(&key) { own.to_vec() } else { key }
    }

    fn origin(&self, key: &KeyPath) -> ValueOrigin {
        let parts: Vec<&str> = key.iter().map(|part| &**part).collect();
        let found = self.values().origin(&parts);
        let is_set = found.is_some();
        let nearest = || (1..parts.len()).rev().find_map(|length| self.values().origin(&parts[..length]));
        let origin = found.or_else(nearest);
        ValueOrigin {
            key: parts.join("."),
            line: origin.as_ref().map(|origin| origin.line).filter(|line| *line > 0),
            layer: match &origin {
                Some(origin) if is_set => origin.layer.name().to_owned(),
                _ => ValueOrigin::UNSET.to_owned(),
            },
            file: origin.and_then(|origin| origin.file),
        }
    }
}
