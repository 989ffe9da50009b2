//! What a signed payload says: about which images, and what.

use serde_json::Value;

use super::Fault;
use crate::images::lock::EvidenceKind;

/// The type that payloads of simple signing have (cosign `specs/SIGNATURE_SPEC.md`).
pub(super) const SIMPLE_SIGNING: &str = "cosign container image signature";

/// Predicate types, and what they are evidence of.
const PREDICATES: [(&str, EvidenceKind); 4] = [
    ("https://sigstore.dev/cosign/sign/v1", EvidenceKind::Signature),
    ("https://cosign.sigstore.dev/attestation/vuln/v1", EvidenceKind::Vuln),
    ("https://slsa.dev/provenance/v1", EvidenceKind::Slsa),
    ("https://slsa.dev/provenance/v0.2", EvidenceKind::Slsa),
];

/// What a payload says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::images) struct Claim {
    /// The images it is about: `sha256:` and digits.
    pub(in crate::images) subjects: Vec<String>,
    /// In which vocabulary it speaks.
    pub(in crate::images) predicate_type: String,
    /// What it says; null for a plain signature.
    pub(in crate::images) predicate: Value,
}

impl Claim {
    /// What it is evidence of; `None` where that is not understood.
    pub(in crate::images) fn kind(&self) -> Option<EvidenceKind> {
        if self.predicate_type == SIMPLE_SIGNING {
            return Some(EvidenceKind::Signature);
        }
        PREDICATES.iter().find(|(known, _)| *known == self.predicate_type).map(|(_, kind)| *kind)
    }

    /// Whether it is about an image.
    pub(in crate::images) fn is_about(&self, digest: &str) -> bool {
        self.subjects.iter().any(|subject| subject == digest)
    }

    /// Reads an in-toto statement (in-toto attestation framework, `spec/v1/statement.md`; version 0.1 reads the same).
    pub(super) fn of_statement(payload: &[u8]) -> Result<Self, Fault> {
        let root = json(payload)?;
        let text = |key: &str| root.get(key).and_then(Value::as_str).unwrap_or("");
        let statement = text("_type");
        if !matches!(statement, "https://in-toto.io/Statement/v1" | "https://in-toto.io/Statement/v0.1") {
            return Err(Fault::NotUnderstood(format!("its payload is of type `{}`", super::short(statement))));
        }
        let subjects = root.get("subject").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let digests = subjects.iter().filter_map(|subject| subject.get("digest")?.get("sha256")?.as_str());
        Ok(Self {
            subjects: digests.map(|digest| format!("sha256:{digest}")).collect(),
            predicate_type: text("predicateType").to_owned(),
            predicate: root.get("predicate").cloned().unwrap_or_default(),
        })
    }

    /// Reads a payload of simple signing.
    pub(super) fn of_simple_signing(payload: &[u8]) -> Result<Self, Fault> {
        let root = json(payload)?;
        let text = |pointer: &str| root.pointer(pointer).and_then(Value::as_str);
        match text("/critical/type") {
            Some(SIMPLE_SIGNING) => {}
            Some(other) => {
                return Err(Fault::NotUnderstood(format!("its payload is of type `{}`", super::short(other))));
            }
            None => return Err(Fault::Malformed("its payload has no type".to_owned())),
        }
        let digest = text("/critical/image/docker-manifest-digest");
        Ok(Self {
            subjects: digest.map(str::to_owned).into_iter().collect(),
            predicate_type: SIMPLE_SIGNING.to_owned(),
            predicate: Value::Null,
        })
    }
}

fn json(payload: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(payload).map_err(|_| Fault::Malformed("its payload is not JSON".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_simple_signing() {
        let statement = r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha512": "b"}}, {"name": "x", "digest": {"sha256": "a"}}],
            "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"x": 1}}"#;
        let claim = Claim::of_statement(statement.as_bytes()).unwrap();
        assert!(claim.is_about("sha256:a") && !claim.is_about("sha256:b"));
        assert_eq!(claim.kind(), Some(EvidenceKind::Slsa));
        let simple = r#"{"critical": {"type": "cosign container image signature", "image": {"docker-manifest-digest": "sha256:a"}}}"#;
        let claim = Claim::of_simple_signing(simple.as_bytes()).unwrap();
        assert!(claim.is_about("sha256:a"));
        assert_eq!(claim.kind(), Some(EvidenceKind::Signature));
    }

    #[test]
    fn what_is_not_known_is_said_so() {
        for text in [r#"{"_type": "https://in-toto.io/Statement/v2"}"#, r#"{"subject": []}"#] {
            assert!(matches!(Claim::of_statement(text.as_bytes()), Err(Fault::NotUnderstood(_))), "{text}");
        }
        assert!(matches!(Claim::of_statement(b"{"), Err(Fault::Malformed(_))));
        let other = r#"{"critical": {"type": "atomic container signature"}}"#;
        assert!(matches!(Claim::of_simple_signing(other.as_bytes()), Err(Fault::NotUnderstood(_))));
        assert!(matches!(Claim::of_simple_signing(b"{}"), Err(Fault::Malformed(_))));
        let claim =
            Claim { subjects: Vec::new(), predicate_type: "https://x.example/".to_owned(), predicate: Value::Null };
        assert_eq!(claim.kind(), None);
    }
}
