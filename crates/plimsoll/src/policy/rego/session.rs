//! Running policies on one thread.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::Value;
use regorus::rvm::vm::{RegoVM, VmError};
use regorus::utils::limits::ExecutionTimerConfig;

use super::compiled::{Compiled, Engine, Ready};
use super::value::{Input, Term, values};
use super::{guarded, results, shape, source};
use crate::policy::Violation;
use crate::{Error, ErrorKind, Location, Result};

/// How many instructions a policy may take for one resource, of any size.
pub const INSTRUCTIONS_PER_RESOURCE: usize = 1_000_000;
/// How many instructions a policy may take for one environment, or for the workspace, of any size.
pub const INSTRUCTIONS_PER_ENVIRONMENT: usize = 20_000_000;
/// How many more for each value of what the policy reads, where that is not enough: work grows with what is written.
const INSTRUCTIONS_PER_VALUE: usize = 200;
/// The interpreter counts no instructions: a clock, generous enough to be hit by endless work only.
const INTERPRETER_SECONDS: u64 = 20;

/// Evaluates compiled policies on one thread, reusing machines from one evaluation to the next.
#[derive(Debug)]
pub struct Session<'a> {
    compiled: &'a Compiled,
    data: Value,
    machines: Vec<Option<Box<RegoVM>>>,
    interpreters: Vec<Option<Box<regorus::Engine>>>,
}

/// The outcome of both executors for one evaluation.
#[derive(Debug)]
pub struct Both {
    /// The register machine, over the rewritten policy.
    pub machine: Result<Vec<Violation>>,
    /// The interpreter, over the policy as written.
    pub interpreter: Result<Vec<Violation>>,
}

impl Both {
    /// Whether both found the same violations.
    pub fn agree(&self) -> bool {
        matches!((&self.machine, &self.interpreter), (Ok(machine), Ok(interpreter)) if machine == interpreter)
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(compiled: &'a Compiled, facts: Term) -> Self {
        let Term(data) = Term::object([("facts", facts)]);
        let machines = (0..compiled.len()).map(|_| None).collect();
        Self { compiled, data, machines, interpreters: (0..compiled.len()).map(|_| None).collect() }
    }

    /// The violations of one policy for one input, ordered.
    ///
    /// An error (a limit hit, a result of the wrong shape, a function that failed) means that the verdict
    /// is unknown: nothing may be concluded from the absence of violations. Kind `Limit` is a limit.
    pub fn evaluate(&mut self, policy: usize, input: &Input) -> Result<Vec<Violation>> {
        let engine = self.compiled.ready(policy)?.engine;
        self.evaluate_on(engine, policy, input)
    }

    pub(super) fn evaluate_on(&mut self, engine: Engine, policy: usize, input: &Input) -> Result<Vec<Violation>> {
        let ready = self.compiled.ready(policy)?;
        let value = match engine {
            Engine::Machine => self.machine(ready, policy, input)?,
            Engine::Interpreter => self.interpreter(ready, policy, input)?,
        };
        shape::violations(&ready.policy, &value)
    }

    fn machine(&mut self, ready: &Ready, policy: usize, input: &Input) -> Result<Value> {
        let most = instructions(ready);
        let mut machine = match self.machines[policy].take() {
            Some(machine) => machine,
            None => Box::new(self.new_machine(ready, most)?),
        };
        machine.set_input(input.0.clone());
        let (outcome, exceeded) = results::watch(|| guarded(|| machine.execute_entry_point_by_index(0)));
        match outcome {
            _ if exceeded => Err(limit(ready.runnable.place(machine.get_pc()), results::message())),
            Ok(Ok(value)) => {
                self.machines[policy] = Some(machine);
                Ok(value)
            }
            // A machine that failed is dropped: its stacks are wherever the failure left them.
            Ok(Err(VmError::InstructionLimitExceeded { .. })) => {
                let more = self.values(ready, input).saturating_mul(INSTRUCTIONS_PER_VALUE);
                self.again(ready, input, most.saturating_add(more))
            }
            Ok(Err(error)) => Err(failed(ready, &error, machine.get_pc(), most)),
            Err(panic) => Err(source::internal(&ready.policy.file, &panic)),
        }
    }

    /// Evaluates with another limit: sizes are counted for the few that need it only.
    fn again(&self, ready: &Ready, input: &Input, most: usize) -> Result<Value> {
        let mut machine = self.new_machine(ready, most)?;
        machine.set_input(input.0.clone());
        let (outcome, exceeded) = results::watch(|| guarded(|| machine.execute_entry_point_by_index(0)));
        match outcome {
            _ if exceeded => Err(limit(ready.runnable.place(machine.get_pc()), results::message())),
            Ok(outcome) => outcome.map_err(|error| failed(ready, &error, machine.get_pc(), most)),
            Err(panic) => Err(source::internal(&ready.policy.file, &panic)),
        }
    }

    /// How many values a policy has to look at: of the facts about an environment only where it is on these.
    fn values(&self, ready: &Ready, input: &Input) -> usize {
        let facts = if ready.policy.on.is_resource() { 0 } else { values(&self.data) };
        values(&input.0).saturating_add(facts)
    }

    fn new_machine(&self, ready: &Ready, most: usize) -> Result<RegoVM> {
        let mut machine = RegoVM::new();
        machine.load_program(ready.runnable.program.clone());
        machine.set_data(self.data.clone()).map_err(|error| failed(ready, &error, 0, most))?;
        machine.set_max_instructions(most);
        machine.set_strict_builtin_errors(true);
        Ok(machine)
    }

    fn interpreter(&mut self, ready: &Ready, policy: usize, input: &Input) -> Result<Value> {
        let engine_error = |message: &str| source::engine_error(&ready.policy.file, message);
        let mut interpreter = match self.interpreters[policy].take() {
            Some(interpreter) => interpreter,
            None => Box::new(new_interpreter(ready, &self.data).map_err(|message| engine_error(&message))?),
        };
        interpreter.set_input(input.0.clone());
        let (outcome, exceeded) = results::watch(|| guarded(|| interpreter.eval_rule(ready.runnable.entry.clone())));
        match outcome {
            Ok(Err(error)) if exceeded => {
                let place = engine_error(&error.to_string()).location().cloned();
                let place = place.unwrap_or_else(|| Location::file(ready.policy.file.clone()));
                Err(limit(place, results::message()))
            }
            _ if exceeded => Err(limit(Location::file(ready.policy.file.clone()), results::message())),
            Ok(Ok(value)) => {
                self.interpreters[policy] = Some(interpreter);
                Ok(value)
            }
            Ok(Err(error)) => Err(match error.downcast_ref::<regorus::LimitError>() {
                Some(regorus::LimitError::TimeLimitExceeded { .. }) => limit(
                    Location::file(ready.policy.file.clone()),
                    format!("the policy did not finish within {INTERPRETER_SECONDS} seconds on the interpreter"),
                ),
                _ => engine_error(&error.to_string()),
            }),
            Err(panic) => Err(source::internal(&ready.policy.file, &panic)),
        }
    }
}

fn new_interpreter(ready: &Ready, data: &Value) -> Result<regorus::Engine, String> {
    let mut interpreter = ready.runnable.interpreter()?;
    interpreter.add_data(data.clone()).map_err(|error| error.to_string())?;
    interpreter.set_execution_timer_config(ExecutionTimerConfig {
        limit: Duration::from_secs(INTERPRETER_SECONDS),
        check_interval: NonZeroU32::MIN.saturating_add(999),
    });
    Ok(interpreter)
}

fn instructions(ready: &Ready) -> usize {
    if ready.policy.on.is_resource() { INSTRUCTIONS_PER_RESOURCE } else { INSTRUCTIONS_PER_ENVIRONMENT }
}

fn failed(ready: &Ready, error: &VmError, instruction: usize, most: usize) -> Error {
    let place = ready.runnable.place(instruction);
    if matches!(error, VmError::InstructionLimitExceeded { .. }) {
        return limit(place, format!("the policy took more than {most} instructions"));
    }
    // The engine's messages end with `(pc=12)`, which means nothing to the author of a policy.
    let text = error.to_string();
    let text = text.split(" (pc=").next().unwrap_or(&text);
    let text = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(text).trim();
    Error::new(ErrorKind::Policy, format!("the policy failed: {}", text.trim_start_matches("error: ")))
        .with_location(place)
        .with_help("check types before calling: `is_string(x)`, `object.get(x, \"key\", default)`")
}

fn limit(place: Location, message: String) -> Error {
    Error::new(ErrorKind::Limit, message)
        .with_location(place)
        .with_help("loop over less and make less: nested `some … in` multiply; heavy work belongs into a fact")
}
