//! Verifying signatures: the only folder that names the cryptography.
//!
//! Takes authorities from the workspace and signed things from files, and says whether one signed the
//! other. What has a transparency log entry, a timestamp or a certificate is verified as a Sigstore bundle; what
//! is signed by a key and has none of them is a plain signature, which a bundle's rules refuse.
//!
//! The verifier looks at the system's clock in one respect: times that third parties attest must not lie in
//! its future. Everything else is judged at the times they attest, and the caller's `now` is compared with
//! those by the caller.

mod layer;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use sigstore_verify::crypto::{self, KeyAlgorithm};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{Artifact, Bundle, DerPublicKey, Sha256Hash, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use super::evidence::{IN_TOTO, MAX_EVIDENCE, Shape, Signed};
use super::proof::{Proof, Refusal};
use crate::files::{Files, text_of};
use crate::workspace::decode::{Text, location};
use crate::workspace::{Authority, FILE, Glob, Signer};
use crate::{Error, ErrorKind, Moment};

/// An authority with its key and roots read.
pub(super) struct Prepared {
    by: By,
    root: Option<Arc<Verifier>>,
    log: bool,
    timestamp: bool,
}

enum By {
    Key { file: Arc<str>, key: DerPublicKey },
    Keyless { issuer: Arc<str>, subject: Glob, certificate_log: bool },
}

/// Reads the keys and roots of authorities, each file once.
pub(super) fn prepare(files: &Files, authorities: &[&Authority]) -> Vec<Result<Prepared, Error>> {
    let mut roots: BTreeMap<Arc<str>, Result<Arc<Verifier>, Error>> = BTreeMap::new();
    authorities
        .iter()
        .map(|authority| {
            let root = match &authority.root {
                None => None,
                Some(path) => {
                    Some(roots.entry(path.value.clone()).or_insert_with(|| root(files, path).map(Arc::new)).clone()?)
                }
            };
            let by = match &authority.signer {
                Signer::Key(path) => By::Key { file: path.value.clone(), key: key(files, path)? },
                Signer::Keyless { issuer, subject, certificate_log } => By::Keyless {
                    issuer: issuer.value.clone(),
                    subject: subject.clone(),
                    certificate_log: *certificate_log,
                },
            };
            Ok(Prepared { by, root, log: authority.log, timestamp: authority.timestamp })
        })
        .collect()
}

/// The text of a file that `plimsoll.yaml` names.
fn read(files: &Files, path: &Text, what: &str) -> Result<Arc<str>, Error> {
    let read = Files::join("", path).and_then(|inside| text_of(&inside, &files.read_at_most(&inside, MAX_EVIDENCE)?));
    read.map_err(|error| unusable(error.kind(), path, what, error.message(), error.help()))
}

fn unusable(kind: ErrorKind, path: &Text, what: &str, why: &str, help: Option<&str>) -> Error {
    Error::new(kind, format!("the {what} `{}` cannot be used: {why}", path.value))
        .with_location(location(&Arc::from(FILE), path.mark))
        .with_help(help.unwrap_or("nothing counts as signed by it until it can be read").to_owned())
}

fn root(files: &Files, path: &Text) -> Result<Verifier, Error> {
    const WHAT: &str = "trusted root";
    const HELP: &str = "write one with `cosign trusted-root create`, or take that of your Sigstore instance";
    let text = read(files, path, WHAT)?;
    let fail = |why: String| unusable(ErrorKind::Evidence, path, WHAT, &why, Some(HELP));
    let root = TrustedRoot::from_json(&text).map_err(|error| fail(error.to_string()))?;
    if !root.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
        return Err(fail("its media type is another".to_owned()));
    }
    Verifier::new(&root).map_err(|error| fail(error.to_string()))
}

fn key(files: &Files, path: &Text) -> Result<DerPublicKey, Error> {
    const WHAT: &str = "key";
    const HELP: &str = "write the public half in PEM, as `cosign public-key` and `openssl pkey -pubout` do";
    let text = read(files, path, WHAT)?;
    let key = DerPublicKey::from_pem(&text).map_err(|_| "it is no public key in PEM".to_owned());
    let known = key.and_then(|key| KeyAlgorithm::from_spki(&key).map(|_| key).map_err(|error| error.to_string()));
    known.map_err(|why| unusable(ErrorKind::Evidence, path, WHAT, &why, Some(HELP)))
}

/// Whether an authority signed something about an image.
pub(super) fn check(authority: &Prepared, signed: &Signed, digest: &str) -> Result<Proof, Refusal> {
    let bundle = match &signed.shape {
        Shape::Bundle(text) => Bundle::from_json(text)
            .map_err(|error| Refusal::Unknown(format!("is a bundle that is not understood: {}", words::plain(&error)))),
        Shape::Layer(layer) => layer::bundle(layer, matches!(authority.by, By::Keyless { .. })),
    }?;
    // The claim was read by another parser: both must have read the same bytes.
    if let SignatureContent::DsseEnvelope(envelope) = &bundle.content
        && (envelope.payload.as_bytes() != signed.payload || envelope.payload_type != IN_TOTO)
    {
        return Err(Refusal::Rejected("says two things at once".to_owned()));
    }
    match &authority.by {
        By::Key { file, key } => by_key(authority, file, key, &bundle, signed, digest),
        By::Keyless { issuer, subject, certificate_log } => {
            keyless(authority, issuer, subject, *certificate_log, &bundle, signed, digest)
        }
    }
}

/// What the signature is about: the payload of simple signing itself, or the image that a statement names.
fn artifact<'a>(bundle: &Bundle, signed: &'a Signed, digest: &str) -> Result<Artifact<'a>, Refusal> {
    if matches!(bundle.content, SignatureContent::MessageSignature(_)) {
        return Ok(Artifact::from_blob(&signed.payload));
    }
    let hash = digest.strip_prefix("sha256:").and_then(|digits| Sha256Hash::from_hex(digits).ok());
    hash.map(Artifact::from_digest).ok_or_else(|| Refusal::Unknown("is about a digest that is no sha256".to_owned()))
}

fn has_log(bundle: &Bundle) -> bool {
    !bundle.verification_material.tlog_entries.is_empty()
}

fn has_timestamp(bundle: &Bundle) -> bool {
    !bundle.verification_material.timestamp_verification_data.rfc3161_timestamps.is_empty()
}

fn by_key(
    authority: &Prepared,
    file: &str,
    key: &DerPublicKey,
    bundle: &Bundle,
    signed: &Signed,
    digest: &str,
) -> Result<Proof, Refusal> {
    if !matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(Refusal::Rejected(format!("was signed with a certificate, not with key {file}")));
    }
    if authority.log && !has_log(bundle) {
        return Err(Refusal::Rejected("has no entry of a transparency log".to_owned()));
    }
    let refused = |error: sigstore_verify::Error| words::refusal(&error, &format!("key {file}"));
    let times = match &authority.root {
        Some(root) if has_log(bundle) || has_timestamp(bundle) => {
            let policy = PublicKeyVerificationPolicy::new(key.clone());
            let policy = if has_log(bundle) { policy } else { policy.skip_tlog_unsafe() };
            let result = root.verify(artifact(bundle, signed, digest)?, bundle, &policy).map_err(refused)?;
            times(&result)
        }
        // Without a root nothing can be said about logs and timestamps, and the key alone has to do.
        _ => {
            plain(key, bundle, signed).map_err(refused)?;
            Vec::new()
        }
    };
    if authority.timestamp && times.is_empty() {
        return Err(Refusal::Rejected("has no timestamp".to_owned()));
    }
    Ok(Proof { by: format!("key {file}"), times })
}

/// A signature by a key and nothing else.
fn plain(key: &DerPublicKey, bundle: &Bundle, signed: &Signed) -> sigstore_verify::Result<()> {
    let scheme = KeyAlgorithm::from_spki(key)?.default_signing_scheme();
    let (message, signature) = match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => (envelope.pae(), &envelope.signature.sig),
        SignatureContent::MessageSignature(message) => (signed.payload.clone(), &message.signature),
        _ => return Err(sigstore_verify::Error::UnsupportedBundle("its content is of another kind".to_owned())),
    };
    crypto::verify_signature(key, &message, signature, scheme)
        .map_err(|error| sigstore_verify::Error::SignatureInvalid(error.to_string()))
}

fn keyless(
    authority: &Prepared,
    issuer: &str,
    subject: &Glob,
    certificate_log: bool,
    bundle: &Bundle,
    signed: &Signed,
    digest: &str,
) -> Result<Proof, Refusal> {
    let by = format!("{} of {issuer}", subject.text.value);
    if bundle.signing_certificate().is_none() {
        return Err(Refusal::Rejected(format!("was signed with a key, not by {by}")));
    }
    let Some(root) = &authority.root else {
        return Err(Refusal::Unknown("cannot be verified without a trusted root".to_owned()));
    };
    if authority.log && !has_log(bundle) {
        return Err(Refusal::Rejected("has no entry of a transparency log".to_owned()));
    }
    // Whose name may be in the certificate is a glob, which the verifier does not know.
    let policy = VerificationPolicy::any_identity().require_issuer(issuer);
    let policy = if has_log(bundle) { policy } else { policy.skip_tlog_unsafe() };
    let policy = if certificate_log { policy } else { policy.skip_sct() };
    let result =
        root.verify(artifact(bundle, signed, digest)?, bundle, &policy).map_err(|error| words::refusal(&error, &by))?;
    let Some(identity) = result.identity().filter(|_| result.certificate_verified()) else {
        return Err(Refusal::Rejected("has a certificate that names nobody".to_owned()));
    };
    if !subject.matches(identity.as_str()) {
        let other = super::evidence::short(identity.as_str());
        return Err(Refusal::Rejected(format!("was signed by {other} of {issuer}, not by {}", subject.text.value)));
    }
    let times = times(&result);
    if times.is_empty() {
        return Err(Refusal::Rejected("has no timestamp".to_owned()));
    }
    Ok(Proof { by: format!("{} of {issuer}", super::evidence::short(identity.as_str())), times })
}

fn times(result: &VerificationResult) -> Vec<Moment> {
    result.verified_timestamps().iter().map(|time| Moment::from_unix(time.as_second())).collect()
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("log", &self.log).field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}
