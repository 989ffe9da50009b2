//! What each container requests and may use, after everything that fills in what was left out.
//!
//! Order: the API's own defaulting (requests are the limits where only limits are given), then each
//! LimitRange of the namespace (plugin/pkg/admission/limitranger/admission.go). Pod-level resources stand
//! in for the containers' own (KEP-2837).

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::workload::{ContainerType, Workload};
use super::{Derivation, quantity};
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

/// A quantity that says something else than was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspiciousQuantity {
    /// JSON pointer from the resource's root.
    pub path: String,
    /// As written.
    pub text: String,
    /// `cpu`, `memory`, `requests.cpu`…
    pub resource: String,
    /// What is wrong, as what follows "`128m` of memory …".
    pub problem: String,
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

/// The suspicious quantities of a workload.
pub(super) fn suspicious_in_workload(workload: &Workload<'_>) -> Vec<SuspiciousQuantity> {
    let mut found = Vec::new();
    let places = workload
        .containers
        .iter()
        .map(|container| (container.pointer.as_str(), container.spec))
        .chain([(workload.pod_pointer.as_str(), workload.pod)]);
    for (pointer, spec) in places {
        for member in ["requests", "limits"] {
            let entries = spec.at(&["resources", member]).map(Node::entries).unwrap_or_default();
            for entry in entries {
                suspect(
                    &mut found,
                    format!("{pointer}/resources/{member}/{}", escape(&entry.key)),
                    &entry.key,
                    &entry.value,
                );
            }
        }
    }
    found
}

/// The suspicious quantities of ResourceQuotas, LimitRanges and claims, and quota scopes no pod can match.
pub(super) fn suspicious_elsewhere(resource: &Resource) -> Vec<SuspiciousQuantity> {
    let mut found = Vec::new();
    let node = resource.node();
    match &*resource.id.kind {
        "ResourceQuota" => {
            for entry in node.at(&["spec", "hard"]).map(Node::entries).unwrap_or_default() {
                suspect_total(&mut found, format!("/spec/hard/{}", escape(&entry.key)), &entry.key, &entry.value);
            }
            found.extend(impossible_scopes(node));
        }
        "LimitRange" => {
            let items = node.at(&["spec", "limits"]).map(Node::items).unwrap_or_default();
            for (at, item) in items.iter().enumerate() {
                for member in ["max", "min", "default", "defaultRequest"] {
                    for entry in item.get(member).map(Node::entries).unwrap_or_default() {
                        let path = format!("/spec/limits/{at}/{member}/{}", escape(&entry.key));
                        suspect(&mut found, path, &entry.key, &entry.value);
                    }
                }
            }
        }
        "PersistentVolumeClaim" => {
            for entry in node.at(&["spec", "resources", "requests"]).map(Node::entries).unwrap_or_default() {
                suspect(
                    &mut found,
                    format!("/spec/resources/requests/{}", escape(&entry.key)),
                    &entry.key,
                    &entry.value,
                );
            }
        }
        _ => {}
    }
    found
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn suspect(found: &mut Vec<SuspiciousQuantity>, path: String, resource: &str, value: &Node) {
    let Some(text) = amount(value) else { return };
    let problem = match quantity::inspect(resource, &text) {
        Ok(problem) => problem,
        Err(error) => Some(format!("cannot be read: {error}")),
    };
    if let Some(problem) = problem {
        found.push(SuspiciousQuantity { path, text, resource: resource.to_owned(), problem });
    }
}

/// A total over a namespace: what would be absurd for one container is ordinary for many.
fn suspect_total(found: &mut Vec<SuspiciousQuantity>, path: String, resource: &str, value: &Node) {
    let before = found.len();
    suspect(found, path, if resource == "cpu" { "requests.cpu" } else { resource }, value);
    for quantity in &mut found[before..] {
        resource.clone_into(&mut quantity.resource);
    }
}

/// Scopes that contradict each other: no pod is both, so the quota never counts anything
/// (pkg/apis/core/validation, `validateResourceQuotaScopes`).
fn impossible_scopes(node: &Node) -> Option<SuspiciousQuantity> {
    let scopes = node.at(&["spec", "scopes"]).map(Node::items).unwrap_or_default();
    let selected = node.at(&["spec", "scopeSelector", "matchExpressions"]).map(Node::items).unwrap_or_default();
    let listed = scopes.iter().filter_map(Node::as_str);
    let exists = selected.iter().filter(|expression| expression.str_at(&["operator"]) == Some("Exists"));
    let names: Vec<&str> = listed.chain(exists.filter_map(|expression| expression.str_at(&["scopeName"]))).collect();
    let path = if scopes.is_empty() { "/spec/scopeSelector" } else { "/spec/scopes" };
    [("Terminating", "NotTerminating"), ("BestEffort", "NotBestEffort")]
        .into_iter()
        .find(|(one, other)| names.contains(one) && names.contains(other))
        .map(|(one, other)| SuspiciousQuantity {
            path: path.to_owned(),
            text: names.join(", "),
            resource: "the scopes".to_owned(),
            problem: format!("never match: no pod is both {one} and {other}, so this quota counts nothing"),
        })
}
