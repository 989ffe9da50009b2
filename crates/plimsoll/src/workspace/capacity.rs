//! What `plimsoll.yaml` says about capacity: clusters and their pools, sidecars, teams and their budgets.
//!
//! Amounts are read here, so that a malformed one is a mistake at its line and everything after sees
//! numbers. What they mean is left to `facts::quota`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{Config, read_map};
use super::decode::Decoder;
use super::environment::chain;
use super::plan::EnvironmentPlan;
use super::tier::Tier;
use crate::facts::quantity::Quantity;
use crate::facts::quota::amounts::Amounts;
use crate::facts::quota::pod::Share;
use crate::facts::quota::quotas::Dimension;
use crate::facts::quota::setting::{Pool, Rollouts, Setting, Taint};
use crate::facts::quota::sidecar::Sidecar;
use crate::nearest::suggest;
use crate::yaml::{Mark, Node};

/// A cluster that environments run in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its node pools.
    pub pools: Vec<Pool>,
    /// Where it is declared.
    pub mark: Mark,
}

/// A team, and what it may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// Where no key of `by` applies.
    pub budget: Option<Amounts>,
    /// By environment or tier.
    pub by: BTreeMap<Arc<str>, Amounts>,
    /// Where it is declared.
    pub mark: Mark,
}

impl Team {
    /// Whether it may use only so much, anywhere.
    pub fn has_budget(&self) -> bool {
        self.budget.is_some() || !self.by.is_empty()
    }

    /// What it may use in an environment: by its name, else by its tier, else the default.
    pub fn budget(&self, environment: &str, tier: Tier) -> Option<&Amounts> {
        self.by.get(environment).or_else(|| self.by.get(tier.name())).or(self.budget.as_ref())
    }
}

/// What is declared about the capacity of an environment.
///
/// The sidecar and the rollouts come with `extends`, as the version of Kubernetes does; the cluster does not.
pub(crate) fn setting(config: &Config, plan: &EnvironmentPlan) -> Setting {
    let environment = &plan.environment;
    let mut setting = Setting { cluster: environment.cluster.clone(), ..Setting::default() };
    let Some(at) = config.environments.iter().position(|other| other.name.value == environment.name) else {
        return setting;
    };
    let inherited = chain(&config.environments, at);
    let inherited = || inherited.iter().map(|at| &config.environments[*at]);
    setting.sidecar = inherited().find_map(|environment| environment.sidecar.clone());
    setting.rollouts = inherited().find_map(|environment| environment.rollouts).unwrap_or_default();
    if let Some(name) = &environment.cluster {
        let same =
            config.environments.iter().filter(|other| other.cluster.as_ref().is_some_and(|of| of.value == *name));
        let others = same.map(|other| other.name.value.clone()).filter(|other| *other != environment.name);
        setting.neighbours = others.collect();
        let pools = config.clusters.get(name).map(|cluster| &cluster.pools).filter(|pools| !pools.is_empty());
        setting.pools = pools.map(|pools| pools.as_slice().into());
    }
    let teams = config.teams.iter();
    let budgets =
        teams.filter_map(|(name, team)| Some((name.clone(), team.budget(&environment.name, environment.tier)?)));
    setting.budgets = budgets.map(|(name, budget)| (name, budget.clone())).collect();
    setting
}

pub(super) fn read_cluster(d: &mut Decoder<'_>, node: &Node, mark: Mark) -> Option<Cluster> {
    let mut fields = d.fields(node, "a cluster")?;
    let pools: Vec<(Pool, Mark)> = d.list(fields.get("pools"), "`pools`", read_pool);
    d.finish(fields);
    let mut known: Vec<Pool> = Vec::new();
    for (pool, mark) in pools {
        if known.iter().any(|other| other.name == pool.name) {
            d.fail(mark, format!("there are two pools `{}`", pool.name), "give each a name of its own");
        } else {
            known.push(pool);
        }
    }
    Some(Cluster { pools: known, mark })
}

fn read_pool(d: &mut Decoder<'_>, node: &Node) -> Option<(Pool, Mark)> {
    let mut fields = d.fields(node, "a pool")?;
    let mark = fields.mark;
    let name = d.required(&mut fields, "name").and_then(|node| d.text(node, "the pool's name"));
    let nodes = d.required(&mut fields, "nodes").and_then(|node| read_nodes(d, node));
    let given = fields.get("allocatable");
    let mut allocatable = read_amounts(d, given, "`allocatable`", |_| None);
    let mut of_machine = |key| fields.get(key);
    let machine = [of_machine("capacity"), of_machine("reserved"), of_machine("eviction")];
    if let Some(other) = machine.into_iter().flatten().next().filter(|_| given.is_some()) {
        let help = "write `allocatable`, or `capacity` with `reserved` and `eviction`";
        d.fail(other.mark, "a pool says both what its nodes have and what they can give", help);
    } else if given.is_none() {
        // Node Allocatable = capacity − reserved − eviction threshold (Kubernetes, "Reserve compute resources").
        let [capacity, reserved, eviction] = [("`capacity`", 0), ("`reserved`", 1), ("`eviction`", 2)]
            .map(|(what, at)| read_amounts(d, machine[at], what, |_| None));
        allocatable = capacity;
        allocatable.reduce(&reserved);
        allocatable.reduce(&eviction);
    }
    let zones = d.texts(fields.get("zones"), "a zone").into_iter().map(|zone| zone.value).collect();
    let labels = read_map(d, fields.get("labels"), "`labels`");
    let taints = d.list(fields.get("taints"), "`taints`", read_taint);
    d.finish(fields);
    let (min, max) = nodes?;
    Some((Pool { name: name?.value, min, max, allocatable, zones, labels, taints }, mark))
}

fn read_nodes(d: &mut Decoder<'_>, node: &Node) -> Option<(u32, u32)> {
    let mut nodes = d.fields(node, "`nodes`")?;
    let min = nodes.get("min").and_then(|node| d.count(node, "`min`"));
    let written = nodes.get("max").or_else(|| nodes.get("min"));
    let max = nodes.get("max").map_or(min, |node| d.count(node, "`max`"));
    let at = nodes.mark;
    d.finish(nodes);
    // A bound that is there and cannot be read has been complained about.
    d.require(written, at, "`nodes`", "max")?;
    let max = max?;
    let min = min.unwrap_or(0);
    if min > max {
        d.fail(at, format!("a pool has at least {min} and at most {max} nodes"), "`min` is not above `max`");
    }
    Some((min.min(max), max))
}

fn read_taint(d: &mut Decoder<'_>, node: &Node) -> Option<Taint> {
    const EFFECTS: [(&str, &str); 3] =
        [("NoSchedule", "NoSchedule"), ("PreferNoSchedule", "PreferNoSchedule"), ("NoExecute", "NoExecute")];
    let mut fields = d.fields(node, "a taint")?;
    let key = d.required(&mut fields, "key").and_then(|node| d.scalar(node, "the taint's key"));
    let value = fields.get("value").and_then(|node| d.scalar(node, "the taint's value")).unwrap_or_default();
    let effect = d.required(&mut fields, "effect").and_then(|node| d.word(node, "effect of a taint", &EFFECTS));
    d.finish(fields);
    Some(Taint { key: key?, value, effect: effect?.value })
}

/// Amounts by resource; `refuse` says why a name is none.
fn read_amounts(
    d: &mut Decoder<'_>,
    node: Option<&Node>,
    what: &str,
    refuse: impl Fn(&str) -> Option<String>,
) -> Amounts {
    let mut amounts = Amounts::default();
    for entry in d.entries(node, what) {
        let Some(text) = d.scalar(&entry.value, "a quantity") else { continue };
        if let Some(reason) = refuse(&entry.key) {
            d.fail(
                entry.mark,
                format!("`{}` in {what} {reason}", entry.key),
                "such as `requests.cpu`, `limits.memory` or `pods`",
            );
            continue;
        }
        match Quantity::parse(&text) {
            Ok(amount) if amount.is_negative() => {
                d.fail(entry.value.mark, format!("`{}` in {what} is below zero", entry.key), "write how much there is");
            }
            Ok(amount) => amounts.insert(entry.key.clone(), amount),
            Err(error) => {
                d.fail(entry.value.mark, error.to_string(), "write a number and a unit, as in `100m` or `128Mi`");
            }
        }
    }
    amounts
}

pub(super) fn read_sidecar(d: &mut Decoder<'_>, node: &Node) -> Option<Sidecar> {
    let mut fields = d.fields(node, "`sidecar`")?;
    let name = fields.get("name").and_then(|node| d.text(node, "the sidecar's name"));
    let requests = read_amounts(d, fields.get("requests"), "`requests`", |_| None);
    let limits = read_amounts(d, fields.get("limits"), "`limits`", |_| None);
    let native = fields.get("native").and_then(|node| d.flag(node, "`native`")).unwrap_or_default();
    let everywhere = fields.get("everywhere").and_then(|node| d.flag(node, "`everywhere`")).unwrap_or_default();
    d.finish(fields);
    let name = name.map_or_else(|| "sidecar".into(), |name| name.value);
    Some(Sidecar { name, share: Share { requests, limits }, native, everywhere })
}

pub(super) fn read_rollouts(d: &mut Decoder<'_>, node: &Node) -> Option<Rollouts> {
    let words = [("one", Rollouts::One), ("all", Rollouts::All)];
    d.word(node, "number of rollouts at the same time", &words).map(|rollouts| rollouts.value)
}

pub(super) fn read_teams(
    d: &mut Decoder<'_>,
    node: Option<&Node>,
    environments: &[Arc<str>],
) -> BTreeMap<Arc<str>, Team> {
    let mut teams = BTreeMap::new();
    for entry in d.entries(node, "`teams`") {
        let Some(mut fields) = d.fields(&entry.value, "a team") else { continue };
        let mut team = Team { mark: entry.mark, ..Team::default() };
        if let Some(budget) = fields.get("budget") {
            read_budget(d, budget, environments, &mut team);
        }
        d.finish(fields);
        teams.insert(entry.key.clone(), team);
    }
    teams
}

/// Amounts, or amounts by environment or tier with an optional `default`.
fn read_budget(d: &mut Decoder<'_>, node: &Node, environments: &[Arc<str>], team: &mut Team) {
    let refuse = |name: &str| {
        let counted = !matches!(
            Dimension::of(name),
            Dimension::Nothing | Dimension::Objects(..) | Dimension::NodePorts | Dimension::LoadBalancers
        );
        (!counted).then(|| "is nothing that pods ask for".to_owned())
    };
    let by_environment =
        !node.entries().is_empty() && node.entries().iter().all(|entry| entry.value.as_map().is_some());
    if !by_environment {
        team.budget = Some(read_amounts(d, Some(node), "`budget`", refuse));
        return;
    }
    for entry in node.entries() {
        let amounts = read_amounts(d, Some(&entry.value), "`budget`", refuse);
        let known = || environments.iter().map(|name| &**name).chain(Tier::ALL.map(Tier::name)).chain(["default"]);
        if &*entry.key == "default" {
            team.budget = Some(amounts);
        } else if known().any(|name| name == &*entry.key) {
            team.by.insert(entry.key.clone(), amounts);
        } else {
            let help = suggest(&entry.key, known());
            d.fail(entry.mark, format!("there is no environment or tier `{}`", entry.key), help);
        }
    }
}
