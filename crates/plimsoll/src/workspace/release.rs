//! Releases as `plimsoll.yaml` declares them: listed, one for each match of a glob, or one for each item
//! of a list inside a values file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Decoder, Text, dotted, key};
use super::layer::{self, ValuesEntry};
use super::pattern::Pattern;
use crate::yaml::{Mark, Node};

/// One entry of `releases`.
#[derive(Debug, Clone)]
pub struct ReleaseConfig {
    /// Where it stands.
    pub mark: Mark,
    /// What it is repeated for.
    pub each: Option<Each>,
    /// The release's name.
    pub name: PerEnvironment,
    /// The directory or archive of its chart.
    pub chart: PerEnvironment,
    /// Its namespace; `default` where it names none, as with Helm.
    pub namespace: Option<PerEnvironment>,
    /// The team that owns it.
    pub team: Option<PerEnvironment>,
    /// Its values, lowest first.
    pub values: Vec<ValuesEntry>,
    /// The only environments it stands in.
    pub only: Option<Vec<Text>>,
    /// The environments it does not stand in.
    pub except: Vec<Text>,
    /// What is different in some environments.
    pub environments: BTreeMap<Arc<str>, ReleaseEnvironment>,
}

/// What one entry of `releases` is repeated for.
#[derive(Debug, Clone)]
pub enum Each {
    /// For each directory that matches, or that holds a file that matches.
    Glob(Pattern),
    /// For each item of a list or map in a file.
    Items {
        /// The file.
        file: Pattern,
        /// The keys that lead to the list; empty for the whole file.
        at: Vec<String>,
        /// Where `at`, or else `each`, was written.
        mark: Mark,
    },
}

/// A scalar, or a map of scalars by environment with an optional `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerEnvironment {
    /// Where no key of `by` applies.
    pub default: Option<Pattern>,
    /// By environment, in written order.
    pub by: Vec<(Text, Pattern)>,
    /// Where it was written.
    pub mark: Mark,
}

/// What is different about a release in one environment.
#[derive(Debug, Clone)]
pub struct ReleaseEnvironment {
    /// The environment.
    pub name: Text,
    /// Further values.
    pub values: Vec<ValuesEntry>,
    /// Whether it stands there at all.
    pub enabled: Option<bool>,
    /// Its namespace there.
    pub namespace: Option<Pattern>,
}

impl PerEnvironment {
    /// The pattern of the first environment of `chain` that has one, else the default.
    pub(super) fn of<'c>(&self, chain: impl IntoIterator<Item = &'c str>) -> Option<&Pattern> {
        chain
            .into_iter()
            .find_map(|name| self.by.iter().find(|(key, _)| key.as_str() == name))
            .map(|(_, pattern)| pattern)
            .or(self.default.as_ref())
    }
}

impl ReleaseConfig {
    /// Every mention of an environment.
    pub(super) fn environment_names(&self) -> impl Iterator<Item = &Text> {
        let scalars = [Some(&self.name), Some(&self.chart), self.namespace.as_ref(), self.team.as_ref()];
        let by = scalars.into_iter().flatten().flat_map(|scalar| scalar.by.iter().map(|(name, _)| name));
        by.chain(self.only.iter().flatten())
            .chain(&self.except)
            .chain(self.environments.values().map(|environment| &environment.name))
    }

    /// Whether it is declared for some environments only: its absence from others is no accident.
    pub(super) fn is_partial(&self) -> bool {
        let disabled = self.environments.values().any(|environment| environment.enabled == Some(false));
        self.only.is_some() || !self.except.is_empty() || disabled
    }

    /// Whether the release stands in the environment at the head of `chain`.
    pub(super) fn applies(&self, chain: &[&str]) -> bool {
        let Some(own) = chain.first() else { return false };
        let listed = |names: &[Text]| names.iter().any(|name| name.as_str() == *own);
        self.only.as_ref().is_none_or(|only| listed(only))
            && !listed(&self.except)
            && chain.iter().find_map(|name| self.environments.get(*name)?.enabled).unwrap_or(true)
    }
}

pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<ReleaseConfig> {
    let mut fields = d.fields(node, "a release")?;
    let mark = fields.mark;
    let each = fields.get("each");
    let broken_each = each.is_some();
    let each = each.and_then(|node| read_each(d, node));
    let broken_each = broken_each && each.is_none();
    let name = d.required(&mut fields, "name").and_then(|node| read_scalar(d, node, "the release's name"));
    let chart = d.required(&mut fields, "chart").and_then(|node| read_scalar(d, node, "the chart"));
    let namespace = fields.get("namespace").and_then(|node| read_scalar(d, node, "the namespace"));
    let team = fields.get("team").and_then(|node| read_scalar(d, node, "the team"));
    let values = layer::read_entries(d, fields.get("values"));
    let only = fields.get("only").map(|node| d.texts(Some(node), "an environment"));
    let except = d.texts(fields.get("except"), "an environment");
    let mut environments = BTreeMap::new();
    for entry in d.entries(fields.get("environments"), "`environments`") {
        let Some(mut own) = d.fields(&entry.value, "a release in an environment") else { continue };
        let values = layer::read_entries(d, own.get("values"));
        let enabled = own.get("enabled").and_then(|node| d.flag(node, "`enabled`"));
        let namespace = own.get("namespace").and_then(|node| d.text(node, "the namespace"));
        d.finish(own);
        let namespace = namespace.as_ref().map(Pattern::of_text);
        environments.insert(entry.key.clone(), ReleaseEnvironment { name: key(entry), values, enabled, namespace });
    }
    d.finish(fields);
    if each.is_none() {
        refuse_items(d, &values);
    }
    if broken_each {
        return None;
    }
    Some(ReleaseConfig { mark, each, name: name?, chart: chart?, namespace, team, values, only, except, environments })
}

fn refuse_items(d: &mut Decoder<'_>, values: &[ValuesEntry]) {
    for entry in values {
        if let ValuesEntry::Item { mark, .. } = entry {
            let help = "add `each: {file: PATH, at: KEY}` to the release";
            d.fail(*mark, "there is no item to take values from", help);
        }
    }
}

fn read_each(d: &mut Decoder<'_>, node: &Node) -> Option<Each> {
    if node.as_str().is_some() {
        return Some(Each::Glob(Pattern::of_path(&d.text(node, "`each`")?)));
    }
    let mut fields = d.fields(node, "`each`")?;
    let mark = fields.mark;
    let file = d.required(&mut fields, "file").and_then(|node| d.text(node, "`file`"));
    let at = fields.get("at").and_then(|node| d.text(node, "`at`"));
    d.finish(fields);
    let file = Pattern::of_path(&file?);
    let (at, mark) = at.map_or((Vec::new(), mark), |at| (dotted(&at), at.mark));
    Some(Each::Items { file, at, mark })
}

fn read_scalar(d: &mut Decoder<'_>, node: &Node, what: &str) -> Option<PerEnvironment> {
    let mark = node.mark;
    if node.as_map().is_none() {
        let default = Some(Pattern::of_text(&d.text(node, what)?));
        return Some(PerEnvironment { default, by: Vec::new(), mark });
    }
    let mut scalar = PerEnvironment { default: None, by: Vec::new(), mark };
    for entry in node.entries() {
        let Some(text) = d.text(&entry.value, what) else { continue };
        let pattern = Pattern::of_text(&text);
        if &*entry.key == "default" {
            scalar.default = Some(pattern);
        } else {
            scalar.by.push((key(entry), pattern));
        }
    }
    Some(scalar)
}
