//! The Pod Security Standards as their own admission library judges them.
//!
//! `$PLIMSOLL_CONFORMANCE/pod-security/<level>/<version>/{pass,fail}/*.yaml`: a Pod each, allowed or denied at that
//! level by that version of the standards, whatever levels and versions there are. Each Pod is judged twice more, as
//! the template of a Deployment and of a CronJob, which must make no difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use plimsoll::files::Files;
use plimsoll::workspace::OpenOptions;
use plimsoll::{Linter, Policies, Workspace};
use serde_json::{Value, json};

use super::{folder, say};

/// Cases about which we disagree, as `<level>/<version>/<verdict>/<file>`, with the reason of each.
const DIFFERENCES: [(&str, &str); 0] = [];

/// In what each pod is judged.
const KINDS: [&str; 3] = ["Pod", "Deployment", "CronJob"];

#[test]
fn pods_of_the_admission_library() {
    let Some(root) = folder("PLIMSOLL_CONFORMANCE") else { return };
    let root = root.join("pod-security");
    let (mut ran, mut wrong) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    for level in directories(&root) {
        for version in directories(&root.join(&level)) {
            for verdict in directories(&root.join(&level).join(&version)) {
                let place = format!("{level}/{version}/{verdict}");
                let cases = cases(&root.join(&place));
                *ran.entry(format!("{level} {verdict}")).or_default() += cases.len();
                let denied = denied(&level, &version, cases.values());
                for (at, case) in cases.keys().enumerate() {
                    wrong.extend(disagreement(&verdict, &denied, at).map(|how| (format!("{place}/{case}"), how)));
                }
            }
        }
    }
    assert!(!ran.is_empty(), "{} holds no cases", root.display());
    say(&format!("pods by level and verdict: {ran:?}, of which we see {} otherwise", wrong.len()));
    let differences: BTreeSet<&str> = DIFFERENCES.iter().map(|(case, _)| *case).collect();
    let unknown: Vec<_> = wrong.iter().filter(|(case, _)| !differences.contains(case.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    let settled = |case: &&&str| root.join(case).exists() && !wrong.iter().any(|(other, _)| other == **case);
    let settled: Vec<_> = differences.iter().filter(settled).collect();
    assert!(settled.is_empty(), "no longer seen otherwise, so not to be listed: {settled:?}");
}

/// The policies that found something, by kind and number of the case.
type Denied = BTreeMap<(String, String), BTreeSet<String>>;

/// How the verdict on a case differs from the one expected.
fn disagreement(verdict: &str, denied: &Denied, at: usize) -> Option<String> {
    let by = KINDS.map(|kind| denied.get(&(kind.to_owned(), name(at))).cloned().unwrap_or_default());
    if by.iter().any(|other| *other != by[0]) {
        return Some(format!("{KINDS:?} are judged differently: {by:?}"));
    }
    match (verdict, by[0].is_empty()) {
        ("pass", false) => Some(format!("denied by {:?}", by[0])),
        ("fail", true) => Some("allowed".to_owned()),
        ("pass", true) | ("fail", false) => None,
        _ => Some(format!("`{verdict}` is no verdict")),
    }
}

/// Judges all pods in one workspace, whose cluster runs the version.
fn denied<'a>(level: &str, version: &str, pods: impl Iterator<Item = &'a Value>) -> Denied {
    // Restricted is everything of baseline, and more.
    let select: &[&str] = match level {
        "baseline" => &["pod-security-baseline/"],
        "restricted" => &["pod-security-baseline/", "pod-security-restricted/"],
        _ => panic!("`{level}` is no level of the standards"),
    };
    let documents: Vec<String> =
        pods.enumerate().flat_map(|(at, pod)| KINDS.map(|kind| shaped(pod, kind, &name(at)).to_string())).collect();
    let files = Files::memory([("pods.yaml", documents.join("\n---\n").into_bytes())]);
    let kubernetes = Some(version.trim_start_matches('v').to_owned());
    let options = OpenOptions { kubernetes, ..OpenOptions::default() };
    let rendered = Workspace::from_files(files, &options).unwrap().render_all();
    let report = Linter::new(Policies::builtin().unwrap()).select(select).unwrap().check(&rendered);
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    assert_eq!(report.summary().resources, documents.len());
    let mut denied = Denied::new();
    for finding in report.findings() {
        let resource = finding.resource.clone().unwrap();
        let key = (resource.kind.to_string(), resource.name.to_string());
        denied.entry(key).or_default().insert(finding.policy.to_string());
    }
    denied
}

fn name(at: usize) -> String {
    format!("case-{at}")
}

/// A pod under a name of ours, or a workload of that name with the pod as its template.
fn shaped(pod: &Value, kind: &str, name: &str) -> Value {
    let template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    match kind {
        "Pod" => {
            let mut pod = pod.clone();
            pod["metadata"]["name"] = json!(name);
            pod
        }
        "Deployment" => {
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": {"template": template}})
        }
        _ => {
            let spec = json!({"jobTemplate": {"spec": {"template": template}}});
            json!({"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
        }
    }
}

/// The Pods of a folder by file name.
fn cases(directory: &Path) -> BTreeMap<String, Value> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let pod = plimsoll::yaml::parse(&text, 0).unwrap_or_else(|fault| panic!("{}: {fault:?}", path.display()));
        (path.file_name().unwrap().to_string_lossy().into_owned(), pod.node.to_json())
    })
    .collect()
}

/// The folders in a folder, by name.
fn directories(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
