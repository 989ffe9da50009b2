//! `plimsoll.yaml`.

use std::fmt::Write as _;

use super::{CONFIG, Case};

const SUPPRESSION: &str =
    "policy: rbac/wildcard, object: shop/Role/nobody, reason: \"x\", owner: platform, expires: 2027-03-31";

#[test]
fn a_file_that_cannot_be_read() {
    for (text, line, message) in [
        ("version: 1\nenvironments: [\n", 3, "a value is missing"),
        ("", 1, "is a null, not a map"),
        ("- a\n", 1, "is a list, not a map"),
        ("version: 2\n", 1, "has version 2"),
        ("environments: {}\n", 1, "does not say its version"),
        ("version: 1\nversion: 1\n", 2, "written twice"),
        ("version: 1\n---\nversion: 1\n", 2, "a second document"),
    ] {
        let case = Case::with("plimsoll.yaml", text);
        case.fails_altogether(&[], "workspace", &format!("plimsoll.yaml:{line}"), message);
    }
    let case = Case::with("plimsoll.yaml", b"version: 1\nb: \xff\n");
    case.fails_altogether(&[], "file", "plimsoll.yaml:2", "not valid UTF-8");
    let case = Case::with("plimsoll.yaml", format!("a: {}", "[".repeat(100_000)));
    case.fails_altogether(&[], "limit", "plimsoll.yaml:1", "nested more than");
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let case = Case::config("extrenal: []\n");
    case.fails("workspace", "plimsoll.yaml:8", "has no key `extrenal`");
    case.says("plimsoll.yaml:8", "did you mean `external`?");
}

#[test]
fn suppressions_that_say_something_impossible() {
    for (from, to, message) in [
        ("reason: \"x\", ", "", "a suppression needs `reason`"),
        ("2027-03-31", "2027-02-31", "`2027-02-31` is no day"),
        ("owner: platform", "owner: platform, environments: [prod]", "there is no environment `prod`"),
        ("rbac/wildcard", "rbac/wildcrd", "there is no policy `rbac/wildcrd`"),
        ("shop/Role/nobody", "nobody", "`nobody` names no objects"),
    ] {
        let case = Case::config(&format!("suppressions:\n  - {{{}}}\n", SUPPRESSION.replace(from, to)));
        case.fails("workspace", "plimsoll.yaml:9", message);
    }
}

#[test]
fn policies_and_severities_that_do_not_exist() {
    for (policies, message) in [
        ("severity: {rbac/wildcrd: off}", "there is no policy `rbac/wildcrd`"),
        ("severity: {rbac/wildcard: fatal}", "`fatal` is no severity"),
        ("severity: {rbac/wildcard: {stagin: info}}", "`stagin` is no environment and no tier"),
        ("params: {rbac/wildcrd: {a: 1}}", "there is no policy `rbac/wildcrd`"),
        ("params: {images/registry-not-allowed: {a: 1}}", "takes no parameter `a`"),
    ] {
        Case::config(&format!("policies: {{{policies}}}\n")).fails("workspace", "plimsoll.yaml:8", message);
    }
}

/// A cluster that is not declared is one of which only the name is known, unless it is another's, misspelt.
#[test]
fn a_cluster_that_is_misspelt() {
    let in_cluster = |clusters: &str, name: &str| {
        let config = CONFIG.replace("tier: production,", &format!("tier: production, cluster: {name},"));
        Case::with("plimsoll.yaml", format!("{config}{clusters}"))
    };
    let declared = "clusters: {live: {}, west: {}}\n";
    let case = in_cluster(declared, "wset");
    case.fails("workspace", "plimsoll.yaml:4", "there is no cluster `wset`");
    case.says("plimsoll.yaml:4", "did you mean `west`?");
    for (clusters, name) in [(declared, "west"), (declared, "borrowed"), ("", "wset"), ("clusters: {}\n", "wset")] {
        in_cluster(clusters, name).passes();
    }
}

#[test]
fn ten_thousand_releases_of_a_broken_chart_are_one_error() {
    let mut config = CONFIG.to_owned();
    for number in 0..10_000 {
        writeln!(config, "  - {{name: r{number}, chart: charts/broken, namespace: shop}}").unwrap();
    }
    let case = Case::with("plimsoll.yaml", config).and("charts/broken/Chart.yaml", "apiVersion: v2\nname: [\n");
    let outcome = case.run(&["check", "--format", "json"]);
    outcome.has_one_error("chart", "charts/broken/Chart.yaml:3", "a value is missing");
    assert_eq!(outcome.policies(), [super::KNOWN]);
}
