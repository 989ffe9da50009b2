//! Lists.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::{MAX_ITEMS, Outcome, fault, int, is_empty, items, text};
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

const MANY: usize = usize::MAX;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["list", "tuple"], Piped::First, (0, MANY), list).raw(),
    Function::new(&["first"], Piped::First, (1, 1), |_, args| {
        Ok(sequence(&args[0])?.first().cloned().unwrap_or_else(|| Value::from(())))
    }),
    Function::new(&["last"], Piped::First, (1, 1), |_, args| {
        Ok(sequence(&args[0])?.last().cloned().unwrap_or_else(|| Value::from(())))
    }),
    Function::new(&["rest"], Piped::First, (1, 1), |_, args| {
        Ok(items(&args[0], "the argument of `rest`")?.into_iter().skip(1).collect())
    }),
    Function::new(&["initial"], Piped::First, (1, 1), |_, args| {
        let mut list = items(&args[0], "the argument of `initial`")?;
        list.pop();
        Ok(Value::from(list))
    }),
    Function::new(&["append", "push"], Piped::First, (2, 2), |_, args| {
        let mut list = items(&args[0], "the first argument of `append`")?;
        list.push(args[1].clone());
        Ok(Value::from(list))
    }),
    Function::new(&["prepend"], Piped::First, (2, 2), |_, args| {
        let mut list = items(&args[0], "the first argument of `prepend`")?;
        list.insert(0, args[1].clone());
        Ok(Value::from(list))
    }),
    Function::new(&["concat"], Piped::First, (1, MANY), concat),
    Function::new(&["uniq"], Piped::First, (1, 1), |_, args| {
        let list = items(&args[0], "the argument of `uniq`")?;
        let mut seen = std::collections::HashSet::new();
        Ok(list.into_iter().filter(|item| seen.insert(item.clone())).collect())
    }),
    Function::new(&["without"], Piped::First, (1, MANY), |_, args| {
        let list = items(&args[0], "the first argument of `without`")?;
        Ok(list.into_iter().filter(|item| !args[1..].contains(item)).collect())
    }),
    Function::new(&["has"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(items(&args[1], "the list given to `has`")?.contains(&args[0])))
    }),
    Function::new(&["compact"], Piped::First, (1, 1), |_, args| {
        Ok(items(&args[0], "the argument of `compact`")?.into_iter().filter(|item| !is_empty(item)).collect())
    }),
    Function::new(&["sortAlpha", "sort_alpha"], Piped::First, (1, 1), |_, args| {
        let mut texts = items(&args[0], "the argument of `sortAlpha`")?
            .iter()
            .map(|item| text(item).map(std::borrow::Cow::into_owned))
            .collect::<Result<Vec<_>, _>>()?;
        texts.sort();
        Ok(Value::from(texts))
    }),
    Function::new(&["reverse"], Piped::First, (1, 1), |_, args| match args[0].kind() {
        ValueKind::String => Ok(Value::from(text(&args[0])?.chars().rev().collect::<String>())),
        _ => Ok(items(&args[0], "the argument of `reverse`")?.into_iter().rev().collect()),
    }),
    Function::new(&["slice"], Piped::First, (1, 3), slice),
    Function::new(&["len", "length", "count"], Piped::First, (1, 1), |_, args| match args[0].kind() {
        ValueKind::Iterable => Ok(Value::from(items(&args[0], "the argument of `len`")?.len())),
        _ => args[0].len().map(Value::from).ok_or_else(|| fault("`len` takes text, a list or a map")),
    }),
    Function::new(&["until"], Piped::First, (1, 1), |_, args| {
        let end = int(&args[0], "the end")?;
        steps(0, end, if end < 0 { -1 } else { 1 })
    }),
    Function::new(&["untilStep", "until_step"], Piped::First, (3, 3), |_, args| {
        steps(int(&args[0], "the start")?, int(&args[1], "the end")?, int(&args[2], "the step")?)
    }),
    Function::new(&["seq"], Piped::First, (1, 2), |_, args| {
        let (start, end) = match args {
            [end] => (1, int(end, "the end")?),
            _ => (int(&args[0], "the start")?, int(&args[1], "the end")?),
        };
        if start <= end { steps(start, end.saturating_add(1), 1) } else { steps(start, end.saturating_sub(1), -1) }
    }),
];

/// `list(1, 2)` makes a list of its arguments; `x | list` makes a list of what can be iterated.
fn list(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    match args {
        [one] if matches!(one.kind(), ValueKind::Iterable) => Ok(Value::from(items(one, "the argument of `list`")?)),
        _ => Ok(Value::from(args.to_vec())),
    }
}

/// Items of a list, characters of a text.
fn sequence(value: &Value) -> Result<Vec<Value>, Error> {
    match value.as_str() {
        Some(text) => Ok(text.chars().map(Value::from).collect()),
        None => items(value, "the argument"),
    }
}

fn concat(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let mut all = Vec::new();
    for arg in args {
        all.extend(items(arg, "each argument of `concat`")?);
        if all.len() > MAX_ITEMS {
            return Err(run::limit(format!("a list has more than {MAX_ITEMS} items")));
        }
    }
    Ok(Value::from(all))
}

fn slice(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let list = items(&args[0], "the first argument of `slice`")?;
    let bound = |at: usize, otherwise: usize| match args.get(at) {
        Some(value) => int(value, "a bound").map(|at| usize::try_from(at).unwrap_or(0).min(list.len())),
        None => Ok(otherwise),
    };
    let (start, end) = (bound(1, 0)?, bound(2, list.len())?);
    Ok(list.get(start..end.max(start)).unwrap_or_default().iter().cloned().collect())
}

fn steps(start: i64, end: i64, step: i64) -> Outcome {
    if step == 0 {
        return Err(fault("the step must not be 0"));
    }
    let distance = if step > 0 { end.saturating_sub(start) } else { start.saturating_sub(end) };
    if distance > 0 && distance / step.saturating_abs() > i64::try_from(MAX_ITEMS).unwrap_or(i64::MAX) {
        return Err(run::limit(format!("a list has more than {MAX_ITEMS} items")));
    }
    let mut list = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        list.push(Value::from(at));
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(Value::from(list))
}
