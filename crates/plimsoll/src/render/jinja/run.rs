//! What one rendering of one template has used up, and the keys it missed.
//!
//! The engine's own fuel starts afresh in every nested rendering (`include(…)`, `tpl`), and its objects
//! are not told which rendering asks. Both meet here: a rendering stays on its thread from start to
//! end, so a thread-local record is exactly its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::objects::MapObject;

/// Instructions one template may take, everything it includes among them.
pub(super) const MAX_FUEL: u64 = 3_000_000;
/// Bytes one template may write, captured text among them.
pub(super) const MAX_WRITTEN: usize = 32 << 20;
/// Values that are kept under names, each time they are.
const MAX_KEPT: usize = 4_000_000;
/// Bytes of text that are kept under names, each time they are.
const MAX_KEPT_BYTES: usize = 128 << 20;
/// Bytes of text and items of lists that functions and filters make, all of them together. One
/// instruction may call a filter for every item of a list.
const MAX_MADE_BYTES: usize = 256 << 20;
const MAX_MADE_ITEMS: usize = 16_000_000;
/// How deep `include(…)` and `tpl` nest.
const MAX_DEPTH: usize = 8;
/// How often one template may use others.
const MAX_JOINED: usize = 20_000;
/// The name of a template that is not there because too many were asked for.
pub(super) const ENDLESS: &str = "@endless";
/// How many missed keys are remembered; the one an error is about is among the last.
const MAX_MISSES: usize = 32;
/// The start of the detail of an error that means a limit was reached.
pub(super) const LIMIT: &str = "limit: ";

#[derive(Default)]
struct Run {
    depth: usize,
    spent: u64,
    written: usize,
    kept: usize,
    kept_bytes: usize,
    made_bytes: usize,
    made_items: usize,
    joined: usize,
    misses: VecDeque<(Arc<MapObject>, String)>,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
}

/// Starts the record of a template.
pub(super) fn start() {
    RUN.with_borrow_mut(|run| *run = Run::default());
}

/// Frees what the record holds on to.
pub(super) fn finish() {
    start();
}

/// Counts the steps of the template itself, which the engine tells at its end.
pub(super) fn took(steps: u64) {
    RUN.with_borrow_mut(|run| run.spent = run.spent.saturating_add(steps));
}

/// The steps that the template took, with everything it includes.
pub(super) fn steps() -> u64 {
    RUN.with_borrow(|run| run.spent)
}

/// Notes that a map does not have a key.
pub(super) fn missed(map: &Arc<MapObject>, key: &str) {
    RUN.with_borrow_mut(|run| {
        if run.misses.len() == MAX_MISSES {
            run.misses.pop_front();
        }
        run.misses.push_back((map.clone(), key.to_owned()));
    });
}

/// The map that was last asked for a key it does not have.
pub(super) fn last_miss(key: &str) -> Option<Arc<MapObject>> {
    RUN.with_borrow(|run| run.misses.iter().rev().find(|(_, missed)| missed == key).map(|(map, _)| map.clone()))
}

/// Counts a use of another template; whether there were too many.
pub(super) fn joined_too_often() -> bool {
    RUN.with_borrow_mut(|run| {
        run.joined += 1;
        run.joined > MAX_JOINED
    })
}

/// Counts text an emission writes.
pub(super) fn wrote(bytes: usize) -> Result<(), Error> {
    RUN.with_borrow_mut(|run| {
        run.written = run.written.saturating_add(bytes);
        if run.written > MAX_WRITTEN { Err(limit(format!("the output exceeds {MAX_WRITTEN} bytes"))) } else { Ok(()) }
    })
}

/// Counts the literal text of a file that is included; the next emission or loop says it is too much.
pub(super) fn included(bytes: usize) {
    RUN.with_borrow_mut(|run| run.written = run.written.saturating_add(bytes));
}

/// Counts values and text that get a name.
pub(super) fn kept(values: usize, bytes: usize) -> Result<(), Error> {
    RUN.with_borrow_mut(|run| {
        run.kept = run.kept.saturating_add(values);
        run.kept_bytes = run.kept_bytes.saturating_add(bytes);
        if run.kept > MAX_KEPT {
            Err(limit(format!("the variables of the template take more than {MAX_KEPT} values")))
        } else if run.kept_bytes > MAX_KEPT_BYTES {
            Err(limit(format!("the variables of the template take more than {MAX_KEPT_BYTES} bytes")))
        } else {
            Ok(())
        }
    })
}

/// Counts what a function or a filter made.
pub(super) fn made(value: &Value) -> Result<(), Error> {
    let (bytes, items) = match value.kind() {
        ValueKind::String => (value.as_str().map_or(0, str::len), 0),
        ValueKind::Seq => (0, value.len().unwrap_or(0)),
        _ => return Ok(()),
    };
    RUN.with_borrow_mut(|run| {
        run.made_bytes = run.made_bytes.saturating_add(bytes);
        run.made_items = run.made_items.saturating_add(items);
        if run.made_bytes > MAX_MADE_BYTES {
            Err(limit(format!("the functions of the template make more than {MAX_MADE_BYTES} bytes of text")))
        } else if run.made_items > MAX_MADE_ITEMS {
            Err(limit(format!("the functions of the template make lists of more than {MAX_MADE_ITEMS} items")))
        } else {
            Ok(())
        }
    })
}

/// Runs a nested rendering, which reports the fuel it took.
pub(super) fn nested<T>(body: impl FnOnce() -> Result<(T, u64), Error>) -> Result<T, Error> {
    let fits = RUN.with_borrow_mut(|run| {
        if run.depth >= MAX_DEPTH {
            return Err(limit(format!("`include(…)` and `tpl` nest deeper than {MAX_DEPTH}")));
        }
        if run.spent > MAX_FUEL {
            return Err(Error::from(ErrorKind::OutOfFuel));
        }
        run.depth += 1;
        Ok(())
    });
    fits?;
    let result = body();
    RUN.with_borrow_mut(|run| {
        run.depth -= 1;
        // What an unsuccessful rendering took is not known; it ends the whole template anyway.
        run.spent += result.as_ref().map_or(0, |(_, spent)| *spent);
    });
    result.map(|(value, _)| value)
}

/// An error that says a limit was reached.
pub(super) fn limit(message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{LIMIT}{message}"))
}
