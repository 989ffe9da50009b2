//! One thing from a registry: bounded, checked, and asked for again where that may help.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use oci_client::Reference;
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
};
use plimsoll::{Error, ErrorKind};
use serde_json::Value;
use tokio::io::AsyncWrite;

use super::Registry;

/// How often something is asked for, and how long is waited before the second time; then twice as long.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);
const ACCEPTED: [&str; 4] =
    [OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE];

/// A manifest or index with the digest of its bytes.
pub(super) struct Manifest {
    pub(super) digest: String,
    pub(super) content: Value,
}

impl Registry {
    /// A manifest, or `None` where the registry says that there is none.
    pub(super) async fn manifest(&self, reference: &Reference) -> Result<Option<Manifest>, Error> {
        let auth = self.credentials.of_registry(reference.registry());
        let fetch = || self.client.pull_manifest_raw(reference, &auth, &ACCEPTED);
        match again(fetch).await {
            Ok((bytes, digest)) => {
                let content =
                    serde_json::from_slice(&bytes).map_err(|_| failed(reference, "its manifest is not JSON"))?;
                Ok(Some(Manifest { digest, content }))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(reference, &words(&error))),
        }
    }

    /// A blob of at most so many bytes, whose digest is what its descriptor says.
    pub(super) async fn blob(&self, reference: &Reference, descriptor: &Value, limit: u64) -> Result<Vec<u8>, Error> {
        let digest = descriptor.get("digest").and_then(Value::as_str).unwrap_or("");
        let fetch = || async {
            let mut bytes = Bounded { bytes: Vec::new(), limit };
            self.client.pull_blob(reference, digest, &mut bytes).await.map(|()| bytes.bytes)
        };
        again(fetch).await.map_err(|error| failed(reference, &format!("{digest}: {}", words(&error))))
    }

    /// What refers to an image: by the API for it, else by the tag that stands in for it (OCI distribution
    /// specification, "Listing Referrers" and "Referrers Tag Schema").
    pub(super) async fn referrers(&self, reference: &Reference, digest: &str) -> Result<Vec<Value>, Error> {
        let listed = match again(|| self.client.pull_referrers(reference, None)).await {
            Ok(index) => serde_json::to_value(index).unwrap_or_default(),
            Err(error) if is_absent(&error) => Value::Null,
            Err(error) => return Err(failed(reference, &words(&error))),
        };
        let manifests = |index: &Value| index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
        let listed = manifests(&listed);
        if !listed.is_empty() {
            return Ok(listed);
        }
        // The client takes a refusal for an empty list; here only an absent tag is one.
        let tag = Reference::with_tag(
            reference.registry().to_owned(),
            reference.repository().to_owned(),
            digest.replace(':', "-"),
        );
        Ok(self.manifest(&tag).await?.map(|index| manifests(&index.content)).unwrap_or_default())
    }
}

/// Tries something again as long as it fails for a passing reason.
async fn again<T, F: Future<Output = Result<T, OciDistributionError>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, OciDistributionError> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            outcome => return outcome,
        }
        pause *= 2;
    }
    attempt().await
}

fn is_passing(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::RequestError(error) => !error.is_builder(),
        OciDistributionError::ServerError { code, .. } => *code == 429 || *code == 408 || *code >= 500,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| matches!(error.code, OciErrorCode::Toomanyrequests))
        }
        _ => false,
    }
}

fn is_absent(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => envelope.errors.iter().any(|error| {
            matches!(error.code, OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound)
        }),
        _ => false,
    }
}

/// An error of the client on one line, with what is behind it.
fn words(error: &OciDistributionError) -> String {
    let mut text = match error {
        OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => {
            "the registry does not let us in".to_owned()
        }
        error => error.to_string(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

pub(super) fn failed(reference: &Reference, why: &str) -> Error {
    Error::new(ErrorKind::Registry, format!("`{reference}` cannot be resolved: {why}")).with_help(
        "images.lock and evidence/ are as they were; log in with `docker login`, or see that the registry is there",
    )
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    limit: u64,
}

impl AsyncWrite for &mut Bounded {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let sink = self.get_mut();
        if (sink.bytes.len() + buffer.len()) as u64 > sink.limit {
            let message = format!("it is larger than {} bytes", sink.limit);
            return Poll::Ready(Err(io::Error::other(message)));
        }
        sink.bytes.extend_from_slice(buffer);
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
