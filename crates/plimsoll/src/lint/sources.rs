//! The text of the files a report is about, read again for quoting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::rendered::Rendered;
use crate::report::Report;

/// The text of every file that a finding or an error has a line of; what cannot be read is left out.
pub(super) fn of(report: &Report, rendered: &Rendered) -> BTreeMap<Arc<str>, Arc<str>> {
    let findings = report.findings.iter().filter_map(|finding| finding.location.as_ref());
    let errors = report.errors.iter().filter_map(|error| error.location());
    let files: BTreeSet<&Arc<str>> =
        findings.chain(errors).filter(|location| location.line.is_some()).map(|location| &location.file).collect();
    files.into_iter().filter_map(|file| Some((file.clone(), rendered.files.read_text(file).ok()?))).collect()
}
