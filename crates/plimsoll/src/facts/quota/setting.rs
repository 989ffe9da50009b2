//! What the workspace declares about capacity, as the facts of one environment need it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::amounts::Amounts;
use super::sidecar::Sidecar;

/// What is declared about an environment's capacity.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The cluster it runs in.
    pub cluster: Option<Arc<str>>,
    /// Other environments of the same cluster.
    pub neighbours: Vec<Arc<str>>,
    /// The cluster's pools; `None` where none are declared.
    pub pools: Option<Arc<[Pool]>>,
    /// The sidecar that a mesh injects.
    pub sidecar: Option<Sidecar>,
    /// Which rollouts may run at the same time.
    pub rollouts: Rollouts,
    /// For each team what it may use here.
    pub budgets: BTreeMap<Arc<str>, Amounts>,
}

/// Which rollouts may run at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rollouts {
    /// One at a time: the largest counts.
    #[default]
    One,
    /// All of them.
    All,
}

/// Nodes of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: Arc<str>,
    /// The fewest nodes it has.
    pub min: u32,
    /// The most nodes it grows to.
    pub max: u32,
    /// What one node can give to pods.
    pub allocatable: Amounts,
    /// The zones its nodes are spread over.
    pub zones: Vec<Arc<str>>,
    /// The labels of its nodes.
    pub labels: BTreeMap<String, String>,
    /// The taints of its nodes.
    pub taints: Vec<Taint>,
}

/// A taint of a pool's nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; empty when there is none.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: &'static str,
}
