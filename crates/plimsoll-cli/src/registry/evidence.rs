//! Signatures and attestations that lie beside an image, as files of evidence.
//!
//! Bundles refer to the image they are about; older signatures and attestations lie under tags that are
//! made of its digest (cosign `specs/SIGNATURE_SPEC.md`, `specs/ATTESTATION_SPEC.md`, `specs/BUNDLE_SPEC.md`).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::Reference;
use plimsoll::Error;
use plimsoll::images::{EvidenceKind, MAX_EVIDENCE, recognise};
use serde_json::{Value, json};

use super::Registry;
use super::fetch::failed;

/// How the media types of bundles begin.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// How many pieces of evidence of one image are fetched.
const MAX_PIECES: usize = 200;

impl Registry {
    /// Everything beside an image that is understood and about it, each once.
    pub(super) async fn evidence(
        &self,
        reference: &Reference,
        digest: &str,
    ) -> Result<Vec<(EvidenceKind, Vec<u8>)>, Error> {
        let mut found: BTreeSet<(EvidenceKind, Vec<u8>)> = BTreeSet::new();
        let mut pieces = 0;
        let tagged = |ending: &str| {
            let tag = format!("{}{ending}", digest.replace(':', "-"));
            Reference::with_tag(reference.registry().to_owned(), reference.repository().to_owned(), tag)
        };
        let pinned = |entry: &Value| {
            let digest = entry.get("digest").and_then(Value::as_str)?.to_owned();
            Some(Reference::with_digest(reference.registry().to_owned(), reference.repository().to_owned(), digest))
        };
        let mut images = vec![tagged(".sig"), tagged(".att")];
        let referrers = self.referrers(reference, digest).await?;
        images.extend(referrers.iter().filter(|entry| may_hold_bundles(entry)).filter_map(pinned));
        for image in images {
            let Some(manifest) = self.manifest(&image).await? else { continue };
            for layer in manifest.content.get("layers").and_then(Value::as_array).into_iter().flatten() {
                pieces += 1;
                if pieces > MAX_PIECES {
                    let why = format!("more than {MAX_PIECES} signatures and attestations lie beside it");
                    return Err(failed(reference, &why));
                }
                let Some(bytes) = self.piece(&image, layer).await? else { continue };
                found.extend(recognise(&bytes, digest).map(|kind| (kind, bytes)));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// A layer as a file of evidence; `None` for layers of other kinds.
    async fn piece(&self, image: &Reference, layer: &Value) -> Result<Option<Vec<u8>>, Error> {
        let media_type = layer.get("mediaType").and_then(Value::as_str).unwrap_or("");
        let is_bundle = media_type.starts_with(BUNDLE);
        let is_layer = media_type.contains("simplesigning") || media_type.contains("dsse.envelope");
        if !is_bundle && !is_layer {
            return Ok(None);
        }
        let content = self.blob(image, layer, MAX_EVIDENCE).await?;
        if is_bundle {
            return Ok(Some(content));
        }
        let descriptor = json!({
            "mediaType": media_type,
            "digest": layer.get("digest"),
            "size": content.len(),
            "annotations": layer.get("annotations"),
            "data": STANDARD.encode(&content),
        });
        let text = serde_json::to_string_pretty(&descriptor).unwrap_or_default();
        Ok(Some((text + "\n").into_bytes()))
    }
}

/// Whether something that refers to an image is worth fetching; some tools do not say what it is.
fn may_hold_bundles(entry: &Value) -> bool {
    entry.get("artifactType").and_then(Value::as_str).is_none_or(|kind| kind.is_empty() || kind.starts_with(BUNDLE))
}
