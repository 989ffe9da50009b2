//! Autoscalers and disruption budgets, and what they mean for a workload's pods.

use serde::Serialize;

use super::selector::Selector;
use super::workload::Workload;
use super::world::{State, World};
use super::{Derivation, network, requests};
use crate::manifest::{Resource, ResourceId, kinds};
use crate::yaml::{Data, Node};

/// A HorizontalPodAutoscaler that scales a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScaledBy {
    /// Its name.
    pub name: String,
    /// Its lower bound; one where it says nothing.
    pub min: i64,
    /// Its upper bound.
    pub max: Option<i64>,
}

/// What a HorizontalPodAutoscaler does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Autoscaler {
    /// Its lower bound; one where it says nothing.
    pub min: i64,
    /// Its upper bound.
    pub max: Option<i64>,
    /// What it scales.
    pub target: Target,
}

/// What a HorizontalPodAutoscaler scales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Kind as written.
    pub kind: String,
    /// Name as written.
    pub name: String,
    /// Whether it exists.
    pub state: State,
    /// The known name most like it.
    pub nearest: Option<String>,
    /// Services in front of it.
    pub services: Vec<String>,
    /// Whether the target sets `spec.replicas` itself.
    pub replicas_set: bool,
    /// Resources of utilisation metrics that containers do not request.
    pub missing_requests: Vec<MissingRequest>,
}

/// A metric's resource that some containers do not request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingRequest {
    /// JSON pointer of the metric.
    pub path: String,
    /// `cpu` or `memory`.
    pub resource: String,
    /// The containers' names.
    pub containers: Vec<String>,
}

/// The disruption budgets of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budgets {
    /// The budgets that select its pods.
    pub matching: Vec<Budget>,
    /// Whether there being none is certain.
    pub known: bool,
    /// Pods at the autoscaler's lower bound, or the replicas.
    pub floor: i64,
    /// Whether that is how many there are: nothing known moves the replicas in a way that is not computed.
    pub exact: bool,
}

/// A PodDisruptionBudget that selects a workload's pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Disruptions it allows while the floor's pods are healthy; `None` where it selects others too or is malformed.
    pub allowed: Option<i64>,
}

/// For each autoscaler what it does, and for each workload what scales it.
pub(super) fn autoscalers(
    derivation: &Derivation<'_>,
    services: &[Vec<network::ServiceOf>],
    resources: &[Vec<requests::Resources>],
) -> (Vec<(usize, Autoscaler)>, Vec<Vec<ScaledBy>>) {
    let mut of_workload = vec![Vec::new(); derivation.workloads.len()];
    let mut of_autoscaler = Vec::new();
    for (at, autoscaler) in derivation.world.of_kind("autoscaling", "HorizontalPodAutoscaler") {
        let Some(spec) = autoscaler.node().get("spec") else { continue };
        let min = spec.get("minReplicas").and_then(Node::as_int).unwrap_or(1);
        let max = spec.get("maxReplicas").and_then(Node::as_int);
        let Some(id) = target_id(autoscaler, spec) else { continue };
        let found = derivation.workload_of(&id);
        if let Some(index) = found {
            of_workload[index].push(ScaledBy { name: autoscaler.id.name.to_string(), min, max });
        }
        let world = derivation.world;
        // A chart that renders workloads of this kind is expected to render the one it scales.
        let own = || {
            let mut others = world.in_namespace(&id.group, &id.kind, autoscaler.namespace());
            world.is_charted(autoscaler) && others.any(|(_, other)| other.same_release(autoscaler))
        };
        let state = match world.state(&id) {
            State::Unknown if own() => State::Absent,
            state => state,
        };
        let target = Target {
            kind: id.kind.to_string(),
            name: id.name.to_string(),
            state,
            nearest: if state == State::Present { None } else { world.nearest(&id).map(|name| name.to_string()) },
            services: found
                .map_or_else(Vec::new, |index| services[index].iter().map(|service| service.name.clone()).collect()),
            replicas_set: found.is_some_and(|index| sets_replicas(derivation.workloads[index].resource)),
            missing_requests: found
                .filter(|_| world.is_whole())
                .map_or_else(Vec::new, |index| missing_requests(&derivation.workloads[index], &resources[index], spec)),
        };
        of_autoscaler.push((at, Autoscaler { min, max, target }));
    }
    (of_autoscaler, of_workload)
}

fn target_id(autoscaler: &Resource, spec: &Node) -> Option<ResourceId> {
    let reference = spec.get("scaleTargetRef")?;
    Some(ResourceId {
        group: kinds::group_of(reference.str_at(&["apiVersion"]).unwrap_or("apps/v1")).into(),
        kind: reference.str_at(&["kind"])?.into(),
        namespace: autoscaler.id.namespace.clone(),
        name: reference.str_at(&["name"])?.into(),
    })
}

fn sets_replicas(resource: &Resource) -> bool {
    resource.node().at(&["spec", "replicas"]).is_some_and(|replicas| !replicas.is_null())
}

/// Utilisation is a share of the request: a container without one stops the metric
/// (pkg/controller/podautoscaler/replica_calculator.go, "missing request for").
fn missing_requests(workload: &Workload<'_>, resources: &[requests::Resources], spec: &Node) -> Vec<MissingRequest> {
    let mut missing = Vec::new();
    let metrics = spec.get("metrics").map(Node::items).unwrap_or_default();
    let legacy = spec
        .get("targetCPUUtilizationPercentage")
        .map(|_| ("/spec/targetCPUUtilizationPercentage".to_owned(), "cpu", None));
    let metrics = metrics.iter().enumerate().filter_map(|(at, metric)| {
        let (member, container) = match metric.str_at(&["type"])? {
            "Resource" => ("resource", None),
            "ContainerResource" => ("containerResource", metric.str_at(&["containerResource", "container"])),
            _ => return None,
        };
        let source = metric.get(member)?;
        let utilisation = source.str_at(&["target", "type"]) == Some("Utilization");
        let path = format!("/spec/metrics/{at}/{member}/name");
        utilisation.then(|| Some((path, source.str_at(&["name"])?, container))).flatten()
    });
    for (path, resource, container) in legacy.into_iter().chain(metrics) {
        let containers: Vec<String> = workload
            .containers
            .iter()
            .enumerate()
            .filter(|(_, candidate)| network::is_serving(candidate.r#type))
            .filter(|(_, candidate)| container.is_none_or(|name| candidate.name == name))
            .filter(|(at, _)| !resources.iter().any(|set| set.container == *at && set.requests.contains_key(resource)))
            .map(|(_, candidate)| candidate.name.to_owned())
            .collect();
        if !containers.is_empty() {
            missing.push(MissingRequest { path, resource: resource.to_owned(), containers });
        }
    }
    missing
}

/// The disruption budgets of every workload that has replicas.
pub(super) fn budgets(derivation: &Derivation<'_>, scaled: &[Vec<ScaledBy>]) -> Vec<Option<Budgets>> {
    let world = derivation.world;
    let mut budgets: Vec<Option<Budgets>> = derivation
        .workloads
        .iter()
        .zip(scaled)
        .map(|(workload, scaled)| {
            let replicas = workload.replicas?;
            let floor = scaled.iter().map(|autoscaler| autoscaler.min).max().unwrap_or(replicas);
            // A budget belongs to the chart of the workload it protects.
            let known = world.is_charted(workload.resource)
                || world.declared.is_complete("PodDisruptionBudget")
                || world.keeps("policy", "PodDisruptionBudget", workload.resource.namespace());
            let exact = !scaled_by_events(world, workload.resource);
            Some(Budgets { matching: Vec::new(), known, floor, exact })
        })
        .collect();
    for (_, budget) in world.of_kind("policy", "PodDisruptionBudget") {
        let Some(spec) = budget.node().get("spec") else { continue };
        let Some(Ok(selector)) = spec.get("selector").map(Selector::label_selector) else { continue };
        let selected = derivation.pods.select(derivation.workloads, budget.namespace(), &selector);
        for at in &selected {
            if let Some(of_workload) = &mut budgets[*at] {
                let allowed = if selected.len() == 1 { allowed(spec, of_workload.floor) } else { None };
                of_workload.matching.push(Budget { name: budget.id.name.to_string(), allowed });
            }
        }
    }
    budgets
}

/// Whether KEDA scales a workload, possibly to nothing (keda.sh, ScaledObject).
fn scaled_by_events(world: &World<'_>, resource: &Resource) -> bool {
    world
        .in_namespace("keda.sh", "ScaledObject", resource.namespace())
        .any(|(_, scaled)| scaled.node().str_at(&["spec", "scaleTargetRef", "name"]) == Some(&*resource.id.name))
}

/// Voluntary disruptions that a budget allows when `pods` pods are healthy.
///
/// Percentages round up for both members (pkg/controller/disruption/disruption.go,
/// `getExpectedPodCount`: `GetScaledValueFromIntOrPercent(…, true)`); with neither, `minAvailable` is 1
/// in policy/v1beta1 only, and nothing may be disrupted in v1's zero value.
fn allowed(spec: &Node, pods: i64) -> Option<i64> {
    let allowed = match (spec.get("minAvailable"), spec.get("maxUnavailable")) {
        (Some(minimum), _) => pods - scaled(&minimum.data, pods)?,
        (None, Some(maximum)) => scaled(&maximum.data, pods)?,
        (None, None) => 0,
    };
    Some(allowed.max(0))
}

fn scaled(value: &Data, pods: i64) -> Option<i64> {
    match value {
        Data::Int(count) => Some(*count),
        Data::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            let product = percent.checked_mul(pods)?;
            Some(product.div_euclid(100) + i64::from(product.rem_euclid(100) != 0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &serde_json::Value) -> Node {
        Node::from_json(json)
    }

    #[test]
    fn percentages_round_up() {
        assert_eq!(allowed(&spec(&serde_json::json!({"minAvailable": "50%"})), 3), Some(1));
        assert_eq!(allowed(&spec(&serde_json::json!({"maxUnavailable": "10%"})), 3), Some(1));
        assert_eq!(allowed(&spec(&serde_json::json!({"minAvailable": 3})), 3), Some(0));
        assert_eq!(allowed(&spec(&serde_json::json!({"minAvailable": 5})), 3), Some(0));
        assert_eq!(allowed(&spec(&serde_json::json!({"maxUnavailable": 0})), 9), Some(0));
        assert_eq!(allowed(&spec(&serde_json::json!({"minAvailable": "many"})), 3), None);
    }
}
