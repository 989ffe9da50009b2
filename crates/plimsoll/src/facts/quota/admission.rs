//! Whom the API server would refuse, and who could push everybody else out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::Quota;
use super::amounts::Amounts;
use super::demand::{Demand, Surroundings};
use super::limits::Refusal;
use super::quotas::{Dimension, ResourceQuota, Scope};
use super::replicas;
use crate::facts::quantity::Quantity;
use crate::facts::world::World;
use crate::yaml::Node;

/// The PriorityClasses of every cluster (`pkg/apis/scheduling/v1/helpers.go`).
const SYSTEM: [(&str, i64); 2] = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// The PriorityClass of a workload whose namespace has a quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Priority {
    /// JSON pointer of its name.
    pub path: String,
    /// Its name.
    pub class: String,
    /// Its value; null where the class is not rendered.
    pub value: Option<i64>,
    /// What pods have that name none.
    pub default: i64,
    /// Whether a quota of the namespace is scoped to it.
    pub covered: bool,
}

/// The PriorityClasses that are known.
pub(super) struct Priorities {
    values: BTreeMap<Arc<str>, i64>,
    default: i64,
}

impl Priorities {
    pub(super) fn new(world: &World<'_>) -> Self {
        let classes = world.of_kind("scheduling.k8s.io", "PriorityClass");
        let mut values: BTreeMap<Arc<str>, i64> = SYSTEM.map(|(name, value)| (Arc::from(name), value)).into();
        let mut default = None;
        for (_, class) in classes {
            let value = class.node().get("value").and_then(Node::as_int).unwrap_or_default();
            values.insert(class.id.name.clone(), value);
            if class.node().get("globalDefault").and_then(Node::as_bool) == Some(true) {
                default = Some(default.map_or(value, |known: i64| known.min(value)));
            }
        }
        Self { values, default: default.unwrap_or_default() }
    }

    /// The priority of a workload that names one, where the namespace has a quota.
    pub(super) fn of(&self, quota: &Quota, demand: &Demand) -> Option<Priority> {
        let class = demand.traits.priority.as_ref()?;
        let mut quotas = quota.quotas_in(&demand.namespace).peekable();
        quotas.peek()?;
        let scoped = |quota: &ResourceQuota| {
            quota.scopes.iter().any(|scope| matches!(scope, Scope::Priority(..))) && quota.counts(demand)
        };
        Some(Priority {
            path: format!("{}/priorityClassName", demand.pod_pointer),
            class: class.to_string(),
            value: self.values.get(class).copied(),
            default: self.default,
            covered: quotas.any(scoped),
        })
    }
}

/// Why the pods of a workload are refused, whatever else runs.
pub(super) fn refusals(quota: &Quota, surroundings: &Surroundings<'_>, demand: &Demand) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for range in surroundings.ranges(&demand.namespace) {
        refusals.extend(range.refusals(&demand.pod, &demand.pod_pointer));
        for (pointer, claim) in templates(surroundings, demand) {
            refusals.extend(range.claim_refusals(&claim, &pointer));
        }
    }
    for quota in quota.quotas_in(&demand.namespace).filter(|quota| quota.counts(demand)) {
        // A LimitRange that could not be rendered may say it.
        if surroundings.world.is_whole() {
            refusals.extend(unsaid(quota, demand));
        }
        refusals.extend(too_much(quota, demand));
    }
    refusals
}

/// The storage that the templates of a StatefulSet ask for, and where.
fn templates(surroundings: &Surroundings<'_>, demand: &Demand) -> Vec<(String, Amounts)> {
    if demand.claims.is_empty() || &*demand.kind != "StatefulSet" {
        return Vec::new();
    }
    let node = surroundings.world.resources[demand.at].node();
    let templates = node.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
    let requests = |template: &Node| Amounts::read(template.at(&["spec", "resources", "requests"]));
    let pointer = |at| format!("/spec/volumeClaimTemplates/{at}/spec/resources/requests");
    templates.iter().enumerate().map(|(at, template)| (pointer(at), requests(template))).collect()
}

/// What a quota obliges containers to say, one refusal for each container.
fn unsaid(quota: &ResourceQuota, demand: &Demand) -> Vec<Refusal> {
    let mut by_container: Vec<(&super::pod::Part, Vec<&str>)> = Vec::new();
    for (name, part) in quota.missing(&demand.pod) {
        match by_container.iter_mut().find(|(known, _)| std::ptr::eq(*known, part)) {
            Some((_, names)) => names.push(name),
            None => by_container.push((part, vec![name])),
        }
    }
    by_container
        .into_iter()
        .map(|(part, names)| {
            let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
            let sort = if part.pointer.is_some() { "container" } else { "injected container" };
            let message = format!(
                "{sort} `{}` does not set {}, which ResourceQuota `{}` asks of every container",
                part.name,
                names.join(" and "),
                quota.name
            );
            let pointer = part.pointer.as_deref().unwrap_or(&demand.pod_pointer);
            Refusal { path: format!("{pointer}/resources"), message }
        })
        .collect()
}

/// Dimensions of which a single pod takes more than there is.
fn too_much(quota: &ResourceQuota, demand: &Demand) -> Vec<Refusal> {
    let over = quota.hard.iter().filter_map(|(name, hard)| {
        let dimension = Dimension::of(name);
        let each = dimension.of_pod(demand).filter(|each| *each > hard)?;
        let path = dimension
            .written()
            .map_or_else(|| demand.pod_pointer.clone(), |(list, resource)| demand.pointer(list, resource));
        let message =
            format!("one pod takes {each} of {name}, and ResourceQuota `{}` allows {hard} in all", quota.name);
        Some(Refusal { path, message })
    });
    over.collect()
}

/// Why claims that stand as objects are refused, by their positions.
pub(super) fn claim_refusals(quota: &Quota, surroundings: &Surroundings<'_>) -> Vec<(usize, Vec<Refusal>)> {
    let mut found: HashMap<usize, Vec<Refusal>> = HashMap::new();
    for (at, claim) in surroundings.world.of_kind("", "PersistentVolumeClaim") {
        if claim.is_external() {
            continue;
        }
        let requests = Amounts::read(claim.node().at(&["spec", "resources", "requests"]));
        let pointer = "/spec/resources/requests";
        let ranges = surroundings.ranges(claim.namespace()).iter();
        let mut refusals: Vec<Refusal> = ranges.flat_map(|range| range.claim_refusals(&requests, pointer)).collect();
        let asked = requests.of("storage");
        for quota in quota.quotas_in(claim.namespace()).filter(|quota| quota.scopes.is_empty()) {
            let storage =
                quota.hard.get("requests.storage").filter(|hard| asked > *hard && *hard > Quantity::default());
            refusals.extend(storage.map(|hard| Refusal {
                path: format!("{pointer}/storage"),
                message: format!(
                    "the claim takes {asked} of requests.storage, and ResourceQuota `{}` allows {hard} in all",
                    quota.name
                ),
            }));
        }
        if !refusals.is_empty() {
            found.insert(at, refusals);
        }
    }
    found.into_iter().collect()
}

/// Why the pods of a CronJob cannot be counted.
pub(super) fn uncounted(node: &Node, demand: &Demand) -> Option<Refusal> {
    if &*demand.kind != "CronJob" || demand.pods.phase == replicas::Phase::Off {
        return None;
    }
    let written = |member: &str| node.at(&["spec", member]).is_some();
    let schedule = |message: String| Some(Refusal { path: "/spec/schedule".to_owned(), message });
    let text = super::excerpt(node.at(&["spec", "schedule"]).and_then(Node::as_str).unwrap_or_default()).into_owned();
    match replicas::schedule(node) {
        Ok(super::cron::Schedule::Never) => schedule(format!("the schedule `{text}` never fires: no date fits it")),
        Err(fault) => schedule(format!("the schedule `{text}` {fault}")),
        Ok(super::cron::Schedule::Every(_)) => {
            let reason = demand.pods.unbounded.as_ref()?;
            let path = if written("concurrencyPolicy") { "/spec/concurrencyPolicy" } else { "/spec/schedule" };
            Some(Refusal { path: path.to_owned(), message: format!("its pods {reason}") })
        }
    }
}
