//! JUnit XML says what the JSON says, in the same words every time.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{SECRET, broken, check, items};
use crate::example;
use crate::run::{plimsoll, with_input};

/// Class, status, type, file and line of every case, in the order of the document; its elements are written one a line.
fn cases(text: &str) -> Vec<[String; 5]> {
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plimsoll\" "), "{text}");
    let value = "\"([^\"<]*)\"";
    let case = format!(
        "<testcase name={value} classname={value}(?: file={value})?(?: line=\"([1-9][0-9]*)\")?>\\s*\
         <(failure|skipped|error) message={value} type={value}>"
    );
    let part = |captures: &regex::Captures<'_>, at| captures.get(at).map_or("", |part| part.as_str()).to_owned();
    let found = Regex::new(&case).unwrap();
    let found = found.captures_iter(text).map(|case| [2, 5, 7, 3, 4].map(|at| part(&case, at)));
    let found: Vec<_> = found.collect();
    assert_eq!(text.matches("<testcase ").count(), found.len(), "{text}");
    found
}

/// The number that an element of the document says.
fn number(text: &str, element: &str, name: &str) -> usize {
    let pattern = format!("<{element} [^>]*\\b{name}=\"([0-9]+)\"");
    let numbers = Regex::new(&pattern).unwrap();
    numbers.captures_iter(text).map(|found| found[1].parse::<usize>().unwrap()).sum()
}

#[test]
fn cases_say_what_the_json_says() {
    let directory = broken();
    let report = check(directory.path(), "json").ended(2).json();
    let run = check(directory.path(), "junit").ended(2);
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains(SECRET), "a secret is shown");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |item: &Value, class: &str, status: &str, kind: &str| {
        let line = item["location"]["line"].as_u64().map(|line| line.to_string()).unwrap_or_default();
        [text(&item[class]), status.to_owned(), text(&item[kind]), text(&item["location"]["file"]), line]
    };
    let mut expected: Vec<_> = items(&report, "/findings")
        .iter()
        .map(|finding| {
            let status = if finding["verdict"] == "unknown" { "skipped" } else { "failure" };
            of(finding, "policy", status, "severity")
        })
        .collect();
    // A suite for each policy, in which the order of the report stays.
    expected.sort_by(|a, b| a[0].cmp(&b[0]));
    expected.extend(items(&report, "/errors").iter().map(|error| of(error, "kind", "error", "kind")));
    let cases = cases(&run.stdout);
    assert_eq!(cases, expected);
    for (status, name) in [("failure", "failures"), ("skipped", "skipped"), ("error", "errors")] {
        let count = cases.iter().filter(|case| case[1] == status).count();
        assert!(count > 0, "there is no {status}");
        assert_eq!(number(&run.stdout, "testsuites", name), count);
        assert_eq!(number(&run.stdout, "testsuite", name), count);
    }
    let names = Regex::new("<testcase (name=\"[^\"]*\" classname=\"[^\"]*\")").unwrap();
    let names: BTreeSet<&str> = names.captures_iter(&run.stdout).map(|found| found.extract::<1>().1[0]).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(run.stdout.contains(" in staging, production"), "{}", run.stdout);
    // Nothing in it is of its moment.
    assert!(["time=", "timestamp=", "uuid="].iter().all(|name| !run.stdout.contains(name)), "{}", run.stdout);
    assert_eq!(check(directory.path(), "junit").stdout, run.stdout);
}

#[test]
fn control_characters_of_a_manifest_do_not_end_the_document() {
    let manifest = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: \"a\\x1b[31m\\x00\\uFFFE]]><\", \
                    namespace: shop}\nrules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]\n";
    let directory = tempfile::tempdir().unwrap();
    let run = with_input(directory.path(), &["check", "-", "--select", "rbac/", "--format", "junit"], manifest);
    let held = |character: char| character == '\n' || (character >= ' ' && character != '\u{fffe}');
    assert!(run.stdout.chars().all(held), "{:?}", run.stdout);
    let cases = cases(&run.stdout);
    assert!(!cases.is_empty());
    assert!(run.stdout.contains(r"a\u{1b}[31m\u{0}\u{fffe}]]&gt;&lt;"), "{}", run.stdout);
}

#[test]
fn nothing_found_is_a_case_that_passes_and_what_cannot_be_opened_an_error() {
    let run = check(&example::root(), "junit").ended(0);
    assert_eq!((number(&run.stdout, "testsuites", "tests"), number(&run.stdout, "testsuites", "failures")), (1, 0));
    assert!(run.stdout.contains("<testcase name=\"nothing found\" classname=\"plimsoll\">"), "{}", run.stdout);
    let directory = tempfile::tempdir().unwrap();
    let run = plimsoll(directory.path(), &["check", "nowhere", "--format", "junit"]).ended(2);
    let cases = cases(&run.stdout);
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0][..3], ["file", "error", "file"]);
}
