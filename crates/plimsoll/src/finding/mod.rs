//! What was found: severities, verdicts and the findings themselves.

mod severity;

pub use severity::Severity;
