//! Answers out of the facts of one environment.

use std::collections::HashMap;

use super::question::{Asked, Can};
use super::{Allowance, Allowed, Answer, Becomes, Granted, Person, RuleView, Somebody, Step, Used};
use crate::facts::rbac::bindings::Scope;
use crate::facts::rbac::graph::Place as GraphPlace;
use crate::facts::rbac::roles::Origin;
use crate::facts::rbac::rule::{Request, Rule};
use crate::facts::rbac::subject::{ACCOUNTS, Subject, is_everybody};
use crate::facts::rbac::{Grant, Rbac, witness};
use crate::rendered::places::{Place, Places};
use crate::{Error, ErrorKind, Result};

/// How many grants, and names that they are restricted to, are listed.
const LIMIT: usize = 1_000_000;

/// What answers are made from.
pub(super) struct Answers<'v, 'a, 'p> {
    pub(super) rbac: &'v Rbac<'a>,
    pub(super) environment: usize,
    pub(super) places: &'v mut Places<'p>,
}

impl Answers<'_, '_, '_> {
    pub(super) fn answer(&mut self, subject: Option<&Asked>, can: Option<&Can>, environment: &str) -> Result<Answer> {
        Ok(match (subject, can) {
            (None, None) => Answer { subjects: Some(self.everybody()), ..Answer::default() },
            (Some(subject), None) => Answer { subject: Some(self.person(&subject.subject())), ..Answer::default() },
            (subject, Some(can)) => {
                Answer { can: Some(self.allowance(subject, can, environment)?), ..Answer::default() }
            }
        })
    }

    /// Everybody whom a binding names that the API server does not bring, and whoever gets to cluster-admin with
    /// what is rendered.
    fn everybody(&mut self) -> Vec<Somebody> {
        let rbac = self.rbac;
        let mut order: Vec<usize> = (0..rbac.subjects.all.len()).collect();
        order.sort_by_key(|at| rbac.subjects.all[*at]);
        let written = |at: &usize| {
            rbac.grants_of(*at).any(|grant| rbac.bindings[grant.binding].origin != Origin::Bootstrap)
                || (!rbac.subjects.all[*at].is_of_system() && rbac.distance(*at).is_some())
        };
        order.retain(written);
        order
            .into_iter()
            .map(|at| {
                let grants: Vec<Grant> = rbac.grants_of(at).collect();
                Somebody {
                    subject: rbac.subjects.all[at].to_string(),
                    grants: grants.into_iter().map(|grant| self.granted(&grant, None, false)).collect(),
                    admin: self.steps(&rbac.way_to_admin(at)),
                }
            })
            .collect()
    }

    fn person(&mut self, subject: &Subject<'_>) -> Person {
        let rbac = self.rbac;
        let at = rbac.subjects.find(subject);
        let grants = rbac.grants(subject).into_iter().map(|grant| {
            let through = Some(grant.bound.subject).filter(|bound| Some(*bound) != at);
            self.granted(&grant, through, true)
        });
        Person {
            subject: subject.to_string(),
            named: at.is_some(),
            grants: grants.collect(),
            becomes: at.map(|at| self.becomes(at)).unwrap_or_default(),
            admin: at.map(|at| rbac.way_to_admin(at)).map(|way| self.steps(&way)).unwrap_or_default(),
        }
    }

    fn becomes(&self, subject: usize) -> Vec<Becomes> {
        let rbac = self.rbac;
        let Some(from) = rbac.graph.find(GraphPlace::Subject(subject)) else { return Vec::new() };
        let reached = rbac.graph.reach(from);
        let mut becomes: Vec<Becomes> = reached
            .iter()
            .filter(|reached| reached.cost > 0)
            .filter_map(|reached| match rbac.graph.place(reached.node) {
                GraphPlace::Admin => Some(Becomes { subject: "cluster-admin".to_owned(), steps: reached.cost }),
                GraphPlace::Subject(at) => {
                    let who = rbac.subjects.all[at];
                    // Groups that everybody of a kind is in are no identity to become.
                    let unasked =
                        matches!(who, Subject::Group(name) if is_everybody(name) || name.starts_with(ACCOUNTS));
                    let other = at != subject && !unasked;
                    other.then(|| Becomes { subject: who.to_string(), steps: reached.cost })
                }
                _ => None,
            })
            .collect();
        becomes.sort_by(|a, b| (a.steps, &a.subject).cmp(&(b.steps, &b.subject)));
        becomes
    }

    fn allowance(&mut self, subject: Option<&Asked>, can: &Can, environment: &str) -> Result<Allowance> {
        let rbac = self.rbac;
        let grants: Vec<(String, Grant)> = if let Some(asked) = subject {
            let name = asked.subject().to_string();
            rbac.grants(&asked.subject()).into_iter().map(|grant| (name.clone(), grant)).collect()
        } else {
            let mut order: Vec<usize> = (0..rbac.subjects.all.len()).collect();
            order.sort_by_key(|at| rbac.subjects.all[*at]);
            let of = |at: usize| rbac.grants_of(at).map(move |grant| (rbac.subjects.all[at].to_string(), grant));
            order.into_iter().flat_map(of).collect()
        };
        let mut allowed = Vec::new();
        let mut left = LIMIT;
        let mut matching: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        for (name, grant) in grants {
            if !holds(rbac.bindings[grant.binding].scope, can) {
                continue;
            }
            let rules = matching.entry(grant.role).or_insert_with(|| matches(rbac, grant.role, can));
            let listed = rules.iter().map(|(writer, rule)| 1 + rbac.roles.all[*writer].rules[*rule].names.len()).sum();
            left = usize::checked_sub(left, listed).ok_or_else(|| {
                let message = format!("`{}` is granted in `{environment}` more than {LIMIT} times", can.words());
                Error::new(ErrorKind::Limit, message).with_help("ask about one subject with `--subject`")
            })?;
            allowed.extend(self.allowed(&name, &grant, rules));
        }
        Ok(Allowance { question: can.words(), allowed })
    }

    fn allowed(&mut self, name: &str, grant: &Grant, rules: &[(usize, usize)]) -> Vec<Allowed> {
        let rbac = self.rbac;
        let scope = rbac.bindings[grant.binding].scope;
        rules
            .iter()
            .map(|(writer, rule)| Allowed {
                subject: name.to_owned(),
                namespace: scope.namespace().map(str::to_owned),
                names: texts(&rbac.roles.all[*writer].rules[*rule].names),
                used: self.used(Some(grant.binding), grant.role, *writer, *rule),
            })
            .collect()
    }

    fn granted(&mut self, grant: &Grant, through: Option<usize>, rules: bool) -> Granted {
        let rbac = self.rbac;
        let binding = &rbac.bindings[grant.binding];
        Granted {
            binding: rbac.binding_words(grant.binding),
            role: rbac.role_words(grant.role),
            namespace: binding.scope.namespace().map(str::to_owned),
            through: through.map(|at| rbac.subjects.all[at].to_string()),
            location: self.location(binding.origin, &format!("/subjects/{}", grant.bound.at)),
            rules: if rules {
                rbac.roles.effective(grant.role).map(|(.., rule)| view(rule)).collect()
            } else {
                Vec::new()
            },
        }
    }

    fn steps(&mut self, steps: &[witness::Step<'_>]) -> Vec<Step> {
        steps
            .iter()
            .map(|step| Step {
                actor: step.actor.clone(),
                action: step.action.clone(),
                yields: step.yields.clone(),
                grants: step
                    .grants
                    .iter()
                    .map(|granted| {
                        let binding = granted.binding.map(|(binding, _)| binding);
                        self.used(binding, granted.role, granted.used.writer, granted.used.rule)
                    })
                    .collect(),
            })
            .collect()
    }

    fn used(&mut self, binding: Option<usize>, role: usize, writer: usize, at: usize) -> Used {
        let rbac = self.rbac;
        let pointer = format!("/rules/{at}");
        Used {
            binding: binding.map(|binding| rbac.binding_words(binding)),
            role: rbac.role_words(role),
            writer: (writer != role).then(|| rbac.role_words(writer)),
            location: self.location(rbac.roles.all[writer].origin, &pointer),
            rule: pointer,
        }
    }

    fn location(&mut self, origin: Origin, pointer: &str) -> Option<String> {
        let Origin::Resource(resource) = origin else { return None };
        let place = Place { environment: self.environment, resource };
        Some(self.places.location(place, pointer).to_string())
    }
}

/// Whether a grant holds where it is asked about.
fn holds(scope: Scope<'_>, can: &Can) -> bool {
    match (scope, can.request("")) {
        (Scope::Cluster, _) => true,
        (Scope::Namespace(_), Request::Url { .. }) => false,
        (Scope::Namespace(own), _) => can.namespace().is_none_or(|asked| asked == own),
    }
}

/// The rules of a role that let a request through, for some name at least: the role that wrote it, and its position.
fn matches(rbac: &Rbac<'_>, role: usize, can: &Can) -> Vec<(usize, usize)> {
    let lets = |rule: &Rule<'_>| {
        rule.allows(&can.request("")) || rule.names.first().is_some_and(|name| rule.allows(&can.request(name)))
    };
    rbac.roles.effective(role).filter(|(.., rule)| lets(rule)).map(|(writer, rule, _)| (writer, rule)).collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn view(rule: &Rule<'_>) -> RuleView {
    RuleView {
        verbs: texts(&rule.verbs),
        api_groups: texts(&rule.groups),
        resources: texts(&rule.resources),
        resource_names: texts(&rule.names),
        urls: texts(&rule.urls),
    }
}
