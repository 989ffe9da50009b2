//! Every policy of an environment, read, and whom each selects.
//!
//! Owns what is wrong between policies: two with one priority, one in a namespace that is nowhere. What is wrong
//! within one is its reader's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admin::{self, Admin};
use super::fault::{Faults, NetworkFault};
use super::pod::{Pod, position};
use super::policy::{Reader, network_policy};
use super::reach::Asked;
use super::rule::{Direction, Options, Policy, Tier};
use super::selection::{Selection, Selections};
use crate::facts::namespace::{Namespace, Source};
use crate::facts::workload::Workload;
use crate::facts::world::World;

/// Every policy, those of the cluster in the order in which they are asked.
pub(super) fn policies(
    world: &World<'_>,
    selections: &mut Selections<'_>,
    faults: &mut BTreeMap<usize, Vec<NetworkFault>>,
) -> Vec<Policy> {
    let mut policies = Vec::new();
    let mut reader = Reader { selections, faults: Faults::default() };
    for (at, resource) in world.of_kind("networking.k8s.io", "NetworkPolicy") {
        policies.extend(network_policy(&mut reader, at, resource));
        reader.faults.take(at, faults);
    }
    let mut admins: Vec<Admin> = Vec::new();
    for kind in ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"] {
        for (at, resource) in world.of_kind(admin::GROUP, kind) {
            admins.extend(admin::admin_policy(&mut reader, at, resource));
            reader.faults.take(at, faults);
        }
    }
    let name = |admin: &Admin| &world.resources[admin.policy.at].id.name;
    admins.sort_by(|one, two| {
        (one.policy.tier, one.priority, name(one)).cmp(&(two.policy.tier, two.priority, name(two)))
    });
    same_priority(world, &admins, faults);
    policies.extend(admins.into_iter().map(|admin| admin.policy));
    policies
}

/// Which of two policies with one priority is asked first is the plugin's choice.
fn same_priority(world: &World<'_>, admins: &[Admin], faults: &mut BTreeMap<usize, Vec<NetworkFault>>) {
    let mut of: BTreeMap<(Tier, i64), Vec<usize>> = BTreeMap::new();
    for admin in
        admins.iter().filter(|admin| &*world.resources[admin.policy.at].id.kind != "BaselineAdminNetworkPolicy")
    {
        of.entry((admin.policy.tier, admin.priority)).or_default().push(admin.policy.at);
    }
    for ((_, priority), same) in of.into_iter().filter(|(_, same)| same.len() > 1) {
        for at in &same {
            let Some(other) = same.iter().find(|other| *other != at) else { continue };
            let other = &world.resources[*other].id;
            let message = format!(
                "the priority {priority} is also that of `{}/{}`, and which of the two is asked first is not defined",
                other.kind, other.name
            );
            let fault = NetworkFault { path: "/spec/priority".into(), message, unknown: false, refused: false };
            faults.entry(*at).or_default().push(fault);
        }
    }
}

/// Policies in namespaces of which nothing else is known.
pub(super) fn in_unknown_namespaces(
    world: &World<'_>,
    workloads: &[Workload<'_>],
    namespaces: &BTreeMap<Arc<str>, Namespace>,
    faults: &mut BTreeMap<usize, Vec<NetworkFault>>,
) {
    let inhabited: BTreeSet<&str> = workloads.iter().map(|workload| workload.resource.namespace()).collect();
    for (at, policy) in world.of_kind("networking.k8s.io", "NetworkPolicy") {
        let name = policy.namespace();
        let known = namespaces.get(name).is_some_and(|namespace| namespace.source > Source::Seen);
        if !known && !inhabited.contains(name) {
            faults.entry(at).or_default().push(NetworkFault {
                path: "/metadata/namespace".into(),
                message: format!("nothing runs in the namespace `{name}`, and no Namespace of that name is known"),
                unknown: !world.declared.is_complete("Namespace"),
                refused: false,
            });
        }
    }
}

/// The policies that each group has to ask in a direction.
pub(super) fn asked(policies: &[Policy], groups: &[Pod], direction: Direction, options: &Options) -> Vec<Asked> {
    let mut asked = vec![Asked::default(); groups.len()];
    for (at, policy) in policies.iter().enumerate() {
        let Some(subject) = policy.subject.as_ref().filter(|_| policy.rules(direction).is_some()) else { continue };
        let mut ask = |group: u32| {
            let group = group as usize;
            if !options.is_node(policy.tier, &groups[group]) {
                asked[group].of(policy.tier).push(position(at));
            }
        };
        match &*subject.selected {
            Selection::All => (0..position(groups.len())).for_each(&mut ask),
            Selection::Some(selected) => selected.iter().copied().for_each(&mut ask),
        }
    }
    asked
}
