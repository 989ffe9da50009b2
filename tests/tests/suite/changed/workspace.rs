//! In a workspace of releases, which lies below the root of its repository.

use std::fs;

use super::Repository;
use crate::example;

/// Sees the object alone; in `catalog`.
const WILDCARD: &str = "rbac/wildcard [staging, production, dr] catalog";
/// Sees Services, too; in `cart`.
const PROBE: &str = "workload/no-readiness-probe [staging, production, dr] cart-cache";

/// The example workspace, with a finding of each kind in it.
fn repository() -> Repository {
    let mut files = example::files();
    for (file, from, to) in [
        (
            "charts/cart/templates/cache.yaml.j2",
            "          readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5}\n",
            "",
        ),
        ("charts/catalog/values.yaml", "      verbs: [get, update]\n", "      verbs: [\"*\"]\n"),
    ] {
        let text = String::from_utf8(files[file].to_vec()).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file}");
        files.insert(file.to_owned(), text.replace(from, to).into_bytes().into());
    }
    files.insert("environments/staging/orders.yaml".to_owned(), b"{}\n".as_slice().into());
    files.insert("notes/README.md".to_owned(), b"Nothing.\n".as_slice().into());
    Repository::new("deploy", &files)
}

#[test]
fn what_depends_on_a_file_is_reported_with_it() {
    let repository = repository();
    let all = [WILDCARD, PROBE].map(str::to_owned).to_vec();
    assert_eq!(repository.since("before"), (Vec::new(), 2));
    for (path, expected, left) in [
        ("../main.rs", vec![], 2),
        ("notes/README.md", vec![], 2),
        ("notes/charts/catalog/values.yaml", vec![], 2),
        // Its own chart, and what else is in the environments that it stands in.
        ("charts/catalog/values.yaml", all.clone(), 0),
        ("charts/catalog/templates/new.yaml.j2", all.clone(), 0),
        ("charts/cart/templates/cache.yaml.j2", vec![PROBE.to_owned()], 1),
        // A library that both charts use.
        ("charts/microservice/templates/_role.yaml.j2", all.clone(), 0),
        ("charts/microservice/README.txt", all.clone(), 0),
        // Values of one environment, and of one release in it.
        ("environments/staging.yaml", all.iter().map(|line| line.replace(", production, dr", "")).collect(), 0),
        ("environments/staging/catalog.yaml", all.iter().map(|line| line.replace(", production, dr", "")).collect(), 0),
        ("environments/dr/cart.yaml", vec![PROBE.replace("staging, production, ", "")], 1),
        // Production's values are DR's, too, and those that are there for nobody are nobody's.
        ("environments/production/cart.yaml", vec![PROBE.replace("staging, ", "")], 1),
        ("environments/production/nobody.yaml", vec![], 2),
        ("plimsoll.yaml", all.clone(), 0),
    ] {
        repository.touch(path);
        assert_eq!(repository.since("before"), (expected, left), "{path}");
        repository.undo();
    }
}

#[test]
fn what_is_gone_or_has_moved_counts() {
    let repository = repository();
    let all = [WILDCARD, PROBE].map(str::to_owned).to_vec();
    // What the values said that are gone cannot be known.
    fs::remove_file(repository.path("environments/staging/orders.yaml")).unwrap();
    assert_eq!(repository.since("before"), (all.clone(), 0));
    repository.undo();
    fs::remove_file(repository.path("notes/README.md")).unwrap();
    assert_eq!(repository.since("before"), (Vec::new(), 2));
    repository.undo();
    let templates = repository.path("charts/catalog/templates");
    let template = fs::read_dir(&templates).unwrap().next().unwrap().unwrap().path();
    fs::rename(&template, templates.join("renamed.yaml.j2")).unwrap();
    repository.commit("rename");
    assert_eq!(repository.since("before"), (all, 0));
    assert_eq!(repository.since("HEAD"), (Vec::new(), 2));
}

#[test]
fn it_counts_from_where_the_branch_began() {
    let repository = repository();
    repository.git(&["checkout", "-q", "-b", "feature"]);
    repository.touch("environments/dr/cart.yaml");
    repository.commit("feature");
    repository.git(&["checkout", "-q", "main"]);
    repository.touch("charts/catalog/values.yaml");
    repository.commit("meanwhile");
    repository.git(&["checkout", "-q", "feature"]);
    let own = (vec![PROBE.replace("staging, production, ", "")], 1);
    assert_eq!(repository.since("main"), own);
    assert_eq!(repository.since("HEAD~1"), own);
    assert_eq!(repository.since("HEAD").1, 2);
    // What is staged or lies about counts like what is committed.
    repository.touch("charts/catalog/values.yaml");
    assert_eq!(repository.since("main").1, 0);
    repository.git(&["add", "-A"]);
    assert_eq!(repository.since("main").1, 0);
}

#[test]
fn a_chart_behind_a_link_is_its_chart() {
    let mut files = example::files();
    let moved: Vec<String> = files.keys().filter(|path| path.starts_with("charts/catalog/")).cloned().collect();
    for path in moved {
        let bytes = files.remove(&path).unwrap();
        files.insert(path.replace("charts/catalog/", "elsewhere/catalog/"), bytes);
    }
    let repository = Repository::new("", &files);
    std::os::unix::fs::symlink("../elsewhere/catalog", repository.path("charts/catalog")).unwrap();
    let values = fs::read_to_string(repository.path("elsewhere/catalog/values.yaml")).unwrap();
    // Its dependency is found from where the link stands.
    repository.put("elsewhere/catalog/values.yaml", values.replace("[get, update]", "[\"*\"]"));
    repository.commit("link");
    assert_eq!(repository.since("HEAD"), (Vec::new(), 1));
    repository.touch("elsewhere/catalog/values.yaml");
    assert_eq!(repository.since("HEAD"), (vec![WILDCARD.to_owned()], 0));
}

#[test]
fn policies_of_ones_own_are_run_anew() {
    let policy = "# METADATA
# title: A LimitRange
# description: There is one.
# custom:
#   severity: warning
#   on: [LimitRange]
#   fix: Do without.
package policies.own[\"strict\"]

import rego.v1

violation contains {\"path\": \"/metadata\", \"message\": \"it is there\"} if {
    input.resource.kind == \"LimitRange\"
}
";
    let mut files = example::files();
    let config = String::from_utf8(files["plimsoll.yaml"].to_vec()).unwrap();
    let config = config.replace("policies:\n", "policies:\n  paths: [own-policies]\n");
    files.insert("plimsoll.yaml".to_owned(), config.into_bytes().into());
    files.insert("own-policies/own/strict/policy.rego".to_owned(), policy.as_bytes().into());
    files.insert("charts/catalog/values.yaml".to_owned(), {
        let text = String::from_utf8(files["charts/catalog/values.yaml"].to_vec()).unwrap();
        text.replace("[get, update]", "[\"*\"]").into_bytes().into()
    });
    let repository = Repository::new("", &files);
    let (nothing, left) = repository.since("before");
    assert!(nothing.is_empty() && left > 1, "{left}");
    repository.touch("own-policies/own/strict/policy.rego");
    let (own, _) = repository.since("before");
    assert!(!own.is_empty() && own.iter().all(|line| line.starts_with("own/strict ")), "{own:?}");
}

#[test]
fn it_is_no_full_run_and_knows_the_baseline() {
    let repository = repository();
    let unused = "  # plimsoll: ignore=rbac/anonymous-binding reason=x\n";
    let path = "charts/cart/templates/cache.yaml.j2";
    let text = fs::read_to_string(repository.path(path)).unwrap();
    repository.put(path, text.replacen("metadata:\n", &format!("metadata:\n{unused}"), 1));
    let full = repository.check(&["--format", "json", "--fail-on", "never"]).json();
    assert!(super::found(&full).0.iter().any(|line| line.starts_with("suppression/unused")), "{full:#}");
    assert_eq!(repository.since("before"), (vec![PROBE.to_owned()], 1));
    repository.check(&["--write-baseline", "baseline.json"]).ended(0);
    let args = ["--changed-since", "before", "--baseline", "baseline.json", "--fail-on", "info"];
    let run = repository.check(&args).ended(0);
    assert!(run.stdout.contains("; 1 in the baseline; 1 untouched by the change\n"), "{}", run.stdout);
    // An exception that is over is a matter for whoever changes the file that it stands in.
    let late = ["check", "--now", "2030-01-01T00:00:00Z", "--changed-since", "before", "--format", "json"];
    let run = crate::run::plimsoll(&repository.path(""), &late);
    assert!(!run.stdout.contains("suppression/expired"), "{}", run.stdout);
    repository.touch("plimsoll.yaml");
    let run = crate::run::plimsoll(&repository.path(""), &late).ended(1);
    assert!(run.stdout.contains("suppression/expired"), "{}", run.stdout);
}

#[test]
fn what_cannot_be_rendered_is_always_said() {
    let repository = repository();
    repository.put("charts/orders/templates/broken.yaml.j2", "{{ values.nothing }}\n");
    repository.commit("break it");
    let report = repository.check(&["--changed-since", "HEAD", "--format", "json"]).ended(2).json();
    assert_eq!(report["errors"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
}
