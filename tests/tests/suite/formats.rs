//! The formats of other people's tools: what is written is what they define, and says what the JSON says.
//!
//! `tests/sarif.schema.json` is a schema of the part of SARIF that is written. `PLIMSOLL_SARIF_SCHEMA` names
//! the published one, which is not carried here; without it nothing is compared with that.

mod gitlab;
mod junit;
mod repository;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::example::{self, NOW, Texts};
use crate::run::{Run, plimsoll};

/// What a password in a URL says; it is in a values file, and must be in no report.
const SECRET: &str = "tr0ub4dor-and-3";

/// A line of the example workspace as it is, and as it is when broken.
const BREAKS: &[(&str, &str, &str)] = &[
    ("charts/catalog/values.yaml", "      verbs: [get, update]", "      verbs: [\"*\"]"),
    (
        "charts/microservice/templates/_role.yaml.j2",
        "  kind: Role\n  name: {{ release.name }}",
        "  kind: Role\n  name: {{ release.name }}-reader",
    ),
    (
        "environments/staging/catalog.yaml",
        "  feed: https://feeds.staging.example/products",
        "  feed: https://reader:tr0ub4dor-and-3@feeds.staging.example/products",
    ),
    ("charts/cart/templates/cache.yaml.j2", "      targetPort: redis", "      targetPort: cache"),
    (
        "charts/gateway/templates/ingress.yaml.j2",
        "apiVersion: networking.k8s.io/v1",
        "apiVersion: networking.k8s.io/{{ values['}, {0}: %'] }}",
    ),
];

/// A suppression that has expired, whose finding is about no object.
const EXPIRED: &str = "  - policy: rbac/wildcard
    object: shop/Role/catalog
    reason: 100 % sure, until then
    owner: catalog
    expires: 2026-05-31
";

/// The example workspace with everything wrong at once.
fn broken_files() -> Texts {
    let mut files = example::files();
    for (path, from, to) in BREAKS {
        let text = std::str::from_utf8(&files[*path]).unwrap();
        assert!(text.contains(from), "{path} does not say `{from}`");
        let text = text.replacen(from, to, 1);
        files.insert((*path).to_owned(), text.as_bytes().into());
    }
    let config = std::str::from_utf8(&files["plimsoll.yaml"]).unwrap();
    assert!(config.contains("\nsuppressions:\n"));
    let config = config.replacen("\nsuppressions:\n", &format!("\nsuppressions:\n{EXPIRED}"), 1);
    files.insert("plimsoll.yaml".to_owned(), config.as_bytes().into());
    files
}

/// The same on disk.
fn broken() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    example::write(directory.path(), &broken_files());
    directory
}

fn check(directory: &Path, format: &str) -> Run {
    plimsoll(directory, &["check", "--now", NOW, "--format", format])
}

fn faults(log: &Value, schema: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn own_schema() -> Value {
    let text = std::fs::read_to_string(example::root().join("tests/sarif.schema.json")).unwrap();
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    schema
}

fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("there is no {pointer}"))
}

/// Both sides of a comparison as `policy fingerprint verdict file:line:column`.
fn of_result(result: &Value) -> String {
    let verdict = if result["kind"] == "review" { "unknown" } else { "violated" };
    let place = &result["locations"][0]["physicalLocation"];
    let (uri, region) = (&place["artifactLocation"]["uri"], &place["region"]);
    let fingerprint = &result["partialFingerprints"]["plimsoll/v1"];
    let (line, column) = (&region["startLine"], &region["startColumn"]);
    format!("{} {fingerprint} \"{verdict}\" {uri}:{line}:{column}", result["ruleId"])
}

fn of_finding(finding: &Value) -> String {
    let (verdict, fingerprint, place) = (&finding["verdict"], &finding["fingerprint"], &finding["location"]);
    let (file, line, column) = (&place["file"], &place["line"], &place["column"]);
    format!("{} {fingerprint} {verdict} {file}:{line}:{column}", finding["policy"])
}

#[test]
fn sarif_says_what_the_json_says() {
    let directory = broken();
    let report = check(directory.path(), "json").ended(2).json();
    let run = check(directory.path(), "sarif").ended(2);
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains(SECRET), "a secret is shown");
    let log = run.json();
    assert_eq!(faults(&log, &own_schema()), Vec::<String>::new(), "{log:#}");
    let results = items(&log, "/runs/0/results");
    let findings = items(&report, "/findings");
    assert_eq!(results.iter().map(of_result).collect::<Vec<_>>(), findings.iter().map(of_finding).collect::<Vec<_>>());
    let rules = items(&log, "/runs/0/tool/driver/rules");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let used: BTreeSet<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect::<Vec<_>>(), Vec::from_iter(used));
    let notifications = items(&log, "/runs/0/invocations/0/toolExecutionNotifications");
    assert_eq!(notifications.len(), items(&report, "/errors").len() + items(&report, "/notes").len());
    // Everything the test is about is there.
    for kind in ["fail", "review"] {
        assert!(results.iter().any(|result| result["kind"] == kind), "nothing is {kind}: {log:#}");
    }
    for policy in ["rbac/wildcard", "workload/secret-in-env", "network/service-unresolved"] {
        assert!(results.iter().any(|result| result["ruleId"] == policy), "{policy} is missing: {log:#}");
    }
    assert!(results.iter().any(|result| result["locations"][0].get("logicalLocations").is_none()));
}

#[test]
fn the_published_schema_admits_it() {
    let Some(path) = std::env::var_os("PLIMSOLL_SARIF_SCHEMA") else {
        // Written past the test's own output, so that a run that passes says so.
        writeln!(std::io::stderr().lock(), "formats: skipped: PLIMSOLL_SARIF_SCHEMA").unwrap();
        return;
    };
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for directory in [broken().path(), &example::root()] {
        let log = check(directory, "sarif").json();
        assert_eq!(faults(&log, &schema), Vec::<String>::new(), "{log:#}");
    }
    let mut log = check(&example::root(), "sarif").json();
    log["runs"][0]["surprise"] = json!(1);
    assert_eq!(faults(&log, &schema).len(), 1);
}

#[test]
fn the_schema_refuses_what_breaks_it() {
    let schema = own_schema();
    let log = check(broken().path(), "sarif").json();
    for (pointer, value) in [
        ("/runs/0/results/0/kind", json!("review")),
        ("/runs/0/results/0/level", json!("info")),
        ("/runs/0/results/0/message/text", json!("a {0}")),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("/etc/a.yaml")),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/partialFingerprints", json!({})),
        ("/runs/0/invocations/0/executionSuccessful", json!(true)),
        ("/runs/0/columnKind", json!("utf16CodeUnits")),
        ("/runs/0/tool/driver/rules/0", json!({"id": "a/b", "snippet": "x"})),
    ] {
        let mut log = log.clone();
        *log.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no {pointer}")) = value;
        assert!(!faults(&log, &schema).is_empty(), "{pointer} may be anything");
    }
}

/// A workflow command of the runner's grammar, in which nothing is left to unescape but what was escaped.
fn grammar() -> Regex {
    let value = "(?:[^%\\r\\n:,]|%25|%0D|%0A|%3A|%2C)+";
    let place = format!("file=(?P<file>{value})(?:,line=(?P<line>[1-9][0-9]*)(?:,col=(?P<column>[1-9][0-9]*))?)?,");
    let data = "(?:[^%\\r\\n]|%25|%0D|%0A)+";
    Regex::new(&format!("^::(?P<level>error|warning|notice) (?:{place})?title=(?P<title>{value})::{data}$")).unwrap()
}

#[test]
fn annotations_say_what_the_json_says() {
    let directory = broken();
    let report = check(directory.path(), "json").ended(2).json();
    let run = check(directory.path(), "github").ended(2);
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains(SECRET), "a secret is shown");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let (last, commands) = lines.split_last().unwrap();
    assert!(last.starts_with("✗ ") && last.contains("of staging, production, dr"), "{last}");
    let grammar = grammar();
    let mut places = Vec::new();
    for command in commands {
        let parts = grammar.captures(command).unwrap_or_else(|| panic!("no workflow command: {command}"));
        let part = |name| parts.name(name).map_or("", |part| part.as_str()).to_owned();
        places.push([part("level"), part("file"), part("line"), part("column")]);
    }
    let number = |value: &Value| value.as_u64().map(|number| number.to_string()).unwrap_or_default();
    let place = |level: &str, item: &Value| {
        let place = &item["location"];
        let file = place["file"].as_str().unwrap_or_default().to_owned();
        [level.to_owned(), file, number(&place["line"]), number(&place["column"])]
    };
    let level = |finding: &Value| match (finding["verdict"].as_str(), finding["severity"].as_str()) {
        (Some("violated"), Some("error")) => "error",
        (Some("violated"), Some("warning")) => "warning",
        _ => "notice",
    };
    let findings = items(&report, "/findings").iter().map(|finding| place(level(finding), finding));
    let errors = items(&report, "/errors").iter().map(|error| place("error", error));
    assert_eq!(places, findings.chain(errors).collect::<Vec<_>>());
    for level in ["error", "warning", "notice"] {
        assert!(places.iter().any(|place| place[0] == level), "there is no {level}");
    }
    // Neither per cent signs nor what would end a property are lost or end anything.
    assert!(run.stdout.contains("100 %25 sure, until then"), "{}", run.stdout);
}

#[test]
fn a_clean_workspace_is_a_log_without_results() {
    let log = check(&example::root(), "sarif").ended(0).json();
    assert_eq!(faults(&log, &own_schema()), Vec::<String>::new());
    assert_eq!(log["runs"][0]["results"], json!([]));
    let run = check(&example::root(), "github").ended(0);
    assert!(run.stdout.starts_with("✓ ") && run.stdout.lines().count() == 1, "{}", run.stdout);
}

#[test]
fn what_cannot_be_opened_is_said_in_the_format() {
    let directory = tempfile::tempdir().unwrap();
    let run = plimsoll(directory.path(), &["check", "nowhere", "--format", "sarif"]).ended(2);
    let log = run.json();
    assert_eq!(faults(&log, &own_schema()), Vec::<String>::new());
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let run = plimsoll(directory.path(), &["check", "nowhere", "--format", "github"]).ended(2);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(grammar().is_match(lines[0]) && lines[0].contains("`nowhere` does not exist"), "{}", run.stdout);
    assert_eq!(lines[1], "✗ nothing found in 0 objects; 1 thing could not be done");
}
