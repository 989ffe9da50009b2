//! In which directions NetworkPolicies isolate pods, whatever they admit.
//!
//! Cheap, and derived in every run; who reaches whom is [`reach`](super::reach)'s.

use serde::Serialize;

use crate::facts::Derivation;
use crate::facts::selector::Selector;
use crate::yaml::Node;

/// In which directions NetworkPolicies isolate a workload's pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// Some policy with the type Ingress selects the pods.
    pub ingress: bool,
    /// Some policy with the type Egress selects the pods.
    pub egress: bool,
    /// Whether the namespace's policies are known to be ours: a policy or the Namespace is rendered there.
    pub known: bool,
}

/// Derives the isolation of every workload, in the order of the workloads.
pub(in crate::facts) fn isolation(derivation: &Derivation<'_>) -> Vec<Isolation> {
    let world = derivation.world;
    let complete = world.declared.is_complete("NetworkPolicy");
    let mut isolation: Vec<Isolation> = derivation
        .workloads
        .iter()
        .map(|workload| {
            let namespace = workload.resource.namespace();
            let known = complete
                || world.keeps("networking.k8s.io", "NetworkPolicy", namespace)
                || world.owns_namespace(namespace);
            Isolation { known, ..Isolation::default() }
        })
        .collect();
    for (_, policy) in world.of_kind("networking.k8s.io", "NetworkPolicy") {
        let spec = policy.node().get("spec");
        let Some(selector) = pod_selector(spec) else { continue };
        let (ingress, egress) = policy_types(spec);
        for at in derivation.pods.select(derivation.workloads, policy.namespace(), &selector) {
            isolation[at].ingress |= ingress;
            isolation[at].egress |= egress;
        }
    }
    isolation
}

/// The pods a NetworkPolicy selects; an absent `podSelector` selects all, an invalid one nothing.
fn pod_selector(spec: Option<&Node>) -> Option<Selector> {
    match spec.and_then(|spec| spec.get("podSelector")) {
        None => Some(Selector::everything()),
        Some(node) if node.is_null() => Some(Selector::everything()),
        Some(node) => Selector::label_selector(node).ok(),
    }
}

/// Whether a policy isolates for ingress and for egress.
///
/// Where `policyTypes` is absent: ingress always, egress if there are egress rules (API reference,
/// NetworkPolicySpec).
pub(super) fn policy_types(spec: Option<&Node>) -> (bool, bool) {
    let types = spec.and_then(|spec| spec.get("policyTypes")).map(Node::items).unwrap_or_default();
    if types.is_empty() {
        let rules = spec.and_then(|spec| spec.get("egress")).map(Node::items).unwrap_or_default();
        return (true, !rules.is_empty());
    }
    let has = |name| types.iter().any(|r#type| r#type.as_str() == Some(name));
    (has("Ingress"), has("Egress"))
}
