//! Facts about single resources that rest on the network: attached where policies read them.

use std::collections::{BTreeMap, HashMap};

use super::pods::PodIndex;
use super::world::World;
use super::{Derivation, Facts, declared, network_rules};

/// Derives what the domain Network adds to the facts of single resources; nothing where it was not derived.
pub(super) fn attach(world: &World<'_>, facts: &mut Facts<'_>) {
    let Some(network) = &facts.network else { return };
    let pods = PodIndex::new(&facts.workloads);
    let derivation = Derivation { world, workloads: &facts.workloads, pods, by_id: HashMap::new() };
    let directory = declared::Directory::new(&derivation, &facts.namespaces);
    let rules = network_rules::rule_facts(&derivation, &directory, &facts.namespaces);
    // What could not be rendered may admit what is blocked, and isolate what is open.
    let settled = world.is_whole().then_some(network);
    let infrastructure =
        settled.map(|network| network_rules::reach_facts(&derivation, &directory, network, &facts.namespaces));
    let declared = if directory.is_empty() {
        BTreeMap::new()
    } else {
        let admitted = settled.map(|network| (network, facts.connections()));
        declared::derive(&derivation, &directory, admitted)
    };
    let faults = network.faults().clone();
    for (at, faults) in faults {
        facts.of_resource[at].network_faults = faults;
    }
    for (at, rules) in rules {
        facts.of_resource[at].rules = Some(rules);
    }
    for (at, infrastructure) in infrastructure.into_iter().flatten() {
        facts.of_resource[at].infrastructure = Some(infrastructure);
    }
    for (at, declared) in declared {
        facts.of_resource[at].declared = Some(declared);
    }
}
