//! From a resource and a JSON pointer to the line of the template that wrote it, and the values keys behind it.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rayon::prelude::*;

use super::experiment::Target;
use super::provenance::Provenance;
use super::{Environment, Rendered};
use crate::finding::ValueOrigin;
use crate::manifest::{Manifest, Resource};
use crate::render::SourceMap;
use crate::yaml::{Data, Node};
use crate::{Location, render};

/// A resource in an environment, both as positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) environment: usize,
    pub(crate) resource: usize,
}

/// Something in a resource of an environment.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// One of its resources.
    pub resource: &'a Resource,
    /// JSON pointer into the resource; what it names may be missing.
    pub pointer: &'a str,
}

/// Where something in a resource comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// The line of the template, or of the plain file; that of the nearest parent for what is missing.
    pub location: Location,
    /// The 1-based line of the rendered manifest; `None` where it is not known.
    pub rendered: Option<u32>,
    /// The values keys that made it, or would have made what is missing, in order.
    pub values: Vec<ValueOrigin>,
}

impl Rendered {
    /// Traces things in resources back to templates and values; one answer for each, in the same order.
    ///
    /// Each manifest is rendered once more with marks in it, and once for each values key that may have
    /// mattered; manifests are traced in parallel.
    pub fn trace(&self, spots: &[Spot<'_>]) -> Vec<Trace> {
        trace(spots)
    }
}

/// See [`Rendered::trace`].
pub(crate) fn trace(spots: &[Spot<'_>]) -> Vec<Trace> {
    let mut manifests: HashMap<*const Manifest, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, spot) in spots.iter().enumerate() {
        let number = *manifests.entry(Arc::as_ptr(&spot.resource.manifest)).or_insert(groups.len());
        if number == groups.len() {
            groups.push(Vec::new());
        }
        groups[number].push(at);
    }
    let traced: Vec<(usize, Trace)> = groups.par_iter().flat_map(|group| of_manifest(spots, group)).collect();
    let mut ordered: Vec<Option<Trace>> = vec![None; spots.len()];
    for (at, trace) in traced {
        ordered[at] = Some(trace);
    }
    ordered.into_iter().flatten().collect()
}

/// Traces spots that are all in one manifest.
fn of_manifest(spots: &[Spot<'_>], group: &[usize]) -> Vec<(usize, Trace)> {
    let Some(first) = group.first().map(|at| spots[*at]) else { return Vec::new() };
    let map = first.environment.source_map(&first.resource.manifest);
    let rendering = first.resource.manifest.rendering.as_ref();
    let mut provenance = rendering.and_then(|rendering| {
        let installation = first.environment.installations.get(rendering.installation)?;
        Some(Provenance::new(installation, &rendering.manifest))
    });
    let trace = |at: usize| {
        let Spot { resource, pointer, .. } = spots[at];
        let (mark, whole) = resource.locate(pointer);
        let values = match (&map, provenance.as_mut()) {
            (Some(map), Some(provenance)) if mark.line > 0 => {
                let target = Target { resource, pointer };
                if whole {
                    provenance.of_present(map, extent(resource.node(), pointer, mark.line), target)
                } else {
                    provenance.of_missing(map, mark.line, target)
                }
            }
            _ => Vec::new(),
        };
        let rendered = (mark.line > 0).then_some(mark.line);
        (at, Trace { location: location(resource, map.as_ref(), pointer), rendered, values })
    };
    group.iter().copied().map(trace).collect()
}

/// The lines that a value takes, of which the first is known.
fn extent(node: &Node, pointer: &str, line: u32) -> RangeInclusive<u32> {
    let lines = match node.pointer(pointer).map(|node| &node.data) {
        Some(Data::String(text)) => text.trim_end().matches('\n').count(),
        _ => 0,
    };
    // A text with line ends in quotes takes one line; those that follow it are others' lines then.
    let last = if lines > 0 { line.saturating_add(1) } else { line };
    line..=last
}

fn location(resource: &Resource, map: Option<&SourceMap>, pointer: &str) -> Location {
    let manifest = &resource.manifest;
    if let Some(source) = &resource.document.source {
        // The line of the template that Helm rendered is not in its output.
        return Location::file(source.clone());
    }
    let (mark, _) = resource.locate(pointer);
    match map {
        Some(map) => Environment::place(manifest, map, mark.line, mark.column),
        None if mark.line > 0 => Location::at(manifest.file.clone(), mark.line, mark.column),
        None => Location::file(manifest.file.clone()),
    }
}

/// Places in templates without the values behind them; each manifest is traced at most once.
pub(crate) struct Places<'a> {
    environments: &'a [Environment],
    maps: HashMap<*const Manifest, Option<render::SourceMap>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(environments: &'a [Environment]) -> Self {
        Self { environments, maps: HashMap::new() }
    }

    pub(crate) fn resource(&self, place: Place) -> &'a Resource {
        &self.environments[place.environment].resources[place.resource]
    }

    pub(crate) fn location(&mut self, place: Place, pointer: &str) -> Location {
        let environment = &self.environments[place.environment];
        let resource = self.resource(place);
        let manifest = &resource.manifest;
        let map = self.maps.entry(Arc::as_ptr(manifest)).or_insert_with(|| environment.source_map(manifest));
        location(resource, map.as_ref(), pointer)
    }
}
