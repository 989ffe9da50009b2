//! What a scanner found, whichever scanner it was.
//!
//! The predicate is cosign's (`specs/COSIGN_VULN_ATTESTATION_SPEC.md`): when was scanned, by what, and that
//! scanner's own report. One file for each report that is understood.

mod grype;
mod trivy;

use serde_json::Value;

use super::evidence::short;
use crate::Moment;
use crate::workspace::{Deny, VulnSeverity};

/// One scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// What scanned, as the attestation says.
    pub(super) scanner: String,
    /// When it was done.
    pub(super) finished: Moment,
    /// What was found, or why that is not understood.
    pub(super) vulnerabilities: Result<Vec<Vulnerability>, String>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Vulnerability {
    pub(super) severity: VulnSeverity,
    pub(super) id: String,
    pub(super) package: String,
    /// The versions that are free of it; empty where there is none.
    pub(super) fixed: String,
}

impl Vulnerability {
    /// Whether it is among what is not accepted.
    pub(super) fn is_denied(&self, deny: &[Deny]) -> bool {
        deny.iter().any(|deny| deny.severity == self.severity && (!deny.fixable || !self.fixed.is_empty()))
    }

    /// One line for a person.
    pub(super) fn line(&self) -> String {
        let fixed = if self.fixed.is_empty() { "no fix".to_owned() } else { format!("fixed in {}", self.fixed) };
        format!("{} {} in {}, {fixed}", self.severity.name(), self.id, self.package)
    }
}

impl Scan {
    /// Reads the predicate of a vulnerability attestation; an error says what is wrong with its times.
    pub(super) fn read(predicate: &Value) -> Result<Self, String> {
        let text = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str);
        let written = text("/metadata/scanFinishedOn").ok_or("it does not say when the scan was finished")?;
        let finished = Moment::parse(written).map_err(|_| format!("`{}` is no moment", short(written)))?;
        // Go writes the zero of its time where nobody set one.
        if finished <= Moment::from_unix(0) {
            return Err(format!("it says that the scan was finished at `{}`, which is nobody's time", short(written)));
        }
        let uri = text("/scanner/uri").unwrap_or("");
        // Versions of one scanner are one scanner: `pkg:github/aquasecurity/trivy@0.66.0`.
        let scanner = short(uri.split('@').next().unwrap_or(uri)).to_string();
        Ok(Self { scanner, finished, vulnerabilities: report(predicate.pointer("/scanner/result")) })
    }
}

fn report(result: Option<&Value>) -> Result<Vec<Vulnerability>, String> {
    let Some(result) = result.filter(|result| !result.is_null()) else {
        return Err("it holds no report of the scanner".to_owned());
    };
    let mut found = if trivy::is(result) {
        trivy::read(result)?
    } else if grype::is(result) {
        grype::read(result)?
    } else {
        return Err("the scanner's report is neither Trivy's nor Grype's".to_owned());
    };
    found.sort();
    found.dedup();
    // The worst first.
    found.reverse();
    Ok(found)
}

fn severity(word: &Value) -> Result<VulnSeverity, String> {
    let word = word.as_str().unwrap_or("");
    VulnSeverity::from_word(word).ok_or_else(|| format!("it has the severity `{}`, which is not known", short(word)))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).map(|text| short(text).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn predicate(result: &Value) -> Value {
        json!({"scanner": {"uri": "pkg:github/aquasecurity/trivy@0.66.0", "result": result},
            "metadata": {"scanStartedOn": "2026-10-01T10:00:00Z", "scanFinishedOn": "2026-10-01T10:01:00Z"}})
    }

    fn ids(result: &Value) -> Result<Vec<String>, String> {
        let scan = Scan::read(&predicate(result)).unwrap();
        scan.vulnerabilities.map(|found| found.iter().map(Vulnerability::line).collect())
    }

    #[test]
    fn reports_of_both_scanners() {
        let trivy = json!({"SchemaVersion": 2, "Results": [{"Target": "x"}, {"Target": "y", "Vulnerabilities": [
            {"VulnerabilityID": "CVE-1", "PkgName": "zlib", "InstalledVersion": "1", "Severity": "LOW"},
            {"VulnerabilityID": "CVE-2", "PkgName": "openssl", "InstalledVersion": "3", "FixedVersion": "3.1", "Severity": "CRITICAL"},
        ]}]});
        assert_eq!(ids(&trivy).unwrap(), ["CRITICAL CVE-2 in openssl 3, fixed in 3.1", "LOW CVE-1 in zlib 1, no fix"]);
        let grype = json!({"descriptor": {"name": "grype"}, "source": {"type": "image"}, "matches": [
            {"vulnerability": {"id": "CVE-3", "severity": "High", "fix": {"state": "fixed", "versions": ["2.1", "3.0"]}},
             "artifact": {"name": "curl", "version": "2.0"}},
            {"vulnerability": {"id": "CVE-4", "severity": "Negligible", "fix": {"state": "not-fixed", "versions": []}},
             "artifact": {"name": "curl", "version": "2.0"}},
        ]});
        assert_eq!(
            ids(&grype).unwrap(),
            ["HIGH CVE-3 in curl 2.0, fixed in 2.1, 3.0", "NEGLIGIBLE CVE-4 in curl 2.0, no fix"]
        );
    }

    #[test]
    fn what_is_not_understood_is_no_clean_report() {
        for result in [
            json!(null),
            json!({}),
            json!({"vulnerabilities": []}),
            json!({"SchemaVersion": 3, "Results": []}),
            json!({"SchemaVersion": 2}),
            json!({"SchemaVersion": 2, "Results": []}),
            json!({"SchemaVersion": 2, "Results": [{"Vulnerabilities": [{"VulnerabilityID": "x", "Severity": "TERRIBLE"}]}]}),
            json!({"SchemaVersion": 2, "Results": [{"Vulnerabilities": {}}]}),
            json!({"descriptor": {"name": "grype"}}),
            json!({"descriptor": {"name": "grype"}, "matches": [{"vulnerability": {}}]}),
        ] {
            assert!(ids(&result).is_err(), "{result}");
        }
    }

    #[test]
    fn nobodys_time_is_refused() {
        for time in [json!("0001-01-01T00:00:00Z"), json!("1970-01-01T00:00:00Z"), json!("soon"), json!(null)] {
            let mut predicate = predicate(&json!({}));
            predicate["metadata"]["scanFinishedOn"] = time.clone();
            assert!(Scan::read(&predicate).is_err(), "{time}");
        }
    }

    #[test]
    fn denied_is_what_is_named() {
        let found = |severity, fixed: &str| Vulnerability {
            severity,
            id: String::new(),
            package: String::new(),
            fixed: fixed.to_owned(),
        };
        let deny = [
            Deny { severity: VulnSeverity::Critical, fixable: false },
            Deny { severity: VulnSeverity::High, fixable: true },
        ];
        assert!(found(VulnSeverity::Critical, "").is_denied(&deny));
        assert!(found(VulnSeverity::High, "2").is_denied(&deny));
        assert!(!found(VulnSeverity::High, "").is_denied(&deny));
        assert!(!found(VulnSeverity::Medium, "2").is_denied(&deny));
    }
}
