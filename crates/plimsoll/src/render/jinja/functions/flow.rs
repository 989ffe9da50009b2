//! Choosing and failing: `default`, `required`, `ternary`, `include`, `tpl`, comparisons.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::refused::PREFIX;
use super::{Outcome, fault, is_empty, text};
use crate::render::blocks;
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::{ROOTS, compile, guard, run};

/// How the detail of an error begins that a template asked for.
pub(in crate::render::jinja) const SAID: &str = "said: ";

const MANY: usize = usize::MAX;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["default", "d"], Piped::Last, (1, 3), default).raw().lenient(),
    Function::new(&["required"], Piped::Last, (2, 2), required).raw().lenient(),
    Function::new(&["fail"], Piped::Last, (1, 1), fail),
    Function::new(&["ternary"], Piped::Last, (3, 3), ternary).raw().lenient(),
    Function::new(&["coalesce"], Piped::First, (1, MANY), coalesce).raw().lenient(),
    Function::new(&["empty"], Piped::First, (1, 1), |_, args| Ok(Value::from(is_empty(&args[0])))).lenient(),
    Function::new(&["include"], Piped::First, (1, 2), include),
    Function::new(&["tpl"], Piped::First, (1, 2), tpl),
    Function::new(&["lookup"], Piped::First, (0, 4), |_, _| Ok(empty_map())),
    Function::new(&["eq"], Piped::First, (2, MANY), |_, args| {
        Ok(Value::from(args[1..].iter().any(|other| *other == args[0])))
    }),
    Function::new(&["ne"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] != args[1]))),
    Function::new(&["lt"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] < args[1]))),
    Function::new(&["le"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] <= args[1]))),
    Function::new(&["gt"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] > args[1]))),
    Function::new(&["ge"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] >= args[1]))),
    Function::new(&["kindOf", "kind_of", "typeOf", "type_of"], Piped::First, (1, 1), |_, args| {
        Ok(Value::from(kind(&args[0])))
    }),
    Function::new(&["kindIs", "kind_is", "typeIs", "type_is"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(text(&args[0])? == kind(&args[1])))
    }),
    Function::new(&["deepEqual", "deep_equal"], Piped::First, (2, 2), |_, args| Ok(Value::from(args[0] == args[1]))),
];

fn empty_map() -> Value {
    Value::from_pairs(std::iter::empty::<(&str, Value)>())
}

/// The kind of a value, by the names Helm's templates compare with.
fn kind(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float64",
        ValueKind::String => "string",
        ValueKind::Seq | ValueKind::Iterable => "slice",
        ValueKind::Map => "map",
        ValueKind::None | ValueKind::Undefined => "invalid",
        _ => "func",
    }
}

/// Helm's default: whatever is empty is replaced, `0` and `false` too.
fn default(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let value = &args[args.len() - 1];
    if !is_empty(value) {
        return Ok(value.clone());
    }
    match args {
        [_] => Ok(Value::from("")),
        [fallback, ..] if fallback.is_undefined() => fallback.get_attr(""),
        [fallback, ..] => Ok(fallback.clone()),
        [] => Ok(Value::UNDEFINED),
    }
}

fn required(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let missing = match args[1].kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::String => args[1].as_str() == Some(""),
        _ => false,
    };
    if missing { Err(fault(format!("{SAID}{}", text(&args[0])?))) } else { Ok(args[1].clone()) }
}

fn fail(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    Err(fault(format!("{SAID}{}", text(&args[0])?)))
}

fn ternary(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    if args[2].is_undefined() {
        return args[2].get_attr("");
    }
    let chosen = if args[2].is_true() { &args[0] } else { &args[1] };
    if chosen.is_undefined() { chosen.get_attr("") } else { Ok(chosen.clone()) }
}

#[expect(clippy::unnecessary_wraps, reason = "every function has this shape")]
fn coalesce(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    Ok(args.iter().find(|value| !is_empty(value)).cloned().unwrap_or_else(|| Value::from(())))
}

/// The variables a nested rendering sees: the roots, and the entries of a map handed over.
fn context(state: &State<'_, '_>, extra: Option<&Value>) -> Result<Value, Error> {
    let mut variables: Vec<(Value, Value)> =
        ROOTS.iter().filter_map(|name| Some((Value::from(*name), state.lookup(name)?))).collect();
    match extra {
        Some(map) if map.kind() == ValueKind::Map => {
            for key in map.try_iter()? {
                variables.push((key.clone(), guard::keep(map.get_item(&key)?, false)?));
            }
        }
        Some(_) => return Err(fault("the context must be a map; its entries become variables")),
        None => {}
    }
    Ok(Value::from_pairs(variables))
}

fn include(state: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let name = text(&args[0])?.into_owned();
    let template = state.get_template(&name)?;
    let context = context(state, args.get(1))?;
    run::nested(|| render(&template, context))
}

/// Renders text of the values as a template.
fn tpl(state: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let source = text(&args[0])?.into_owned();
    if blocks::has_markers(&source) {
        return Err(fault("the text contains a reserved character (U+FDD0 to U+FDEF)"));
    }
    if !source.contains("{{") && !source.contains("{%") && !source.contains("{#") {
        return Ok(Value::from(source));
    }
    let context = context(state, args.get(1))?;
    run::nested(|| {
        let guarded = guard::guard(&source, &compile::syntax(true)).map_err(|found| run::limit(found.message))?;
        let template = state.env().template_from_named_str(TPL, &guarded.text).map_err(within)?;
        render(&template, context).map_err(within)
    })
}

/// The name of a template that is text of the values.
pub(in crate::render::jinja) const TPL: &str = "tpl";

const NESTED: &str = "in the text given to tpl, line ";

/// An error inside such text is told at the place of the call.
fn within(error: Error) -> Error {
    if error.name() != Some(TPL) {
        return error;
    }
    let detail = error.detail().unwrap_or_default();
    if [SAID, run::LIMIT, PREFIX, NESTED].iter().any(|start| detail.starts_with(start)) {
        return Error::new(error.kind(), detail.to_owned());
    }
    let line = error.line().map_or(String::new(), |line| format!("{NESTED}{line}: "));
    Error::new(error.kind(), format!("{line}{detail}"))
}

fn render(template: &minijinja::Template<'_, '_>, context: Value) -> Result<(Value, u64), Error> {
    let mut text = Vec::new();
    let captured = template.render_captured_to(context, crate::render::jinja::engine::Limited::new(&mut text))?;
    let spent = captured.state().fuel_levels().map_or(0, |(spent, _)| spent);
    let text = String::from_utf8(text).map_err(|_| fault("the included text is not UTF-8"))?;
    Ok((Value::from(text), spent))
}
