//! The linter: facts, policies, findings, in that order.
//!
//! [`Linter::check`] takes rendered environments and gives a report. A policy says where and why; here
//! it is decided for whom a policy runs, how severe a violation is in which environment, which
//! violations are one finding, and what a suppression takes out.

mod collect;
mod evaluate;
mod mirrors;
mod settings;
mod sources;
mod subject;
mod suppress;
mod touched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::facts::{self, Domain, Domains, Facts};
use crate::files::Files;
use crate::finding::Finding;
use crate::moment::Moment;
use crate::policy::{self, Compiled, Policies, Policy, Term};
use crate::rendered::{Environment, Rendered};
use crate::report::{Report, Summary};
use crate::workspace::Workspace;
use crate::{Changed, Error, Note, Result};

pub use settings::Settings;

/// Checks rendered environments against policies.
#[derive(Debug)]
pub struct Linter {
    policies: Policies,
    /// Every policy, the unselected ones too: naming one of those is no mistake.
    known: BTreeMap<Arc<str>, Arc<Policy>>,
    now: Option<Moment>,
    selected: bool,
    changed: Option<Changed>,
}

impl Linter {
    /// A linter with these policies.
    pub fn new(policies: Policies) -> Self {
        let known = policies.iter().map(|policy| (policy.id.clone(), policy.clone())).collect();
        Self { policies, known, now: None, selected: false, changed: None }
    }

    /// A linter with the built-in policies and the workspace's own.
    ///
    /// Policies of the workspace that cannot be loaded are errors of the report, and the others run.
    pub fn for_workspace(workspace: &Workspace) -> Result<Self> {
        let mut policies = Policies::builtin()?;
        let config = workspace.config();
        for path in &config.policies.paths {
            let load = |path: String| Policies::load(workspace.files(), &path);
            match Files::join("", &path.value).and_then(load) {
                Ok(own) => policies.extend(own),
                Err(error) => policies.complain(error.with_location(config.location(path.mark))),
            }
        }
        Ok(Self::new(policies))
    }

    /// Sets the moment that expiry dates are compared with; without one nothing expires.
    #[must_use]
    pub fn now(mut self, now: Moment) -> Self {
        self.now = Some(now);
        self
    }

    /// Keeps these policies, by id or `category/`; none named keeps all.
    pub fn select<S: AsRef<str>>(mut self, names: &[S]) -> Result<Self> {
        if !names.is_empty() {
            self.policies = self.policies.select(names)?;
            self.selected = true;
        }
        Ok(self)
    }

    /// Drops these policies, by id or `category/`.
    pub fn ignore<S: AsRef<str>>(mut self, names: &[S]) -> Result<Self> {
        if !names.is_empty() {
            self.policies = self.policies.ignore(names)?;
            self.selected = true;
        }
        Ok(self)
    }

    /// Reports only what a change touches: findings whose verdict may be another than before it.
    ///
    /// An object depends on its manifest, or on its chart, the charts that one depends on and the values files of
    /// its release. A policy that sees more than the object depends on everything in the environment. Errors
    /// stay, whatever they are about.
    #[must_use]
    pub fn changed(mut self, changed: Changed) -> Self {
        self.changed = Some(changed);
        self
    }

    /// The policies.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Checks every environment and compares those that mirror each other.
    ///
    /// Errors of rendering are taken over into the report; what rendered is checked all the same.
    pub fn check(&self, rendered: &Rendered) -> Report {
        let settings = &rendered.settings;
        let environments = rendered.environments();
        let options = policy::Options { engine: settings.interpreter().then_some(policy::Engine::Interpreter) };
        let domains = self.domains(settings);
        let (compiled, mut facts) = rayon::join(
            || Compiled::new(&self.policies, options),
            || {
                environments
                    .par_iter()
                    .map(|environment| Facts::derive(&environment.resources, &environment.declared, &domains))
                    .collect::<Vec<_>>()
            },
        );
        let unusable = self.images(rendered, &domains, &mut facts);
        let subjects = subject::subjects(environments, &facts);
        let evaluation = evaluate::Evaluation {
            environments,
            settings,
            compiled: &compiled,
            facts: environment_facts(environments, &facts, &compiled),
            workspace_facts: mirrors::workspace_facts(environments, &facts),
        };
        let outcome = evaluation.run(&subjects);
        let mut collected = collect::collect(environments, settings, outcome.hits);
        let is_whole = settings.whole && !self.selected && self.changed.is_none();
        // What could not be rendered or run may be what a suppression is for.
        let permissions = unlisted_permissions(environments, &facts);
        let failed = [rendered.errors(), compiled.errors(), &outcome.errors, &permissions];
        let is_done = failed.iter().all(|errors| errors.is_empty());
        let (policies, now) = (&self.known, self.now);
        let scene = suppress::Scene { settings, environments, policies, now, whole: is_whole && is_done };
        let suppressed = suppress::suppress(&mut collected, &scene);
        let changed = self.changed.as_ref();
        let untouched = changed.map_or(0, |changed| touched::keep(&mut collected, rendered, &compiled, changed));
        let mut report = Report {
            summary: Summary { untouched, ..summary(environments, suppressed.count) },
            findings: sorted(collected.into_iter().map(|collected| collected.finding).collect()),
            notes: rendered.notes().to_vec(),
            whole: is_whole,
            ..Report::default()
        };
        report.extend_errors(rendered.errors().iter().cloned());
        report.extend_errors(self.policies.errors().iter().cloned());
        report.extend_errors(compiled.errors().iter().cloned());
        report.extend_errors(settings.unknown_policies(&self.known.keys().map(|id| &**id).collect::<Vec<_>>()));
        report.extend_errors(suppressed.errors);
        report.extend_errors(outcome.errors);
        report.extend_errors(unusable);
        report.extend_errors(permissions);
        report.notes.extend(slower(&compiled));
        report.notes.extend(collect::unreadable_images(environments, &facts));
        report.count();
        report.sources = sources::of(&report, rendered);
        let found: BTreeSet<&Arc<str>> = report.findings.iter().map(|finding| &finding.policy).collect();
        report.policies =
            found.into_iter().filter_map(|id| Some((id.clone(), self.policies.get(id)?.clone()))).collect();
        report
    }

    /// Adds what is known of images, where a policy asks for it; gives the evidence that could not be used.
    fn images(&self, rendered: &Rendered, domains: &Domains, facts: &mut [Facts<'_>]) -> Vec<Error> {
        let settings = &rendered.settings;
        let config = settings.config.as_ref().filter(|config| config.knows_images());
        let Some(config) = config.filter(|_| domains.contains(&Domain::Images)) else { return Vec::new() };
        let examined = facts::images::examined(facts, config, &rendered.files, self.now);
        facts::images::attach(facts, rendered.environments(), &examined, settings);
        examined.errors
    }

    /// The facts derived on demand that policies read which speak.
    fn domains(&self, settings: &Settings) -> Domains {
        let speaking = self.policies.iter().filter(|policy| settings.missing(policy).is_empty());
        speaking.flat_map(|policy| policy.facts.iter().copied()).collect()
    }
}

/// Where permissions multiply beyond what is looked at.
fn unlisted_permissions(environments: &[Environment], facts: &[Facts<'_>]) -> Vec<Error> {
    let environments = environments.iter().zip(facts);
    environments.filter_map(|(environment, facts)| facts.rbac.as_ref()?.check(environment.name()).err()).collect()
}

/// `data.facts` of each environment, with all its objects only where a policy reads them.
fn environment_facts(environments: &[Environment], facts: &[Facts<'_>], compiled: &Compiled) -> Vec<Term> {
    let reads = |wanted: fn(policy::Reads) -> bool| {
        let mut policies = compiled.policies().enumerate();
        policies.any(|(index, policy)| policy.on != policy::On::Workspace && wanted(compiled.reads(index)))
    };
    let (any, objects) = (reads(|reads| reads.facts), reads(|reads| reads.objects));
    let of = |(environment, facts): (&Environment, &Facts<'_>)| {
        if any { subject::environment_facts(environment, facts, objects) } else { Term::object([]) }
    };
    environments.par_iter().zip(facts).map(of).collect()
}

fn summary(environments: &[Environment], suppressed: usize) -> Summary {
    Summary {
        resources: environments.iter().map(|environment| environment.resources().count()).sum(),
        environments: environments.iter().map(|environment| environment.name.clone()).collect(),
        suppressed,
        ..Summary::default()
    }
}

/// The worst first, then by place, so that a report reads like the files it is about.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.location.clone(), finding.policy.clone(), finding.pointer.clone());
        (b.severity, a.verdict)
            .cmp(&(a.severity, b.verdict))
            .then_with(|| key(a).cmp(&key(b)))
            .then_with(|| a.message.cmp(&b.message))
    });
    findings
}

/// Policies that the fast engine cannot be trusted with run on the slow one, and say so.
fn slower(compiled: &Compiled) -> Vec<Note> {
    compiled
        .notes()
        .iter()
        .map(|note| Note {
            location: note.reason.location().cloned(),
            message: format!("{} runs on the slower interpreter: {}", note.policy, note.reason.message()),
        })
        .collect()
}
