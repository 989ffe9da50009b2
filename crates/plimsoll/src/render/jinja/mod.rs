//! The one place that names minijinja.

mod compile;
mod convert;
mod engine;
mod errors;
mod files;
mod format;
mod functions;
mod guard;
mod instrument;
mod lines;
mod objects;
mod recorder;
mod register;
mod run;

pub(super) use compile::Compiler;
pub(super) use engine::{Engine, Scopes};

/// The variables every template sees.
const ROOTS: &[&str] = &["values", "release", "chart", "environment", "capabilities", "files"];
