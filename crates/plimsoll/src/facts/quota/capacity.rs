//! What concerns more than one environment: a cluster's nodes, teams' budgets, and whether a mirror can
//! carry what it mirrors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::Quota;
use super::amounts::Amounts;
use super::demand::Demand;
use super::fit::{self, Fit, Item, Supply, Verdict};
use super::needs::percent;
use super::nodes::{Room, allocatable};
use super::quotas::Dimension;
use super::recovery::{self, Gap};
use super::replicas::Phase;
use super::setting::{Pool, Rollouts};
use super::sums::{Role, Sum, Term};
use super::words::words;
use crate::facts::quantity::Quantity;
use crate::manifest::Resource;

/// One environment, as it is compared with others.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Its name.
    pub name: &'a str,
    /// The environment it mirrors.
    pub mirrors: Option<&'a str>,
    /// What it needs.
    pub quota: &'a Quota,
    /// Its resources.
    pub resources: &'a [Resource],
    /// For each resource what names it in every environment.
    pub identities: &'a [Arc<str>],
}

/// What is known about capacity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Capacity {
    /// Clusters with declared pools.
    pub clusters: Vec<Cluster>,
    /// Where mirrors cannot carry what they mirror, or that is not known.
    pub recovery: Vec<Gap>,
    /// How much of their budgets teams need.
    pub budgets: Vec<Budget>,
    /// How much of their nodes clusters promise.
    pub overcommit: Vec<Budget>,
}

/// Where something is shown: a resource of an environment, and what in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The environment.
    pub environment: String,
    /// The resource, as `group/Kind/namespace/name`.
    pub resource: String,
    /// JSON pointer.
    pub path: String,
}

/// Whether pods fit, at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// What is known.
    pub verdict: Verdict,
    /// Why not, or what is not known.
    pub reason: String,
    /// Every term.
    pub witness: Vec<String>,
    /// Where it is shown; nothing where no workload is ours.
    #[serde(flatten)]
    pub spot: Option<Spot>,
}

/// What a cluster carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The environments in it.
    pub environments: Vec<String>,
    /// Whether the peak fits at the pools' most nodes.
    pub peak: Judged,
    /// Whether the steady state fits without a node or a zone: what is lost, and whether.
    pub losses: Vec<Loss>,
}

/// Whether the steady state fits when something is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What is lost, in words.
    pub lost: String,
    /// Whether the rest carries it.
    #[serde(flatten)]
    pub judged: Judged,
}

/// How much of what is allowed is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// The team, or the cluster.
    pub name: String,
    /// What is counted.
    pub dimension: String,
    /// How many per cent of it are needed, rounded up.
    pub share: i64,
    /// The sum, term by term.
    pub sum: String,
    /// What is allowed, in the same unit.
    pub hard: String,
    /// Every term.
    pub witness: Vec<String>,
    /// The environments whose it is: of a cluster all that run in it.
    pub environments: Vec<String>,
    /// Where it is shown.
    #[serde(flatten)]
    pub spot: Spot,
}

/// Derives what concerns more than one environment.
pub fn capacity(sites: &[Site<'_>]) -> Capacity {
    Capacity {
        clusters: clusters(sites),
        recovery: recovery::gaps(sites),
        budgets: sites.iter().flat_map(budgets).collect(),
        overcommit: overcommit(sites),
    }
}

impl<'a> Site<'a> {
    /// A place in this environment.
    pub(super) fn spot(&self, at: usize, path: String) -> Spot {
        Spot { environment: self.name.to_owned(), resource: self.resources[at].id.to_string(), path }
    }

    /// The largest workload of ours, by what it asks for in all of a resource.
    fn largest(&self, resource: &str) -> Option<&'a Demand> {
        let own = self.quota.demands.iter().filter(|demand| !demand.external);
        own.max_by_key(|demand| {
            let all = demand.requests.of(resource).saturating_mul(demand.pods.peak.max(demand.pods.steady));
            (all, std::cmp::Reverse(demand.at))
        })
    }
}

/// The sites of each cluster with pools, by its name.
fn by_cluster<'s, 'a>(sites: &'s [Site<'a>]) -> BTreeMap<Arc<str>, Vec<&'s Site<'a>>> {
    let mut found: BTreeMap<Arc<str>, Vec<&Site<'_>>> = BTreeMap::new();
    for site in sites {
        if let (Some(cluster), Some(_)) = (&site.quota.setting.cluster, &site.quota.setting.pools) {
            found.entry(cluster.clone()).or_default().push(site);
        }
    }
    found
}

fn clusters(sites: &[Site<'_>]) -> Vec<Cluster> {
    let clusters = by_cluster(sites).into_iter().filter_map(|(name, sites)| {
        let pools = sites[0].quota.setting.pools.as_deref()?;
        Some(cluster(&name, &sites, pools))
    });
    clusters.collect()
}

fn cluster(name: &str, sites: &[&Site<'_>], pools: &[Pool]) -> Cluster {
    let room = Room::new(pools, sites.iter().flat_map(|site| &site.quota.demands));
    let supply = Supply::most(&room);
    // A pod for which no node is large enough is said once, at the pod, and not again for every sum it is in.
    let placeable = |item: &(usize, Item<'_>)| room.too_large(item.1.demand).is_none();
    let mut peaks = peak_items(sites, sites[0].quota.setting.rollouts);
    for items in &mut peaks {
        items.retain(placeable);
    }
    let peaks: Vec<Judged> = peaks.par_iter().map(|items| judge(&room, &supply, items, sites)).collect();
    let peak = peaks.into_iter().min_by_key(|judged| judged.verdict);
    let mut steady: Vec<(usize, Item<'_>)> = items_with(sites, |_, demand| (demand.pods.steady, 0));
    steady.retain(placeable);
    let without_node =
        |(number, pool): (usize, &Pool)| Some((format!("a node of pool {}", pool.name), supply.without_node(number)?));
    let mut left: Vec<(String, Supply)> = pools.iter().enumerate().filter_map(without_node).collect();
    let zones: BTreeSet<&Arc<str>> = pools.iter().flat_map(|pool| &pool.zones).collect();
    if zones.len() > 1 {
        left.extend(zones.into_iter().map(|zone| (format!("zone {zone}"), supply.without_zone(zone))));
    }
    let losses = left.into_par_iter();
    let losses = losses.map(|(lost, supply)| Loss { lost, judged: judge(&room, &supply, &steady, sites) });
    Cluster {
        name: name.to_owned(),
        environments: names(sites),
        losses: losses.collect(),
        peak: peak.unwrap_or_else(|| judge(&room, &supply, &steady, sites)),
    }
}

/// The pods of all workloads that the scheduler places; those of DaemonSets are taken off the nodes.
fn items_with<'a>(sites: &[&Site<'a>], count: impl Fn(usize, &Demand) -> (i64, i64)) -> Vec<(usize, Item<'a>)> {
    let mut items = Vec::new();
    for (number, site) in sites.iter().enumerate() {
        for demand in &site.quota.demands {
            let (count, surge) = count(number, demand);
            // Of a DaemonSet only what a rollout adds is left to be placed.
            let count = if &*demand.kind == "DaemonSet" { surge } else { count.saturating_add(surge) };
            items.push((number, Item { demand, count, surge }));
        }
    }
    items
}

/// The pods at the peak while one rollout runs in each environment: the largest by CPU, by memory, by pods.
pub(super) fn peak_items<'a>(sites: &[&Site<'a>], rollouts: Rollouts) -> Vec<Vec<(usize, Item<'a>)>> {
    if rollouts == Rollouts::All {
        return vec![items_with(sites, |_, demand| (demand.pods.peak, demand.pods.surge))];
    }
    let mut variants: Vec<Vec<Option<usize>>> = ["cpu", "memory", "pods"]
        .iter()
        .map(|name| {
            let surging = |site: &&Site<'_>| {
                let rolled = site.quota.demands.iter().filter(|demand| demand.pods.surge > 0);
                let amount = |demand: &Demand| super::nodes::needs(demand).of(name).saturating_mul(demand.pods.surge);
                rolled.max_by_key(|demand| (amount(demand), std::cmp::Reverse(demand.at))).map(|demand| demand.at)
            };
            sites.iter().map(surging).collect()
        })
        .collect();
    variants.sort();
    variants.dedup();
    let with = |surging: Vec<Option<usize>>| {
        items_with(sites, |number, demand| {
            let rolls = surging[number] == Some(demand.at) && demand.pods.phase == Phase::Serving;
            (demand.pods.peak, if rolls { demand.pods.surge } else { 0 })
        })
    };
    variants.into_iter().map(with).collect()
}

/// Whether pods fit, with the place of what takes most.
pub(super) fn judge(room: &Room<'_>, supply: &Supply, items: &[(usize, Item<'_>)], sites: &[&Site<'_>]) -> Judged {
    let plain: Vec<Item<'_>> = items.iter().map(|(_, item)| *item).collect();
    let Fit { mut verdict, mut reason, witness, culprit } = fit::fit(room, supply, &plain);
    let culprit = culprit.filter(|(item, _)| !plain[*item].demand.external);
    let spot = match culprit {
        Some((item, name)) => {
            let (site, Item { demand, .. }) = &items[item];
            Some(sites[*site].spot(demand.at, path(demand, &name)))
        }
        None => sites.iter().find_map(|site| {
            let demand = site.largest("cpu")?;
            Some(site.spot(demand.at, path(demand, "cpu")))
        }),
    };
    let missing = sites.iter().flat_map(|site| &site.quota.setting.neighbours);
    let missing = missing.into_iter().find(|name| !sites.iter().any(|site| *site.name == ***name));
    if let Some(name) = missing.filter(|_| verdict == Verdict::Yes) {
        verdict = Verdict::Unknown;
        reason = format!("the environment {name} runs in the same cluster and is not rendered now");
    }
    Judged { verdict, reason, witness, spot }
}

fn path(demand: &Demand, name: &str) -> String {
    if name == "pods" { demand.pod_pointer.clone() } else { demand.pointer("requests", name) }
}

/// How much of their budgets the teams of an environment need.
fn budgets(site: &Site<'_>) -> Vec<Budget> {
    let mut found = Vec::new();
    for (team, budget) in &site.quota.setting.budgets {
        for (name, hard) in budget.iter() {
            let dimension = Dimension::of(name);
            let sum = site.quota.need(&dimension, site.quota.of_team(team));
            let Some((at, path)) = site.quota.largest(&sum, &dimension) else { continue };
            found.push(spent(team, name, &sum, hard, &[site], site.spot(at, path)));
        }
    }
    found
}

fn names(sites: &[&Site<'_>]) -> Vec<String> {
    sites.iter().map(|site| site.name.to_owned()).collect()
}

fn spent(name: &str, dimension: &str, sum: &Sum, hard: Quantity, sites: &[&Site<'_>], spot: Spot) -> Budget {
    let words = words(sum, hard);
    Budget {
        name: name.to_owned(),
        dimension: dimension.to_owned(),
        share: percent(sum.rollout, hard),
        sum: words.sum,
        hard: words.hard,
        witness: words.lines,
        environments: names(sites),
        spot,
    }
}

/// How much of what their nodes can give at most clusters promise in quotas without scopes.
fn overcommit(sites: &[Site<'_>]) -> Vec<Budget> {
    let mut found = Vec::new();
    for (name, sites) in by_cluster(sites) {
        let Some(pools) = sites[0].quota.setting.pools.as_deref() else { continue };
        let mut whole = Amounts::default();
        for pool in pools {
            whole.add(&allocatable(pool).times(i64::from(pool.max)));
        }
        for (resource, capacity) in whole.iter() {
            let mut terms: Vec<(Term, Option<Spot>)> = Vec::new();
            for site in &sites {
                for quota in site.quota.quotas.iter().filter(|quota| quota.scopes.is_empty()) {
                    let key = [format!("requests.{resource}"), resource.to_string()];
                    let promised =
                        key.iter().filter_map(|key| Some((key, quota.hard.get(key)?))).min_by_key(|(_, hard)| *hard);
                    let Some((key, hard)) = promised else { continue };
                    let label = format!("{}/{}", quota.namespace, quota.name).into();
                    let spot = site.spot(quota.at, format!("/spec/hard/{}", super::escape(key)));
                    let term = Term { at: quota.at, label, role: Role::Peak, count: 1, each: hard };
                    terms.push((term, (!quota.external).then_some(spot)));
                }
            }
            terms.sort_by(|(a, _), (b, _)| b.each.cmp(&a.each).then_with(|| a.label.cmp(&b.label)));
            let Some(spot) = terms.iter().find_map(|(_, spot)| spot.clone()) else { continue };
            let terms: Vec<Term> = terms.into_iter().map(|(term, _)| term).collect();
            let rollout = terms.iter().fold(Quantity::default(), |sum, term| sum.saturating_add(term.each));
            let sum = Sum { rollout, terms, ..Sum::default() };
            found.push(spent(&name, resource, &sum, capacity, &sites, spot));
        }
    }
    found
}

impl Quota {
    /// The workloads of a team.
    pub fn of_team<'q>(&'q self, team: &'q str) -> impl Iterator<Item = &'q Demand> {
        self.demands.iter().filter(move |demand| demand.team.as_deref() == Some(team))
    }
}
