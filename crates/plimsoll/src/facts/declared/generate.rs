//! From a declaration to the NetworkPolicies that admit it and nothing else.
//!
//! One policy a service, for both directions, so that what is not declared is refused. A service's policy admits
//! its own side of each connection; the peer's admits the other, and only where both do is there a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::read::{Scope, of_parts};
use super::{Block, Connection, Connections, Peer, Pods, Port, Ports, Role};
use crate::ErrorKind;
use crate::facts::namespace::NAME_LABEL;
use crate::facts::selector::Labels;
use crate::problems::Problems;
use crate::workspace::decode::Decoder;
use crate::yaml::{Mark, Node};

/// The NetworkPolicies of a release, as a template is given them: a list of maps with `name`, `podSelector`,
/// `ingress` (items of `from` and `ports`) and `egress` (items of `to` and `ports`).
///
/// `connections` is the declaration, `shared` what stands under `global.connections`. What cannot be read of it
/// admits nothing; whoever merges the values says so, at the line where it was written.
pub fn policies(connections: &Node, shared: &Node, release: &str, namespace: &str) -> Node {
    let mut unseen = Problems::default();
    let mut decoder = Decoder { place: &|_| None, kind: ErrorKind::Values, problems: &mut unseen };
    let scope = Scope { release: Some(release), namespace };
    let read = of_parts(&mut decoder, (connections, Mark::default()), Some(shared), scope);
    Node::from_json(&Value::Array(read.map(|read| generate(&read)).unwrap_or_default()))
}

/// The policies of services whose pods have labels, in the order of the services.
pub(super) fn generate(connections: &Connections) -> Vec<Value> {
    let roles = &connections.roles;
    connections
        .services
        .iter()
        .filter_map(|service| {
            let Pods::Labelled(labels) = &service.pods else { return None };
            let admitted = |connections: &[Connection], side: &str, own: &BTreeMap<Arc<str>, Ports>| -> Vec<Value> {
                let rule = |connection: &Connection| {
                    let (peers, ports) = (peers(&connection.peer, roles), ports(connection, own, roles));
                    (!peers.is_empty() && !ports.is_empty()).then(|| json!({side: peers, "ports": ports}))
                };
                connections.iter().filter_map(rule).collect()
            };
            let ingress = admitted(&service.all_callers(roles), "from", &service.exposes);
            // Whom a service calls has names of its own for its ports.
            let egress = admitted(&service.all_calls(roles), "to", &BTreeMap::new());
            Some(json!({
                "name": &*service.name,
                "podSelector": matching(labels),
                "ingress": ingress,
                "egress": egress,
            }))
        })
        .collect()
}

fn peers(peer: &Peer, roles: &BTreeMap<Arc<str>, Role>) -> Vec<Value> {
    match peer {
        Peer::Service { namespace, labels, .. } => {
            let namespace = [(NAME_LABEL, &**namespace)].into_iter().collect();
            vec![json!({"namespaceSelector": matching(&namespace), "podSelector": matching(labels)})]
        }
        Peer::Block(block) => vec![ip_block(block)],
        Peer::Role(name) => {
            let Some(role) = roles.get(name) else { return Vec::new() };
            let pods = role.pods.iter().map(
                |pods| json!({"namespaceSelector": matching(&pods.namespace), "podSelector": matching(&pods.labels)}),
            );
            pods.chain(role.blocks.iter().map(ip_block)).collect()
        }
    }
}

/// A selector of labels; without any it selects everything.
fn matching(labels: &Labels) -> Value {
    if labels.is_empty() {
        return json!({});
    }
    let labels: Map<String, Value> = labels.iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    json!({"matchLabels": labels})
}

fn ip_block(block: &Block) -> Value {
    let mut of = json!({"cidr": &*block.cidr});
    if !block.except.is_empty() {
        of["except"] = block.except.iter().map(|except| &**except).collect();
    }
    json!({"ipBlock": of})
}

/// The ports of a rule. A name among the `known` ones is written as its number, which needs no lookup.
fn ports(connection: &Connection, known: &BTreeMap<Arc<str>, Ports>, roles: &BTreeMap<Arc<str>, Role>) -> Vec<Value> {
    match &connection.port {
        Port::Number(ports) => vec![numbered(*ports)],
        Port::Named(name, protocol) => match known.get(name) {
            Some(ports) => vec![numbered(*ports)],
            None => vec![json!({"port": &**name, "protocol": protocol.name()})],
        },
        Port::OfRole => {
            let Peer::Role(name) = &connection.peer else { return Vec::new() };
            roles.get(name).map(|role| role.ports.iter().copied().map(numbered).collect()).unwrap_or_default()
        }
    }
}

fn numbered(ports: Ports) -> Value {
    let mut of = json!({"port": ports.first});
    if ports.last > ports.first {
        of["endPort"] = ports.last.into();
    }
    of["protocol"] = ports.protocol.name().into();
    of
}
