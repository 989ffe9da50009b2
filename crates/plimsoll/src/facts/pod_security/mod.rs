//! What the Pod Security Standards say against a workload, control by control.
//!
//! The controls are those of the levels baseline and restricted as the Kubernetes documentation defines them
//! ("Pod Security Standards"), with the changes of 1.25 to 1.37. Each breach names the field; in what words and how
//! severely it is reported is the policies' to say, one for each control, with the control's name as its folder's.
//! They are computed here because a control that holds is the usual case: nothing is derived for it, so that a
//! workload costs two dozen policies a look-up each, and stays the same subject in environments of different
//! versions.

mod baseline;
mod enforcement;
mod restricted;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use super::namespace::Namespaces;
use super::workload::{Container, ContainerType, Workload};
use super::world::Declared;
use crate::yaml::Node;

pub use enforcement::{Admission, ENFORCE, Level};

/// The breaches of one level, by control.
pub type Breaches = BTreeMap<&'static str, Vec<Breach>>;

/// What the standards say against one workload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PodSecurity {
    /// Breaches of the level baseline.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub baseline: Breaches,
    /// Breaches of the level restricted that are none of baseline.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub restricted: Breaches,
}

/// A field that a control does not allow, or misses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// JSON pointer from the resource's root; it may name a field that is missing.
    pub path: String,
    /// Whose field it is, in words: the pod, or a container with its name.
    pub subject: String,
    /// What is written and not allowed.
    pub values: Vec<String>,
    /// Whether something is required that is not written.
    pub missing: bool,
    /// Whether the namespace enforces the level, so that the API server refuses the pods.
    pub refused: bool,
    /// By what a person can check that they are refused; empty where they are not.
    pub witness: Vec<String>,
}

/// What holds against a workload; `None` where nothing does.
pub(super) fn of_workload(
    workload: &Workload<'_>,
    namespaces: &Namespaces,
    declared: &Declared,
) -> Option<PodSecurity> {
    let namespace = namespaces.get(workload.resource.namespace());
    let admission = Admission::of(namespace.map(|namespace| &namespace.labels), &declared.kubernetes);
    let pod = Pod::new(workload, admission.minor);
    let (mut baseline, mut restricted) = (baseline::breaches(&pod), restricted::breaches(&pod));
    if baseline.is_empty() && restricted.is_empty() {
        return None;
    }
    for (level, breaches) in [(Level::Baseline, &mut baseline), (Level::Restricted, &mut restricted)] {
        let Some(enforced) = admission.enforce.filter(|enforced| *enforced >= level) else { continue };
        let witness = format!("Namespace `{}` has the label `{ENFORCE}: {enforced}`", workload.resource.namespace());
        for breach in breaches.values_mut().flatten() {
            breach.refused = true;
            breach.witness = vec![witness.clone()];
        }
    }
    Some(PodSecurity { baseline, restricted })
}

/// A pod specification as the controls look at it.
struct Pod<'a> {
    workload: &'a Workload<'a>,
    /// The minor version of Kubernetes whose definition of the standards counts.
    minor: u32,
    /// `spec.os.name: windows`.
    windows: bool,
    /// `spec.hostUsers: false`, so that root in the pod is nobody on the node, in a version of the standards that
    /// allows more to such pods (1.35: kubernetes/kubernetes#132157).
    own_users: bool,
}

impl<'a> Pod<'a> {
    fn new(workload: &'a Workload<'a>, minor: u32) -> Self {
        let spec = workload.pod;
        Self {
            workload,
            minor,
            windows: spec.str_at(&["os", "name"]) == Some("windows"),
            own_users: minor >= 35 && spec.get("hostUsers").and_then(Node::as_bool) == Some(false),
        }
    }

    fn spec(&self) -> &'a Node {
        self.workload.pod
    }

    fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.workload.pod_pointer)
    }

    fn containers(&self) -> std::slice::Iter<'a, Container<'a>> {
        self.workload.containers.iter()
    }

    /// Containers that may have probes and lifecycle hooks: all but the ephemeral ones.
    fn lasting(&self) -> impl Iterator<Item = &'a Container<'a>> + use<'a> {
        self.containers().filter(|container| container.r#type != ContainerType::Ephemeral)
    }

    /// A field of the pod's security context, where it is set.
    fn context(&self, path: &[&str]) -> Option<&'a Node> {
        set(self.spec().get("securityContext")?.at(path))
    }

    /// The pod and its containers, each with its security context where there is one.
    fn holders(&self) -> impl Iterator<Item = Holder<'a>> + use<'a> {
        let pod = Holder {
            container: None,
            pointer: self.workload.pod_pointer.as_str(),
            context: self.spec().get("securityContext"),
        };
        std::iter::once(pod).chain(self.containers().map(Holder::of))
    }

    /// What is said of the pod as a whole, at a field of its specification.
    fn breach(&self, below: &str, values: Vec<String>) -> Breach {
        Breach { path: self.path(below), subject: subject(None), values, ..Breach::default() }
    }
}

/// Whoever has a security context: the pod, or a container.
struct Holder<'a> {
    container: Option<&'a Container<'a>>,
    pointer: &'a str,
    context: Option<&'a Node>,
}

impl<'a> Holder<'a> {
    fn of(container: &'a Container<'a>) -> Self {
        Self { container: Some(container), pointer: &container.pointer, context: container.spec.get("securityContext") }
    }

    /// A field of the security context, where it is set.
    fn get(&self, path: &[&str]) -> Option<&'a Node> {
        set(self.context?.at(path))
    }

    /// What is said at a field of the security context.
    fn breach(&self, below: &str, values: Vec<String>) -> Breach {
        let path = format!("{}/securityContext/{below}", self.pointer);
        Breach { path, subject: subject(self.container), values, ..Breach::default() }
    }

    fn missing(&self, below: &str) -> Breach {
        Breach { missing: true, ..self.breach(below, Vec::new()) }
    }
}

/// Who is meant, in words.
fn subject(container: Option<&Container<'_>>) -> String {
    let Some(container) = container else { return "the pod".to_owned() };
    let noun = match container.r#type {
        ContainerType::Container => "container",
        ContainerType::Init => "init container",
        ContainerType::Sidecar => "sidecar",
        ContainerType::Ephemeral => "ephemeral container",
    };
    match container.name {
        "" => format!("a nameless {noun}"),
        name => format!("{noun} `{name}`"),
    }
}

/// A field that is null is not set.
fn set(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.is_null())
}

/// The type that a seccomp or AppArmor profile names; `None` where no profile is set.
fn profile_type<'a>(holder: &Holder<'a>, profile: &str) -> Option<&'a str> {
    holder.get(&[profile, "type"])?.as_str().filter(|kind| !kind.is_empty())
}

/// Whether a profile is one of those that confine.
fn confines(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

/// The controls that are breached, by name.
fn by_control<const N: usize>(controls: [(&'static str, Vec<Breach>); N]) -> Breaches {
    controls.into_iter().filter(|(_, breaches)| !breaches.is_empty()).collect()
}
