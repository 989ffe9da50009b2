//! What a module reaches outside itself: imports, documents, built-in functions.
//!
//! What it may not reach is an error here, in every executor: another policy, `data` as a whole, a
//! function that is not allowed. What it does read decides how often it must run: a policy that reads
//! no environment has one answer for equal resources of all environments.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Import, LiteralStmt, Module};

use super::walk::{self, Visit};
use super::{builtins, source};
use crate::Error;
use crate::policy::nearest;

/// Which documents a policy reads, with everything it imports; too much rather than too little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a document that is read or is not")]
pub struct Reads {
    /// `input.environment` (or `input` as a whole).
    pub environment: bool,
    /// `input.params` (or `input` as a whole).
    pub params: bool,
    /// `data.facts`, whatever of it.
    pub facts: bool,
    /// The objects or namespaces in `data.facts` (or all of it).
    pub objects: bool,
    /// What is derived about a resource from others: `input.facts`, but for its [own](OWN) members.
    pub joins: bool,
}

/// The facts about a resource that are derived from it alone.
const OWN: [&str; 2] = ["quantities", "secrets"];

impl Reads {
    /// Whether the answer for one resource does not depend on the environment, apart from parameters.
    pub fn is_local(self) -> bool {
        !self.environment && !self.facts
    }

    pub(super) fn join(self, other: Self) -> Self {
        Self {
            environment: self.environment || other.environment,
            params: self.params || other.params,
            facts: self.facts || other.facts,
            objects: self.objects || other.objects,
            joins: self.joins || other.joins,
        }
    }
}

/// What one module reaches.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) reads: Reads,
    /// Packages below `data.lib`, as `lib.<name>`.
    pub(super) libraries: BTreeSet<String>,
    pub(super) faults: Vec<Error>,
}

/// Looks at every reference and call of a module.
pub(super) fn reach(module: &Module) -> Reach {
    let mut visit = Visitor { reach: Reach::default(), aliases: BTreeMap::new(), inner: BTreeSet::new() };
    for import in &module.imports {
        visit.import(import);
    }
    walk::module(&mut visit, module);
    visit.reach
}

struct Visitor {
    reach: Reach,
    /// What an imported name stands for.
    aliases: BTreeMap<String, Vec<String>>,
    /// Heads of references already looked at as part of a longer one, by place.
    inner: BTreeSet<(u32, u32)>,
}

impl Visit for Visitor {
    fn statement(&mut self, statement: &LiteralStmt) {
        if let Some(modifier) = statement.with_mods.first() {
            let error = source::at(&modifier.span, "`with` is not supported");
            self.reach.faults.push(error.with_help("leave `with` out; a policy sees one input"));
        }
    }

    fn expression(&mut self, expression: &Expr) {
        if let Expr::Call { fcn, params, .. } = expression {
            self.call(fcn);
            if let [object, key, ..] = params.as_slice() {
                self.member(fcn, object, key);
            }
        }
        if !matches!(expression, Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. })
            || self.is_inner(expression)
        {
            return;
        }
        self.pass_over_below(expression);
        if let Some((path, _)) = walk::path(expression) {
            let path = self.resolve(path);
            self.document(expression, &path.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

impl Visitor {
    /// What a reference is part of has been looked at with all of it.
    fn pass_over_below(&mut self, reference: &Expr) {
        let mut below = reference;
        while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = below {
            below = refr;
            self.inner.insert((below.span().start, below.span().end));
        }
    }

    fn is_inner(&self, expression: &Expr) -> bool {
        self.inner.contains(&(expression.span().start, expression.span().end))
    }

    fn import(&mut self, import: &Import) {
        let Some((path, _)) = walk::path(&import.refr) else { return };
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts[..] {
            ["rego" | "future", ..] => return,
            // What of it is read shows where the name is used.
            ["data", "facts"] => self.reach.reads.facts = true,
            ["data", "lib" | "facts", ..] => self.document(&import.refr, &parts),
            _ => self.reach.faults.push(
                source::at(&import.span, format!("a policy cannot import `{}`", path.join(".")))
                    .with_help("import `data.lib.<name>` or `data.facts`"),
            ),
        }
        let name = import.r#as.as_ref().map(|alias| alias.text().to_owned()).or_else(|| path.last().cloned());
        self.aliases.extend(name.map(|name| (name, path)));
    }

    fn resolve(&self, mut path: Vec<String>) -> Vec<String> {
        match path.first().and_then(|first| self.aliases.get(first)) {
            Some(target) => {
                path.splice(0..1, target.iter().cloned());
                path
            }
            None => path,
        }
    }

    fn document(&mut self, at: &Expr, path: &[&str]) {
        match path {
            ["input"] => {
                let all = Reads { environment: true, params: true, joins: true, ..Reads::default() };
                self.reach.reads = self.reach.reads.join(all);
            }
            ["input", "environment" | "environments", ..] => self.reach.reads.environment = true,
            ["input", "params", ..] => self.reach.reads.params = true,
            ["input", "id" | "resource" | "workload", ..] => {}
            ["input", "facts", name, ..] if OWN.contains(name) => {}
            ["input", ..] => self.reach.reads.joins = true,
            ["data", "facts", rest @ ..] => {
                self.reach.reads.facts = true;
                self.reach.reads.objects |= matches!(rest, [] | ["objects" | "namespaces", ..]);
            }
            ["data", "lib", name, ..] => {
                self.reach.libraries.insert(format!("lib.{name}"));
            }
            ["data", ..] => self.reach.faults.push(
                source::at(at.span(), format!("a policy cannot read `{}`", path.join(".")))
                    .with_help("a policy sees input, `data.facts` and `data.lib.<name>`; share rules through `lib/`"),
            ),
            _ => {}
        }
    }

    /// `object.get(input.facts, "secrets", [])` reads one member only.
    fn member(&mut self, function: &Expr, object: &Expr, key: &Expr) {
        let is = |expression: &Expr, name: &str| {
            walk::path(expression).is_some_and(|(path, whole)| whole && path.join(".") == name)
        };
        if let Some(key) = walk::literal(key)
            && is(function, "object.get")
            && is(object, "input.facts")
        {
            self.inner.insert((object.span().start, object.span().end));
            self.pass_over_below(object);
            self.document(object, &["input", "facts", &key]);
        }
    }

    fn call(&mut self, function: &Expr) {
        let Some((path, true)) = walk::path(function) else { return };
        let name = path.join(".");
        if self.aliases.contains_key(&path[0]) || !builtins::exists(&name) || builtins::allowed(&name) {
            return;
        }
        let error = source::at(function.span(), format!("a policy may not call `{name}`"));
        self.reach.faults.push(match nearest(&name, builtins::ALLOWED) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error
                .with_help("clocks, randomness, the host and unbounded results are not for policies; compute a fact"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rego: &str) -> Reach {
        reach(&source::parse(&"f".into(), &format!("package a\n{rego}\n")).unwrap())
    }

    #[test]
    fn reads_are_found_wherever_they_stand() {
        let (none, facts) = (Reads::default(), Reads { facts: true, ..Reads::default() });
        let environment = Reads { environment: true, ..none };
        let params = Reads { params: true, ..none };
        let joins = Reads { joins: true, ..none };
        let input = environment.join(params).join(joins);
        let objects = Reads { objects: true, ..facts };
        for (rego, reads) in [
            ("p if { input.resource.kind == \"Pod\" }", none),
            ("p if { input.environment.tier == \"dr\" }", environment),
            ("p if { input[\"environment\"] }", environment),
            ("p if { x := input[k]; k := \"params\" }", input),
            ("p if { f(input) }", input),
            ("p if { x := [y | some y in input.params.list] }", params),
            ("p if { some x in data.facts.parity }", facts),
            ("import data.facts\np if { some x in facts.parity }", facts),
            ("p if { some x in data.facts.objects }", objects),
            ("import data.facts\np if { some x in facts.objects }", objects),
            ("import data.facts.objects\np if { some x in objects }", objects),
            ("p if { some k; data.facts[k] }", objects),
            ("import data.facts\np if { f(facts) }", objects),
            ("p if { object.get(input, \"environment\", {}) }", input),
            ("p if { some x in input.facts.secrets; input.resource.x; input.workload; input.id }", none),
            ("p if { some x in object.get(input.facts, \"quantities\", []) }", none),
            ("p if { some x in input.facts.services }", joins),
            ("p if { some x in object.get(input.facts, \"services\", []) }", joins),
            ("p if { object.get(input.facts, \"secrets\", []); f(input.facts) }", joins),
            ("p if { input.facts[k]; k := \"secrets\" }", joins),
            ("p if { input.later }", joins),
        ] {
            let reach = of(rego);
            assert_eq!(reach.faults, [], "{rego}");
            assert_eq!(reach.reads, reads, "{rego}");
        }
    }

    #[test]
    fn libraries_and_what_is_out_of_reach() {
        let reach = of("import data.lib.pods\nimport data.lib.images as i\np if { pods.f(1); i.x; data.lib.other.z }");
        assert_eq!(reach.faults, []);
        assert_eq!(
            reach.libraries.iter().map(String::as_str).collect::<Vec<_>>(),
            ["lib.images", "lib.other", "lib.pods"]
        );
        for (rego, message) in [
            ("p if { data.policies.x.y }", "cannot read `data.policies.x.y`"),
            ("p if { x := data; x.y }", "cannot read `data`"),
            ("p if { data[input.x] }", "cannot read `data`"),
            ("import data.policies.x\np if { x.y }", "cannot import"),
            ("import input.resource\np if { resource }", "cannot import"),
            ("p if { rand.intn(\"a\", 3) > 1 }", "may not call `rand.intn`"),
            ("p if { x := numbers.range(1, 30000000) }", "may not call `numbers.range`"),
            ("p if { walk(input, [p, v]) }", "may not call `walk`"),
            ("p if { print(1) }", "may not call `print`"),
            ("p if { true with input as 1 }", "`with` is not supported"),
        ] {
            let faults = of(rego).faults;
            assert!(faults.iter().any(|fault| fault.message().contains(message)), "{rego}: {faults:?}");
            assert!(faults.iter().all(|fault| fault.help().is_some() && fault.location().is_some()));
        }
    }
}
