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
use super::experiment::{self, Difference, Effect, Target};
use crate::finding::ValueOrigin;
use crate::render::{self, Context, KeyPath, Reach, SourceMap};
use crate::values::{Change, Values};
use crate::yaml::{Data, Node};

/// How many keys are tried for one line, and how many leaves of one container.
const MAX_TRIED: usize = 24;
const MAX_LEAVES: usize = 64;

/// How much work one manifest is worth: steps of templates, bytes of text, cells of comparisons, values that are
/// copied. A usual template is rendered some thousand times for that, one at its limits some ten times.
const MAX_WORK: u64 = 40_000_000;
/// What copying one value costs, in steps.
const COPY: u64 = 8;

/// One manifest with what changing values does to it.
pub(super) struct Provenance<'a> {
    installation: &'a Installation,
    manifest: &'a render::Manifest,
    lines: Vec<&'a str>,
    /// What each change did; `None` where the template does not render then.
    tried: HashMap<(KeyPath, usize), Option<Arc<Attempt>>>,
    /// How much work is left, and how much of it copying the values takes.
    left: u64,
    copying: u64,
}

/// What is traced: the lines of the text, what they say, and what of the resource stands there.
struct Scene<'t> {
    lines: RangeInclusive<u32>,
    text: String,
    target: Target<'t>,
}

impl Scene<'_> {
    /// What a change does to it.
    fn effect(&self, attempt: &Attempt) -> Option<Effect> {
        let effect = attempt.difference.effect(&self.lines)?;
        // A line of flow style holds more than what is asked about, and where lines go others take their place.
        let alone = effect == Effect::Content && !self.text.contains(['{', '[']);
        (alone || !self.target.is_same(&attempt.text)).then_some(effect)
    }
}

/// The text after a change, and what is other in it.
struct Attempt {
    text: String,
    difference: Difference,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(installation: &'a Installation, manifest: &'a render::Manifest) -> Self {
        let copying = COPY.saturating_mul(experiment::size(installation.values.root()));
        Self {
            copying,
            installation,
            manifest,
            lines: manifest.text.split('\n').collect(),
            tried: HashMap::new(),
            left: MAX_WORK,
        }
    }

    fn values(&self) -> &'a Values {
        &self.installation.values
    }

    /// The keys that made what a pointer into a resource finds on some lines: what it says, or where no key does
    /// that, that it is there.
    pub(super) fn of_present(
        &mut self,
        map: &SourceMap,
        lines: RangeInclusive<u32>,
        target: Target<'_>,
    ) -> Vec<ValueOrigin> {
        let scene = Scene { text: self.text(&lines), lines, target };
        let mut found = Vec::new();
        for reach in [Reach::Near, Reach::Around] {
            let read: Vec<KeyPath> = map.keys(scene.lines.clone(), reach).into_iter().cloned().collect();
            found = self.effects(&read, &scene);
            // What says what the line says is what is asked for; else, what decides that it is there.
            if found.iter().any(|(_, effect)| *effect == Effect::Content) {
                break;
            }
        }
        let strongest = found.iter().map(|(_, effect)| *effect).max();
        found.retain(|(_, effect)| Some(*effect) == strongest);
        let is_set = |(key, _): &&(KeyPath, Effect)| self.node(key).is_some();
        let any_set = found.iter().any(|found| is_set(&found));
        let keys = found.iter().filter(|found| !any_set || is_set(found)).map(|(key, _)| key.clone());
        self.origins(keys.collect())
    }

    /// What changing some keys does.
    fn effects(&mut self, read: &[KeyPath], scene: &Scene<'_>) -> Vec<(KeyPath, Effect)> {
        let mut found: Vec<(KeyPath, Effect)> = Vec::new();
        for key in self.likeliest(read, &scene.text) {
            if let Some(effect) = self.effect(&key, scene) {
                found.push((key, effect));
            }
        }
        // A container that decides as a whole (`if values.list`), where nothing in it does.
        for key in read {
            let mut containers = Vec::new();
            experiment::containers(self.node(key), key.clone(), MAX_LEAVES, &mut containers);
            for key in containers {
                if !found.iter().any(|(known, _)| known.starts_with(&key))
                    && let Some(effect) = self.effect(&key, scene)
                {
                    found.push((key, effect));
                }
            }
        }
        found
    }

    /// The key that would have made what a pointer into a resource does not find; its nearest parent begins at
    /// a line.
    pub(super) fn of_missing(&mut self, map: &SourceMap, parent: u32, target: Target<'_>) -> Vec<ValueOrigin> {
        let missing = experiment::missing(target.resource.node(), target.pointer);
        let Some(member) = missing.first() else { return Vec::new() };
        let (mut candidates, mut seen): (Vec<KeyPath>, HashSet<KeyPath>) = Default::default();
        for key in map.keys(parent..=parent.saturating_add(1), Reach::Near) {
            let mut maps = Vec::new();
            experiment::maps(self.node(key), key.clone(), MAX_LEAVES, &mut maps);
            let below = |key: KeyPath| key.into_iter().chain(missing.iter().map(|token| Arc::from(&**token))).collect();
            candidates.extend(maps.into_iter().map(below).filter(|key: &KeyPath| seen.insert(key.clone())));
        }
        let containers = candidates.len();
        // A condition that is off can only bring what some template writes.
        let is_written = self.installation.program.mentions(member);
        let keys = map.all_keys().into_iter().filter(|_| is_written);
        let mut off: Vec<&KeyPath> = keys.filter(|key| experiment::is_off(self.node(key))).collect();
        off.sort_by_key(|key| !key.iter().any(|part| part.eq_ignore_ascii_case(member)));
        candidates.extend(off.into_iter().filter(|key| seen.insert((*key).clone())).cloned());
        let times = |text: &str| text.matches(&**member).count();
        let before = times(&self.manifest.text);
        for (at, key) in candidates.into_iter().take(MAX_TRIED).enumerate() {
            // A container that is printed whole prints whatever is added to it.
            let variants = if at < containers { 1 } else { experiment::variants(self.node(&key)).len() };
            for number in 0..variants {
                let attempt = self.attempt(&key, number);
                let adds = |text: &str| times(text) > before && target.find(text).is_some();
                if attempt.is_some_and(|attempt| adds(&attempt.text)) {
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

    /// The keys to try, those first whose value is in the text. Of a container that was read as a whole only what
    /// is in the text: for what is made of it otherwise, a digest, the container itself is tried.
    fn likeliest(&self, read: &[KeyPath], text: &str) -> Vec<KeyPath> {
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        let is_shown = |key: &KeyPath| {
            self.node(key).is_some_and(|node| experiment::is_shown(node, text))
                || key.last().is_some_and(|name| text.contains(&**name))
        };
        for key in read {
            let mut leaves = Vec::new();
            experiment::leaves(self.node(key), key.clone(), MAX_LEAVES, &mut leaves);
            leaves.retain(|leaf| (leaf == key || is_shown(leaf)) && seen.insert(leaf.clone()));
            keys.extend(leaves);
        }
        keys.sort_by_cached_key(|key| !is_shown(key));
        keys.truncate(MAX_TRIED);
        keys
    }

    /// What some change of a key does.
    fn effect(&mut self, key: &KeyPath, scene: &Scene<'_>) -> Option<Effect> {
        let variants = experiment::variants(self.node(key)).len();
        // A key may itself be printed, by a loop over its map.
        let renamed = usize::from(key.last().is_some_and(|name| scene.text.contains(&**name)));
        let mut strongest = None;
        for number in 0..variants + renamed {
            let effect = self.attempt(key, number).and_then(|attempt| scene.effect(&attempt));
            strongest = strongest.max(effect);
            if strongest == Some(Effect::Content) {
                break;
            }
        }
        strongest
    }

    /// What a change does: one of the variants of the value, or after them another name.
    fn attempt(&mut self, key: &KeyPath, number: usize) -> Option<Arc<Attempt>> {
        if let Some(known) = self.tried.get(&(key.clone(), number)) {
            return known.clone();
        }
        let change = match experiment::variants(self.node(key)).into_iter().nth(number) {
            Some(data) => Some(Change::Set(data)),
            None => key.last().map(|name| Change::Rename(format!("{name}z").into())),
        };
        let attempt = change.and_then(|change| self.rendered(key, &change)).map(|text| {
            let (difference, cells) = Difference::of(&self.lines, &text.split('\n').collect::<Vec<_>>());
            self.left = self.left.saturating_sub(cells);
            Arc::new(Attempt { text, difference })
        });
        self.tried.insert((key.clone(), number), attempt.clone());
        attempt
    }

    fn rendered(&mut self, key: &[Arc<str>], change: &Change) -> Option<String> {
        if self.left == 0 {
            return None;
        }
        self.left = self.left.saturating_sub(self.copying);
        let values = self.values().with(key, change)?;
        let context = Context { values: &values, ..self.installation.context() };
        let (text, steps) = self.installation.program.again(&context, self.manifest);
        let bytes = text.as_ref().map_or(0, |text| text.len() as u64);
        self.left = self.left.saturating_sub(steps.saturating_add(bytes));
        text
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
            key: parts.iter().map(|part| part.replace('.', "\\.")).collect::<Vec<_>>().join("."),
            line: origin.as_ref().map(|origin| origin.line).filter(|line| *line > 0),
            layer: match &origin {
                Some(origin) if is_set => origin.layer.name().to_owned(),
                _ => ValueOrigin::UNSET.to_owned(),
            },
            file: origin.and_then(|origin| origin.file),
        }
    }
}
