//! The steps of a way to somebody else, in words that a person can check by hand: binding, role, rule, and what it
//! yields.

use super::Rbac;
use super::bindings::{Bound, Scope};
use super::graph::{Edge, Place, Reached, Use, Why};
use super::power::Power;
use super::roles::Origin;

/// One action on a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// Who acts, as `Group:shop`.
    pub actor: String,
    /// The grants that it uses.
    pub grants: Vec<Granted<'a>>,
    /// What it does, as a sentence without a subject.
    pub action: String,
    /// What that yields.
    pub yields: String,
}

/// A grant in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted<'a> {
    /// The binding, where one is needed: none after somebody has bound a role to itself.
    pub binding: Option<(usize, Bound)>,
    /// The role that the binding gives.
    pub role: usize,
    /// The use of its rule.
    pub used: Use<'a>,
}

impl<'a> Rbac<'a> {
    /// The shortest way of a subject to cluster-admin; empty where there is none.
    pub fn way_to_admin(&self, subject: usize) -> Vec<Step<'a>> {
        let Some(from) = self.graph.find(Place::Subject(subject)) else { return Vec::new() };
        self.steps(&self.graph.way(from))
    }

    /// The way to what was reached from a node.
    pub fn way_to(&self, reached: &[Reached], node: usize) -> Vec<Step<'a>> {
        let mut way = Vec::new();
        let mut at = node;
        while let Some((before, edge)) = reached.iter().find(|step| step.node == at).and_then(|step| step.through) {
            way.push((before, &self.graph.edges(before)[edge]));
            at = before;
        }
        way.reverse();
        self.steps(&way)
    }

    fn steps(&self, way: &[(usize, &Edge<'a>)]) -> Vec<Step<'a>> {
        let mut steps: Vec<Step<'a>> = Vec::new();
        let mut actor = String::new();
        let mut binding = None;
        let mut together = None;
        for (node, edge) in way {
            if let Place::Subject(at) = self.graph.place(*node) {
                together = Some(at);
                if actor.is_empty() || !self.is_member_of(way, *node) {
                    actor = self.subjects.all[at].to_string();
                }
                binding = None;
            }
            match &edge.why {
                Why::Holds(at, bound) => binding = Some((*at, *bound)),
                Why::Is => {}
                Why::Uses(uses) => {
                    let place = self.graph.place(edge.to);
                    // What is used together is somebody's own, each by a binding of its.
                    let holder = together.filter(|_| matches!(self.graph.place(*node), Place::Together(_)));
                    let bound = |used: &Use<'a>| binding.or_else(|| self.bound_to(holder?, used.role, used.scope));
                    let granted = |used: &Use<'a>| Granted { binding: bound(used), role: used.role, used: *used };
                    steps.push(Step {
                        actor: actor.clone(),
                        grants: uses.iter().map(granted).collect(),
                        action: action(uses, place),
                        yields: self.yields(place),
                    });
                    binding = None;
                }
            }
        }
        // What a set yields is said of the one in it that the way goes on with.
        for at in 0..steps.len().saturating_sub(1) {
            let next = words_of(&steps[at + 1].actor);
            if steps[at + 1].actor != steps[at].actor && steps[at].yields != next {
                steps[at].yields = format!("{}, {next} among them", steps[at].yields);
            }
        }
        steps
    }

    /// Whether a node on a way is only a group that the subject before it is in.
    fn is_member_of(&self, way: &[(usize, &Edge<'a>)], node: usize) -> bool {
        way.iter().any(|(before, edge)| {
            edge.to == node && edge.why == Why::Is && matches!(self.graph.place(*before), Place::Subject(_))
        })
    }

    /// What a place is, in words.
    pub fn yields(&self, place: Place<'_>) -> String {
        match place {
            Place::Admin => "cluster-admin".to_owned(),
            Place::Subject(at) => words_of(&self.subjects.all[at].to_string()),
            Place::Together(_) => "what somebody's grants amount to together".to_owned(),
            Place::Grant(role, scope) => format!("what {} grants {}", self.role_words(role), scope_words(scope)),
            Place::Everywhere(role) => format!("what {} grants in every namespace", self.role_words(role)),
            Place::AccountsIn(namespace) => format!("every ServiceAccount of namespace `{namespace}`"),
            Place::Accounts => "every ServiceAccount of the cluster".to_owned(),
            Place::RunningIn(namespace) => format!("the ServiceAccounts of the pods in namespace `{namespace}`"),
            Place::Running => "the ServiceAccounts of the pods that run".to_owned(),
            Place::BesideWorkloads(resource) => format!("every ServiceAccount beside {resource}"),
            Place::Users => "any user".to_owned(),
            Place::Groups => "a member of any group".to_owned(),
            Place::RolesIn(namespace) => format!("what any Role of namespace `{namespace}` grants"),
            Place::Roles => "what any Role grants".to_owned(),
        }
    }

    /// A role as a person names it: `ClusterRole edit`, `Role shop/cart`.
    pub fn role_words(&self, role: usize) -> String {
        let role = &self.roles.all[role];
        match role.namespace {
            Some(namespace) => format!("Role {}", joined(namespace, role.name)),
            None => format!("ClusterRole {}", role.name),
        }
    }

    /// A binding as a person names it.
    pub fn binding_words(&self, binding: usize) -> String {
        let binding = &self.bindings[binding];
        match binding.scope {
            Scope::Namespace(namespace) => format!("RoleBinding {}", joined(namespace, binding.name)),
            Scope::Cluster => format!("ClusterRoleBinding {}", binding.name),
        }
    }

    /// A step in one line.
    pub fn line(&self, step: &Step<'_>) -> String {
        let grants: Vec<String> = step.grants.iter().map(|granted| self.grant_words(granted)).collect();
        format!("{} {} ({}): yields {}", words_of(&step.actor), step.action, grants.join("; "), step.yields)
    }

    fn grant_words(&self, granted: &Granted<'_>) -> String {
        let used = &granted.used;
        let binding = granted.binding.map(|(binding, _)| format!("{} gives ", self.binding_words(binding)));
        let writer = if used.writer == granted.role {
            format!("`/rules/{}`", used.rule)
        } else {
            format!("`/rules/{}` of {}", used.rule, self.role_words(used.writer))
        };
        format!("{}{}, {writer}", binding.unwrap_or_default(), self.role_words(granted.role))
    }

    /// The binding with which a way begins, where it is one of the workspace's own.
    pub fn begins_at(&self, steps: &[Step<'_>]) -> Option<(usize, Bound)> {
        let (binding, bound) = steps.first()?.grants.first()?.binding?;
        let own = self.bindings[binding].own && matches!(self.bindings[binding].origin, Origin::Resource(_));
        own.then_some((binding, bound))
    }
}

fn joined(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// `ServiceAccount:shop/cart` as `ServiceAccount shop/cart`.
pub fn words_of(subject: &str) -> String {
    subject.split_once(':').map_or_else(|| subject.to_owned(), |(kind, name)| format!("{kind} {name}"))
}

/// Where a grant holds, in words.
pub fn scope_words(scope: Scope<'_>) -> String {
    match scope {
        Scope::Cluster => "in the whole cluster".to_owned(),
        Scope::Namespace("") => "in its namespace".to_owned(),
        Scope::Namespace(namespace) => format!("in namespace `{namespace}`"),
    }
}

/// What somebody does, in words.
fn action(uses: &[Use<'_>], place: Place<'_>) -> String {
    let Some(first) = uses.first() else { return String::new() };
    let scope = scope_words(first.scope);
    let (verb, resource) = (first.held.verb, first.held.resource);
    match (first.held.power, uses) {
        (Power::Everything, _) => "may do everything".to_owned(),
        (Power::CreateWorkload, _) => format!("creates {resource} {scope} that run as any ServiceAccount there"),
        (Power::ChangeWorkload, _) => format!("changes ({verb}) {resource} {scope} to run as any ServiceAccount there"),
        (Power::ChangePod, _) => format!("changes ({verb}) the image of pods {scope}"),
        (Power::Exec | Power::Attach, _) => format!("runs commands in pods {scope} ({verb} {resource})"),
        (Power::Debug, _) => format!("adds containers to pods {scope} ({verb} {resource})"),
        (Power::Token, _) => format!("makes tokens of ServiceAccounts {scope} ({verb} {resource})"),
        (Power::GetSecret | Power::ListSecrets, _) => format!("reads ({verb}) a Secret {scope} that holds a token"),
        (Power::ImpersonateUser | Power::ImpersonateAccount, _) => format!("impersonates {resource} {scope}"),
        (Power::ImpersonateGroup, _) if place == Place::Admin => "impersonates a member of `system:masters`".to_owned(),
        (Power::ImpersonateGroup, _) => "impersonates members of groups".to_owned(),
        (Power::BindRole | Power::BindClusterRole, [bind, write, ..]) => format!(
            "binds (`bind` on {}) to itself, by {} {}, what it does not have",
            bind.held.resource, write.held.verb, write.held.resource
        ),
        (Power::EscalateRole | Power::EscalateClusterRole, [escalate, write, ..]) => format!(
            "puts (`escalate` on {}) into a role of its own, by {} {}, what it does not have",
            escalate.held.resource, write.held.verb, write.held.resource
        ),
        (Power::CreateSecret, _) => format!("creates a token Secret for any ServiceAccount {scope}, and reads it"),
        (Power::CreateRequest, _) => "asks for a client certificate of any name, and approves it itself".to_owned(),
        (Power::MutatingWebhook, _) => {
            format!("changes what is written to the API server by a webhook ({verb} {resource})")
        }
        (Power::NodeProxy, _) => format!("runs commands in every pod through the kubelets ({verb} {resource})"),
        (Power::CreateVolume, _) => "mounts a node's disk by a volume of its own".to_owned(),
        (Power::ChangeNamespace, [_, work, ..]) => format!(
            "takes the Pod Security Standard from a namespace and runs privileged pods {}",
            scope_words(work.scope)
        ),
        _ => format!("uses {verb} {resource} {scope}"),
    }
}
