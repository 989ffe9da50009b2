//! Habits of the project that nobody has to watch over.

use std::collections::BTreeSet;

use plimsoll::Policies;
use plimsoll::files::Files;
use plimsoll::finding::Severity;
use plimsoll::policy;
use plimsoll::workspace::Tier;

use crate::example;

/// The most lines of a file, and of a function.
const MAX_FILE: usize = 600;
const MAX_FUNCTION: usize = 60;

/// Where each engine may be named; everywhere else its types are ours.
const ENGINES: [(&str, &str); 8] = [
    ("regorus", "crates/plimsoll/src/policy/rego/"),
    ("minijinja", "crates/plimsoll/src/render/jinja/"),
    ("saphyr", "crates/plimsoll/src/yaml/load.rs"),
    ("jsonschema", "crates/plimsoll/src/values/schema.rs"),
    ("sigstore_verify", "crates/plimsoll/src/images/verify/"),
    ("toml::", "crates/plimsoll/src/images/document.rs"),
    ("oci_client", "crates/plimsoll-cli/src/registry/"),
    ("quick_junit", "crates/plimsoll/src/report/junit.rs"),
];

/// Files below some folders with some endings, as path and text.
fn sources(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let disk = Files::directory(example::root()).unwrap();
    let mut paths: Vec<String> = folders.iter().flat_map(|folder| disk.walk(folder).unwrap()).collect();
    paths.retain(|path| endings.iter().any(|ending| path.ends_with(ending)) && !path.contains("/target/"));
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| (path.clone(), disk.read_text(&path).unwrap().to_string())).collect()
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_policy_folder_is_complete() {
    let policies = Policies::builtin().unwrap();
    let mut faults = Vec::new();
    for policy in policies.iter() {
        let fences = policy::fences(policy).unwrap();
        let failing = fences.iter().filter(|fence| !fence.expectations.is_empty()).count();
        for (holds, what) in [
            (failing > 0, "shows nothing that it finds"),
            (failing < fences.len(), "shows nothing that it lets pass"),
            (Tier::ALL.into_iter().any(|tier| policy.severity(tier) > Severity::Off), "is off everywhere"),
            (!policy.title.is_empty() && !policy.description.is_empty(), "does not say what it is"),
            (policy.yields.iter().all(|id| policies.get(id).is_some()), "leaves places to a policy that is not there"),
            (policy.fix.ends_with('.'), "has no fix that is a sentence"),
            (policy.readme.starts_with(&format!("# {}\n", policy.id)), "has a README that begins otherwise"),
        ] {
            if !holds {
                faults.push(format!("{} {what}", policy.id));
            }
        }
    }
    none(&faults);
    assert!(policies.iter().count() >= 18);
}

#[test]
fn a_policy_folder_holds_two_files() {
    let disk = Files::directory(example::root().join("policies")).unwrap();
    let outside = |path: &String| path.split('/').count() < 3 || path.starts_with("src/");
    let found: BTreeSet<String> =
        disk.walk("").unwrap().into_iter().filter(|path| !outside(path) && !path.starts_with("target/")).collect();
    let expected: BTreeSet<String> = Policies::builtin()
        .unwrap()
        .iter()
        .flat_map(|policy| ["policy.rego", "README.md"].map(|file| format!("{}/{file}", policy.id)))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let folders = ["benches", "charts", "crates", "environments", "policies", "tests"];
    let sources = sources(&folders, &[".rs", ".rego", ".j2", ".yaml", ".md"]);
    let long = sources.iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > MAX_FILE);
    none(&long.map(|(path, lines)| format!("{path} has {lines} lines; {MAX_FILE} are enough")).collect::<Vec<_>>());
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut faults = Vec::new();
    for (path, text) in sources(&["benches", "crates", "policies", "tests"], &[".rs"]) {
        for (name, line, length) in functions(&text) {
            if length > MAX_FUNCTION {
                faults.push(format!("{path}:{line}: `{name}` has {length} lines; {MAX_FUNCTION} are enough"));
            }
        }
    }
    none(&faults);
}

/// Name, first line and length of every function, by the indentation that rustfmt gives it.
fn functions(text: &str) -> Vec<(&str, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let modifiers = ["pub ", "pub(crate) ", "pub(super) ", "const "];
        let bare = modifiers.iter().fold(code, |code, modifier| code.strip_prefix(modifier).unwrap_or(code));
        // The cases of a test are data, which may go on for longer.
        let is_test = at > 0 && lines[at - 1].trim() == "#[test]";
        let Some(rest) = bare.strip_prefix("fn ").filter(|_| !is_test) else { continue };
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        if let Some(length) = lines[at..].iter().position(|line| *line == end) {
            let body = line.ends_with('{') || lines[at + 1..at + length].iter().any(|line| line.ends_with('{'));
            if body && !line.ends_with(['}', ';']) {
                found.push((name, at + 1, length + 1));
            }
        }
    }
    found
}

#[test]
fn functions_are_measured() {
    let text =
        "fn a() {\n    b\n}\n\nimpl X {\n    pub(crate) fn c<T>(\n        d: T,\n    ) {\n    }\n\n    fn e();\n}\n";
    assert_eq!(functions(text), [("a", 1, 3), ("c", 6, 4)]);
}

#[test]
fn each_engine_is_named_in_one_place() {
    let mut faults = Vec::new();
    for (path, text) in sources(&["crates"], &[".rs"]) {
        for (engine, place) in ENGINES {
            let named = text.lines().position(|line| !line.trim_start().starts_with("//") && line.contains(engine));
            if let Some(line) = named.filter(|_| !path.starts_with(place)) {
                faults.push(format!("{path}:{}: {engine} is named outside {place}", line + 1));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_module_says_what_it_owns() {
    let sources = sources(&["benches", "crates", "policies", "tests"], &[".rs"]);
    let silent = sources.iter().filter(|(_, text)| !text.starts_with("//! "));
    none(&silent.map(|(path, _)| format!("{path} does not open with what it owns")).collect::<Vec<_>>());
}

#[test]
fn no_golden_is_forgotten() {
    let suites: String = sources(&["tests/tests"], &[".rs"]).into_iter().map(|(_, text)| text).collect();
    let forgotten = sources(&["tests/tests"], &[".snap"]).into_iter().filter(|(path, _)| {
        let name = path.rsplit("__").next().unwrap().trim_end_matches(".snap");
        !suites.contains(&format!("\"{name}\""))
    });
    none(&forgotten.map(|(path, _)| format!("no test looks at {path}")).collect::<Vec<_>>());
}
