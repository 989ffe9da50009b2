//! A finding and a report for the tests of the formats.

use super::Report;
use crate::Location;
use crate::finding::{Finding, Occurrence, ResourceRef, Severity, Verdict};

pub(super) fn occurrence(environment: &str) -> Occurrence {
    Occurrence {
        environment: environment.into(),
        severity: Severity::Error,
        namespace: None,
        rendered: None,
        location: None,
        values: Vec::new(),
    }
}

pub(crate) fn finding() -> Finding {
    Finding {
        policy: "rbac/wildcard".into(),
        verdict: Verdict::Violated,
        severity: Severity::Error,
        message: "it grants everything".to_owned(),
        environments: vec!["staging".into(), "production".into()],
        resource: Some(ResourceRef {
            api_version: "rbac.authorization.k8s.io/v1".into(),
            kind: "Role".into(),
            namespace: Some("shop".into()),
            name: "cart".into(),
        }),
        pointer: "/rules/0/verbs".to_owned(),
        location: Some(Location::at("charts/a/templates/role.yaml.j2", 7, 3)),
        witness: vec!["verbs: *".to_owned()],
        fix: "List the verbs.".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
        occurrences: vec![occurrence("staging"), occurrence("production")],
        sensitive: false,
    }
}

/// A report of these findings, counted, without the policies behind them.
pub(crate) fn report(findings: impl IntoIterator<Item = Finding>) -> Report {
    let mut report = Report { findings: findings.into_iter().collect(), ..Report::default() };
    report.summary.environments = vec!["staging".into(), "production".into()];
    report.count();
    report
}
