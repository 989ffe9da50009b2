//! What policies see of one object: `input.facts.rbac`.
//!
//! Of a role what it grants that matters and who holds it; of a binding whom it binds and whom these become; of a
//! workload which account it runs as.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::bindings::Scope;
use super::cover::uncovered;
use super::dead::{self, Dead};
use super::identity::{self, Account};
use super::power::{Power, writes};
use super::roles::{GROUP, Origin, Role};
use super::rule::Rule;
use super::setting::Setting;
use super::subject::Subject;
use super::{Rbac, known};
use crate::facts::ResourceFacts;
use crate::facts::workload::Workload;
use crate::facts::world::Declared;
use crate::workspace::Class;

/// What was derived about one object's permissions; what does not apply is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResourceRbac {
    /// What the rules of a role, or the built-in role of a binding, grant that matters beyond itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub powers: Vec<Granted>,
    /// Who holds a role by bindings that are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Who>,
    /// The default roles that a ClusterRole widens by its labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub widens: Vec<Widened>,
    /// What grants nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<Dead>,
    /// The role that a binding gives, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Given>,
    /// Whom a binding names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Who>,
    /// The account that a workload runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Whether the workspace declares who any group is.
    pub declared: bool,
}

/// A power that a rule grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Which.
    pub power: Power,
    /// JSON pointer of the entry of `resources` that grants it; of a binding, of the role's name.
    pub path: String,
    /// The rule's position.
    pub rule: usize,
    /// The verb and resource, as `create pods/exec`.
    pub action: String,
    /// Whether the rule restricts it to names.
    pub named: bool,
}

/// The role of a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Whether every cluster has it.
    pub builtin: bool,
    /// Whether it grants everything.
    pub everything: bool,
    /// The first thing that it changes, as `create pods`; absent where it only looks.
    pub writes: Option<String>,
}

/// Somebody in a binding, or who holds a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Who {
    /// JSON pointer of its name in the binding; empty for the holder of a role.
    pub path: String,
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The namespace of an account.
    pub namespace: Option<String>,
    /// What it is declared to be.
    pub class: Option<Class>,
    /// Whether it is of the cluster itself or declared to run it.
    pub platform: bool,
    /// Whether what it is can be known: everything but a group that nobody declares.
    pub known: bool,
    /// Its team.
    pub team: Option<String>,
    /// The binding, as `RoleBinding shop/deploy`.
    pub binding: String,
    /// Where the grant holds; absent for the whole cluster.
    pub scope: Option<String>,
    /// The team of that namespace.
    pub scope_team: Option<String>,
    /// The environment that alone has the account's namespace.
    pub elsewhere: Option<String>,
    /// The shortest way to cluster-admin that begins with this binding, one line a step.
    pub way: Vec<String>,
}

/// A default role that a ClusterRole widens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Widened {
    /// The default role.
    pub role: &'static str,
    /// JSON pointer of the label.
    pub path: String,
    /// What it adds to resources of Kubernetes' own, as `list secrets`.
    pub adds: Vec<String>,
}

/// Derives what policies see of every own role, binding and workload.
pub(crate) fn attach(rbac: &Rbac<'_>, declared: &Declared, workloads: &[Workload<'_>], facts: &mut [ResourceFacts]) {
    let view = View { rbac, setting: &declared.rbac };
    let mut holders: BTreeMap<usize, Vec<Who>> = BTreeMap::new();
    let mut scopes: BTreeMap<usize, BTreeSet<Scope<'_>>> = BTreeMap::new();
    for (at, binding) in rbac.bindings.iter().enumerate() {
        if let Some(role) = binding.role {
            scopes.entry(role).or_default().insert(binding.scope);
            let held = binding.subjects.iter().map(|bound| view.who(at, bound.subject, String::new(), Vec::new()));
            holders.entry(role).or_default().extend(held);
        }
    }
    for (at, role) in rbac.roles.all.iter().enumerate() {
        if let (Origin::Resource(resource), true) = (role.origin, role.own) {
            // A path is out of reach where every binding there is of the role is a RoleBinding.
            let of_cluster = scopes.get(&at).is_none_or(|scopes| scopes.contains(&Scope::Cluster));
            let urls_reach = declared.broken || of_cluster;
            let dead = dead::of_role(&rbac.resources[resource], urls_reach);
            facts[resource].rbac = Some(Box::new(view.role(role, dead, holders.remove(&at).unwrap_or_default())));
        }
    }
    // What a role gives is the same for all who bind it.
    let mut given: HashMap<(usize, bool), (Vec<Granted>, Given)> = HashMap::new();
    for (at, binding) in rbac.bindings.iter().enumerate() {
        if let (Origin::Resource(resource), true) = (binding.origin, binding.own) {
            let of_cluster = binding.scope == Scope::Cluster;
            let role = binding.role.map(|role| {
                let new = || (view.powers(role, of_cluster), view.given(role));
                &*given.entry((role, of_cluster)).or_insert_with(new)
            });
            facts[resource].rbac = Some(Box::new(view.binding(at, resource, role)));
        }
    }
    for (at, account) in identity::of_workloads(rbac, workloads, !declared.broken) {
        facts[at].rbac = Some(Box::new(ResourceRbac { account: Some(account), ..ResourceRbac::default() }));
    }
}

/// What a change of is understood by everybody.
const TELLING: [&str; 6] = ["*", "deployments", "pods", "jobs", "secrets", "configmaps"];

struct View<'v, 'a> {
    rbac: &'v Rbac<'a>,
    setting: &'v Setting,
}

impl View<'_, '_> {
    fn role(&self, role: &Role<'_>, dead: Vec<Dead>, mut holders: Vec<Who>) -> ResourceRbac {
        let powers = role.held.iter().map(|(rule, held)| Granted {
            power: held.power,
            path: format!("/rules/{rule}/resources/{}", held.entry),
            rule: *rule,
            action: format!("{} {}", held.verb, held.resource),
            named: !role.rules[*rule].names.is_empty(),
        });
        holders.sort();
        ResourceRbac {
            powers: powers.collect(),
            holders,
            widens: self.widens(role),
            dead,
            declared: !self.setting.identities.groups.is_empty(),
            ..ResourceRbac::default()
        }
    }

    /// The powers of a role that every cluster has, each once; what others grant is said of them.
    fn powers(&self, role: usize, of_cluster: bool) -> Vec<Granted> {
        let rbac = self.rbac;
        if !rbac.roles.all[role].is_builtin() {
            return Vec::new();
        }
        let mut said = BTreeSet::new();
        let held = rbac
            .roles
            .held(role)
            .filter(|(.., held)| (of_cluster || !held.power.is_of_cluster()) && said.insert(held.power));
        let granted = |(writer, rule, held): (usize, usize, &super::power::Held)| Granted {
            power: held.power,
            path: "/roleRef/name".to_owned(),
            rule,
            action: format!("{} {}", held.verb, held.resource),
            named: !rbac.roles.all[writer].rules[rule].names.is_empty(),
        };
        held.map(granted).collect()
    }

    fn binding(&self, at: usize, resource: usize, role: Option<&(Vec<Granted>, Given)>) -> ResourceRbac {
        let rbac = self.rbac;
        let subjects = rbac.bindings[at].subjects.iter().map(|bound| {
            let path = format!("/subjects/{}/name", bound.at);
            self.who(at, bound.subject, path, self.way(at, bound.subject))
        });
        ResourceRbac {
            powers: role.map(|(powers, _)| powers.clone()).unwrap_or_default(),
            subjects: subjects.collect(),
            role: role.map(|(_, given)| given.clone()),
            dead: dead::of_binding(&rbac.resources[resource]),
            declared: !self.setting.identities.groups.is_empty(),
            ..ResourceRbac::default()
        }
    }

    fn given(&self, at: usize) -> Given {
        let rbac = self.rbac;
        let role = &rbac.roles.all[at];
        // What people know it by comes before what the rule happens to begin with.
        let rank = |resource: &str| TELLING.iter().position(|telling| *telling == resource).unwrap_or(TELLING.len());
        let write = |(.., rule): (usize, usize, &Rule<'_>)| {
            let verb = writes(rule)?;
            let resource = rule.resources.iter().min_by_key(|resource| rank(resource))?;
            Some((rank(resource), format!("{verb} {resource}")))
        };
        let first = rbac.roles.effective(at).filter_map(write).min_by_key(|(rank, _)| *rank);
        Given {
            kind: role.kind(),
            name: role.name.to_owned(),
            builtin: role.is_builtin(),
            everything: rbac.roles.held(at).any(|(.., held)| held.power == Power::Everything),
            writes: first.map(|(_, write)| write),
        }
    }

    fn who(&self, binding: usize, subject: usize, path: String, way: Vec<String>) -> Who {
        let (rbac, setting) = (self.rbac, self.setting);
        let who = rbac.subjects.all[subject];
        let class = setting.class(&who);
        let scope = rbac.bindings[binding].scope.namespace();
        let elsewhere = who.namespace().and_then(|namespace| setting.elsewhere.get(namespace));
        Who {
            path,
            kind: who.kind(),
            name: who.name().to_owned(),
            namespace: who.namespace().map(str::to_owned),
            class,
            platform: class == Some(Class::Platform) || (class.is_none() && who.is_of_system()),
            known: class.is_some() || !matches!(who, Subject::Group(name) if !name.starts_with("system:")),
            team: setting.team(&who).map(str::to_owned),
            binding: rbac.binding_words(binding),
            scope: scope.map(str::to_owned),
            scope_team: scope.and_then(|scope| setting.team_of(scope)).map(str::to_owned),
            elsewhere: elsewhere.map(ToString::to_string),
            way,
        }
    }

    /// The shortest way of a subject to cluster-admin, where it begins with this binding: it is told once.
    fn way(&self, binding: usize, subject: usize) -> Vec<String> {
        let rbac = self.rbac;
        let who = rbac.subjects.all[subject];
        let platform = self.setting.class(&who).map_or_else(|| who.is_of_system(), |class| class == Class::Platform);
        if platform || rbac.distance(subject).is_none() {
            return Vec::new();
        }
        let steps = rbac.way_to_admin(subject);
        let here = rbac.begins_at(&steps).is_some_and(|(first, bound)| first == binding && bound.subject == subject);
        if here { steps.iter().map(|step| rbac.line(step)).collect() } else { Vec::new() }
    }

    /// The default roles that a label adds a role's rules to, and what of them they lack.
    ///
    /// Rules for resources of extensions are what such labels are for.
    fn widens(&self, role: &Role<'_>) -> Vec<Widened> {
        let rbac = self.rbac;
        if role.namespace.is_some() {
            return Vec::new();
        }
        let bootstrap = |name: &str| {
            let at = rbac.roles.find(None, name)?;
            let own = rbac.roles.effective(at).filter(|(writer, ..)| rbac.roles.all[*writer].is_builtin());
            Some(own.map(|(.., rule)| rule.clone()).collect::<Vec<_>>())
        };
        ["admin", "edit", "view"]
            .into_iter()
            .filter_map(|name| {
                let label = format!("{GROUP}/aggregate-to-{name}");
                if role.labels.get(&label) != Some("true") {
                    return None;
                }
                let adds: BTreeSet<String> = uncovered(&bootstrap(name)?, &role.rules)
                    .into_iter()
                    .filter(|atom| match atom {
                        super::rule::Atom::Resource(_, group, ..) => *group == "*" || known::is_known_group(group),
                        super::rule::Atom::Url(..) => false,
                    })
                    .map(|atom| atom.to_string())
                    .collect();
                let path = format!("/metadata/labels/{}", label.replace('/', "~1"));
                (!adds.is_empty()).then(|| Widened { role: name, path, adds: adds.into_iter().collect() })
            })
            .collect()
    }
}
