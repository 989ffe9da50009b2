//! Who becomes whom by one power alone; what takes two is in `combined`.
//!
//! Conditions that hold for a cluster as it is rendered, and no others: changing a Deployment makes somebody an
//! account only where there is a Deployment, and reading Secrets only where one holds a token.

use std::collections::{BTreeSet, HashMap};

use super::bindings::Scope;
use super::graph::{Graph, Place, Use, Why};
use super::model::Model;
use super::named::Named;
use super::parts::Part;
use super::power::Power;
use super::subject::{ACCOUNTS, ACCOUNTS_OF, MASTERS, Subject};

/// How much is looked through where names meet names, before it is given up.
///
/// What powers amount to grows with what is written, but for names: many of them, in many namespaces or held by many
/// in many combinations, have ways of which there are as many as their product.
pub(super) const LIMIT: usize = 20_000_000;
/// What an edge counts, which takes memory as well as time.
const EDGE: usize = 10;

/// Builds the graph, and says whether it is whole.
pub(super) fn graph<'a>(model: &Model<'_, 'a>, limit: usize) -> (Graph<'a>, bool) {
    let (open, together) = (Vec::new(), HashMap::new());
    let mut build = Build { model, graph: Graph::default(), open, together, left: Some(limit) };
    build.to(Place::Admin);
    for at in 0..model.subjects.all.len() {
        build.subject(at);
    }
    // Nodes come into being as they are linked to; each is filled once.
    while let Some(node) = build.open.pop() {
        build.fill(node);
    }
    build.graph.close();
    (build.graph, build.left.is_some())
}

/// What somebody is granted: roles where they hold, and the groups it is in unasked.
pub(super) type Granted<'a> = (Vec<(usize, Scope<'a>)>, Vec<usize>);

pub(super) struct Build<'b, 'm, 'a> {
    pub(super) model: &'b Model<'m, 'a>,
    pub(super) graph: Graph<'a>,
    open: Vec<usize>,
    /// For whoever is granted the same the node of what it becomes by powers together, where there is anything.
    pub(super) together: HashMap<Granted<'a>, Option<usize>>,
    /// What of the limit is left; none once it was passed.
    left: Option<usize>,
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

    /// Takes from what may be looked through; false where nothing is left.
    pub(super) fn spend(&mut self, work: usize) -> bool {
        self.left = self.left.and_then(|left| left.checked_sub(work));
        self.left.is_some()
    }

    /// The same for edges.
    pub(super) fn spend_edges(&mut self, edges: usize) -> bool {
        self.spend(edges.saturating_mul(EDGE))
    }

    pub(super) fn is(&mut self, from: usize, place: Place<'a>) {
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
            Place::Admin | Place::Subject(_) | Place::Together(_) => {}
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
                let own = format!("{ACCOUNTS_OF}{namespace}");
                let groups = [ACCOUNTS, &own].map(|name| model.subjects.find(&Subject::Group(name)));
                for group in groups.into_iter().flatten().collect::<BTreeSet<usize>>() {
                    self.is(from, Place::Subject(group));
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
                for namespace in self.existing(resource, None, Scope::Cluster) {
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
            Place::Admin | Place::Subject(_) | Place::Together(_) | Place::Grant(..) | Place::Everywhere(_) => {}
        }
    }

    /// What whoever holds a role becomes, at each power where it is granted first.
    fn grant(&mut self, from: usize, role: usize, scope: Scope<'a>, whole: bool) {
        let model = self.model;
        let cluster = whole && scope == Scope::Cluster;
        let mut said: BTreeSet<Place<'a>> = BTreeSet::new();
        for part in &model.parts[role] {
            if part.held.power.is_of_cluster() && !cluster {
                continue;
            }
            let names = part.names.as_ref().map_or(0, Vec::len);
            if !self.spend(names) {
                return;
            }
            let used = Use { role, scope, writer: part.writer, rule: part.rule, held: part.held };
            let mut places = self.alone(part, scope, cluster);
            places.retain(|place| said.insert(*place));
            // One place is what any power may lead to.
            if !self.spend_edges(places.len().saturating_sub(1)) {
                return;
            }
            for place in places {
                self.link(from, place, &[used]);
            }
        }
    }

    /// Where one power alone leads.
    fn alone(&self, part: &Part<'a>, scope: Scope<'a>, cluster: bool) -> Vec<Place<'a>> {
        let model = self.model;
        let (held, names) = (&part.held, part.names.as_deref());
        let everybody = || vec![scope.namespace().map_or(Place::Accounts, Place::AccountsIn)];
        match (held.power, names) {
            (Power::Everything, _) if cluster => vec![Place::Admin],
            (Power::CreateWorkload, _) | (Power::Token | Power::ImpersonateAccount, None) => everybody(),
            (Power::ChangeWorkload, _) => self.beside(held.resource, names, scope),
            (Power::ChangePod | Power::Exec | Power::Attach | Power::Debug, _) => self.running(names, scope),
            (Power::Token | Power::ImpersonateAccount, Some(names)) => {
                let accounts = names.iter().flat_map(|name| model.accounts_named.called(scope, name));
                accounts.copied().map(Place::Subject).collect()
            }
            (Power::GetSecret | Power::ListSecrets, _) => {
                let tokens: BTreeSet<usize> = found(&model.tokens, names, scope).into_iter().collect();
                tokens.into_iter().map(|token| Place::Subject(model.accounts.tokens[token].2)).collect()
            }
            (Power::ImpersonateUser, None) => vec![Place::Users],
            (Power::ImpersonateUser, Some(names)) => {
                let users =
                    names.iter().map(|name| Subject::user(name)).filter(|user| matches!(user, Subject::User(_)));
                users.filter_map(|user| model.subjects.find(&user)).map(Place::Subject).collect()
            }
            (Power::NodeProxy, None) => vec![Place::Running],
            (Power::MutatingWebhook, _) => {
                let known = names.is_none() || !self.existing(held.resource, names, Scope::Cluster).is_empty();
                if known { vec![Place::Admin] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// The namespaces in which objects of a kind stand that have one of these names.
    fn existing(&self, resource: &str, names: Option<&[&str]>, scope: Scope<'a>) -> BTreeSet<&'a str> {
        let existing = self.model.existing.get(resource);
        match (existing, scope, names) {
            (None, ..) => BTreeSet::new(),
            (Some(existing), Scope::Namespace(_), None) => {
                existing.within(scope).first().copied().into_iter().collect()
            }
            (Some(existing), ..) => found(existing, names, scope).into_iter().collect(),
        }
    }

    /// The accounts of the namespaces in which workloads of a kind stand that the rule names.
    fn beside(&self, resource: &'static str, names: Option<&[&str]>, scope: Scope<'a>) -> Vec<Place<'a>> {
        if scope == Scope::Cluster && names.is_none() {
            let known = self.model.existing.contains_key(resource);
            return if known { vec![Place::BesideWorkloads(resource)] } else { Vec::new() };
        }
        self.existing(resource, names, scope).into_iter().map(Place::AccountsIn).collect()
    }

    /// The accounts of the pods that the rule names. Of names only those of Pods and StatefulSets are known.
    fn running(&self, names: Option<&[&str]>, scope: Scope<'a>) -> Vec<Place<'a>> {
        let Some(names) = names else {
            return vec![scope.namespace().map_or(Place::Running, Place::RunningIn)];
        };
        let mut accounts = BTreeSet::new();
        for name in names {
            accounts.extend(self.model.pods.called(scope, name));
            let ordinal = |ordinal: &str| !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
            if let Some((set, _)) = name.rsplit_once('-').filter(|(_, last)| ordinal(last)) {
                accounts.extend(self.model.stateful.called(scope, set));
            }
        }
        accounts.into_iter().map(Place::Subject).collect()
    }
}

/// The things in a scope that have one of these names, or any.
fn found<T: Copy>(things: &Named<'_, T>, names: Option<&[&str]>, scope: Scope<'_>) -> Vec<T> {
    match names {
        None => things.within(scope).to_vec(),
        Some(names) => names.iter().flat_map(|name| things.called(scope, name)).copied().collect(),
    }
}
