//! Running policies: each distinct resource once, in parallel, in an order that depends on nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use super::Settings;
use super::collect::Hit;
use super::subject::Subject;
use crate::Error;
use crate::manifest::ResourceId;
use crate::policy::{Compiled, Input, On, Policy, Session, Term, Violation};
use crate::rendered::Environment;
use crate::rendered::places::Place;

/// How many subjects one task evaluates: enough to make a session pay, few enough to share work.
const CHUNK: usize = 64;

/// What running the policies gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) hits: Vec<Hit>,
    pub(crate) errors: Vec<Error>,
}

impl Outcome {
    fn extend(&mut self, other: Self) {
        self.hits.extend(other.hits);
        self.errors.extend(other.errors);
    }
}

/// A policy that speaks, with its parameters for each environment.
struct Speaking<'a> {
    /// Its index among the compiled ones.
    index: usize,
    policy: &'a Arc<Policy>,
    /// Whether its verdict on a resource is the same in every environment, apart from parameters.
    local: bool,
    /// For each environment the parameters, as an index into the distinct ones.
    parameters: Vec<usize>,
    distinct: Vec<Term>,
}

/// Everything policies are evaluated over.
pub(crate) struct Evaluation<'a> {
    pub(crate) environments: &'a [Environment],
    pub(crate) settings: &'a Settings,
    pub(crate) compiled: &'a Compiled,
    /// For each environment what policies read as `data.facts`.
    pub(crate) facts: Vec<Term>,
    /// The same for policies over the whole workspace.
    pub(crate) workspace_facts: Term,
}

impl Evaluation<'_> {
    /// Runs every policy that speaks over the subjects and over the environments.
    pub(crate) fn run(&self, subjects: &[Subject<'_>]) -> Outcome {
        let (speaking, errors) = self.speaking();
        let mut outcome = Outcome { errors, ..Outcome::default() };
        let chunks: Vec<Outcome> = subjects.par_chunks(CHUNK).map(|subjects| self.chunk(&speaking, subjects)).collect();
        for chunk in chunks {
            outcome.extend(chunk);
        }
        for speaking in speaking.iter().filter(|speaking| !speaking.policy.on.is_resource()) {
            outcome.extend(self.over_environments(speaking));
        }
        outcome
    }

    /// The policies that have what they need, with their parameters.
    fn speaking(&self) -> (Vec<Speaking<'_>>, Vec<Error>) {
        let mut speaking = Vec::new();
        let mut errors = Vec::new();
        for (index, policy) in self.compiled.policies().enumerate() {
            if !self.settings.missing(policy).is_empty() {
                // A misspelt parameter may be the very thing the policy waits for.
                errors.extend(self.environments.iter().find_map(|environment| {
                    self.settings.parameters(policy, &environment.name, environment.tier).err()
                }));
                continue;
            }
            let mut values: Vec<Value> = Vec::new();
            let mut parameters = Vec::new();
            for environment in self.environments {
                match self.settings.parameters(policy, &environment.name, environment.tier) {
                    Ok(value) => {
                        let known = values.iter().position(|known| *known == value);
                        parameters.push(known.unwrap_or(values.len()));
                        if known.is_none() {
                            values.push(value);
                        }
                    }
                    Err(error) => {
                        errors.push(error);
                        break;
                    }
                }
            }
            if parameters.len() == self.environments.len() {
                let local = self.compiled.reads(index).is_local();
                let distinct = values.iter().map(Term::from).collect();
                speaking.push(Speaking { index, policy, local, parameters, distinct });
            }
        }
        (speaking, errors)
    }

    fn chunk(&self, speaking: &[Speaking<'_>], subjects: &[Subject<'_>]) -> Outcome {
        let mut outcome = Outcome::default();
        // Policies that read no facts of the environment need none; the others get a session for each.
        let mut local = self.compiled.session(Term::object([]));
        let mut sessions: Vec<Option<Session<'_>>> = self.environments.iter().map(|_| None).collect();
        for subject in subjects {
            let id = &subject.resource.id;
            let workload = subject.is_workload();
            let mut matching =
                speaking.iter().filter(|speaking| speaking.policy.on.matches(&id.group, &id.kind, workload)).peekable();
            if matching.peek().is_none() {
                continue;
            }
            let input = subject.input();
            for speaking in matching {
                if speaking.local {
                    evaluate_local(&mut local, speaking, subject, &input, &mut outcome);
                } else {
                    for place in &subject.places {
                        let environment = &self.environments[place.environment];
                        let session = sessions[place.environment]
                            .get_or_insert_with(|| self.compiled.session(self.facts[place.environment].clone()));
                        let input = speaking.input(&input, place.environment).with("environment", view(environment));
                        let found = session.evaluate(speaking.index, &input).map_err(|error| about(error, subject));
                        record(found, speaking, &[*place], &mut outcome);
                    }
                }
            }
        }
        outcome
    }

    /// A policy on environments, or on the workspace as a whole.
    fn over_environments(&self, speaking: &Speaking<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut found = Vec::new();
        if speaking.policy.on == On::Workspace {
            let environments = self.environments.iter().map(view);
            let input = speaking.input(&Input::new(), 0).with("environments", Term::array(environments));
            let mut session = self.compiled.session(self.workspace_facts.clone());
            collect(session.evaluate(speaking.index, &input), None, &mut found, &mut outcome);
        } else {
            for (at, environment) in self.environments.iter().enumerate() {
                let input = speaking.input(&Input::new(), at).with("environment", view(environment));
                let mut session = self.compiled.session(self.facts[at].clone());
                collect(session.evaluate(speaking.index, &input), Some(at), &mut found, &mut outcome);
            }
        }
        for (environment, violation) in found {
            match self.place(speaking.policy, environment, violation) {
                Ok(hit) => outcome.hits.push(hit),
                Err(error) => outcome.errors.push(error),
            }
        }
        outcome
    }

    /// Finds the resource and the environments that a violation names.
    fn place(&self, policy: &Arc<Policy>, environment: Option<usize>, violation: Violation) -> Result<Hit, Error> {
        let fault = |what: String| {
            Error::new(crate::ErrorKind::Policy, what).with_location(crate::Location::file(policy.file.clone()))
        };
        let named = |name: Option<&String>| -> Result<Option<usize>, Error> {
            let Some(name) = name else { return Ok(None) };
            let at = self.environments.iter().position(|environment| *environment.name == **name);
            at.map(Some)
                .ok_or_else(|| fault(format!("a violation names the environment `{name}`, which does not exist")))
        };
        let hit = named(violation.environment.as_ref())?
            .or(environment)
            .ok_or_else(|| fault("a violation names no environment".to_owned()))?;
        let at = named(violation.at.as_ref())?.unwrap_or(hit);
        let id = violation.resource.as_ref().ok_or_else(|| fault("a violation names no resource".to_owned()))?;
        let resource = self.environments[at]
            .resources
            .iter()
            .position(|resource| is_named(&resource.id, id))
            .ok_or_else(|| fault(format!("a violation names the resource `{id}`, which does not exist")))?;
        let place = Place { environment: at, resource };
        Ok(Hit { policy: policy.clone(), violation: Arc::new(violation), environment: hit, place })
    }
}

impl Speaking<'_> {
    fn input(&self, input: &Input, environment: usize) -> Input {
        let parameters = self.parameters.get(environment).and_then(|at| self.distinct.get(*at));
        input.clone().with("params", parameters.cloned().unwrap_or_else(|| Term::object([])))
    }
}

/// Once for each distinct value of the parameters.
fn evaluate_local(
    session: &mut Session<'_>,
    speaking: &Speaking<'_>,
    subject: &Subject<'_>,
    input: &Input,
    outcome: &mut Outcome,
) {
    let mut groups: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
    for place in &subject.places {
        groups.entry(speaking.parameters[place.environment]).or_default().push(*place);
    }
    for places in groups.values() {
        let input = speaking.input(input, places[0].environment);
        let found = session.evaluate(speaking.index, &input).map_err(|error| about(error, subject));
        record(found, speaking, places, outcome);
    }
}

/// Says on which object a policy came to a limit: another one may be judged in time.
fn about(error: Error, subject: &Subject<'_>) -> Error {
    if error.kind() != crate::ErrorKind::Limit {
        return error;
    }
    let id = &subject.resource.id;
    let namespace = id.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let message = format!("{} for {} {namespace}{}", error.message(), id.kind, id.name);
    let mut named = Error::new(error.kind(), message);
    if let Some(location) = error.location() {
        named = named.with_location(location.clone());
    }
    match error.help() {
        Some(help) => named.with_help(help),
        None => named,
    }
}

fn record(found: Result<Vec<Violation>, Error>, speaking: &Speaking<'_>, places: &[Place], outcome: &mut Outcome) {
    match found {
        Ok(violations) => {
            for violation in violations {
                let violation = Arc::new(violation);
                outcome.hits.extend(places.iter().map(|place| Hit {
                    policy: speaking.policy.clone(),
                    violation: violation.clone(),
                    environment: place.environment,
                    place: *place,
                }));
            }
        }
        Err(error) => outcome.errors.push(error),
    }
}

fn collect(
    found: Result<Vec<Violation>, Error>,
    environment: Option<usize>,
    into: &mut Vec<(Option<usize>, Violation)>,
    outcome: &mut Outcome,
) {
    match found {
        Ok(violations) => into.extend(violations.into_iter().map(|violation| (environment, violation))),
        Err(error) => outcome.errors.push(error),
    }
}

/// An environment as policies see it.
fn view(environment: &Environment) -> Term {
    let mut members = vec![
        ("name", Term::from(&*environment.name)),
        ("tier", Term::from(environment.tier.name())),
        ("kubernetes", Term::from(&*environment.kubernetes)),
    ];
    if let Some(mirrors) = &environment.mirrors {
        members.push(("mirrors", Term::from(&**mirrors)));
    }
    Term::object(members)
}

/// Whether an id is written `group/Kind/namespace/name`.
fn is_named(id: &ResourceId, text: &str) -> bool {
    let mut parts = text.splitn(4, '/');
    parts.next() == Some(&*id.group)
        && parts.next() == Some(&*id.kind)
        && parts.next() == Some(id.namespace.as_deref().unwrap_or(""))
        && parts.next() == Some(&*id.name)
}
