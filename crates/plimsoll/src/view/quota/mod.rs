//! What namespaces, teams, environments and clusters need, against what they are allowed.
//!
//! [`QuotaView::of`] derives it, `text` writes it. Judging is left to the policies under `quota/`.

mod text;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use crate::facts::quantity::Quantity;
use crate::facts::quota::capacity::{self, Capacity};
use crate::facts::quota::quotas::Dimension;
use crate::facts::quota::sums::{Sum, Term};
use crate::facts::quota::{self};
use crate::facts::{Domain, Domains, Facts};
use crate::rendered::{Environment, Rendered, sites};
use crate::view::View;

/// What is shown where no quota says what counts.
const USUAL: [&str; 5] = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "pods"];

/// What is needed, in all environments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct QuotaView {
    /// By environment, in the workspace's order.
    #[serde(serialize_with = "as_map")]
    pub environments: Vec<Needs>,
    /// Clusters, mirrors and budgets.
    #[serde(flatten)]
    pub capacity: Capacity,
}

/// What one environment needs.
#[derive(Debug, Clone, Serialize)]
pub struct Needs {
    /// Its name.
    #[serde(skip)]
    pub name: Arc<str>,
    /// Its namespaces.
    pub namespaces: Vec<Group>,
    /// Its teams, where releases name them.
    pub teams: Vec<Group>,
    /// All of it.
    pub total: Vec<Row>,
}

/// A namespace or a team.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// One row for each thing that is counted, and each quota that counts it.
    pub needs: Vec<Row>,
}

/// What is needed of one thing.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// `requests.cpu`, `pods`…
    pub dimension: Arc<str>,
    /// At rest.
    #[serde(serialize_with = "as_text")]
    pub steady: Quantity,
    /// At every autoscaler's upper bound, with all Jobs.
    #[serde(serialize_with = "as_text")]
    pub peak: Quantity,
    /// The peak, what rollouts add, and hooks.
    #[serde(serialize_with = "as_text")]
    pub rollout: Quantity,
    /// Where pods on their way out linger.
    #[serde(serialize_with = "as_text")]
    pub worst: Quantity,
    /// What the quota or budget allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Allowed>,
    /// The terms of `rollout`.
    #[serde(serialize_with = "as_terms")]
    pub terms: Vec<Term>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unbounded: Vec<(Arc<str>, String)>,
}

/// What a quota or a budget allows.
#[derive(Debug, Clone, Serialize)]
pub struct Allowed {
    /// The quota's name; `budget` for a team's.
    pub by: Arc<str>,
    /// How much.
    #[serde(serialize_with = "as_text")]
    pub hard: Quantity,
    /// What is left of it while a rollout runs; below zero where it is not enough.
    #[serde(serialize_with = "as_text")]
    pub room: Quantity,
}

impl QuotaView {
    /// Derives what the environments need.
    pub fn of(rendered: &Rendered) -> Self {
        let environments = rendered.environments();
        let domains: Domains = [Domain::Quota].into();
        let facts: Vec<Facts<'_>> = environments
            .par_iter()
            .map(|environment| Facts::derive(&environment.resources, &environment.declared, &domains))
            .collect();
        let needs = environments.iter().zip(&facts).filter_map(|(environment, facts)| {
            let quota = facts.quota.as_ref()?;
            Some(needs(environment, quota))
        });
        Self { environments: needs.collect(), capacity: capacity::capacity(&sites(environments, &facts)) }
    }
}

impl View for QuotaView {
    fn text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        text::write(self, out)
    }
}

fn needs(environment: &Environment, quota: &quota::Quota) -> Needs {
    let namespaces = quota.namespaces().map(|name| Group { needs: of_namespace(quota, name), name: name.clone() });
    let mut teams: Vec<Arc<str>> = quota.demands.iter().filter_map(|demand| demand.team.clone()).collect();
    teams.extend(quota.setting.budgets.keys().cloned());
    teams.sort();
    teams.dedup();
    let teams = teams.into_iter().map(|name| Group { needs: of_team(quota, &name), name });
    let total = USUAL.iter().map(|name| row(name, quota.need(&Dimension::of(name), &quota.demands), None));
    Needs {
        name: environment.name().into(),
        namespaces: namespaces.collect(),
        teams: teams.collect(),
        total: total.filter(Row::is_something).collect(),
    }
}

fn of_namespace(quota: &quota::Quota, namespace: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for own in quota.quotas_in(namespace) {
        for (name, hard) in own.hard.iter() {
            rows.push(row(name, quota.use_of(own, name, namespace), Some((own.name.clone(), hard))));
        }
    }
    for name in USUAL {
        let known = |row: &Row| same(&row.dimension, name);
        if !rows.iter().any(known) {
            rows.push(row(name, quota.need(&Dimension::of(name), quota.in_namespace(namespace)), None));
        }
    }
    ordered(rows)
}

fn of_team(quota: &quota::Quota, team: &str) -> Vec<Row> {
    let none = quota::amounts::Amounts::default();
    let budget = quota.setting.budgets.get(team).unwrap_or(&none);
    let budgeted = budget.iter().map(|(name, hard)| (name.clone(), Some(("budget".into(), hard))));
    let usual = USUAL.iter().filter(|name| !budget.iter().any(|(own, _)| same(own, name)));
    let names = budgeted.chain(usual.map(|name| (Arc::from(*name), None)));
    ordered(
        names.map(|(name, hard)| row(&name, quota.need(&Dimension::of(&name), quota.of_team(team)), hard)).collect(),
    )
}

/// `cpu` and `requests.cpu` are the same thing.
fn same(one: &str, other: &str) -> bool {
    one == other || Dimension::of(one) == Dimension::of(other)
}

fn ordered(mut rows: Vec<Row>) -> Vec<Row> {
    rows.retain(Row::is_something);
    let place = |row: &Row| USUAL.iter().position(|name| same(&row.dimension, name)).unwrap_or(USUAL.len());
    rows.sort_by_cached_key(|row| (place(row), row.dimension.clone()));
    rows
}

fn row(name: &str, sum: Sum, hard: Option<(Arc<str>, Quantity)>) -> Row {
    let allowed = hard.map(|(by, hard)| Allowed { by, hard, room: hard.saturating_sub(sum.rollout) });
    Row {
        dimension: name.into(),
        steady: sum.steady,
        peak: sum.peak,
        rollout: sum.rollout,
        worst: sum.worst,
        allowed,
        terms: sum.terms,
        unbounded: sum.unbounded,
    }
}

impl Row {
    /// Whether anything is needed or allowed.
    fn is_something(&self) -> bool {
        !self.rollout.is_zero() || self.allowed.as_ref().is_some_and(|allowed| !allowed.hard.is_zero())
    }
}

fn as_text<S: serde::Serializer>(amount: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn as_map<S: serde::Serializer>(environments: &[Needs], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(environments.iter().map(|needs| (&needs.name, needs)))
}

fn as_terms<S: serde::Serializer>(terms: &[Term], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(terms.iter().map(|term| {
        BTreeMap::from([
            ("name", serde_json::Value::from(&*term.label)),
            ("role", serde_json::to_value(term.role).unwrap_or_default()),
            ("count", term.count.into()),
            ("each", term.each.to_string().into()),
        ])
    }))
}
