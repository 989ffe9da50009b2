//! Nodes as pods find them: what is left beside the DaemonSets, in which zone.

use std::sync::Arc;

use serde::Serialize;

use super::amounts::Amounts;
use super::demand::Demand;
use super::placement::Eligible;
use super::setting::Pool;
use crate::facts::quantity::Quantity;

/// Pods that a kubelet runs where nothing else is said (`maxPods`).
const PODS: i64 = 110;

/// The nodes of the declared pools, with what DaemonSets take of each.
#[derive(Debug)]
pub struct Room<'p> {
    pools: &'p [Pool],
    /// For each pool what one node gives.
    whole: Vec<Amounts>,
    /// For each pool what one node has left beside the DaemonSets, pods among it.
    left: Vec<Amounts>,
    /// For each pool what DaemonSets take of a node.
    daemons: Vec<Amounts>,
}

/// A pod for which no node is large enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TooLarge {
    /// JSON pointer of the amount that is too large.
    pub path: String,
    /// One sentence.
    pub message: String,
    /// What each pool gives.
    pub witness: Vec<String>,
}

impl<'p> Room<'p> {
    /// The nodes of these pools, beside the DaemonSets among the demands.
    pub fn new<'d>(pools: &'p [Pool], demands: impl IntoIterator<Item = &'d Demand>) -> Self {
        let mut daemons = vec![Amounts::default(); pools.len()];
        for demand in demands.into_iter().filter(|demand| &*demand.kind == "DaemonSet") {
            for (pool, taken) in pools.iter().zip(&mut daemons) {
                if demand.placement.eligible(pool, pools) == Eligible::Yes {
                    taken.add(&needs(demand));
                }
            }
        }
        let whole: Vec<Amounts> = pools.iter().map(allocatable).collect();
        let mut left = whole.clone();
        for (left, taken) in left.iter_mut().zip(&daemons) {
            left.reduce(taken);
        }
        Self { pools, whole, left, daemons }
    }

    /// The pools.
    pub fn pools(&self) -> &'p [Pool] {
        self.pools
    }

    /// What a node of a pool has left for other pods.
    pub fn left(&self, pool: usize) -> &Amounts {
        &self.left[pool]
    }

    /// Why no node that the pods of a workload may stand on is large enough for one of them.
    pub fn too_large(&self, demand: &Demand) -> Option<TooLarge> {
        let needs = needs(demand);
        let daemon = &*demand.kind == "DaemonSet";
        let mut witness = Vec::new();
        // The resource that is short where the least is missing.
        let mut short: Option<(Arc<str>, Quantity, Quantity)> = None;
        for (number, pool) in self.pools.iter().enumerate() {
            match demand.placement.eligible(pool, self.pools) {
                Eligible::No => {
                    witness.push(format!("pool {}: taints, labels or zones keep its pods away", pool.name));
                    continue;
                }
                Eligible::Yes | Eligible::Unknown => {}
            }
            let whole = &self.whole[number];
            let left = if daemon { whole } else { self.left(number) };
            let lacking = needs.iter().find(|(name, need)| left.get(name).is_some_and(|left| *need > left));
            let (name, need) = lacking?;
            let taken = self.daemons[number].of(name);
            let beside =
                if daemon || taken.is_zero() { String::new() } else { format!(", {taken} of it for DaemonSets") };
            witness.push(format!("pool {}: a node has {} of {name}{beside}", pool.name, whole.of(name)));
            let most = short.as_ref().is_none_or(|(_, _, most)| left.of(name) > *most);
            if most {
                short = Some((name.clone(), need, left.of(name)));
            }
        }
        if self.pools.is_empty() || (daemon && short.is_none()) {
            return None;
        }
        let (path, message) = match short {
            Some((name, need, most)) => {
                let word = if &*name == "pods" { "takes" } else { "asks for" };
                let message =
                    format!("one pod {word} {need} of {name}, and the largest node it may stand on has {most} for it");
                (demand.pointer("requests", &name), message)
            }
            None => (
                format!("{}/nodeSelector", demand.pod_pointer),
                "there is no node in any pool that its pods may stand on".to_owned(),
            ),
        };
        Some(TooLarge { path, message, witness })
    }
}

/// What one pod takes of a node, itself among it.
pub(super) fn needs(demand: &Demand) -> Amounts {
    let mut needs = demand.requests.clone();
    needs.insert("pods", Quantity::from_units(1));
    needs
}

/// What a node gives, the number of pods among it.
pub(super) fn allocatable(pool: &Pool) -> Amounts {
    let mut whole = pool.allocatable.clone();
    if !whole.contains("pods") {
        whole.insert("pods", Quantity::from_units(PODS));
    }
    whole
}
