//! `plimsoll policies`.

use super::workspace;
use crate::example;
use crate::run::plimsoll;

const OWN: &str = "# METADATA
# title: Team label missing
# description: Nobody is called at night.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   on: [ConfigMap]
#   fix: \"Add the label `team`.\"
package policies.labels[\"team\"]

import rego.v1

violation contains {\"path\": \"/metadata\", \"message\": message} if {
\tnot input.resource.metadata.labels.team
\tmessage := \"the label `team` is missing\"
}
";

/// A README with one example that is found and one that is said to pass.
fn readme(labels: &str) -> String {
    format!(
        "# labels/team

```yaml
apiVersion: v1
kind: ConfigMap
metadata: # violation: the label `team` is missing
  name: a
```

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels: {labels}
```
"
    )
}

#[test]
fn listing_says_what_is_silent_and_why() {
    let directory = workspace(&[]);
    let text = plimsoll(directory.path(), &["policies", "list"]).ended(0).stdout;
    assert!(text.starts_with("policy "), "{text}");
    let line = |id: &str| text.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{id}: {text}"));
    let words: Vec<&str> = line("rbac/wildcard").split_whitespace().collect();
    assert_eq!(words[..4], ["rbac/wildcard", "warning", "error", "error"]);
    assert!(!line("rbac/wildcard").contains("silent"));
    assert!(line("images/registry-not-allowed").contains("(silent until declared: params.registries)"));
    assert!(line("parity/missing").contains("(silent until declared: mirrors)"));
    // The example declares both.
    let example = plimsoll(&example::root(), &["policies", "list"]).ended(0).stdout;
    assert!(!example.contains("silent"), "{example}");
}

#[test]
fn listing_as_json() {
    let directory = workspace(&[]);
    let listed = plimsoll(directory.path(), &["policies", "list", "--format", "json"]).ended(0).json();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|policy| policy["id"].as_str().unwrap()).collect();
    assert!(ids.len() >= 18 && ids.is_sorted(), "{ids:?}");
    plimsoll(directory.path(), &["policies", "list", "--format", "xml"]).ended(2);
}

#[test]
fn showing_one() {
    let directory = tempfile::tempdir().unwrap();
    let shown = plimsoll(directory.path(), &["policies", "show", "rbac/wildcard"]).ended(0).stdout;
    for part in ["rbac/wildcard\n", "production  error", "fix ", "```yaml"] {
        assert!(shown.contains(part), "`{part}` is missing: {shown}");
    }
    let run = plimsoll(directory.path(), &["policies", "show", "rbac/wildcart"]).ended(2);
    assert!(run.stderr.contains("did you mean `rbac/wildcard`?"), "{}", run.stderr);
    let run = plimsoll(directory.path(), &["policies", "show", "rbac/"]).ended(2);
    assert!(run.stderr.contains("is a category"), "{}", run.stderr);
}

#[test]
fn testing_the_built_in_ones() {
    let directory = example::root().join("policies");
    let run = plimsoll(&directory, &["policies", "test", "."]).ended(0);
    assert!(run.stdout.ends_with(" passed, 0 failed\n") && run.stderr.is_empty(), "{run:#?}");
}

#[test]
fn policies_of_the_workspace_count() {
    let config = "version: 1
environments: {production: {manifests: [{path: raw.yaml}]}}
policies: {paths: [ours]}
";
    let directory = workspace(&[
        ("plimsoll.yaml", config),
        ("raw.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"),
        ("ours/labels/team/policy.rego", OWN),
        ("ours/labels/team/README.md", &readme("{team: shop}")),
    ]);
    let run = plimsoll(directory.path(), &["check", "--fail-on", "warning"]).ended(1);
    assert!(run.stdout.contains("labels/team (warning)"), "{}", run.stdout);
    assert!(plimsoll(directory.path(), &["policies", "list"]).ended(0).stdout.contains("labels/team"));
    assert!(plimsoll(directory.path(), &["policies", "show", "labels/team"]).ended(0).stdout.contains("Nobody is"));
}

#[test]
fn testing_ones_own() {
    let directory =
        workspace(&[("ours/labels/team/policy.rego", OWN), ("ours/labels/team/README.md", &readme("{team: shop}"))]);
    let test = || plimsoll(directory.path(), &["policies", "test", "ours"]);
    assert_eq!(test().ended(0).stdout, "2 passed, 0 failed\n");
    let path = directory.path().join("ours/labels/team/README.md");
    std::fs::write(&path, readme("{}")).unwrap();
    let run = test().ended(1);
    assert!(run.stdout.ends_with("1 passed, 1 failed\n"), "{}", run.stdout);
    assert!(run.stdout.contains("labels/team/README.md:11: labels/team\n"), "{}", run.stdout);
    std::fs::write(directory.path().join("ours/labels/team/policy.rego"), "package x\n").unwrap();
    test().ended(2);
}
