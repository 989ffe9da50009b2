//! Who becomes whom by one power alone; what takes two is in `combined`.
//!
//! Conditions that hold for a cluster as it is rendered, and no others: changing a Deployment makes somebody an
//! account only where there is a Deployment, and reading Secrets only where one holds a token.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bindings::{Accounts, Binding, Bound, Scope, Subjects};
use super::graph::{Graph, Place, Use, Why};
use super::power::{Held, Power};
use super::roles::Roles;
use super::rule::Rule;
use super::subject::{ACCOUNTS, MASTERS, Subject};
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
    /// Existing objects whose names matter: plural resource to (namespace, name).
    pub(super) existing: HashMap<&'static str, Vec<(&'a str, &'a str)>>,
    /// Accounts by name, whatever their namespace.
    pub(super) by_name: HashMap<&'a str, Vec<usize>>,
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

pub(super) fn existing(resources: &[Resource]) -> HashMap<&'static str, Vec<(&str, &str)>> {
    let mut existing: HashMap<&'static str, Vec<(&str, &str)>> = HashMap::new();
    for resource in resources {
        let known = EXISTING.iter().find(|(group, kind, _)| resource.is(group, kind));
        if let Some((_, _, plural)) = known {
            existing.entry(plural).or_default().push((resource.namespace(), &resource.id.name));
        }
    }
    existing
}

/// Builds the graph.
pub(super) fn graph<'a>(model: &Model<'_, 'a>) -> Graph<'a> {
    let mut build = Build { model, graph: Graph::default(), open: Vec::new() };
    build.to(Place::Admin);
    for at in 0..model.subjects.all.len() {
        build.subject(at);
    }
    // Nodes come into being as they are linked to; each is filled once.
    while let Some(node) = build.open.pop() {
        build.fill(node);
    }
    build.graph.close();
    build.graph
}

pub(super) struct Build<'b, 'm, 'a> {
    pub(super) model: &'b Model<'m, 'a>,
    pub(super) graph: Graph<'a>,
    open: Vec<usize>,
}

impl<'a> Build<'_, '_, 'a> {
    /// The node of a place, to be filled if it is new.
    pub(super) fn to(&mut self, place: Place<'a>) -> usize {
        let (node, new) = self.graph.node(place);
        if new {
            self.open.push(node);
        }
        node
    }

    pub(super) fn link(&mut self, from: usize, place: Place<'a>, uses: &[Use<'a>]) {
        let to = self.to(place);
        self.graph.link(from, to, Why::Uses(uses.to_vec()));
    }

    fn is(&mut self, from: usize, place: Place<'a>) {
        let to = self.to(place);
        self.graph.link(from, to, Why::Is);
    }

    fn subject(&mut self, at: usize) {
        let model = self.model;
        let from = self.to(Place::Subject(at));
        for (binding, bound) in &model.bound[at] {
            if let Some(role) = model.bindings[*binding].role {
                let to = self.to(Place::Grant(role, model.bindings[*binding].scope));
                self.graph.link(from, to, Why::Holds(*binding, *bound));
            }
        }
        for group in &model.groups[at] {
            self.is(from, Place::Subject(*group));
        }
        self.combined(at, from);
    }

    fn fill(&mut self, from: usize) {
        match self.graph.place(from) {
            Place::Admin | Place::Subject(_) => {}
            Place::Grant(role, scope) => self.grant(from, role, scope, true),
            Place::Everywhere(role) => self.grant(from, role, Scope::Cluster, false),
            place => self.members(from, place),
        }
    }

    /// Who is in a set.
    fn members(&mut self, from: usize, place: Place<'a>) {
        let model = self.model;
        match place {
            Place::AccountsIn(namespace) => {
                for account in model.accounts.known.get(namespace).into_iter().flatten() {
                    self.is(from, Place::Subject(*account));
                }
                // Whoever the account is, it is in these.
                let anybody = Subject::Account { namespace, name: "" };
                for (at, subject) in model.subjects.all.iter().enumerate() {
                    if matches!(subject, Subject::Group(name) if *name == ACCOUNTS || (anybody.is_in(name) && name.len() > ACCOUNTS.len()))
                    {
                        self.is(from, Place::Subject(at));
                    }
                }
            }
            Place::Accounts => {
                model.accounts.known.keys().for_each(|namespace| self.is(from, Place::AccountsIn(namespace)));
            }
            Place::RunningIn(namespace) => {
                let running = model.accounts.running.get(namespace).into_iter().flatten();
                let accounts: BTreeSet<usize> = running.map(|running| running.account).collect();
                for account in accounts {
                    self.is(from, Place::Subject(account));
                }
            }
            Place::Running => {
                model.accounts.running.keys().for_each(|namespace| self.is(from, Place::RunningIn(namespace)));
            }
            Place::BesideWorkloads(resource) => {
                let namespaces = model.existing.get(resource).into_iter().flatten().map(|(namespace, _)| *namespace);
                let namespaces: BTreeSet<&str> = namespaces.collect();
                for namespace in namespaces {
                    self.is(from, Place::AccountsIn(namespace));
                }
            }
            Place::Users | Place::Groups => {
                for (at, subject) in model.subjects.all.iter().enumerate() {
                    let is = match subject {
                        Subject::User(_) => place == Place::Users,
                        Subject::Group(name) => place == Place::Groups && *name != MASTERS,
                        Subject::Account { .. } => false,
                    };
                    if is {
                        self.is(from, Place::Subject(at));
                    }
                }
            }
            Place::RolesIn(_) | Place::Roles => {
                for (at, role) in model.roles.all.iter().enumerate() {
                    let Some(own) = role.namespace else { continue };
                    if place == Place::Roles || place == Place::RolesIn(own) {
                        self.is(from, Place::Grant(at, Scope::Namespace(own)));
                    }
                }
            }
            Place::Admin | Place::Subject(_) | Place::Grant(..) | Place::Everywhere(_) => {}
        }
    }

    /// What whoever holds a role becomes, at each power where it is granted first.
    fn grant(&mut self, from: usize, role: usize, scope: Scope<'a>, whole: bool) {
        let model = self.model;
        let cluster = whole && scope == Scope::Cluster;
        let mut said: BTreeSet<Place<'a>> = BTreeSet::new();
        for (writer, rule, held) in model.roles.held(role) {
            if held.power.is_of_cluster() && !cluster {
                continue;
            }
            let used = Use { binding: None, role, scope, writer, rule, held: *held };
            let written = &model.roles.all[writer].rules[rule];
            for place in self.alone(held, written, scope, cluster) {
                if said.insert(place) {
                    self.link(from, place, &[used]);
                }
            }
        }
    }

    /// Where one power alone leads.
    fn alone(&self, held: &Held, rule: &Rule<'a>, scope: Scope<'a>, cluster: bool) -> Vec<Place<'a>> {
        let model = self.model;
        let everybody = || vec![scope.namespace().map_or(Place::Accounts, Place::AccountsIn)];
        match held.power {
            Power::Everything if cluster => vec![Place::Admin],
            Power::CreateWorkload => everybody(),
            Power::ChangeWorkload => self.beside(held.resource, rule, scope),
            Power::ChangePod | Power::Exec | Power::Attach | Power::Debug => self.running(rule, scope),
            Power::Token | Power::ImpersonateAccount if rule.names.is_empty() => everybody(),
            Power::Token | Power::ImpersonateAccount => {
                let named = rule.names.iter().flat_map(|name| model.by_name.get(name).into_iter().flatten());
                let inside =
                    |at: &usize| scope.namespace().is_none_or(|own| model.subjects.all[*at].namespace() == Some(own));
                named.copied().filter(inside).map(Place::Subject).collect()
            }
            Power::GetSecret | Power::ListSecrets => {
                let tokens = model.accounts.tokens.iter().filter(|(namespace, secret, _)| {
                    scope.namespace().is_none_or(|own| own == *namespace) && is_named(rule, secret)
                });
                tokens.map(|(.., account)| Place::Subject(*account)).collect()
            }
            Power::ImpersonateUser if rule.names.is_empty() => vec![Place::Users],
            Power::ImpersonateUser => {
                let users =
                    rule.names.iter().map(|name| Subject::user(name)).filter(|user| matches!(user, Subject::User(_)));
                users.filter_map(|user| model.subjects.find(&user)).map(Place::Subject).collect()
            }
            Power::NodeProxy if rule.names.is_empty() => vec![Place::Running],
            Power::MutatingWebhook => {
                let existing = || model.existing.get(held.resource).into_iter().flatten();
                let known = rule.names.is_empty() || existing().any(|(_, name)| is_named(rule, name));
                if known { vec![Place::Admin] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// The accounts of the namespaces in which workloads of a kind stand that the rule names.
    fn beside(&self, resource: &'static str, rule: &Rule<'_>, scope: Scope<'a>) -> Vec<Place<'a>> {
        let existing = self.model.existing.get(resource).map_or(&[][..], Vec::as_slice);
        if scope == Scope::Cluster && rule.names.is_empty() {
            return if existing.is_empty() { Vec::new() } else { vec![Place::BesideWorkloads(resource)] };
        }
        let inside = existing
            .iter()
            .filter(|(namespace, name)| scope.namespace().is_none_or(|own| own == *namespace) && is_named(rule, name));
        let namespaces: BTreeSet<&str> = inside.map(|(namespace, _)| *namespace).collect();
        namespaces.into_iter().map(Place::AccountsIn).collect()
    }

    /// The accounts of the pods that the rule names. Of names only those of Pods and StatefulSets are known.
    fn running(&self, rule: &Rule<'_>, scope: Scope<'a>) -> Vec<Place<'a>> {
        if rule.names.is_empty() {
            return vec![scope.namespace().map_or(Place::Running, Place::RunningIn)];
        }
        let namespaces: BTreeMap<_, _> = match scope {
            Scope::Cluster => self.model.accounts.running.iter().collect(),
            Scope::Namespace(own) => self.model.accounts.running.get_key_value(own).into_iter().collect(),
        };
        let pods = namespaces.values().flat_map(|running| running.iter());
        let named = pods.filter(|running| {
            let id = &running.workload.id;
            rule.names.iter().any(|name| match &*id.kind {
                "Pod" => **name == *id.name,
                "StatefulSet" => {
                    let ordinal = name.strip_prefix(&*id.name).and_then(|rest| rest.strip_prefix('-'));
                    ordinal
                        .is_some_and(|ordinal| !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit()))
                }
                _ => false,
            })
        });
        let accounts: BTreeSet<usize> = named.map(|running| running.account).collect();
        accounts.into_iter().map(Place::Subject).collect()
    }
}

/// Whether a rule holds for an object of a name.
pub(super) fn is_named(rule: &Rule<'_>, name: &str) -> bool {
    rule.names.is_empty() || rule.names.contains(&name)
}
