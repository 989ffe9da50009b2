//! Who may do what, and how somebody becomes cluster-admin, for each environment.

mod answer;
mod question;
mod text;
mod ways;

use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::facts::rbac::Rbac;
use crate::facts::workload;
use crate::rendered::places::Places;
use crate::view::{Drawing, Format, View};
use crate::{Rendered, Result};
pub use question::Can;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// About one subject: `User:name`, `Group:name`, `ServiceAccount:namespace/name`, or a name that only one has.
    pub subject: Option<String>,
    /// Who can do something, or whether the subject can.
    pub can: Option<Can>,
}

/// What is known of the permissions in every environment.
#[derive(Debug, Clone, Serialize)]
pub struct RbacView {
    /// By environment, in the workspace's order.
    #[serde(serialize_with = "as_map")]
    pub environments: Vec<Answer>,
}

/// The answer for one environment; what was not asked is absent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answer {
    /// The environment's name.
    #[serde(skip)]
    pub name: Arc<str>,
    /// Everybody who is granted something by what is rendered or external.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<Somebody>>,
    /// The subject asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Person>,
    /// Who can do what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can: Option<Allowance>,
}

/// Somebody in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Somebody {
    /// `User:name`, `Group:name` or `ServiceAccount:namespace/name`.
    pub subject: String,
    /// What it is granted by name.
    pub grants: Vec<Granted>,
    /// The shortest way to cluster-admin; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admin: Vec<Step>,
}

/// A role that somebody has by a binding.
#[derive(Debug, Clone, Serialize)]
pub struct Granted {
    /// The binding, as `RoleBinding shop/deploy`.
    pub binding: String,
    /// The role, as `ClusterRole edit`.
    pub role: String,
    /// The namespace in which it holds; absent for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The group by which the subject has it, where it is not bound itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// `file:line:column` of the binding's subject; absent for what the API server brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The rules; only for the subject asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleView>,
}

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// Verbs.
    pub verbs: Vec<String>,
    /// API groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// Resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Names it is restricted to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths that are no resources.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// The subject asked about.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// Who it is.
    pub subject: String,
    /// Whether the environment names it at all.
    pub named: bool,
    /// What it is granted, itself and by groups that it is in unasked.
    pub grants: Vec<Granted>,
    /// Whom it can become, the nearest first.
    pub becomes: Vec<Becomes>,
    /// The shortest way to cluster-admin; empty where there is none.
    pub admin: Vec<Step>,
}

/// Somebody whom a subject can become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Becomes {
    /// Who.
    pub subject: String,
    /// In how many actions.
    pub steps: u32,
}

/// One action on the way to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Who acts.
    pub actor: String,
    /// What it does.
    pub action: String,
    /// What that yields.
    pub yields: String,
    /// The grants it uses.
    pub grants: Vec<Used>,
}

/// A grant that is used in a step, or that answers a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// The binding; absent where the subject has bound the role itself on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The role that it gives.
    pub role: String,
    /// The role that wrote the rule, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// The rule, as a JSON pointer into the role that wrote it.
    pub rule: String,
    /// `file:line:column` of the rule; absent for roles that the API server brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// Who can do what was asked.
#[derive(Debug, Clone, Serialize)]
pub struct Allowance {
    /// The question, as `create pods/exec in namespace shop`.
    pub question: String,
    /// Who can, and why.
    pub allowed: Vec<Allowed>,
}

/// Somebody who can.
#[derive(Debug, Clone, Serialize)]
pub struct Allowed {
    /// Who.
    pub subject: String,
    /// The namespace in which it can; absent for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The names it is restricted to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The grant.
    #[serde(flatten)]
    pub used: Used,
}

/// Answers a question about every environment.
///
/// Fails where the question names a subject, verb or resource that no environment knows, and where the answer is too
/// much to find or to list.
pub fn rbac(rendered: &Rendered, wanted: &Wanted) -> Result<RbacView> {
    let environments = rendered.environments();
    let all: Vec<_> = environments.iter().map(|environment| workload::workloads(&environment.resources)).collect();
    let models: Vec<Rbac<'_>> = environments
        .iter()
        .zip(&all)
        .map(|(environment, workloads)| Rbac::derive(&environment.resources, workloads, &environment.declared))
        .collect();
    let subject = wanted.subject.as_deref().map(|text| question::subject(text, &models)).transpose()?;
    if let Some(can) = &wanted.can {
        can.check(&models)?;
    } else {
        environments.iter().zip(&models).try_for_each(|(environment, rbac)| rbac.check(environment.name()))?;
    }
    let mut places = Places::new(environments);
    let mut view = RbacView { environments: Vec::new() };
    for (at, (environment, rbac)) in environments.iter().zip(&models).enumerate() {
        let mut answers = answer::Answers { rbac, environment: at, places: &mut places };
        let answer = answers.answer(subject.as_ref(), wanted.can.as_ref(), environment.name())?;
        view.environments.push(Answer { name: environment.name().into(), ..answer });
    }
    Ok(view)
}

impl View for RbacView {
    const FORMATS: &'static [Format] = &[Format::Text, Format::Json, Format::Dot, Format::Mermaid];

    fn text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        text::write(self, out)
    }

    fn drawings(&self) -> Vec<Drawing> {
        self.environments.iter().map(ways::drawn).collect()
    }
}

fn as_map<S: serde::Serializer>(environments: &[Answer], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(environments.iter().map(|answer| (&answer.name, answer)))
}
