//! Policies and their rules, compiled: what all kinds of network policy have in common.
//!
//! [`policy`](super::policy) and [`admin`](super::admin) read them out of objects; [`reach`](super::reach)
//! evaluates them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::{AddressRange, AddressSet};
use super::pod::Pod;
use super::ports::{ConnectionSet, Protocol};
use super::selection::Selection;
use crate::facts::selector::Selector;

/// The side of a connection that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// What reaches the subject.
    Ingress,
    /// What the subject reaches.
    Egress,
}

impl Direction {
    /// Both, in the order of their positions.
    pub const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The word in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// What a rule does with the connections it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Admits them, and nothing further is asked.
    Allow,
    /// Blocks them, and nothing further is asked.
    Deny,
    /// Leaves them to the next tier.
    Pass,
}

/// When a policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Before every NetworkPolicy.
    Admin,
    /// NetworkPolicy.
    Namespace,
    /// After every NetworkPolicy.
    Baseline,
}

/// Which namespaces a selector of pods looks into.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    /// The policy's own.
    Own(Arc<str>),
    /// Those whose labels match.
    Matching(Selector),
}

/// A selector of pods with what it selects among those that are rendered.
#[derive(Debug, Clone)]
pub(super) struct PodSelector {
    pub(super) scope: Scope,
    pub(super) pods: Selector,
    /// The groups it selects.
    pub(super) selected: Arc<Selection>,
}

impl PodSelector {
    /// Whether it selects a pod that is in no group.
    pub(super) fn matches(&self, pod: &Pod) -> bool {
        let namespace = match &self.scope {
            Scope::Own(name) => *name == pod.namespace,
            Scope::Matching(selector) => selector.matches(&pod.namespace_labels),
        };
        namespace && self.pods.matches(&pod.labels)
    }
}

/// One entry of `from` or `to`.
#[derive(Debug, Clone)]
pub(super) enum PeerRule {
    /// Pods.
    Pods(PodSelector),
    /// Addresses.
    Addresses(AddressSet),
    /// Nodes, by label.
    Nodes(Selector),
    /// Domain names: which addresses they have is not in any manifest.
    Domains,
}

/// Whom a rule is about.
#[derive(Debug, Clone)]
pub(super) enum Peers {
    /// Everyone, in the cluster and outside.
    Anyone,
    /// What any entry matches.
    Listed(Vec<PeerRule>),
}

/// Which ports a rule is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Ports {
    /// Those given by number.
    pub(super) numbered: ConnectionSet,
    /// Those given by name, each with the protocols that are asked for; `None` is any.
    pub(super) named: BTreeMap<Arc<str>, Vec<Option<Protocol>>>,
}

impl Ports {
    /// Every port.
    pub(super) fn all() -> Self {
        Self { numbered: ConnectionSet::all(), named: BTreeMap::new() }
    }

    /// Adds a port by its name.
    pub(super) fn name(&mut self, name: &str, protocol: Option<Protocol>) {
        let protocols = self.named.entry(name.into()).or_default();
        if !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }

    /// The connections to a destination; names mean nothing where the destination is no pod.
    pub(super) fn at(&self, destination: Option<&Pod>) -> ConnectionSet {
        // A pod has few names, and a rule may list thousands.
        let ports = destination.into_iter().flat_map(|pod| &pod.named_ports);
        let asked = ports.filter(|port| {
            let protocols = self.named.get(&port.name).map(Vec::as_slice).unwrap_or_default();
            protocols.iter().any(|protocol| protocol.is_none_or(|protocol| port.protocol == protocol))
        });
        asked.fold(self.numbered.clone(), |set, port| set.union(&ConnectionSet::port(port.protocol, port.number)))
    }
}

/// One rule of a policy.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Its position in its list, for the JSON pointer.
    pub(super) at: usize,
    /// Its own name, where it has one.
    pub(super) name: Option<Arc<str>>,
    pub(super) action: Action,
    pub(super) peers: Peers,
    pub(super) ports: Ports,
}

/// A policy with its rules for each direction; `None` where it does not speak about a direction.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// The resource, as a position.
    pub(super) at: usize,
    pub(super) tier: Tier,
    pub(super) subject: Option<PodSelector>,
    pub(super) ingress: Option<Vec<Rule>>,
    pub(super) egress: Option<Vec<Rule>>,
}

impl Policy {
    pub(super) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Where a connection comes from or goes to, seen from the pod at its other end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Other<'q> {
    /// A pod of a group.
    Group(u32, &'q Pod),
    /// A pod that is in no group.
    Pod(&'q Pod),
    /// Any pod that no rule names: only what is about everyone is about it.
    Anybody,
    /// Addresses of which a policy treats all the same.
    Addresses(AddressRange),
}

impl<'q> Other<'q> {
    pub(super) fn pod(&self) -> Option<&'q Pod> {
        match self {
            Self::Group(_, pod) | Self::Pod(pod) => Some(pod),
            Self::Addresses(_) | Self::Anybody => None,
        }
    }
}

/// How the two ambiguous cases of the API are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What pods on their node's network are for policies.
    pub host_network: HostNetwork,
    /// The addresses pods have; a block that holds all of them matches pods, too. None by default: which
    /// address a pod has cannot be known from manifests, and blocks are meant for what is outside.
    pub pod_addresses: AddressSet,
}

/// What a NetworkPolicy does with pods on their node's network; the documentation leaves both to the plugin
/// ("NetworkPolicy and `hostNetwork` pods").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HostNetwork {
    /// They are selected as any pod is.
    #[default]
    Pod,
    /// No selector selects them: what they send comes from a node, and nothing keeps traffic from them.
    Node,
}

impl Options {
    /// Whether an entry of a rule matches.
    fn entry(&self, tier: Tier, entry: &PeerRule, other: Other<'_>) -> bool {
        let as_node = other.pod().is_some_and(|pod| self.is_node(tier, pod));
        match (entry, other) {
            (PeerRule::Pods(selector), Other::Group(group, _)) => !as_node && selector.selected.contains(group),
            (PeerRule::Pods(selector), Other::Pod(pod)) => !as_node && selector.matches(pod),
            (PeerRule::Pods(selector), Other::Anybody) => *selector.selected == Selection::All,
            (PeerRule::Addresses(set), Other::Addresses(range)) => set.covers(&range),
            // A node's address is not in any manifest: only a block of all addresses is sure to hold it.
            (PeerRule::Addresses(set), _) if as_node => set.covers(&AddressRange::all(super::Family::V4)),
            (PeerRule::Addresses(set), _) => {
                !self.pod_addresses.is_empty() && self.pod_addresses.ranges().iter().all(|range| set.covers(range))
            }
            (PeerRule::Nodes(selector), _) => as_node && selector.selects_everything(),
            (PeerRule::Pods(_), Other::Addresses(_)) | (PeerRule::Domains, _) => false,
        }
    }

    /// Whether a pod counts as its node: always for the cluster's policies, whose reference says so.
    pub(super) fn is_node(&self, tier: Tier, pod: &Pod) -> bool {
        pod.host_network && (tier != Tier::Namespace || self.host_network == HostNetwork::Node)
    }

    /// Whether a rule is about the other end.
    pub(super) fn matches(&self, tier: Tier, rule: &Rule, other: Other<'_>) -> bool {
        match &rule.peers {
            Peers::Anyone => true,
            Peers::Listed(entries) => entries.iter().any(|entry| self.entry(tier, entry, other)),
        }
    }
}
