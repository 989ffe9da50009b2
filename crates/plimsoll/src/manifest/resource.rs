//! One Kubernetes object: its identity, its data, and where it stands.

use std::fmt;
use std::sync::Arc;

use super::Manifest;
use crate::yaml::{Mark, Node};

/// What names an object in one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// API group; empty for the core group.
    pub group: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Namespace; `None` for what lives outside namespaces.
    pub namespace: Option<Arc<str>>,
    /// Name.
    pub name: Arc<str>,
}

/// `group/Kind/namespace/name`, with the empty parts kept so that it splits without doubt.
impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.group, self.kind, self.namespace.as_deref().unwrap_or(""), self.name)
    }
}

/// One parsed document, shared by every environment in which its text is the same.
#[derive(Debug)]
pub struct Document {
    /// The data; lines count from the document's own first line.
    pub node: Node,
    /// What a `# Source:` comment of Helm's says the document was rendered from.
    pub source: Option<Arc<str>>,
}

/// One object of an environment.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its name in the environment.
    pub id: ResourceId,
    /// The `apiVersion` as written.
    pub api_version: Arc<str>,
    /// The document it stands in.
    pub document: Arc<Document>,
    /// The position in a `List`, where it stands in one.
    pub item: Option<usize>,
    /// The manifest it was rendered into or read from.
    pub manifest: Arc<Manifest>,
    /// How many lines of the manifest come before the document.
    pub line_offset: u32,
}

impl Resource {
    /// The object's data.
    pub fn node(&self) -> &Node {
        match self.item {
            None => &self.document.node,
            Some(at) => {
                self.document.node.get("items").and_then(|items| items.items().get(at)).unwrap_or(&self.document.node)
            }
        }
    }

    /// Whether it exists but is not ours: it feeds facts and never receives findings.
    pub fn is_external(&self) -> bool {
        self.manifest.external
    }

    /// Where a JSON pointer into the object stands in its manifest, and whether all of it exists.
    pub fn locate(&self, pointer: &str) -> (Mark, bool) {
        let (mut mark, whole) = self.node().locate(pointer);
        if mark.line > 0 {
            mark.line += self.line_offset;
        }
        (mark, whole)
    }

    /// The namespace, or nothing for what lives outside namespaces.
    pub fn namespace(&self) -> &str {
        self.id.namespace.as_deref().unwrap_or("")
    }

    /// Whether it is of a kind in a group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        &*self.id.kind == kind && &*self.id.group == group
    }

    /// Whether both come from the same installation: the same release, or the same set of plain manifests.
    pub fn same_release(&self, other: &Self) -> bool {
        self.manifest.release == other.manifest.release
    }

    /// A value of the object's annotations.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.node().at(&["metadata", "annotations"])?.get(key)?.as_str()
    }
}
