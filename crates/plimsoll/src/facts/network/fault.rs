//! What is wrong with a network policy itself, at its place in the object.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::selector::SelectorError;

/// A mistake in a network policy: the API would refuse it, or it means something else than was meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NetworkFault {
    /// JSON pointer of the mistake.
    pub path: String,
    /// One sentence without a full stop.
    pub message: String,
    /// Whether something that is not rendered may make it right.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Whether it is refused where it is applied, so that it never comes to do anything.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

/// The faults of one object while it is read.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<NetworkFault>);

impl Faults {
    /// Adds what the API refuses.
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(NetworkFault { path: path.into(), message: message.into(), unknown: false, refused: true });
    }

    /// Adds why a selector cannot be used.
    pub(super) fn unreadable(&mut self, path: impl Into<String>, error: SelectorError) {
        let SelectorError { message, refused, .. } = error;
        self.0.push(NetworkFault { path: path.into(), message, unknown: false, refused });
    }

    /// Hands over the faults of the object that was read.
    pub(super) fn take(&mut self, at: usize, into: &mut BTreeMap<usize, Vec<NetworkFault>>) {
        if !self.0.is_empty() {
            into.entry(at).or_default().append(&mut self.0);
        }
    }
}
