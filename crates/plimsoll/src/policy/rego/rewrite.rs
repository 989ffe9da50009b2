//! Repairs source at load time so that the register machine computes what Rego means.
//!
//! The machine lets `v := input.nope` succeed with an undefined `v`, emits undefined items from
//! comprehensions, and drops an item from a comprehension that has no `some … in` of its own inside a
//! loop. Each is cured by a statement that changes nothing where the value exists: `; [v]` behind an
//! assignment, `; [head]` at the end of a body, `some _ in [0]; ` at the start of a comprehension. An array
//! with an undefined item is undefined, any other is true; `_ = v` would do the same, but the engine's
//! scheduler reads an equation both ways and may place it before what binds `v`. Insertions never contain a line break, so lines stay what they were.

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Rule, RuleHead};

use super::walk::{self, Visit};

/// The text with every insertion made.
pub(super) fn rewrite(module: &Module, text: &str) -> String {
    let mut insertions = Insertions { rules: rules(module), found: Vec::new() };
    walk::module(&mut insertions, module);
    insertions.found.sort_by_key(|(at, _)| *at);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut done = 0;
    for (at, insertion) in &insertions.found {
        // Spans come from the same text, so that a part is missing only by a defect of the parser.
        out.push_str(text.get(done..*at).unwrap_or_default());
        out.push_str(insertion);
        done = *at;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

struct Insertions {
    rules: Rules,
    found: Vec<(usize, String)>,
}

/// The names that stand for rules in a module: its own, and what it imports.
pub(super) type Rules = BTreeSet<String>;

pub(super) fn rules(module: &Module) -> Rules {
    let own = module.policy.iter().filter_map(|rule| {
        let refr = match rule.as_ref() {
            Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. }, .. }
            | Rule::Default { refr, .. } => refr,
        };
        walk::path(refr)?.0.into_iter().next()
    });
    let imported = module.imports.iter().filter_map(|import| match &import.r#as {
        Some(alias) => Some(alias.text().to_owned()),
        None => walk::path(&import.refr)?.0.pop(),
    });
    own.chain(imported).collect()
}

impl Insertions {
    fn add(&mut self, at: u32, text: String) {
        self.found.push((at as usize, text));
    }

    fn guard_end(&mut self, query: &Query, value: &Expr) {
        let Some(last) = query.stmts.last() else { return };
        for guard in guards(value, &self.rules).into_iter().filter(|guard| is_plain(guard)) {
            self.add(last.span.end, format!("; [{}]", guard.span().text()));
        }
    }
}

impl Visit for Insertions {
    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else { return };
        let value = match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref().map(|assign| &assign.value),
            RuleHead::Set { .. } => None,
        };
        // `else` beside a value that can be undefined is refused by the lint.
        if let (Some(value), [body]) = (value, &bodies[..])
            && body.query.span.text().starts_with('{')
        {
            self.guard_end(&body.query, value);
        }
    }

    fn statement(&mut self, statement: &LiteralStmt) {
        let Literal::Expr { expr, .. } = &statement.literal else { return };
        let Expr::AssignExpr { op, lhs, rhs, .. } = expr.as_ref() else { return };
        let variable = match (variable(lhs), variable(rhs), op) {
            (Some(name), _, _) if may_be_undefined(rhs, &self.rules) => name,
            (_, Some(name), AssignOp::Eq) if may_be_undefined(lhs, &self.rules) => name,
            _ => return,
        };
        if variable != "_" {
            self.add(statement.span.end, format!("; [{variable}]"));
        }
    }

    fn comprehension(&mut self, terms: &[&Expr], query: &Query) {
        for term in terms {
            self.guard_end(query, term);
        }
        if let Some(start) = query.stmts.first()
            && !query.stmts.iter().any(|statement| matches!(statement.literal, Literal::SomeIn { .. }))
        {
            self.add(start.span.start, "some _ in [0]; ".to_owned());
        }
    }
}

fn variable(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Var { span, .. } => Some(span.text()),
        _ => None,
    }
}

/// Whether an expression can be undefined; a variable can where it names a rule.
pub(super) fn may_be_undefined(expression: &Expr, rules: &Rules) -> bool {
    match expression {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. } => false,
        Expr::Var { span, .. } => rules.contains(span.text()),
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().any(|item| may_be_undefined(item, rules)),
        Expr::Object { fields, .. } => {
            fields.iter().any(|(_, key, value)| may_be_undefined(key, rules) || may_be_undefined(value, rules))
        }
        _ => true,
    }
}

/// The largest parts of a head that can be undefined: the head itself, or the members of a literal.
pub(super) fn guards<'a>(expression: &'a Expr, rules: &Rules) -> Vec<&'a Expr> {
    match expression {
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
            walk::children(expression).into_iter().flat_map(|child| guards(child, rules)).collect()
        }
        _ if may_be_undefined(expression, rules) => vec![expression],
        _ => Vec::new(),
    }
}

/// Whether a head can be repeated as a statement: one line, and nothing in it to be rewritten itself.
pub(super) fn is_plain(expression: &Expr) -> bool {
    struct Comprehensions(bool);
    impl Visit for Comprehensions {
        fn comprehension(&mut self, _: &[&Expr], _: &Query) {
            self.0 = true;
        }
    }
    let mut found = Comprehensions(false);
    walk::expression(&mut found, expression);
    !found.0 && !expression.span().text().contains('\n')
}

#[cfg(test)]
mod tests {
    use crate::policy::rego::source;

    fn rewritten(rego: &str) -> String {
        let text = format!("package a\n{rego}\n");
        let out = super::rewrite(&source::parse(&"f".into(), &text).unwrap(), &text);
        source::parse(&"f".into(), &out).unwrap();
        assert_eq!(out.lines().count(), text.lines().count());
        out.trim_start_matches("package a\n").trim_end().to_owned()
    }

    #[test]
    fn insertions_stand_where_they_belong() {
        for (before, after) in [
            ("p if { v := input.x # why\n v > 1 }", "p if { v := input.x; [v] # why\n v > 1 }"),
            ("p if { input.x = v }", "p if { input.x = v; [v] }"),
            ("p if { v := \"é\"; w := f(v)\n}", "p if { v := \"é\"; w := f(v); [w]\n}"),
            ("p := [c.p | some c in input.x]", "p := [c.p | some c in input.x; [c.p]]"),
            ("p := {k: f(v) | some k, v in input.x}", "p := {k: f(v) | some k, v in input.x; [f(v)]}"),
            ("p := {[a.b, 1] | a := input}", "p := {[a.b, 1] | some _ in [0]; a := input; [a.b]}"),
            ("p := {[a.b, 1] | a := input.x}", "p := {[a.b, 1] | some _ in [0]; a := input.x; [a.b]; [a]}"),
            ("f(x) := x.y if { x.z }", "f(x) := x.y if { x.z; [x.y] }"),
            ("p if { every x in [1] { v := input[x] } }", "p if { every x in [1] { v := input[x]; [v] } }"),
            ("p if { _ := input.x }", "p if { _ := input.x }"),
        ] {
            assert_eq!(rewritten(before), after);
        }
    }
}
