//! Who becomes whom by powers that are of use only together: binding and a binding to write, escalating and a role
//! to write, a Secret to create and to read.
//!
//! All of them must be the same identity's. That an identity could also become two others, one with each half, is
//! left out. Halves are never paired rule by rule: what matters of each is the first that covers an object, which
//! [`named`](super::named) knows. Whoever is granted the same roles in the same places has one node for all of this.

use std::collections::{BTreeMap, BTreeSet};

use super::bindings::Scope;
use super::closure::{Build, Granted};
use super::graph::{Place, Use};
use super::named::Holding;
use super::power::Power;
use super::roles::Role;
use super::rule::Rule;
use super::subject::{MASTERS, Subject};

/// The signer whose certificates the API server takes for logins, and the pattern for all of its kind.
const CLIENT_SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

/// The powers that count only together, and what runs pods.
const COMBINED: [Power; 24] = [
    Power::CreateWorkload,
    Power::ImpersonateUser,
    Power::ImpersonateGroup,
    Power::ImpersonateAccount,
    Power::BindRole,
    Power::BindClusterRole,
    Power::EscalateRole,
    Power::EscalateClusterRole,
    Power::CreateRoleBinding,
    Power::ChangeRoleBinding,
    Power::CreateClusterRoleBinding,
    Power::ChangeClusterRoleBinding,
    Power::ChangeRole,
    Power::CreateClusterRole,
    Power::ChangeClusterRole,
    Power::CreateSecret,
    Power::GetSecret,
    Power::ListSecrets,
    Power::CreateRequest,
    Power::ApproveRequest,
    Power::ApproveSigner,
    Power::CreateVolume,
    Power::ClaimVolume,
    Power::ChangeNamespace,
];

/// What one identity holds, by power.
struct Own<'a> {
    powers: BTreeMap<Power, Holding<'a>>,
    /// The roles it holds, and where.
    grants: Vec<(usize, Scope<'a>)>,
    nothing: Holding<'a>,
}

impl<'a> Own<'a> {
    fn of(&self, power: Power) -> &Holding<'a> {
        self.powers.get(&power).unwrap_or(&self.nothing)
    }

    /// The first use of a power, whatever it covers.
    fn first(&self, power: Power) -> Option<Use<'a>> {
        self.of(power).uses.first().copied()
    }
}

/// What somebody becomes, with the positions of what it takes: of two ways to one place the lower counts.
struct Found<'a> {
    order: [usize; 4],
    place: Place<'a>,
    uses: Vec<Use<'a>>,
}

fn pair<'a>(order: [usize; 4], place: Place<'a>, one: Use<'a>, other: Use<'a>) -> Found<'a> {
    Found { order, place, uses: vec![one, other] }
}

impl<'a> Build<'_, '_, 'a> {
    /// Links what a subject becomes by powers together.
    pub(super) fn combined(&mut self, subject: usize, from: usize) {
        let model = self.model;
        let granted: Granted<'a> = (self.granted(subject), model.groups[subject].clone());
        let node = if let Some(known) = self.together.get(&granted) {
            *known
        } else {
            let node = self.together(&granted);
            self.together.insert(granted, node);
            node
        };
        if let Some(node) = node {
            let place = self.graph.place(node);
            self.is(from, place);
        }
    }

    /// The roles that a subject is bound to by its own name, each once where it holds.
    fn granted(&self, subject: usize) -> Vec<(usize, Scope<'a>)> {
        let bindings = self.model.bound[subject].iter().map(|(at, _)| &self.model.bindings[*at]);
        let mut said = BTreeSet::new();
        bindings
            .filter_map(|binding| Some((binding.role?, binding.scope)))
            .filter(|grant| said.insert(*grant))
            .collect()
    }

    /// The node of what these grants amount to together.
    fn together(&mut self, granted: &Granted<'a>) -> Option<usize> {
        let own = self.own(granted)?;
        let parts = [
            Self::impersonate,
            Self::bind_in_cluster,
            Self::bind_in_namespaces,
            Self::escalate,
            Self::secrets,
            Self::certificates,
            Self::nodes,
        ];
        let mut said = BTreeSet::new();
        let mut kept = Vec::new();
        for part in parts {
            let mut found = part(self, &own);
            found.sort_by_key(|found| found.order);
            kept.extend(found.into_iter().filter(|found| said.insert(found.place)));
        }
        // Where the limit was passed, what was found is in part only.
        if !self.spend_edges(kept.len()) || kept.is_empty() {
            return None;
        }
        let node = self.to(Place::Together(self.together.len()));
        for found in kept {
            self.link(node, found.place, &found.uses);
        }
        Some(node)
    }

    /// What the grants of a subject and of the groups that it is in hold; none where it is too much to look through.
    fn own(&mut self, (granted, groups): &Granted<'a>) -> Option<Own<'a>> {
        let model = self.model;
        let mut grants = granted.clone();
        let mut said: BTreeSet<_> = grants.iter().copied().collect();
        for group in groups {
            let more = self.granted(*group);
            if !self.spend(more.len()) {
                return None;
            }
            grants.extend(more.into_iter().filter(|grant| said.insert(*grant)));
        }
        let mut own = Own { powers: BTreeMap::new(), grants, nothing: Holding::default() };
        for (role, scope) in own.grants.clone() {
            for part in &model.parts[role] {
                let names = part.names.as_deref();
                let wanted = COMBINED.contains(&part.held.power);
                if !wanted || (scope != Scope::Cluster && part.held.power.is_of_cluster()) {
                    continue;
                }
                if !self.spend(names.map_or(0, <[_]>::len)) {
                    return None;
                }
                let used = Use { role, scope, writer: part.writer, rule: part.rule, held: part.held };
                own.powers.entry(part.held.power).or_default().push(used, names);
            }
        }
        Some(own)
    }

    fn rule(&self, used: &Use<'_>) -> &Rule<'a> {
        &self.model.roles.all[used.writer].rules[used.rule]
    }

    /// To act as a member of a group, one acts as some user or account as well.
    fn impersonate(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let somebody = own.first(Power::ImpersonateUser).or_else(|| own.first(Power::ImpersonateAccount));
        let groups = own.of(Power::ImpersonateGroup);
        let mut found = Vec::new();
        let (Some(somebody), Some(first)) = (somebody, groups.scopes.get(&Scope::Cluster)) else { return found };
        if let Some(at) = first.whole {
            found.push(pair([at, 0, 0, 0], Place::Admin, groups.uses[at], somebody));
            found.push(pair([at, 1, 0, 0], Place::Groups, groups.uses[at], somebody));
        }
        for (number, (name, at)) in first.names.iter().enumerate() {
            if *name == MASTERS {
                found.push(pair([*at, 0, 0, 0], Place::Admin, groups.uses[*at], somebody));
            }
            if let Some(group) = self.model.subjects.find(&Subject::Group(name)) {
                found.push(pair([*at, 2, number, 0], Place::Subject(group), groups.uses[*at], somebody));
            }
        }
        found
    }

    fn bind_in_cluster(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let model = self.model;
        let mut found = Vec::new();
        let (binds, changes) = (own.of(Power::BindClusterRole), own.of(Power::ChangeClusterRoleBinding));
        let Some(first) = binds.scopes.get(&Scope::Cluster) else { return found };
        let place =
            |role: usize| if model.everything[role] { Place::Admin } else { Place::Grant(role, Scope::Cluster) };
        if let Some(create) = own.first(Power::CreateClusterRoleBinding) {
            let whole = first.whole.map(|bind| ("cluster-admin", bind));
            let named = whole.into_iter().chain(first.names.iter().copied()).enumerate();
            for (number, (name, bind)) in named {
                if let Some(role) = model.roles.find(None, name) {
                    found.push(pair([bind, 0, 0, number], place(role), binds.uses[bind], create));
                }
            }
        }
        if let Some(written) = changes.scopes.get(&Scope::Cluster) {
            // The role of a binding stays; who is bound changes.
            let bindings = written.among(&model.cluster_bindings, Scope::Cluster);
            if !self.spend(bindings.len()) {
                return Vec::new();
            }
            for at in bindings {
                let binding = &model.bindings[at];
                let Some(role) = binding.role else { continue };
                if let (Some(bind), Some(change)) = (first.of(model.roles.all[role].name), written.of(binding.name)) {
                    found.push(pair([bind, 1, change, at], place(role), binds.uses[bind], changes.uses[change]));
                }
            }
        }
        found
    }

    fn bind_in_namespaces(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let mut all = Vec::new();
        for power in [Power::BindClusterRole, Power::BindRole] {
            let mut found = Vec::new();
            self.create_bindings(power, own, &mut found);
            self.change_bindings(power, own, &mut found);
            found.sort_by_key(|found| found.order);
            all.extend(found);
        }
        // They are in order already.
        for (at, found) in all.iter_mut().enumerate() {
            found.order = [at, 0, 0, 0];
        }
        all
    }

    /// Binding by new RoleBindings what one may bind.
    fn create_bindings(&mut self, power: Power, own: &Own<'a>, found: &mut Vec<Found<'a>>) {
        let model = self.model;
        let (binds, creates) = (own.of(power), own.of(Power::CreateRoleBinding));
        for (scope, first, create) in binds.meeting(creates) {
            let mut add = |bind: usize, number: usize, place: Place<'a>| {
                let order = [bind, 0, create.any, number];
                found.push(pair(order, place, binds.uses[bind], creates.uses[create.any]));
            };
            if power == Power::BindRole {
                if let Some(bind) = first.whole {
                    add(bind, 0, scope.namespace().map_or(Place::Roles, Place::RolesIn));
                }
                let roles = model.roles_named.among(scope, &first.names);
                if !self.spend(roles.len().saturating_sub(1)) {
                    return;
                }
                for role in roles {
                    let Role { namespace: Some(inside), name, .. } = model.roles.all[role] else { continue };
                    if let Some(bind) = first.named(name) {
                        add(bind, role, Place::Grant(role, Scope::Namespace(inside)));
                    }
                }
                continue;
            }
            if !self.spend(first.names.len()) {
                return;
            }
            let whole = first.whole.map(|bind| ("cluster-admin", bind));
            for (number, (name, bind)) in whole.into_iter().chain(first.names.iter().copied()).enumerate() {
                if let Some(role) = model.roles.find(None, name) {
                    add(bind, number, scope.namespace().map_or(Place::Everywhere(role), |_| Place::Grant(role, scope)));
                }
            }
        }
    }

    /// Becoming a subject of the RoleBindings there are, whose role stays.
    fn change_bindings(&mut self, power: Power, own: &Own<'a>, found: &mut Vec<Found<'a>>) {
        let model = self.model;
        let (binds, changes) = (own.of(power), own.of(Power::ChangeRoleBinding));
        for (scope, first, written) in binds.meeting(changes) {
            let bindings = written.among(&model.role_bindings, scope);
            if !self.spend(bindings.len()) {
                return;
            }
            for at in bindings {
                let binding = &model.bindings[at];
                let Some(role) = binding.role else { continue };
                let named = &model.roles.all[role];
                if named.namespace.is_none() != (power == Power::BindClusterRole) {
                    continue;
                }
                if let (Some(bind), Some(change)) = (first.of(named.name), written.of(binding.name)) {
                    let place = Place::Grant(role, binding.scope);
                    found.push(pair([bind, 1, change, at], place, binds.uses[bind], changes.uses[change]));
                }
            }
        }
    }

    /// Whoever may put anything into a role that it holds itself holds everything where it holds that role.
    fn escalate(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let model = self.model;
        let mut found = Vec::new();
        let Some(admin) = model.roles.find(None, "cluster-admin") else { return found };
        let inside = |scope: Scope<'a>| match scope {
            Scope::Cluster => Place::Admin,
            Scope::Namespace(_) => Place::Grant(admin, scope),
        };
        let create = own.first(Power::CreateClusterRole);
        let halves = |of_cluster: bool| {
            let (escalate, change) = if of_cluster {
                (Power::EscalateClusterRole, Power::ChangeClusterRole)
            } else {
                (Power::EscalateRole, Power::ChangeRole)
            };
            (own.of(escalate), own.of(change))
        };
        for (number, (role, scope)) in own.grants.iter().enumerate() {
            let of_cluster = model.roles.all[*role].namespace.is_none();
            let (escalates, changes) = halves(of_cluster);
            if escalates.uses.is_empty() {
                continue;
            }
            let (sources, within) = (&model.roles.all[*role].sources, if of_cluster { Scope::Cluster } else { *scope });
            if !self.spend(sources.len()) {
                return Vec::new();
            }
            let first = sources.iter().filter_map(|source| {
                let name = model.roles.all[*source].name;
                Some((escalates.covers(within, name)?, changes.covers(within, name)?))
            });
            // What somebody may do to ClusterRoles comes before what it may do to Roles.
            let kind = |at: usize| if of_cluster { at } else { at.saturating_add(usize::MAX / 2) };
            if let Some((escalate, change)) = first.min() {
                let uses = (escalates.uses[escalate], changes.uses[change]);
                found.push(pair([kind(escalate), 0, change, number], inside(*scope), uses.0, uses.1));
            }
            // A new ClusterRole gives its rules to whatever aggregates it.
            if let Some(create) = create.filter(|_| of_cluster && model.roles.all[*role].aggregated) {
                found.push(pair([0, 1, 0, number], inside(*scope), escalates.uses[0], create));
            }
        }
        found
    }

    /// A Secret of the type of tokens, made for any account, is filled by the control plane; then it is read.
    fn secrets(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let creates = own.of(Power::CreateSecret);
        let mut found = Vec::new();
        for (kind, reads) in [Power::GetSecret, Power::ListSecrets].map(|power| own.of(power)).into_iter().enumerate() {
            for (scope, create, read) in creates.meeting(reads) {
                let (few, other) = if create.names.len() < read.names.len() { (create, read) } else { (read, create) };
                if !self.spend(few.names.len()) {
                    return Vec::new();
                }
                let common = few.names.iter().filter(|(name, _)| other.named(name).is_some());
                let both = common.filter_map(|(name, _)| Some((create.named(name)?, read.named(name)?)));
                let any = create.whole.map(|create| (create, read.any));
                let seen = read.whole.map(|read| (create.any, read));
                if let Some((create, read)) = both.chain(any).chain(seen).min() {
                    let place = scope.namespace().map_or(Place::Accounts, Place::AccountsIn);
                    found.push(pair([create, kind, read, 0], place, creates.uses[create], reads.uses[read]));
                }
            }
        }
        found
    }

    /// A certificate that one asks for and approves oneself is a login of any name, but not of `system:masters`
    /// (admission plugin CertificateSubjectRestriction).
    fn certificates(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let signs = own.of(Power::ApproveSigner).uses.iter().find(|used| {
            let names = &self.rule(used).names;
            names.is_empty() || names.iter().any(|name| CLIENT_SIGNERS.contains(name))
        });
        let (create, approve) = (own.first(Power::CreateRequest), own.first(Power::ApproveRequest));
        let (Some(signs), Some(create), Some(approve)) = (signs, create, approve) else { return Vec::new() };
        let uses = vec![create, approve, *signs];
        let found = [Place::Users, Place::Groups].into_iter().enumerate();
        found.map(|(at, place)| Found { order: [at, 0, 0, 0], place, uses: uses.clone() }).collect()
    }

    /// A pod with a node's disk, by a volume of it or where no Pod Security Standard is enforced, holds every pod of
    /// that node.
    fn nodes(&mut self, own: &Own<'a>) -> Vec<Found<'a>> {
        let works = own.of(Power::CreateWorkload);
        let volume = own.first(Power::CreateVolume).and_then(|volume| {
            let mut claims = own.of(Power::ClaimVolume).uses.iter();
            claims.find_map(|claim| Some(vec![volume, *claim, works.uses[works.meets(claim.scope)?]]))
        });
        let namespace = own.of(Power::ChangeNamespace).uses.iter().find_map(|change| {
            let names = &self.rule(change).names;
            let work = if names.is_empty() {
                works.meets(change.scope)
            } else {
                let any = works.scopes.get(&Scope::Cluster).map(|first| first.any);
                let inside = |own: &str| works.scopes.get(&Scope::Namespace(own)).map(|first| first.any);
                match change.scope {
                    Scope::Cluster => names.iter().filter_map(|name| inside(name)).chain(any).min(),
                    Scope::Namespace(own) if names.contains(&own) => inside(own).into_iter().chain(any).min(),
                    Scope::Namespace(_) => None,
                }
            };
            Some(vec![*change, works.uses[work?]])
        });
        let found = [volume, namespace].into_iter().flatten().enumerate();
        found.map(|(at, uses)| Found { order: [at, 0, 0, 0], place: Place::Running, uses }).collect()
    }
}
