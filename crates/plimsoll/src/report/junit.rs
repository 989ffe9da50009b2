//! JUnit XML, which Jenkins, GitLab and actions of GitHub show as tests: a case for each finding and error.
//!
//! Owns what of a report is which element; the elements are quick-junit's. Without times, dates and ids the same
//! report is the same text. Of cases with one class and name GitLab keeps the first, so names are told apart; it
//! shows the content of an element, Jenkins its message, too. Notes are left to the other formats.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::paths::Paths;
use super::text::closing;
use super::{Report, Writer, origins, words};
use crate::finding::{Finding, Verdict};
use crate::{Error, Location};

/// The suite of what could not be done.
const UNDONE: &str = "could not be done";

/// Writes a report as JUnit XML.
#[derive(Debug, Clone, Copy, Default)]
pub struct Junit;

impl Writer for Junit {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let mut suites: BTreeMap<&str, Vec<TestCase>> = BTreeMap::new();
        for finding in &report.findings {
            suites.entry(&*finding.policy).or_default().push(of_finding(finding, &report.paths));
        }
        let mut suites: Vec<(&str, Vec<TestCase>)> = suites.into_iter().collect();
        if !report.errors.is_empty() {
            suites.push((UNDONE, report.errors.iter().map(|error| of_error(error, &report.paths)).collect()));
        }
        if suites.is_empty() {
            suites.push(("plimsoll", vec![nothing(report)]));
        }
        let mut document = Document::new("plimsoll");
        for (name, mut cases) in suites {
            tell_apart(&mut cases);
            let mut suite = TestSuite::new(one_line(name));
            suite.add_test_cases(cases);
            document.add_test_suite(suite);
        }
        document.serialize(out).map_err(io::Error::other)
    }
}

fn of_finding(finding: &Finding, paths: &Paths) -> TestCase {
    let status = match finding.verdict {
        Verdict::Violated => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Unknown => TestCaseStatus::skipped(),
    };
    let name = match &finding.resource {
        Some(resource) => format!("{resource}: {}", finding.message),
        None => finding.message.clone(),
    };
    let mut lines = vec![words::about(finding)];
    lines.extend(finding.witness.iter().cloned());
    lines.push(finding.fix.clone());
    lines.extend(origins::lines(finding, paths));
    let case =
        Case { name, class: &finding.policy, kind: finding.severity.to_string(), message: &finding.message, lines };
    case.at(finding.location.as_ref(), status, paths)
}

fn of_error(error: &Error, paths: &Paths) -> TestCase {
    let kind = error.kind().name();
    let lines = vec![words::within(error.environments()), error.help().unwrap_or_default().to_owned()];
    let case =
        Case { name: error.message().to_owned(), class: kind, kind: kind.to_owned(), message: error.message(), lines };
    case.at(error.location(), TestCaseStatus::non_success(NonSuccessKind::Error), paths)
}

/// The case of a report without findings and errors, since there are readers that refuse one without cases.
fn nothing(report: &Report) -> TestCase {
    let mut case = TestCase::new("nothing found", TestCaseStatus::success());
    case.set_classname("plimsoll").set_system_out(clean(&closing(report)));
    case
}

/// What is said of a finding or an error.
struct Case<'a> {
    name: String,
    class: &'a str,
    kind: String,
    message: &'a str,
    lines: Vec<String>,
}

impl Case<'_> {
    fn at(mut self, location: Option<&Location>, mut status: TestCaseStatus, paths: &Paths) -> TestCase {
        let location = location.map(|location| paths.at(location));
        // Jenkins has no other way to show the place.
        self.lines.insert(0, location.as_ref().map(|location| format!("at {location}")).unwrap_or_default());
        self.lines.insert(0, self.message.to_owned());
        self.lines.retain(|line| !line.is_empty());
        status.set_type(one_line(&self.kind)).set_message(one_line(self.message));
        status.set_description(clean(&self.lines.join("\n")));
        let mut case = TestCase::new(one_line(&self.name), status);
        case.set_classname(one_line(self.class));
        if let Some(location) = location {
            case.extra.insert("file".into(), one_line(&location.file).into());
            case.extra.extend(location.line.map(|line| ("line".into(), line.to_string().into())));
        }
        case
    }
}

/// Gives the second and later cases of one name a number.
fn tell_apart(cases: &mut [TestCase]) {
    let mut used = HashSet::new();
    let mut last: HashMap<(String, String), usize> = HashMap::new();
    for case in cases {
        let class = case.classname.as_deref().unwrap_or_default().to_owned();
        let name = case.name.as_str().to_owned();
        let number = last.entry((class.clone(), name.clone())).or_insert(1);
        // What a case gets for its number, another may be called by itself.
        while !used.insert((class.clone(), case.name.as_str().to_owned())) {
            *number += 1;
            case.name = format!("{name} ({number})").into();
        }
    }
}

/// The value of an attribute, in which a reader takes line ends for spaces.
fn one_line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// Spells out what XML 1.0 cannot hold (section 2.2), and all other control characters but line ends.
///
/// quick-junit would take escape sequences out with what follows them and let U+FFFE and U+FFFF pass.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\t', " ");
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if (character != '\n' && character.is_control()) || matches!(character, '\u{fffe}' | '\u{ffff}') {
            clean.extend(character.escape_unicode());
        } else {
            clean.push(character);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quick_junit::Report as Document;

    use super::{Junit, clean, one_line};
    use crate::finding::{Finding, Severity, Verdict};
    use crate::report::samples::{finding, report};
    use crate::report::{Report, Writer as _};
    use crate::{Error, ErrorKind, Location};

    fn text(report: &Report) -> String {
        let mut bytes = Vec::new();
        Junit.write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn document(report: &Report) -> Document {
        let text = text(report);
        Document::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn with(verdict: Verdict, severity: Severity) -> Finding {
        let mut finding = finding();
        (finding.verdict, finding.severity) = (verdict, severity);
        finding
    }

    #[test]
    fn a_finding_is_a_failure_in_the_suite_of_its_policy() {
        assert_eq!(
            text(&report([finding()]).lying_in("deploy")),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="plimsoll" tests="1" skipped="0" failures="1" errors="0">
    <testsuite name="rbac/wildcard" tests="1" skipped="0" errors="0" failures="1">
        <testcase name="Role shop/cart: it grants everything" classname="rbac/wildcard" file="deploy/charts/a/templates/role.yaml.j2" line="7">
            <failure message="it grants everything" type="error">it grants everything
at deploy/charts/a/templates/role.yaml.j2:7:3
Role shop/cart in staging, production
verbs: *
List the verbs.</failure>
        </testcase>
    </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn what_is_unknown_is_skipped_and_severities_are_types() {
        let mut other = with(Verdict::Violated, Severity::Warning);
        other.policy = "images/mutable-tag".into();
        let text = text(&report([finding(), with(Verdict::Unknown, Severity::Info), other]));
        let suites: Vec<&str> = text.lines().filter(|line| line.contains("<testsuite ")).map(str::trim).collect();
        assert_eq!(
            suites,
            [
                r#"<testsuite name="images/mutable-tag" tests="1" skipped="0" errors="0" failures="1">"#,
                r#"<testsuite name="rbac/wildcard" tests="2" skipped="1" errors="0" failures="1">"#,
            ]
        );
        assert!(text.contains(r#"<failure message="it grants everything" type="warning">"#), "{text}");
        assert!(text.contains(r#"<skipped message="it grants everything" type="info">"#), "{text}");
    }

    #[test]
    fn errors_have_a_suite_and_nothing_is_a_case_that_passes() {
        let mut report = Report::default();
        let nothing = text(&report);
        assert!(nothing.contains(r#"<testsuites name="plimsoll" tests="1" skipped="0" failures="0" errors="0">"#));
        assert!(nothing.contains("<system-out>✓ nothing found in 0 objects</system-out>"), "{nothing}");
        report.extend_errors([
            Error::new(ErrorKind::Template, "`a` is not set")
                .with_location(Location::at("t.j2", 3, 9))
                .with_help("did you mean `b`?")
                .with_environments(vec![Arc::from("dr")]),
            Error::new(ErrorKind::Argument, "no such thing"),
        ]);
        let text = text(&report);
        assert!(text.contains(r#"<testsuite name="could not be done" tests="2" skipped="0" errors="2" failures="0">"#));
        assert!(text.contains(r#"<testcase name="`a` is not set" classname="template" file="t.j2" line="3">"#));
        assert!(text.contains("`a` is not set\nat t.j2:3:9\nin dr\ndid you mean `b`?</error>"), "{text}");
        assert!(text.contains(r#"<error message="no such thing" type="argument">no such thing</error>"#), "{text}");
    }

    #[test]
    fn names_are_told_apart() {
        let mut numbered = finding();
        numbered.message = "it grants everything (2)".to_owned();
        let document = document(&report([finding(), numbered, finding(), finding()]));
        let names: Vec<&str> = document.test_suites[0].test_cases.iter().map(|case| case.name.as_str()).collect();
        let name = "Role shop/cart: it grants everything";
        assert_eq!(names, [name, &format!("{name} (2)"), &format!("{name} (3)"), &format!("{name} (4)")]);
    }

    /// What a document may consist of, by section 2.2 of XML 1.0.
    fn is_xml(character: char) -> bool {
        matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    #[test]
    fn hostile_text_breaks_nothing() {
        let all: String = ('\0'..='\u{ffff}').chain(['\u{1fffe}', '\u{10ffff}']).collect();
        for hostile in
            [&*all, "]]></failure><x a='\"&b;", "\u{1b}[31mred\u{1b}]8;;http://x\u{7}y", "<!--", "&#0;", "\r\n\t"]
        {
            let mut finding = finding();
            finding.message = hostile.to_owned();
            finding.fix = hostile.to_owned();
            finding.witness = vec![hostile.to_owned()];
            finding.policy = hostile.into();
            finding.environments = vec![hostile.into()];
            finding.location = Some(Location::at(hostile, 1, 1));
            let mut report = report([finding]);
            report.extend_errors([Error::new(ErrorKind::File, hostile).with_help(hostile)]);
            assert_eq!(text(&report).chars().find(|character| !is_xml(*character)), None);
            let document = document(&report);
            assert_eq!((document.tests, document.failures, document.errors), (2, 1, 1));
            assert_eq!(document.test_suites[0].name.as_str(), one_line(hostile));
        }
        assert_eq!(clean("\u{1b}[31mred\tx\u{fffe}\r\ny\r\u{85}"), "\\u{1b}[31mred x\\u{fffe}\ny\\u{d}\\u{85}");
    }
}
