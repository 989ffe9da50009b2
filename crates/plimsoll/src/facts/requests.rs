//! What each container requests and may use, after everything that fills in what was left out.
//!
//! Order: the API's own defaulting (requests are the limits where only limits are given), then each
//! LimitRange of the namespace (plugin/pkg/admission/limitranger/admission.go). Pod-level resources stand
//! in for the containers' own (KEP-2837).

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::Derivation;
use super::workload::{ContainerType, Workload};
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// Quantities as written, by resource name.
pub type Amounts = BTreeMap<String, String>;

/// What a container requests and may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// The container's position in its workload.
    pub container: usize,
    /// Requests.
    pub requests: Amounts,
    /// Limits.
    pub limits: Amounts,
}

/// The defaults of one LimitRange item of type Container.
#[derive(Debug, Clone, Default)]
struct Defaults {
    requests: Amounts,
    limits: Amounts,
}

/// What each workload's containers request and may use, ephemeral ones left out: they take no resources.
pub(super) fn resources(derivation: &Derivation<'_>) -> Vec<Vec<Resources>> {
    let mut defaults: HashMap<&str, Vec<Defaults>> = HashMap::new();
    for (_, range) in derivation.world.of_kind("", "LimitRange") {
        defaults.entry(range.namespace()).or_default().extend(container_defaults(range));
    }
    derivation
        .workloads
        .iter()
        .map(|workload| {
            let namespace = workload.resource.namespace();
            of_workload(workload, defaults.get(namespace).map_or(&[], Vec::as_slice))
        })
        .collect()
}

fn of_workload(workload: &Workload<'_>, defaults: &[Defaults]) -> Vec<Resources> {
    let pod = workload.pod.get("resources");
    let mut resources = Vec::with_capacity(workload.containers.len());
    for (container, spec) in workload.containers.iter().enumerate() {
        if spec.r#type == ContainerType::Ephemeral {
            continue;
        }
        let own = spec.spec.get("resources");
        let mut requests = amounts(own, "requests");
        let mut limits = amounts(own, "limits");
        fill(&mut requests, &limits);
        for defaults in defaults {
            fill(&mut limits, &defaults.limits);
            fill(&mut requests, &defaults.requests);
        }
        fill(&mut limits, &amounts(pod, "limits"));
        fill(&mut requests, &amounts(pod, "requests"));
        resources.push(Resources { container, requests, limits });
    }
    resources
}

fn fill(amounts: &mut Amounts, defaults: &Amounts) {
    for (name, amount) in defaults {
        if !amounts.contains_key(name) {
            amounts.insert(name.clone(), amount.clone());
        }
    }
}

fn amounts(resources: Option<&Node>, member: &str) -> Amounts {
    let entries = resources.and_then(|resources| resources.get(member)).map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.to_string(), amount(&entry.value)?))).collect()
}

/// A quantity's text; bare numbers are quantities too.
pub(super) fn amount(node: &Node) -> Option<String> {
    match &node.data {
        Data::String(text) => Some(text.to_string()),
        Data::Int(number) => Some(number.to_string()),
        Data::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The defaults of a LimitRange's Container items, which also default themselves: `default` from `max`,
/// `defaultRequest` from `default`, then from `min` (pkg/apis/core/v1/defaults.go, `SetDefaults_LimitRangeItem`).
fn container_defaults(range: &Resource) -> Vec<Defaults> {
    let items = range.node().at(&["spec", "limits"]).map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter(|item| item.str_at(&["type"]) == Some("Container"))
        .map(|item| {
            let item = Some(item);
            let mut limits = amounts(item, "default");
            fill(&mut limits, &amounts(item, "max"));
            let mut requests = amounts(item, "defaultRequest");
            fill(&mut requests, &limits);
            fill(&mut requests, &amounts(item, "min"));
            Defaults { requests, limits }
        })
        .collect()
}
