//! What one pod asks for and may use, after everything that fills in what was left out.
//!
//! Order: the API server's own defaults, the sidecar that a mesh injects, the LimitRanges of the
//! namespace. The effective amounts follow k8s.io/component-helpers `resource/helpers.go`; API defaults
//! `pkg/apis/core/v1/defaults.go`; LimitRanges `plugin/pkg/admission/limitranger/admission.go`.

use super::amounts::Amounts;
use super::sidecar::Sidecar;
use crate::facts::workload::{ContainerType, Workload};
use crate::yaml::Node;

/// What a container, or a pod as a whole, asks for and may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Requests.
    pub requests: Amounts,
    /// Limits.
    pub limits: Amounts,
}

impl Share {
    /// Reads `resources`.
    pub fn read(resources: Option<&Node>) -> Self {
        let member = |name| Amounts::read(resources.and_then(|resources| resources.get(name)));
        Self { requests: member("requests"), limits: member("limits") }
    }

    /// Takes what is missing from another.
    pub(super) fn fill(&mut self, other: &Self) {
        self.limits.fill(&other.limits);
        self.requests.fill(&other.requests);
    }
}

/// One container, as far as its resources go.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What sort it is; never an ephemeral one, which takes no resources.
    pub r#type: ContainerType,
    /// JSON pointer from the resource's root; `None` where a mesh injects it.
    pub pointer: Option<String>,
    /// What it asks for and may use.
    pub share: Share,
}

/// One pod of a workload, as far as its resources go.
#[derive(Debug, Clone, Default)]
pub struct Pod {
    /// Init containers and sidecars in their order, then the containers.
    pub parts: Vec<Part>,
    /// What is said for the pod as a whole (KEP-2837).
    pub own: Share,
    /// What its runtime class adds.
    pub overhead: Amounts,
}

/// Whether resources of a pod as a whole may name a resource.
fn is_for_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

impl Pod {
    /// Reads a pod as it is written.
    pub fn of(workload: &Workload<'_>) -> Self {
        let containers = workload.containers.iter().filter(|container| container.r#type != ContainerType::Ephemeral);
        let parts = containers.map(|container| Part {
            name: container.name.to_owned(),
            r#type: container.r#type,
            pointer: Some(container.pointer.clone()),
            share: Share::read(container.spec.get("resources")),
        });
        Self {
            parts: parts.collect(),
            own: Share::read(workload.pod.get("resources")),
            overhead: Amounts::read(workload.pod.get("overhead")),
        }
    }

    /// The API server's defaults: requests that are not written are the limits.
    ///
    /// Once the pod as a whole has limits, its requests are fixed, too: what its containers ask for
    /// together, or else its limits. What is injected later no longer adds to them.
    pub fn default_by_api(&mut self) {
        for part in &mut self.parts {
            part.share.requests.fill(&part.share.limits);
        }
        if !self.own.limits.is_empty() {
            let together = self.aggregate(|share| &share.requests);
            let counted = together.iter().filter(|(name, _)| matches!(&***name, "cpu" | "memory"));
            let counted: Amounts = counted.map(|(name, amount)| (name.clone(), amount)).collect();
            self.own.requests.fill(&counted);
            self.own.requests.fill(&self.own.limits);
        }
    }

    /// Adds the container that a mesh injects; its requests default to its limits as anyone's.
    pub fn inject(&mut self, sidecar: &Sidecar, share: &Share) {
        let mut share = share.clone();
        share.requests.fill(&share.limits);
        let r#type = if sidecar.native { ContainerType::Sidecar } else { ContainerType::Container };
        let part = Part { name: sidecar.name.to_string(), r#type, pointer: None, share };
        // A native sidecar starts before the init containers that need the network.
        if sidecar.native { self.parts.insert(0, part) } else { self.parts.push(part) }
    }

    /// The defaults of the namespace's LimitRanges, one after the other.
    pub fn default_by_limit_ranges(&mut self, defaults: &[Share]) {
        for part in &mut self.parts {
            for defaults in defaults {
                part.share.fill(defaults);
            }
        }
    }

    /// Whether something is said for the pod as a whole that replaces what its containers say.
    pub fn has_own(&self) -> bool {
        let any = |amounts: &Amounts| amounts.iter().any(|(name, _)| is_for_pods(name));
        any(&self.own.requests) || any(&self.own.limits)
    }

    /// What the pod asks for: what the scheduler places and a ResourceQuota counts.
    pub fn requests(&self) -> Amounts {
        let mut requests = self.aggregate(|share| &share.requests);
        replace(&mut requests, &self.own.requests, is_for_pods);
        requests.add(&self.overhead);
        requests
    }

    /// What the pod may use; overhead counts only where there is a limit.
    pub fn limits(&self) -> Amounts {
        let mut limits = self.aggregate(|share| &share.limits);
        replace(&mut limits, &self.own.limits, is_for_pods);
        let limited = self.overhead.iter().filter(|(name, _)| !limits.of(name).is_zero());
        let limited: Amounts = limited.map(|(name, amount)| (name.clone(), amount)).collect();
        limits.add(&limited);
        limits
    }

    /// What a LimitRange of type Pod holds against its bounds: no overhead, and of what is said for the
    /// pod as a whole only CPU and memory.
    pub fn bounded(&self) -> Share {
        let is_counted = |name: &str| matches!(name, "cpu" | "memory");
        let mut share =
            Share { requests: self.aggregate(|share| &share.requests), limits: self.aggregate(|share| &share.limits) };
        replace(&mut share.requests, &self.own.requests, is_counted);
        replace(&mut share.limits, &self.own.limits, is_counted);
        share
    }

    /// Whether it has the quality of service BestEffort: no CPU and no memory asked for or limited
    /// (`pkg/apis/core/v1/helper/qos/qos.go`).
    pub fn is_best_effort(&self) -> bool {
        let none = |amounts: &Amounts| ["cpu", "memory"].iter().all(|name| amounts.of(name).is_zero());
        let empty = |share: &Share| none(&share.requests) && none(&share.limits);
        if self.has_own() { empty(&self.own) } else { self.parts.iter().all(|part| empty(&part.share)) }
    }

    /// The containers together: the main ones and the sidecars, or more where an init container with the
    /// sidecars started before it takes more.
    fn aggregate(&self, amounts: impl Fn(&Share) -> &Amounts) -> Amounts {
        let (mut together, mut sidecars, mut most) = (Amounts::default(), Amounts::default(), Amounts::default());
        for part in &self.parts {
            let own = amounts(&part.share);
            match part.r#type {
                ContainerType::Sidecar => {
                    together.add(own);
                    sidecars.add(own);
                    most.raise(&sidecars);
                }
                ContainerType::Init => {
                    let mut starting = sidecars.clone();
                    starting.add(own);
                    most.raise(&starting);
                }
                ContainerType::Container | ContainerType::Ephemeral => together.add(own),
            }
        }
        together.raise(&most);
        together
    }
}

fn replace(amounts: &mut Amounts, with: &Amounts, counts: impl Fn(&str) -> bool) {
    for (name, amount) in with.iter().filter(|(name, _)| counts(name)) {
        amounts.insert(name.clone(), amount);
    }
}
