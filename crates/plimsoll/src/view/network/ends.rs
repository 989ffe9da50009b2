//! What people call the end of a connection, and what that is in each environment.

use crate::facts::network::{AddressRange, Endpoint, Family, Network};
use crate::{Error, ErrorKind, Result};

use super::nearest;

/// What a name means in one environment.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    name: String,
    pub(super) points: Vec<Endpoint>,
}

impl Ends {
    /// The one end that it means; `None` where the environment has none.
    pub(super) fn one(&self, network: &Network<'_>) -> Result<Option<Endpoint>> {
        match self.points.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => {
                let names: Vec<String> =
                    several.iter().take(5).map(|end| format!("`{}`", network.name(*end))).collect();
                Err(Error::new(ErrorKind::Argument, format!("`{}` names more than one end", self.name))
                    .with_help(format!("a pair is explained one at a time: there is {}", names.join(", "))))
            }
        }
    }
}

/// What a name means in each environment; an error where it means nothing in any.
pub(super) fn resolve(name: &str, networks: &[Network<'_>]) -> Result<Vec<Ends>> {
    let ends = |points: Vec<Endpoint>| Ends { name: name.to_owned(), points };
    if name == "{ingress-controller}" {
        return Ok(vec![ends(vec![Endpoint::IngressController]); networks.len()]);
    }
    if name == "external" {
        let both = Family::ALL.map(|family| Endpoint::Addresses(AddressRange::all(family)));
        return Ok(vec![ends(both.to_vec()); networks.len()]);
    }
    let plain = name.strip_suffix("[External]").unwrap_or(name);
    if let Ok(range) = AddressRange::parse(plain) {
        return Ok(vec![ends(vec![Endpoint::Addresses(range)]); networks.len()]);
    }
    let found: Vec<Ends> =
        networks.iter().map(|network| ends(network.find(name).into_iter().map(Endpoint::Peer).collect())).collect();
    if found.iter().any(|ends| !ends.points.is_empty()) {
        return Ok(found);
    }
    let names: Vec<String> = networks
        .iter()
        .flat_map(Network::peers)
        .flat_map(|peer| [format!("{}/{}", peer.namespace, peer.name), peer.name.to_string()])
        .collect();
    let meant = nearest(name, names.iter().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
    let help = meant.unwrap_or_else(|| {
        "give a workload as `namespace/name`, addresses as `10.0.0.0/8`, `external`, or `{ingress-controller}`"
            .to_owned()
    });
    Err(Error::new(ErrorKind::Argument, format!("`{name}` is no workload, and no address")).with_help(help))
}
