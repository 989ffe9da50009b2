//! From rendered or plain text to Kubernetes objects with identity and places.
//!
//! Owns splitting, the sharing of equal documents between environments, `List` expansion and the rules
//! of what counts as an object. Reading YAML is [`yaml`](crate::yaml)'s; meaning is
//! [`facts`](crate::facts)'.

pub mod kinds;
mod parse;
mod resource;

use std::sync::Arc;

use crate::render;

pub(crate) use parse::mentions_secret;
pub use parse::{Parsed, parse};
pub use resource::{Document, Resource, ResourceId};

/// Text that holds objects: what a template rendered, or a plain file.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// The template or plain file, as a path of the workspace; `-` for standard input.
    pub file: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// The release whose template rendered it; `None` for plain manifests.
    pub release: Option<Arc<str>>,
    /// The namespace of objects that name none.
    pub namespace: Option<Arc<str>>,
    /// What rendered it; `None` for plain manifests.
    pub rendering: Option<Rendering>,
    /// Whether YAML that is no object is an error (a template, a named file) or passed over with a note.
    pub strict: bool,
    /// Whether its objects exist but are not ours.
    pub external: bool,
}

/// What a manifest was rendered by, to trace a line of it back to its template.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The renderer's own manifest.
    pub manifest: render::Manifest,
    /// The installation in its environment.
    pub installation: usize,
}
