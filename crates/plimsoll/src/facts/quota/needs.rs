//! What a namespace, a team or an environment needs of one dimension, and how much of a quota that is.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::Quota;
use super::claims::Claim;
use super::demand::Demand;
use super::quotas::{self, Dimension, ResourceQuota, Scope};
use super::replicas::{Phase, Pods};
use super::sums::{Share, Sum, sum};
use super::words::words;
use crate::facts::quantity::Quantity;
use crate::facts::world::World;
use crate::yaml::Node;

/// A share of nothing is as much as any.
const BOUNDLESS: i64 = 1_000_000;

/// Objects of a namespace that quotas count, apart from pods.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Claims, with their positions.
    pub claims: Vec<(usize, Claim)>,
    /// Services: position, name, node ports, whether it has a load balancer.
    pub services: Vec<(usize, Arc<str>, i64, bool)>,
    /// How many there are of each resource of a group.
    pub counts: BTreeMap<(Arc<str>, Arc<str>), i64>,
}

/// How much of one dimension of a quota is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// JSON pointer of the dimension, or of the amount that takes most.
    pub path: String,
    /// The dimension.
    pub dimension: String,
    /// The quota, as `namespace/name`.
    pub quota: String,
    /// How many per cent of it are needed, rounded up.
    pub share: i64,
    /// The sum, term by term.
    pub sum: String,
    /// What the quota allows, in the unit of the sum.
    pub hard: String,
    /// Whether a single pod is already too much, which admission says.
    pub alone: bool,
    /// Every term.
    pub witness: Vec<String>,
}

/// Scopes that none of a namespace's pods have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// JSON pointer of the scopes.
    pub path: String,
    /// The scopes in words.
    pub scopes: String,
    /// Whether all pods are known.
    pub known: bool,
}

/// The objects of each namespace that quotas count.
pub(super) fn objects(world: &World<'_>) -> BTreeMap<Arc<str>, Objects> {
    let mut found: BTreeMap<Arc<str>, Objects> = BTreeMap::new();
    // Only where there is a quota does it matter what it counts.
    let with_quota: std::collections::BTreeSet<&str> =
        world.of_kind("", "ResourceQuota").map(|(_, quota)| quota.namespace()).collect();
    if with_quota.is_empty() {
        return found;
    }
    for (at, resource) in world.resources.iter().enumerate() {
        let Some(namespace) = resource.id.namespace.as_ref().filter(|name| with_quota.contains(&***name)) else {
            continue;
        };
        let objects = found.entry(namespace.clone()).or_default();
        let key = (Arc::from(quotas::plural(&resource.id.kind)), resource.id.group.clone());
        *objects.counts.entry(key).or_default() += 1;
        match (&*resource.id.group, &*resource.id.kind) {
            ("", "PersistentVolumeClaim") => {
                let claim = Claim::read(resource.id.name.clone(), resource.node().get("spec"), false);
                objects.claims.push((at, claim));
            }
            ("", "Service") => {
                let balanced = resource.node().at(&["spec", "type"]).and_then(Node::as_str) == Some("LoadBalancer");
                let ports = quotas::node_ports(resource.node());
                objects.services.push((at, resource.id.name.clone(), ports, balanced));
            }
            _ => {}
        }
    }
    found
}

/// Something there is so many of, at rest as at the peak.
fn fixed(count: i64) -> Pods {
    Pods { phase: Phase::Serving, steady: count, peak: count, surge: 0, worst: count, unbounded: None }
}

/// Claims that stay when replicas go are there as often as there ever were pods.
fn pods_with(claim: &Claim, pods: &Pods) -> Pods {
    if claim.ephemeral { pods.clone() } else { Pods { worst: pods.peak, surge: 0, ..pods.clone() } }
}

impl Quota {
    /// What some workloads need of a dimension that counts pods or what they need, claims with them.
    pub fn need<'q>(&'q self, dimension: &Dimension<'_>, demands: impl IntoIterator<Item = &'q Demand>) -> Sum {
        match dimension {
            Dimension::Storage(class) | Dimension::Claims(class) => {
                let claims =
                    demands.into_iter().flat_map(|demand| demand.claims.iter().map(move |claim| (demand, claim)));
                let counted: Vec<(usize, Arc<str>, Pods, Quantity)> = claims
                    .filter(|(_, claim)| class.is_none_or(|class| claim.class.as_deref() == Some(class)))
                    .map(|(demand, claim)| {
                        let label = format!("{}/{}", demand.name, claim.name).into();
                        (demand.at, label, pods_with(claim, &demand.pods), of_claim(dimension, claim))
                    })
                    .collect();
                self.sum_of(&counted)
            }
            _ => {
                let shares = demands.into_iter().filter_map(|demand| {
                    let each = dimension.of_pod(demand)?;
                    Some(Share { at: demand.at, label: demand.name.clone(), pods: &demand.pods, each })
                });
                sum(shares, self.setting.rollouts)
            }
        }
    }

    fn sum_of(&self, counted: &[(usize, Arc<str>, Pods, Quantity)]) -> Sum {
        let shares =
            counted.iter().map(|(at, label, pods, each)| Share { at: *at, label: label.clone(), pods, each: *each });
        sum(shares, self.setting.rollouts)
    }

    /// What a dimension of a quota counts; `namespace` is where, which for a quota that is compared with
    /// another environment is not its own.
    pub fn use_of(&self, quota: &ResourceQuota, name: &str, namespace: &str) -> Sum {
        let dimension = Dimension::of(name);
        let demands = self.in_namespace(namespace).filter(|demand| quota.counts(demand));
        if dimension.written().is_some() || dimension == Dimension::Pods {
            return self.need(&dimension, demands);
        }
        if !quota.scopes.is_empty() {
            return Sum::default();
        }
        let none = Objects::default();
        let objects = self.objects.get(namespace).unwrap_or(&none);
        let one = Quantity::from_units(1);
        let counted: Vec<(usize, Arc<str>, Pods, Quantity)> = match &dimension {
            Dimension::Storage(class) | Dimension::Claims(class) => {
                let claims = objects.claims.iter();
                let claims =
                    claims.filter(|(_, claim)| class.is_none_or(|class| claim.class.as_deref() == Some(class)));
                let own = claims.map(|(at, claim)| (*at, claim.name.clone(), fixed(1), of_claim(&dimension, claim)));
                let made = demands.flat_map(|demand| demand.claims.iter().map(move |claim| (demand, claim)));
                let made = made.filter(|(_, claim)| class.is_none_or(|class| claim.class.as_deref() == Some(class)));
                own.chain(made.map(|(demand, claim)| {
                    let label = format!("{}/{}", demand.name, claim.name).into();
                    (demand.at, label, pods_with(claim, &demand.pods), of_claim(&dimension, claim))
                }))
                .collect()
            }
            Dimension::NodePorts => {
                let services = objects.services.iter().filter(|(_, _, ports, _)| *ports > 0);
                services.map(|(at, name, ports, _)| (*at, name.clone(), fixed(*ports), one)).collect()
            }
            Dimension::LoadBalancers => {
                let services = objects.services.iter().filter(|(_, _, _, balanced)| *balanced);
                services.map(|(at, name, _, _)| (*at, name.clone(), fixed(1), one)).collect()
            }
            Dimension::Objects(resource, group) => {
                let count = objects.counts.get(&(Arc::from(*resource), Arc::from(*group))).copied().unwrap_or_default();
                vec![(quota.at, Arc::from(*resource), fixed(count), one)]
            }
            _ => Vec::new(),
        };
        self.sum_of(&counted)
    }

    /// How much of each quota is needed, at the resource at which a person looks for it: the quota, or, where
    /// that is not ours, the workload of ours that takes most.
    pub(super) fn peaks(&self) -> Vec<(usize, Peak)> {
        let of_quota = |quota: &ResourceQuota| -> Vec<(usize, Peak)> {
            quota.hard.iter().filter_map(|(name, hard)| self.peak(quota, name, hard)).collect()
        };
        self.quotas.par_iter().flat_map_iter(of_quota).collect()
    }

    fn peak(&self, quota: &ResourceQuota, name: &str, hard: Quantity) -> Option<(usize, Peak)> {
        let sum = self.use_of(quota, name, &quota.namespace);
        if sum.rollout.is_zero() {
            return None;
        }
        let dimension = Dimension::of(name);
        let (at, path) = if quota.external {
            self.largest(&sum, &dimension)?
        } else {
            (quota.at, format!("/spec/hard/{}", super::escape(name)))
        };
        let counted = self.in_namespace(&quota.namespace).filter(|demand| quota.counts(demand));
        let alone = counted.filter_map(|demand| dimension.of_pod(demand)).any(|each| each > hard);
        let words = words(&sum, hard);
        let peak = Peak {
            path,
            dimension: name.to_owned(),
            quota: format!("{}/{}", quota.namespace, quota.name),
            share: percent(sum.rollout, hard),
            sum: words.sum,
            hard: words.hard,
            alone,
            witness: words.lines,
        };
        Some((at, peak))
    }

    /// The workload of ours that takes most of a sum, and where it says so.
    pub fn largest(&self, sum: &Sum, dimension: &Dimension<'_>) -> Option<(usize, String)> {
        sum.terms.iter().find_map(|term| {
            let number = self.demands.binary_search_by_key(&term.at, |demand| demand.at).ok()?;
            let demand = Some(&self.demands[number]).filter(|demand| !demand.external)?;
            let path = dimension
                .written()
                .map_or_else(|| "/metadata/name".to_owned(), |(list, resource)| demand.pointer(list, resource));
            Some((demand.at, path))
        })
    }

    /// Our own quotas with scopes that none of their namespace's pods have.
    pub(super) fn unmatched(&self, world: &World<'_>) -> Vec<(usize, Unmatched)> {
        let scoped = self.quotas.iter().filter(|quota| !quota.external && !quota.scopes.is_empty());
        let allows = |quota: &&ResourceQuota| quota.counts_pods() && quota.hard.iter().any(|(_, hard)| !hard.is_zero());
        // A quota of nothing forbids, and is best matched by nobody.
        scoped
            .filter(allows)
            .filter(|quota| {
                let mut pods = self.in_namespace(&quota.namespace).peekable();
                pods.peek().is_some() && !pods.any(|demand| quota.counts(demand))
            })
            .map(|quota| {
                let listed = world.resources[quota.at].node().at(&["spec", "scopes"]).is_some();
                let path = if listed { "/spec/scopes" } else { "/spec/scopeSelector" };
                let described = quota.scopes.iter().map(in_words).collect::<Vec<_>>().join(" and ");
                let known = world.declared.is_complete("Pod");
                (quota.at, Unmatched { path: path.to_owned(), scopes: described, known })
            })
            .collect()
    }
}

fn of_claim(dimension: &Dimension<'_>, claim: &Claim) -> Quantity {
    if matches!(dimension, Dimension::Storage(_)) { claim.storage } else { Quantity::from_units(1) }
}

/// How many per cent one amount is of another, rounded up.
pub(super) fn percent(part: Quantity, whole: Quantity) -> i64 {
    if whole <= Quantity::default() {
        return if part > Quantity::default() { BOUNDLESS } else { 0 };
    }
    let Some(product) = part.nanos().checked_mul(100) else { return BOUNDLESS };
    let rounded = product / whole.nanos() + i128::from(product % whole.nanos() != 0);
    i64::try_from(rounded).unwrap_or(BOUNDLESS).min(BOUNDLESS)
}

fn in_words(scope: &Scope) -> String {
    match scope {
        Scope::Terminating(true) => "`Terminating` (pods with `activeDeadlineSeconds`)".to_owned(),
        Scope::Terminating(false) => "`NotTerminating`".to_owned(),
        Scope::BestEffort(true) => "`BestEffort`".to_owned(),
        Scope::BestEffort(false) => "`NotBestEffort`".to_owned(),
        Scope::Priority(None, true) => "`PriorityClass` (any)".to_owned(),
        Scope::Priority(None, false) => "`PriorityClass` (none)".to_owned(),
        Scope::Priority(Some(names), listed) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("`PriorityClass` {} {}", if *listed { "in" } else { "not in" }, names.join(", "))
        }
        Scope::CrossNamespace => "`CrossNamespacePodAffinity`".to_owned(),
        Scope::Other(name) => format!("`{name}`"),
    }
}
