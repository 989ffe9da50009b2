//! Documents of many manifests at once: each distinct text is read once, in parallel.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Document, Manifest, Resource, ResourceId, kinds};
use crate::yaml::{self, Data, Entry, Fault, Node};
use crate::{Error, ErrorKind, Location, Note};

/// What one manifest holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Its objects, in written order.
    pub resources: Vec<Resource>,
    /// What could not be read.
    pub errors: Vec<Error>,
    /// What was passed over, and what Kubernetes reads otherwise than it looks.
    pub notes: Vec<Note>,
}

/// A document as read: shared by every manifest that holds the same text.
struct Read {
    document: Result<Arc<Document>, Fault>,
    warnings: Vec<yaml::Warning>,
}

/// How many errors of one manifest are told one by one.
const MAX_TOLD: usize = 20;

/// Reads the objects of many manifests; the result has one entry for each, in the same order.
///
/// Equal documents, wherever they stand, are parsed once and share one [`Document`].
pub fn parse(manifests: &[Arc<Manifest>]) -> Vec<Parsed> {
    let slices: Vec<Vec<yaml::Slice<'_>>> = manifests.par_iter().map(|manifest| yaml::split(&manifest.text)).collect();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut distinct: Vec<&str> = Vec::new();
    let numbered: Vec<Vec<usize>> = slices
        .iter()
        .map(|slices| {
            slices
                .iter()
                .map(|slice| {
                    *index.entry(slice.text).or_insert_with(|| {
                        distinct.push(slice.text);
                        distinct.len() - 1
                    })
                })
                .collect()
        })
        .collect();
    let read: Vec<Read> = distinct.par_iter().map(|text| read(text)).collect();
    manifests
        .par_iter()
        .zip(&slices)
        .zip(&numbered)
        .map(|((manifest, slices), numbers)| {
            let mut parsed = Parsed::default();
            for (slice, number) in slices.iter().zip(numbers) {
                let mut reader = Reader { manifest, line_offset: slice.line.saturating_sub(1), parsed: &mut parsed };
                reader.document(&read[*number]);
            }
            parsed
        })
        .collect()
}

fn read(text: &str) -> Read {
    match yaml::parse(text, 0) {
        Ok(mut parsed) => {
            complete_items(&mut parsed.node);
            let document = Document { node: parsed.node, source: source_comment(text) };
            Read { document: Ok(Arc::new(document)), warnings: parsed.warnings }
        }
        Err(fault) => Read { document: Err(fault), warnings: Vec::new() },
    }
}

/// The template that a `# Source: chart/templates/x.yaml` comment at the head of a document names.
///
/// Helm writes one before every document (`helm template`, pkg/action/action.go).
fn source_comment(text: &str) -> Option<Arc<str>> {
    text.lines()
        .map(str::trim_start)
        .take_while(|line| line.is_empty() || line.starts_with('#') || line.starts_with("---"))
        .find_map(|line| line.trim_start_matches("---").trim_start().strip_prefix("# Source: "))
        .map(|name| Arc::from(name.trim()))
}

struct Reader<'a> {
    manifest: &'a Arc<Manifest>,
    line_offset: u32,
    parsed: &'a mut Parsed,
}

impl Reader<'_> {
    fn document(&mut self, read: &Read) {
        let document = match &read.document {
            Ok(document) => document,
            Err(fault) => {
                if self.tells(fault.line, fault.column) {
                    let error = self.fault(fault);
                    self.parsed.errors.push(error);
                }
                return;
            }
        };
        if document.node.is_null() {
            return;
        }
        let before = self.parsed.resources.len();
        self.object(document, &document.node, None);
        if self.parsed.resources.len() > before && !self.manifest.external {
            for warning in &read.warnings {
                let location = self.place(document, warning.line, warning.column);
                self.parsed.notes.push(Note { location: Some(location), message: warning.message.clone() });
            }
        }
    }

    /// One object, or the items of a `List` or typed list (`PodList`).
    fn object(&mut self, document: &Arc<Document>, node: &Node, item: Option<usize>) {
        if item.is_none() && is_list(node) {
            for (at, element) in node.get("items").map(Node::items).unwrap_or_default().iter().enumerate() {
                self.object(document, element, Some(at));
            }
            return;
        }
        match identify(node, self.manifest.namespace.as_ref()) {
            Ok((id, api_version)) => self.parsed.resources.push(Resource {
                id,
                api_version,
                document: document.clone(),
                item,
                manifest: self.manifest.clone(),
                line_offset: self.line_offset,
            }),
            Err(_) if self.is_error(item) && !self.tells(node.mark.line, node.mark.column) => {}
            Err(reason) if self.is_error(item) => {
                let error = Error::new(ErrorKind::Manifest, reason)
                    .with_location(self.place(document, node.mark.line, node.mark.column))
                    .with_help("every document needs `apiVersion`, `kind` and `metadata.name`");
                let error = if mentions_secret(&self.manifest.text) { error.with_sensitive_source() } else { error };
                self.parsed.errors.push(error);
            }
            Err(reason) => {
                let location = Some(self.place(document, node.mark.line, node.mark.column));
                self.parsed.notes.push(Note { location, message: format!("passed over: {reason}") });
            }
        }
    }

    /// Whether what is no object is an error here, and not just something that lay about.
    fn is_error(&self, item: Option<usize>) -> bool {
        self.manifest.strict || item.is_some()
    }

    /// Whether one more error is told by itself; a file of garbage is told about in bulk.
    fn tells(&mut self, line: u32, column: u32) -> bool {
        if self.parsed.errors.len() == MAX_TOLD {
            let location = Location::at(self.manifest.file.clone(), line + self.line_offset, column.max(1));
            let error = Error::new(ErrorKind::Manifest, "what follows in this file has more errors of the kind");
            let error = error.with_location(location).with_help("correct the first ones and check again");
            self.parsed.errors.push(error.with_sensitive_source());
        }
        self.parsed.errors.len() < MAX_TOLD
    }

    fn place(&self, document: &Document, line: u32, column: u32) -> Location {
        match &document.source {
            // The template's own line is not known; the rendered one would mislead.
            Some(source) => Location::file(source.clone()),
            None => Location::at(self.manifest.file.clone(), line + self.line_offset, column.max(1)),
        }
    }

    fn fault(&self, fault: &Fault) -> Error {
        let kind = if fault.limit { ErrorKind::Limit } else { ErrorKind::Manifest };
        let mut error = Error::new(kind, fault.message.clone()).with_location(Location::at(
            self.manifest.file.clone(),
            fault.line + self.line_offset,
            fault.column.max(1),
        ));
        if let Some(help) = &fault.help {
            error = error.with_help(help.clone());
        }
        if mentions_secret(&self.manifest.text) { error.with_sensitive_source() } else { error }
    }
}

/// Whether text may hold a Secret, in whatever style it is written, so that no report may quote it around
/// an error.
pub(crate) fn mentions_secret(text: &str) -> bool {
    text.contains("Secret")
}

fn is_list(node: &Node) -> bool {
    node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"))
        && matches!(node.get("items"), Some(Node { data: Data::Seq(_), .. }))
        && node.get("apiVersion").is_some()
}

/// Gives the items of a typed list the kind that the list has for all of them.
///
/// The API server leaves `kind` and `apiVersion` out of the items of a `PodList`; they are what the list's
/// own say (Kubernetes API conventions, "Lists and Simple kinds").
fn complete_items(list: &mut Node) {
    let text = |key: &str| list.get(key).and_then(Node::as_str).map(str::to_owned);
    let (Some(kind), Some(version)) = (text("kind"), text("apiVersion")) else { return };
    let Some(kind) = kind.strip_suffix("List").filter(|kind| !kind.is_empty()) else { return };
    let Data::Map(map) = &mut list.data else { return };
    let Some(Node { data: Data::Seq(items), .. }) = map.get_mut("items") else { return };
    for item in items {
        let mark = item.mark;
        let Data::Map(members) = &mut item.data else { continue };
        for (key, value) in [("apiVersion", version.as_str()), ("kind", kind)] {
            if members.get(key).is_none() {
                let value = Node { data: Data::String(value.into()), mark };
                members.insert(Entry { key: key.into(), mark, value });
            }
        }
    }
}

/// The identity of an object, or why it is none.
fn identify(node: &Node, default: Option<&Arc<str>>) -> Result<(ResourceId, Arc<str>), String> {
    let Data::Map(map) = &node.data else {
        return Err(format!("a {} is not a Kubernetes object", node.type_name()));
    };
    let text = |key: &str| match map.get(key).map(|node| &node.data) {
        Some(Data::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Data::String(_) | Data::Null) => Err(format!("`{key}` is empty")),
        Some(_) => Err(format!("`{key}` is not text")),
        None => Err(format!("the object has no `{key}`")),
    };
    let kind = text("kind")?;
    let api_version = text("apiVersion")?;
    let metadata = map.get("metadata");
    let member = |key: &str| match metadata.and_then(|metadata| metadata.get(key)).map(|node| &node.data) {
        Some(Data::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let name = match (member("name"), member("generateName")) {
        (Some(name), _) => name,
        (None, Some(prefix)) => Arc::from(format!("{prefix}*")),
        (None, None) => return Err(format!("the {kind} has no `metadata.name`")),
    };
    let group = kinds::group_of(&api_version);
    let namespace = kinds::is_namespaced(group, &kind)
        .then(|| member("namespace").or_else(|| default.cloned()).unwrap_or_else(|| Arc::from("default")));
    Ok((ResourceId { group: Arc::from(group), kind, namespace, name }, api_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Arc<Manifest> {
        Arc::new(Manifest {
            file: "m.yaml".into(),
            text: text.into(),
            namespace: Some("shop".into()),
            strict: true,
            ..Manifest::default()
        })
    }

    const TWO: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n";

    #[test]
    fn documents_are_shared_and_lines_count_from_the_manifest() {
        let parsed = parse(&[manifest(TWO), manifest(TWO)]);
        let (first, second) = (&parsed[0].resources, &parsed[1].resources);
        assert_eq!(first[0].id.to_string(), "/ServiceAccount/shop/a");
        assert_eq!(first[1].id.to_string(), "/Namespace//b");
        assert!(Arc::ptr_eq(&first[1].document, &second[1].document));
        assert_eq!(first[1].locate("/metadata/name").0.line, 8);
    }

    #[test]
    fn lists_are_expanded() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: x}}\n- 7\n";
        let parsed = &parse(&[manifest(text)])[0];
        assert_eq!(parsed.resources[0].id.to_string(), "/Pod/x/p");
        assert_eq!(parsed.resources[0].node().str_at(&["metadata", "name"]), Some("p"));
        assert_eq!(parsed.errors[0].location().unwrap().to_string(), "m.yaml:5:3");
    }

    #[test]
    fn items_of_a_typed_list_have_its_kind() {
        let text = "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- {metadata: {name: a}}\n";
        let parsed = &parse(&[manifest(text)])[0];
        assert_eq!(parsed.resources[0].id.to_string(), "apps/Deployment/shop/a");
        assert_eq!(parsed.resources[0].node().str_at(&["kind"]), Some("Deployment"));
    }

    #[test]
    fn what_is_no_object_is_an_error_where_asked_and_a_note_where_found() {
        let text = "replicas: 3\n";
        let strict = &parse(&[manifest(text)])[0];
        assert_eq!(strict.errors[0].message(), "the object has no `kind`");
        let found = Arc::new(Manifest { strict: false, ..Manifest::clone(&manifest(text)) });
        let scanned = &parse(&[found])[0];
        assert!(scanned.errors.is_empty());
        assert_eq!(scanned.notes.len(), 1);
    }

    #[test]
    fn helm_source_comments_become_locations() {
        let text = "---\n# Source: shop/templates/role.yaml\nkind: Role\n";
        let parsed = &parse(&[manifest(text)])[0];
        assert_eq!(parsed.errors[0].location().unwrap().to_string(), "shop/templates/role.yaml");
    }

    #[test]
    fn a_broken_document_hides_no_other_and_secrets_are_marked() {
        let text = "kind: Secret\ndata: [\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n";
        let parsed = &parse(&[manifest(text)])[0];
        assert_eq!(parsed.resources.len(), 1);
        assert!(parsed.errors[0].is_sensitive());
    }
}
