//! From manifests to environments: parsing all of them at once, identities, errors at template lines.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Environment, identity};
use crate::manifest::{self, Manifest, Parsed};
use crate::problems::Problems;
use crate::workspace::Align;
use crate::{Location, Note, render};

/// Parses the manifests of all environments and gives each environment its resources and their identities.
pub(super) fn parse(environments: &mut [Environment], align: &Align, problems: &mut Problems) {
    let all: Vec<Arc<Manifest>> =
        environments.iter().flat_map(|environment| environment.manifests.iter().cloned()).collect();
    let mut parsed = manifest::parse(&all).into_iter();
    let mut notes = BTreeSet::new();
    for environment in environments.iter_mut() {
        let count = environment.manifests.len();
        let own: Vec<Parsed> = parsed.by_ref().take(count).collect();
        adopt(environment, own, problems, &mut notes);
        environment.identities = identity::identities(environment, align);
        duplicates(environment, &mut notes);
    }
    for note in notes {
        problems.note(note.message, note.location);
    }
}

fn adopt(environment: &mut Environment, parsed: Vec<Parsed>, problems: &mut Problems, notes: &mut BTreeSet<Note>) {
    for (at, parsed) in parsed.into_iter().enumerate() {
        environment.resources.extend(parsed.resources);
        if parsed.errors.is_empty() && parsed.notes.is_empty() {
            continue;
        }
        let manifest = &environment.manifests[at].clone();
        let map = environment.source_map(manifest);
        if !parsed.errors.is_empty() {
            match &manifest.rendering {
                Some(rendering) => environment.installations[rendering.installation].whole = false,
                None => environment.unread = true,
            }
        }
        for error in parsed.errors {
            let location = error.location().map(|location| template_location(manifest, map.as_ref(), location));
            let error = match location {
                Some(location) => error.with_location(location),
                None => error,
            };
            problems.add_in(&environment.name, error);
        }
        for mut note in parsed.notes {
            note.location = note.location.map(|location| template_location(manifest, map.as_ref(), &location));
            notes.insert(note);
        }
    }
}

/// The template's line for a line of a manifest; plain files are their own templates.
fn template_location(manifest: &Manifest, map: Option<&render::SourceMap>, location: &Location) -> Location {
    match (map, location.line) {
        (Some(map), Some(line)) if location.file == manifest.file => {
            Environment::place(manifest, map, line, location.column.unwrap_or(1))
        }
        _ => location.clone(),
    }
}

/// Two objects of one name: the one applied last wins, and which that is nobody decided.
fn duplicates(environment: &Environment, notes: &mut BTreeSet<Note>) {
    let mut seen: HashMap<_, &Manifest> = HashMap::new();
    for resource in environment.resources() {
        let manifest = &*resource.manifest;
        if resource.id.name.ends_with('*') {
            continue;
        }
        if let Some(first) = seen.insert(&resource.id, manifest) {
            let id = &resource.id;
            let name = id
                .namespace
                .as_ref()
                .map_or_else(|| id.name.to_string(), |namespace| format!("{namespace}/{}", id.name));
            let message = format!("{} {name} is defined twice in one environment, also in {}", id.kind, first.file);
            notes.insert(Note { location: Some(Location::file(manifest.file.clone())), message });
        }
    }
}
