//! Verdicts and manifests of other people, read where they lie.
//!
//! `PLIMSOLL_CONFORMANCE` and `PLIMSOLL_REAL` name folders with them. Without them there is nothing to run.

mod namespaces;
mod pod_security;

use std::io::Write as _;
use std::path::PathBuf;

/// The folder that an environment variable names; without it, says that something is skipped.
fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        say(&format!("skipped: {variable}"));
    }
    folder
}

/// Figures are worth seeing in a run that passes: this way they are not captured with the test's output.
fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "conformance: {line}").unwrap();
}
