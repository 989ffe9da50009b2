//! `--changed-since`: what a change touches is reported and the rest is not, asked of the real Git.

mod errors;
mod plain;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::example::{NOW, Texts};
use crate::run::{Run, plimsoll};

/// A repository whose workspace may lie below its root.
struct Repository {
    directory: TempDir,
    below: &'static str,
}

impl Repository {
    /// Files below a folder, committed, and a tag `before` at that.
    fn new(below: &'static str, files: &Texts) -> Self {
        let repository = Self { directory: tempfile::tempdir().unwrap(), below };
        for (path, bytes) in files {
            repository.put(path, bytes);
        }
        repository.git(&["init", "-q", "-b", "main"]);
        repository.commit("start");
        repository.git(&["tag", "before"]);
        repository
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root().join(self.below).join(path)
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), bytes).unwrap();
    }

    /// Adds a line to a file that means nothing.
    fn touch(&self, path: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap_or_default();
        let is_template = Path::new(path).extension().is_some_and(|end| end == "j2");
        let comment = if is_template { "{# touched #}\n" } else { "# touched\n" };
        self.put(path, format!("{comment}{text}"));
    }

    fn git(&self, args: &[&str]) -> String {
        git(self.root(), args)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Back to what was committed.
    fn undo(&self) {
        self.git(&["reset", "-q", "--hard"]);
        self.git(&["clean", "-q", "-f", "-d"]);
    }

    fn check(&self, args: &[&str]) -> Run {
        plimsoll(&self.path(""), &[&["check", "--now", NOW], args].concat())
    }

    /// The report of what has changed since a revision, and how many findings are left out.
    #[track_caller]
    fn since(&self, revision: &str) -> (Vec<String>, u64) {
        let run = self.check(&["--changed-since", revision, "--format", "json", "--fail-on", "never"]).ended(0);
        found(&run.json())
    }
}

fn git(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
        .args(["-c", "protocol.file.allow=always"])
        .args(args)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `policy [environments] object` of every finding, sorted, and the number of those left out.
fn found(report: &Value) -> (Vec<String>, u64) {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
        let environments: Vec<String> = finding["environments"].as_array().unwrap().iter().map(text).collect();
        format!("{} [{}] {}", text(&finding["policy"]), environments.join(", "), text(&finding["resource"]["name"]))
    });
    let mut findings: Vec<String> = findings.collect();
    findings.sort();
    (findings, report["summary"]["untouched"].as_u64().unwrap())
}
