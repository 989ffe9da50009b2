//! What was found out about one image in one respect.

use std::sync::Arc;

use serde::Serialize;

use super::lock::EvidenceKind;

/// What was found out, why, and what a person can look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// In one word.
    pub state: VerdictState,
    /// A clause: "no signature is locked for it".
    pub reason: String,
    /// What it rests on, one line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<String>,
}

/// What was found out, in one word; in the order in which one outweighs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictState {
    /// Everything that is demanded holds.
    Verified,
    /// It cannot be said.
    Unknown,
    /// There is a scan, and it is too old.
    Stale,
    /// It says something that is not accepted.
    Denied,
    /// There is evidence, and none of it holds.
    Rejected,
    /// There is no evidence.
    Missing,
}

/// Evidence that is not what the lock says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The file.
    pub file: Arc<str>,
    /// What the lock says it is.
    pub kind: EvidenceKind,
    /// A clause that begins with the file: "has another sha256 than images.lock says".
    pub problem: String,
}

impl Verdict {
    pub(super) fn new(state: VerdictState, reason: impl Into<String>) -> Self {
        Self { state, reason: reason.into(), witness: Vec::new() }
    }

    #[must_use]
    pub(super) fn with_witness(mut self, witness: impl IntoIterator<Item = String>) -> Self {
        self.witness.extend(witness);
        self
    }

    /// Of several that must all hold: what weighs most, the first of equals, with what all of them rest on
    /// where they hold.
    pub(super) fn all(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        verdicts.into_iter().reduce(|mut first, second| {
            if first.state == VerdictState::Verified && second.state == VerdictState::Verified {
                first.witness.extend(
                    second.witness.into_iter().filter(|line| !first.witness.contains(line)).collect::<Vec<_>>(),
                );
                first
            } else if second.state > first.state {
                second
            } else {
                first
            }
        })
    }
}
