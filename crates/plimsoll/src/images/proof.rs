//! What verifying a signature gives, whoever verifies it.

use crate::Moment;

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    /// Who signed, in words.
    pub(super) by: String,
    /// The times that third parties attest.
    pub(super) times: Vec<Moment>,
}

/// Why a signature does not count, as the end of a sentence that begins with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not hold.
    Rejected(String),
    /// Whether it holds cannot be said.
    Unknown(String),
}
