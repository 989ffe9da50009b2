//! What the graph is built from: who holds what, and what exists that it leads to, found by name.

use std::collections::HashMap;

use super::bindings::{Accounts, Binding, Bound, Scope, Subjects};
use super::named::Named;
use super::parts::{Part, parts};
use super::power::Power;
use super::roles::Roles;
use super::subject::Subject;
use crate::manifest::Resource;

/// What the graph is built from.
pub(super) struct Model<'m, 'a> {
    pub(super) roles: &'m Roles<'a>,
    pub(super) bindings: &'m [Binding<'a>],
    pub(super) subjects: &'m Subjects<'a>,
    pub(super) accounts: &'m Accounts<'a>,
    /// For each subject the groups it is in unasked.
    pub(super) groups: &'m [Vec<usize>],
    /// For each subject the bindings that name it.
    pub(super) bound: &'m [Vec<(usize, Bound)>],
    /// For each role its powers.
    pub(super) parts: Vec<Vec<Part<'a>>>,
    /// For each role whether it grants everything.
    pub(super) everything: Vec<bool>,
    /// Existing objects whose names matter, by plural resource: the namespace of each.
    pub(super) existing: HashMap<&'static str, Named<'a, &'a str>>,
    /// Accounts.
    pub(super) accounts_named: Named<'a, usize>,
    /// Secrets that hold a token, by position.
    pub(super) tokens: Named<'a, usize>,
    /// The account of each Pod, and of each StatefulSet.
    pub(super) pods: Named<'a, usize>,
    pub(super) stateful: Named<'a, usize>,
    /// Roles, but no ClusterRoles.
    pub(super) roles_named: Named<'a, usize>,
    /// RoleBindings.
    pub(super) role_bindings: Named<'a, usize>,
    /// ClusterRoleBindings.
    pub(super) cluster_bindings: Named<'a, usize>,
}

/// The kinds whose objects are asked for by name.
const EXISTING: [(&str, &str, &str); 8] = [
    ("", "ReplicationController", "replicationcontrollers"),
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "ReplicaSet", "replicasets"),
    ("batch", "CronJob", "cronjobs"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
];

impl<'m, 'a> Model<'m, 'a> {
    pub(super) fn new(
        roles: &'m Roles<'a>,
        bindings: &'m [Binding<'a>],
        subjects: &'m Subjects<'a>,
        accounts: &'m Accounts<'a>,
        groups: &'m [Vec<usize>],
        bound: &'m [Vec<(usize, Bound)>],
        resources: &'a [Resource],
    ) -> Self {
        let everything = |role: usize| roles.held(role).any(|(.., held)| held.power == Power::Everything);
        let mut model = Self {
            roles,
            bindings,
            subjects,
            accounts,
            groups,
            bound,
            parts: (0..roles.all.len()).map(|role| parts(roles, role)).collect(),
            everything: (0..roles.all.len()).map(everything).collect(),
            existing: existing(resources),
            accounts_named: Named::default(),
            tokens: Named::default(),
            pods: Named::default(),
            stateful: Named::default(),
            roles_named: Named::default(),
            role_bindings: Named::default(),
            cluster_bindings: Named::default(),
        };
        model.index();
        model
    }

    fn index(&mut self) {
        for (at, subject) in self.subjects.all.iter().enumerate() {
            if let Subject::Account { namespace, name } = subject {
                self.accounts_named.add(namespace, name, at);
            }
        }
        for (at, (namespace, secret, _)) in self.accounts.tokens.iter().enumerate() {
            self.tokens.add(namespace, secret, at);
        }
        for (namespace, running) in
            self.accounts.running.iter().flat_map(|(at, all)| all.iter().map(move |one| (at, one)))
        {
            match &*running.workload.id.kind {
                "Pod" => self.pods.add(namespace, &running.workload.id.name, running.account),
                "StatefulSet" => self.stateful.add(namespace, &running.workload.id.name, running.account),
                _ => {}
            }
        }
        for (at, role) in self.roles.all.iter().enumerate() {
            if let Some(namespace) = role.namespace {
                self.roles_named.add(namespace, role.name, at);
            }
        }
        for (at, binding) in self.bindings.iter().enumerate() {
            match binding.scope {
                Scope::Cluster => self.cluster_bindings.add("", binding.name, at),
                Scope::Namespace(namespace) => self.role_bindings.add(namespace, binding.name, at),
            }
        }
    }
}

fn existing(resources: &[Resource]) -> HashMap<&'static str, Named<'_, &str>> {
    let mut existing: HashMap<&'static str, Named<'_, &str>> = HashMap::new();
    for resource in resources {
        let known = EXISTING.iter().find(|(group, kind, _)| resource.is(group, kind));
        if let Some((_, _, plural)) = known {
            existing.entry(plural).or_default().add(resource.namespace(), &resource.id.name, resource.namespace());
        }
    }
    existing
}
