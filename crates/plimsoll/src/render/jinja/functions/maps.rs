//! Maps. None of these changes its argument: `set`, `unset` and `merge` return a new map.

use std::collections::HashSet;

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, State, Value};

use super::{Outcome, fault, int, pairs, text};
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

const MANY: usize = usize::MAX;
const MAX_DEPTH: usize = 100;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["dict"], Piped::First, (0, MANY), dict).raw(),
    Function::new(&["get"], Piped::First, (2, 3), |_, args| {
        Ok(member(&args[0], &args[1])?.or_else(|| args.get(2).cloned()).unwrap_or_else(|| Value::from("")))
    }),
    Function::new(&["set"], Piped::First, (3, 3), |_, args| {
        let mut entries = pairs(&args[0], "the first argument of `set`")?;
        match entries.iter_mut().find(|(key, _)| *key == args[1]) {
            Some(entry) => entry.1 = args[2].clone(),
            None => entries.push((args[1].clone(), args[2].clone())),
        }
        Ok(Value::from_pairs(entries))
    })
    .raw(),
    Function::new(&["unset"], Piped::First, (2, 2), |_, args| without_keys(args)),
    Function::new(&["omit"], Piped::First, (1, MANY), |_, args| without_keys(args)),
    Function::new(&["pick"], Piped::First, (1, MANY), |_, args| {
        let wanted: HashSet<&Value> = args[1..].iter().collect();
        let entries = pairs(&args[0], "the first argument of `pick`")?;
        Ok(Value::from_pairs(entries.into_iter().filter(|(key, _)| wanted.contains(key))))
    }),
    Function::new(&["hasKey", "has_key"], Piped::First, (2, 2), |_, args| {
        Ok(Value::from(!args[0].is_undefined() && member(&args[0], &args[1])?.is_some()))
    })
    .lenient(),
    Function::new(&["keys"], Piped::First, (1, MANY), |_, args| {
        let mut keys = Vec::new();
        for map in args {
            keys.extend(pairs(map, "the argument of `keys`")?.into_iter().map(|(key, _)| key));
        }
        Ok(Value::from(keys))
    }),
    Function::new(&["values"], Piped::First, (1, 1), |_, args| {
        Ok(pairs(&args[0], "the argument of `values`")?.into_iter().map(|(_, value)| value).collect())
    })
    .filter_only(),
    Function::new(&["pluck"], Piped::First, (2, MANY), |_, args| {
        let mut found = Vec::new();
        for map in &args[1..] {
            found.extend(member(map, &args[0])?);
        }
        Ok(Value::from(found))
    }),
    Function::new(&["merge"], Piped::First, (1, MANY), |_, args| merged(args, false)),
    Function::new(&["mergeOverwrite", "merge_overwrite"], Piped::First, (1, MANY), |_, args| merged(args, true)),
    Function::new(&["deepCopy", "deep_copy"], Piped::First, (1, 1), |_, args| Ok(args[0].clone())).raw(),
    Function::new(&["dig"], Piped::Last, (3, MANY), dig).lenient(),
    Function::new(&["index"], Piped::First, (1, MANY), index),
];

/// `dict("a", 1)` as in Helm, `dict(a=1)` as in Jinja, `dict(map)` for a copy.
fn dict(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let mut entries: Vec<(Value, Value)> = Vec::new();
    let (positional, named) = match args.split_last() {
        Some((last, before)) if last.is_kwargs() => (before, Some(last)),
        _ => (args, None),
    };
    match positional {
        [map] if map.kind() == ValueKind::Map => entries.extend(pairs(map, "the argument of `dict`")?),
        list if list.len() % 2 == 0 => {
            entries.extend(list.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())));
        }
        _ => return Err(fault("`dict` takes keys and values in turn: `dict(\"a\", 1, \"b\", 2)`")),
    }
    if let Some(named) = named {
        let (named,): (Kwargs,) = from_args(std::slice::from_ref(named))?;
        for name in named.args() {
            entries.push((Value::from(name), named.get::<Value>(name)?));
        }
    }
    Ok(Value::from_pairs(entries))
}

/// The value of a key, if the map has it.
fn member(map: &Value, key: &Value) -> Result<Option<Value>, Error> {
    match map.kind() {
        ValueKind::Map => Ok(Some(map.get_item(key)?).filter(|value| !value.is_undefined())),
        ValueKind::None | ValueKind::Undefined => Ok(None),
        _ => Err(fault("the argument must be a map")),
    }
}

fn without_keys(args: &[Value]) -> Outcome {
    let unwanted: HashSet<&Value> = args[1..].iter().collect();
    let entries = pairs(&args[0], "the first argument")?;
    Ok(Value::from_pairs(entries.into_iter().filter(|(key, _)| !unwanted.contains(key))))
}

fn merged(maps: &[Value], overwrite: bool) -> Outcome {
    let mut result = maps[0].clone();
    for map in &maps[1..] {
        result = if overwrite { overlay(map, &result, MAX_DEPTH)? } else { overlay(&result, map, MAX_DEPTH)? };
    }
    Ok(result)
}

/// Both maps in one; where both have a key, `above` wins, and maps merge in turn.
fn overlay(above: &Value, below: &Value, depth: usize) -> Outcome {
    let depth = depth.checked_sub(1).ok_or_else(|| run::limit("maps nest too deep to merge"))?;
    let mut entries = pairs(below, "each argument of `merge`")?;
    for (key, value) in pairs(above, "each argument of `merge`")? {
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) if old.kind() == ValueKind::Map && value.kind() == ValueKind::Map => {
                *old = overlay(&value, old, depth)?;
            }
            Some((_, old)) => *old = value,
            None => entries.push((key, value)),
        }
    }
    Ok(Value::from_pairs(entries))
}

/// `dig("a", "b", "default", map)`: through missing parents too.
fn dig(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let (map, rest) = args.split_last().ok_or_else(|| fault("`dig` takes keys, a default and a map"))?;
    let (fallback, keys) = rest.split_last().ok_or_else(|| fault("`dig` takes keys, a default and a map"))?;
    let mut at = map.clone();
    for key in keys {
        match member(&at, key) {
            Ok(Some(next)) => at = next,
            _ => return Ok(fallback.clone()),
        }
    }
    Ok(at)
}

/// `index(map, "a", 0)`: a member of a member; missing ones are an error.
fn index(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let mut at = args[0].clone();
    for key in &args[1..] {
        let next = if at.kind() == ValueKind::Map {
            member(&at, key)?
                .ok_or_else(|| text(key).map_or_else(|error| error, |key| fault(format!("there is no key `{key}`"))))?
        } else {
            let wanted = int(key, "the index of a list")?;
            let found = usize::try_from(wanted).ok().map(|at_index| at.get_item_by_index(at_index)).transpose()?;
            found.filter(|item| !item.is_undefined()).ok_or_else(|| fault(format!("there is no item {wanted}")))?
        };
        at = next;
    }
    Ok(at)
}
