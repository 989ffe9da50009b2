//! The words that several formats have for the same things.

use std::sync::Arc;

use crate::finding::Finding;

/// The object of a finding, if it is about one, and the environments.
pub(super) fn about(finding: &Finding) -> String {
    let resource = finding.resource.as_ref().map(|resource| format!("{resource} ")).unwrap_or_default();
    format!("{resource}{}", within(&finding.environments))
}

/// The environments that something is so in; nothing where it concerns none in particular.
pub(super) fn within(environments: &[Arc<str>]) -> String {
    if environments.is_empty() { String::new() } else { format!("in {}", environments.join(", ")) }
}
