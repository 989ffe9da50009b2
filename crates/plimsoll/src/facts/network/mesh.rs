//! What Istio's AuthorizationPolicy takes away of what network policies admit.
//!
//! Istio reference, "Authorization Policy" and "Authorization Policy Conditions": CUSTOM, then DENY, then ALLOW;
//! none of these that allows = everything allowed, an ALLOW policy without rules = nothing. What ports, addresses
//! and identities decide is decided; what requests decide (methods, paths, tokens) is *conditional*. Reading
//! the objects is [`authorization`]'s. Pods of the mesh only, and TCP only: Istio carries nothing else.

mod authorization;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::AddressSet;
use super::fault::{Faults, NetworkFault};
use super::pod::{Pod, position};
use super::ports::{ConnectionSet, PortSet, Protocol};
use super::rule::Other;
use crate::facts::namespace::Namespace;
use crate::facts::workload::Workload;
use crate::facts::world::World;
use crate::yaml::Node;
use authorization::{Authorization, Decision};

/// The port through which ambient pods reach each other (Istio documentation, "HBONE").
const HBONE: u16 = 15008;

/// How a pod takes part in a mesh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Membership {
    /// It does not.
    #[default]
    Outside,
    /// By a proxy of its own.
    Sidecar,
    /// By the proxy of its node.
    Ambient,
}

/// The authorization policies of an environment, and which groups each is about.
#[derive(Debug, Default)]
pub(super) struct Mesh {
    pub(super) policies: Vec<Authorization>,
    of_group: Vec<Vec<u32>>,
    /// Every block of addresses that a policy mentions.
    blocks: Vec<AddressSet>,
}

/// How a workload's pods take part in a mesh (Istio documentation, "Controlling the injection policy" and "Add
/// workloads to an ambient mesh").
pub(super) fn membership(workload: &Workload<'_>, namespaces: &BTreeMap<Arc<str>, Namespace>) -> Membership {
    if workload.pod.get("hostNetwork").and_then(Node::as_bool) == Some(true) {
        return Membership::Outside;
    }
    let of_namespace = |key: &str| namespaces.get(workload.resource.namespace())?.labels.get(key);
    let template = workload.resource.node().pointer(&workload.pointer);
    let annotation = |key: &str| template?.at(&["metadata", "annotations"])?.str_at(&[key]);
    match workload.labels.get("istio.io/dataplane-mode").or_else(|| of_namespace("istio.io/dataplane-mode")) {
        Some("ambient") => return Membership::Ambient,
        _ if workload.containers.iter().any(|container| container.name == "istio-proxy") => return Membership::Sidecar,
        _ => {}
    }
    let asked = workload.labels.get("sidecar.istio.io/inject").or_else(|| annotation("sidecar.istio.io/inject"));
    let injected = match asked {
        Some(text) => text == "true",
        None => of_namespace("istio-injection") == Some("enabled") || of_namespace("istio.io/rev").is_some(),
    };
    let revision = workload.labels.get("istio.io/rev").is_some() && asked != Some("false");
    if injected || revision { Membership::Sidecar } else { Membership::Outside }
}

impl Mesh {
    pub(super) fn read(world: &World<'_>, groups: &[Pod], faults: &mut BTreeMap<usize, Vec<NetworkFault>>) -> Self {
        let mut mesh = Self::default();
        for (at, resource) in world.of_kind("security.istio.io", "AuthorizationPolicy") {
            let mut found = Faults::default();
            mesh.policies.extend(authorization::read(at, resource, &mut found, &mut mesh.blocks));
            found.take(at, faults);
        }
        if !mesh.policies.is_empty() {
            mesh.of_group = groups.iter().map(|group| mesh.about(group)).collect();
        }
        mesh
    }

    pub(super) fn address_sets(&self) -> impl Iterator<Item = &AddressSet> {
        self.blocks.iter()
    }

    fn about(&self, pod: &Pod) -> Vec<u32> {
        if pod.mesh == Membership::Outside {
            return Vec::new();
        }
        let policies = self.policies.iter().enumerate();
        policies.filter(|(_, policy)| policy.is_about(pod)).map(|(at, _)| position(at)).collect()
    }

    /// The policies about a destination, as positions.
    pub(super) fn asked(&self, destination: Other<'_>) -> Vec<u32> {
        match destination {
            Other::Group(group, _) => self.of_group.get(group as usize).cloned().unwrap_or_default(),
            Other::Pod(pod) => self.about(pod),
            Other::Addresses(_) | Other::Anybody => Vec::new(),
        }
    }

    /// What is left of the connections that network policies admit, and what of it is conditional.
    pub(super) fn apply(
        &self,
        mut ports: ConnectionSet,
        source: Other<'_>,
        destination: Other<'_>,
    ) -> (ConnectionSet, ConnectionSet) {
        let Some(pod) = destination.pod().filter(|pod| pod.mesh != Membership::Outside) else {
            return (ports, ConnectionSet::none());
        };
        let is_ambient = |pod: &Pod| pod.mesh == Membership::Ambient;
        if is_ambient(pod) && source.pod().is_some_and(is_ambient) {
            // The network sees one port; which of the pod's ports is meant travels inside.
            let tunnel = ports.contains(Protocol::Tcp, HBONE);
            ports = ports.with(Protocol::Tcp, if tunnel { PortSet::all() } else { PortSet::none() });
        }
        let asked = self.asked(destination);
        if asked.is_empty() {
            return (ports, ConnectionSet::none());
        }
        let decided = self.decide(&asked, source);
        let tcp = ports.ports(Protocol::Tcp).difference(&decided.denied);
        let conditional = ConnectionSet::of(Protocol::Tcp, tcp.intersection(&decided.conditional));
        (ports.with(Protocol::Tcp, tcp), conditional)
    }

    /// What policies say of TCP ports, whatever the network admits.
    pub(super) fn decide(&self, asked: &[u32], source: Other<'_>) -> Decided {
        let mut decided = Decided::default();
        let mut allowed: Option<(PortSet, PortSet)> = None;
        for at in asked {
            let policy = &self.policies[*at as usize];
            let (surely, possibly) = policy.matched(source);
            match policy.decision {
                Decision::Custom => decided.conditional = decided.conditional.union(&possibly),
                Decision::Deny => {
                    decided.denied = decided.denied.union(&surely);
                    decided.conditional = decided.conditional.union(&possibly);
                }
                Decision::Allow => {
                    let before = allowed.unwrap_or_default();
                    allowed = Some((before.0.union(&surely), before.1.union(&possibly)));
                }
            }
        }
        if let Some((surely, possibly)) = allowed {
            decided.denied = decided.denied.union(&PortSet::all().difference(&possibly));
            decided.conditional = decided.conditional.union(&possibly.difference(&surely));
        }
        decided
    }
}

/// What authorization policies say of a destination's TCP ports.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) denied: PortSet,
    pub(super) conditional: PortSet,
}
