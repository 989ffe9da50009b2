//! What every pod has to reach whatever its service declares: name resolution, and the mesh it is in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::rules::{Port, PortNumber, Rule, Rules};
use crate::facts::Derivation;
use crate::facts::declared::{Directory, Role, role_pod};
use crate::facts::namespace::{NAME_LABEL, Namespace};
use crate::facts::network::{ConnectionSet, Direction, Effect, End, Membership, Network, PeerId, Pod, Protocol};
use crate::facts::selector::Selector;

/// Where Istio's control plane answers proxies (Istio documentation, "Ports used by Istio").
const ISTIOD: u16 = 15012;
/// The port through which ambient pods reach each other (the same, "HBONE").
const TUNNEL: u16 = 15008;
/// Where resolvers listen: 53, and 5353 where they run without the right to open 53 (OpenShift).
const RESOLVERS: [u16; 2] = [53, 5353];

/// What a workload cannot reach or be reached by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Infrastructure {
    /// Name resolution, where some of it is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
    /// The control plane of the mesh, where it is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub istiod: Option<Istiod>,
    /// Whether ingress rules admit pods and none of them the tunnel that ambient pods use.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tunnel: bool,
}

/// How name resolution is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dns {
    /// Whether a role says where it is; otherwise no rule admits it anywhere.
    pub declared: bool,
    /// Whether it is blocked over UDP.
    pub udp: bool,
    /// Whether it is blocked over TCP.
    pub tcp: bool,
    /// Why, in words.
    pub witness: Vec<String>,
}

/// How the control plane of the mesh is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Istiod {
    /// Whether it is rendered or declared where it runs.
    pub known: bool,
    /// Why, in words.
    pub witness: Vec<String>,
}

/// What the rules of all NetworkPolicies about one workload have in common.
#[derive(Debug, Clone, Copy, Default)]
struct Summary {
    /// The port is one that resolvers listen on, over UDP.
    egress: Admits,
    /// The port is that of the tunnel.
    ingress: Admits,
}

/// What the rules of one direction admit.
#[derive(Debug, Clone, Copy, Default)]
struct Admits {
    /// Some rule is about pods, or about everyone.
    pods: bool,
    /// Some rule admits the port in question.
    port: bool,
}

/// What is blocked for each workload, by its position among the resources.
pub(in crate::facts) fn reach_facts(
    derivation: &Derivation<'_>,
    directory: &Directory<'_>,
    network: &Network<'_>,
    namespaces: &BTreeMap<Arc<str>, Namespace>,
) -> Vec<(usize, Infrastructure)> {
    let summaries = summaries(derivation);
    let finder = Finder { derivation, directory, network, namespaces };
    let mut found = Vec::new();
    for (at, workload) in derivation.workloads.iter().enumerate() {
        let Some(peer) = network.peer_of(workload.at) else { continue };
        let pod = network.pods_of(peer).next().filter(|pod| !pod.host_network);
        let Some(pod) = pod.filter(|_| !workload.resource.is_external()) else { continue };
        let summary = summaries[at];
        let isolated = |direction| network.is_isolated(peer, direction);
        let facts = Infrastructure {
            dns: if isolated(Direction::Egress) { finder.dns(at, peer, summary) } else { None },
            istiod: match pod.mesh {
                Membership::Sidecar if isolated(Direction::Egress) => finder.istiod(at, peer),
                _ => None,
            },
            tunnel: pod.mesh == Membership::Ambient
                && isolated(Direction::Ingress)
                && summary.ingress.pods
                && !summary.ingress.port,
        };
        if facts != Infrastructure::default() {
            found.push((workload.at, facts));
        }
    }
    found
}

fn summaries(derivation: &Derivation<'_>) -> Vec<Summary> {
    let mut summaries = vec![Summary::default(); derivation.workloads.len()];
    for (_, policy) in derivation.world.of_kind("networking.k8s.io", "NetworkPolicy") {
        let rules = Rules::of(policy);
        let Some(selector) = &rules.pods else { continue };
        for at in derivation.pods.select(derivation.workloads, policy.namespace(), selector) {
            let summary = &mut summaries[at];
            for rule in &rules.rules {
                let pods = rule.everyone || !rule.peers.is_empty();
                if rule.is_ingress {
                    summary.ingress.pods |= pods;
                    summary.ingress.port |= admits(rule, Protocol::Tcp, TUNNEL);
                } else {
                    summary.egress.pods |= pods;
                    let named =
                        |port: &Port| matches!(&port.number, PortNumber::Named(name) if name.starts_with("dns"));
                    summary.egress.port |= RESOLVERS.iter().any(|port| admits(rule, Protocol::Udp, *port))
                        || rule.ports.iter().flatten().any(|port| port.protocol == Protocol::Udp && named(port));
                }
            }
        }
    }
    summaries
}

fn admits(rule: &Rule, protocol: Protocol, number: u16) -> bool {
    rule.ports.as_ref().is_none_or(|ports| {
        ports.iter().any(|port| {
            port.protocol == protocol
                && match port.number {
                    PortNumber::All => true,
                    PortNumber::Range(first, last) => (first..=last).contains(&i64::from(number)),
                    PortNumber::Named(_) => false,
                }
        })
    })
}

struct Finder<'f, 'a> {
    derivation: &'f Derivation<'a>,
    directory: &'f Directory<'a>,
    network: &'f Network<'a>,
    namespaces: &'f BTreeMap<Arc<str>, Namespace>,
}

impl Finder<'_, '_> {
    /// Pods that only connect to addresses need no names.
    fn dns(&self, workload: usize, peer: PeerId, summary: Summary) -> Option<Dns> {
        let Some(role) = self.directory.role(workload, "dns") else {
            let blocked = summary.egress.pods && !summary.egress.port;
            return blocked.then_some(Dns { declared: false, udp: true, tcp: true, witness: Vec::new() });
        };
        if !summary.egress.pods && !self.directory.declares(workload) {
            return None;
        }
        let of = |protocol: Protocol| {
            let ports = role.ports.iter().filter(|ports| ports.protocol == protocol).map(|ports| ports.set());
            let ports = ports.fold(ConnectionSet::none(), |sum, ports| sum.union(&ports));
            if ports.is_empty() && protocol == Protocol::Udp {
                ConnectionSet::port(protocol, RESOLVERS[0])
            } else {
                ports
            }
        };
        let (udp, udp_witness) = self.blocked(peer, role, &of(Protocol::Udp));
        let (tcp, tcp_witness) = self.blocked(peer, role, &of(Protocol::Tcp));
        (udp || tcp).then_some(Dns { declared: true, udp, tcp, witness: if udp { udp_witness } else { tcp_witness } })
    }

    fn istiod(&self, workload: usize, peer: PeerId) -> Option<Istiod> {
        let port = ConnectionSet::port(Protocol::Tcp, ISTIOD);
        let usual = Role::of_pods(
            [(NAME_LABEL, "istio-system")].into_iter().collect(),
            [("app", "istiod")].into_iter().collect(),
        );
        let declared = self.directory.role(workload, "istiod");
        let role = declared.unwrap_or(&usual);
        let known = declared.is_some() || self.rendered(role).next().is_some();
        let (blocked, witness) = self.blocked(peer, role, &port);
        blocked.then_some(Istiod { known, witness })
    }

    /// Whether none of what a role stands for can be reached on any of its ports, and why not.
    fn blocked(&self, from: PeerId, role: &Role, ports: &ConnectionSet) -> (bool, Vec<String>) {
        if ports.is_empty() {
            return (false, Vec::new());
        }
        let mut witness = Vec::new();
        let source = End::Peer(from);
        let mut reaches = |end: End<'_>| {
            let explanation = self.network.explain(source, end);
            let reached = explanation.reach.ports.intersects(ports);
            let blocking = explanation.because.into_iter().filter(|one| one.effect == Effect::Blocks);
            witness.extend(blocking.map(|one| format!("{}: {}", one.side.name(), one.words)));
            reached
        };
        let mut any = false;
        let rendered: Vec<PeerId> = self.rendered(role).collect();
        for peer in &rendered {
            any |= reaches(End::Peer(*peer));
        }
        if let Some(pod) = role_pod(role, self.namespaces)
            && rendered.is_empty()
        {
            any |= reaches(End::Pod(&pod));
        }
        for range in role.addresses().ranges() {
            any |= reaches(End::Addresses(*range));
        }
        (!any, witness)
    }

    /// The rendered pods that a role stands for.
    fn rendered(&self, role: &Role) -> impl Iterator<Item = PeerId> {
        let selectors = role.pods.as_ref();
        let selectors = selectors.map(|pods| (Selector::labelled(&pods.namespace), Selector::labelled(&pods.labels)));
        let named = role.pods.as_ref().and_then(|pods| pods.namespace.get(NAME_LABEL)).map(str::to_owned);
        let everywhere = self
            .derivation
            .workloads
            .iter()
            .filter(move |workload| named.as_deref().is_none_or(|name| workload.resource.namespace() == name));
        everywhere.filter_map(move |workload| {
            let (namespace, labels) = selectors.as_ref()?;
            let peer = self.network.peer_of(workload.at)?;
            let is = |pod: &Pod| namespace.matches(&pod.namespace_labels) && labels.matches(&pod.labels);
            self.network.pods_of(peer).any(is).then_some(peer)
        })
    }
}
