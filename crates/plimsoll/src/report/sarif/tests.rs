//! What of a report goes where in a log.

use serde_json::{Value, json};

use super::{Sarif, uri};
use crate::finding::{Finding, Severity, ValueOrigin, Verdict};
use crate::policy::Policies;
use crate::report::samples::{finding, report};
use crate::report::{Report, Writer as _};
use crate::{Error, ErrorKind, Location, Note};

fn run_of(report: &Report) -> Value {
    let mut bytes = Vec::new();
    Sarif.write(report, &mut bytes).unwrap();
    let mut log: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(log["version"], "2.1.0");
    log["runs"][0].take()
}

fn result_of(finding: Finding) -> Value {
    run_of(&report([finding]))["results"][0].take()
}

#[test]
fn a_finding_is_a_result() {
    assert_eq!(
        result_of(finding()),
        json!({
            "ruleId": "rbac/wildcard",
            "ruleIndex": 0,
            "kind": "fail",
            "level": "error",
            "message": {"text": "it grants everything\nverbs: *"},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": "charts/a/templates/role.yaml.j2", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 7, "startColumn": 3},
                },
                "logicalLocations": [
                    {"name": "cart", "fullyQualifiedName": "Role shop/cart", "kind": "resource"}
                ],
            }],
            "partialFingerprints": {"plimsoll/v1": "0123456789abcdef0123456789abcdef"},
            "properties": {
                "environments": ["staging", "production"],
                "pointer": "/rules/0/verbs",
                "severity": "error",
                "verdict": "violated",
            },
        })
    );
}

#[test]
fn rules_are_the_policies_that_found_something() {
    let mut second = finding();
    second.policy = "images/mutable-tag".into();
    let mut report = report([finding(), second, finding()]);
    let run = run_of(&report);
    assert_eq!(run["tool"]["driver"]["rules"][1]["shortDescription"]["text"], "rbac/wildcard");
    let indexes: Vec<&Value> = run["results"].as_array().unwrap().iter().map(|result| &result["ruleIndex"]).collect();
    assert_eq!(indexes, [1, 0, 1]);
    report.policies = Policies::builtin().unwrap().iter().map(|policy| (policy.id.clone(), policy.clone())).collect();
    let run = run_of(&report);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    let policy = &report.policies["rbac/wildcard"];
    assert_eq!(
        rules[1],
        json!({
            "id": "rbac/wildcard",
            "name": "wildcard",
            "shortDescription": {"text": policy.title},
            "fullDescription": {"text": policy.description},
            "help": {"text": "List the verbs."},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["rbac"]},
        })
    );
}

#[test]
fn what_is_unknown_is_for_review_and_has_no_level() {
    let mut unknown = finding();
    (unknown.verdict, unknown.severity) = (Verdict::Unknown, Severity::Warning);
    let result = result_of(unknown);
    assert_eq!((&result["kind"], &result["level"]), (&json!("review"), &json!("none")));
    assert_eq!(result["properties"]["severity"], "warning");
    for (severity, level) in [(Severity::Warning, "warning"), (Severity::Info, "note")] {
        let mut finding = finding();
        finding.severity = severity;
        assert_eq!(result_of(finding)["level"], level);
    }
}

#[test]
fn a_place_is_as_exact_as_it_is_known() {
    let mut unmapped = finding();
    unmapped.location = Some(Location::file("a.yaml"));
    assert_eq!(result_of(unmapped).pointer("/locations/0/physicalLocation/region"), None);
    let mut nowhere = finding();
    nowhere.location = None;
    let result = result_of(nowhere.clone());
    assert_eq!(result["locations"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["logicalLocations"]);
    nowhere.resource = None;
    assert_eq!(result_of(nowhere).get("locations"), None);
}

#[test]
fn other_places_are_related_each_once() {
    let mut finding = finding();
    let other = Location::at("b.yaml", 2, 1);
    for occurrence in &mut finding.occurrences {
        occurrence.location = Some(other.clone());
        let origin = |file: Option<&str>| ValueOrigin {
            key: "a.b".to_owned(),
            file: file.map(Into::into),
            line: Some(4),
            layer: "release".to_owned(),
        };
        occurrence.values = vec![origin(Some("values.yaml")), origin(None)];
    }
    let result = result_of(finding);
    let related = result["relatedLocations"].as_array().unwrap();
    let texts: Vec<&Value> = related.iter().map(|place| &place["message"]["text"]).collect();
    assert_eq!(texts, ["the place in staging, production", "`a.b`, set by the layer release, in staging, production"]);
    assert_eq!(related[1]["physicalLocation"]["region"], json!({"startLine": 4}));
}

#[test]
fn errors_and_notes_are_notifications() {
    let mut report = Report::default();
    assert_eq!(run_of(&report)["invocations"], json!([{"executionSuccessful": true}]));
    report.notes = vec![Note { location: None, message: "passed over".to_owned() }];
    assert_eq!(run_of(&report)["invocations"][0]["executionSuccessful"], true);
    report.extend_errors([Error::new(ErrorKind::Template, "`{{ a }}` is not set")
        .with_location(Location::at("t.j2", 3, 9))
        .with_help("set it")]);
    let run = run_of(&report);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"],
        json!([
            {
                "level": "error",
                // Braces alone would be placeholders.
                "message": {"text": "`{{{{ a }}}}` is not set\nset it"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "t.j2", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3, "startColumn": 9},
                }}],
                "properties": {"kind": "template"},
            },
            {"level": "note", "message": {"text": "passed over"}},
        ])
    );
}

#[test]
fn source_text_is_never_quoted() {
    for sensitive in [true, false] {
        let mut finding = finding();
        finding.sensitive = sensitive;
        let file = finding.location.clone().unwrap().file;
        let mut report = report([finding]);
        report.sources.insert(file, "\n\n\n\n\n\n  password: hunter2\n".into());
        let text = run_of(&report).to_string();
        assert!(!text.contains("hunter2") && !text.contains("snippet") && !text.contains("contents"));
    }
}

#[test]
fn paths_are_relative_references() {
    for (path, expected) in [
        ("a/b-1.0.0.tgz!b/x.yaml", "a/b-1.0.0.tgz!b/x.yaml"),
        ("c: d/100%.yaml", "c%3A%20d/100%25.yaml"),
        ("ü?#[]\\\n", "%C3%BC%3F%23%5B%5D%5C%0A"),
        ("<stdin>", "%3Cstdin%3E"),
    ] {
        assert_eq!(uri(path), expected);
    }
}

#[test]
fn paths_begin_where_the_log_says() {
    let description = |run: &Value| run["originalUriBaseIds"]["%SRCROOT%"]["description"]["text"].clone();
    let mut here = report([finding()]);
    here.notes = vec![Note { location: Some(Location::file("a.yaml")), message: "passed over".to_owned() }];
    here.findings[0].occurrences[0].location = Some(Location::at("b.yaml", 2, 1));
    here.extend_errors([Error::new(ErrorKind::Template, "broken").with_location(Location::at("t.j2", 3, 9))]);
    assert_eq!(description(&run_of(&here)), "The workspace's root.");
    let run = run_of(&here.lying_in("my ops"));
    assert_eq!(description(&run), "The root of the repository that the workspace lies in.");
    for (pointer, uri) in [
        ("/results/0/locations/0", "my%20ops/charts/a/templates/role.yaml.j2"),
        ("/results/0/relatedLocations/0", "my%20ops/b.yaml"),
        ("/invocations/0/toolExecutionNotifications/0/locations/0", "my%20ops/t.j2"),
        ("/invocations/0/toolExecutionNotifications/1/locations/0", "my%20ops/a.yaml"),
    ] {
        assert_eq!(run.pointer(pointer).unwrap()["physicalLocation"]["artifactLocation"]["uri"], uri, "{pointer}");
    }
}
