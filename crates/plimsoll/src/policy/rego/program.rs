//! One policy made runnable: parse, lint, rewrite, compile, check calls and functions.
//!
//! Every policy becomes a program of its own, together with the shared Rego it imports and nothing
//! else. So one bad policy never spoils another, only what is selected is compiled, compilation is
//! parallel, the engine's ceilings (254 entry points and 65,535 instructions a program, 256 files an
//! engine) are out of reach, and the machine resets the caches of only the rules it is about to run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;

use super::reads::Reads;
use super::{builtins, calls, guarded, lint, reads, results, rewrite, source};
use crate::policy::definition::Library;
use crate::policy::{Policy, fault};
use crate::{Error, ErrorKind, Location};

/// One file of Rego that passed everything but the lint.
#[derive(Debug)]
pub(super) struct Prepared {
    file: Arc<str>,
    original: Arc<str>,
    rewritten: String,
    lints: Vec<Error>,
    reads: Reads,
    libraries: BTreeSet<String>,
    /// The names of its rules.
    rules: rewrite::Rules,
}

/// Parses, checks, lints and rewrites one file.
pub(super) fn prepare(file: &Arc<str>, text: &Arc<str>) -> Result<Prepared, Error> {
    let module = source::parse(file, text)?;
    let reach = reads::reach(&module);
    if let Some(fault) = reach.faults.into_iter().next() {
        return Err(fault);
    }
    Ok(Prepared {
        file: file.clone(),
        original: text.clone(),
        rewritten: rewrite::rewrite(&module, text),
        lints: lint::check(&module),
        reads: reach.reads,
        libraries: reach.libraries,
        rules: rewrite::rules(&module),
    })
}

/// Shared Rego, prepared once for all policies that import it.
pub(super) type Libraries = BTreeMap<String, Result<Arc<Prepared>, Error>>;

/// Prepares every library of a set.
pub(super) fn libraries(libraries: &BTreeMap<String, Library>) -> Libraries {
    let prepare = |library: &Library| prepare(&library.file, &library.source).map(Arc::new);
    libraries.iter().map(|(package, library)| (package.clone(), prepare(library))).collect()
}

/// A policy that can be run, on the machine and on the interpreter.
#[derive(Debug)]
pub(super) struct Runnable {
    pub(super) entry: String,
    pub(super) program: Arc<Program>,
    pub(super) reads: Reads,
    /// Why the machine must not be trusted with it.
    pub(super) lint: Option<Error>,
    /// The policy and its libraries, as written; the policy first.
    modules: Vec<Arc<Prepared>>,
}

/// Makes a policy runnable.
pub(super) fn compile(policy: &Policy, libraries: &Libraries) -> Result<Runnable, Error> {
    let own = Arc::new(prepare(&policy.file, &policy.source)?);
    if !own.rules.contains("violation") {
        return Err(fault(&policy.file, 1, 1, "the policy has no rule `violation`")
            .with_help("write `violation contains {\"path\": path, \"message\": message} if { … }`"));
    }
    let modules = closure(own, libraries)?;
    let entry = format!("data.policies[\"{}\"][\"{}\"].violation", policy.category, policy.name);
    let texts = modules.iter().map(|module| (&module.file, module.rewritten.as_str()));
    let mut program = guarded(|| build(&entry, texts))
        .map_err(|panic| source::internal(&policy.file, &panic))?
        .map_err(|message| source::engine_error(&policy.file, &message))?;
    let refused =
        |message: String| Error::new(ErrorKind::Policy, message).with_location(Location::file(policy.file.clone()));
    calls::check(&program).map_err(|message| refused(message).with_help("Rego has no recursion; use `some … in`"))?;
    if program.needs_runtime_recursion_check || program.has_host_await {
        return Err(refused("the policy looks up rules by a computed name".to_owned())
            .with_help("name the rule, or index `data.facts` or an object of your own"));
    }
    if let Some(info) = program.builtin_info_table.iter().find(|info| !builtins::allowed(&info.name)) {
        return Err(refused(format!("a policy may not call `{}`", info.name)).with_help("compute a fact instead"));
    }
    results::bind(Arc::make_mut(&mut program));
    Ok(Runnable {
        entry,
        program,
        reads: modules.iter().fold(Reads::default(), |reads, module| reads.join(module.reads)),
        lint: modules.iter().flat_map(|module| &module.lints).next().cloned(),
        modules,
    })
}

/// A policy and what it imports, directly or not.
fn closure(own: Arc<Prepared>, libraries: &Libraries) -> Result<Vec<Arc<Prepared>>, Error> {
    let mut modules = vec![own];
    let mut seen = BTreeSet::new();
    let mut at = 0;
    while at < modules.len() {
        for package in modules[at].libraries.clone() {
            if !seen.insert(package.clone()) {
                continue;
            }
            match libraries.get(&package) {
                Some(Ok(library)) => modules.push(library.clone()),
                Some(Err(error)) => return Err(error.clone()),
                None => {
                    let error = fault(&modules[at].file, 1, 1, format!("there is no shared Rego `data.{package}`"));
                    let known = libraries.keys().map(String::as_str);
                    return Err(match crate::policy::nearest(&package, known) {
                        Some(near) => error.with_help(format!("did you mean `data.{near}`?")),
                        None => error.with_help("shared Rego is `lib/<name>.rego` with `package lib.<name>`"),
                    });
                }
            }
        }
        at += 1;
    }
    Ok(modules)
}

fn build<'a>(entry: &str, texts: impl Iterator<Item = (&'a Arc<str>, &'a str)>) -> Result<Arc<Program>, String> {
    let mut engine = regorus::Engine::new();
    for (file, text) in texts {
        engine.add_policy(file.to_string(), text.to_owned()).map_err(|error| error.to_string())?;
    }
    let compiled = engine.compile_with_entrypoint(&entry.into()).map_err(|error| error.to_string())?;
    Compiler::compile_from_policy(&compiled, &[entry]).map_err(|error| error.to_string())
}

impl Runnable {
    /// An interpreter with the policy as it was written.
    pub(super) fn interpreter(&self) -> Result<regorus::Engine, String> {
        let mut engine = regorus::Engine::new();
        engine.set_strict_builtin_errors(true);
        results::extend(&mut engine)?;
        for module in &self.modules {
            engine
                .add_policy(module.file.to_string(), module.original.to_string())
                .map_err(|error| error.to_string())?;
        }
        Ok(engine)
    }

    /// The place in a policy's files that an instruction was compiled from.
    ///
    /// The compiler numbers files in the order in which it first emits code for them and does not keep
    /// their names, so the numbers are found again through rules: a rule's package names its file.
    pub(super) fn place(&self, instruction: usize) -> Location {
        let own = &self.modules[0].file;
        let spans = &self.program.instruction_spans;
        let before = spans.get(..=instruction.min(spans.len().saturating_sub(1))).unwrap_or_default();
        let Some(span) = before.iter().rev().flatten().find(|span| span.line > 0) else {
            return Location::file(own.clone());
        };
        let file = self.source(span.source_index).unwrap_or(own);
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Location::at(file.clone(), number(span.line), number(span.column))
    }

    fn source(&self, index: usize) -> Option<&Arc<str>> {
        let info = self.program.rule_infos.iter().find(|info| {
            let start = info.definitions.iter().flatten().next().copied().unwrap_or(u32::MAX) as usize;
            let mut spans = self.program.instruction_spans.iter().skip(start).flatten();
            spans.find(|span| span.line > 0).is_some_and(|span| span.source_index == index)
        })?;
        let library = info.name.strip_prefix("data.lib.")?.split('.').next()?;
        let ending = format!("lib/{library}.rego");
        self.modules.iter().map(|module| &module.file).find(|file| file.ends_with(&ending))
    }
}
