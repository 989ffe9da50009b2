//! Signatures from before bundles, put together as the bundle they would be.
//!
//! Annotations: cosign `specs/SIGNATURE_SPEC.md`, `pkg/cosign/bundle/rekor.go`, `pkg/cosign/bundle/tsa.go`.

use serde_json::{Value, json};
use sigstore_verify::types::{Bundle, DerCertificate};

use super::super::evidence::Layer;
use super::super::proof::Refusal;

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The media types of bundles with and without an entry of a log: the first asks for a promise of inclusion,
/// which is what these signatures have, the second admits timestamps alone; both admit certificate chains.
const LOGGED: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const UNLOGGED: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";

/// The bundle of a layer.
pub(super) fn bundle(layer: &Layer, keyless: bool) -> Result<Bundle, Refusal> {
    let annotation = |name: &str| layer.annotations.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let broken = |what: &str| Refusal::Rejected(format!("has {what} that cannot be read"));
    let mut material = match annotation(CERTIFICATE) {
        Some(pem) => {
            let chain = annotation(CHAIN).unwrap_or("");
            let certificates = certificates(&[pem, chain].concat()).ok_or_else(|| broken("a certificate"))?;
            json!({"x509CertificateChain": {"certificates": certificates}})
        }
        None if keyless => return Err(Refusal::Rejected("has no certificate".to_owned())),
        None => json!({"publicKey": {"hint": ""}}),
    };
    if let Some(text) = annotation(LOG) {
        let entry = entry(text).ok_or_else(|| broken("an entry of a transparency log"))?;
        material["tlogEntries"] = json!([entry]);
    }
    if let Some(text) = annotation(TIMESTAMP) {
        let stamp: Option<Value> = serde_json::from_str(text).ok();
        let stamp = stamp.and_then(|stamp| stamp.get("SignedRFC3161Timestamp").cloned());
        let stamp = stamp.ok_or_else(|| broken("a timestamp"))?;
        material["timestampVerificationData"] = json!({"rfc3161Timestamps": [{"signedTimestamp": stamp}]});
    }
    let media_type = if material.get("tlogEntries").is_some() { LOGGED } else { UNLOGGED };
    let mut bundle = json!({"mediaType": media_type, "verificationMaterial": material});
    if layer.enveloped {
        bundle["dsseEnvelope"] = serde_json::from_slice(&layer.content).map_err(|_| broken("an envelope"))?;
    } else {
        let signature = annotation(SIGNATURE).ok_or_else(|| Refusal::Rejected("has no signature".to_owned()))?;
        bundle["messageSignature"] = json!({"signature": signature});
    }
    Bundle::from_json(&bundle.to_string())
        .map_err(|error| Refusal::Unknown(format!("is not understood: {}", super::words::plain(&error))))
}

/// The certificates of a text in PEM, the signer's first.
fn certificates(pem: &str) -> Option<Vec<Value>> {
    const END: &str = "-----END CERTIFICATE-----";
    let blocks: Vec<&str> = pem.split_inclusive(END).filter(|block| block.contains("-----BEGIN")).collect();
    let read = |block: &&str| {
        let certificate = DerCertificate::from_pem(block.trim()).ok()?;
        Some(json!({"rawBytes": certificate.to_base64()}))
    };
    blocks.iter().map(read).collect::<Option<Vec<_>>>().filter(|certificates| !certificates.is_empty())
}

/// The entry of a log as cosign kept it: the entry itself, and the log's promise to include it.
fn entry(text: &str) -> Option<Value> {
    let root: Value = serde_json::from_str(text).ok()?;
    let payload = root.get("Payload")?;
    let body: Value = serde_json::from_slice(&crate::base64::decode(payload.get("body")?.as_str()?)?).ok()?;
    let (kind, version) = (body.get("kind")?.as_str()?, body.get("apiVersion")?.as_str()?);
    let id = bytes(payload.get("logID")?.as_str()?)?;
    Some(json!({
        "logIndex": payload.get("logIndex")?.as_u64()?.to_string(),
        "logId": {"keyId": sigstore_verify::types::SignatureBytes::new(id).to_base64()},
        "kindVersion": {"kind": kind, "version": version},
        "integratedTime": payload.get("integratedTime")?.as_i64()?.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": root.get("SignedEntryTimestamp")?.as_str()?},
        "canonicalizedBody": payload.get("body")?.as_str()?,
    }))
}

/// The bytes of hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? << 4 | pair.get(1)?).ok()).collect()
}
