//! GitLab's Code Quality report says what the JSON says, with the members that GitLab asks for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{SECRET, broken, check, faults, items};
use crate::example;
use crate::run::plimsoll;

/// The members of GitLab's documentation of Code Quality, all of them obligatory here.
fn schema() -> Value {
    json!({"type": "array", "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "additionalProperties": false,
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1},
                    "lines": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    }})
}

fn place(item: &Value) -> Value {
    let location = &item["location"];
    let file = location["file"].as_str().unwrap_or("plimsoll.yaml");
    json!({"path": file, "lines": {"begin": location["line"].as_u64().unwrap_or(1)}})
}

#[test]
fn entries_say_what_the_json_says() {
    let directory = broken();
    let report = check(directory.path(), "json").ended(2).json();
    let run = check(directory.path(), "gitlab").ended(2);
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains(SECRET), "a secret is shown");
    let document = run.json();
    assert_eq!(faults(&document, &schema()), Vec::<String>::new(), "{document:#}");
    let entries = items(&document, "");
    let findings = items(&report, "/findings").iter().map(|finding| {
        let severity = match (finding["verdict"].as_str(), finding["severity"].as_str()) {
            (Some("violated"), Some("error")) => "critical",
            (Some("violated"), Some("warning")) => "minor",
            _ => "info",
        };
        (finding["policy"].clone(), json!(severity), place(finding))
    });
    let errors = items(&report, "/errors").iter().map(|error| (error["kind"].clone(), json!("blocker"), place(error)));
    let expected: Vec<_> = findings.chain(errors).collect();
    let of = |entry: &Value| (entry["check_name"].clone(), entry["severity"].clone(), entry["location"].clone());
    assert_eq!(entries.iter().map(of).collect::<Vec<_>>(), expected);
    let prints: BTreeSet<&str> = entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), entries.len());
    // Everything the test is about is there.
    for severity in ["info", "minor", "critical", "blocker"] {
        assert!(entries.iter().any(|entry| entry["severity"] == severity), "nothing is {severity}: {document:#}");
    }
    let several = |entry: &&Value| entry["description"].as_str().unwrap().contains(" in staging, production");
    assert!(entries.iter().find(several).is_some(), "{document:#}");
}

#[test]
fn fingerprints_survive_lines_that_move() {
    let directory = broken();
    let prints = || {
        let document = check(directory.path(), "gitlab").ended(2).json();
        let of = |entry: &Value| entry["fingerprint"].as_str().unwrap().to_owned();
        let lines = |entry: &Value| entry["location"]["lines"]["begin"].as_u64().unwrap();
        let entries = items(&document, "");
        (entries.iter().map(of).collect::<BTreeSet<_>>(), entries.iter().map(lines).sum::<u64>())
    };
    let (before, lines) = prints();
    for (path, comment) in [
        ("charts/cart/templates/cache.yaml.j2", "{# moved #}"),
        ("charts/gateway/templates/ingress.yaml.j2", "{# moved #}"),
        ("plimsoll.yaml", "# moved"),
    ] {
        let path = directory.path().join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{comment}\n{text}")).unwrap();
    }
    let (after, moved) = prints();
    assert!(moved > lines, "no line has moved");
    assert_eq!(after, before);
}

#[test]
fn nothing_found_is_an_empty_list_and_what_cannot_be_opened_an_entry() {
    assert_eq!(check(&example::root(), "gitlab").ended(0).json(), json!([]));
    let directory = tempfile::tempdir().unwrap();
    let document = plimsoll(directory.path(), &["check", "nowhere", "--format", "gitlab"]).ended(2).json();
    assert_eq!(faults(&document, &schema()), Vec::<String>::new());
    assert_eq!(document[0]["severity"], "blocker");
    assert_eq!(document[0]["location"]["path"], "plimsoll.yaml");
}
