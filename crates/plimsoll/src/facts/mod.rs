//! What can be derived from the resources of one environment: everything policies should not compute.
//!
//! Selectors, arithmetic and graphs are done here, exactly and once; policies decide on the results.
//! [`Facts::derive`] takes the resources of one environment; [`Facts::of`] gives what was derived about
//! one of them, which is `input.facts` in a policy.

pub mod bounds;
pub mod declared;
mod domain;
pub(crate) mod drift;
pub mod image;
pub mod images;
pub mod namespace;
pub mod network;
pub mod network_rules;
mod on_network;
pub mod parity;
pub mod pod_security;
mod pods;
pub mod probes;
pub mod providers;
pub mod quantity;
pub mod quota;
pub mod rbac;
pub mod references;
pub mod requests;
pub mod scaling;
pub mod secret;
pub mod selector;
pub mod suspicious;
pub mod workload;
pub mod world;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::manifest::{Resource, ResourceId};
pub use domain::{Domain, Domains};
use namespace::Namespaces;
use pods::PodIndex;
use workload::Workload;
use world::{Declared, World};

/// What every fact of an environment is derived from.
pub(crate) struct Derivation<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) workloads: &'a [Workload<'a>],
    pub(crate) pods: PodIndex<'a>,
    by_id: HashMap<&'a ResourceId, usize>,
}

impl Derivation<'_> {
    fn workload_of(&self, id: &ResourceId) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}

/// What was derived about one resource; a member that does not apply is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceFacts {
    /// What it refers to by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<references::Reference>,
    /// The Services in front of a workload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<network::ServiceOf>,
    /// In which directions a workload is isolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<network::Isolation>,
    /// A workload's disruption budgets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgets: Option<scaling::Budgets>,
    /// What scales a workload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub autoscalers: Vec<scaling::ScaledBy>,
    /// What a workload's containers request and may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<requests::Resources>,
    /// Quantities that say something else than was meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<suspicious::SuspiciousQuantity>,
    /// Literals that look like secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<secret::LiteralSecret>,
    /// What the Pod Security Standards say against a workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<pod_security::PodSecurity>,
    /// The probes of a workload's containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<probes::Probes>,
    /// The team that the release of a workload belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Arc<str>>,
    /// What a Service selects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<network::PodsOf>,
    /// What bounds a Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<bounds::Bounds>,
    /// What is known of a workload's images; only where a policy that speaks asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<images::ImageUse>,
    /// What a HorizontalPodAutoscaler does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaler: Option<scaling::Autoscaler>,
    /// What a role grants, whom a binding binds, which account a workload runs as; derived on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rbac: Option<Box<rbac::resource::ResourceRbac>>,
    /// What is wrong with a network policy itself; of the domain Network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network_faults: Vec<network::NetworkFault>,
    /// What the rules of a NetworkPolicy miss or reach too far; of the domain Network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<network_rules::RuleFacts>,
    /// What a workload cannot reach of what every pod needs; of the domain Network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<network_rules::Infrastructure>,
    /// What declared connections come to; of the domain Network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<declared::DeclaredFacts>,
    /// What it needs of quotas and nodes; only where that domain is derived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Box<quota::QuotaFacts>>,
}

/// The facts of one environment.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Its workloads, in the order of the resources.
    pub workloads: Vec<Workload<'a>>,
    /// Its namespaces.
    pub namespaces: Namespaces,
    /// What its objects need and nobody is known to provide.
    pub providers: Vec<providers::Provider>,
    /// What it needs of quotas and nodes; of the domain Quota.
    pub quota: Option<quota::Quota>,
    /// Who reaches whom; of the domain Network.
    pub network: Option<network::Network<'a>>,
    /// Every connection of the network, once somebody asked.
    connections: OnceLock<Option<Vec<network::Connection>>>,
    /// Who may do what; of the domain Rbac.
    pub rbac: Option<rbac::Rbac<'a>>,
    of_resource: Vec<ResourceFacts>,
    workload_of: HashMap<usize, usize>,
}

impl<'a> Facts<'a> {
    /// Derives the facts of an environment from all its resources, own and external.
    ///
    /// Of the facts that are derived on demand, only those of `domains`. The cost of the others grows with the
    /// number of resources, and with that of the pods each selector selects.
    pub fn derive(resources: &'a [Resource], declared: &Declared, domains: &Domains) -> Self {
        let workloads = workload::workloads(resources);
        let namespaces = namespace::namespaces(resources, declared);
        let world = World::new(resources, declared);
        let mut of_resource = of_resources(&world, &workloads, &namespaces);
        let providers = providers::missing(&world, &workloads);
        let workload_of = workloads.iter().enumerate().map(|(index, workload)| (workload.at, index)).collect();
        let network = domains.contains(&Domain::Network).then(|| {
            let options = network::Options::default();
            network::Network::derive(resources, &workloads, &namespaces, declared, options)
        });
        let quota = domains.contains(&Domain::Quota).then(|| {
            let (quota, facts) = quota::derive(&world, &workloads);
            for (at, facts) in facts {
                of_resource[at].quota = Some(Box::new(facts));
            }
            quota
        });
        let connections = OnceLock::new();
        let rbac = domains.contains(&Domain::Rbac).then(|| rbac::Rbac::derive(resources, &workloads, declared));
        if let Some(rbac) = &rbac {
            rbac::resource::attach(rbac, declared, &workloads, &mut of_resource);
        }
        let mut facts =
            Self { workloads, namespaces, providers, quota, network, connections, rbac, of_resource, workload_of };
        on_network::attach(&world, &mut facts);
        facts
    }

    /// Every connection that the network admits; `None` where it was not derived, or where they are too many.
    pub fn connections(&self) -> Option<&[network::Connection]> {
        let network = self.network.as_ref()?;
        self.connections.get_or_init(|| network.connections(&network::Filter::default()).ok()).as_deref()
    }

    /// What was derived about the resource at a position.
    pub fn of(&self, at: usize) -> &ResourceFacts {
        &self.of_resource[at]
    }

    /// The workload that the resource at a position is.
    pub fn workload(&self, at: usize) -> Option<&Workload<'a>> {
        self.workload_of.get(&at).map(|index| &self.workloads[*index])
    }
}

fn of_resources(world: &World<'_>, workloads: &[Workload<'_>], namespaces: &Namespaces) -> Vec<ResourceFacts> {
    let by_id = workloads.iter().enumerate().map(|(index, workload)| (&workload.resource.id, index)).collect();
    let derivation = Derivation { world, workloads, pods: PodIndex::new(workloads), by_id };

    let requests = requests::resources(&derivation);
    let isolation = network::isolation(&derivation);
    let (of_service, services) = network::services(&derivation);
    let (of_autoscaler, scaled) = scaling::autoscalers(&derivation, &services, &requests);
    let budgets = scaling::budgets(&derivation, &scaled);

    let mut facts: Vec<ResourceFacts> = world.resources.iter().map(|resource| of_kind(world, resource)).collect();
    let parts = requests.into_iter().zip(isolation).zip(services).zip(scaled).zip(budgets);
    for (workload, ((((resources, isolation), services), autoscalers), budgets)) in workloads.iter().zip(parts) {
        facts[workload.at] = ResourceFacts {
            references: references::of_workload(world, workload),
            isolation: Some(isolation),
            quantities: suspicious::suspicious_in_workload(workload),
            secrets: secret::secrets(workload),
            pod_security: pod_security::of_workload(workload, namespaces, world.declared),
            probes: probes::of_workload(workload),
            team: team(world, workload),
            services,
            budgets,
            autoscalers,
            // A LimitRange that could not be rendered may fill them in.
            resources: if world.is_whole() { resources } else { Vec::new() },
            ..ResourceFacts::default()
        };
    }
    for (at, pods) in of_service {
        facts[at].pods = Some(pods);
    }
    for (at, autoscaler) in of_autoscaler {
        facts[at].autoscaler = Some(autoscaler);
    }
    facts
}

/// The team that the release of a workload belongs to.
fn team(world: &World<'_>, workload: &Workload<'_>) -> Option<Arc<str>> {
    let release = workload.resource.manifest.release.as_ref()?;
    world.declared.teams.get(release).cloned()
}

/// The facts that a resource's own kind gives.
fn of_kind(world: &World<'_>, resource: &Resource) -> ResourceFacts {
    let mut facts = ResourceFacts::default();
    match (&*resource.id.group, &*resource.id.kind) {
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            facts.references = references::of_binding(world, resource);
        }
        ("", "Namespace") => facts.bounds = Some(bounds::of_namespace(world, resource)),
        ("", "ResourceQuota" | "LimitRange" | "PersistentVolumeClaim") => {
            facts.quantities = suspicious::suspicious_elsewhere(resource);
        }
        _ => {}
    }
    facts
}
