//! Environments: as declared, and as everything after the workspace sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::capacity;
use super::config::read_map;
use super::decode::{Decoder, Text, key};
use super::infer::known_tier;
use super::layer::{self, ValuesEntry};
use super::pattern::{PLACEHOLDERS, Pattern};
use super::tier::Tier;
use crate::Location;
use crate::facts::quota::setting::Rollouts;
use crate::facts::quota::sidecar::Sidecar;
use crate::nearest::suggest;
use crate::yaml::{Entry, Node};

/// The newest Kubernetes version there are rules for, and the default.
pub const NEWEST_KUBERNETES: &str = "1.37";
/// The minor versions that may be asked for.
pub const KUBERNETES_MINORS: std::ops::RangeInclusive<u32> = 25..=37;

/// A named target that releases are rendered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// How much it matters.
    pub tier: Tier,
    /// The version of Kubernetes its cluster runs, as `1.34`.
    pub kubernetes: Arc<str>,
    /// Variables for patterns and templates, those of the environment it extends included.
    pub vars: BTreeMap<String, String>,
    /// The environment whose values come first.
    pub extends: Option<Arc<str>>,
    /// The environment it must be able to stand in for.
    pub mirrors: Option<Arc<str>>,
    /// The cluster it runs in.
    pub cluster: Option<Arc<str>>,
    /// Hosts, buckets and registries of the other site, as globs.
    pub foreign: Vec<Arc<str>>,
    /// Where it is declared; nothing where it was inferred.
    pub location: Option<Location>,
}

impl Environment {
    /// An environment that nothing declares, with nothing that only a declaration could give it.
    pub(super) fn inferred(name: &str, tier: Tier, kubernetes: &str) -> Self {
        Self {
            name: name.into(),
            tier,
            kubernetes: kubernetes.into(),
            vars: BTreeMap::new(),
            extends: None,
            mirrors: None,
            cluster: None,
            foreign: Vec::new(),
            location: None,
        }
    }
}

/// An environment as `plimsoll.yaml` declares it.
#[derive(Debug, Clone)]
pub struct EnvironmentConfig {
    /// Its name.
    pub name: Text,
    /// Its tier; a known name has one of its own.
    pub tier: Tier,
    /// Key into `clusters`.
    pub cluster: Option<Text>,
    /// Kubernetes version, as `1.34`.
    pub kubernetes: Option<Text>,
    /// Variables for patterns and templates.
    pub vars: BTreeMap<String, String>,
    /// Values of every release of the environment.
    pub values: Vec<ValuesEntry>,
    /// Plain manifests.
    pub manifests: Vec<ManifestsConfig>,
    /// The environment whose values come first.
    pub extends: Option<Text>,
    /// The environment it must be able to stand in for.
    pub mirrors: Option<Text>,
    /// Globs of what belongs to the other site.
    pub foreign: Vec<Text>,
    /// The sidecar that a mesh injects.
    pub sidecar: Option<Sidecar>,
    /// Which rollouts may run at the same time.
    pub rollouts: Option<Rollouts>,
}

/// Plain manifests of an environment.
#[derive(Debug, Clone)]
pub struct ManifestsConfig {
    /// A file, a directory or a glob.
    pub path: Pattern,
    /// The namespace of objects that name none.
    pub namespace: Option<Pattern>,
}

/// `1.34` from `1.34`, `v1.34` or `1.34.2`, where that version is one there are rules for.
pub(super) fn kubernetes_version(text: &str) -> Option<String> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let (major, minor) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
    let patch = parts.next().is_none_or(|patch| patch.parse::<u32>().is_ok()) && parts.next().is_none();
    (major == "1" && patch && KUBERNETES_MINORS.contains(&minor)).then(|| format!("1.{minor}"))
}

/// What to say of a version there are no rules for.
pub(super) fn no_kubernetes(version: &str) -> String {
    let (first, last) = (KUBERNETES_MINORS.start(), KUBERNETES_MINORS.end());
    format!("there are no rules for Kubernetes `{version}`, only for 1.{first} to 1.{last}")
}

/// And what to do about it.
pub(super) const KUBERNETES_HELP: &str = "write one of those versions, in quotes";

/// What names of environments are made of.
pub(super) const NAME_HELP: &str = "letters, digits, `-`, `_` and `.`, at most 63, beginning with a letter or digit";

pub(super) fn is_environment_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && name.len() <= 63
}

pub(super) fn read(d: &mut Decoder<'_>, entry: &Entry) -> Option<EnvironmentConfig> {
    let name = key(entry);
    if !is_environment_name(&name) {
        d.fail(name.mark, format!("`{}` is no name for an environment", name.value), NAME_HELP);
        return None;
    }
    if name.as_str() == "default" {
        let help = "`default` stands for every other environment in maps by environment";
        d.fail(name.mark, "an environment cannot be named `default`", help);
        return None;
    }
    let empty = Node { data: crate::yaml::Data::Map(crate::yaml::Map::new()), mark: entry.mark };
    let node = if entry.value.is_null() { &empty } else { &entry.value };
    let mut fields = d.fields(node, "an environment")?;
    let tier = read_tier(d, fields.get("tier"), &name);
    let cluster = fields.get("cluster").and_then(|node| d.text(node, "`cluster`"));
    let kubernetes = fields.get("kubernetes").and_then(|node| read_kubernetes(d, node));
    let vars = read_vars(d, fields.get("vars"));
    let values = layer::read_entries(d, fields.get("values"));
    let manifests = d.list(fields.get("manifests"), "`manifests`", read_manifests);
    let extends = fields.get("extends").and_then(|node| d.text(node, "`extends`"));
    let mirrors = fields.get("mirrors").and_then(|node| d.text(node, "`mirrors`"));
    let foreign = fields.get("site").and_then(|node| {
        let mut site = d.fields(node, "`site`")?;
        let foreign = d.texts(site.get("foreign"), "a glob");
        d.finish(site);
        Some(foreign)
    });
    let sidecar = fields.get("sidecar").and_then(|node| capacity::read_sidecar(d, node));
    let rollouts = fields.get("concurrentRollouts").and_then(|node| capacity::read_rollouts(d, node));
    d.finish(fields);
    let foreign = foreign.unwrap_or_default();
    Some(EnvironmentConfig {
        name,
        tier,
        cluster,
        kubernetes,
        vars,
        values,
        manifests,
        extends,
        mirrors,
        foreign,
        sidecar,
        rollouts,
    })
}

/// A wrong tier costs the tier, not the environment: it counts as production, which is the strictest.
fn read_tier(d: &mut Decoder<'_>, node: Option<&Node>, name: &Text) -> Tier {
    let words = Tier::ALL.map(|tier| (tier.name(), tier));
    match node {
        Some(node) => d.word(node, "tier", &words).map_or(Tier::Production, |tier| tier.value),
        None => known_tier(name).unwrap_or_else(|| {
            let message = format!("the environment `{}` needs a `tier`", name.value);
            d.fail(name.mark, message, "add `tier: staging`, `tier: production` or `tier: dr`");
            Tier::Production
        }),
    }
}

fn read_kubernetes(d: &mut Decoder<'_>, node: &Node) -> Option<Text> {
    let text = d.text(node, "the Kubernetes version")?;
    let version = kubernetes_version(&text);
    if version.is_none() {
        d.fail(text.mark, no_kubernetes(&text.value), KUBERNETES_HELP);
    }
    version.map(|version| Text { value: version.into(), mark: text.mark })
}

fn read_vars(d: &mut Decoder<'_>, node: Option<&Node>) -> BTreeMap<String, String> {
    for entry in node.map_or(&[][..], Node::entries) {
        if PLACEHOLDERS.contains(&&*entry.key) || entry.key.starts_with("item.") {
            let message = format!("a variable cannot be named `{}`", entry.key);
            d.fail(entry.mark, message, "the placeholder of that name has a meaning of its own");
        }
    }
    read_map(d, node, "`vars`")
}

fn read_manifests(d: &mut Decoder<'_>, node: &Node) -> Option<ManifestsConfig> {
    if node.as_str().is_some() {
        let path = Pattern::of_path(&d.text(node, "a path")?);
        return Some(ManifestsConfig { path, namespace: None });
    }
    let mut fields = d.fields(node, "an entry of `manifests`")?;
    let path = d.required(&mut fields, "path").and_then(|node| d.text(node, "`path`"));
    let namespace = fields.get("namespace").and_then(|node| d.text(node, "`namespace`"));
    d.finish(fields);
    let path = Pattern::of_path(&path?);
    Some(ManifestsConfig { path, namespace: namespace.as_ref().map(Pattern::of_text) })
}

/// Complains about `extends` and `mirrors` that name nothing, or go round.
pub(super) fn check(d: &mut Decoder<'_>, environments: &[EnvironmentConfig]) {
    let mut said = BTreeSet::new();
    for environment in environments {
        for (word, target) in [("extends", &environment.extends), ("mirrors", &environment.mirrors)] {
            let Some(target) = target else { continue };
            if find(environments, target).is_none() {
                let known: Vec<&str> = environments
                    .iter()
                    .map(|e| e.name.as_str())
                    .filter(|name| *name != environment.name.as_str())
                    .collect();
                let message = format!("`{word}` names the environment `{}`, which does not exist", target.value);
                d.fail(target.mark, message, suggest(target, known));
            }
            if let Some(cycle) = cycle(environments, environment, word) {
                let mut members = cycle.clone();
                members.sort_unstable();
                if said.insert((word, members)) {
                    let path = cycle.iter().chain(cycle.first()).copied().collect::<Vec<_>>().join(" → ");
                    d.fail(target.mark, format!("`{word}` goes round: {path}"), "one of them must stand on its own");
                }
            }
        }
    }
}

fn find<'a>(environments: &'a [EnvironmentConfig], name: &str) -> Option<&'a EnvironmentConfig> {
    environments.iter().find(|environment| environment.name.as_str() == name)
}

/// The environments of a cycle, if following `word` from `start` leads back to `start`.
fn cycle<'a>(environments: &'a [EnvironmentConfig], start: &'a EnvironmentConfig, word: &str) -> Option<Vec<&'a str>> {
    let mut path = vec![start.name.as_str()];
    let mut at = start;
    loop {
        let next = if word == "extends" { &at.extends } else { &at.mirrors };
        at = find(environments, next.as_ref()?)?;
        if at.name == start.name {
            return Some(path);
        }
        if path.contains(&at.name.as_str()) {
            return None;
        }
        path.push(&at.name);
    }
}

/// The environment and those it extends, nearest first; stops where they go round.
pub(super) fn chain(environments: &[EnvironmentConfig], start: usize) -> Vec<usize> {
    let mut chain = vec![start];
    let mut at = start;
    while let Some(parent) = &environments[at].extends {
        let Some(next) = environments.iter().position(|environment| environment.name.value == parent.value) else {
            break;
        };
        if chain.contains(&next) {
            break;
        }
        chain.push(next);
        at = next;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_versions() {
        for (text, version) in [("1.34", "1.34"), ("v1.25", "1.25"), ("1.37.2", "1.37")] {
            assert_eq!(kubernetes_version(text).as_deref(), Some(version));
        }
        for text in ["1.24", "1.38", "2.0", "1", "", "1.34.x", "1.34.1.1", "latest"] {
            assert_eq!(kubernetes_version(text), None, "{text}");
        }
        assert_eq!(kubernetes_version(NEWEST_KUBERNETES).as_deref(), Some(NEWEST_KUBERNETES));
    }
}
