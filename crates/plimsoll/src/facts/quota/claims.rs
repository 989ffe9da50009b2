//! Claims on storage: written as objects, made for each pod of a StatefulSet, or by a pod's own volume.

use std::sync::Arc;

use crate::facts::quantity::Quantity;
use crate::facts::requests;
use crate::facts::workload::Workload;
use crate::yaml::Node;

/// A claim on storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name, or that of its template.
    pub name: Arc<str>,
    /// The StorageClass it names.
    pub class: Option<Arc<str>>,
    /// How much it asks for.
    pub storage: Quantity,
    /// Whether it ends with its pod; the others stay when replicas go.
    pub ephemeral: bool,
}

impl Claim {
    /// Reads the specification of a claim.
    pub fn read(name: Arc<str>, spec: Option<&Node>, ephemeral: bool) -> Self {
        let storage = spec.and_then(|spec| spec.at(&["resources", "requests", "storage"])).and_then(requests::amount);
        let storage = storage.and_then(|text| Quantity::parse(&text).ok()).filter(|amount| !amount.is_negative());
        let class = spec.and_then(|spec| spec.str_at(&["storageClassName"])).filter(|name| !name.is_empty());
        Self { name, class: class.map(Arc::from), storage: storage.unwrap_or_default(), ephemeral }
    }
}

/// The claims that come with each pod of a workload.
pub(super) fn of_workload(workload: &Workload<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    if &*workload.resource.id.kind == "StatefulSet" {
        let templates = workload.resource.node().at(&["spec", "volumeClaimTemplates"]);
        for template in templates.map(Node::items).unwrap_or_default() {
            let name = template.str_at(&["metadata", "name"]).unwrap_or("claim").into();
            claims.push(Claim::read(name, template.get("spec"), false));
        }
    }
    for volume in workload.pod.get("volumes").map(Node::items).unwrap_or_default() {
        if let Some(spec) = volume.at(&["ephemeral", "volumeClaimTemplate", "spec"]) {
            let name = volume.str_at(&["name"]).unwrap_or("volume").into();
            claims.push(Claim::read(name, Some(spec), true));
        }
    }
    claims
}
