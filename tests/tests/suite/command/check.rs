//! `plimsoll check`.

use serde_json::{Value, json};

use super::{read, workspace};
use crate::example::{self, NOW};
use crate::run::{plimsoll, with_input};

/// Memory in thousandths of a byte: a warning everywhere.
const SLIP: (&str, &str) = ("charts/cart/values.yaml", "verbs: [get]\ncidr: 169.0.0.0/8\nmemory: 128m\n");
/// Nothing wrong in any environment but what the suppression takes out.
const HARMLESS: (&str, &str) = ("production.yaml", "{}\n");

/// The ids of the policies in a report.
fn policies(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["policy"].as_str().unwrap()).collect()
}

#[test]
fn a_clean_workspace_ends_with_0() {
    let run = plimsoll(workspace(&[HARMLESS]).path(), &["check", "--now", NOW]).ended(0);
    assert_eq!(run.stdout, "✓ 1 suppressed in 6 objects of staging, production\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn the_example_is_clean() {
    let run = plimsoll(&example::root(), &["check", "--now", NOW, "--fail-on", "info"]).ended(0);
    assert!(run.stdout.starts_with("✓ "), "{}", run.stdout);
}

#[test]
fn an_error_ends_with_1_unless_told_otherwise() {
    let directory = workspace(&[]);
    for (level, code) in [("error", 1), ("warning", 1), ("info", 1), ("never", 0)] {
        plimsoll(directory.path(), &["check", "--now", NOW, "--fail-on", level]).ended(code);
    }
    plimsoll(directory.path(), &["check", "--now", NOW]).ended(1);
}

#[test]
fn a_warning_ends_with_1_when_told_so() {
    let directory = workspace(&[HARMLESS, ("plimsoll.yaml", PLAIN), SLIP]);
    for (level, code) in [("error", 0), ("warning", 1), ("info", 1), ("never", 0)] {
        plimsoll(directory.path(), &["check", "--fail-on", level]).ended(code);
    }
}

const PLAIN: &str = "version: 1
environments: {staging: {}, production: {values: [production.yaml]}}
releases: [{name: cart, chart: charts/cart, namespace: shop}]
";

#[test]
fn what_cannot_be_done_ends_with_2_and_the_rest_is_checked() {
    let directory = workspace(&[("charts/cart/templates/more.yaml.j2", "kind: {{ values.mising }}\n")]);
    let run = plimsoll(directory.path(), &["check", "--now", NOW, "--format", "json"]).ended(2);
    let report = run.json();
    assert_eq!(policies(&report), ["rbac/wildcard"]);
    let error = &report["errors"][0];
    assert_eq!(error["kind"], "template");
    assert_eq!(
        (&error["location"]["file"], &error["location"]["line"]),
        (&json!("charts/cart/templates/more.yaml.j2"), &json!(1))
    );
    // Whatever the fail level, it is no success.
    plimsoll(directory.path(), &["check", "--now", NOW, "--fail-on", "never"]).ended(2);
}

#[test]
fn arguments_that_mean_nothing_end_with_2() {
    let directory = workspace(&[]);
    for (args, message) in [
        (&["check", "--format", "yaml"][..], "`yaml` is not a format"),
        (&["check", "--select", "rbac/wildcart"], "did you mean `rbac/wildcard`?"),
        (&["check", "--ignore", "rbca/"], "rbca/"),
        (&["check", "-e", "prodction"], "did you mean `production`?"),
        (&["check", "--now", "yesterday"], "yesterday"),
        (&["check", "--kubernetes", "1.99"], "1.99"),
        (&["check", "-j", "0"], "0 threads"),
        (&["check", "--tier", "production"], "tier"),
        (&["check", "--fail-on", "fatal"], "fatal"),
        (&["check", "nowhere"], "`nowhere` does not exist"),
        (&["check", "-", "charts"], "standard input is checked alone"),
        (&["chek"], "check"),
        (&[], "Usage"),
    ] {
        let run = plimsoll(directory.path(), args).ended(2);
        assert!(run.stderr.contains(message), "{args:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

#[test]
fn selecting_and_ignoring() {
    let directory = workspace(&[SLIP]);
    let found = |args: &[&str]| {
        let all = [&["check", "--now", NOW, "--format", "json"], args].concat();
        let report = plimsoll(directory.path(), &all).json();
        policies(&report).join(" ")
    };
    assert_eq!(found(&[]), "rbac/wildcard quota/suspicious-quantity suppression/unused");
    assert_eq!(found(&["--select", "rbac/"]), "rbac/wildcard");
    assert_eq!(found(&["--select", "quota/suspicious-quantity"]), "quota/suspicious-quantity");
    assert_eq!(found(&["--select", "quota/", "--select", "rbac/wildcard"]), "rbac/wildcard quota/suspicious-quantity");
    assert_eq!(found(&["--ignore", "rbac/"]), "quota/suspicious-quantity");
    assert_eq!(found(&["--select", "rbac/", "--ignore", "rbac/wildcard"]), "");
    assert_eq!(found(&["-e", "staging"]), "quota/suspicious-quantity");
    assert_eq!(found(&["-e", "production"]), "rbac/wildcard quota/suspicious-quantity");
}

#[test]
fn environments_are_those_named_in_the_workspaces_order() {
    let directory = workspace(&[]);
    let report = plimsoll(directory.path(), &["check", "--format", "json", "-e", "production", "-e", "staging"]).json();
    assert_eq!(report["summary"]["environments"], json!(["staging", "production"]));
    let report = plimsoll(directory.path(), &["check", "--format", "json", "-e", "production"]).json();
    assert_eq!(
        (&report["summary"]["environments"], &report["summary"]["resources"]),
        (&json!(["production"]), &json!(3))
    );
}

#[test]
fn the_moment_decides_what_has_expired() {
    let directory = workspace(&[HARMLESS]);
    plimsoll(directory.path(), &["check", "--now", "2027-03-31T23:59:59Z"]).ended(0);
    let run = plimsoll(directory.path(), &["check", "--now", "2027-04-01T00:00:00Z", "--format", "json"]).ended(1);
    assert_eq!(policies(&run.json()), ["suppression/expired", "network/open-egress"]);
}

#[test]
fn the_report_goes_into_a_file() {
    let directory = workspace(&[]);
    let run = plimsoll(directory.path(), &["check", "--now", NOW, "--format", "json", "-o", "report.json"]).ended(1);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let on_screen = plimsoll(directory.path(), &["check", "--now", NOW, "--format", "json"]).stdout;
    assert_eq!(read(&directory.path().join("report.json")), on_screen);
    let run = plimsoll(directory.path(), &["check", "-o", "no/such/report"]).ended(2);
    assert!(run.stderr.contains("cannot be written to no/such/report"), "{}", run.stderr);
}

#[test]
fn quiet_says_nothing_where_there_is_nothing_to_say() {
    let run = plimsoll(workspace(&[HARMLESS]).path(), &["check", "-q", "--now", NOW]).ended(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let run = plimsoll(workspace(&[]).path(), &["check", "-q", "--now", NOW]).ended(1);
    assert!(run.stdout.contains("rbac/wildcard") && run.stdout.ends_with("production\n"), "{}", run.stdout);
}

#[test]
fn colours_when_asked_for() {
    let directory = workspace(&[]);
    let stdout = |args: &[&str]| plimsoll(directory.path(), &[&["check"], args].concat()).stdout;
    assert!(stdout(&["--color", "always"]).contains("\u{1b}["));
    assert!(!stdout(&["--color", "never"]).contains('\u{1b}'));
    assert!(!stdout(&[]).contains('\u{1b}'), "standard output is no terminal");
    assert!(!stdout(&["--color", "always", "--format", "json"]).contains('\u{1b}'));
}

#[test]
fn standard_input_is_what_helm_rendered() {
    let rendered = "---
# Source: shop/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: cart, namespace: shop}
rules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]
---
# Source: shop/charts/cache/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleList
items:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: cache, namespace: shop}
    rules: [{apiGroups: [''], resources: [configmaps], verbs: ['*']}]
";
    let directory = tempfile::tempdir().unwrap();
    let run = with_input(directory.path(), &["check", "-", "--format", "json"], rendered).ended(1);
    let report = run.json();
    assert_eq!(report["summary"]["environments"], json!(["default"]));
    let places: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().map(|finding| &finding["location"]).collect();
    // Helm does not say which line of the template it was, and neither is one made up.
    assert_eq!(
        places,
        [&json!({"file": "shop/charts/cache/templates/role.yaml"}), &json!({"file": "shop/templates/role.yaml"}),]
    );
    let run = with_input(directory.path(), &["check", "-", "-e", "qa", "--tier", "staging"], rendered).ended(0);
    assert!(run.stdout.contains("rbac/wildcard (warning)") && run.stdout.ends_with("of qa\n"), "{}", run.stdout);
    let run = with_input(directory.path(), &["check", "-"], "a: 1\n").ended(2);
    assert!(run.stdout.contains("-:1"), "{}", run.stdout);
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let directory = workspace(&[]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_plimsoll-tested"))
        .args(["check", "--now", NOW, "--fail-on", "never"])
        .current_dir(directory.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}
