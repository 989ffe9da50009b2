//! ResourceQuotas: which pods and objects each one counts, and how much of what
//! (`pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go`).

use std::sync::Arc;

use super::amounts::Amounts;
use super::demand::Demand;
use super::pod::Pod;
use crate::facts::quantity::Quantity;
use crate::manifest::Resource;
use crate::yaml::Node;

/// Resources for which a quota obliges every container to say what it needs.
const OBLIGING: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
/// What belongs to a StorageClass in the name of a dimension.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// A ResourceQuota.
#[derive(Debug, Clone)]
pub struct ResourceQuota {
    /// The resource's position in the environment.
    pub at: usize,
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Whether it is not ours.
    pub external: bool,
    /// What it allows.
    pub hard: Amounts,
    /// Which pods it counts; all of these must hold.
    pub scopes: Vec<Scope>,
}

/// One condition on the pods that a quota counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The pod has a deadline of its own.
    Terminating(bool),
    /// It asks for neither CPU nor memory.
    BestEffort(bool),
    /// It has a PriorityClass: any (`None`), none, or one that is in, or not in, a list.
    Priority(Option<Arc<[Arc<str>]>>, bool),
    /// It wants to stand near, or far from, pods of other namespaces.
    CrossNamespace,
    /// No pod has it.
    Other(Arc<str>),
}

/// What a dimension of a quota counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension<'a> {
    /// Requests of pods for a resource.
    Requests(&'a str),
    /// Limits of pods for a resource.
    Limits(&'a str),
    /// Pods.
    Pods,
    /// Storage that claims ask for, of one class or of all.
    Storage(Option<&'a str>),
    /// Claims, of one class or of all.
    Claims(Option<&'a str>),
    /// Ports that Services take of each node.
    NodePorts,
    /// Services with a load balancer.
    LoadBalancers,
    /// Objects of a resource in a group.
    Objects(&'a str, &'a str),
    /// Nothing that any evaluator counts.
    Nothing,
}

impl<'a> Dimension<'a> {
    /// What a key of `spec.hard` counts.
    pub fn of(name: &'a str) -> Self {
        if let Some(counted) = name.strip_prefix("count/") {
            let (resource, group) = counted.split_once('.').unwrap_or((counted, ""));
            return match (resource, group) {
                ("", _) => Self::Nothing,
                ("pods", "") => Self::Pods,
                ("persistentvolumeclaims", "") => Self::Claims(None),
                _ => Self::Objects(resource, group),
            };
        }
        if let Some((class, of)) = name.split_once(OF_CLASS) {
            return match of {
                "requests.storage" => Self::Storage(Some(class)),
                "persistentvolumeclaims" => Self::Claims(Some(class)),
                _ => Self::Nothing,
            };
        }
        let plain = |name: &str| matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge(name);
        match name {
            "pods" => Self::Pods,
            "persistentvolumeclaims" => Self::Claims(None),
            "requests.storage" => Self::Storage(None),
            "services.nodeports" => Self::NodePorts,
            "services.loadbalancers" => Self::LoadBalancers,
            "services" | "replicationcontrollers" | "resourcequotas" | "secrets" | "configmaps" => {
                Self::Objects(name, "")
            }
            _ if plain(name) => Self::Requests(name),
            _ => match (name.strip_prefix("requests."), name.strip_prefix("limits.")) {
                (Some(resource), _) if plain(resource) || resource.contains('/') => Self::Requests(resource),
                (_, Some(resource @ ("cpu" | "memory" | "ephemeral-storage"))) => Self::Limits(resource),
                _ => Self::Nothing,
            },
        }
    }

    /// Where one pod of a workload says how much it takes: the list and the resource.
    pub fn written(&self) -> Option<(&'static str, &'a str)> {
        match self {
            Self::Requests(resource) => Some(("requests", resource)),
            Self::Limits(resource) => Some(("limits", resource)),
            _ => None,
        }
    }

    /// How much one pod takes; `None` where pods are not what is counted.
    pub fn of_pod(&self, demand: &Demand) -> Option<Quantity> {
        match self {
            Self::Requests(resource) => Some(demand.requests.of(resource)),
            Self::Limits(resource) => Some(demand.limits.of(resource)),
            Self::Pods => Some(Quantity::from_units(1)),
            _ => None,
        }
    }
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

impl ResourceQuota {
    /// Reads a quota; malformed amounts are left out and said elsewhere.
    pub fn read(at: usize, resource: &Resource) -> Self {
        let node = resource.node();
        let listed = node.at(&["spec", "scopes"]).map(Node::items).unwrap_or_default();
        let selected = node.at(&["spec", "scopeSelector", "matchExpressions"]).map(Node::items).unwrap_or_default();
        let plain = listed.iter().filter_map(Node::as_str).map(|name| scope(name, "Exists", &[]));
        let chosen = selected.iter().map(|expression| {
            let values: Vec<&str> =
                expression.get("values").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str).collect();
            let name = expression.str_at(&["scopeName"]).unwrap_or_default();
            scope(name, expression.str_at(&["operator"]).unwrap_or_default(), &values)
        });
        Self {
            at,
            name: resource.id.name.clone(),
            namespace: resource.namespace().into(),
            external: resource.is_external(),
            hard: Amounts::read(node.at(&["spec", "hard"])),
            scopes: plain.chain(chosen).collect(),
        }
    }

    /// Whether its scopes hold for a workload's pods. Objects other than pods have none of them.
    pub fn counts(&self, demand: &Demand) -> bool {
        let traits = &demand.traits;
        self.scopes.iter().all(|scope| match scope {
            Scope::Terminating(is) => traits.terminating == *is,
            Scope::BestEffort(is) => traits.best_effort == *is,
            Scope::Priority(None, any) => traits.priority.is_some() == *any,
            Scope::Priority(Some(names), listed) => {
                // A selector of the kind NotIn holds where there is no class, too.
                traits.priority.as_ref().is_some_and(|name| names.contains(name)) == *listed
            }
            Scope::CrossNamespace => traits.cross_namespace,
            Scope::Other(_) => false,
        })
    }

    /// Whether pods are what some of its dimensions count.
    pub fn counts_pods(&self) -> bool {
        let of_pods =
            |name: &str| matches!(Dimension::of(name), Dimension::Requests(_) | Dimension::Limits(_) | Dimension::Pods);
        self.hard.iter().any(|(name, _)| of_pods(name))
    }

    /// What containers must say and do not, as dimension and container; nothing is asked of pods that say it
    /// as a whole.
    pub fn missing<'p>(&self, pod: &'p Pod) -> Vec<(&'static str, &'p super::pod::Part)> {
        if pod.has_own() {
            return Vec::new();
        }
        let named = OBLIGING.into_iter().filter(|name| self.hard.contains(name));
        named
            .flat_map(|name| {
                let said = move |part: &&super::pod::Part| {
                    let list = if name.starts_with("limits.") { &part.share.limits } else { &part.share.requests };
                    !list.contains(name.rsplit('.').next().unwrap_or(name))
                };
                pod.parts.iter().filter(said).map(move |part| (name, part))
            })
            .collect()
    }
}

fn scope(name: &str, operator: &str, values: &[&str]) -> Scope {
    let names = || Some(values.iter().map(|value| Arc::from(*value)).collect());
    match (name, operator) {
        ("Terminating", _) => Scope::Terminating(true),
        ("NotTerminating", _) => Scope::Terminating(false),
        ("BestEffort", _) => Scope::BestEffort(true),
        ("NotBestEffort", _) => Scope::BestEffort(false),
        ("CrossNamespacePodAffinity", _) => Scope::CrossNamespace,
        ("PriorityClass", "In") => Scope::Priority(names(), true),
        ("PriorityClass", "NotIn") => Scope::Priority(names(), false),
        ("PriorityClass", "Exists") => Scope::Priority(None, true),
        ("PriorityClass", "DoesNotExist") => Scope::Priority(None, false),
        _ => Scope::Other(name.into()),
    }
}

/// The plural by which the API knows a kind.
pub(super) fn plural(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if lower == "endpoints" => lower,
        _ if lower.ends_with(['s', 'x']) || lower.ends_with("ch") => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

/// Node ports that a Service takes: those of its ports, unless a load balancer does without.
pub(super) fn node_ports(service: &Node) -> i64 {
    let spec = service.get("spec");
    let ports = spec.and_then(|spec| spec.get("ports")).map(Node::items).unwrap_or_default();
    let count = |ports: usize| i64::try_from(ports).unwrap_or(i64::MAX);
    match spec.and_then(|spec| spec.str_at(&["type"])) {
        Some("NodePort") => count(ports.len()),
        Some("LoadBalancer") => {
            let allocated = spec.and_then(|spec| spec.get("allocateLoadBalancerNodePorts")).and_then(Node::as_bool);
            if allocated == Some(false) {
                count(ports.iter().filter(|port| port.get("nodePort").and_then(Node::as_int).unwrap_or(0) != 0).count())
            } else {
                count(ports.len())
            }
        }
        _ => 0,
    }
}
