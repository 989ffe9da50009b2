//! The ordered findings of one run, and the formats they are written in.
//!
//! One file per format, each behind [`Writer`]. Nothing here decides anything: what is in a report was
//! decided by the [linter](crate::lint).

mod github;
mod gitlab;
mod json;
mod junit;
mod origins;
mod paths;
#[cfg(test)]
pub(crate) mod samples;
mod sarif;
mod text;
mod words;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::finding::{self, Baseline, Finding, Severity, Verdict};
use crate::policy::Policy;
use crate::{Error, ErrorKind, Location, Note, Result};
use paths::Paths;

pub use github::Github;
pub use gitlab::Gitlab;
pub use json::{Json, to_json};
pub use junit::Junit;
pub use sarif::Sarif;
pub use text::Text;

/// How many of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects rendered or read, over all environments.
    pub resources: usize,
    /// The environments that were checked, in the workspace's order.
    pub environments: Vec<Arc<str>>,
    /// Violations of severity error.
    pub errors: usize,
    /// Violations of severity warning.
    pub warnings: usize,
    /// Violations of severity info.
    pub infos: usize,
    /// Findings whose verdict is unknown.
    pub unknown: usize,
    /// Findings that a suppression took out.
    pub suppressed: usize,
    /// Findings that a baseline took out.
    pub baseline: usize,
    /// Findings that the change in question does not touch.
    pub untouched: usize,
}

/// The findings of one run, with what could not be done.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub(crate) summary: Summary,
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: Vec<Error>,
    pub(crate) notes: Vec<Note>,
    /// Whether everything was checked by every policy, so that what was not found is not there.
    pub(crate) whole: bool,
    /// The text of every file that a finding or an error is in, for formats that quote it.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
    /// The policies that found something, by id, for formats that describe them.
    pub(crate) policies: BTreeMap<Arc<str>, Arc<Policy>>,
    /// Where its files lie in their repository, for formats that services read.
    pub(crate) paths: Paths,
}

impl Report {
    /// How many of what.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The findings, the worst first, then by file and line.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What could not be done; what could be is in the findings all the same.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// What is worth knowing about the run itself.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Whether everything was checked by every policy; not so where a caller asked for less.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether a violation is at least as severe as `level`; what is unknown fails nothing below its own severity.
    pub fn fails_at(&self, level: Severity) -> bool {
        level != Severity::Off && self.findings.iter().any(|finding| finding.severity >= level)
    }

    /// Says where the workspace lies in its repository, such as `deploy`; at its root where nobody says it.
    ///
    /// Formats for services put it before every path. The text and JSON formats name files from the workspace.
    #[must_use]
    pub fn lying_in(mut self, path: &str) -> Self {
        self.paths.lie_in(path);
        self
    }

    /// Says where in the repository a file lies that the report does not name from the workspace, such as a baseline.
    #[must_use]
    pub fn naming(mut self, file: impl Into<String>, path: impl Into<String>) -> Self {
        self.paths.name(file.into(), path.into());
        self
    }

    /// Adds errors that happened outside the check itself.
    pub fn extend_errors(&mut self, errors: impl IntoIterator<Item = Error>) {
        let key = |error: &Error| (error.kind(), error.message().to_owned(), error.location().cloned());
        let mut known: HashSet<_> = self.errors.iter().map(key).collect();
        self.errors.extend(errors.into_iter().filter(|error| known.insert(key(error))));
    }

    /// Takes out what a baseline holds, and counts it; what is left is new.
    ///
    /// Errors and findings about suppressions stay. What the baseline holds and nothing finds any more is
    /// a note, where everything was checked.
    #[must_use]
    pub fn without(mut self, baseline: &Baseline) -> Self {
        let held = baseline.fingerprints();
        let mut gone = held.clone();
        let before = self.findings.len();
        self.findings.retain(|finding| {
            gone.remove(&*finding.fingerprint);
            !(finding::may_hold(finding) && held.contains(&*finding.fingerprint))
        });
        self.summary.baseline += before - self.findings.len();
        self.count();
        let found: HashSet<&str> = self.findings.iter().map(|finding| &*finding.policy).collect();
        self.policies.retain(|id, _| found.contains(&**id));
        if self.whole && self.errors.is_empty() && !gone.is_empty() {
            let (findings, are) = if gone.len() == 1 { ("finding", "is") } else { ("findings", "are") };
            self.notes.push(Note {
                location: baseline.file().cloned().map(Location::file),
                message: format!("{} {findings} of the baseline {are} gone; write it again", gone.len()),
            });
        }
        self
    }

    /// Writes the report in a format with its default settings.
    pub fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Text => Text::default().write(self, out),
            Format::Json => Json.write(self, out),
            Format::Sarif => Sarif.write(self, out),
            Format::Github => Github.write(self, out),
            Format::Gitlab => Gitlab.write(self, out),
            Format::Junit => Junit.write(self, out),
        }
    }

    pub(crate) fn count(&mut self) {
        let summary = &mut self.summary;
        (summary.errors, summary.warnings, summary.infos, summary.unknown) = (0, 0, 0, 0);
        for finding in &self.findings {
            match (finding.verdict, finding.severity) {
                (Verdict::Unknown, _) => summary.unknown += 1,
                (Verdict::Violated, Severity::Error) => summary.errors += 1,
                (Verdict::Violated, Severity::Warning) => summary.warnings += 1,
                (Verdict::Violated, Severity::Info) => summary.infos += 1,
                (Verdict::Violated, Severity::Off) => {}
            }
        }
    }
}

/// Something that writes reports.
pub trait Writer {
    /// Writes one report.
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The formats a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text,
    /// For programs; described by `docs/report.schema.json`.
    Json,
    /// For code-scanning services and editors; SARIF 2.1.0.
    Sarif,
    /// For GitHub Actions; annotations as workflow commands.
    Github,
    /// For GitLab; its Code Quality report.
    Gitlab,
    /// For services that show tests, such as Jenkins; JUnit XML.
    Junit,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Text, Self::Json, Self::Sarif, Self::Github, Self::Gitlab, Self::Junit];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::Argument, format!("`{name}` is not a format"))
                .with_help("formats are text, json, sarif, github, gitlab and junit")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn every_format_reads_back_and_is_offered() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>(), Ok(format));
        }
        let error = "xml".parse::<Format>().unwrap_err();
        assert!(Format::ALL.into_iter().all(|format| error.help().unwrap().contains(format.name())));
    }
}
