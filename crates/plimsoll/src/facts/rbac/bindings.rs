//! The bindings of an environment: which role they give to whom, and where it holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bootstrap::Bootstrap;
use super::roles::{GROUP, Origin, Roles};
use super::subject::Subject;
use crate::facts::workload::Workload;
use crate::manifest::Resource;
use crate::yaml::Node;

/// Where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope<'a> {
    /// In every namespace, and outside of them.
    Cluster,
    /// In one namespace.
    Namespace(&'a str),
}

impl<'a> Scope<'a> {
    /// The namespace, where it is only one.
    pub fn namespace(self) -> Option<&'a str> {
        match self {
            Self::Cluster => None,
            Self::Namespace(namespace) => Some(namespace),
        }
    }

    /// Where both hold.
    pub fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Cluster, scope) | (scope, Self::Cluster) => Some(scope),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// Somebody a binding names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The position in the binding's `subjects`.
    pub at: usize,
    /// Who it is.
    pub subject: usize,
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug)]
pub struct Binding<'a> {
    /// Where it holds: the namespace of a RoleBinding.
    pub scope: Scope<'a>,
    /// Its name.
    pub name: &'a str,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it is the workspace's own.
    pub own: bool,
    /// The role, where it is known; a binding to nothing grants nothing.
    pub role: Option<usize>,
    /// Whom it binds; who never matches is left out.
    pub subjects: Vec<Bound>,
}

impl Binding<'_> {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        if self.scope == Scope::Cluster { "ClusterRoleBinding" } else { "RoleBinding" }
    }
}

/// Everybody that bindings, accounts and workloads name, each once.
#[derive(Debug, Default)]
pub struct Subjects<'a> {
    /// In the order in which they are first met.
    pub all: Vec<Subject<'a>>,
    by_name: HashMap<Subject<'a>, usize>,
}

impl<'a> Subjects<'a> {
    pub(super) fn intern(&mut self, subject: Subject<'a>) -> usize {
        *self.by_name.entry(subject).or_insert_with(|| {
            self.all.push(subject);
            self.all.len() - 1
        })
    }

    /// The position of somebody.
    pub fn find(&self, subject: &Subject<'_>) -> Option<usize> {
        self.by_name.get(subject).copied()
    }
}

/// Reads the bindings: the API server's own first, then as rendered.
pub(super) fn read<'a>(
    resources: &'a [Resource],
    bootstrap: &Bootstrap,
    roles: &Roles<'a>,
    subjects: &mut Subjects<'a>,
) -> Vec<Binding<'a>> {
    let mut bindings = Vec::new();
    let written: BTreeSet<(&str, &str, &str)> = resources
        .iter()
        .filter(|resource| &*resource.id.group == GROUP)
        .map(|resource| (&*resource.id.kind, resource.namespace(), &*resource.id.name))
        .collect();
    for binding in &bootstrap.bindings {
        let kind = if binding.namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
        if written.contains(&(kind, binding.namespace.unwrap_or(""), binding.name)) {
            continue;
        }
        let bound = |(at, subject): (usize, &Subject<'static>)| Bound { at, subject: subjects.intern(*subject) };
        bindings.push(Binding {
            scope: binding.namespace.map_or(Scope::Cluster, Scope::Namespace),
            name: binding.name,
            origin: Origin::Bootstrap,
            own: false,
            role: roles.find(binding.namespace, binding.role),
            subjects: binding.subjects.iter().enumerate().map(bound).collect(),
        });
    }
    for (at, resource) in resources.iter().enumerate() {
        if resource.is(GROUP, "RoleBinding") || resource.is(GROUP, "ClusterRoleBinding") {
            bindings.push(rendered(at, resource, roles, subjects));
        }
    }
    bindings
}

fn rendered<'a>(at: usize, resource: &'a Resource, roles: &Roles<'a>, subjects: &mut Subjects<'a>) -> Binding<'a> {
    let node = resource.node();
    let namespaced = &*resource.id.kind == "RoleBinding";
    let scope = if namespaced { Scope::Namespace(resource.namespace()) } else { Scope::Cluster };
    let name = node.str_at(&["roleRef", "name"]).unwrap_or("");
    let role = match node.str_at(&["roleRef", "kind"]) {
        Some("Role") if namespaced => roles.find(Some(resource.namespace()), name),
        Some("ClusterRole") => roles.find(None, name),
        _ => None,
    };
    let bound = node.get("subjects").map(Node::items).unwrap_or_default();
    let bound = bound.iter().enumerate().filter_map(|(at, node)| {
        let subject = subject(node, scope.namespace())?;
        Some(Bound { at, subject: subjects.intern(subject) })
    });
    let subjects = bound.collect();
    Binding {
        scope,
        name: &resource.id.name,
        origin: Origin::Resource(at),
        own: !resource.is_external(),
        role,
        subjects,
    }
}

/// Whom an entry of `subjects` means (pkg/registry/rbac/validation/rule.go, `appliesToUser`).
///
/// An account without a namespace has the binding's; where the binding has none it never matches.
pub(super) fn subject<'a>(node: &'a Node, namespace: Option<&'a str>) -> Option<Subject<'a>> {
    let name = node.str_at(&["name"]).filter(|name| !name.is_empty())?;
    match node.str_at(&["kind"])? {
        "User" => Some(Subject::user(name)),
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => {
            let written = node.str_at(&["namespace"]).filter(|namespace| !namespace.is_empty());
            Some(Subject::Account { namespace: written.or(namespace)?, name })
        }
        _ => None,
    }
}

/// A workload's pods, as somebody who can run a command in them sees them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running<'a> {
    pub(super) workload: &'a Resource,
    pub(super) account: usize,
}

/// The accounts of each namespace, and the pods that run as them.
#[derive(Debug, Default)]
pub(super) struct Accounts<'a> {
    pub(super) known: BTreeMap<&'a str, BTreeSet<usize>>,
    pub(super) running: BTreeMap<&'a str, Vec<Running<'a>>>,
    /// Secrets that hold a token: namespace, Secret, account.
    pub(super) tokens: Vec<(&'a str, &'a str, usize)>,
}

/// The account that a pod runs as; without a name it is `default` (ServiceAccount admission).
pub(super) fn account_of<'a>(workload: &Workload<'a>) -> &'a str {
    let written = ["serviceAccountName", "serviceAccount"].iter().find_map(|key| workload.pod.str_at(&[key]));
    written.filter(|name| !name.is_empty()).unwrap_or("default")
}

/// Finds the accounts: rendered, used by workloads, or named in bindings.
pub(super) fn accounts<'a>(
    resources: &'a [Resource],
    workloads: &[Workload<'a>],
    subjects: &mut Subjects<'a>,
) -> Accounts<'a> {
    let mut accounts = Accounts::default();
    for resource in resources.iter().filter(|resource| resource.is("", "ServiceAccount")) {
        subjects.intern(Subject::Account { namespace: resource.namespace(), name: &resource.id.name });
    }
    for workload in workloads {
        let namespace = workload.resource.namespace();
        let account = subjects.intern(Subject::Account { namespace, name: account_of(workload) });
        accounts.running.entry(namespace).or_default().push(Running { workload: workload.resource, account });
    }
    for resource in resources.iter().filter(|resource| resource.is("", "Secret")) {
        let name = resource.annotation("kubernetes.io/service-account.name");
        if let Some(name) =
            name.filter(|_| resource.node().str_at(&["type"]) == Some("kubernetes.io/service-account-token"))
        {
            let account = subjects.intern(Subject::Account { namespace: resource.namespace(), name });
            accounts.tokens.push((resource.namespace(), &resource.id.name, account));
        }
    }
    for (at, subject) in subjects.all.iter().enumerate() {
        if let Subject::Account { namespace, .. } = subject {
            accounts.known.entry(namespace).or_default().insert(at);
        }
    }
    accounts
}
