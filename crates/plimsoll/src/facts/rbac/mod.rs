//! Who may do what in an environment, and become whom.
//!
//! Owns the roles (the API server's own included), aggregation, bindings and the groups one is in unasked; how rules
//! match and cover each other; and the closure: from what somebody is granted, whom it can become, with the shortest
//! way to cluster-admin. Who *should* may what is decided by policies.
//!
//! - [`rule`], [`subject`], [`roles`], [`bindings`]: what is written
//! - [`power`]: what of it matters beyond itself; [`known`]: which resources and verbs there are
//! - [`resource`], [`identity`], [`dead`]: what policies see of one object; [`setting`]: what is declared of people
//! - `compare`: what differs between environments
//! - [`graph`], `closure`, `combined`, [`witness`]: who becomes whom, and in which steps

pub mod bindings;
pub mod bootstrap;
mod closure;
mod combined;
pub(crate) mod compare;
pub mod dead;
pub mod graph;
pub mod identity;
pub mod known;
pub mod power;
pub mod resource;
pub mod roles;
pub mod rule;
pub mod setting;
pub mod subject;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::workload::Workload;
use super::world::Declared;
use crate::manifest::Resource;
use bindings::{Binding, Bound, Scope, Subjects};
use bootstrap::Bootstrap;
use graph::{Graph, Place};
use roles::Roles;
use rule::{Request, Rule};
use subject::Subject;

/// What is granted in one environment.
#[derive(Debug)]
pub struct Rbac<'a> {
    /// Its roles.
    pub roles: Roles<'a>,
    /// Its bindings.
    pub bindings: Vec<Binding<'a>>,
    /// Everybody who is named.
    pub subjects: Subjects<'a>,
    /// Who becomes whom.
    pub graph: Graph<'a>,
    resources: &'a [Resource],
    groups: Vec<Vec<usize>>,
    /// For each subject the bindings that name it, each once.
    bound: Vec<Vec<(usize, Bound)>>,
}

/// One grant: a binding that names somebody, and the role that it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The binding.
    pub binding: usize,
    /// Who is bound in it: the subject itself, or a group that it is in.
    pub bound: Bound,
    /// The role.
    pub role: usize,
}

/// A grant that lets a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The grant.
    pub grant: Grant,
    /// The role that wrote the rule.
    pub writer: usize,
    /// The rule's position there.
    pub rule: usize,
}

impl<'a> Rbac<'a> {
    /// Derives it from all resources of an environment, own and external.
    pub fn derive(resources: &'a [Resource], workloads: &[Workload<'a>], declared: &Declared) -> Self {
        let bootstrap = Bootstrap::read();
        let roles = Roles::read(resources, &bootstrap, power::get_opens(&declared.kubernetes));
        let mut subjects = Subjects::default();
        let bindings = bindings::read(resources, &bootstrap, &roles, &mut subjects);
        let accounts = bindings::accounts(resources, workloads, &mut subjects);
        let groups = groups(&subjects);
        let mut bound: Vec<Vec<(usize, Bound)>> = vec![Vec::new(); subjects.all.len()];
        for (at, binding) in bindings.iter().enumerate() {
            for who in &binding.subjects {
                if bound[who.subject].last().is_none_or(|(last, _)| *last != at) {
                    bound[who.subject].push((at, *who));
                }
            }
        }
        let mut by_name: HashMap<&'a str, Vec<usize>> = HashMap::new();
        for (at, subject) in subjects.all.iter().enumerate() {
            if let Subject::Account { name, .. } = subject {
                by_name.entry(name).or_default().push(at);
            }
        }
        let graph = closure::graph(&closure::Model {
            roles: &roles,
            bindings: &bindings,
            subjects: &subjects,
            accounts: &accounts,
            groups: &groups,
            bound: &bound,
            existing: closure::existing(resources),
            by_name,
        });
        Self { roles, bindings, subjects, graph, resources, groups, bound }
    }

    /// What somebody is granted, itself and through the groups it is in unasked; a stranger has only these.
    pub fn grants(&self, subject: &Subject<'_>) -> Vec<Grant> {
        let own = self.subjects.find(subject);
        let groups: Vec<usize> = match own {
            Some(at) => self.groups[at].clone(),
            None => (0..self.subjects.all.len()).filter(|at| is_member(subject, &self.subjects.all[*at])).collect(),
        };
        own.into_iter().chain(groups).flat_map(|holder| self.grants_of(holder)).collect()
    }

    /// What bindings grant a subject by its own name.
    pub fn grants_of(&self, subject: usize) -> impl Iterator<Item = Grant> {
        let bound = self.bound[subject].iter();
        bound.filter_map(|(at, bound)| Some(Grant { binding: *at, bound: *bound, role: self.bindings[*at].role? }))
    }

    /// The rules that somebody has in a namespace, or outside of all.
    pub fn rules(&self, subject: &Subject<'_>, namespace: Option<&str>) -> Vec<&Rule<'a>> {
        let holds = |grant: &Grant| match self.bindings[grant.binding].scope {
            Scope::Cluster => true,
            Scope::Namespace(own) => namespace == Some(own),
        };
        let grants = self.grants(subject).into_iter().filter(holds);
        grants.flat_map(|grant| self.roles.effective(grant.role).map(|(.., rule)| rule)).collect()
    }

    /// Everything that lets somebody do something in a namespace, or outside of all.
    ///
    /// A path that is no resource is outside of all namespaces, so only a ClusterRoleBinding gives it.
    pub fn allows(&self, subject: &Subject<'_>, request: &Request<'_>, namespace: Option<&str>) -> Vec<Allowed> {
        self.grants(subject).into_iter().flat_map(|grant| self.allowed(grant, request, namespace)).collect()
    }

    fn allowed(&self, grant: Grant, request: &Request<'_>, namespace: Option<&str>) -> Vec<Allowed> {
        let holds = match self.bindings[grant.binding].scope {
            Scope::Cluster => true,
            Scope::Namespace(own) => namespace == Some(own) && matches!(request, Request::Resource { .. }),
        };
        if !holds {
            return Vec::new();
        }
        let rules = self.roles.effective(grant.role).filter(|(.., rule)| rule.allows(request));
        rules.map(|(writer, rule, _)| Allowed { grant, writer, rule }).collect()
    }

    /// How many actions somebody is from cluster-admin.
    pub fn distance(&self, subject: usize) -> Option<u32> {
        self.graph.distance(self.graph.find(Place::Subject(subject))?)
    }

    /// The resource that a role or binding comes from.
    pub fn resource(&self, origin: roles::Origin) -> Option<&'a Resource> {
        match origin {
            roles::Origin::Bootstrap => None,
            roles::Origin::Resource(at) => Some(&self.resources[at]),
        }
    }
}

/// For each subject the groups among all that it is in unasked.
fn groups(subjects: &Subjects<'_>) -> Vec<Vec<usize>> {
    let implicit = |subject: &Subject<'_>| match subject {
        Subject::Group(name) => name.starts_with("system:serviceaccounts") || subject::is_everybody(name),
        _ => false,
    };
    let candidates: Vec<usize> = (0..subjects.all.len()).filter(|at| implicit(&subjects.all[*at])).collect();
    let of = |subject: &Subject<'_>| {
        candidates.iter().copied().filter(|at| is_member(subject, &subjects.all[*at])).collect::<Vec<_>>()
    };
    subjects.all.iter().map(of).collect()
}

fn is_member(subject: &Subject<'_>, group: &Subject<'_>) -> bool {
    matches!(group, Subject::Group(name) if subject != group && subject.is_in(name))
}
