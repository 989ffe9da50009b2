//! Workflow commands that GitHub Actions turns into annotations, one line for each finding and error.
//!
//! The grammar is that of the runner (actions/runner, `src/Runner.Common/ActionCommand.cs`): a command is a
//! line, so line ends and the characters that end a property are written as percent escapes, and nothing in
//! a message can be taken for another command. Notes are left to the other formats: a step shows ten
//! annotations of each level, and those are for findings.

use std::io;

use super::paths::Paths;
use super::text::closing;
use super::{Report, Writer, origins, words};
use crate::finding::{Finding, Severity, Verdict};
use crate::{Error, Location};

/// Writes a report as annotations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Github;

impl Writer for Github {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        for finding in &report.findings {
            writeln!(out, "{}", of_finding(finding, &report.paths))?;
        }
        for error in &report.errors {
            writeln!(out, "{}", of_error(error, &report.paths))?;
        }
        writeln!(out, "{}", closing(report))
    }
}

fn of_finding(finding: &Finding, paths: &Paths) -> String {
    let (name, title) = match (finding.verdict, finding.severity) {
        (Verdict::Unknown, _) => ("notice", format!("{} (unknown)", finding.policy)),
        (Verdict::Violated, Severity::Error) => ("error", finding.policy.to_string()),
        (Verdict::Violated, Severity::Warning) => ("warning", finding.policy.to_string()),
        (Verdict::Violated, Severity::Info | Severity::Off) => ("notice", finding.policy.to_string()),
    };
    let about = words::about(finding);
    let mut lines = vec![finding.message.as_str()];
    lines.extend(finding.witness.iter().map(String::as_str));
    lines.extend([about.as_str(), finding.fix.as_str()]);
    let values = origins::lines(finding, paths);
    lines.extend(values.iter().map(String::as_str));
    command(name, &title, finding.location.as_ref().map(|location| paths.at(location)), &lines)
}

fn of_error(error: &Error, paths: &Paths) -> String {
    let title = format!("{} (could not be done)", error.kind().name());
    let environments = words::within(error.environments());
    let lines = [error.message(), environments.as_str(), error.help().unwrap_or_default()];
    command("error", &title, error.location().map(|location| paths.at(location)), &lines)
}

/// A command with what is known of its place; empty lines of its message are left out.
fn command(name: &str, title: &str, location: Option<Location>, lines: &[&str]) -> String {
    let mut properties = Vec::new();
    if let Some(location) = location {
        properties.push(format!("file={}", property(&location.file)));
        properties.extend(location.line.map(|line| format!("line={line}")));
        properties.extend(location.line.and(location.column).map(|column| format!("col={column}")));
    }
    properties.push(format!("title={}", property(title)));
    let lines: Vec<&str> = lines.iter().copied().filter(|line| !line.is_empty()).collect();
    format!("::{name} {}::{}", properties.join(","), data(&lines.join("\n")))
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Github, property};
    use crate::finding::{Severity, ValueOrigin, Verdict};
    use crate::report::samples::{finding, report};
    use crate::report::{Report, Writer as _};
    use crate::{Error, ErrorKind, Location};

    fn lines(report: &Report) -> Vec<String> {
        let mut bytes = Vec::new();
        Github.write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_finding_is_one_line_at_its_place() {
        let lines = lines(&report([finding()]));
        assert_eq!(
            lines[0],
            "::error file=charts/a/templates/role.yaml.j2,line=7,col=3,title=rbac/wildcard::it grants everything\
             %0Averbs: *%0ARole shop/cart in staging, production%0AList the verbs."
        );
        assert_eq!(lines[1..], ["✗ 1 error in 0 objects of staging, production"]);
    }

    #[test]
    fn what_ends_a_line_or_a_property_is_escaped() {
        let mut hostile = finding();
        hostile.message = "100 % of\r\n::error::a: b, c".to_owned();
        hostile.location = Some(Location::at("a,line=1::b\n%0A.yaml", 2, 1));
        let lines = lines(&report([hostile]));
        let start = "::error file=a%2Cline=1%3A%3Ab%0A%250A.yaml,line=2,col=1,title=rbac/wildcard::100 %25 of%0D%0A";
        assert!(lines[0].starts_with(&format!("{start}::error::a: b, c%0A")), "{}", lines[0]);
        assert_eq!(lines.len(), 2);
        assert_eq!(property("%3A:,\r\n"), "%253A%3A%2C%0D%0A");
    }

    #[test]
    fn levels_and_places_are_those_that_are_known() {
        let with = |severity, verdict, location| {
            let mut finding = finding();
            (finding.severity, finding.verdict, finding.location) = (severity, verdict, location);
            lines(&report([finding])).remove(0)
        };
        let unmapped = Location { file: "a.yaml".into(), line: None, column: Some(4) };
        for (line, start) in [
            (with(Severity::Warning, Verdict::Violated, None), "::warning title=rbac/wildcard::it"),
            (with(Severity::Info, Verdict::Violated, Some(unmapped)), "::notice file=a.yaml,title=rbac/wildcard::it"),
            (with(Severity::Error, Verdict::Unknown, None), "::notice title=rbac/wildcard (unknown)::it"),
        ] {
            assert!(line.starts_with(start), "{line}");
        }
    }

    #[test]
    fn files_are_named_from_the_root_of_the_repository() {
        let mut finding = finding();
        finding.occurrences[0].values = vec![ValueOrigin {
            key: "a.b".to_owned(),
            file: Some("values.yaml".into()),
            line: Some(4),
            layer: "release".to_owned(),
        }];
        let mut report = report([finding]).lying_in("ops/deploy");
        report.extend_errors(["plimsoll.yaml", "base.json"].map(|file| {
            Error::new(ErrorKind::File, format!("{file} is broken")).with_location(Location::at(file, 1, 1))
        }));
        let lines = lines(&report.naming("base.json", "base.json"));
        assert!(lines[0].starts_with("::error file=ops/deploy/charts/a/templates/role.yaml.j2,line=7,"), "{lines:?}");
        assert!(lines[0].ends_with("values in staging: `a.b` (ops/deploy/values.yaml:4, release)"), "{lines:?}");
        assert!(lines[1].starts_with("::error file=ops/deploy/plimsoll.yaml,line=1,"), "{lines:?}");
        assert!(lines[2].starts_with("::error file=base.json,line=1,"), "{lines:?}");
    }

    #[test]
    fn errors_are_annotations_too() {
        let mut report = Report::default();
        report.extend_errors([Error::new(ErrorKind::Template, "`a` is not set")
            .with_location(Location::at("t.j2", 3, 9))
            .with_help("did you mean `b`?")
            .with_environments(vec![Arc::from("dr")])]);
        let lines = lines(&report);
        assert_eq!(
            lines,
            [
                "::error file=t.j2,line=3,col=9,title=template (could not be done)::`a` is not set%0Ain dr%0A\
                 did you mean `b`?",
                "✗ nothing found in 0 objects; 1 thing could not be done",
            ]
        );
    }
}
