//! Regular expressions, with the engine that runs in linear time.

use minijinja::{Error, State, Value};
use regex::{Regex, RegexBuilder};

use super::{MAX_TEXT, Outcome, bounded, fault, int, text};
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["regexMatch", "regex_match", "mustRegexMatch"], Piped::Second, (2, 2), |_, args| {
        Ok(Value::from(compile(&args[0])?.is_match(&text(&args[1])?)))
    }),
    Function::new(&["regexFind", "regex_find", "mustRegexFind"], Piped::Second, (2, 2), |_, args| {
        let text = text(&args[1])?;
        Ok(Value::from(compile(&args[0])?.find(&text).map_or("", |found| found.as_str())))
    }),
    Function::new(&["regexFindAll", "regex_find_all", "mustRegexFindAll"], Piped::Second, (2, 3), |_, args| {
        let text = text(&args[1])?;
        let found = compile(&args[0])?;
        Ok(found.find_iter(&text).take(most(args.get(2))?).map(|one| Value::from(one.as_str().to_owned())).collect())
    }),
    Function::new(&["regexReplaceAll", "regex_replace_all", "mustRegexReplaceAll"], Piped::Second, (3, 3), replace_all),
    Function::new(&["regexReplaceAllLiteral", "regex_replace_all_literal"], Piped::Second, (3, 3), |_, args| {
        replaced(&args[0], &args[1], regex::NoExpand(&text(&args[2])?))
    }),
    Function::new(&["regexSplit", "regex_split", "mustRegexSplit"], Piped::Second, (2, 3), |_, args| {
        let text = text(&args[1])?;
        let pattern = compile(&args[0])?;
        Ok(pattern.splitn(&text, most(args.get(2))?).map(|part| Value::from(part.to_owned())).collect())
    }),
    Function::new(&["regexQuoteMeta", "regex_quote_meta"], Piped::First, (1, 1), |_, args| {
        bounded(regex::escape(&text(&args[0])?))
    }),
];

fn compile(pattern: &Value) -> Result<Regex, Error> {
    let pattern = text(pattern)?;
    RegexBuilder::new(&pattern).size_limit(1 << 20).build().map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        fault(format!("`{pattern}` is not a regular expression: {reason}"))
    })
}

/// Helm's `n`: negative, or left out, for all.
fn most(count: Option<&Value>) -> Result<usize, Error> {
    let count = count.map_or(Ok(-1), |count| int(count, "the count"))?;
    Ok(usize::try_from(count).unwrap_or(super::MAX_ITEMS).min(super::MAX_ITEMS))
}

/// Go reads `$1x` as the group `1x`, like this engine; `${1}x` works in both.
fn replace_all(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let replacement = text(&args[2])?;
    replaced(&args[0], &args[1], &*replacement)
}

fn replaced(pattern: &Value, value: &Value, replacement: impl regex::Replacer) -> Outcome {
    let value = text(value)?;
    let mut replacement = replacement;
    let pattern = compile(pattern)?;
    let (mut out, mut from) = (String::with_capacity(value.len()), 0);
    for found in pattern.captures_iter(&value) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&value[from..whole.start()]);
        replacement.replace_append(&found, &mut out);
        from = whole.end();
        if out.len() > MAX_TEXT {
            return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
        }
    }
    out.push_str(&value[from..]);
    bounded(out)
}
