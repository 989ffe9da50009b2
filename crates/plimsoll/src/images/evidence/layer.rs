//! Signatures and attestations from before bundles: one layer of an image that lies beside the signed one.
//!
//! The file is the OCI descriptor of the layer with its content in `data` (OCI image specification,
//! `descriptor.md`, "Embedded Content"), so that nothing of what the registry had is lost.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Claim, Fault, Shape, Signed, hex, payload_of, short};
use crate::base64;

/// The media type of a layer with a payload of simple signing (cosign `specs/SIGNATURE_SPEC.md`).
const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The media type of a layer with a DSSE envelope (cosign `specs/ATTESTATION_SPEC.md`).
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// A layer: its content and what is written beside it.
#[derive(Debug)]
#[cfg_attr(not(feature = "signatures"), expect(dead_code, reason = "only verifying looks at what is signed"))]
pub(in crate::images) struct Layer {
    pub(in crate::images) content: Vec<u8>,
    pub(in crate::images) annotations: BTreeMap<String, String>,
    /// Whether the content is a DSSE envelope; otherwise it is what was signed itself.
    pub(in crate::images) enveloped: bool,
}

impl Layer {
    pub(super) fn read(media_type: &str, descriptor: &Value) -> Result<Signed, Fault> {
        let enveloped = match media_type {
            SIMPLE => false,
            ENVELOPE => true,
            "" => return Err(Fault::NotUnderstood("it has no media type".to_owned())),
            other => return Err(Fault::NotUnderstood(format!("its media type is `{}`", short(other)))),
        };
        let text = |key: &str| descriptor.get(key).and_then(Value::as_str);
        let content = text("data").and_then(base64::decode);
        let content =
            content.ok_or_else(|| Fault::Malformed("it has no `data`, or none that is base 64".to_owned()))?;
        if text("digest") != Some(&format!("sha256:{}", hex(&Sha256::digest(&content)))) {
            return Err(Fault::Malformed("its `data` is not what its `digest` says".to_owned()));
        }
        let annotations = descriptor.get("annotations").and_then(Value::as_object).into_iter().flatten();
        let annotations =
            annotations.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let (payload, claim) = if enveloped {
            let envelope = serde_json::from_slice(&content)
                .map_err(|_| Fault::Malformed("its envelope is not JSON".to_owned()))?;
            let payload = payload_of(&envelope)?;
            let claim = Claim::of_statement(&payload)?;
            (payload, claim)
        } else {
            let claim = Claim::of_simple_signing(&content)?;
            (content.clone(), claim)
        };
        Ok(Signed { shape: Shape::Layer(Self { content, annotations, enveloped }), payload, claim })
    }
}
