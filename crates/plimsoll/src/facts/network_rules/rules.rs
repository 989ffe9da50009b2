//! The rules of a NetworkPolicy as far as they can be read; what is wrong with them is said elsewhere.

use crate::facts::network::{Protocol, is_port_name};
use crate::facts::selector::Selector;
use crate::manifest::Resource;
use crate::yaml::Node;

/// A policy's selector and its rules that have an effect.
pub(super) struct Rules {
    /// The pods it is about; `None` where the selector cannot be read.
    pub(super) pods: Option<Selector>,
    pub(super) rules: Vec<Rule>,
}

pub(super) struct Rule {
    pub(super) is_ingress: bool,
    /// Whether it names no peers at all, and so is about everyone.
    pub(super) everyone: bool,
    /// The entries of `from` or `to`; none where the rule is about everyone.
    pub(super) peers: Vec<Peer>,
    /// Its ports; `None` where it is about all.
    pub(super) ports: Option<Vec<Port>>,
}

/// An entry that selects pods.
pub(super) struct Peer {
    pub(super) path: String,
    /// `None` for the policy's own namespace.
    pub(super) namespaces: Option<Selector>,
    /// `None` for all pods.
    pub(super) pods: Option<Selector>,
}

pub(super) struct Port {
    pub(super) path: String,
    pub(super) protocol: Protocol,
    pub(super) number: PortNumber,
}

pub(super) enum PortNumber {
    /// Every port.
    All,
    /// By number, to the end of a range or alone.
    Range(i64, i64),
    /// By name.
    Named(Box<str>),
}

impl Rules {
    pub(super) fn of(policy: &Resource) -> Self {
        let spec = policy.node().get("spec");
        let pods = match spec.and_then(|spec| spec.get("podSelector")) {
            None => Some(Selector::everything()),
            Some(node) => Selector::label_selector(node).ok(),
        };
        let types = spec.and_then(|spec| spec.get("policyTypes")).map(Node::items).unwrap_or_default();
        // Without `policyTypes` both lists have an effect: egress rules make the policy one for egress.
        let speaks = |name| types.is_empty() || types.iter().any(|one| one.as_str() == Some(name));
        let mut rules = Vec::new();
        for (list, key, is_ingress) in [("ingress", "from", true), ("egress", "to", false)] {
            let all = spec.and_then(|spec| spec.get(list)).map(Node::items).unwrap_or_default();
            if speaks(if is_ingress { "Ingress" } else { "Egress" }) {
                rules.extend(all.iter().enumerate().map(|(at, node)| {
                    let path = format!("/spec/{list}/{at}");
                    let everyone = node.get(key).is_none_or(|peers| peers.items().is_empty());
                    Rule { is_ingress, everyone, peers: peers(node, &path, key), ports: ports(node, &path) }
                }));
            }
        }
        Self { pods, rules }
    }
}

fn peers(rule: &Node, path: &str, key: &str) -> Vec<Peer> {
    let entries = rule.get(key).map(Node::items).unwrap_or_default();
    let selector = |node: Option<&Node>| match node.filter(|node| !node.is_null()) {
        None => Some(None),
        Some(node) => Selector::label_selector(node).ok().map(Some),
    };
    entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.get("ipBlock").is_none())
        .filter_map(|(at, entry)| {
            let (namespaces, pods) = (entry.get("namespaceSelector"), entry.get("podSelector"));
            if namespaces.is_none() && pods.is_none() {
                return None;
            }
            Some(Peer { path: format!("{path}/{key}/{at}"), namespaces: selector(namespaces)?, pods: selector(pods)? })
        })
        .collect()
}

fn ports(rule: &Node, path: &str) -> Option<Vec<Port>> {
    let entries = rule.get("ports").map(Node::items).filter(|entries| !entries.is_empty())?;
    let port = |(at, entry): (usize, &Node)| {
        let port = entry.get("port").filter(|port| !port.is_null());
        let number = match port {
            None => PortNumber::All,
            Some(port) => match (port.as_int(), port.as_str()) {
                (Some(first), _) => {
                    PortNumber::Range(first, entry.get("endPort").and_then(Node::as_int).unwrap_or(first))
                }
                (None, Some(name)) if is_port_name(name) => PortNumber::Named(name.into()),
                (None, _) => return None,
            },
        };
        let protocol = Protocol::from_name(entry.str_at(&["protocol"]).unwrap_or("TCP"))?;
        Some(Port { path: format!("{path}/ports/{at}"), protocol, number })
    };
    Some(entries.iter().enumerate().filter_map(port).collect())
}
