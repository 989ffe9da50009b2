//! Who may do what in an environment, and become whom.
//!
//! Owns the roles (the API server's own included), aggregation, bindings and the groups one is in unasked; how rules
//! match and cover each other; and the closure: from what somebody is granted, whom it can become, with the shortest
//! way to cluster-admin. Who *should* may what is decided by policies.
//!
//! - [`rule`], [`subject`], [`roles`], [`bindings`]: what is written
//! - [`power`]: what of it matters beyond itself; [`known`]: which resources and verbs there are
//! - [`resource`], [`identity`], [`dead`]: what policies see of one object; [`setting`]: what is declared of people
//! - [`cover`]: whether rules include others; `compare`: what differs between environments
//! - `parts`: what is left of a role where rules say the same; `named`, `model`: what is found by name
//! - [`graph`], `closure`, `combined`, [`witness`]: who becomes whom, and in which steps

pub mod bindings;
pub mod bootstrap;
mod closure;
mod combined;
pub(crate) mod compare;
pub mod cover;
pub mod dead;
pub mod graph;
pub mod identity;
pub mod known;
mod model;
mod named;
mod parts;
pub mod power;
pub mod resource;
pub mod roles;
pub mod rule;
pub mod setting;
pub mod subject;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use super::workload::Workload;
use super::world::Declared;
use crate::manifest::Resource;
use crate::{Error, ErrorKind, Result};
use bindings::{Binding, Bound, Scope, Subjects};
use bootstrap::Bootstrap;
use graph::{Graph, Place};
use model::Model;
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
    /// Whether the graph is whole: it was not given up to build it.
    whole: bool,
    resources: &'a [Resource],
    groups: Vec<Vec<usize>>,
    /// For each subject the bindings that name it, each once.
    bound: Vec<Vec<(usize, Bound)>>,
    /// By subject, role and scope the first binding that gives it.
    first: HashMap<(usize, usize, Scope<'a>), (usize, Bound)>,
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
        Self::within(resources, workloads, declared, closure::LIMIT)
    }

    /// The same with another limit on what is looked through.
    fn within(resources: &'a [Resource], workloads: &[Workload<'a>], declared: &Declared, limit: usize) -> Self {
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
        let mut first = HashMap::new();
        for (subject, bound) in bound.iter().enumerate() {
            for (at, who) in bound {
                if let Some(role) = bindings[*at].role {
                    first.entry((subject, role, bindings[*at].scope)).or_insert((*at, *who));
                }
            }
        }
        let model = Model::new(&roles, &bindings, &subjects, &accounts, &groups, &bound, resources);
        let (graph, whole) = closure::graph(&model, limit);
        Self { roles, bindings, subjects, graph, whole, resources, groups, bound, first }
    }

    /// The binding by which somebody, itself or in a group it is in unasked, is first given a role in a scope.
    fn bound_to(&self, subject: usize, role: usize, scope: Scope<'a>) -> Option<(usize, Bound)> {
        let mut holders = std::iter::once(&subject).chain(&self.groups[subject]);
        holders.find_map(|holder| self.first.get(&(*holder, role, scope))).copied()
    }

    /// Fails where it was given up to find everybody's ways: without this, that there is none means nothing.
    pub fn check(&self, environment: &str) -> Result<()> {
        if self.whole {
            return Ok(());
        }
        let message = format!("who becomes whom in `{environment}` is more than can be looked through");
        Err(Error::new(ErrorKind::Limit, message).with_help(
            "names multiply with what they meet: give roles fewer `resourceNames`, or bind fewer such roles to those \
             who may also bind, escalate or make tokens",
        ))
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
    let find = |name: &str| subjects.find(&Subject::Group(name));
    let everybody = [subject::AUTHENTICATED, subject::UNAUTHENTICATED, subject::ACCOUNTS].map(find);
    let of = |subject: &Subject<'_>| {
        let own = subject.namespace().and_then(|namespace| find(&format!("{}{namespace}", subject::ACCOUNTS_OF)));
        let candidates: BTreeSet<usize> = everybody.into_iter().chain([own]).flatten().collect();
        candidates.into_iter().filter(|at| is_member(subject, &subjects.all[*at])).collect()
    };
    subjects.all.iter().map(of).collect()
}

fn is_member(subject: &Subject<'_>, group: &Subject<'_>) -> bool {
    matches!(group, Subject::Group(name) if subject != group && subject.is_in(name))
}
