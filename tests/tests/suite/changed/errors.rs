//! What Git cannot answer, and surroundings that would lead it astray.

use std::process::Command;

use super::{Repository, git};
use crate::example::{Texts, texts};
use crate::run::{plimsoll, with_input};

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: shop}
rules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]\n";

fn files() -> Texts {
    texts(&[("role.yaml", ROLE)])
}

#[test]
fn what_git_does_not_know_is_said_with_a_way_out() {
    let repository = Repository::new("", &files());
    for revision in ["nowhere", "before:role.yaml", "HEAD~7", "before..HEAD", "", "--all"] {
        let since = format!("--changed-since={revision}");
        let run = repository.check(&[&since]).ended(2);
        assert!(run.stderr.contains(&format!("Git knows no revision `{revision}` here")), "{}", run.stderr);
        assert!(run.stderr.contains("help: name a branch"), "{}", run.stderr);
        let report = repository.check(&[&since, "--format", "json"]).ended(2).json();
        assert_eq!(report["errors"][0]["kind"], "argument");
    }
    repository.git(&["checkout", "-q", "--orphan", "other"]);
    repository.commit("no parents");
    let run = repository.check(&["--changed-since", "main"]).ended(2);
    assert!(run.stderr.contains("has no commit in common with `main`"), "{}", run.stderr);
}

#[test]
fn a_shallow_clone_says_that_it_is_one() {
    let repository = Repository::new("", &files());
    repository.touch("role.yaml");
    repository.commit("more");
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.root().display());
    git(clones.path(), &["clone", "-q", "--depth", "1", &url, "clone"]);
    let run = plimsoll(&clones.path().join("clone"), &["check", "--changed-since", "before"]).ended(2);
    assert!(run.stderr.contains("the clone is shallow") && run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
}

#[test]
fn outside_a_repository_and_without_git() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("role.yaml"), ROLE).unwrap();
    let run = plimsoll(outside.path(), &["check", "--changed-since", "HEAD"]).ended(2);
    assert!(run.stderr.contains("lies in no work tree of Git"), "{}", run.stderr);
    let repository = Repository::new("", &files());
    let run = with_input(repository.root(), &["check", "-", "--changed-since", "HEAD"], ROLE).ended(2);
    assert!(run.stderr.contains("standard input has no earlier revision"), "{}", run.stderr);
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-tested"));
    command.current_dir(repository.root()).args(["check", "--changed-since", "HEAD"]).env("PATH", outside.path());
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("needs `git`, which is not there"), "{stderr}");
}

#[test]
fn the_repository_is_the_one_that_the_workspace_lies_in() {
    let (repository, other) = (Repository::new("", &files()), Repository::new("", &files()));
    repository.touch("role.yaml");
    // As a hook of the other repository would be started.
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-tested"));
    command.current_dir(repository.root()).args(["check", "--changed-since", "before", "--format", "json"]);
    command.env("GIT_DIR", other.root().join(".git")).env("GIT_INDEX_FILE", other.root().join(".git/index"));
    let output = command.env("GIT_WORK_TREE", other.root()).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
}

#[test]
fn asking_changes_nothing() {
    let repository = Repository::new("", &files());
    repository.touch("role.yaml");
    let index = repository.root().join(".git/index");
    let before = std::fs::read(&index).unwrap();
    // An index that is older than the file is what Git would like to write anew.
    std::fs::write(repository.path("role.yaml"), ROLE).unwrap();
    let monitor = repository.root().join("monitor.sh");
    let mark = repository.root().join("was-run");
    std::fs::write(&monitor, format!("#!/bin/sh\ntouch {}\n", mark.display())).unwrap();
    std::fs::set_permissions(&monitor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repository.git(&["config", "core.fsmonitor", monitor.to_str().unwrap()]);
    repository.check(&["--changed-since", "before", "--fail-on", "never"]).ended(0);
    assert_eq!(std::fs::read(&index).unwrap(), before);
    assert!(!mark.exists());
}
