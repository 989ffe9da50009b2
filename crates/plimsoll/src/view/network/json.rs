//! JSON for programs; the shape is a contract: an object by environment, each with its `connections`.

use std::io;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{ConnectionView, EnvironmentView, ExplanationView, ExposedView, NetworkView};

struct ByName<'a>(&'a [EnvironmentView]);

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for environment in self.0 {
            map.serialize_entry(&environment.name, &Shape::from(environment))?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Shape<'a> {
    connections: &'a [ConnectionView],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exposed: &'a [ExposedView],
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a ExplanationView>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

impl<'a> From<&'a EnvironmentView> for Shape<'a> {
    fn from(view: &'a EnvironmentView) -> Self {
        Self {
            connections: &view.connections,
            exposed: &view.exposed,
            explanation: view.explanation.as_ref(),
            notes: &view.notes,
        }
    }
}

pub(super) fn write(view: &NetworkView, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::pretty(&mut *out);
    let mut root = (&mut serializer).serialize_map(Some(1))?;
    root.serialize_entry("environments", &ByName(&view.environments))?;
    root.end()?;
    writeln!(out)
}
