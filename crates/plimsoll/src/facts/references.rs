//! What a resource refers to by name, and whether that exists.

use serde::Serialize;

use super::workload::Workload;
use super::world::{State, World};
use crate::manifest::{Resource, ResourceId};
use crate::yaml::Node;

const RBAC: &str = "rbac.authorization.k8s.io";

/// A reference by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// JSON pointer of the name from the resource's root.
    pub path: String,
    /// Kind referred to.
    pub kind: String,
    /// Its API group.
    pub group: String,
    /// Its namespace; `None` for what lives outside namespaces.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it exists.
    pub state: State,
    /// The known name most like it, where it is not known to exist.
    pub nearest: Option<String>,
}

/// The role and the accounts that a binding names.
pub(super) fn of_binding(world: &World<'_>, binding: &Resource) -> Vec<Reference> {
    let mut references = Vec::new();
    let node = binding.node();
    if let (Some(kind), Some(name)) = (node.str_at(&["roleRef", "kind"]), node.str_at(&["roleRef", "name"])) {
        let namespace = (kind == "Role").then(|| binding.namespace());
        // A ClusterRoleBinding has no namespace in which a Role could be: that is no missing role but a wrong kind.
        let possible = kind == "ClusterRole" || (kind == "Role" && &*binding.id.kind == "RoleBinding");
        let name = if possible { name } else { "" };
        references.extend(reference(world, "/roleRef/name".to_owned(), (RBAC, kind), namespace, name));
    }
    for (at, subject) in node.get("subjects").map(Node::items).unwrap_or_default().iter().enumerate() {
        let (Some("ServiceAccount"), Some(name)) = (subject.str_at(&["kind"]), subject.str_at(&["name"])) else {
            continue;
        };
        // A subject without namespace takes a RoleBinding's; in a ClusterRoleBinding it never matches.
        let own = (&*binding.id.kind == "RoleBinding").then(|| binding.namespace());
        let namespace = subject.str_at(&["namespace"]).or(own);
        references.extend(reference(world, format!("/subjects/{at}/name"), ("", "ServiceAccount"), namespace, name));
    }
    references
}

/// The account that a workload's pods run as, where it is named.
pub(super) fn of_workload(world: &World<'_>, workload: &Workload<'_>) -> Vec<Reference> {
    ["serviceAccountName", "serviceAccount"]
        .iter()
        .find_map(|key| Some((key, workload.pod.str_at(&[key])?)))
        .filter(|(_, name)| !name.is_empty())
        .and_then(|(key, name)| {
            let path = format!("{}/{key}", workload.pod_pointer);
            reference(world, path, ("", "ServiceAccount"), Some(workload.resource.namespace()), name)
        })
        .into_iter()
        .collect()
}

fn reference(
    world: &World<'_>,
    path: String,
    (group, kind): (&str, &str),
    namespace: Option<&str>,
    name: &str,
) -> Option<Reference> {
    if name.is_empty() {
        return None;
    }
    let id =
        ResourceId { group: group.into(), kind: kind.into(), namespace: namespace.map(Into::into), name: name.into() };
    let state = world.state(&id);
    let nearest = match state {
        State::Present | State::Builtin => None,
        State::Absent | State::Unknown => world.nearest(&id).map(|name| name.to_string()),
    };
    Some(Reference {
        path,
        kind: kind.to_owned(),
        group: group.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        state,
        nearest,
    })
}
