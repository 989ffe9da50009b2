//! `--baseline` and `--write-baseline`: an old repository goes on, and only what is new counts.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::example::{self, NOW};
use crate::run::{Run, plimsoll};

const FILE: &str = "baseline.json";
const PROBE: (&str, &str, &str) = (
    "charts/cart/templates/cache.yaml.j2",
    "          readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5}\n",
    "",
);
const VERBS: (&str, &str, &str) =
    ("charts/catalog/values.yaml", "      verbs: [get, update]\n", "      verbs: [\"*\"]\n");
const BINDING: (&str, &str, &str) = (
    "charts/microservice/templates/_role.yaml.j2",
    "  kind: Role\n  name: {{ release.name }}\n",
    "  kind: Role\n  name: {{ release.name }}-reader\n",
);

/// The example workspace on disk, with a warning and an error in it.
fn old_repository() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    example::write(directory.path(), &example::files());
    change(directory.path(), PROBE);
    change(directory.path(), VERBS);
    directory
}

#[track_caller]
fn change(directory: &Path, (file, from, to): (&str, &str, &str)) {
    let path = directory.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn check(directory: &Path, args: &[&str]) -> Run {
    plimsoll(directory, &[&["check", "--now", NOW], args].concat())
}

fn written(directory: &Path) -> String {
    fs::read_to_string(directory.join(FILE)).unwrap()
}

fn policies(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["policy"].as_str().unwrap()).collect()
}

/// Nothing beside a baseline is left of writing it.
#[track_caller]
fn tidy(directory: &Path) {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> =
        entries.filter(|name| Path::new(name).extension().is_some_and(|end| end == "tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_in_the_baseline_counts_no_more() {
    let old = old_repository();
    let root = old.path();
    check(root, &["--fail-on", "warning"]).ended(1);
    let run = check(root, &["--write-baseline", FILE, "--fail-on", "warning"]).ended(0);
    assert!(run.stdout.starts_with("✓ 1 suppressed in ") && run.stdout.ends_with("; 2 in the baseline\n"), "{run:?}");
    tidy(root);
    let again = check(root, &["--baseline", FILE, "--fail-on", "info"]).ended(0);
    assert_eq!((again.stdout, again.stderr), (run.stdout, String::new()));
    let baseline: Value = serde_json::from_str(&written(root)).unwrap();
    let held: Vec<_> = baseline["findings"].as_array().unwrap().iter().map(|entry| &entry["object"]).collect();
    assert_eq!(held, ["Role shop/catalog", "Deployment shop/cart-cache"]);
    let report = check(root, &["--baseline", FILE, "--format", "json"]).ended(0).json();
    assert_eq!(policies(&report), [""; 0]);
    assert_eq!((&report["summary"]["baseline"], &report["summary"]["errors"]), (&2.into(), &0.into()));
}

#[test]
fn one_more_mistake_is_the_one_finding() {
    let old = old_repository();
    let root = old.path();
    check(root, &["--write-baseline", FILE]).ended(0);
    change(root, BINDING);
    let report = check(root, &["--baseline", FILE, "--format", "json", "--fail-on", "info"]).ended(1).json();
    assert_eq!(policies(&report), ["rbac/dangling-reference"], "{report:#}");
    assert_eq!(report["summary"]["baseline"], 2);
    assert_eq!(report["notes"], Value::Array(Vec::new()));
}

#[test]
fn lines_that_move_wake_nothing() {
    let old = old_repository();
    let root = old.path();
    check(root, &["--write-baseline", FILE]).ended(0);
    let before = written(root);
    for (file, above) in [(PROBE.0, "{# moved #}\n\n"), (VERBS.0, "# moved\n\n"), (BINDING.0, "{# moved #}\n\n")] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        fs::write(root.join(file), format!("{above}{text}")).unwrap();
    }
    check(root, &["--baseline", FILE, "--fail-on", "info"]).ended(0);
    check(root, &["--baseline", FILE, "--write-baseline", FILE]).ended(0);
    assert_eq!(written(root), before);
}

#[test]
fn what_is_mended_is_said_in_full_runs_only() {
    let old = old_repository();
    let root = old.path();
    check(root, &["--write-baseline", FILE]).ended(0);
    change(root, (VERBS.0, VERBS.2, VERBS.1));
    let run = check(root, &["--baseline", FILE]).ended(0);
    assert!(run.stdout.contains("note: baseline.json: 1 finding of the baseline is gone; write it again\n"), "{run:?}");
    for narrow in [["-e", "staging"], ["--select", "rbac/"], ["--ignore", "rbac/"]] {
        let run = check(root, &[&narrow[..], &["--baseline", FILE]].concat()).ended(0);
        assert!(!run.stdout.contains("is gone"), "{run:?}");
    }
    // What a narrowed run did not look for may be there all the same.
    check(root, &["-e", "staging", "--write-baseline", FILE]).ended(0);
    assert_eq!(written(root).matches("\"fingerprint\"").count(), 2);
    check(root, &["--write-baseline", FILE]).ended(0);
    assert_eq!(written(root).matches("\"fingerprint\"").count(), 1);
}

#[test]
fn suppressions_that_have_expired_stay() {
    let old = old_repository();
    let late = ["check", "--now", "2030-01-01T00:00:00Z", "--format", "json"];
    let run = plimsoll(old.path(), &[&late[..], &["--write-baseline", FILE]].concat()).ended(0);
    assert_eq!(policies(&run.json()), ["suppression/expired"]);
    let run = plimsoll(old.path(), &[&late[..], &["--baseline", FILE]].concat()).ended(1);
    assert_eq!(policies(&run.json()), ["suppression/expired"]);
}

#[test]
fn nothing_is_written_where_something_could_not_be_done() {
    let old = old_repository();
    let root = old.path();
    check(root, &["--write-baseline", FILE]).ended(0);
    let before = written(root);
    fs::write(root.join("charts/cart/templates/more.yaml.j2"), "kind: {{ values.mising }}\n").unwrap();
    let report = check(root, &["--write-baseline", FILE, "--format", "json"]).ended(2).json();
    let last = report["errors"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["kind"], &last["location"]["file"]), (&"file".into(), &FILE.into()));
    assert!(last["message"].as_str().unwrap().starts_with("the baseline was not written"), "{last}");
    assert_eq!(written(root), before);
    check(root, &["--write-baseline", "new.json"]).ended(2);
    assert!(!root.join("new.json").exists());
    tidy(root);
    // What is known is left out all the same, and nothing is said to be gone.
    let report = check(root, &["--baseline", FILE, "--format", "json"]).ended(2).json();
    assert_eq!((policies(&report).len(), report["notes"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn what_is_no_baseline_is_refused_and_left_alone() {
    let old = old_repository();
    let root = old.path();
    let newer = "{\n  \"version\": 2,\n  \"entries\": {}\n}\n";
    for (text, place, message) in [
        ("{\n<<<<<<< ours\n", "baseline.json:2:", "the file is not JSON"),
        ("{\n  \"version\": 1\n}\n", "baseline.json:3:", "missing field `findings`"),
        ("replicas: 3\n", "baseline.json:1:", "the file is not JSON"),
        (newer, "baseline.json:2:", "the baseline is of version 2"),
    ] {
        fs::write(root.join(FILE), text).unwrap();
        for flag in ["--baseline", "--write-baseline"] {
            let run = check(root, &[flag, FILE]).ended(2);
            assert!(run.stderr.contains(place) && run.stderr.contains(message), "{}", run.stderr);
            assert!(run.stderr.contains("help: "), "{}", run.stderr);
            let report = check(root, &[flag, FILE, "--format", "json"]).ended(2).json();
            assert_eq!(report["errors"][0]["location"]["file"], FILE);
            assert!(report["errors"][0]["location"]["line"].is_u64());
        }
        let run = check(root, &["--baseline", FILE, "--write-baseline", "other.json"]).ended(2);
        assert!(run.stderr.contains(place) && !root.join("other.json").exists());
        assert_eq!(written(root), text);
    }
    let run = check(root, &["--baseline", FILE]).ended(2);
    assert!(run.stderr.contains("use a newer release of plimsoll"), "{}", run.stderr);
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let old = old_repository();
    let root = old.path();
    for (args, place, message) in [
        (["--baseline", "none.json"], "none.json", "the baseline cannot be read"),
        (["--baseline", "charts"], "charts", "the baseline cannot be read"),
        (["--write-baseline", "charts"], "charts", "it is no regular file"),
        (["--write-baseline", "no/such/b.json"], "no/such/b.json", "the baseline cannot be written"),
    ] {
        let run = check(root, &args).ended(2);
        let said = run.stderr + &run.stdout;
        assert!(said.contains(place) && said.contains(message), "{said}");
    }
    fs::write(root.join(FILE), b"\xff\n").unwrap();
    assert!(check(root, &["--baseline", FILE]).ended(2).stderr.contains("not valid UTF-8"));
    fs::write(root.join(FILE), "").unwrap();
    check(root, &["--baseline", FILE]).ended(2);
    check(root, &["--write-baseline", FILE]).ended(0);
    check(root, &["--baseline", FILE]).ended(0);
}

#[test]
fn the_file_is_found_from_the_current_directory() {
    let old = old_repository();
    let below = old.path().join("charts");
    check(&below, &["..", "--write-baseline", FILE]).ended(0);
    assert!(below.join(FILE).exists() && !old.path().join(FILE).exists());
    check(old.path(), &["--baseline", "charts/baseline.json"]).ended(0);
}
