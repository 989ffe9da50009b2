//! Sums over workloads, with their terms: at rest, at the most, while one rollout runs, at worst.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::Serialize;

use super::replicas::{Phase, Pods};
use super::setting::Rollouts;
use crate::facts::quantity::Quantity;

/// Something that is added up: so many times an amount.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    /// The resource's position in the environment.
    pub at: usize,
    /// What it is called in the sum.
    pub label: Arc<str>,
    /// How many there are.
    pub pods: &'a Pods,
    /// What each takes.
    pub each: Quantity,
}

/// Why a term is in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// At the autoscaler's upper bound.
    Peak,
    /// New pods beside old ones.
    Surge,
    /// A hook of the release.
    Hook,
}

/// One term of a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The resource's position in the environment.
    pub at: usize,
    /// What it is called.
    pub label: Arc<str>,
    /// Why it is there.
    pub role: Role,
    /// How many.
    pub count: i64,
    /// What each takes.
    pub each: Quantity,
}

impl Term {
    /// The term's value.
    pub fn amount(&self) -> Quantity {
        self.each.saturating_mul(self.count)
    }
}

/// What is needed together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// At rest.
    pub steady: Quantity,
    /// At every autoscaler's upper bound, with all Jobs.
    pub peak: Quantity,
    /// The peak, what a rollout adds, and the hooks.
    pub rollout: Quantity,
    /// Where pods on their way out linger.
    pub worst: Quantity,
    /// The terms of `rollout`: the largest first, a surge after what it belongs to, hooks last.
    pub terms: Vec<Term>,
    /// Why there may be more: name and reason.
    pub unbounded: Vec<(Arc<str>, String)>,
}

impl Sum {
    /// The resource that takes most, a surge counted with what it belongs to.
    pub fn largest(&self) -> Option<usize> {
        self.terms.first().map(|term| term.at)
    }
}

/// Adds up.
pub fn sum<'a>(shares: impl IntoIterator<Item = Share<'a>>, rollouts: Rollouts) -> Sum {
    let mut sum = Sum::default();
    let mut hooks = Quantity::default();
    // The term of the peak, and the surge that belongs to it.
    let mut terms: Vec<(Term, Option<Term>)> = Vec::new();
    let mut extra = Quantity::default();
    for share in shares {
        let Share { at, label, pods, each } = share;
        sum.steady = sum.steady.saturating_add(each.saturating_mul(pods.steady));
        sum.worst = sum.worst.saturating_add(each.saturating_mul(pods.worst));
        let (role, into) =
            if pods.phase == Phase::Hook { (Role::Hook, &mut hooks) } else { (Role::Peak, &mut sum.peak) };
        let term = Term { at, label: label.clone(), role, count: pods.peak, each };
        *into = into.saturating_add(term.amount());
        if let Some(reason) = pods.unbounded.as_ref().filter(|_| !each.is_zero()) {
            sum.unbounded.push((label.clone(), reason.clone()));
        }
        let surge = Term { at, label, role: Role::Surge, count: pods.surge, each };
        let surge = Some(surge).filter(|surge| !surge.amount().is_zero());
        if let Some(surge) = surge.as_ref().filter(|_| rollouts == Rollouts::All) {
            extra = extra.saturating_add(surge.amount());
        }
        if !term.amount().is_zero() || surge.is_some() {
            terms.push((term, surge));
        }
    }
    if rollouts == Rollouts::One {
        extra = keep_largest(&mut terms);
    }
    sum.rollout = sum.peak.saturating_add(extra).saturating_add(hooks);
    let value = |(term, surge): &(Term, Option<Term>)| {
        term.amount().saturating_add(surge.as_ref().map(Term::amount).unwrap_or_default())
    };
    terms.sort_by(|a, b| {
        let key = |pair: &(Term, Option<Term>)| (pair.0.role, Reverse(value(pair)), pair.0.label.clone(), pair.0.at);
        key(a).cmp(&key(b))
    });
    sum.terms = terms.into_iter().flat_map(|(term, surge)| std::iter::once(term).chain(surge)).collect();
    sum.unbounded.sort();
    sum
}

/// Leaves only the largest surge, and says how large it is.
fn keep_largest(terms: &mut [(Term, Option<Term>)]) -> Quantity {
    let surges = terms.iter().enumerate().filter_map(|(number, (_, surge))| Some((number, surge.as_ref()?)));
    // Of equal ones the first by name, so that the order of workloads does not matter.
    let largest = surges.max_by_key(|(_, surge)| (surge.amount(), Reverse((surge.label.clone(), surge.at))));
    let (kept, amount) = largest.map_or((usize::MAX, Quantity::default()), |(kept, surge)| (kept, surge.amount()));
    for (number, (_, surge)) in terms.iter_mut().enumerate() {
        if number != kept {
            *surge = None;
        }
    }
    amount
}
