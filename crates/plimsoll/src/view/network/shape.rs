//! The shape of the JSON, which is a contract: an object by environment, each with its `connections`.

use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use super::{ConnectionView, EnvironmentView, ExplanationView, ExposedView, NetworkView};

impl Serialize for NetworkView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut root = serializer.serialize_struct("NetworkView", 1)?;
        root.serialize_field("environments", &ByName(&self.environments))?;
        root.end()
    }
}

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
