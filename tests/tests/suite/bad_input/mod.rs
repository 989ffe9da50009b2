//! Bad input: one clear message with file, line and help, and nothing else is lost.
//!
//! Every case takes a workspace of two releases, breaks one of them, and looks whether the finding of the
//! other is still there.

mod arguments;
mod charts;
mod connections;
mod files;
mod images;
mod limits;
mod manifests;
mod permissions;
mod policies;
mod secrets;
mod suppressions;
mod templates;
mod values;
mod workspace;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// The template that cases break.
const TEMPLATE: &str = "charts/web/templates/config.yaml.j2";
/// What it says when it is whole: seven lines.
const WHOLE: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\ndata:\n  level: {{ values.level }}\n";
/// The finding that no other error may hide.
const KNOWN: &str = "rbac/wildcard";
/// How long a case may take with unoptimised code on a busy machine; what does not end takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

const CONFIG: &str = "\
version: 1
environments:
  staging: {tier: staging}
  production: {tier: production, values: [production.yaml], manifests: [\"raw/**?\"]}
releases:
  - {name: good, chart: charts/good, namespace: shop}
  - {name: web, chart: charts/web, namespace: shop, values: [web.yaml]}
";

const ROLE: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
  namespace: {{ release.namespace }}
rules:
  - apiGroups: [\"\"]
    resources: [pods]
    verbs: [\"*\"]
";

/// A workspace on disk that a case changes.
struct Case {
    directory: TempDir,
}

/// What a run left.
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Case {
    fn new() -> Self {
        let case = Self { directory: TempDir::new().unwrap() };
        for (path, text) in [
            // There from the start, so that plain manifests may be added by a case.
            ("raw/nothing.yaml", "# nothing yet\n"),
            ("plimsoll.yaml", CONFIG),
            ("production.yaml", "level: high\n"),
            ("web.yaml", "level: low\n"),
            ("charts/good/Chart.yaml", "apiVersion: v2\nname: good\nversion: 1.0.0\n"),
            ("charts/good/templates/role.yaml.j2", ROLE),
            ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("charts/web/values.yaml", "level: info\nlabels: {app: web}\n"),
            (TEMPLATE, WHOLE),
        ] {
            case.put(path, text);
        }
        case
    }

    /// A workspace in which one file is other than it should be.
    fn with(path: &str, content: impl AsRef<[u8]>) -> Self {
        Self::new().and(path, content)
    }

    /// A workspace whose template goes on with some text, from line 8.
    fn template(more: &str) -> Self {
        Self::with(TEMPLATE, format!("{WHOLE}{more}"))
    }

    /// A workspace whose `plimsoll.yaml` goes on with some text, from line 8.
    fn config(more: &str) -> Self {
        Self::with("plimsoll.yaml", format!("{CONFIG}{more}"))
    }

    fn and(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.put(path, content);
        self
    }

    fn without(self, path: &str) -> Self {
        fs::remove_file(self.path(path)).unwrap();
        self
    }

    /// A symbolic link in place of a file.
    #[cfg(unix)]
    fn linked(self, path: &str, target: impl AsRef<std::path::Path>) -> Self {
        fs::remove_file(self.path(path)).ok();
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
        self
    }

    /// Below a folder, so that there is an outside that is ours.
    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("workspace").join(path)
    }

    fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(args, b"")
    }

    fn run_with(&self, args: &[&str], input: &[u8]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-tested"));
        command.current_dir(self.path("")).args(args).write_stdin(input).timeout(PATIENCE);
        let started = Instant::now();
        let output = command.output().unwrap();
        assert!(started.elapsed() < PATIENCE, "{args:?} did not end");
        let outcome = Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let place = self.directory.path().to_str().unwrap();
        assert!(!outcome.stdout.contains(place) && !outcome.stderr.contains(place), "names a path of this machine");
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        outcome
    }

    /// One error of a kind at a place, with a help, in both formats and with any number of threads, and
    /// the finding of everything else.
    #[track_caller]
    fn fails(&self, kind: &str, place: &str, message: &str) {
        let outcome = self.run(&["check", "--format", "json", "--now", "2026-11-22T10:00:00Z"]);
        outcome.has_one_error(kind, place, message);
        assert_eq!(outcome.policies(), [KNOWN], "{}", outcome.stdout);
        assert_eq!(outcome.stderr, "");
        let alone = self.run(&["check", "--format", "json", "--now", "2026-11-22T10:00:00Z", "-j", "1"]);
        assert_eq!(alone.stdout, outcome.stdout, "the report depends on the number of threads");
        self.says(place, message);
    }

    /// The same, where nothing could be done at all.
    #[track_caller]
    fn fails_altogether(&self, args: &[&str], kind: &str, place: &str, message: &str) {
        let outcome = self.run(&[&["check", "--format", "json"], args].concat());
        outcome.has_one_error(kind, place, message);
        assert_eq!(outcome.policies(), [""; 0]);
        let text = self.run(&[&["check"], args].concat());
        assert_eq!(text.code, 2);
        assert!(text.stderr.contains("error: ") && text.stderr.contains("help: "), "{}", text.stderr);
        assert!(text.stderr.contains(message), "{}", text.stderr);
    }

    /// The text for people has the error, its place and the known finding.
    #[track_caller]
    fn says(&self, place: &str, message: &str) {
        let outcome = self.run(&["check", "--now", "2026-11-22T10:00:00Z"]);
        assert_eq!(outcome.code, 2);
        let flat = outcome.flat();
        // Drawn places have brackets around them, a path may be broken over two lines.
        assert!(flat.contains(&squeezed(place)), "`{place}` is not in\n{}", outcome.stdout);
        assert!(flat.contains(&squeezed(message)), "`{message}` is not in\n{}", outcome.stdout);
        assert!(flat.contains(KNOWN) && flat.contains("could not be done".replace(' ', "").as_str()));
    }

    /// Nothing is wrong with it.
    #[track_caller]
    fn passes(&self) {
        let outcome = self.run(&["check", "--format", "json"]);
        assert_eq!((outcome.code, outcome.errors().len()), (1, 0), "{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.policies(), [KNOWN]);
    }
}

/// Text without white space and without what is drawn around it.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '│' | '×' | '╰' | '▶' | '⚠')).collect()
}

impl Outcome {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: exit {}\n{}\n{}", self.code, self.stdout, self.stderr))
    }

    fn errors(&self) -> Vec<Value> {
        self.json()["errors"].as_array().unwrap().clone()
    }

    fn policies(&self) -> Vec<String> {
        let json = self.json();
        json["findings"].as_array().unwrap().iter().map(|finding| finding["policy"].as_str().unwrap().into()).collect()
    }

    fn flat(&self) -> String {
        squeezed(&self.stdout)
    }

    /// The message of one error is that or begins so, its place is `file:line` or `file`, or none.
    #[track_caller]
    fn has_one_error(&self, kind: &str, place: &str, message: &str) {
        assert_eq!(self.code, 2, "{}{}", self.stdout, self.stderr);
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        let error = &errors[0];
        assert_eq!(error["kind"], kind, "{error:#}");
        let found = match (error["location"]["file"].as_str(), error["location"]["line"].as_u64()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.to_owned(),
            _ => String::new(),
        };
        assert_eq!(found, place, "{error:#}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error:#}");
        assert!(error["help"].as_str().is_some_and(|help| help.len() > 8), "without help: {error:#}");
    }

    fn environments(&self) -> Value {
        self.errors()[0]["environments"].clone()
    }
}

#[test]
fn the_workspace_is_whole_when_nothing_breaks_it() {
    Case::new().passes();
}

#[test]
fn windows_line_ends_change_nothing() {
    let case = Case::new();
    for path in ["plimsoll.yaml", "production.yaml", "web.yaml", "charts/good/Chart.yaml", "charts/web/Chart.yaml"] {
        case.put(path, fs::read_to_string(case.path(path)).unwrap().replace('\n', "\r\n"));
    }
    for path in ["charts/good/templates/role.yaml.j2", TEMPLATE, "charts/web/values.yaml"] {
        case.put(path, fs::read_to_string(case.path(path)).unwrap().replace('\n', "\r\n"));
    }
    case.passes();
    let broken = format!("{WHOLE}  x: \"y\n").replace('\n', "\r\n");
    case.and(TEMPLATE, broken).fails("manifest", &format!("{TEMPLATE}:8"), "not closed");
}
