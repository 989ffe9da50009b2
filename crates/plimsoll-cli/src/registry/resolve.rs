//! From a reference to what the lock holds of it: digest, platforms, user, evidence.

use std::collections::BTreeMap;

use oci_client::Reference;
use plimsoll::Error;
use plimsoll::facts::image::ImageRef;
use plimsoll::images::EvidenceKind;
use serde_json::Value;

use super::Registry;
use super::fetch::{Manifest, failed};

/// The largest configuration that is read.
const MAX_CONFIG: u64 = 4 << 20;
/// How many platforms of an image are looked at.
const MAX_PLATFORMS: usize = 32;

/// An image as its registry has it now.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    /// The index, or the manifest where there is no index.
    pub(crate) digest: String,
    /// By platform: `linux/amd64`.
    pub(crate) platforms: BTreeMap<String, String>,
    /// The user of its configuration; of several platforms the one that a kubelet likes least.
    pub(crate) user: Option<String>,
    /// Files of evidence about it.
    pub(crate) evidence: Vec<(EvidenceKind, Vec<u8>)>,
}

impl Registry {
    /// Asks a registry what an image is.
    pub(super) async fn resolve(&self, image: &ImageRef) -> Result<Resolved, Error> {
        let reference = reference(image);
        let Some(manifest) = self.manifest(&reference).await? else {
            return Err(failed(&reference, "the registry does not have it"));
        };
        let digest = manifest.digest.clone();
        if !digest.starts_with("sha256:") {
            return Err(failed(&reference, &format!("its digest is `{digest}`, and only sha256 is locked")));
        }
        let pinned = Reference::with_digest(image.domain.clone(), image.path.clone(), digest.clone());
        let (platforms, user) = self.platforms(&pinned, manifest).await?;
        let evidence = self.evidence(&pinned, &digest).await?;
        Ok(Resolved { digest, platforms, user, evidence })
    }

    /// The manifest of each platform, and the user that all of them name.
    async fn platforms(
        &self,
        reference: &Reference,
        manifest: Manifest,
    ) -> Result<(BTreeMap<String, String>, Option<String>), Error> {
        let mut platforms = BTreeMap::new();
        let mut users = Vec::new();
        let Some(listed) = manifest.content.get("manifests").and_then(Value::as_array) else {
            let config = self.config(reference, &manifest.content).await?;
            users.extend(user(&config));
            platforms.extend(platform(&config).map(|platform| (platform, manifest.digest.clone())));
            return Ok((platforms, worst(users)));
        };
        for entry in listed.iter().take(MAX_PLATFORMS) {
            let digest = entry.get("digest").and_then(Value::as_str);
            let named = entry.get("platform").and_then(platform);
            let (Some(digest), Some(named)) = (digest, named) else { continue };
            let pinned = Reference::with_digest(
                reference.registry().to_owned(),
                reference.repository().to_owned(),
                digest.to_owned(),
            );
            let Some(manifest) = self.manifest(&pinned).await? else {
                return Err(failed(&pinned, "the registry does not have this platform of it"));
            };
            users.extend(user(&self.config(&pinned, &manifest.content).await?));
            platforms.insert(named, digest.to_owned());
        }
        Ok((platforms, worst(users)))
    }

    /// The configuration of an image; null for what is no image.
    async fn config(&self, reference: &Reference, manifest: &Value) -> Result<Value, Error> {
        let Some(descriptor) = manifest.get("config") else { return Ok(Value::Null) };
        let bytes = self.blob(reference, descriptor, MAX_CONFIG).await?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// The digest decides where there is one, else the tag.
fn reference(image: &ImageRef) -> Reference {
    let (domain, path) = (image.domain.clone(), image.path.clone());
    match (&image.digest, image.effective_tag()) {
        (Some(digest), _) => Reference::with_digest(domain, path, digest.to_string()),
        (None, tag) => Reference::with_tag(domain, path, tag.unwrap_or("latest").to_owned()),
    }
}

/// `os/architecture[/variant]`; nothing for attestations that stand beside images in an index.
fn platform(of: &Value) -> Option<String> {
    let text = |key: &str| of.get(key).and_then(Value::as_str).filter(|text| !text.is_empty() && *text != "unknown");
    let (os, architecture) = (text("os")?, text("architecture")?);
    let variant = text("variant").map(|variant| format!("/{variant}")).unwrap_or_default();
    Some(format!("{os}/{architecture}{variant}"))
}

/// The user that a configuration names, empty where it is one and names none.
fn user(config: &Value) -> Option<String> {
    let own = config.get("config").unwrap_or(config);
    config.is_object().then(|| own.get("User").and_then(Value::as_str).unwrap_or("").to_owned())
}

/// Root before names before numbers: what holds for one platform is what a rollout may meet.
fn worst(mut users: Vec<String>) -> Option<String> {
    users.sort_by_key(|user| match user.split(':').next().unwrap_or("").parse::<u64>() {
        Ok(0) => 0,
        Err(_) if user.is_empty() || user.starts_with("root") => 0,
        Err(_) => 1,
        Ok(_) => 2,
    });
    users.into_iter().next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn platforms_and_users() {
        assert_eq!(platform(&json!({"os": "linux", "architecture": "arm", "variant": "v7"})).unwrap(), "linux/arm/v7");
        assert_eq!(platform(&json!({"os": "unknown", "architecture": "unknown"})), None);
        assert_eq!(user(&json!({"config": {"User": "65532"}})).unwrap(), "65532");
        assert_eq!(user(&json!({"config": {}})).unwrap(), "");
        assert_eq!(user(&Value::Null), None);
        let worst = |users: &[&str]| super::worst(users.iter().map(ToString::to_string).collect());
        assert_eq!(worst(&["65532", "nginx", "0:0"]).unwrap(), "0:0");
        assert_eq!(worst(&["65532", "nginx"]).unwrap(), "nginx");
        assert_eq!(worst(&[]), None);
    }
}
