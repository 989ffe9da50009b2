//! AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy: from the object to rules.
//!
//! Shapes from network-policy-api, `apis/v1alpha1/{adminnetworkpolicy,baselineadminnetworkpolicy,shared}_types.go`
//! and `apis/v1alpha2/clusternetworkpolicy_types.go`: who is asked first, what an entry may say, and that an entry
//! nobody understands fails closed.

use super::addresses::AddressSet;
use super::policy::{Reader, list, member};
use super::ports::{ConnectionSet, PortSet, Protocol};
use super::rule::{Action, Direction, PeerRule, Peers, PodSelector, Policy, Ports, Rule, Scope, Tier};
use crate::facts::selector::Selector;
use crate::manifest::Resource;
use crate::yaml::Node;

/// The group of all three kinds.
pub(super) const GROUP: &str = "policy.networking.k8s.io";

/// The largest priority there is.
const LAST_PRIORITY: i64 = 1000;

/// A cluster-wide policy and its place among those of its tier.
#[derive(Debug)]
pub(super) struct Admin {
    pub(super) policy: Policy,
    pub(super) priority: i64,
}

/// Reads a cluster-wide policy of any of the three kinds; `None` for another kind.
pub(super) fn admin_policy(reader: &mut Reader<'_, '_>, at: usize, resource: &Resource) -> Option<Admin> {
    let empty = Node::default();
    let spec = member(resource.node(), "spec").unwrap_or(&empty);
    let (tier, priority) = match &*resource.id.kind {
        "AdminNetworkPolicy" => (Tier::Admin, reader.priority(spec)),
        "BaselineAdminNetworkPolicy" => {
            if &*resource.id.name != "default" {
                reader.faults.add("/metadata/name", "the one policy of this kind is called `default`");
            }
            (Tier::Baseline, 0)
        }
        "ClusterNetworkPolicy" => (reader.tier(spec)?, reader.priority(spec)),
        _ => return None,
    };
    let subject = reader.subject(spec);
    // A direction without rules is not affected at all ("CNPs with no ingress rules do not affect ingress traffic").
    let ingress = reader.admin_rules(spec, Direction::Ingress);
    let egress = reader.admin_rules(spec, Direction::Egress);
    let some = |rules: Vec<Rule>| (!rules.is_empty()).then_some(rules);
    let policy = Policy { at, tier, subject, ingress: some(ingress), egress: some(egress) };
    Some(Admin { policy, priority })
}

impl Reader<'_, '_> {
    fn tier(&mut self, spec: &Node) -> Option<Tier> {
        match member(spec, "tier").and_then(Node::as_str) {
            Some("Admin") => Some(Tier::Admin),
            Some("Baseline") => Some(Tier::Baseline),
            _ => {
                self.faults.add("/spec/tier", "`tier` is `Admin` or `Baseline`");
                None
            }
        }
    }

    fn priority(&mut self, spec: &Node) -> i64 {
        let priority = member(spec, "priority").and_then(Node::as_int);
        let priority = priority.filter(|priority| (0..=LAST_PRIORITY).contains(priority));
        if priority.is_none() {
            self.faults.add("/spec/priority", format!("`priority` is a whole number from 0 to {LAST_PRIORITY}"));
        }
        priority.unwrap_or(LAST_PRIORITY)
    }

    fn subject(&mut self, spec: &Node) -> Option<PodSelector> {
        let empty = Node::default();
        let subject = member(spec, "subject").unwrap_or(&empty);
        match (member(subject, "namespaces"), member(subject, "pods")) {
            (Some(namespaces), None) => self.namespaces(namespaces, "/spec/subject/namespaces"),
            (None, Some(pods)) => self.namespaced_pods(pods, "/spec/subject/pods"),
            _ => {
                self.faults.add("/spec/subject", "a subject is either `namespaces` or `pods`");
                None
            }
        }
    }

    fn namespaces(&mut self, node: &Node, path: &str) -> Option<PodSelector> {
        let namespaces = self.selector(node, path)?;
        Some(self.pods(Scope::Matching(namespaces), Selector::everything()))
    }

    fn namespaced_pods(&mut self, node: &Node, path: &str) -> Option<PodSelector> {
        let mut selector = |key: &str| match member(node, key) {
            None => Some(Selector::everything()),
            Some(selector) => self.selector(selector, &format!("{path}/{key}")),
        };
        let (namespaces, pods) = (selector("namespaceSelector")?, selector("podSelector")?);
        Some(self.pods(Scope::Matching(namespaces), pods))
    }

    fn admin_rules(&mut self, spec: &Node, direction: Direction) -> Vec<Rule> {
        let rules = list(spec, direction.name()).iter().enumerate();
        rules.filter_map(|(at, rule)| self.admin_rule(rule, at, direction)).collect()
    }

    fn admin_rule(&mut self, rule: &Node, at: usize, direction: Direction) -> Option<Rule> {
        let path = format!("/spec/{}/{at}", direction.name());
        let action = match member(rule, "action").and_then(Node::as_str) {
            Some("Allow" | "Accept") => Action::Allow,
            Some("Deny") => Action::Deny,
            Some("Pass") => Action::Pass,
            _ => {
                self.faults.add(
                    format!("{path}/action"),
                    "an action is `Allow` (`Accept` in a ClusterNetworkPolicy), `Deny` or `Pass`",
                );
                return None;
            }
        };
        let key = if direction == Direction::Ingress { "from" } else { "to" };
        let entries = list(rule, key);
        if entries.is_empty() {
            self.faults.add(format!("{path}/{key}"), format!("a rule needs at least one entry in `{key}`"));
        }
        let read: Vec<Option<Vec<PeerRule>>> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| self.admin_peer(entry, &format!("{path}/{key}/{at}"), direction))
            .collect();
        let closed = action != Action::Allow && read.iter().any(Option::is_none);
        let ports = self.admin_ports(rule, &path);
        let name = member(rule, "name").and_then(Node::as_str).map(Into::into);
        // "For Deny and Pass rules, fail closed means: treat the rule as a 'Deny all' rule."
        Some(if closed {
            Rule { at, name, action: Action::Deny, peers: Peers::Anyone, ports: Ports::all() }
        } else {
            Rule { at, name, action, peers: Peers::Listed(read.into_iter().flatten().flatten().collect()), ports }
        })
    }

    /// One entry; `None` where it says nothing that can be understood.
    fn admin_peer(&mut self, entry: &Node, path: &str, direction: Direction) -> Option<Vec<PeerRule>> {
        let [namespaces, pods, nodes, networks, domains] =
            ["namespaces", "pods", "nodes", "networks", "domainNames"].map(|key| member(entry, key));
        let outside = nodes.or(networks).or(domains);
        let given = [namespaces, pods, nodes, networks, domains].iter().flatten().count();
        if given != 1 || (direction == Direction::Ingress && outside.is_some()) {
            let kinds = match direction {
                Direction::Ingress => "`namespaces` or `pods`",
                Direction::Egress => "`namespaces`, `pods`, `nodes`, `networks` or `domainNames`",
            };
            self.faults.add(path, format!("an entry is exactly one of {kinds}"));
            return None;
        }
        if let Some(node) = namespaces {
            return self.namespaces(node, &format!("{path}/namespaces")).map(|pods| vec![PeerRule::Pods(pods)]);
        }
        if let Some(node) = pods {
            return self.namespaced_pods(node, &format!("{path}/pods")).map(|pods| vec![PeerRule::Pods(pods)]);
        }
        if let Some(node) = nodes {
            return self.selector(node, &format!("{path}/nodes")).map(|nodes| vec![PeerRule::Nodes(nodes)]);
        }
        if domains.is_some() {
            return Some(vec![PeerRule::Domains]);
        }
        let blocks = list(entry, "networks").iter().enumerate();
        let ranges = blocks.filter_map(|(at, block)| self.range(Some(block), &format!("{path}/networks/{at}")));
        let set: AddressSet = ranges.collect();
        (!set.is_empty()).then(|| vec![PeerRule::Addresses(set)])
    }

    /// `ports` of v1alpha1 and `protocols` of v1alpha2; missing means every port.
    fn admin_ports(&mut self, rule: &Node, path: &str) -> Ports {
        let mut ports = Ports::default();
        let mut any = false;
        for key in ["ports", "protocols"] {
            for (at, entry) in list(rule, key).iter().enumerate() {
                any = true;
                let path = format!("{path}/{key}/{at}");
                let numbered = if key == "ports" {
                    self.admin_port(entry, &path, &mut ports)
                } else {
                    self.admin_protocol(entry, &path, &mut ports)
                };
                ports.numbered = ports.numbered.union(&numbered);
            }
        }
        if any { ports } else { Ports::all() }
    }

    fn admin_port(&mut self, entry: &Node, path: &str, ports: &mut Ports) -> ConnectionSet {
        let named = member(entry, "namedPort").and_then(Node::as_str);
        match (member(entry, "portNumber"), member(entry, "portRange"), named) {
            (Some(number), None, None) => {
                let path = format!("{path}/portNumber");
                let Some(protocol) = self.protocol(number, &path) else { return ConnectionSet::none() };
                let port = self.number(member(number, "port"), &format!("{path}/port"));
                port.map_or_else(ConnectionSet::none, |port| ConnectionSet::port(protocol, port))
            }
            (None, Some(range), None) => {
                let path = format!("{path}/portRange");
                let Some(protocol) = self.protocol(range, &path) else { return ConnectionSet::none() };
                ConnectionSet::of(protocol, self.port_range(range, &path))
            }
            (None, None, Some(name)) => {
                ports.name(name, None);
                ConnectionSet::none()
            }
            _ => {
                self.faults.add(path, "an entry is exactly one of `portNumber`, `portRange` or `namedPort`");
                ConnectionSet::none()
            }
        }
    }

    fn admin_protocol(&mut self, entry: &Node, path: &str, ports: &mut Ports) -> ConnectionSet {
        let named = member(entry, "destinationNamedPort").and_then(Node::as_str);
        let given: Vec<(Protocol, &str, &Node)> =
            [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)]
                .into_iter()
                .filter_map(|(key, protocol)| Some((protocol, key, member(entry, key)?)))
                .collect();
        match (given.as_slice(), named) {
            ([], Some(name)) => {
                ports.name(name, None);
                ConnectionSet::none()
            }
            ([(protocol, key, node)], None) => {
                let Some(port) = member(node, "destinationPort") else {
                    return ConnectionSet::of(*protocol, PortSet::all());
                };
                let path = format!("{path}/{key}/destinationPort");
                let set = match (member(port, "number"), member(port, "range")) {
                    (Some(number), None) => self
                        .number(Some(number), &format!("{path}/number"))
                        .map_or_else(PortSet::none, |port| PortSet::range(port, port)),
                    (None, Some(range)) => self.port_range(range, &format!("{path}/range")),
                    _ => {
                        self.faults.add(path, "a port is either `number` or `range`");
                        PortSet::none()
                    }
                };
                ConnectionSet::of(*protocol, set)
            }
            _ => {
                self.faults.add(path, "an entry is exactly one of `tcp`, `udp`, `sctp` or `destinationNamedPort`");
                ConnectionSet::none()
            }
        }
    }

    fn port_range(&mut self, range: &Node, path: &str) -> PortSet {
        let mut bound = |key: &str| self.number(member(range, key), &format!("{path}/{key}"));
        let (Some(first), Some(last)) = (bound("start"), bound("end")) else { return PortSet::none() };
        if last < first {
            let message = format!("the range of ports ends at {last}, before it begins at {first}");
            self.faults.add(format!("{path}/end"), message);
        }
        PortSet::range(first, last)
    }
}
