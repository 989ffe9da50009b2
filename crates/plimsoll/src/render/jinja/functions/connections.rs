//! NetworkPolicies from declared connections; what they are is decided in `facts/declared`.

use super::text;
use crate::facts::declared;
use crate::render::jinja::convert::{from_node, to_node};
use crate::render::jinja::register::{Function, Piped};

/// `networkPolicies(connections, global.connections, release.name, release.namespace)`.
pub(in crate::render::jinja) const FUNCTIONS: &[Function] =
    &[Function::new(&["networkPolicies", "network_policies"], Piped::First, (4, 4), |_, args| {
        let (connections, shared) = (to_node(&args[0])?, to_node(&args[1])?);
        from_node(&declared::policies(&connections, &shared, &text(&args[2])?, &text(&args[3])?))
    })];
