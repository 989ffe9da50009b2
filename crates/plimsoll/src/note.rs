//! What is worth saying and is neither a finding nor an error.

use serde::Serialize;

use crate::Location;

/// Something a person may want to know: what was passed over, what reads otherwise than it looks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Note {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One sentence without a full stop.
    pub message: String,
}
