//! The resources of one environment, indexed, and what is known of those that are not rendered.
//!
//! What is not rendered may still exist. An absence is certain only where the workspace says that it
//! knows every object of a kind (`complete`), or names everything of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::namespace::Namespace;
use super::selector::Labels;
use crate::manifest::{Resource, ResourceId};
use crate::nearest::nearest;
use crate::workspace::{Provides, names_kind};

/// What the workspace declares about an environment beyond what it renders.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Kinds of which every object is rendered or external (`external[].complete`), as written.
    pub complete: BTreeSet<String>,
    /// Whether something could not be rendered or read: any absence may follow from that.
    pub broken: bool,
    /// Namespaces that exist, with their labels.
    pub namespaces: BTreeMap<Arc<str>, Labels>,
    /// Namespaces that only other environments of the same cluster have, and how they know them.
    pub elsewhere: BTreeMap<Arc<str>, Namespace>,
    /// Which connections are meant to be, each source with its roles.
    pub connections: Vec<super::declared::Connections>,
    /// The version of Kubernetes its cluster runs, as `1.34`.
    pub kubernetes: Arc<str>,
    /// Names of classes and APIs that exist (`external[].provides`).
    pub provides: Provides,
    /// The teams of releases, by namespace and name of the release, as `shop/cart`.
    pub teams: BTreeMap<Arc<str>, Arc<str>>,
    /// Pools, sidecars, teams and budgets.
    pub capacity: super::quota::setting::Setting,
    /// Who people are, whose namespaces are.
    pub rbac: super::rbac::setting::Setting,
}

impl Declared {
    /// Whether every object of a kind is known. While something could not be rendered, none is: nobody knows what
    /// it would have brought.
    pub fn is_complete(&self, kind: &str) -> bool {
        !self.broken && names_kind(&self.complete, kind)
    }
}

/// Whether something that is referred to exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is rendered or declared.
    Present,
    /// Every cluster has it.
    Builtin,
    /// It does not exist.
    Absent,
    /// It is not rendered, and may exist all the same.
    Unknown,
}

/// The resources of one environment, own and external, with the indexes that facts are derived from.
#[derive(Debug)]
pub struct World<'a> {
    /// Every resource; positions are used as identities throughout the facts.
    pub resources: &'a [Resource],
    /// What is declared beyond them.
    pub declared: &'a Declared,
    by_id: HashMap<&'a ResourceId, usize>,
    /// The names of the namespaces that the workspace renders.
    owned: HashSet<&'a str>,
    /// By group, kind and namespace.
    by_kind: BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<&'a str, Vec<usize>>>>,
}

impl<'a> World<'a> {
    /// Indexes the resources of an environment.
    pub fn new(resources: &'a [Resource], declared: &'a Declared) -> Self {
        let mut by_id = HashMap::with_capacity(resources.len());
        let mut by_kind: BTreeMap<_, BTreeMap<_, BTreeMap<_, Vec<usize>>>> = BTreeMap::new();
        for (at, resource) in resources.iter().enumerate() {
            by_id.entry(&resource.id).or_insert(at);
            by_kind
                .entry(&*resource.id.group)
                .or_default()
                .entry(&*resource.id.kind)
                .or_default()
                .entry(resource.namespace())
                .or_default()
                .push(at);
        }
        let own = resources.iter().filter(|resource| resource.is("", "Namespace") && !resource.is_external());
        Self { resources, declared, by_id, owned: own.map(|resource| &*resource.id.name).collect(), by_kind }
    }

    /// The position of an object.
    pub fn find(&self, id: &ResourceId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Every object of a kind.
    pub fn of_kind<'w>(&'w self, group: &str, kind: &str) -> impl Iterator<Item = (usize, &'a Resource)> + use<'w, 'a> {
        let resources = self.resources;
        let namespaces = self.by_kind.get(group).and_then(|kinds| kinds.get(kind));
        let positions = namespaces.into_iter().flat_map(|namespaces| namespaces.values().flatten());
        positions.map(move |at| (*at, &resources[*at]))
    }

    /// Every object of a kind in a namespace (`""` for what lives outside namespaces).
    pub fn in_namespace<'w>(
        &'w self,
        group: &str,
        kind: &str,
        namespace: &str,
    ) -> impl Iterator<Item = (usize, &'a Resource)> + use<'w, 'a> {
        let resources = self.resources;
        let positions = self.by_kind.get(group).and_then(|kinds| kinds.get(kind)?.get(namespace));
        positions.into_iter().flatten().map(move |at| (*at, &resources[*at]))
    }

    /// Whether any object of a kind is known in a namespace.
    pub fn has_any(&self, group: &str, kind: &str, namespace: &str) -> bool {
        self.in_namespace(group, kind, namespace).next().is_some()
    }

    /// Whether everything that the workspace stands for is here, so that what is missing can be held against it.
    pub fn is_whole(&self) -> bool {
        !self.declared.broken
    }

    /// Whether a namespace is rendered by the workspace itself, so that what is in it is ours to say.
    pub fn owns_namespace(&self, namespace: &str) -> bool {
        self.is_whole() && self.owned.contains(namespace)
    }

    /// Whether the objects of a kind that stand beside these in a namespace are all there are: where people keep
    /// them in one place, one that is rendered stands for the rest.
    pub fn keeps(&self, group: &str, kind: &str, namespace: &str) -> bool {
        self.is_whole() && self.has_any(group, kind, namespace)
    }

    /// Whether an object comes from a chart that is expected to bring what belongs to it.
    pub fn is_charted(&self, resource: &Resource) -> bool {
        self.is_whole() && resource.manifest.release.is_some()
    }

    /// Whether an object exists, as far as can be known.
    pub fn state(&self, id: &ResourceId) -> State {
        if self.find(id).is_some() || (&*id.kind == "Namespace" && self.declared.namespaces.contains_key(&id.name)) {
            State::Present
        } else if is_builtin(id) {
            State::Builtin
        } else if self.declared.is_complete(&id.kind) {
            State::Absent
        } else {
            State::Unknown
        }
    }

    /// The known name most like the one that does not exist, in the same namespace.
    pub fn nearest(&self, id: &ResourceId) -> Option<Arc<str>> {
        let namespace = id.namespace.as_deref().unwrap_or("");
        let names = self.in_namespace(&id.group, &id.kind, namespace).map(|(_, resource)| &*resource.id.name);
        nearest(&id.name, names).map(Arc::from)
    }
}

/// Objects that Kubernetes creates in every cluster.
///
/// ClusterRoles: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go. The `default`
/// ServiceAccount of each namespace: pkg/controller/serviceaccount. PriorityClasses:
/// pkg/apis/scheduling/v1/helpers.go.
fn is_builtin(id: &ResourceId) -> bool {
    match (&*id.group, &*id.kind) {
        ("rbac.authorization.k8s.io", "ClusterRole") => {
            matches!(&*id.name, "cluster-admin" | "admin" | "edit" | "view") || id.name.starts_with("system:")
        }
        ("rbac.authorization.k8s.io", "Role") => {
            matches!(id.namespace.as_deref(), Some("kube-system" | "kube-public"))
                && (id.name.starts_with("system:") || &*id.name == "extension-apiserver-authentication-reader")
        }
        ("", "ServiceAccount") => &*id.name == "default",
        ("", "Namespace") => matches!(&*id.name, "default" | "kube-system" | "kube-public" | "kube-node-lease"),
        ("scheduling.k8s.io", "PriorityClass") => {
            matches!(&*id.name, "system-cluster-critical" | "system-node-critical")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, parse};

    fn id(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> ResourceId {
        ResourceId { group: group.into(), kind: kind.into(), namespace: namespace.map(Arc::from), name: name.into() }
    }

    #[test]
    fn absence_is_unknown_unless_the_kind_is_complete() {
        let role = id("rbac.authorization.k8s.io", "Role", Some("shop"), "reader");
        let open = Declared::default();
        assert_eq!(World::new(&[], &open).state(&role), State::Unknown);
        let closed = Declared { complete: ["roles".to_owned()].into(), ..Declared::default() };
        assert_eq!(World::new(&[], &closed).state(&role), State::Absent);
        let policies = Declared { complete: ["networkpolicies".to_owned()].into(), ..Declared::default() };
        assert!(policies.is_complete("NetworkPolicy"));
        assert!(!policies.is_complete("Role"));
    }

    #[test]
    fn no_absence_is_known_while_something_could_not_be_rendered() {
        let namespace = Arc::new(Manifest {
            text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n".into(),
            release: Some("shop/platform".into()),
            ..Manifest::default()
        });
        let resources = parse(&[namespace]).remove(0).resources;
        for broken in [false, true] {
            let complete = ["roles".to_owned(), "namespaces".to_owned()].into();
            let declared = Declared { complete, broken, ..Declared::default() };
            let world = World::new(&resources, &declared);
            let absent = if broken { State::Unknown } else { State::Absent };
            assert_eq!(world.state(&id("rbac.authorization.k8s.io", "Role", Some("shop"), "reader")), absent);
            assert_eq!(world.state(&resources[0].id), State::Present);
            assert_eq!(world.owns_namespace("shop"), !broken);
            assert_eq!(world.keeps("", "Namespace", ""), !broken);
            assert_eq!(world.is_charted(&resources[0]), !broken);
        }
    }

    #[test]
    fn every_cluster_has_its_bootstrap_objects() {
        let open = Declared::default();
        let world = World::new(&[], &open);
        assert_eq!(world.state(&id("rbac.authorization.k8s.io", "ClusterRole", None, "view")), State::Builtin);
        assert_eq!(world.state(&id("", "ServiceAccount", Some("x"), "default")), State::Builtin);
        assert_eq!(world.state(&id("", "ServiceAccount", Some("x"), "deploy")), State::Unknown);
    }
}
