//! Grype's JSON report (`grype/presenter/models/document.go` of anchore/grype).

use serde_json::Value;

use super::{Vulnerability, severity, text};

pub(super) fn is(report: &Value) -> bool {
    report.pointer("/descriptor/name").and_then(Value::as_str) == Some("grype")
}

pub(super) fn read(report: &Value) -> Result<Vec<Vulnerability>, String> {
    let matches = report.get("matches").and_then(Value::as_array).ok_or("Grype's report has no list of matches")?;
    matches
        .iter()
        .map(|one| {
            let versions = one.pointer("/vulnerability/fix/versions").and_then(Value::as_array).into_iter().flatten();
            let versions: Vec<String> = versions.map(|version| text(version, "")).collect();
            Ok(Vulnerability {
                severity: severity(&one["vulnerability"]["severity"])?,
                id: text(one, "/vulnerability/id"),
                package: format!("{} {}", text(one, "/artifact/name"), text(one, "/artifact/version")),
                fixed: versions.join(", "),
            })
        })
        .collect()
}
