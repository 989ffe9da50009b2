//! The engine's own filters and tests, behind the same door as ours.
//!
//! Those that escape for HTML are not offered: nothing here writes HTML. Those that collect what they
//! are given, or make more of it than that, are told no earlier than [`bounded`] has looked at it: the
//! engine counts instructions, and each of them is one.

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value, filters, tests};

use super::{MAX_ITEMS, MAX_TEXT, Outcome, items, text};
use crate::render::jinja::register::{without_markers, wrap_test};
use crate::render::jinja::run;

/// The largest width and precision of a verb of `format`.
const MAX_SIZE: usize = 1_000;

pub(in crate::render::jinja) fn register(env: &mut Environment<'static>) {
    for name in ["safe", "escape", "e", "pprint", "urlencode"] {
        env.remove_filter(name);
    }
    // It prints everything the template sees.
    env.remove_global("debug");
    filter(env, "capitalize", Value::from_function(filters::capitalize), without_markers);
    filter(env, "sort", Value::from_function(filters::sort), without_markers);
    filter(env, "unique", Value::from_function(filters::unique), without_markers);
    filter(env, "groupby", Value::from_function(filters::groupby), without_markers);
    filter(env, "bool", Value::from_function(filters::bool), without_markers);
    filter(env, "sum", Value::from_function(filters::sum), without_markers);
    // What these hand on is laid out where it is printed, so that they leave the markers.
    filter(env, "select", Value::from_function(filters::select), std::convert::identity);
    filter(env, "selectattr", Value::from_function(filters::selectattr), std::convert::identity);
    filter(env, "reject", Value::from_function(filters::reject), std::convert::identity);
    filter(env, "rejectattr", Value::from_function(filters::rejectattr), std::convert::identity);
    filter(env, "map", Value::from_function(filters::map), std::convert::identity);
    filter(env, "chain", Value::from_function(filters::chain), std::convert::identity);
    filter(env, "zip", Value::from_function(filters::zip), std::convert::identity);
    let batch = Value::from_function(filters::batch);
    env.add_filter("batch", move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        let args = bounded(args.into_values())?;
        batch_fits(&args)?;
        made(batch.call(state, &args)?)
    });
    let format = Value::from_function(filters::format);
    env.add_filter("format", move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        let args = bounded(without_markers(args.into_values()))?;
        format_fits(&args)?;
        made(format.call(state, &args)?)
    });
    wrap_test(env, "startingwith", Value::from_function(tests::is_startingwith));
    wrap_test(env, "endingwith", Value::from_function(tests::is_endingwith));
    wrap_test(env, "eq", Value::from_function(tests::is_eq));
    wrap_test(env, "equalto", Value::from_function(tests::is_eq));
    wrap_test(env, "ne", Value::from_function(tests::is_ne));
    wrap_test(env, "in", Value::from_function(tests::is_in));
    wrap_test(env, "lower", Value::from_function(tests::is_lower));
    wrap_test(env, "upper", Value::from_function(tests::is_upper));
}

/// Wraps one of the engine's own filters; `prepare` is what happens to its arguments first.
fn filter(env: &mut Environment<'static>, name: &'static str, inner: Value, prepare: fn(Vec<Value>) -> Vec<Value>) {
    env.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        made(inner.call(state, &prepare(bounded(args.into_values())?))?)
    });
}

/// Arguments with lists of a bounded length; one that is computed while it is read may be without end.
fn bounded(args: Vec<Value>) -> Result<Vec<Value>, Error> {
    let one = |arg: Value| match arg.kind() {
        ValueKind::Iterable => items(&arg, "the argument").map(Value::from),
        ValueKind::Seq if arg.len().is_some_and(|length| length > MAX_ITEMS) => Err(too_long()),
        _ => Ok(arg),
    };
    args.into_iter().map(one).collect()
}

fn made(value: Value) -> Outcome {
    run::made(&value)?;
    Ok(value)
}

/// With something to fill up with, the last batch is as long as asked for.
fn batch_fits(args: &[Value]) -> Result<(), Error> {
    let count = args.get(1).and_then(Value::as_usize);
    if args.len() > 2 && count.is_some_and(|count| count > MAX_ITEMS) {
        return Err(too_long());
    }
    Ok(())
}

fn too_long() -> Error {
    run::limit(format!("a list has more than {MAX_ITEMS} items"))
}

/// Whether what `format` makes has a bounded length: the format, what the verbs ask for, the arguments.
fn format_fits(args: &[Value]) -> Result<(), Error> {
    let Some((format, args)) = args.split_first() else { return Ok(()) };
    let Some(format) = format.as_str() else { return Ok(()) };
    let (mut length, mut verbs) = (format.len(), 0_usize);
    for verb in format.split('%').skip(1) {
        verbs += 1;
        length = length.saturating_add(verb_size(verb)?);
    }
    for arg in args {
        let longest = text(arg)?.len();
        // A map is asked by name, as often as the format likes.
        let times = if arg.kind() == ValueKind::Map { verbs } else { 1 };
        length = length.saturating_add(longest.saturating_mul(times));
    }
    if length > MAX_TEXT {
        return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
    }
    Ok(())
}

/// Width and precision of a verb: `(name)`, flags, width, `.`, precision, as Python's `%` has them.
fn verb_size(verb: &str) -> Result<usize, Error> {
    let rest = verb.strip_prefix('(').and_then(|name| name.split_once(')')).map_or(verb, |(_, rest)| rest);
    let (width, rest) = number(rest.trim_start_matches(['#', '0', '-', ' ', '+']))?;
    let (precision, _) = rest.strip_prefix('.').map_or(Ok((0, "")), number)?;
    Ok(width + precision)
}

fn number(text: &str) -> Result<(usize, &str), Error> {
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    match digits.parse::<usize>() {
        Ok(size) if size <= MAX_SIZE => Ok((size, rest)),
        _ if digits.is_empty() => Ok((0, rest)),
        _ => Err(run::limit(format!("a width or precision of `format` is larger than {MAX_SIZE}"))),
    }
}
