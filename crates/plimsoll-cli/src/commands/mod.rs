//! One file per command; each returns how it ended.

pub(crate) mod check;
mod facts;
pub(crate) mod images;
pub(crate) mod network;
pub(crate) mod policies;
pub(crate) mod quota;
pub(crate) mod rbac;
pub(crate) mod render;

use std::process::ExitCode;

/// How a command ended, which is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Nothing at or above the fail level.
    Clean,
    /// Findings at or above the fail level.
    Found,
    /// Something could not be done.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}
