//! Suppressions in annotations: `metadata.annotations["plimsoll.dev/ignore"]`, one for each line of its value.
//!
//! They cover the findings of the object that they stand on. What a line says is
//! [`directive`](super::directive)'s business.

use std::collections::{BTreeMap, BTreeSet};

use super::directive::{Directive, Mistake};
use crate::Location;
use crate::manifest::mentions_secret;
use crate::rendered::Environment;
use crate::rendered::places::{Place, Places};

/// The annotation's key.
pub(super) const KEY: &str = "plimsoll.dev/ignore";
/// The same as a JSON pointer.
const POINTER: &str = "/metadata/annotations/plimsoll.dev~1ignore";

/// One suppression, with every object that has it: a template may write it into many.
#[derive(Debug)]
pub(super) struct Annotated {
    /// Where the annotation stands.
    pub(super) location: Location,
    /// The objects.
    pub(super) places: BTreeSet<Place>,
    /// What it says.
    pub(super) directive: Result<Directive, Mistake>,
    /// Whether what stands around it is secret.
    pub(super) sensitive: bool,
}

/// An annotation's place, and one line of it; nothing where it is not text.
type Line<'a> = (Location, Option<&'a str>);

/// What a line stands on.
#[derive(Default)]
struct On {
    places: BTreeSet<Place>,
    sensitive: bool,
}

/// Finds the suppressions in annotations of all environments' own objects, in order.
pub(super) fn find(environments: &[Environment]) -> Vec<Annotated> {
    let mut places = Places::new(environments);
    let mut found: BTreeMap<Line<'_>, On> = BTreeMap::new();
    for (at, environment) in environments.iter().enumerate() {
        for (number, resource) in environment.resources.iter().enumerate().filter(|(_, one)| !one.is_external()) {
            let annotations = resource.node().at(&["metadata", "annotations"]);
            let Some(value) = annotations.and_then(|annotations| annotations.get(KEY)) else { continue };
            let place = Place { environment: at, resource: number };
            let location = places.location(place, POINTER);
            // Kubernetes refuses annotations that are not text, and so do we.
            let lines: Vec<Option<&str>> = match value.as_str() {
                Some(text) => text.lines().filter(|line| !line.trim().is_empty()).map(Some).collect(),
                None => vec![None],
            };
            for line in lines {
                let on = found.entry((location.clone(), line)).or_default();
                on.places.insert(place);
                on.sensitive |= mentions_secret(&resource.manifest.text);
            }
        }
    }
    found
        .into_iter()
        .map(|((location, line), On { places, sensitive })| {
            let directive = match line {
                Some(line) => Directive::read(line),
                None => Err(Mistake {
                    at: 0,
                    message: "the annotation is not text".to_owned(),
                    help: "write `<id> reason=\"…\"`, one suppression a line".to_owned(),
                }),
            };
            Annotated { location, places, directive, sensitive }
        })
        .collect()
}
