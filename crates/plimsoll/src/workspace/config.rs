//! `plimsoll.yaml` as typed values. What it means for an environment is decided in [`plan`](super::plan).
//!
//! The keys are those of the workspace format and no others; a mistake costs the entry it stands in, not
//! the rest of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::align::AlignPattern;
use super::capacity::{self, Cluster, Team};
use super::connections::{self, ConnectionsConfig};
use super::decode::{Decoder, Text, key};
use super::environment::{self, EnvironmentConfig};
use super::external::{self, ExternalConfig};
use super::layer::{self, ValuesEntry};
use super::release::{self, ReleaseConfig};
use super::suppression::{self, Suppression};
use super::tier::Tier;
use super::trust::{self, Trust};
use crate::images::Lock;
use crate::nearest::{nearest, suggest};
use crate::problems::Problems;
use crate::yaml::{Mark, Node};
use crate::{Error, ErrorKind, Location, Result};

/// The name of the file that makes a directory a workspace.
pub const FILE: &str = "plimsoll.yaml";

/// The whole of `plimsoll.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where it lies; every [`Mark`] in here points into it.
    pub file: Arc<str>,
    /// Values of every release of every environment, the lowest layer above the charts' own.
    pub values: Vec<ValuesEntry>,
    /// Lists of values that merge by a key instead of replacing each other: path to key field, as in
    /// [`MergeOptions`](crate::values::MergeOptions).
    pub merge_lists: BTreeMap<String, String>,
    /// What the clusters can carry.
    pub clusters: BTreeMap<Arc<str>, Cluster>,
    /// The environments, in written order.
    pub environments: Vec<EnvironmentConfig>,
    /// The releases, in written order.
    pub releases: Vec<ReleaseConfig>,
    /// What exists beside the releases.
    pub external: Vec<ExternalConfig>,
    /// Which connections are meant to be, where no chart's values say so.
    pub connections: Vec<ConnectionsConfig>,
    /// Who stands behind the names in role bindings.
    pub identities: Identities,
    /// What teams may use.
    pub teams: BTreeMap<Arc<str>, Team>,
    /// How namespaces of different environments correspond.
    pub align: Option<AlignPattern>,
    /// Whose signatures count for which images.
    pub trust: Vec<Trust>,
    /// `images.lock` beside it, if there is one.
    pub lock: Option<Arc<Lock>>,
    /// Which policies, how severe, with which parameters.
    pub policies: PoliciesConfig,
    /// Recorded exceptions.
    pub suppressions: Vec<Suppression>,
}

/// Who stands behind the names in role bindings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities {
    /// By the name of the group, as bindings spell it.
    pub groups: BTreeMap<Arc<str>, Identity>,
}

/// What a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who its members are.
    pub class: Class,
    /// The team it belongs to.
    pub team: Option<Text>,
    /// Where it is declared.
    pub mark: Mark,
}

/// Who the members of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// People.
    Human,
    /// Pipelines.
    Ci,
    /// Those who run the cluster.
    Platform,
    /// People, in an emergency only.
    Breakglass,
}

/// What the workspace says about policies.
#[derive(Debug, Clone, Default)]
pub struct PoliciesConfig {
    /// Folders with policies of the workspace's own.
    pub paths: Vec<Text>,
    /// Severities by policy id.
    pub severity: BTreeMap<Arc<str>, SeverityConfig>,
    /// Parameters by policy id and name.
    pub params: BTreeMap<Arc<str>, ParamsConfig>,
    /// The engine that evaluates all policies, if one is forced.
    pub engine: Option<Engine>,
}

/// Which of its engines evaluates policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The register machine.
    Vm,
    /// The slower interpreter.
    Interpreter,
}

/// How severe the violations of one policy are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeverityConfig {
    /// Where no key of `by` applies.
    pub default: Option<Arc<str>>,
    /// By environment or tier.
    pub by: BTreeMap<Arc<str>, Arc<str>>,
    /// The policy's id and where it stands.
    pub mark: Mark,
}

/// The parameters of one policy.
#[derive(Debug, Clone, Default)]
pub struct ParamsConfig {
    /// By name.
    pub values: BTreeMap<Arc<str>, ParamConfig>,
    /// Where the policy's id stands.
    pub mark: Mark,
}

/// One parameter: a value, or a value by environment.
#[derive(Debug, Clone, Default)]
pub struct ParamConfig {
    /// Where no key of `by` applies.
    pub default: Option<Node>,
    /// By environment or tier.
    pub by: BTreeMap<Arc<str>, Node>,
    /// Where the parameter's name stands.
    pub mark: Mark,
}

/// The words for severities.
pub const SEVERITIES: [&str; 4] = ["error", "warning", "info", "off"];

fn choose<'a, T>(by: &'a BTreeMap<Arc<str>, T>, environment: &str, tier: Tier) -> Option<&'a T> {
    by.get(environment).or_else(|| by.get(tier.name()))
}

impl SeverityConfig {
    /// The severity in an environment: by its name, else by its tier, else the default.
    pub fn of(&self, environment: &str, tier: Tier) -> Option<&str> {
        choose(&self.by, environment, tier).or(self.default.as_ref()).map(|text| &**text)
    }
}

impl ParamConfig {
    /// The value in an environment: by its name, else by its tier, else the default.
    pub fn of(&self, environment: &str, tier: Tier) -> Option<&Node> {
        choose(&self.by, environment, tier).or(self.default.as_ref())
    }
}

impl Config {
    /// The location of a mark in this file.
    pub fn location(&self, mark: Mark) -> Location {
        super::decode::location(&self.file, mark)
    }

    /// Whether it says anything about single images.
    pub fn knows_images(&self) -> bool {
        self.lock.is_some() || !self.trust.is_empty()
    }

    /// Reads `plimsoll.yaml`. What is wrong with parts of it goes to `problems`; the rest is returned.
    pub(super) fn read(file: &Arc<str>, root: &Node, problems: &mut Problems) -> Result<Self> {
        check_version(file, root)?;
        let place = |mark| Some(super::decode::location(file, mark));
        let mut decoder = Decoder { place: &place, kind: ErrorKind::Workspace, problems };
        let d = &mut decoder;
        let mut config = Self { file: file.clone(), ..Self::default() };
        let Some(mut fields) = d.fields(root, FILE) else { return Ok(config) };
        fields.get("version");
        config.values = layer::read_entries(d, fields.get("values"));
        config.merge_lists = read_map(d, fields.get("mergeLists"), "`mergeLists`");
        for entry in d.entries(fields.get("clusters"), "`clusters`") {
            if let Some(cluster) = capacity::read_cluster(d, &entry.value, entry.mark) {
                config.clusters.insert(entry.key.clone(), cluster);
            }
        }
        for entry in d.entries(fields.get("environments"), "`environments`") {
            config.environments.extend(environment::read(d, entry));
        }
        config.releases = d.list(fields.get("releases"), "`releases`", release::read);
        config.external = d.list(fields.get("external"), "`external`", external::read);
        config.connections = d.list(fields.get("connections"), "`connections`", connections::read);
        config.identities = fields.get("identities").and_then(|node| read_identities(d, node)).unwrap_or_default();
        let names: Vec<Arc<str>> = config.environments.iter().map(|e| e.name.value.clone()).collect();
        config.teams = capacity::read_teams(d, fields.get("teams"), &names);
        config.align = fields.get("align").and_then(|node| AlignPattern::read(d, node));
        config.trust = d.list(fields.get("trust"), "`trust`", trust::read);
        if let Some(node) = fields.get("policies") {
            config.policies = read_policies(d, node, &names).unwrap_or_default();
        }
        config.suppressions = d.list(fields.get("suppressions"), "`suppressions`", suppression::read);
        d.finish(fields);
        environment::check(d, &config.environments);
        config.check_references(d);
        Ok(config)
    }

    /// Complains about environments that are named and do not exist.
    fn check_references(&self, d: &mut Decoder<'_>) {
        let names = || self.environments.iter().map(|environment| environment.name.as_str());
        let mut mentions: Vec<&Text> = Vec::new();
        mentions.extend(self.releases.iter().flat_map(ReleaseConfig::environment_names));
        mentions.extend(self.external.iter().flat_map(|external| external.environments.iter().flatten()));
        mentions.extend(self.connections.iter().flat_map(|entry| entry.environments.iter().flatten()));
        mentions.extend(self.suppressions.iter().flat_map(|suppression| suppression.environments.iter().flatten()));
        for name in mentions {
            if !names().any(|known| known == name.as_str()) {
                let help = suggest(name, names().collect::<Vec<_>>());
                d.fail(name.mark, format!("there is no environment `{}`", name.value), help);
            }
        }
        self.check_clusters(d);
    }

    /// A cluster that is called almost like one that is declared is that one, misspelt; another is one of which only
    /// the name is known. Where none is declared, names serve to tell which environments share one.
    fn check_clusters(&self, d: &mut Decoder<'_>) {
        if self.clusters.is_empty() {
            return;
        }
        let unknown = |name: &&Text| !self.clusters.contains_key(&name.value);
        for cluster in self.environments.iter().filter_map(|environment| environment.cluster.as_ref().filter(unknown)) {
            if nearest(&cluster.value, self.clusters.keys().map(|known| &**known)).is_some() {
                let help = suggest(&cluster.value, self.clusters.keys().map(|known| &**known));
                d.fail(cluster.mark, format!("there is no cluster `{}`", cluster.value), help);
            } else {
                let text = format!("the cluster `{}` is not declared, so its capacity is unknown", cluster.value);
                d.problems.note(text, Some(self.location(cluster.mark)));
            }
        }
    }
}

fn check_version(file: &Arc<str>, root: &Node) -> Result<()> {
    let fail = |mark, message: String, help: &str| {
        let location = super::decode::location(file, mark);
        Err(Error::new(ErrorKind::Workspace, message).with_location(location).with_help(help))
    };
    if root.as_map().is_none() {
        return fail(
            root.mark,
            format!("{FILE} is {}, not a map", super::decode::a_type(root)),
            "begin it with `version: 1`",
        );
    }
    let Some(node) = root.get("version") else {
        return fail(root.mark, format!("{FILE} does not say its version"), "add `version: 1`");
    };
    match node.as_int() {
        Some(1) => Ok(()),
        Some(version) if version > 1 => {
            let message = format!("{FILE} has version {version}, and this release of plimsoll reads version 1");
            fail(node.mark, message, "use a newer release of plimsoll")
        }
        _ => fail(node.mark, "the version is not 1".to_owned(), "write `version: 1`"),
    }
}

/// A mapping of texts to texts; numbers and booleans are taken as their text.
pub(super) fn read_map(d: &mut Decoder<'_>, node: Option<&Node>, what: &str) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for entry in d.entries(node, what) {
        if let Some(value) = d.scalar(&entry.value, &format!("`{}`", entry.key)) {
            map.insert(entry.key.to_string(), value);
        }
    }
    map
}

fn read_identities(d: &mut Decoder<'_>, node: &Node) -> Option<Identities> {
    const CLASSES: [(&str, Class); 4] =
        [("human", Class::Human), ("ci", Class::Ci), ("platform", Class::Platform), ("breakglass", Class::Breakglass)];
    let mut fields = d.fields(node, "`identities`")?;
    let mut groups = BTreeMap::new();
    for entry in d.entries(fields.get("groups"), "`groups`") {
        let Some(mut group) = d.fields(&entry.value, "a group") else { continue };
        let class = d.required(&mut group, "class").and_then(|node| d.word(node, "class", &CLASSES));
        let team = group.get("team").and_then(|node| d.text(node, "the team"));
        d.finish(group);
        if let Some(class) = class {
            groups.insert(entry.key.clone(), Identity { class: class.value, team, mark: entry.mark });
        }
    }
    d.finish(fields);
    Some(Identities { groups })
}

fn read_policies(d: &mut Decoder<'_>, node: &Node, environments: &[Arc<str>]) -> Option<PoliciesConfig> {
    let mut fields = d.fields(node, "`policies`")?;
    let paths = d.texts(fields.get("paths"), "a path");
    let mut severity = BTreeMap::new();
    for entry in d.entries(fields.get("severity"), "`severity`") {
        severity.insert(entry.key.clone(), read_severity(d, &entry.value, entry.mark, environments));
    }
    let mut params = BTreeMap::new();
    for entry in d.entries(fields.get("params"), "`params`") {
        let mut values = BTreeMap::new();
        for param in d.entries(Some(&entry.value), "the parameters of a policy") {
            values.insert(param.key.clone(), read_param(&param.value, param.mark, environments));
        }
        params.insert(entry.key.clone(), ParamsConfig { values, mark: entry.mark });
    }
    let engines = [("vm", Engine::Vm), ("interpreter", Engine::Interpreter)];
    let engine = fields.get("engine").and_then(|node| d.word(node, "engine", &engines)).map(|engine| engine.value);
    d.finish(fields);
    Some(PoliciesConfig { paths, severity, params, engine })
}

fn is_scene(name: &str, environments: &[Arc<str>]) -> bool {
    Tier::from_name(name).is_some() || environments.iter().any(|environment| &**environment == name)
}

fn read_severity(d: &mut Decoder<'_>, node: &Node, mark: Mark, environments: &[Arc<str>]) -> SeverityConfig {
    let words = SEVERITIES.map(|word| (word, word));
    let mut config = SeverityConfig { mark, ..SeverityConfig::default() };
    let read = |d: &mut Decoder<'_>, node: &Node| {
        // YAML 1.1 reads a bare `off` as false.
        if node.as_bool() == Some(false) {
            return Some("off".into());
        }
        d.word(node, "severity", &words).map(|word| Arc::from(word.value))
    };
    if node.as_map().is_none() {
        config.default = read(d, node);
        return config;
    }
    for entry in node.entries() {
        let name = key(entry);
        if name.as_str() == "default" {
            config.default = read(d, &entry.value);
        } else if is_scene(&name, environments) {
            config.by.extend(read(d, &entry.value).map(|word| (name.value.clone(), word)));
        } else {
            let known: Vec<&str> =
                Tier::ALL.iter().map(|tier| tier.name()).chain(environments.iter().map(|name| &**name)).collect();
            let message = format!("`{}` is no environment and no tier", name.value);
            d.fail(name.mark, message, suggest(&name, known));
        }
    }
    config
}

/// A map is by environment only if every key is `default`, a tier or an environment; otherwise it is the value.
fn read_param(node: &Node, mark: Mark, environments: &[Arc<str>]) -> ParamConfig {
    let entries = node.entries();
    let by_environment =
        !entries.is_empty() && entries.iter().all(|e| &*e.key == "default" || is_scene(&e.key, environments));
    if !by_environment {
        return ParamConfig { default: Some(node.clone()), by: BTreeMap::new(), mark };
    }
    let by = entries.iter().filter(|entry| &*entry.key != "default");
    ParamConfig {
        default: node.get("default").cloned(),
        by: by.map(|entry| (entry.key.clone(), entry.value.clone())).collect(),
        mark,
    }
}
