//! Who becomes whom by powers that are of use only together: binding and a binding to write, escalating and a role
//! to write, a Secret to create and to read.
//!
//! All of them must be the same identity's. That an identity could also become two others, one with each half, is
//! left out.

use std::collections::BTreeMap;

use super::bindings::{Bound, Scope};
use super::closure::{Build, is_named};
use super::graph::{Place, Use};
use super::power::Power;
use super::rule::Rule;
use super::subject::MASTERS;

/// The signer whose certificates the API server takes for logins, and the pattern for all of its kind.
const CLIENT_SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

/// The powers that count only together.
const COMBINED: [Power; 23] = [
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
    uses: BTreeMap<Power, Vec<Use<'a>>>,
    /// The roles it holds, and where.
    grants: Vec<(usize, Scope<'a>)>,
}

impl<'a> Own<'a> {
    fn of(&self, power: Power) -> &[Use<'a>] {
        self.uses.get(&power).map_or(&[], Vec::as_slice)
    }

    fn has(&self, power: Power) -> bool {
        self.uses.contains_key(&power)
    }
}

impl<'a> Build<'_, '_, 'a> {
    /// Links what a subject becomes by powers together.
    pub(super) fn combined(&mut self, subject: usize, from: usize) {
        let own = self.own(subject);
        if own.has(Power::ImpersonateGroup) {
            self.impersonate(from, &own);
        }
        if own.has(Power::BindClusterRole) || own.has(Power::BindRole) {
            self.bind_in_cluster(from, &own);
            self.bind_in_namespaces(from, &own);
        }
        if own.has(Power::EscalateClusterRole) || own.has(Power::EscalateRole) {
            self.escalate(from, &own);
        }
        if own.has(Power::CreateSecret) {
            self.secrets(from, &own);
        }
        if own.has(Power::ApproveSigner) {
            self.certificates(from, &own);
        }
        if own.has(Power::CreateVolume) || own.has(Power::ChangeNamespace) {
            self.nodes(from, &own);
        }
    }

    /// What a subject holds itself and through the groups it is in unasked.
    fn own(&self, subject: usize) -> Own<'a> {
        let model = self.model;
        let mut own = Own { uses: BTreeMap::new(), grants: Vec::new() };
        for holder in std::iter::once(&subject).chain(&model.groups[subject]) {
            for (at, bound) in &model.bound[*holder] {
                if let Some(role) = model.bindings[*at].role {
                    let scope = model.bindings[*at].scope;
                    own.grants.push((role, scope));
                    self.collect(&mut own, role, scope, (*at, *bound));
                }
            }
        }
        own
    }

    fn collect(&self, own: &mut Own<'a>, role: usize, scope: Scope<'a>, binding: (usize, Bound)) {
        for (writer, rule, held) in self.model.roles.held(role) {
            let wanted = COMBINED.contains(&held.power) || held.power == Power::CreateWorkload;
            if wanted && (scope == Scope::Cluster || !held.power.is_of_cluster()) {
                let used = Use { binding: Some(binding), role, scope, writer, rule, held: *held };
                own.uses.entry(held.power).or_default().push(used);
            }
        }
    }

    fn rule(&self, used: &Use<'_>) -> &Rule<'a> {
        &self.model.roles.all[used.writer].rules[used.rule]
    }

    /// To act as a member of a group, one acts as some user or account as well.
    fn impersonate(&mut self, from: usize, own: &Own<'a>) {
        let somebody = own.of(Power::ImpersonateUser).first().or(own.of(Power::ImpersonateAccount).first()).copied();
        let Some(somebody) = somebody else { return };
        for used in own.of(Power::ImpersonateGroup) {
            let names: Vec<&'a str> = self.rule(used).names.clone();
            let uses = [*used, somebody];
            if names.is_empty() || names.contains(&MASTERS) {
                self.link(from, Place::Admin, &uses);
            }
            if names.is_empty() {
                self.link(from, Place::Groups, &uses);
            }
            for name in names {
                if let Some(group) = self.model.subjects.find(&super::subject::Subject::Group(name)) {
                    self.link(from, Place::Subject(group), &uses);
                }
            }
        }
    }

    fn bind_in_cluster(&mut self, from: usize, own: &Own<'a>) {
        let binds: Vec<Use<'a>> =
            own.of(Power::BindClusterRole).iter().filter(|used| used.scope == Scope::Cluster).copied().collect();
        let creates = own.of(Power::CreateClusterRoleBinding).iter().map(|used| (true, *used));
        let changes = own.of(Power::ChangeClusterRoleBinding).iter().map(|used| (false, *used));
        let writes: Vec<(bool, Use<'a>)> = creates.chain(changes).collect();
        for bind in &binds {
            for (creates, write) in &writes {
                let names = self.rule(bind).names.clone();
                let bindable = |role: usize| names.is_empty() || names.contains(&self.model.roles.all[role].name);
                let roles: Vec<usize> = if *creates {
                    let everything = self.model.roles.find(None, "cluster-admin");
                    let allowed = names.iter().filter_map(|name| self.model.roles.find(None, name));
                    if names.is_empty() { everything.into_iter().collect() } else { allowed.collect() }
                } else {
                    // The role of a binding stays; who is bound changes.
                    let bindings = self.model.bindings.iter().filter(|binding| binding.scope == Scope::Cluster);
                    let written = bindings.filter(|binding| is_named(self.rule(write), binding.name));
                    written.filter_map(|binding| binding.role).filter(|role| bindable(*role)).collect()
                };
                for role in roles {
                    let place =
                        if self.is_everything(role) { Place::Admin } else { Place::Grant(role, Scope::Cluster) };
                    self.link(from, place, &[*bind, *write]);
                }
            }
        }
    }

    fn bind_in_namespaces(&mut self, from: usize, own: &Own<'a>) {
        for power in [Power::BindClusterRole, Power::BindRole] {
            for bind in own.of(power) {
                for (creates, write) in writes(own) {
                    let Some(scope) = bind.scope.and(write.scope) else { continue };
                    let uses = [*bind, write];
                    for place in self.bound_roles(power, bind, creates.then_some(&write), &write, scope) {
                        self.link(from, place, &uses);
                    }
                }
            }
        }
    }

    /// The roles that somebody gives itself by RoleBindings: any it may bind, or those of the bindings there are.
    fn bound_roles(
        &self,
        power: Power,
        bind: &Use<'a>,
        create: Option<&Use<'a>>,
        write: &Use<'a>,
        scope: Scope<'a>,
    ) -> Vec<Place<'a>> {
        let model = self.model;
        let of_cluster = power == Power::BindClusterRole;
        let names = &self.rule(bind).names;
        let give = |role: usize| match (scope, model.roles.all[role].namespace) {
            (Scope::Namespace(_), None) => Place::Grant(role, scope),
            (Scope::Cluster, None) => Place::Everywhere(role),
            (_, Some(own)) => Place::Grant(role, Scope::Namespace(own)),
        };
        if create.is_none() {
            let inside = |binding: &&super::bindings::Binding<'a>| {
                binding.scope != Scope::Cluster
                    && binding.scope.and(scope).is_some()
                    && is_named(self.rule(write), binding.name)
            };
            let roles = model.bindings.iter().filter(inside).filter_map(|binding| Some((binding.scope, binding.role?)));
            let allowed = roles.filter(|(_, role)| {
                let role = &model.roles.all[*role];
                role.namespace.is_none() == of_cluster && (names.is_empty() || names.contains(&role.name))
            });
            return allowed.map(|(scope, role)| Place::Grant(role, scope)).collect();
        }
        match (of_cluster, names.is_empty()) {
            (true, true) => model.roles.find(None, "cluster-admin").map(give).into_iter().collect(),
            (true, false) => names.iter().filter_map(|name| model.roles.find(None, name)).map(give).collect(),
            (false, true) => vec![scope.namespace().map_or(Place::Roles, Place::RolesIn)],
            (false, false) => {
                let inside = |own: &str| scope.namespace().is_none_or(|scope| scope == own);
                let roles = model.roles.all.iter().enumerate();
                let allowed =
                    roles.filter(|(_, role)| role.namespace.is_some_and(inside) && names.contains(&role.name));
                allowed.map(|(at, _)| give(at)).collect()
            }
        }
    }

    /// Whoever may put anything into a role that it holds itself holds everything where it holds that role.
    fn escalate(&mut self, from: usize, own: &Own<'a>) {
        let Some(admin) = self.model.roles.find(None, "cluster-admin") else { return };
        let inside = |scope: Scope<'a>| match scope {
            Scope::Cluster => Place::Admin,
            Scope::Namespace(_) => Place::Grant(admin, scope),
        };
        let mut found: Vec<(Place<'a>, [Use<'a>; 2])> = Vec::new();
        for escalate in own.of(Power::EscalateClusterRole) {
            for change in own.of(Power::ChangeClusterRole) {
                let allowed = |role: usize| {
                    let name = self.model.roles.all[role].name;
                    is_named(self.rule(escalate), name) && is_named(self.rule(change), name)
                };
                for (role, scope) in &own.grants {
                    let role_of_cluster = self.model.roles.all[*role].namespace.is_none();
                    if role_of_cluster && self.model.roles.all[*role].sources.iter().any(|source| allowed(*source)) {
                        found.push((inside(*scope), [*escalate, *change]));
                    }
                }
            }
            // A new ClusterRole gives its rules to whatever aggregates it.
            for create in own.of(Power::CreateClusterRole) {
                for (_, scope) in own.grants.iter().filter(|(role, _)| self.model.roles.all[*role].aggregated) {
                    found.push((inside(*scope), [*escalate, *create]));
                }
            }
        }
        for escalate in own.of(Power::EscalateRole) {
            for change in own.of(Power::ChangeRole) {
                let Some(both) = escalate.scope.and(change.scope) else { continue };
                for (role, scope) in &own.grants {
                    let role = &self.model.roles.all[*role];
                    let changed = role.namespace.is_some() && scope.and(both) == Some(*scope);
                    if changed && is_named(self.rule(escalate), role.name) && is_named(self.rule(change), role.name) {
                        found.push((inside(*scope), [*escalate, *change]));
                    }
                }
            }
        }
        self.link_once(from, found);
    }

    /// A Secret of the type of tokens, made for any account, is filled by the control plane; then it is read.
    fn secrets(&mut self, from: usize, own: &Own<'a>) {
        let reads = || own.of(Power::GetSecret).iter().chain(own.of(Power::ListSecrets));
        let mut found = Vec::new();
        for create in own.of(Power::CreateSecret) {
            for read in reads() {
                let (created, seen) = (&self.rule(create).names, &self.rule(read).names);
                let meets = created.is_empty() || seen.is_empty() || created.iter().any(|name| seen.contains(name));
                if let Some(scope) = create.scope.and(read.scope).filter(|_| meets) {
                    found.push((scope.namespace().map_or(Place::Accounts, Place::AccountsIn), [*create, *read]));
                }
            }
        }
        self.link_once(from, found);
    }

    /// A certificate that one asks for and approves oneself is a login of any name, but not of `system:masters`
    /// (admission plugin CertificateSubjectRestriction).
    fn certificates(&mut self, from: usize, own: &Own<'a>) {
        let signs = own.of(Power::ApproveSigner).iter().find(|used| {
            let names = &self.rule(used).names;
            names.is_empty() || names.iter().any(|name| CLIENT_SIGNERS.contains(name))
        });
        let create = own.of(Power::CreateRequest).first();
        let approve = own.of(Power::ApproveRequest).first();
        if let (Some(signs), Some(create), Some(approve)) = (signs, create, approve) {
            let uses = [*create, *approve, *signs];
            self.link(from, Place::Users, &uses);
            self.link(from, Place::Groups, &uses);
        }
    }

    /// A pod with a node's disk, by a volume of it or where no Pod Security Standard is enforced, holds every pod of
    /// that node.
    fn nodes(&mut self, from: usize, own: &Own<'a>) {
        let works = own.of(Power::CreateWorkload);
        let meet = |one: &Use<'a>| works.iter().find(|work| work.scope.and(one.scope).is_some());
        let volume = own.of(Power::CreateVolume).first().and_then(|volume| {
            let mut claims = own.of(Power::ClaimVolume).iter();
            claims.find_map(|claim| Some([*volume, *claim, *meet(claim)?]))
        });
        let namespace = own.of(Power::ChangeNamespace).iter().find_map(|change| {
            let names = &self.rule(change).names;
            let inside = |work: &&Use<'a>| match (change.scope.and(work.scope), names.is_empty()) {
                (Some(_), true) => true,
                (Some(scope), false) => scope.namespace().is_none_or(|own| names.contains(&own)),
                (None, _) => false,
            };
            Some([*change, *works.iter().find(inside)?])
        });
        if let Some(uses) = volume {
            self.link(from, Place::Running, &uses);
        }
        if let Some(uses) = namespace {
            self.link(from, Place::Running, &uses);
        }
    }

    fn link_once(&mut self, from: usize, mut found: Vec<(Place<'a>, [Use<'a>; 2])>) {
        let mut said = std::collections::BTreeSet::new();
        found.retain(|(place, _)| said.insert(*place));
        for (place, uses) in found {
            self.link(from, place, &uses);
        }
    }

    fn is_everything(&self, role: usize) -> bool {
        self.model.roles.held(role).any(|(.., held)| held.power == Power::Everything)
    }
}

/// Ways to write RoleBindings: whether new ones come into being, and by which power.
fn writes<'a>(own: &Own<'a>) -> Vec<(bool, Use<'a>)> {
    let creates = own.of(Power::CreateRoleBinding).iter().map(|used| (true, *used));
    creates.chain(own.of(Power::ChangeRoleBinding).iter().map(|used| (false, *used))).collect()
}
