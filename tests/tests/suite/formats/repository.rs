//! In formats for services paths begin at the root of the repository, wherever in it the workspace lies.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{broken_files, check, grammar, items};
use crate::example::{self, NOW, Texts, texts};
use crate::run::{plimsoll, with_input};

const CONFIG: &str = "version: 1
environments:
  staging: {tier: staging, manifests: [{path: raw/role.yaml, namespace: shop}]}
  production: {tier: production, manifests: [{path: raw/role.yaml, namespace: shop}]}
";
const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: shop}
rules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]\n";

/// A repository with these files in a folder of it.
fn repository(folder: &str, files: &Texts) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let files = files.iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes.clone())).collect();
    example::write(directory.path(), &files);
    directory
}

fn small() -> Texts {
    texts(&[("plimsoll.yaml", CONFIG), ("raw/role.yaml", ROLE)])
}

/// Every path of a log, not unescaped.
fn of_sarif(log: &Value) -> Vec<String> {
    match log {
        Value::Object(members) => {
            let own = members.get("uri").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(of_sarif)).collect()
        }
        Value::Array(values) => values.iter().flat_map(of_sarif).collect(),
        _ => Vec::new(),
    }
}

fn of_gitlab(entries: &Value) -> Vec<String> {
    items(entries, "").iter().map(|entry| entry["location"]["path"].as_str().unwrap().to_owned()).collect()
}

fn of_annotations(text: &str) -> Vec<String> {
    let grammar = grammar();
    let files = text.lines().filter_map(|line| Some(grammar.captures(line)?.name("file")?.as_str().to_owned()));
    files.collect()
}

fn of_junit(text: &str) -> Vec<String> {
    text.split(" file=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The paths that services are told of by a run in a directory.
fn told(directory: &Path, args: &[&str]) -> Vec<String> {
    let of = |format| plimsoll(directory, &[&["check", "--now", NOW, "--format", format], args].concat());
    let mut paths = of_sarif(&of("sarif").json());
    paths.extend(of_annotations(&of("github").stdout));
    paths.extend(of_gitlab(&of("gitlab").json()));
    paths.extend(of_junit(&of("junit").stdout));
    paths.sort();
    paths.dedup();
    paths
}

#[test]
fn every_path_is_a_file_of_the_repository() {
    let directory = repository("ops/deploy", &broken_files());
    let deploy = directory.path().join("ops/deploy");
    let paths = told(&deploy, &[]);
    assert!(paths.len() > 5, "{paths:?}");
    for path in &paths {
        assert!(path.starts_with("ops/deploy/") && directory.path().join(path).is_file(), "{path}");
    }
    assert_eq!(told(directory.path(), &["ops/deploy"]), paths);
    let log = check(&deploy, "sarif").json();
    let base = &log["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["description"]["text"];
    assert_eq!(base, "The root of the repository that the workspace lies in.");
    // The formats for people and programs name files from the workspace.
    let report = check(&deploy, "json").json();
    for item in items(&report, "/findings").iter().chain(items(&report, "/errors")) {
        let file = item["location"]["file"].as_str().unwrap();
        assert!(deploy.join(file).is_file(), "{file}");
    }
    assert!(!check(&deploy, "text").stdout.contains("ops/deploy"));
}

#[test]
fn the_nearest_repository_counts_whatever_its_git_is() {
    let directory = repository("ops/deploy", &small());
    let (root, role) = (directory.path(), |folder: &str| vec![format!("{folder}raw/role.yaml")]);
    assert_eq!(told(root, &["ops/deploy"]), role("ops/deploy/"));
    // Of work trees and submodules it is a file.
    fs::write(root.join("ops/.git"), "gitdir: ../.git/modules/ops\n").unwrap();
    assert_eq!(told(root, &["ops/deploy"]), role("deploy/"));
    fs::create_dir(root.join("ops/deploy/.git")).unwrap();
    assert_eq!(told(root, &["ops/deploy"]), role(""));
    for git in ["ops/deploy/.git", ".git"] {
        fs::remove_dir(root.join(git)).unwrap();
    }
    fs::remove_file(root.join("ops/.git")).unwrap();
    assert_eq!(told(root, &["ops/deploy"]), role(""));
}

#[test]
fn a_link_to_the_workspace_is_the_workspace() {
    let directory = repository("ops/deploy", &small());
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(directory.path().join("ops/deploy"), elsewhere.path().join("linked")).unwrap();
    std::os::unix::fs::symlink("ops/deploy", directory.path().join("here")).unwrap();
    for (from, path) in [(elsewhere.path(), "linked"), (directory.path(), "here")] {
        assert_eq!(told(from, &[path]), ["ops/deploy/raw/role.yaml"]);
        assert_eq!(told(&from.join(path), &[]), ["ops/deploy/raw/role.yaml"]);
    }
}

#[test]
fn plain_input_is_named_as_the_repository_does_and_standard_input_as_nothing_else() {
    let directory = repository("k8s", &texts(&[("role.yaml", ROLE)]));
    assert_eq!(told(&directory.path().join("k8s"), &["role.yaml"]), ["k8s/role.yaml"]);
    let run = with_input(&directory.path().join("k8s"), &["check", "-", "--format", "github"], ROLE);
    assert_eq!(of_annotations(&run.stdout), ["-"]);
}

#[test]
fn a_workspace_that_does_not_open_has_a_place_all_the_same() {
    let directory = repository("deploy", &texts(&[("plimsoll.yaml", "version: [\n"), ("charts/x.txt", "")]));
    for (folder, args) in
        [("", &["deploy"][..]), ("deploy", &[]), ("deploy", &["plimsoll.yaml"]), ("deploy/charts", &[])]
    {
        assert_eq!(told(&directory.path().join(folder), args), ["deploy/plimsoll.yaml"], "{folder} {args:?}");
    }
}

#[test]
fn a_baseline_is_where_it_is() {
    let directory = repository("deploy", &small());
    let told = |folder: &str, args: &[&str]| told(&directory.path().join(folder), args);
    fs::write(directory.path().join("old.json"), "{}").unwrap();
    fs::write(directory.path().join("deploy/old.json"), "{}").unwrap();
    assert_eq!(told("", &["deploy", "--baseline", "old.json"]), ["old.json"]);
    assert_eq!(told("deploy", &["--baseline", "old.json"]), ["deploy/old.json"]);
    assert_eq!(told("deploy", &["--baseline", "../none.json"]), ["none.json"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("none.json").display().to_string();
    assert_eq!(told("deploy", &["--baseline", &outside]).join(" "), outside);
}
