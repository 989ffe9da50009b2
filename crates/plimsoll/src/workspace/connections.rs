//! `connections` of `plimsoll.yaml`: declared connections of what no chart of ours renders.

use super::decode::{Decoder, Text};
use crate::facts::declared::{self, Connections};
use crate::yaml::Node;

/// One entry of `connections`.
#[derive(Debug, Clone)]
pub struct ConnectionsConfig {
    /// The environments it holds for; all where it names none.
    pub environments: Option<Vec<Text>>,
    /// Services and roles.
    pub connections: Connections,
}

impl ConnectionsConfig {
    /// Whether it holds for an environment.
    pub fn holds_in(&self, environment: &str) -> bool {
        self.environments.as_ref().is_none_or(|names| names.iter().any(|name| name.as_str() == environment))
    }
}

pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<ConnectionsConfig> {
    let mut fields = d.fields(node, "an entry of `connections`")?;
    let environments = fields.get("environments").map(|node| d.texts(Some(node), "an environment"));
    let connections = declared::of_workspace(d, &mut fields);
    d.finish(fields);
    Some(ConnectionsConfig { environments, connections })
}
