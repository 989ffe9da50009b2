//! Real manifests of other people: nothing fails on them, and little is said about them.
//!
//! `PLIMSOLL_CONFORMANCE` names a folder with `namespaces/<service>/<service>-<environment>/` in it,
//! `PLIMSOLL_REAL` one with `online-boutique/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll::finding::{Finding, Severity};
use plimsoll::{Linter, Moment, Report, Workspace};

use super::{folder, say};
use crate::example::NOW;

/// Whether an error is of those that were read in those namespaces and are true: images without any tag in
/// production, and pods without what the label of their own namespace enforces, which the API server refuses
/// as they are written.
fn is_true(error: &Finding) -> bool {
    let refused = || error.policy.starts_with("pod-security-restricted/") && !error.witness.is_empty();
    &*error.policy == "images/mutable-tag" || refused()
}

/// The most findings that half of the namespaces may have.
const MEDIAN: usize = 3;

/// How many findings of which severity each policy has.
type Counts = BTreeMap<(Severity, String), usize>;

fn counted(counts: &Counts) -> String {
    let words = counts.iter().map(|((severity, policy), count)| format!("{count} {policy} ({severity})"));
    words.collect::<Vec<_>>().join(", ")
}

fn check(path: &Path) -> Report {
    let workspace = Workspace::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let linter = Linter::for_workspace(&workspace).unwrap().now(Moment::parse(NOW).unwrap());
    let report = linter.check(&workspace.render_all());
    assert!(report.errors().is_empty(), "{}: {:#?}", path.display(), report.errors());
    assert!(report.summary().resources > 0, "{}: nothing was read", path.display());
    report
}

#[test]
fn namespaces_of_real_services() {
    let Some(root) = folder("PLIMSOLL_CONFORMANCE") else { return };
    let mut services: Vec<PathBuf> =
        std::fs::read_dir(root.join("namespaces")).unwrap().map(|entry| entry.unwrap().path()).collect();
    services.retain(|path| path.is_dir());
    services.sort();
    assert!(!services.is_empty(), "{} holds no services", root.display());

    let mut per_namespace = Vec::new();
    let mut per_policy = Counts::new();
    let mut wrong = Vec::new();
    for path in &services {
        let report = check(path);
        let environments = &report.summary().environments;
        for environment in environments {
            let here = report.findings().iter().filter(|finding| finding.environments.contains(environment));
            per_namespace.push(here.count());
        }
        for finding in report.findings() {
            *per_policy.entry((finding.severity, finding.policy.to_string())).or_default() += 1;
            if finding.severity == Severity::Error && !is_true(finding) {
                let place = finding.location.as_ref().map(ToString::to_string).unwrap_or_default();
                wrong.push(format!("{} at {place}: {}", finding.policy, finding.message));
            }
        }
    }
    per_namespace.sort_unstable();
    let median = per_namespace[per_namespace.len() / 2];
    let most = per_namespace.last().unwrap();
    say(&format!(
        "{} services, {} namespaces: median {median}, most {most} findings per namespace; {}",
        services.len(),
        per_namespace.len(),
        counted(&per_policy),
    ));
    assert!(wrong.is_empty(), "findings of severity error:\n{}", wrong.join("\n"));
    assert!(median <= MEDIAN, "half of the namespaces have {median} findings or more");
}

#[test]
fn a_real_shop() {
    let Some(root) = folder("PLIMSOLL_REAL") else { return };
    let report = check(&root.join("online-boutique"));
    let mut policies = Counts::new();
    for finding in report.findings() {
        *policies.entry((finding.severity, finding.policy.to_string())).or_default() += 1;
        let line = finding.location.as_ref().and_then(|location| location.line);
        assert!(line.is_some(), "{}: a plain manifest has lines", finding.message);
    }
    say(&format!("{} objects; {}", report.summary().resources, counted(&policies)));
    let errors: Vec<&str> = policies
        .keys()
        .filter(|(severity, _)| *severity == Severity::Error)
        .map(|(_, policy)| policy.as_str())
        .collect();
    assert_eq!(errors, SHOP_ERRORS, "policies with findings of severity error");
}

/// What is really wrong with the shop: its images have no tag before they are built and pushed.
const SHOP_ERRORS: [&str; 1] = ["images/mutable-tag"];
