//! Trivy's JSON report, schema version 2 (`pkg/types/report.go` of aquasecurity/trivy).

use serde_json::Value;

use super::{Vulnerability, severity, text};

pub(super) fn is(report: &Value) -> bool {
    report.get("SchemaVersion").is_some()
}

pub(super) fn read(report: &Value) -> Result<Vec<Vulnerability>, String> {
    if report.get("SchemaVersion").and_then(Value::as_i64) != Some(2) {
        return Err("Trivy's report has another schema than version 2".to_owned());
    }
    // Trivy leaves `Results` out where it found nothing that it knows how to look at.
    let results = report.get("Results").and_then(Value::as_array).filter(|results| !results.is_empty());
    let results = results.ok_or("Trivy's report names nothing that was looked at")?;
    let mut found = Vec::new();
    for result in results {
        let listed = match result.get("Vulnerabilities") {
            None | Some(Value::Null) => continue,
            Some(listed) => listed.as_array().ok_or("the vulnerabilities of Trivy's report are no list")?,
        };
        for one in listed {
            found.push(Vulnerability {
                severity: severity(&one["Severity"])?,
                id: text(one, "/VulnerabilityID"),
                package: format!("{} {}", text(one, "/PkgName"), text(one, "/InstalledVersion")),
                fixed: text(one, "/FixedVersion"),
            });
        }
    }
    Ok(found)
}
