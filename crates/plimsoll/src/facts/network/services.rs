//! Which pods stand behind which Service, and on which ports.
//!
//! What is exposed to the outside through Services is [`exposure`](super::exposure)'s.

use serde::Serialize;

use crate::facts::Derivation;
use crate::facts::selector::{Selector, differences};
use crate::facts::workload::{self, ContainerType, Workload};
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// A Service that selects a workload's pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceOf {
    /// The Service's name.
    pub name: String,
    /// Its ports, as the workload answers them.
    pub ports: Vec<ServedPort>,
}

/// One port of a Service, as a workload answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServedPort {
    /// The Service's port.
    pub port: Option<i64>,
    /// What the Service's `targetPort` says, or its port where it says nothing.
    pub target: String,
    /// The container that declares the target, as a position in the workload's containers.
    pub container: Option<usize>,
    /// Whether a container declares it.
    pub declared: bool,
}

/// What a Service selects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodsOf {
    /// How many workloads it selects.
    pub selected: usize,
    /// Whether selecting none is certain.
    pub known: bool,
    /// The workload that comes nearest, and how its labels differ, in words.
    pub nearest: Option<String>,
    /// Its ports.
    pub ports: Vec<TargetPort>,
}

/// A Service's port and whether pods answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetPort {
    /// JSON pointer of what names the target.
    pub path: String,
    /// The target as written.
    pub target: String,
    /// The Service port's own name.
    pub name: Option<String>,
    /// A number needs no declaration; a name must be some selected pod's.
    pub resolved: bool,
    /// Whether the selected pods are known.
    pub known: bool,
}

/// What each Service selects, and for each workload the Services that select it.
pub(in crate::facts) fn services(derivation: &Derivation<'_>) -> (Vec<(usize, PodsOf)>, Vec<Vec<ServiceOf>>) {
    let mut of_workload = vec![Vec::new(); derivation.workloads.len()];
    let mut of_service = Vec::new();
    for (at, service) in derivation.world.of_kind("", "Service") {
        let Some(selector) = service_selector(service) else { continue };
        let selected =
            serving(derivation, derivation.pods.select(derivation.workloads, service.namespace(), &selector));
        for index in &selected {
            let ports = ports(service).map(|port| served(&derivation.workloads[*index], port.node)).collect();
            of_workload[*index].push(ServiceOf { name: service.id.name.to_string(), ports });
        }
        of_service.push((at, pods_of(derivation, service, &selector, &selected)));
    }
    (of_service, of_workload)
}

/// Pods that run to completion answer no Service for long: a Service that selects only such selects none.
fn serving(derivation: &Derivation<'_>, selected: Vec<usize>) -> Vec<usize> {
    selected.into_iter().filter(|at| !derivation.workloads[*at].runs_to_completion()).collect()
}

/// A Service's selector; `None` for one without (its endpoints come from elsewhere) and for ExternalName.
fn service_selector(service: &Resource) -> Option<Selector> {
    let spec = service.node().get("spec")?;
    if spec.str_at(&["type"]) == Some("ExternalName") {
        return None;
    }
    let selector = spec.get("selector")?;
    if selector.entries().is_empty() { None } else { Selector::plain(selector).ok() }
}

struct Port<'a> {
    node: &'a Node,
    at: usize,
}

fn ports(service: &Resource) -> impl Iterator<Item = Port<'_>> {
    let ports = service.node().at(&["spec", "ports"]).map(Node::items).unwrap_or_default();
    ports.iter().enumerate().map(|(at, node)| Port { node, at })
}

/// What a Service port leads to: `targetPort`, or the port itself (API reference, ServicePort).
fn target(port: &Node) -> Option<&Data> {
    port.get("targetPort").filter(|target| !target.is_null()).or_else(|| port.get("port")).map(|node| &node.data)
}

fn served(workload: &Workload<'_>, port: &Node) -> ServedPort {
    let target = target(port);
    let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
    let container = workload
        .ports()
        .filter(|declared| declared.protocol == protocol)
        .find(|declared| match target {
            Some(Data::String(wanted)) => declared.name == Some(&**wanted),
            Some(Data::Int(wanted)) => declared.number == Some(*wanted),
            _ => false,
        })
        .map(|declared| declared.container);
    ServedPort {
        port: port.get("port").and_then(Node::as_int),
        target: shown(target),
        container,
        declared: container.is_some(),
    }
}

fn shown(target: Option<&Data>) -> String {
    match target {
        Some(Data::String(text)) => text.to_string(),
        Some(Data::Int(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn pods_of(derivation: &Derivation<'_>, service: &Resource, selector: &Selector, selected: &[usize]) -> PodsOf {
    let namespace = service.namespace();
    let candidates = derivation.pods.namespace(namespace);
    // A chart that brings workloads of its own is expected to bring the one its Service selects.
    let known = !selected.is_empty()
        || derivation.world.declared.is_complete("Pod")
        || (derivation.world.is_charted(service)
            && candidates.iter().any(|at| derivation.workloads[*at].resource.same_release(service)));
    let nearest = if selected.is_empty() { nearest(derivation, candidates, selector) } else { None };
    let target_ports = ports(service)
        .map(|port| {
            let target = target(port.node);
            let named = matches!(target, Some(Data::String(text)) if text.parse::<u16>().is_err());
            let resolved = !named || selected.iter().any(|at| served(&derivation.workloads[*at], port.node).declared);
            let member = if port.node.get("targetPort").is_some() { "targetPort" } else { "port" };
            TargetPort {
                path: format!("/spec/ports/{}/{member}", port.at),
                target: shown(target),
                name: port.node.str_at(&["name"]).map(str::to_owned),
                resolved,
                known: derivation.world.is_whole() && !selected.is_empty(),
            }
        })
        .collect();
    PodsOf { selected: selected.len(), known, nearest, ports: target_ports }
}

/// The workload whose labels miss the selector by the least, in words.
fn nearest(derivation: &Derivation<'_>, candidates: &[usize], selector: &Selector) -> Option<String> {
    candidates
        .iter()
        .map(|at| &derivation.workloads[*at])
        .filter(|workload| !workload.runs_to_completion())
        .filter_map(|workload| {
            let misses = selector.near_miss(&workload.labels);
            let partly = misses.len() < selector.requirements().len() || misses.len() == 1;
            partly.then(|| (misses.len(), workload::title(workload.resource), differences(&misses)))
        })
        .min()
        .map(|(_, title, differences)| format!("`{title}`, which {differences}"))
}

/// The containers of a workload that serve for as long as the pod runs.
pub(in crate::facts) fn is_serving(r#type: ContainerType) -> bool {
    matches!(r#type, ContainerType::Container | ContainerType::Sidecar)
}
