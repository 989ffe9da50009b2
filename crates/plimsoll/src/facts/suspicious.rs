//! Amounts in manifests that say something else than was meant, or that no API server takes.
//!
//! What one amount may say is `quantity::inspect`'s; here is where amounts stand, and what they mean beside
//! each other.

use serde::Serialize;

use super::quantity::{self, Quantity};
use super::quota::quotas::Dimension;
use super::requests::amount;
use super::workload::Workload;
use crate::manifest::Resource;
use crate::nearest::nearest;
use crate::yaml::{Data, Node};

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
    for entry in workload.pod.get("overhead").map(Node::entries).unwrap_or_default() {
        let path = format!("{}/overhead/{}", workload.pod_pointer, escape(&entry.key));
        suspect(&mut found, path, &entry.key, &entry.value);
    }
    for (at, volume) in workload.pod.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate() {
        if let Some(limit) = volume.at(&["emptyDir", "sizeLimit"]) {
            let path = format!("{}/volumes/{at}/emptyDir/sizeLimit", workload.pod_pointer);
            suspect(&mut found, path, "ephemeral-storage", limit);
        }
    }
    let node = workload.resource.node();
    for (at, template) in
        node.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default().iter().enumerate()
    {
        for entry in template.at(&["spec", "resources", "requests"]).map(Node::entries).unwrap_or_default() {
            let path = format!("/spec/volumeClaimTemplates/{at}/spec/resources/requests/{}", escape(&entry.key));
            suspect(&mut found, path, &entry.key, &entry.value);
        }
    }
    found.extend(suspicious_rollout(node));
    found
}

/// New pods of a rollout, as a count or a share of the replicas (`k8s.io/apimachinery/pkg/util/intstr`).
fn suspicious_rollout(node: &Node) -> Vec<SuspiciousQuantity> {
    let mut found = Vec::new();
    for (strategy, members) in
        [("strategy", &["rollingUpdate", "canary"][..]), ("updateStrategy", &["rollingUpdate"][..])]
    {
        for member in members {
            for name in ["maxSurge", "maxUnavailable"] {
                let Some(value) = node.at(&["spec", strategy, member, name]) else { continue };
                let share = match &value.data {
                    Data::Int(count) if *count >= 0 => continue,
                    Data::String(text) => text.strip_suffix('%').and_then(|text| text.parse::<u32>().ok()),
                    _ => None,
                };
                let problem = match share {
                    None => "is neither a count nor a share such as `25%`".to_owned(),
                    Some(share) if share > 100 && name == "maxSurge" => {
                        format!("starts more new pods at once than there are, {share} for each 100")
                    }
                    Some(share) if share > 100 => "is more than all pods, which the API server refuses".to_owned(),
                    Some(_) => continue,
                };
                let path = format!("/spec/{strategy}/{member}/{name}");
                let text = amount(value).unwrap_or_else(|| value.type_name().to_owned());
                found.push(SuspiciousQuantity { path, text, resource: name.to_owned(), problem });
            }
        }
    }
    found
}

/// Names that a quota may bound, apart from those with a slash, `hugepages-` and what StorageClasses add
/// (`pkg/apis/core/helper/helpers.go`, `standardQuotaResources`).
const QUOTA_NAMES: [&str; 20] = [
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "cpu",
    "memory",
    "pods",
    "ephemeral-storage",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
    "requests.storage",
    "persistentvolumeclaims",
    "services",
    "services.nodeports",
    "services.loadbalancers",
    "configmaps",
    "secrets",
    "replicationcontrollers",
    "resourcequotas",
    "count/pods",
];

/// A dimension that nothing counts.
fn uncounted(name: &str, value: &Node, path: String) -> Option<SuspiciousQuantity> {
    if Dimension::of(name) != Dimension::Nothing {
        return None;
    }
    let meant = match nearest(name, QUOTA_NAMES) {
        _ if name.contains('/') && !name.starts_with("count/") && !name.contains(".storageclass.") => {
            let device = name.rsplit_once("limits.").map_or(name, |(_, device)| device);
            format!("; `requests.{device}` is meant, it seems")
        }
        Some(near) => format!("; `{near}` is meant, it seems"),
        None => String::new(),
    };
    let problem = format!("bounds nothing, since no quota counts that{meant}");
    Some(SuspiciousQuantity { path, text: amount(value)?, resource: name.to_owned(), problem })
}

/// Bounds of which the lower is above the upper: the API server refuses the LimitRange.
fn crossed(item: &Node, pointer: &str, found: &mut Vec<SuspiciousQuantity>) {
    let parsed = |node: &Node| Quantity::parse(&amount(node)?).ok();
    for entry in item.get("min").map(Node::entries).unwrap_or_default() {
        let (Some(min), Some(written)) = (parsed(&entry.value), amount(&entry.value)) else { continue };
        let Some(max) = item.get("max").and_then(|max| max.get(&entry.key)).and_then(parsed) else { continue };
        if min > max {
            found.push(SuspiciousQuantity {
                path: format!("{pointer}/min/{}", escape(&entry.key)),
                text: written,
                resource: entry.key.to_string(),
                problem: format!("is a minimum above the maximum of {max}, so no container is admitted"),
            });
        }
    }
}

/// The suspicious quantities of ResourceQuotas, LimitRanges and claims, and quota scopes no pod can match.
pub(super) fn suspicious_elsewhere(resource: &Resource) -> Vec<SuspiciousQuantity> {
    let mut found = Vec::new();
    let node = resource.node();
    match &*resource.id.kind {
        "ResourceQuota" => {
            for entry in node.at(&["spec", "hard"]).map(Node::entries).unwrap_or_default() {
                let path = format!("/spec/hard/{}", escape(&entry.key));
                found.extend(uncounted(&entry.key, &entry.value, path));
                suspect_total(&mut found, format!("/spec/hard/{}", escape(&entry.key)), &entry.key, &entry.value);
            }
            found.extend(impossible_scopes(node));
        }
        "LimitRange" => {
            let items = node.at(&["spec", "limits"]).map(Node::items).unwrap_or_default();
            for (at, item) in items.iter().enumerate() {
                crossed(item, &format!("/spec/limits/{at}"), &mut found);
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
    let negative = Quantity::parse(&text).is_ok_and(Quantity::is_negative);
    let problem = match quantity::inspect(resource, &text) {
        Ok(_) if negative => Some("is below zero, which the API server refuses".to_owned()),
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
