//! A file of evidence, taken apart as far as needs no cryptography.
//!
//! Owns which shapes there are and what they claim; whether a claim is signed by whom is
//! [`verify`](super::verify)'s business. Nothing in here may be believed before that.

mod claim;
mod layer;

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(super) use claim::Claim;
pub(super) use layer::Layer;

use super::lock::{Evidence, EvidenceKind, Lock};
use crate::files::Files;
use crate::{Error, base64};

/// The largest file of evidence that is read: a scan of a large image has a few megabytes.
pub const MAX_EVIDENCE: u64 = 16 << 20;

/// The payload type of DSSE envelopes with in-toto statements (in-toto attestation framework, `spec/v1/envelope.md`).
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A file of evidence.
#[derive(Debug)]
pub(super) struct Opened {
    /// Whether it is the file that was locked.
    pub(super) intact: bool,
    /// What is in it.
    pub(super) content: Result<Signed, Fault>,
}

/// Why a file says nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// It could not be read.
    Unread(Error),
    /// It is broken.
    Malformed(String),
    /// It is something that is not understood here.
    NotUnderstood(String),
}

/// Something signed, and what it claims.
#[derive(Debug)]
#[cfg_attr(not(feature = "signatures"), expect(dead_code, reason = "only verifying looks at what is signed"))]
pub(super) struct Signed {
    pub(super) shape: Shape,
    /// The bytes that the claim was read from; what is verified must be these.
    pub(super) payload: Vec<u8>,
    pub(super) claim: Claim,
}

/// In which form it is signed.
#[derive(Debug)]
#[cfg_attr(not(feature = "signatures"), expect(dead_code, reason = "only verifying looks at what is signed"))]
pub(super) enum Shape {
    /// A Sigstore bundle: its text.
    Bundle(String),
    /// A layer of a cosign signature image, or of an attestation image, before bundles.
    Layer(Layer),
}

/// Reads a file of evidence and takes it apart.
pub(super) fn open(files: &Files, evidence: &Evidence) -> Opened {
    match files.read_at_most(&evidence.file, MAX_EVIDENCE) {
        Ok(bytes) => {
            let intact = hex(&Sha256::digest(&bytes)) == *evidence.sha256;
            Opened { intact, content: signed(&bytes) }
        }
        Err(error) => {
            // Where the file is named is more to the point than where it is not.
            let error = Error::new(
                error.kind(),
                format!("the evidence `{}` cannot be used: {}", evidence.file, error.message()),
            )
            .with_location(Lock::location(evidence.mark))
            .with_help(error.help().unwrap_or("take it back from version control").to_owned());
            Opened { intact: false, content: Err(Fault::Unread(error)) }
        }
    }
}

/// What a file is evidence of, if it is understood and about an image; nothing of it is verified here.
pub fn recognise(bytes: &[u8], digest: &str) -> Option<EvidenceKind> {
    let signed = signed(bytes).ok()?;
    signed.claim.kind().filter(|_| signed.claim.is_about(digest))
}

/// What a text claims, in whatever shape it is.
pub(super) fn signed(bytes: &[u8]) -> Result<Signed, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Malformed("it is not text".to_owned()))?;
    let root: Value = serde_json::from_str(text)
        .map_err(|error| Fault::Malformed(format!("it is not JSON, from line {} on", error.line())))?;
    let media_type = root.get("mediaType").and_then(Value::as_str).unwrap_or("");
    if media_type.starts_with("application/vnd.dev.sigstore.bundle") {
        return bundle(text, &root);
    }
    Layer::read(media_type, &root)
}

fn bundle(text: &str, root: &Value) -> Result<Signed, Fault> {
    let Some(envelope) = root.get("dsseEnvelope") else {
        return Err(Fault::NotUnderstood("it is a bundle without a statement about an image".to_owned()));
    };
    let payload = payload_of(envelope)?;
    let claim = Claim::of_statement(&payload)?;
    Ok(Signed { shape: Shape::Bundle(text.to_owned()), payload, claim })
}

/// The payload of a DSSE envelope that holds an in-toto statement.
fn payload_of(envelope: &Value) -> Result<Vec<u8>, Fault> {
    let text = |key: &str| envelope.get(key).and_then(Value::as_str);
    match text("payloadType") {
        Some(IN_TOTO) => {}
        Some(other) => {
            return Err(Fault::NotUnderstood(format!("its payload is `{}`, no in-toto statement", short(other))));
        }
        None => return Err(Fault::Malformed("its envelope has no payload type".to_owned())),
    }
    let payload = text("payload").and_then(base64::decode);
    payload.ok_or_else(|| Fault::Malformed("the payload of its envelope is no base 64".to_owned()))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 0xF] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// A piece of other people's text that fits a message.
pub(super) fn short(text: &str) -> Arc<str> {
    let shown: String = text.chars().take(120).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Arc::from(if shown.len() < text.len() { format!("{shown}…") } else { shown })
}
