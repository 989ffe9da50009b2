//! On which nodes a pod may stand, as far as its manifest and the declared pools say.
//!
//! Node labels are declared, and those that nobody declares are not known: a selector on such a label
//! neither fits nor does not.

use super::replicas::Scaled;
use super::setting::Pool;
use crate::facts::selector::Selector;
use crate::facts::workload::Workload;
use crate::yaml::{Data, Node};

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// Whether pods may stand on the nodes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Eligible {
    /// Never.
    No,
    /// It depends on labels that are not declared.
    Unknown,
    /// By all that is known.
    Yes,
}

/// One requirement on a node's label.
#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// `Gt`, `Lt`, or a field of the node: not known here.
    Other,
}

#[derive(Debug, Clone)]
struct Toleration {
    /// Nothing for all keys.
    key: Option<String>,
    /// Nothing for all values.
    value: Option<String>,
    /// Nothing for all effects.
    effect: Option<String>,
}

/// A hard spreading of a workload's own pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Over zones, and not over nodes.
    pub zones: bool,
    /// By how many pods two may differ.
    pub skew: i64,
    /// Whether nodes whose taints keep the pods away are left out (`nodeTaintsPolicy: Honor`).
    pub honors_taints: bool,
}

/// Where the pods of a workload may stand.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    selector: Vec<Requirement>,
    /// Alternatives of required node affinity; each a list of requirements.
    alternatives: Vec<Vec<Requirement>>,
    tolerations: Vec<Toleration>,
    /// Whether it is a DaemonSet, which tolerates what nodes are tainted with on their own.
    pub daemon: bool,
    /// Whether no two of its pods may stand on one node.
    pub alone: bool,
    /// How its pods must be spread.
    pub spread: Vec<Spread>,
    /// What else decides where its pods may stand, and is not worked out here.
    pub open: Option<String>,
}

impl Placement {
    /// Reads where the pods of a workload may stand.
    pub fn of(workload: &Workload<'_>) -> Self {
        let pod = workload.pod;
        let selector = pod.get("nodeSelector").map(Node::entries).unwrap_or_default().iter().map(|entry| Requirement {
            key: entry.key.to_string(),
            operator: Operator::In,
            values: entry.value.as_str().map(str::to_owned).into_iter().collect(),
        });
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let alternatives = pod.at(&["affinity", "nodeAffinity", required, "nodeSelectorTerms"]);
        let mut placement = Self {
            selector: selector.collect(),
            alternatives: alternatives.map(Node::items).unwrap_or_default().iter().map(requirements).collect(),
            tolerations: pod.get("tolerations").map(Node::items).unwrap_or_default().iter().map(toleration).collect(),
            daemon: &*workload.resource.id.kind == "DaemonSet",
            alone: uses_host_ports(workload),
            ..Self::default()
        };
        let own = |term: &Node| {
            let selector = term.get("labelSelector").map(Selector::label_selector);
            matches!(selector, Some(Ok(selector)) if selector.matches(&workload.labels))
        };
        for term in pod.at(&["affinity", "podAntiAffinity", required]).map(Node::items).unwrap_or_default() {
            match (own(term), term.str_at(&["topologyKey"])) {
                (true, Some(HOST)) => placement.alone = true,
                _ => placement.open = Some("it keeps away from other pods".to_owned()),
            }
        }
        if pod.at(&["affinity", "podAffinity", required]).is_some_and(|terms| !terms.items().is_empty()) {
            placement.open = Some("it must stand near other pods".to_owned());
        }
        for constraint in pod.get("topologySpreadConstraints").map(Node::items).unwrap_or_default() {
            if constraint.str_at(&["whenUnsatisfiable"]) != Some("DoNotSchedule") || !own(constraint) {
                continue;
            }
            let skew = constraint.get("maxSkew").and_then(Node::as_int).unwrap_or(1).max(1);
            match constraint.str_at(&["topologyKey"]) {
                Some(key @ (ZONE | HOST)) => {
                    let honors_taints = constraint.str_at(&["nodeTaintsPolicy"]) == Some("Honor");
                    placement.spread.push(Spread { zones: key == ZONE, skew, honors_taints });
                }
                _ => placement.open = Some("it is spread over a topology that is not declared".to_owned()),
            }
        }
        if pod.str_at(&["schedulerName"]).is_some_and(|name| name != "default-scheduler") {
            placement.open = Some("another scheduler places it".to_owned());
        }
        placement
    }

    /// Whether its pods may stand on the nodes of a pool; `pools` are all of the cluster.
    pub fn eligible(&self, pool: &Pool, pools: &[Pool]) -> Eligible {
        if self.tolerates(pool) { self.selects(pool, pools) } else { Eligible::No }
    }

    /// The same without its taints.
    pub fn selects(&self, pool: &Pool, pools: &[Pool]) -> Eligible {
        let all = |requirements: &[Requirement]| {
            requirements.iter().map(|requirement| requirement.met(pool, pools)).min().unwrap_or(Eligible::Yes)
        };
        // A term without requirements matches no node.
        let any = self.alternatives.iter().filter(|terms| !terms.is_empty()).map(|terms| all(terms)).max();
        let affinity = if self.alternatives.is_empty() { Eligible::Yes } else { any.unwrap_or(Eligible::No) };
        all(&self.selector).min(affinity)
    }

    fn tolerates(&self, pool: &Pool) -> bool {
        let hard = pool.taints.iter().filter(|taint| taint.effect != "PreferNoSchedule");
        hard.into_iter().all(|taint| {
            // The controller adds these to the pods of a DaemonSet (`pkg/controller/daemon/util`).
            let added = self.daemon && taint.key.starts_with("node.kubernetes.io/");
            added
                || self.tolerations.iter().any(|toleration| toleration.matches(&taint.key, &taint.value, taint.effect))
        })
    }

    /// How many nodes it may stand on, at least and at most: the pods of a DaemonSet.
    pub fn nodes(&self, pools: &[Pool]) -> Scaled {
        let eligible = || pools.iter().filter(|pool| self.eligible(pool, pools) != Eligible::No);
        let sum = |count: fn(&Pool) -> u32| eligible().map(|pool| i64::from(count(pool))).sum();
        Scaled { min: sum(|pool| pool.min), max: sum(|pool| pool.max) }
    }
}

impl Requirement {
    fn met(&self, pool: &Pool, pools: &[Pool]) -> Eligible {
        let found = match &*self.key {
            ZONE => {
                return match (self.operator, pool.zones.is_empty()) {
                    (Operator::In, false) => {
                        let zones = pool.zones.iter().filter(|zone| self.values.iter().any(|value| **value == ***zone));
                        match zones.count() {
                            0 => Eligible::No,
                            count if count == pool.zones.len() => Eligible::Yes,
                            _ => Eligible::Unknown,
                        }
                    }
                    (Operator::Exists, false) => Eligible::Yes,
                    _ => Eligible::Unknown,
                };
            }
            // Windows nodes would say so.
            "kubernetes.io/os" if !pool.labels.contains_key("kubernetes.io/os") => Some("linux"),
            key => pool.labels.get(key).map(String::as_str),
        };
        let is = |fits: bool| if fits { Eligible::Yes } else { Eligible::No };
        // A label that only other pools declare is one that this pool does not have.
        let missing = || {
            let declared = pools.iter().any(|pool| pool.labels.contains_key(&self.key));
            if declared { Some(()) } else { None }
        };
        match (self.operator, found) {
            (Operator::In, Some(value)) => is(self.values.iter().any(|wanted| wanted == value)),
            (Operator::NotIn, Some(value)) => is(self.values.iter().all(|wanted| wanted != value)),
            (Operator::Exists, Some(_)) => Eligible::Yes,
            (Operator::DoesNotExist, Some(_)) => Eligible::No,
            (Operator::Other, _) => Eligible::Unknown,
            (Operator::In | Operator::Exists, None) => missing().map_or(Eligible::Unknown, |()| Eligible::No),
            (Operator::NotIn | Operator::DoesNotExist, None) => missing().map_or(Eligible::Unknown, |()| Eligible::Yes),
        }
    }
}

impl Toleration {
    /// `k8s.io/component-helpers/scheduling/corev1`, `ToleratesTaint`.
    fn matches(&self, key: &str, value: &str, effect: &str) -> bool {
        self.key.as_ref().is_none_or(|own| own == key)
            && self.value.as_ref().is_none_or(|own| own == value)
            && self.effect.as_ref().is_none_or(|own| own == effect)
    }
}

fn toleration(node: &Node) -> Toleration {
    let text = |name: &str| node.str_at(&[name]).filter(|text| !text.is_empty()).map(str::to_owned);
    let exists = node.str_at(&["operator"]) == Some("Exists");
    let value = if exists { None } else { Some(text("value").unwrap_or_default()) };
    Toleration { key: text("key").or_else(|| (!exists).then(String::new)), value, effect: text("effect") }
}

fn requirements(term: &Node) -> Vec<Requirement> {
    let expressions = term.get("matchExpressions").map(Node::items).unwrap_or_default().iter().map(|expression| {
        let operator = match expression.str_at(&["operator"]) {
            Some("In") => Operator::In,
            Some("NotIn") => Operator::NotIn,
            Some("Exists") => Operator::Exists,
            Some("DoesNotExist") => Operator::DoesNotExist,
            _ => Operator::Other,
        };
        let values = expression.get("values").map(Node::items).unwrap_or_default();
        Requirement {
            key: expression.str_at(&["key"]).unwrap_or_default().to_owned(),
            operator,
            values: values.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
        }
    });
    let fields = term.get("matchFields").map(Node::items).unwrap_or_default().iter();
    let fields = fields.map(|_| Requirement { key: String::new(), operator: Operator::Other, values: Vec::new() });
    expressions.chain(fields).collect()
}

/// Two pods cannot have the same port of one node.
fn uses_host_ports(workload: &Workload<'_>) -> bool {
    let host = workload.pod.get("hostNetwork").and_then(Node::as_bool) == Some(true);
    workload.containers.iter().any(|container| {
        let ports = container.spec.get("ports").map(Node::items).unwrap_or_default();
        ports.iter().any(|port| host || matches!(port.get("hostPort").map(|port| &port.data), Some(Data::Int(1..))))
    })
}
