//! Facts about single resources that rest on the network: attached where policies read them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::namespace::Namespace;
use super::network::{Filter, Network};
use super::pods::PodIndex;
use super::workload::Workload;
use super::world::{Declared, World};
use super::{Derivation, ResourceFacts, declared, network_rules};
use crate::manifest::Resource;

/// Derives what the domain Network adds to the facts of single resources.
pub(super) fn attach(
    resources: &[Resource],
    workloads: &[Workload<'_>],
    namespaces: &BTreeMap<Arc<str>, Namespace>,
    network: &Network<'_>,
    known: &Declared,
    facts: &mut [ResourceFacts],
) {
    for (at, faults) in network.faults() {
        facts[*at].network_faults.clone_from(faults);
    }
    let world = World::new(resources, known);
    let derivation = Derivation { world: &world, workloads, pods: PodIndex::new(workloads), by_id: HashMap::new() };
    let directory = declared::Directory::new(&derivation, namespaces);
    for (at, rules) in network_rules::rule_facts(&derivation, &directory, namespaces) {
        facts[at].rules = Some(rules);
    }
    for (at, reach) in network_rules::reach_facts(&derivation, &directory, network) {
        facts[at].infrastructure = Some(reach);
    }
    if !directory.is_empty() {
        let connections = network.connections(&Filter::default()).ok();
        for (at, found) in declared::derive(&derivation, &directory, network, connections.as_deref()) {
            facts[at].declared = Some(found);
        }
    }
}
