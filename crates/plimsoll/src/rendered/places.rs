//! From a resource and a JSON pointer to the line of the template that wrote it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Environment;
use crate::manifest::{Manifest, Resource};
use crate::{Location, render};

/// A resource in an environment, both as positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) environment: usize,
    pub(crate) resource: usize,
}

/// Places in templates; each manifest is traced at most once.
pub(crate) struct Places<'a> {
    environments: &'a [Environment],
    maps: HashMap<*const Manifest, Option<render::SourceMap>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(environments: &'a [Environment]) -> Self {
        Self { environments, maps: HashMap::new() }
    }

    pub(crate) fn environments(&self) -> &'a [Environment] {
        self.environments
    }

    pub(crate) fn resource(&self, place: Place) -> &'a Resource {
        &self.environments[place.environment].resources[place.resource]
    }

    pub(crate) fn location(&mut self, place: Place, pointer: &str) -> Location {
        let environment = &self.environments[place.environment];
        let resource = self.resource(place);
        let manifest = &resource.manifest;
        if let Some(source) = &resource.document.source {
            // The line of the template that Helm rendered is not in its output.
            return Location::file(source.clone());
        }
        let (mark, _) = resource.locate(pointer);
        let map = self.maps.entry(Arc::as_ptr(manifest)).or_insert_with(|| environment.source_map(manifest));
        match map {
            Some(map) => Environment::place(manifest, map, mark.line, mark.column),
            None if mark.line > 0 => Location::at(manifest.file.clone(), mark.line, mark.column),
            None => Location::file(manifest.file.clone()),
        }
    }
}
