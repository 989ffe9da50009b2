//! Rules that admit the port of a Service where its pods listen on another one.
//!
//! Policies see the pods' ports: a Service's own is gone by then (Kubernetes documentation, "Network Policies").

use serde::Serialize;

use super::Context;
use super::rules::{Port, PortNumber, Rules};
use crate::facts::Derivation;
use crate::facts::network::Protocol;
use crate::facts::selector::Selector;
use crate::facts::workload::{Workload, title};
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// A port of a rule that is a Service's and not its pods'.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServicePort {
    /// JSON pointer of the port.
    pub path: String,
    /// The Service's name.
    pub service: String,
    /// The Service's port.
    pub port: i64,
    /// Where its pods listen.
    pub target: i64,
    /// The protocol.
    pub protocol: &'static str,
    /// The workload, as `Kind/name`.
    pub workload: String,
}

/// A port of a Service as one workload answers it.
pub(super) struct Served<'a> {
    service: &'a str,
    port: i64,
    target: i64,
    protocol: Protocol,
}

/// For each workload the ports of Services that it answers on another port.
pub(super) fn services<'a>(derivation: &Derivation<'a>) -> Vec<Vec<Served<'a>>> {
    let mut of_workload: Vec<Vec<Served<'_>>> = derivation.workloads.iter().map(|_| Vec::new()).collect();
    for (_, service) in derivation.world.of_kind("", "Service") {
        let Some(selector) = service.node().at(&["spec", "selector"]).and_then(|node| Selector::plain(node).ok())
        else {
            continue;
        };
        let ports = service.node().at(&["spec", "ports"]).map(Node::items).unwrap_or_default();
        for at in derivation.pods.select(derivation.workloads, service.namespace(), &selector) {
            let served = ports.iter().filter_map(|port| served(service, port, &derivation.workloads[at]));
            of_workload[at].extend(served);
        }
    }
    of_workload
}

fn served<'a>(service: &'a Resource, node: &Node, workload: &Workload<'_>) -> Option<Served<'a>> {
    let port = node.get("port")?.as_int()?;
    let protocol = Protocol::from_name(node.str_at(&["protocol"]).unwrap_or("TCP"))?;
    let target = match node.get("targetPort").map(|target| &target.data) {
        Some(Data::Int(target)) => *target,
        Some(Data::String(name)) => {
            let mut declared = workload.ports().filter(|port| port.protocol == protocol.name());
            declared.find(|port| port.name == Some(&**name))?.number?
        }
        _ => port,
    };
    (target != port).then_some(Served { service: &service.id.name, port, target, protocol })
}

pub(super) fn service_ports(
    context: &mut Context<'_, '_>,
    services: &[Vec<Served<'_>>],
    policy: &Resource,
    rules: &Rules,
) -> Vec<ServicePort> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        let Some(ports) = &rule.ports else { continue };
        if !ports.iter().any(|port| matches!(port.number, PortNumber::Range(first, last) if first == last)) {
            continue;
        }
        for at in context.destinations(policy, rules, rule) {
            let workload = &context.derivation.workloads[at];
            for served in &services[at] {
                let admitted = ports.iter().filter(|port| is_exactly(port, served.port, served.protocol));
                let listens = |number| listens(workload, number, served.protocol);
                if listens(served.port)
                    || ports.iter().any(|port| admits(port, served.target, workload, served.protocol))
                {
                    continue;
                }
                found.extend(admitted.map(|port| ServicePort {
                    path: format!("{}/port", port.path),
                    service: served.service.to_owned(),
                    port: served.port,
                    target: served.target,
                    protocol: served.protocol.name(),
                    workload: title(workload.resource).to_string(),
                }));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_exactly(port: &Port, number: i64, protocol: Protocol) -> bool {
    port.protocol == protocol
        && matches!(port.number, PortNumber::Range(first, last) if first == number && last == number)
}

fn admits(port: &Port, number: i64, workload: &Workload<'_>, protocol: Protocol) -> bool {
    port.protocol == protocol
        && match &port.number {
            PortNumber::All => true,
            PortNumber::Range(first, last) => (*first..=*last).contains(&number),
            PortNumber::Named(name) => {
                let mut declared = workload.ports().filter(|port| port.protocol == protocol.name());
                declared.any(|port| port.name == Some(&**name) && port.number == Some(number))
            }
        }
}

fn listens(workload: &Workload<'_>, number: i64, protocol: Protocol) -> bool {
    workload.ports().any(|port| port.number == Some(number) && port.protocol == protocol.name())
}
