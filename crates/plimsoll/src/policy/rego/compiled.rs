//! A selection of policies, ready to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::program::{self, Libraries, Runnable};
use super::reads::Reads;
use super::session::{Both, Session};
use super::value::{Input, Term};
use crate::policy::{Policies, Policy};
use crate::{Error, ErrorKind, Result};

/// How policies are run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Runs everything on one executor; `None` chooses by policy.
    pub engine: Option<Engine>,
}

/// An executor of Rego.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The register machine; refuses policies that fail the lint.
    Machine,
    /// The interpreter: thirty times slower, and the reference.
    Interpreter,
}

/// Why a policy runs slower than it could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The policy.
    pub policy: Arc<str>,
    /// What the lint found, with its place and the way out.
    pub reason: Error,
}

/// Policies compiled for evaluation; shared between threads, each with a [`Session`] of its own.
#[derive(Debug)]
pub struct Compiled {
    ready: Vec<Ready>,
    errors: Vec<Error>,
    notes: Vec<Note>,
}

#[derive(Debug)]
pub(super) struct Ready {
    pub(super) policy: Arc<Policy>,
    pub(super) runnable: Runnable,
    pub(super) engine: Engine,
}

impl Compiled {
    /// Compiles policies, in parallel; what does not compile is in [`Compiled::errors`], the rest runs.
    ///
    /// Errors of loading are not repeated here: see [`Policies::errors`].
    pub fn new(policies: &Policies, options: Options) -> Self {
        let policies: Vec<&Arc<Policy>> = policies.iter().collect();
        let mut sets: BTreeMap<usize, &Arc<Policy>> = BTreeMap::new();
        let address = |policy: &Policy| Arc::as_ptr(&policy.libraries) as usize;
        for policy in &policies {
            sets.entry(address(policy)).or_insert(policy);
        }
        let libraries: BTreeMap<usize, Libraries> =
            sets.into_par_iter().map(|(set, policy)| (set, program::libraries(&policy.libraries))).collect();
        let none = Libraries::new();
        let outcomes: Vec<Result<Ready>> = policies
            .into_par_iter()
            .map(|policy| ready(policy, libraries.get(&address(policy)).unwrap_or(&none), options))
            .collect();
        let mut compiled = Self { ready: Vec::new(), errors: Vec::new(), notes: Vec::new() };
        for outcome in outcomes {
            match outcome {
                Ok(ready) => {
                    if let (Engine::Interpreter, None, Some(reason)) =
                        (ready.engine, options.engine, &ready.runnable.lint)
                    {
                        compiled.notes.push(Note { policy: ready.policy.id.clone(), reason: reason.clone() });
                    }
                    compiled.ready.push(ready);
                }
                // A library's fault is every importer's: said once.
                Err(error) if compiled.errors.contains(&error) => {}
                Err(error) => compiled.errors.push(error),
            }
        }
        compiled
    }

    /// The policies that run, ordered by id; their places are the indexes used elsewhere.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Arc<Policy>> {
        self.ready.iter().map(|ready| &ready.policy)
    }

    /// How many policies run.
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// What did not compile.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// Which policies run on the interpreter, and why.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The executor of a policy; `None` for an index of no policy.
    pub fn engine(&self, policy: usize) -> Option<Engine> {
        self.ready.get(policy).map(|ready| ready.engine)
    }

    /// What a policy reads, libraries included; everything for an index of no policy.
    pub fn reads(&self, policy: usize) -> Reads {
        let all = Reads { environment: true, params: true, facts: true, objects: true, joins: true };
        self.ready.get(policy).map_or(all, |ready| ready.runnable.reads)
    }

    /// An evaluator for one thread; `facts` is what policies read as `data.facts`.
    pub fn session(&self, facts: Term) -> Session<'_> {
        Session::new(self, facts)
    }

    /// Evaluates on both executors, whatever the lint says, so that a test can compare them.
    pub fn evaluate_both(&self, policy: usize, facts: &Term, input: &Input) -> Both {
        let run = |engine| self.session(facts.clone()).evaluate_on(engine, policy, input);
        Both { machine: run(Engine::Machine), interpreter: run(Engine::Interpreter) }
    }

    pub(super) fn ready(&self, policy: usize) -> Result<&Ready> {
        let missing = || Error::new(ErrorKind::Policy, format!("there is no policy with the index {policy}"));
        self.ready.get(policy).ok_or_else(missing)
    }
}

fn ready(policy: &Arc<Policy>, libraries: &Libraries, options: Options) -> Result<Ready> {
    let runnable = program::compile(policy, libraries)?;
    let engine = match (options.engine, &runnable.lint) {
        (Some(Engine::Machine), Some(reason)) => return Err(reason.clone()),
        (None, Some(reason)) if policy.builtin => return Err(reason.clone()),
        (Some(Engine::Interpreter), _) | (None, Some(_)) => Engine::Interpreter,
        (_, None) => Engine::Machine,
    };
    Ok(Ready { policy: policy.clone(), runnable, engine })
}
