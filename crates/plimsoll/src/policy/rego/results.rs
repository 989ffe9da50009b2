//! Bounds on what built-in functions make.
//!
//! The machine counts instructions and the interpreter looks at a clock, both between two calls: one call
//! of `sprintf` with a wide verb, or some lines that each double a text, take all the memory there is. So
//! the functions that can make more than they are given are asked first how large their result may get.

use std::cell::Cell;

use regorus::rvm::program::Program;
use regorus::unstable::{BUILTINS, BuiltinFcn, Expr, Ref, Source, Span};
use regorus::{LimitError, Value};

/// The longest text, and the items of the longest array, that one call may make.
const MAX_BYTES: usize = 16 << 20;
const MAX_ITEMS: usize = 1_000_000;
/// What all calls of one evaluation may make.
const MAX_MADE: usize = 256 << 20;
/// The largest width and precision of a verb of `sprintf`.
const MAX_WIDTH: usize = 1_000;
/// The longest text that is a quantity, and the largest exponent of one.
const MAX_QUANTITY: usize = 64;

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
    static EXCEEDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs an evaluation; whether a function in it would have made too much.
pub(super) fn watch<T>(run: impl FnOnce() -> T) -> (T, bool) {
    MADE.set(0);
    EXCEEDED.set(false);
    let outcome = run();
    (outcome, EXCEEDED.get())
}

/// What to say where one would have.
pub(super) fn message() -> String {
    format!("a built-in function makes more than {MAX_BYTES} bytes, {MAX_ITEMS} items or {MAX_WIDTH} columns")
}

/// A built-in function that looks at its arguments first. Functions of the engine cannot hold anything, so
/// that each has to be written out.
macro_rules! watched {
    ($($name:literal)*) => {
        fn watched(name: &str) -> Option<BuiltinFcn> {
            match name {
                $($name => {
                    let (_, arity) = *BUILTINS.get($name)?;
                    Some((|span, params, args, strict| {
                        fits($name, args)?;
                        let Some((function, _)) = BUILTINS.get($name) else { return Ok(Value::Undefined) };
                        function(span, params, args, strict)
                    }, arity))
                })*
                _ => None,
            }
        }

        const WATCHED: &[&str] = &[$($name),*];
    };
}

watched! {
    "array.concat" "base64.encode" "concat" "glob.quote_meta" "json.marshal" "regex.replace" "replace" "sprintf"
    "strings.replace_n" "units.parse" "units.parse_bytes"
}

/// Puts the watched functions into a compiled program.
pub(super) fn bind(program: &mut Program) {
    for (info, function) in program.builtin_info_table.iter().zip(&mut program.resolved_builtins) {
        if let Some(watched) = watched(&info.name) {
            *function = watched;
        }
    }
}

/// Puts them into an interpreter, which asks for extensions before it looks at its own table.
pub(super) fn extend(engine: &mut regorus::Engine) -> Result<(), String> {
    let source = Source::from_contents("<builtin>".to_owned(), String::new()).map_err(|error| error.to_string())?;
    let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
    for name in WATCHED {
        let Some((function, arity)) = watched(name) else { continue };
        let span = span.clone();
        let expression = || Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
        let params: Vec<_> = (0..arity).map(|_| expression()).collect();
        let call = move |args: Vec<Value>| function(&span, &params, &args, true);
        engine.add_extension((*name).to_owned(), arity, Box::new(call)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Fails where a call may make too much; arguments of the wrong type are the function's to complain about.
fn fits(name: &str, args: &[Value]) -> Result<(), LimitError> {
    let size = match (name, args) {
        ("array.concat", [Value::Array(first), Value::Array(second)]) => {
            let items = first.len().saturating_add(second.len());
            if items > MAX_ITEMS { usize::MAX } else { items.saturating_mul(size_of::<Value>()) }
        }
        ("concat", [Value::String(between), list]) => {
            size(list).saturating_add(between.len().saturating_mul(members(list)))
        }
        ("replace", [Value::String(text), Value::String(old), Value::String(new)]) => {
            replaced(text.len(), old.len(), new.len())
        }
        ("strings.replace_n", [Value::Object(pairs), Value::String(text)]) => {
            pairs.iter().fold(text.len(), |length, pair| match pair {
                (Value::String(old), Value::String(new)) => replaced(length, old.len(), new.len()),
                _ => length,
            })
        }
        ("regex.replace", [Value::String(text), Value::String(_), Value::String(new)]) => {
            // Groups may hold the whole text, and each is there as often as it is named.
            let groups = new.matches('$').count().saturating_mul(text.len());
            replaced(text.len(), 0, new.len()).saturating_add(groups)
        }
        ("sprintf", [Value::String(format), list]) => widths(format).saturating_add(size(list)),
        ("units.parse" | "units.parse_bytes", [Value::String(text)]) => quantity(text),
        // At most twice as long; what nests calls sees it double each time.
        _ => args.iter().fold(0, |sum, arg| size(arg).saturating_mul(2).saturating_add(sum)),
    };
    let made = MADE.get().saturating_add(size);
    if size > MAX_BYTES || made > MAX_MADE {
        EXCEEDED.set(true);
        return Err(LimitError::MemoryLimitExceeded { usage: made as u64, limit: MAX_BYTES as u64 });
    }
    MADE.set(made);
    Ok(())
}

/// The most bytes of a text in which one part is replaced by another.
fn replaced(text: usize, old: usize, new: usize) -> usize {
    if new <= old {
        return text;
    }
    (text / old.max(1) + 1).saturating_mul(new).saturating_add(text)
}

/// What the text of a format takes by itself.
fn widths(format: &str) -> usize {
    let mut length = format.len();
    for verb in format.split('%').skip(1) {
        let digits = verb.strip_prefix('.').unwrap_or(verb);
        // Every script's digits count for the engine.
        let digits = &digits[..digits.find(|c: char| !c.is_numeric()).unwrap_or(digits.len())];
        match digits.parse::<usize>() {
            Ok(width) if width <= MAX_WIDTH => length = length.saturating_add(width),
            _ if digits.is_empty() => {}
            _ => return usize::MAX,
        }
    }
    length
}

/// A quantity of a few digits may stand for a number of millions.
fn quantity(text: &str) -> usize {
    let exponents = text.split(['e', 'E']).skip(1);
    let mut numbers = exponents.map(|part| part.trim_start_matches(['+', '-']));
    let is_large = numbers.any(|part| part.chars().take_while(char::is_ascii_digit).count() > 3);
    if is_large || text.len() > MAX_QUANTITY { usize::MAX } else { text.len() }
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        _ => 1,
    }
}

/// How long a value is in writing, roughly; more than the limit where it is longer.
fn size(value: &Value) -> usize {
    let mut left = MAX_BYTES;
    if spend(value, &mut left) { MAX_BYTES - left } else { usize::MAX }
}

/// Parts that are shared count each time, as they are written each time.
fn spend(value: &Value, left: &mut usize) -> bool {
    let own = match value {
        Value::String(text) => text.len() + 3,
        Value::Number(_) => 24,
        _ => 8,
    };
    match left.checked_sub(own) {
        Some(rest) => *left = rest,
        None => return false,
    }
    match value {
        Value::Array(items) => items.iter().all(|item| spend(item, left)),
        Value::Set(items) => items.iter().all(|item| spend(item, left)),
        Value::Object(members) => members.iter().all(|(key, item)| spend(key, left) && spend(item, left)),
        _ => true,
    }
}
