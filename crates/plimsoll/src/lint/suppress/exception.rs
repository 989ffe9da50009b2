//! A recorded exception, wherever it was written, and what it covers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::collect::Collected;
use crate::Location;
use crate::manifest::Resource;
use crate::rendered::Environment;
use crate::rendered::places::Place;
use crate::workspace::{Date, ObjectPattern};
use crate::yaml::Node;

/// An exception from one policy.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) policy: Arc<str>,
    pub(super) scope: Scope,
    pub(super) object: Option<ObjectPattern>,
    pub(super) container: Option<Arc<str>>,
    /// The only JSON pointer, itself and below.
    pub(super) pointer: Option<Arc<str>>,
    pub(super) environments: Option<Vec<Arc<str>>>,
    pub(super) reason: Arc<str>,
    pub(super) owner: Option<Arc<str>>,
    /// The last day.
    pub(super) expires: Option<Date>,
    /// Where it stands.
    pub(super) location: Option<Location>,
    /// What it is for, in words.
    pub(super) whom: String,
    /// Whether what stands around it is secret.
    pub(super) sensitive: bool,
}

/// Which findings an exception is about, before anything narrows it down.
#[derive(Debug)]
pub(super) enum Scope {
    /// Those of the objects that it names.
    Named,
    /// Those at a line of a template or a manifest.
    Line { file: Arc<str>, line: u32 },
    /// Those of the objects that it stands on.
    On(BTreeSet<Place>),
}

impl Exception {
    /// Whether it holds in an environment.
    pub(super) fn holds_in(&self, environment: &str) -> bool {
        self.environments.as_ref().is_none_or(|names| names.iter().any(|name| **name == *environment))
    }

    /// Whether it covers any occurrence of a finding of its policy.
    pub(super) fn covers_any(&self, collected: &Collected, environments: &[Environment]) -> bool {
        (0..collected.finding.occurrences.len()).any(|at| self.covers(collected, at, environments))
    }

    /// Whether it covers one occurrence of a finding of its policy.
    pub(super) fn covers(&self, collected: &Collected, at: usize, environments: &[Environment]) -> bool {
        let finding = &collected.finding;
        let place = collected.places[at];
        let environment = &environments[place.environment];
        let resource = &environment.resources[place.resource];
        let identity = &environment.identities[place.resource];
        let in_scope = match &self.scope {
            Scope::Named => true,
            Scope::Line { file, line } => line_of(collected, at, environments) == Some((&**file, *line)),
            Scope::On(places) => places.contains(&place),
        };
        in_scope
            && self.holds_in(&finding.occurrences[at].environment)
            && self.object.as_ref().is_none_or(|object| names(object, resource, identity))
            && self.pointer.as_ref().is_none_or(|pointer| is_below(&finding.pointer, pointer))
            && self
                .container
                .as_ref()
                .is_none_or(|container| container_at(resource.node(), &finding.pointer) == Some(&**container))
    }
}

/// The line that an occurrence is reported at: of the template, or of the manifest where nothing rendered it.
///
/// That is so where a comment names a template of Helm's, too, since only the manifest is there to be read.
pub(super) fn line_of<'a>(
    collected: &'a Collected,
    at: usize,
    environments: &'a [Environment],
) -> Option<(&'a str, u32)> {
    let place = collected.places[at];
    let manifest = &environments[place.environment].resources[place.resource].manifest;
    let occurrence = &collected.finding.occurrences[at];
    if manifest.rendering.is_none() {
        return Some((&manifest.file, occurrence.rendered?.line));
    }
    let location = occurrence.location.as_ref().or(collected.finding.location.as_ref())?;
    Some((&location.file, location.line?))
}

/// Whether the object is meant, by its own namespace or by the one all environments share.
fn names(object: &ObjectPattern, resource: &Resource, identity: &str) -> bool {
    let (kind, name) = (&*resource.id.kind, &*resource.id.name);
    let logical = identity.split('/').nth_back(1).filter(|namespace| !namespace.is_empty());
    object.matches(resource.id.namespace.as_deref(), kind, name) || object.matches(logical, kind, name)
}

fn is_below(pointer: &str, root: &str) -> bool {
    pointer.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The name of the container that a pointer leads into.
fn container_at<'a>(node: &'a Node, pointer: &str) -> Option<&'a str> {
    let mut tokens = pointer.split('/').skip(1).peekable();
    let mut current = node;
    while let Some(token) = tokens.next() {
        if matches!(token, "containers" | "initContainers" | "ephemeralContainers") {
            let at: usize = tokens.peek()?.parse().ok()?;
            return current.get(token)?.items().get(at)?.str_at(&["name"]);
        }
        current = match token.parse::<usize>() {
            Ok(at) if !current.items().is_empty() => current.items().get(at)?,
            _ => current.get(token)?,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_into_containers() {
        let node = Node::from_json(
            &serde_json::json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}}}),
        );
        assert_eq!(container_at(&node, "/spec/template/spec/containers/1/image"), Some("b"));
        assert_eq!(container_at(&node, "/spec/template/spec"), None);
        assert_eq!(container_at(&node, "/spec/template/spec/containers/7"), None);
    }

    #[test]
    fn pointers_cover_what_is_below_them() {
        assert!(is_below("/spec/replicas", "/spec"));
        assert!(is_below("/spec", "/spec"));
        assert!(!is_below("/specific", "/spec"));
    }
}
