//! Recorded exceptions: what they take out of the findings, and what becomes of those that are over.

mod annotations;
mod directive;
mod exception;
mod gather;
mod inline;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Settings;
use super::collect::Collected;
use crate::Error;
use crate::finding::{Finding, Severity, Verdict, fingerprint};
use crate::moment::Moment;
use crate::policy::Policy;
use crate::rendered::Environment;
use crate::rendered::places::Place;
use crate::workspace::Date;
use exception::{Exception, Scope};

/// The policy ids under which the linter itself speaks about suppressions.
const EXPIRED: &str = "suppression/expired";
const UNUSED: &str = "suppression/unused";

/// What suppressions are judged by.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) environments: &'a [Environment],
    /// Every policy, the unselected ones too.
    pub(crate) policies: &'a BTreeMap<Arc<str>, Arc<Policy>>,
    pub(crate) now: Option<Moment>,
    /// Whether everything was checked by every policy, and could be: what suppressed nothing then is unused.
    pub(crate) whole: bool,
}

/// What became of the suppressions.
#[derive(Debug, Default)]
pub(crate) struct Suppressed {
    /// How many findings went altogether.
    pub(crate) count: usize,
    /// Suppressions that cannot be read, or name what does not exist or may not be suppressed.
    pub(crate) errors: Vec<Error>,
}

/// Takes suppressed occurrences out.
///
/// An expired suppression suppresses nothing and is a finding itself; so is one that nothing needed, in
/// a run over the whole of the workspace.
pub(crate) fn suppress(collected: &mut Vec<Collected>, scene: &Scene<'_>) -> Suppressed {
    let gather::Gathered { exceptions, errors } = gather::gather(scene);
    if exceptions.is_empty() {
        return Suppressed { count: 0, errors };
    }
    let environments = scene.environments;
    let today = scene.now.map(Moment::date);
    let expired = |exception: &Exception| {
        exception.expires.zip(today).is_some_and(|(expires, today): (Date, Date)| expires < today)
    };
    let index = Index::new(&exceptions);
    let mut used = vec![false; exceptions.len()];
    let before = collected.len();
    collected.retain_mut(|collected| {
        for at in index.candidates(collected, environments) {
            let exception = &exceptions[at];
            if exception.covers_any(collected, environments) {
                used[at] = true;
                if !expired(exception) {
                    let count = collected.finding.occurrences.len();
                    let keep: Vec<bool> = (0..count).map(|at| !exception.covers(collected, at, environments)).collect();
                    collected.retain(&keep);
                }
            }
        }
        !collected.finding.occurrences.is_empty()
    });
    let count = before - collected.len();
    for (exception, used) in exceptions.iter().zip(used) {
        if expired(exception) {
            collected.push(about(exception, environments, EXPIRED));
        } else if !used && scene.whole && environments.iter().any(|one| exception.holds_in(&one.name)) {
            collected.push(about(exception, environments, UNUSED));
        }
    }
    Suppressed { count, errors }
}

/// Exceptions by what a finding says of itself, so that a thousand of them cost no more than those that matter.
struct Index<'a> {
    named: HashMap<&'a str, Vec<usize>>,
    lines: HashMap<(&'a str, &'a str, u32), Vec<usize>>,
    objects: BTreeMap<(&'a str, Place), Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(exceptions: &'a [Exception]) -> Self {
        let mut index = Self { named: HashMap::new(), lines: HashMap::new(), objects: BTreeMap::new() };
        for (at, exception) in exceptions.iter().enumerate() {
            let policy = &*exception.policy;
            match &exception.scope {
                Scope::Named => index.named.entry(policy).or_default().push(at),
                Scope::Line { file, line } => index.lines.entry((policy, file, *line)).or_default().push(at),
                Scope::On(places) => {
                    for place in places {
                        index.objects.entry((policy, *place)).or_default().push(at);
                    }
                }
            }
        }
        index
    }

    /// The exceptions that may cover a finding, in their order.
    fn candidates(&self, collected: &Collected, environments: &[Environment]) -> Vec<usize> {
        let policy = &*collected.finding.policy;
        let mut found: Vec<usize> = self.named.get(policy).cloned().unwrap_or_default();
        for (at, place) in collected.places.iter().enumerate() {
            found.extend(self.objects.get(&(policy, *place)).into_iter().flatten());
            if !self.lines.is_empty()
                && let Some((file, line)) = exception::line_of(collected, at, environments)
            {
                found.extend(self.lines.get(&(policy, file, line)).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A finding about a suppression itself.
fn about(exception: &Exception, environments: &[Environment], policy: &str) -> Collected {
    let Exception { policy: id, whom, .. } = exception;
    let (severity, message, fix) = if let Some(date) = exception.expires.filter(|_| policy == EXPIRED) {
        let message = format!("the suppression of `{id}` {whom} expired after {date}");
        let who =
            exception.owner.as_ref().map_or_else(|| "decide".to_owned(), |owner| format!("have `{owner}` decide"));
        (Severity::Error, message, format!("fix what it hid, or {who} on a new date"))
    } else {
        let message = format!("the suppression of `{id}` {whom} suppresses nothing");
        let fix = "remove it, or correct the policy, the object or the line that it is for";
        (Severity::Warning, message, fix.to_owned())
    };
    let stands_in = |at: usize| match &exception.scope {
        Scope::On(places) => places.iter().any(|place| place.environment == at),
        Scope::Named | Scope::Line { .. } => true,
    };
    let environments = environments.iter().enumerate();
    let environments = environments.filter(|(at, environment)| stands_in(*at) && exception.holds_in(&environment.name));
    // Of two at different lines of one file both are named, and neither anew when lines move above them.
    let identity = match &exception.scope {
        Scope::Line { file, .. } => format!("{file} {}", exception.reason),
        Scope::Named | Scope::On(_) => whom.clone(),
    };
    let named = match &exception.scope {
        Scope::Line { .. } => id,
        Scope::Named | Scope::On(_) => &*message,
    };
    let finding = Finding {
        policy: policy.into(),
        verdict: Verdict::Violated,
        severity,
        environments: environments.map(|(_, environment)| environment.name.clone()).collect(),
        resource: None,
        pointer: String::new(),
        location: exception.location.clone(),
        witness: vec![format!("reason: {}", exception.reason)],
        fix,
        fingerprint: fingerprint(policy, &identity, None, "", named),
        message,
        occurrences: Vec::new(),
        sensitive: exception.sensitive,
    };
    Collected { finding, places: Vec::new() }
}
