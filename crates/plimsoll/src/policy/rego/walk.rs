//! One descent over a syntax tree, shared by everything that looks at policies before they run.
//!
//! Recursion is bounded by [`bounds`](super::bounds), which every text passes before it is parsed.

use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Query, Rule, RuleBody, RuleHead};

/// What a descent reports; everything is visited before its children.
pub(super) trait Visit {
    fn rule(&mut self, _rule: &Rule) {}
    fn statement(&mut self, _statement: &LiteralStmt) {}
    fn expression(&mut self, _expression: &Expr) {}
    /// A comprehension's terms (one, or key and value) and its query.
    fn comprehension(&mut self, _terms: &[&Expr], _query: &Query) {}
}

pub(super) fn module(visit: &mut impl Visit, module: &Module) {
    for rule in &module.policy {
        visit.rule(rule);
        match rule.as_ref() {
            Rule::Spec { head, bodies, .. } => {
                head_of(visit, head);
                for RuleBody { assign, query: body, .. } in bodies {
                    if let Some(assign) = assign {
                        expression(visit, &assign.value);
                    }
                    query(visit, body);
                }
            }
            Rule::Default { refr, args, value, .. } => {
                expression(visit, refr);
                args.iter().for_each(|argument| expression(visit, argument));
                expression(visit, value);
            }
        }
    }
}

fn head_of(visit: &mut impl Visit, head: &RuleHead) {
    let (refr, args, value) = match head {
        RuleHead::Compr { refr, assign, .. } => (refr, &[][..], assign.as_ref().map(|assign| &assign.value)),
        RuleHead::Set { refr, key, .. } => (refr, &[][..], key.as_ref()),
        RuleHead::Func { refr, args, assign, .. } => (refr, &args[..], assign.as_ref().map(|assign| &assign.value)),
    };
    expression(visit, refr);
    args.iter().for_each(|argument| expression(visit, argument));
    if let Some(value) = value {
        expression(visit, value);
    }
}

fn query(visit: &mut impl Visit, query_: &Query) {
    for statement in &query_.stmts {
        visit.statement(statement);
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                if let Some(key) = key {
                    expression(visit, key);
                }
                expression(visit, value);
                expression(visit, collection);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expression(visit, expr),
            Literal::Every { domain, query: inner, .. } => {
                expression(visit, domain);
                query(visit, inner);
            }
        }
        for modifier in &statement.with_mods {
            expression(visit, &modifier.r#as);
        }
    }
}

/// Visits an expression and everything below it.
pub(super) fn expression(visit: &mut impl Visit, expression_: &Expr) {
    visit.expression(expression_);
    match expression_ {
        Expr::ArrayCompr { term, query: inner, .. } | Expr::SetCompr { term, query: inner, .. } => {
            visit.comprehension(&[term], inner);
            query(visit, inner);
        }
        Expr::ObjectCompr { key, value, query: inner, .. } => {
            visit.comprehension(&[key, value], inner);
            query(visit, inner);
        }
        _ => {}
    }
    for child in children(expression_) {
        expression(visit, child);
    }
}

/// The expressions directly below one, without the queries of comprehensions.
pub(super) fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => Vec::new(),
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().map(AsRef::as_ref).collect(),
        Expr::Object { fields, .. } => fields.iter().flat_map(|(_, key, value)| [key.as_ref(), value.as_ref()]).collect(),
        Expr::ArrayCompr { term, .. } | Expr::SetCompr { term, .. } => vec![term],
        Expr::ObjectCompr { key, value, .. } => vec![key, value],
        Expr::Call { fcn, params, .. } => std::iter::once(fcn).chain(params).map(AsRef::as_ref).collect(),
        Expr::UnaryExpr { expr, .. } => vec![expr],
        Expr::RefDot { refr, .. } => vec![refr],
        Expr::RefBrack { refr, index, .. } => vec![refr, index],
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).map(AsRef::as_ref).collect()
        }
    }
}

/// The path of a reference as far as it is literal: `data.lib["x"][i].y` is `data`, `lib`, `x`.
///
/// `None` where it does not start at a variable. The second part says whether all of it is literal.
pub(super) fn path(expression: &Expr) -> Option<(Vec<String>, bool)> {
    let mut links = Vec::new();
    let mut current = expression;
    loop {
        match current {
            Expr::RefDot { refr, field, .. } => {
                links.push(Some(field.0.text().to_owned()));
                current = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                links.push(literal(index));
                current = refr;
            }
            Expr::Var { span, .. } => {
                links.push(Some(span.text().to_owned()));
                break;
            }
            _ => return None,
        }
    }
    let whole = links.iter().all(Option::is_some);
    Some((links.into_iter().rev().map_while(|link| link).collect(), whole))
}

/// The text of a string literal.
pub(super) fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().ok().map(std::string::ToString::to_string)
        }
        _ => None,
    }
}
