//! Second opinions: what other people wrote and judged. `PLIMSOLL_CONFORMANCE` and `PLIMSOLL_REAL` name the folders
//! where it lies; without them there is nothing to run.

mod namespaces;
mod network;
mod pod_security;

use std::io::Write as _;
use std::path::PathBuf;

/// Figures are worth seeing in a run that passes: this way they are not captured with the test's output.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "conformance: {line}").unwrap();
}

pub(crate) fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        say(&format!("skipped: {variable}"));
    }
    folder
}
