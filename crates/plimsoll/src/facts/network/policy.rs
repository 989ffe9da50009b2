//! NetworkPolicy: from the object to rules.
//!
//! API reference, NetworkPolicySpec; what the API server refuses is said as a fault and matches nothing
//! (`pkg/apis/networking/validation/validation.go`).

use std::sync::Arc;

use super::addresses::{AddressRange, AddressSet};
use super::fault::Faults;
use super::ports::{ConnectionSet, PortSet, Protocol};
use super::rule::{Action, PeerRule, Peers, PodSelector, Policy, Ports, Rule, Scope, Tier};
use super::selection::Selections;
use crate::facts::selector::Selector;
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// Reads one kind of policy with what it selects, gathering what is wrong with it.
pub(super) struct Reader<'s, 'a> {
    pub(super) selections: &'s mut Selections<'a>,
    pub(super) faults: Faults,
}

/// The member of a map, unless it is null, which the API reads as absent.
pub(super) fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|member| !member.is_null())
}

/// The items of a list that may be absent.
pub(super) fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

/// Reads a NetworkPolicy; `None` where nobody can say which pods it is about.
pub(super) fn network_policy(reader: &mut Reader<'_, '_>, at: usize, resource: &Resource) -> Option<Policy> {
    let empty = Node::default();
    let spec = member(resource.node(), "spec").unwrap_or(&empty);
    let namespace = resource.id.namespace.clone().unwrap_or_default();
    let subject = match member(spec, "podSelector") {
        None => Selector::everything(),
        Some(node) => reader.selector(node, "/spec/podSelector")?,
    };
    let (ingress, egress) = reader.directions(spec);
    let subject = reader.pods(Scope::Own(namespace.clone()), subject);
    Some(Policy {
        at,
        tier: Tier::Namespace,
        subject: Some(subject),
        ingress: ingress.then(|| reader.rules(spec, "ingress", "from", &namespace)),
        egress: egress.then(|| reader.rules(spec, "egress", "to", &namespace)),
    })
}

impl Reader<'_, '_> {
    /// A selector, or a fault where the API refuses it.
    pub(super) fn selector(&mut self, node: &Node, path: &str) -> Option<Selector> {
        match Selector::label_selector(node) {
            Ok(selector) => Some(selector),
            Err(error) => {
                self.faults.unreadable(path, error);
                None
            }
        }
    }

    pub(super) fn pods(&mut self, scope: Scope, pods: Selector) -> PodSelector {
        let selected = self.selections.select(&scope, &pods);
        PodSelector { scope, pods, selected }
    }

    /// Which directions a policy isolates; see [`policy_types`](super::isolation::policy_types).
    fn directions(&mut self, spec: &Node) -> (bool, bool) {
        for (at, r#type) in list(spec, "policyTypes").iter().enumerate() {
            if !matches!(r#type.as_str(), Some("Ingress" | "Egress")) {
                self.faults.add(format!("/spec/policyTypes/{at}"), "a policy's type is `Ingress` or `Egress`");
            }
        }
        super::isolation::policy_types(Some(spec))
    }

    fn rules(&mut self, spec: &Node, key: &str, peers: &str, namespace: &Arc<str>) -> Vec<Rule> {
        let rules = list(spec, key).iter().enumerate();
        rules
            .map(|(at, rule)| {
                let path = format!("/spec/{key}/{at}");
                Rule {
                    at,
                    name: None,
                    action: Action::Allow,
                    peers: self.peers(rule, peers, &path, namespace),
                    ports: self.ports(rule, &path),
                }
            })
            .collect()
    }

    /// Missing or empty: everyone (NetworkPolicyIngressRule, "from").
    fn peers(&mut self, rule: &Node, key: &str, path: &str, namespace: &Arc<str>) -> Peers {
        let entries = list(rule, key);
        if entries.is_empty() {
            if let Some(node) = member(rule, key).filter(|node| node.type_name() != "list") {
                self.faults.add(format!("{path}/{key}"), format!("`{key}` must be a list, not {}", node.type_name()));
                return Peers::Listed(Vec::new());
            }
            return Peers::Anyone;
        }
        let entries = entries.iter().enumerate();
        let entries = entries.filter_map(|(at, entry)| self.peer(entry, &format!("{path}/{key}/{at}"), namespace));
        Peers::Listed(entries.collect())
    }

    fn peer(&mut self, entry: &Node, path: &str, namespace: &Arc<str>) -> Option<PeerRule> {
        let [pods, namespaces, block] = ["podSelector", "namespaceSelector", "ipBlock"].map(|key| member(entry, key));
        if let Some(block) = block {
            if pods.is_some() || namespaces.is_some() {
                self.faults.add(path, "an entry has either `ipBlock` or selectors, and this one has both");
                return None;
            }
            return self.block(block, &format!("{path}/ipBlock")).map(PeerRule::Addresses);
        }
        if pods.is_none() && namespaces.is_none() {
            self.faults
                .add(path, "an entry needs `podSelector`, `namespaceSelector` or `ipBlock`, and this one has none");
            return None;
        }
        let selected = match pods {
            None => Selector::everything(),
            Some(node) => self.selector(node, &format!("{path}/podSelector"))?,
        };
        let scope = match namespaces {
            None => Scope::Own(namespace.clone()),
            Some(node) => Scope::Matching(self.selector(node, &format!("{path}/namespaceSelector"))?),
        };
        Some(PeerRule::Pods(self.pods(scope, selected)))
    }

    fn block(&mut self, block: &Node, path: &str) -> Option<AddressSet> {
        let whole = self.range(member(block, "cidr"), &format!("{path}/cidr"))?;
        let mut except = Vec::new();
        for (at, node) in list(block, "except").iter().enumerate() {
            let path = format!("{path}/except/{at}");
            let Some(range) = self.range(Some(node), &path) else { continue };
            if !whole.covers(&range) || range == whole {
                self.faults.add(path, "an exception must lie inside the block and be smaller");
            }
            except.push(range);
        }
        Some(AddressSet::from(whole).difference(&except.into_iter().collect()))
    }

    /// A block of addresses, or a fault.
    pub(super) fn range(&mut self, node: Option<&Node>, path: &str) -> Option<AddressRange> {
        let text = node.and_then(Node::as_str);
        let Some(text) = text else {
            self.faults.add(path, "a block of addresses is text such as `10.0.0.0/8`");
            return None;
        };
        AddressRange::parse_block(text).map_err(|message| self.faults.add(path, message)).ok()
    }

    /// Missing or empty: every port (NetworkPolicyIngressRule, "ports").
    fn ports(&mut self, rule: &Node, path: &str) -> Ports {
        let entries = list(rule, "ports");
        if entries.is_empty() {
            if let Some(node) = member(rule, "ports").filter(|node| node.type_name() != "list") {
                self.faults.add(format!("{path}/ports"), format!("`ports` must be a list, not {}", node.type_name()));
                return Ports::default();
            }
            return Ports::all();
        }
        let mut ports = Ports::default();
        for (at, entry) in entries.iter().enumerate() {
            self.port(entry, &format!("{path}/ports/{at}"), &mut ports);
        }
        ports
    }

    fn port(&mut self, entry: &Node, path: &str, ports: &mut Ports) {
        let Some(protocol) = self.protocol(entry, path) else { return };
        let end = member(entry, "endPort");
        let numbers = match member(entry, "port").map(|node| &node.data) {
            None if end.is_some() => {
                return self.faults.add(format!("{path}/endPort"), "`endPort` needs a `port` to begin with");
            }
            None => PortSet::all(),
            Some(Data::String(name)) => {
                if end.is_some() {
                    let message = format!("`endPort` needs a number to begin with, not the name `{name}`");
                    return self.faults.add(format!("{path}/endPort"), message);
                }
                if !is_port_name(name) {
                    let message = format!("`{name}` is not the name of a port; a number stands without quotes");
                    self.faults.add(format!("{path}/port"), message);
                }
                return ports.name(name, Some(protocol));
            }
            Some(_) => {
                let Some(first) = self.number(member(entry, "port"), &format!("{path}/port")) else { return };
                let Some(last) = end.map_or(Some(first), |_| self.number(end, &format!("{path}/endPort"))) else {
                    return;
                };
                if last < first {
                    let message = format!("the range of ports ends at {last}, before it begins at {first}");
                    return self.faults.add(format!("{path}/endPort"), message);
                }
                PortSet::range(first, last)
            }
        };
        ports.numbered = ports.numbered.union(&ConnectionSet::of(protocol, numbers));
    }

    /// TCP where nothing is said.
    pub(super) fn protocol(&mut self, entry: &Node, path: &str) -> Option<Protocol> {
        let Some(node) = member(entry, "protocol") else { return Some(Protocol::Tcp) };
        let protocol = node.as_str().and_then(Protocol::from_name);
        if protocol.is_none() {
            let shown = node.as_str().map_or_else(String::new, |name| format!(", not `{name}`"));
            self.faults.add(format!("{path}/protocol"), format!("a protocol is `TCP`, `UDP` or `SCTP`{shown}"));
        }
        protocol
    }

    /// A port's number, or a fault.
    pub(super) fn number(&mut self, node: Option<&Node>, path: &str) -> Option<u16> {
        let number = node.and_then(Node::as_int).and_then(|number| u16::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        if number.is_none() {
            self.faults.add(path, "a port is a whole number from 1 to 65535");
        }
        number
    }
}

/// Whether a name can be that of a port (`IsValidPortName`: RFC 6335, section 5.1).
pub(in crate::facts) fn is_port_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=15).contains(&name.len())
        && name.bytes().all(allowed)
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
