//! What the register machine is known to get wrong and no rewriting repairs.
//!
//! A policy that trips none of these runs on the machine; one that does runs on the interpreter when it
//! is a user's, with the first of these as the reason, and is refused when it is built in. Each check
//! stands for a difference from Open Policy Agent, or between the engine's two executors, that was
//! reproduced; the tests of `differences.rs` keep them.

use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Rule, RuleBody, RuleHead};

use super::rewrite::{self, Rules, may_be_undefined};
use super::walk::{self, Visit};
use super::{builtins, source};
use crate::Error;

/// The register machine passes at most this many arguments, silently.
const MAX_ARGUMENTS: usize = 8;

/// Everything in a module that the register machine cannot be trusted with, in source order.
pub(super) fn check(module: &Module) -> Vec<Error> {
    let mut lint = Lint { rules: rewrite::rules(module), found: Vec::new() };
    walk::module(&mut lint, module);
    lint.found.sort_by(|a, b| a.location().cmp(&b.location()));
    lint.found
}

struct Lint {
    rules: Rules,
    found: Vec<Error>,
}

impl Visit for Lint {
    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else { return };
        let refr = match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
        };
        if !matches!(refr.as_ref(), Expr::Var { .. }) {
            self.add(refr, "the name of a rule is a reference", "name the rule with one word: `x := y if { … }`");
        }
        if let RuleHead::Set { key: Some(key), .. } = head
            && let Some(inner) = first(key, &|e| is_reference(e) || matches!(e, Expr::Call { .. }))
        {
            let message = format!("the head of a rule holds `{}`, which can be undefined", shown(inner));
            self.add(inner, message, "bind it to a variable in the body, and use that in the head");
        }
        self.bodies(head, bodies);
    }

    fn statement(&mut self, statement: &LiteralStmt) {
        if let Literal::NotExpr { expr, .. } = &statement.literal
            && let Expr::Call { params, .. } = expr.as_ref()
            && let Some(inner) = params.iter().find_map(|param| first(param, &is_reference))
        {
            let message = format!("`not` calls a function with `{}`, which can be undefined", shown(inner));
            self.add(inner, message, "bind the argument to a variable first: `x := …; not f(x)`");
        }
    }

    fn expression(&mut self, expression: &Expr) {
        if let Expr::Call { fcn, params, .. } = expression {
            if params.len() > MAX_ARGUMENTS {
                let message = format!("a call has {} arguments; at most {MAX_ARGUMENTS} arrive", params.len());
                self.add(expression, message, "pass an object");
            }
            let name = walk::path(fcn).map(|(path, _)| path.join(".")).unwrap_or_default();
            if name == "sprintf" {
                self.sprintf(params);
            }
            if let Some(pattern) = builtins::pattern_argument(&name).and_then(|at| params.get(at))
                && let Some(text) = walk::literal(pattern)
                && let Err(error) = regex::RegexBuilder::new(&text).size_limit(builtins::REGEX_BYTES).build()
            {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.add(pattern, format!("the regular expression does not compile: {reason}"), "mend the pattern; `[a-z0-9]` is far smaller than `\\w`");
            }
        }
    }

    fn comprehension(&mut self, terms: &[&Expr], _query: &regorus::unstable::Query) {
        for term in terms {
            if let Some(inner) = rewrite::guards(term, &self.rules).into_iter().find(|inner| !rewrite::is_plain(inner)) {
                self.add(
                    inner,
                    "the head of a comprehension is more than one line or holds another comprehension",
                    "bind it to a variable in the comprehension's body",
                );
            }
        }
    }
}

impl Lint {
    fn add(&mut self, at: &Expr, message: impl Into<String>, help: &str) {
        self.found.push(source::at(at.span(), message).with_help(help));
    }

    fn bodies(&mut self, head: &RuleHead, bodies: &[RuleBody]) {
        for body in bodies {
            let Some(statement) = body.query.stmts.first() else { continue };
            if !body.query.span.text().starts_with('{') || statement.span.start == body.query.span.start {
                self.found
                    .push(source::at(&statement.span, "the body of a rule has no braces").with_help("write `if { … }`"));
            }
        }
        if !bodies.iter().any(|body| body.is_else) {
            return;
        }
        let value = match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref().map(|assign| &assign.value),
            RuleHead::Set { .. } => None,
        };
        let own = bodies.iter().filter_map(|body| body.assign.as_ref().map(|assign| &assign.value));
        for value in value.into_iter().chain(own) {
            if may_be_undefined(value, &self.rules) {
                let message = format!("`else` stands beside the value `{}`, which can be undefined", shown(value));
                self.add(value, message, "bind the value in the body, or write rules with exclusive bodies");
            }
        }
    }

    fn sprintf(&mut self, params: &[regorus::unstable::Ref<Expr>]) {
        let [format, values] = params else { return };
        let Some(text) = walk::literal(format) else {
            self.add(format, "the format of sprintf is not a literal", "write the format where it is used");
            return;
        };
        match verbs(&text) {
            Err(verb) => {
                self.add(format, format!("sprintf has no verb `{verb}` here"), "the verbs are %s %d %v %q %x and %.1f");
            }
            Ok(count) => {
                if let Expr::Array { items, .. } = values.as_ref()
                    && items.len() != count
                {
                    let message = format!("sprintf has {count} verbs and {} values", items.len());
                    self.add(format, message, "give one value for each verb");
                }
            }
        }
    }
}

/// How many values a format takes, or the verb that is not supported.
fn verbs(format: &str) -> Result<usize, String> {
    let mut count = 0;
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(after) = after.strip_prefix('%') {
            rest = after;
            continue;
        }
        let precise = after.strip_prefix('.').map(|digits| digits.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest = match (precise, after.chars().next()) {
            (Some(float), _) if float.starts_with('f') && !after.starts_with(".f") => &float[1..],
            (_, Some('s' | 'd' | 'v' | 'q' | 'x')) => &after[1..],
            _ => return Err(std::iter::once('%').chain(after.chars().take(1)).collect()),
        };
        count += 1;
    }
    Ok(count)
}

fn is_reference(expression: &Expr) -> bool {
    matches!(expression, Expr::RefDot { .. } | Expr::RefBrack { .. })
}

/// The first expression in or below one that satisfies `wanted`; names of functions do not count, nor
/// what stands inside a comprehension, which is never undefined.
fn first<'a>(expression: &'a Expr, wanted: &dyn Fn(&Expr) -> bool) -> Option<&'a Expr> {
    if wanted(expression) {
        return Some(expression);
    }
    match expression {
        Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => None,
        Expr::Call { params, .. } => params.iter().find_map(|param| first(param, wanted)),
        _ => walk::children(expression).into_iter().find_map(|child| first(child, wanted)),
    }
}

/// One line of an expression's source, for a message.
fn shown(expression: &Expr) -> String {
    let text: String = expression.span().text().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(rego: &str) -> Vec<String> {
        let text = format!("package a\n\n{rego}\n");
        let module = source::parse(&"f".into(), &text).unwrap();
        let found = check(&module);
        assert!(found.iter().all(|error| error.help().is_some()));
        found.iter().map(ToString::to_string).collect()
    }

    fn one(rego: &str, part: &str) {
        let found = messages(rego);
        assert!(found.len() == 1 && found[0].starts_with("f:3:") && found[0].contains(part), "{rego}: {found:?}");
    }

    #[test]
    fn each_rejection() {
        one("p if { not f(input.x) }", "`not` calls a function with `input.x`");
        one("p if { not startswith(lower(input.x), \"a\") }", "`input.x`");
        one("p contains input.x if { true }", "head of a rule holds `input.x`");
        one("p contains {\"m\": sprintf(\"%s\", [x])} if { x := 1 }", "head of a rule holds `sprintf(");
        one("p if { f(1, 2, 3, 4, 5, 6, 7, 8, 9) }", "9 arguments");
        one("p.a.b := 1", "name of a rule is a reference");
        one("p[x] := 1 if { some x in [1] }", "name of a rule is a reference");
        one("p contains x if some x in [1]", "no braces");
        one("p if { x := sprintf(\"%t\", [true]) }", "no verb `%t`");
        one("p if { x := sprintf(\"%5d\", [1]) }", "no verb `%5`");
        one("p if { x := sprintf(\"%s %s\", [1]) }", "2 verbs and 1 values");
        one("p if { x := sprintf(input.f, [1]) }", "not a literal");
        one("p if { regex.match(`(`, \"x\") }", "does not compile");
        one("p if { regex.replace(\"x\", `[z-a]`, \"y\") }", "does not compile");
        one("p := input.x if { true } else := 2", "`else` stands beside the value `input.x`");
        one("p := 1 if { true } else := input.y if { true } else := 3", "`input.y`");
        one("p := [f([1 | true]) | true]", "head of a comprehension");
    }

    #[test]
    fn ordinary_rego_passes() {
        for rego in [
            "p contains {\"path\": path, \"message\": m} if { some i in [1]; path := input.x; m := sprintf(\"%s %.1f%%\", [i, 2]) }",
            "p if { x := input.x; not f(x, [y | y := input.z], \"a\") }",
            "p if { not input.x }",
            "p if { regex.match(`(?i)\\bfoo\\d\\w`, \"x\") }",
            "p := x if { x := 1 } else := 2 if { input.y } else := 3",
            "p := input.x if { input.y }",
            "f(x) := y if { y := x.z }",
            "default p := 1",
            "p := [c.name | some c in input.x]",
        ] {
            assert_eq!(messages(rego), [""; 0], "{rego}");
        }
    }
}
