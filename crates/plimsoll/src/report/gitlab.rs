//! GitLab's Code Quality report: a JSON array with an entry for each finding and error.
//!
//! The members are those that GitLab's documentation of Code Quality lists; it reads no others. Its parser stops at
//! an entry that it finds invalid, and of entries with one fingerprint it keeps one. So every entry has every
//! member, and a fingerprint of its own. Notes are left to the other formats.

use std::collections::HashMap;
use std::io;

use serde::Serialize;

use super::paths::Paths;
use super::{Report, Writer, words};
use crate::finding::{Finding, Severity, Verdict, fingerprint};
use crate::workspace::FILE;
use crate::{Error, Location};

/// Writes a report for GitLab's Code Quality.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gitlab;

#[derive(Serialize)]
struct Entry<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

impl Writer for Gitlab {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let mut prints = Fingerprints { paths: &report.paths, seen: HashMap::new() };
        let findings = report.findings.iter().map(|finding| of_finding(finding, &report.paths));
        let errors = report.errors.iter().map(|error| of_error(error, &report.paths));
        let mut entries: Vec<Entry<'_>> = findings.chain(errors).collect();
        for entry in &mut entries {
            entry.fingerprint = prints.own(&entry.fingerprint);
        }
        serde_json::to_writer_pretty(&mut *out, &entries)?;
        writeln!(out)
    }
}

/// An error is critical and a warning minor, since by default an error fails the run and a warning does not.
///
/// Only what could not be done stands above: behind it may be anything. GitLab sorts the entries of all jobs by this.
fn of_finding<'a>(finding: &'a Finding, paths: &Paths) -> Entry<'a> {
    let (severity, mark) = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => ("info", "unknown: "),
        (Verdict::Violated, Severity::Error) => ("critical", ""),
        (Verdict::Violated, Severity::Warning) => ("minor", ""),
        (Verdict::Violated, Severity::Info | Severity::Off) => ("info", ""),
    };
    let location = finding.location.as_ref();
    Entry {
        description: description(&format!("{mark}{}", finding.message), &words::about(finding), location),
        check_name: &finding.policy,
        fingerprint: finding.fingerprint.clone(),
        severity,
        location: place(location, paths),
    }
}

fn of_error<'a>(error: &'a Error, paths: &Paths) -> Entry<'a> {
    let kind = error.kind().name();
    let file = error.location().map_or("", |location| &*location.file);
    let message = format!("could not be done: {}", error.message());
    Entry {
        description: description(&message, &words::within(error.environments()), error.location()),
        check_name: kind,
        // Without the line, which moves.
        fingerprint: fingerprint(kind, file, None, "", error.message()),
        severity: "blocker",
        location: place(error.location(), paths),
    }
}

/// One line, since GitLab shows one; it says where the place is not what it seems.
fn description(message: &str, about: &str, location: Option<&Location>) -> String {
    let unplaced = match location {
        None => "in no file",
        Some(location) if location.line.is_none() => "line not known",
        Some(_) => "",
    };
    let remarks: Vec<&str> = [about, unplaced].into_iter().filter(|remark| !remark.is_empty()).collect();
    if remarks.is_empty() { message.to_owned() } else { format!("{message} ({})", remarks.join("; ")) }
}

/// GitLab links to a file and a line: the first where none is known, of `plimsoll.yaml` where no file is.
fn place(location: Option<&Location>, paths: &Paths) -> Place {
    let file = location.map_or(FILE, |location| &*location.file);
    let begin = location.and_then(|location| location.line).unwrap_or(1);
    Place { path: paths.path(file).into_owned(), lines: Lines { begin } }
}

/// Tells entries apart: GitLab puts the reports of all jobs together, and two workspaces may have the same chart.
struct Fingerprints<'a> {
    paths: &'a Paths,
    seen: HashMap<String, usize>,
}

impl Fingerprints<'_> {
    /// The fingerprint itself, or one made from it below the repository's root, and for the second and later of it.
    fn own(&mut self, print: &str) -> String {
        let times = self.seen.entry(print.to_owned()).or_default();
        *times += 1;
        match (self.paths.path(""), *times) {
            (folder, 1) if folder.is_empty() => print.to_owned(),
            (folder, times) => fingerprint(&folder, print, None, "", &times.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::Gitlab;
    use crate::finding::{Finding, Severity, Verdict};
    use crate::report::samples::{finding, report};
    use crate::report::{Report, Writer as _};
    use crate::{Error, ErrorKind, Location};

    fn entries(report: &Report) -> Vec<Value> {
        let mut bytes = Vec::new();
        Gitlab.write(report, &mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn entry(finding: Finding) -> Value {
        entries(&report([finding])).remove(0)
    }

    fn prints(report: &Report) -> BTreeSet<String> {
        let entries = entries(report);
        let prints: BTreeSet<String> =
            entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap().to_owned()).collect();
        assert_eq!(prints.len(), entries.len(), "{entries:#?}");
        prints
    }

    #[test]
    fn a_finding_is_an_entry_at_its_place() {
        assert_eq!(
            entry(finding()),
            json!({
                "description": "it grants everything (Role shop/cart in staging, production)",
                "check_name": "rbac/wildcard",
                "fingerprint": "0123456789abcdef0123456789abcdef",
                "severity": "critical",
                "location": {"path": "charts/a/templates/role.yaml.j2", "lines": {"begin": 7}},
            })
        );
        assert_eq!(entries(&report([])), [] as [Value; 0]);
    }

    #[test]
    fn severities_are_those_of_the_scale() {
        for (verdict, severity, expected) in [
            (Verdict::Violated, Severity::Error, "critical"),
            (Verdict::Violated, Severity::Warning, "minor"),
            (Verdict::Violated, Severity::Info, "info"),
            (Verdict::Unknown, Severity::Error, "info"),
        ] {
            let mut finding = finding();
            (finding.verdict, finding.severity) = (verdict, severity);
            let entry = entry(finding);
            assert_eq!(entry["severity"], expected);
            let unknown = entry["description"].as_str().unwrap().starts_with("unknown: it grants");
            assert_eq!(unknown, verdict == Verdict::Unknown);
        }
    }

    #[test]
    fn what_has_no_place_gets_one_and_says_so() {
        let mut nowhere = finding();
        (nowhere.location, nowhere.resource) = (None, None);
        let mut unmapped = finding();
        unmapped.location = Some(Location::file("a.yaml"));
        let entries = entries(&report([nowhere, unmapped]).lying_in("deploy"));
        assert_eq!(entries[0]["location"], json!({"path": "deploy/plimsoll.yaml", "lines": {"begin": 1}}));
        assert_eq!(entries[0]["description"], "it grants everything (in staging, production; in no file)");
        assert_eq!(entries[1]["location"], json!({"path": "deploy/a.yaml", "lines": {"begin": 1}}));
        assert!(entries[1]["description"].as_str().unwrap().ends_with("production; line not known)"), "{entries:?}");
    }

    #[test]
    fn errors_are_blockers_whose_fingerprint_has_no_line() {
        let of = |line, file: &str, message: &str| {
            let mut report = Report::default();
            report.extend_errors([Error::new(ErrorKind::Template, message)
                .with_location(Location::at(file, line, 9))
                .with_environments(vec![Arc::from("dr")])]);
            entries(&report).remove(0)
        };
        let entry = of(3, "t.j2", "`a` is not set");
        assert_eq!(entry["description"], "could not be done: `a` is not set (in dr)");
        assert_eq!((&entry["severity"], &entry["check_name"]), (&json!("blocker"), &json!("template")));
        assert_eq!(entry["location"], json!({"path": "t.j2", "lines": {"begin": 3}}));
        assert_eq!(of(30, "t.j2", "`a` is not set")["fingerprint"], entry["fingerprint"]);
        assert_ne!(of(3, "u.j2", "`a` is not set")["fingerprint"], entry["fingerprint"]);
        assert_ne!(of(3, "t.j2", "`b` is not set")["fingerprint"], entry["fingerprint"]);
        let mut report = Report::default();
        report.extend_errors([Error::new(ErrorKind::Argument, "no such thing")]);
        assert_eq!(entries(&report)[0]["description"], "could not be done: no such thing (in no file)");
    }

    #[test]
    fn no_two_entries_have_one_fingerprint() {
        let same = || report([finding(), finding(), finding()]);
        let here = prints(&same());
        assert!(here.contains(&finding().fingerprint));
        assert_eq!(here, prints(&same()));
        // Of another workspace in the repository they are others.
        let there = prints(&same().lying_in("deploy"));
        assert!(here.is_disjoint(&there) && there.is_disjoint(&prints(&same().lying_in("other"))));
        // Lines that move change nothing.
        let mut moved = same();
        for finding in &mut moved.findings {
            finding.location = Some(Location::at("charts/a/templates/role.yaml.j2", 70, 3));
        }
        assert_eq!(prints(&moved), here);
    }
}
