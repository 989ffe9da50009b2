//! What was found: one finding for everything that is the same in several environments.
//!
//! What a policy returns is a [violation](crate::policy::Violation); the [linter](crate::lint) adds the
//! severity, the place and the environments. What could not be done is an [error](crate::Error).

mod baseline;
mod fingerprint;
mod severity;

use std::sync::Arc;

use serde::Serialize;

use crate::Location;

pub(crate) use baseline::may_hold;
pub use baseline::{Baseline, Entry};
pub use fingerprint::fingerprint;
pub use severity::Severity;

/// What a policy decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is so.
    Violated,
    /// It cannot be known from what is rendered and declared.
    Unknown,
}

/// The object a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// `apiVersion` as written.
    pub api_version: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Namespace in the first environment that is hit; `None` outside namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Name in the first environment that is hit.
    pub name: Arc<str>,
}

impl std::fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// Where an occurrence stands in the text that was rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RenderedPlace {
    /// 1-based line of the rendered manifest, or of the plain file.
    pub line: u32,
}

/// A values key that led to an occurrence, and the layer that set it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ValueOrigin {
    /// Dotted key.
    pub key: String,
    /// File that sets it; absent for `--set`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
    /// 1-based line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Layer; `unset` for a key that nobody sets and that would matter, with the place of its nearest parent.
    pub layer: String,
}

impl ValueOrigin {
    /// The layer of a key that nobody sets.
    pub const UNSET: &str = "unset";

    /// Whether nobody sets the key, and it would matter if somebody did.
    pub fn is_unset(&self) -> bool {
        self.layer == Self::UNSET
    }
}

/// One environment in which a finding holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Occurrence {
    /// The environment.
    pub environment: Arc<str>,
    /// How much it matters there.
    pub severity: Severity,
    /// The object's namespace there, where it is another than the finding's resource names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Where it stands in the rendered text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<RenderedPlace>,
    /// The template's line there, where it is another than the finding's location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The values keys that led to it, or would have set what is missing.
    pub values: Vec<ValueOrigin>,
}

/// Something a policy found, once, with every environment it hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The policy's id, `category/name`.
    pub policy: Arc<str>,
    /// Violated or unknown.
    pub verdict: Verdict,
    /// The highest severity of the occurrences.
    pub severity: Severity,
    /// One sentence about the object.
    pub message: String,
    /// The environments that are hit, in the workspace's order.
    pub environments: Vec<Arc<str>>,
    /// The object; absent for findings about the workspace itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceRef>,
    /// JSON pointer into the object.
    pub pointer: String,
    /// Where to look: the template, or the plain file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What a person can check by hand.
    pub witness: Vec<String>,
    /// What to do about it.
    pub fix: String,
    /// Names the finding however its lines move.
    pub fingerprint: String,
    /// One entry for each environment that is hit.
    pub occurrences: Vec<Occurrence>,
    /// Whether the source around the location is secret.
    #[serde(skip)]
    pub(crate) sensitive: bool,
}
