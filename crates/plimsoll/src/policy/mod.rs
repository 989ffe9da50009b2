//! Policies: what they say about themselves, where they come from, and how they are run.
//!
//! A policy is one folder, `<category>/<name>/`, with `policy.rego` and `README.md`. [`Policies`] reads
//! folders, [`Compiled`] turns a selection into programs, a [`Session`] runs them over [`Input`]s and
//! gives [`Violation`]s. Which resources a policy sees, how severe a violation is and where it lands is
//! decided by the linter; the Rego engine is named below `rego/` only.

mod definition;
mod docs;
mod expectation;
mod fence;
mod listed;
mod metadata;
mod parameters;
mod rego;
mod set;
mod violation;

pub use definition::{KindPattern, Need, On, Parameter, ParameterType, Policy, Severities};
pub use docs::markdown;
pub use expectation::{Found, compare};
pub use fence::{Environment, Expectation, Fence, Scene, fences};
pub use listed::Listed;
pub use rego::{
    Both, Compiled, Engine, INSTRUCTIONS_PER_ENVIRONMENT, INSTRUCTIONS_PER_RESOURCE, Input, Note, Options, Reads,
    Session, Term, functions,
};
pub use set::Policies;
pub use violation::Violation;

use crate::nearest::nearest;
use crate::{Error, ErrorKind, Location};

/// An error about a place in a policy's file.
fn fault(file: &std::sync::Arc<str>, line: u32, column: u32, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Policy, message).with_location(Location::at(file.clone(), line.max(1), column.max(1)))
}
