//! From text to a syntax tree, and from the engine's messages to errors with a place.

use std::sync::Arc;

use regorus::unstable::{Module, Parser, Source, Span};

use super::bounds;
use crate::policy::fault;
use crate::{Error, ErrorKind, Location};

/// Parses one file of Rego, version 1, within [`bounds`].
pub(super) fn parse(file: &Arc<str>, text: &str) -> Result<Module, Error> {
    bounds::check(file, text)?;
    super::guarded(|| {
        let source = Source::from_contents(file.to_string(), text.to_owned())?;
        let mut parser = Parser::new(&source)?;
        parser.enable_rego_v1()?;
        parser.parse()
    })
    .map_err(|panic| internal(file, &panic))?
    .map_err(|error| engine_error(file, &error.to_string()))
}

/// An error at a place of the tree.
pub(super) fn at(span: &Span, message: impl Into<String>) -> Error {
    fault(&Arc::from(span.source.get_path().as_str()), span.line, span.col, message)
}

/// The engine failed in a way it should not have.
pub(super) fn internal(file: &Arc<str>, message: &str) -> Error {
    Error::new(ErrorKind::Policy, format!("the Rego engine failed on this policy: {message}"))
        .with_location(Location::file(file.clone()))
        .with_help("this is a defect of the engine; please report it with the policy")
}

/// Reads the engine's message, whose first line is `--> file:line:column` and whose last is `error: text`.
pub(super) fn engine_error(file: &Arc<str>, message: &str) -> Error {
    let place = message.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some((Arc::from(parts.next()?), line, column))
    });
    let text = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(message).trim();
    let text = text.strip_prefix("error: ").unwrap_or(text).trim_end_matches('.');
    let error = match place {
        Some((file, line, column)) => fault(&file, line, column, text),
        None => Error::new(ErrorKind::Policy, text).with_location(Location::file(file.clone())),
    };
    match help(text) {
        Some(help) => error.with_help(help),
        None => error.with_help("policies are Rego version 1: `import rego.v1`"),
    }
}

fn help(text: &str) -> Option<&'static str> {
    Some(match text {
        _ if text.contains("recursion") => "Rego has no recursion; use `some … in`, or compute it as a fact",
        _ if text.contains("`with` keyword") => "leave `with` out; a policy sees one input",
        _ if text.to_lowercase().contains("unknown function") || text.contains("could not find function") => {
            "the built-in functions a policy may call are listed in docs/policies.md; shared ones need `import data.lib.<name>`"
        }
        _ if text.contains("unsafe") || text.contains("Undefined variable") => "bind the variable in the body first",
        _ if text.contains("`if` keyword") => "write `violation contains x if { … }`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_have_a_place() {
        let error = parse(&"a/policy.rego".into(), "package a\n\nx := if {\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy);
        let place = error.location().unwrap();
        assert_eq!((&*place.file, place.line), ("a/policy.rego", Some(3)));
        assert!(!error.message().contains('\n'), "{error}");
    }

    /// What the parser does with hostile text must be an answer, in time, on a small stack.
    #[test]
    fn hostile_text_does_not_hurt() {
        let texts = [
            format!("package a\nx := {}1", "(".repeat(20_000)),
            format!("package a\nx := {}1{}", "(".repeat(23), ")".repeat(23)),
            format!("package a\nx := {}1{}", "[".repeat(11), "]".repeat(11)),
            format!("package a\nx := {}1{}", "{".repeat(11), "}".repeat(11)),
            format!("package a\nx := {}1{}", "{1:".repeat(11), "}".repeat(11)),
            format!("package a\nx := {}1{}", "[1|".repeat(11), "]".repeat(11)),
            format!("package a\nx if {}", "not ".repeat(200)),
            format!("package a\nx if {}", "every x in y { ".repeat(11)),
            format!("package a\nx := 1{}", " + 1".repeat(127)),
            format!("package a\nx := 1{}", "\nelse := 1 if { 1 }".repeat(5000)),
            format!("package a{}", ".b".repeat(120)),
            format!("package a\n{}", "x := 1e999999999\n".repeat(3)),
            "package a\nx := \"\\".to_owned(),
            "\u{0}".to_owned(),
            String::new(),
        ];
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            for text in texts {
                parse(&"f".into(), &text).ok();
            }
        });
        thread.unwrap().join().unwrap();
    }
}
