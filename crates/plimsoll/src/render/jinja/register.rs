//! The table of functions and filters, and the one way into them.
//!
//! Every function is written once, with its arguments in Helm's order, and registered as function and
//! as filter under all its spellings. As a filter the piped value goes where [`Piped`] says. Before a
//! call, text loses its block markers, unless the function wants them, and a missing key is an error,
//! unless the function is about missing things. The engine's own filters pass through here too.

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::functions;
use super::objects::{MapObject, SeqObject};
use super::run;
use crate::render::blocks;

pub(super) type Call = fn(&mut State<'_, '_>, &[Value]) -> Result<Value, Error>;

/// Where a filter's input goes among the arguments of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piped {
    First,
    Second,
    Last,
}

/// One function.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// All spellings, Helm's first.
    pub(super) names: &'static [&'static str],
    pub(super) call: Call,
    pub(super) piped: Piped,
    /// Fewest and most arguments.
    pub(super) arity: (usize, usize),
    /// The function sees block markers.
    pub(super) raw: bool,
    /// Undefined arguments are let through.
    pub(super) lenient: bool,
    /// Not callable as `name(…)`, because a variable has that name.
    pub(super) filter_only: bool,
}

impl Function {
    pub(super) const fn new(names: &'static [&'static str], piped: Piped, arity: (usize, usize), call: Call) -> Self {
        Self { names, call, piped, arity, raw: false, lenient: false, filter_only: false }
    }

    pub(super) const fn raw(mut self) -> Self {
        self.raw = true;
        self
    }

    pub(super) const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    pub(super) const fn filter_only(mut self) -> Self {
        self.filter_only = true;
        self
    }

    fn run(&self, state: &mut State<'_, '_>, args: Vec<Value>) -> Result<Value, Error> {
        let name = self.names[0];
        if args.iter().any(Value::is_kwargs) && !self.names.contains(&"dict") {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("`{name}` takes no named arguments")));
        }
        if args.len() < self.arity.0 || args.len() > self.arity.1 {
            let (least, most) = self.arity;
            let count = match (least, most) {
                (_, usize::MAX) => format!("at least {least}"),
                _ if least == most => format!("{least}"),
                _ => format!("{least} to {most}"),
            };
            let message = format!("`{name}` takes {count} arguments (the piped one counts), got {}", args.len());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        if !self.lenient {
            refuse_undefined(&args)?;
        }
        let args = if self.raw { args } else { without_markers(args) };
        let value = (self.call)(state, &args)?;
        run::made(&value)?;
        Ok(value)
    }
}

/// Every function, by theme.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [
        functions::text::FUNCTIONS,
        functions::regex::FUNCTIONS,
        functions::lists::FUNCTIONS,
        functions::maps::FUNCTIONS,
        functions::numbers::FUNCTIONS,
        functions::encoding::FUNCTIONS,
        functions::documents::FUNCTIONS,
        functions::flow::FUNCTIONS,
        functions::layout::FUNCTIONS,
        functions::connections::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// Fills an environment.
pub(super) fn register(env: &mut Environment<'static>) {
    functions::builtin::register(env);
    for function in all() {
        for name in function.names {
            if !function.filter_only {
                env.add_function(*name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
                    function.run(state, args.into_values())
                });
            }
            env.add_filter(*name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
                let mut args = args.into_values();
                match function.piped {
                    Piped::Last if !args.is_empty() => args.rotate_left(1),
                    Piped::Second if args.len() > 1 => args.swap(0, 1),
                    _ => {}
                }
                function.run(state, args)
            });
        }
    }
    for (names, reason) in functions::refused::REFUSED {
        for name in *names {
            let refuse = move || {
                Error::new(ErrorKind::InvalidOperation, format!("{}{name}\n{reason}", functions::refused::PREFIX))
            };
            env.add_function(*name, move |_: Rest<ValueOrKwargs>| -> Result<Value, Error> { Err(refuse()) });
            env.add_filter(*name, move |_: Rest<ValueOrKwargs>| -> Result<Value, Error> { Err(refuse()) });
        }
    }
}

/// Wraps one of the engine's own tests, so that it sees text without markers.
pub(super) fn wrap_test(env: &mut Environment<'static>, name: &'static str, inner: Value) {
    env.add_test(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        inner.call(state, &without_markers(args.into_values()))
    });
}

/// Methods of maps and texts that people write from habit: `values.env.items()`.
pub(super) fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let filter = match (value.kind(), name) {
        (ValueKind::Map, "items" | "keys" | "values" | "get")
        | (ValueKind::String, "upper" | "lower" | "split" | "replace" | "title") => name,
        (ValueKind::String, "startswith") => "hasPrefix",
        (ValueKind::String, "endswith") => "hasSuffix",
        (ValueKind::String, "strip") => "trim",
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    let mut all = vec![value.clone()];
    all.extend_from_slice(args);
    state.apply_filter(filter, &all)
}

/// Fails like printing would if an argument is undefined.
fn refuse_undefined(args: &[Value]) -> Result<(), Error> {
    match args.iter().find(|arg| arg.is_undefined()) {
        // Looking into it makes the engine's own error, which knows the expression it came from.
        Some(undefined) => undefined.get_attr("").map(|_| ()),
        None => Ok(()),
    }
}

pub(super) fn without_markers(args: Vec<Value>) -> Vec<Value> {
    args.into_iter().map(|arg| clean(arg, 4)).collect()
}

/// A value whose text has no markers, in lists made by templates too.
fn clean(value: Value, depth: usize) -> Value {
    match value.kind() {
        ValueKind::String => match value.as_str() {
            Some(text) if blocks::has_markers(text) => Value::from(blocks::resolve(text).text),
            _ => value,
        },
        // Values and files never contain markers.
        ValueKind::Seq
            if depth > 0
                && value.downcast_object_ref::<SeqObject>().is_none()
                && value.downcast_object_ref::<MapObject>().is_none()
                && has_text_with_markers(&value, depth) =>
        {
            match value.try_iter() {
                Ok(items) => items.map(|item| clean(item, depth - 1)).collect(),
                Err(_) => value,
            }
        }
        _ => value,
    }
}

fn has_text_with_markers(list: &Value, depth: usize) -> bool {
    let Ok(mut items) = list.try_iter() else { return false };
    items.any(|item| match item.kind() {
        ValueKind::String => item.as_str().is_some_and(blocks::has_markers),
        ValueKind::Seq => depth > 1 && has_text_with_markers(&item, depth - 1),
        _ => false,
    })
}
