//! What namespaces, teams and environments need: at rest, at their peak, while a rollout runs.
//!
//! Owns the arithmetic from one container to a cluster's nodes, all of it in whole numbers, and the
//! admission that ResourceQuotas and LimitRanges do. [`derive`] works on one environment; what concerns a
//! cluster or compares environments is [`capacity`]'s. Deciding what is too much is left to the policies
//! under `quota/`.
//!
//! In the order of the data: [`Pod`](pod::Pod) (one pod with all defaults), [`Pods`](replicas::Pods) (how
//! many), [`Demand`] (both, for a workload), [`Sum`](sums::Sum) (over workloads), [`Fit`](fit::Fit) (on nodes).

pub mod admission;
pub mod amounts;
pub mod capacity;
pub mod claims;
pub mod cron;
pub mod demand;
pub mod fit;
pub mod limits;
pub mod needs;
pub mod nodes;
pub mod placement;
pub mod pod;
pub mod quotas;
pub mod recovery;
pub mod replicas;
pub mod setting;
pub mod sidecar;
pub mod sums;
pub mod words;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::workload::Workload;
use super::world::World;
use claims::Claim;
use demand::{Demand, Surroundings};
use limits::Refusal;
use quotas::ResourceQuota;
use setting::Setting;

/// What an environment needs and what it is allowed.
#[derive(Debug, Clone, Default)]
pub struct Quota {
    /// Its workloads, in the order of the resources.
    pub demands: Vec<Demand>,
    /// Its ResourceQuotas.
    pub quotas: Vec<ResourceQuota>,
    /// Objects that quotas count, apart from pods, by namespace.
    pub objects: BTreeMap<Arc<str>, needs::Objects>,
    /// What is declared about it.
    pub setting: Setting,
    by_namespace: BTreeMap<Arc<str>, Members>,
}

/// The workloads and the quotas of one namespace, by their numbers.
#[derive(Debug, Clone, Default)]
struct Members {
    demands: Vec<usize>,
    quotas: Vec<usize>,
}

/// What was derived about one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QuotaFacts {
    /// How much of a quota is needed: of a ResourceQuota's own dimensions, or, where it is not ours, at the
    /// workload that takes most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peaks: Vec<needs::Peak>,
    /// Why its pods are refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// A quota's scopes that no pod has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmatched: Option<needs::Unmatched>,
    /// The PriorityClass of a workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<admission::Priority>,
    /// Why a CronJob's pods cannot be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncounted: Option<Refusal>,
    /// Why no node is large enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_large: Option<nodes::TooLarge>,
}

impl Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = [("path", &self.path), ("message", &self.message)];
        serializer.collect_map(members)
    }
}

/// Derives what an environment needs; for each resource of which something is known, its position and that.
pub(super) fn derive(world: &World<'_>, workloads: &[Workload<'_>]) -> (Quota, Vec<(usize, QuotaFacts)>) {
    let surroundings = Surroundings::new(world, &world.declared.capacity);
    let counted = workloads.iter().filter(|workload| {
        !workload.resource.is("", "PodTemplate") && !demand::is_made_by_another(world, workload.resource)
    });
    let counted: Vec<&Workload<'_>> = counted.collect();
    let demands: Vec<Demand> = counted.into_par_iter().map(|workload| surroundings.demand(workload)).collect();
    let quotas: Vec<ResourceQuota> =
        world.of_kind("", "ResourceQuota").map(|(at, quota)| ResourceQuota::read(at, quota)).collect();
    let mut by_namespace: BTreeMap<Arc<str>, Members> = BTreeMap::new();
    for (number, demand) in demands.iter().enumerate() {
        by_namespace.entry(demand.namespace.clone()).or_default().demands.push(number);
    }
    for (number, quota) in quotas.iter().enumerate() {
        by_namespace.entry(quota.namespace.clone()).or_default().quotas.push(number);
    }
    let objects = needs::objects(world);
    let quota = Quota { demands, quotas, objects, setting: world.declared.capacity.clone(), by_namespace };
    let facts = facts(&quota, &surroundings);
    (quota, facts)
}

fn facts(quota: &Quota, surroundings: &Surroundings<'_>) -> Vec<(usize, QuotaFacts)> {
    let mut found: BTreeMap<usize, QuotaFacts> = BTreeMap::new();
    for (at, peak) in quota.peaks() {
        found.entry(at).or_default().peaks.push(peak);
    }
    for (at, unmatched) in quota.unmatched(surroundings.world) {
        found.entry(at).or_default().unmatched = Some(unmatched);
    }
    let priorities = admission::Priorities::new(surroundings.world);
    let room = quota.setting.pools.as_ref().map(|pools| nodes::Room::new(pools, quota.demands.iter()));
    let own = quota.demands.par_iter().filter(|demand| !demand.external);
    let own = own.map(|demand| QuotaFacts {
        refusals: admission::refusals(quota, surroundings, demand),
        priority: priorities.of(quota, demand).filter(|_| surroundings.world.is_whole()),
        uncounted: admission::uncounted(surroundings.world.resources[demand.at].node(), demand),
        too_large: room.as_ref().and_then(|room| room.too_large(demand)),
        ..QuotaFacts::default()
    });
    let own: Vec<QuotaFacts> = own.collect();
    for (demand, facts) in quota.demands.iter().filter(|demand| !demand.external).zip(own) {
        if facts != QuotaFacts::default() {
            let known = found.entry(demand.at).or_default();
            *known = QuotaFacts { peaks: std::mem::take(&mut known.peaks), ..facts };
        }
    }
    for (at, refusals) in admission::claim_refusals(quota, surroundings) {
        found.entry(at).or_default().refusals.extend(refusals);
    }
    found.into_iter().collect()
}

impl Quota {
    /// The workloads of a namespace.
    pub fn in_namespace<'q>(&'q self, namespace: &str) -> impl Iterator<Item = &'q Demand> + use<'q> {
        let members = self.by_namespace.get(namespace);
        members.into_iter().flat_map(|members| &members.demands).map(|number| &self.demands[*number])
    }

    /// The ResourceQuotas of a namespace.
    pub fn quotas_in<'q>(&'q self, namespace: &str) -> impl Iterator<Item = &'q ResourceQuota> + use<'q> {
        let members = self.by_namespace.get(namespace);
        members.into_iter().flat_map(|members| &members.quotas).map(|number| &self.quotas[*number])
    }

    /// The namespaces in which there are workloads or quotas.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_namespace.keys()
    }

    /// The claims that stand as objects in a namespace, with their positions.
    pub fn claims_in<'q>(&'q self, namespace: &str) -> impl Iterator<Item = &'q (usize, Claim)> + use<'q> {
        self.objects.get(namespace).into_iter().flat_map(|objects| &objects.claims)
    }
}

/// A key as one part of a JSON pointer (RFC 6901).
pub(super) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { Cow::Owned(key.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(key) }
}

/// The beginning of a text that a message quotes.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}
