//! Who can reach whom: exactly what the network policies of an environment admit.
//!
//! `admitted(source, destination) = egress(source → destination) ∧ ingress(destination ← source)`, as sets of
//! protocol and port. [`Network::derive`] reads every policy once; [`Network::reach`] answers for one pair,
//! [`Network::connections`] lists all there are, [`Network::explain`] says why. What a service *declares* is
//! compared with this elsewhere.
//!
//! | file | owns |
//! |---|---|
//! | `ports`, `addresses` | sets of connections and of addresses |
//! | `pod`, `selection` | pods in groups that no policy tells apart, and what selects them |
//! | `rule`, `policy`, `admin`, `gather` | policies compiled; NetworkPolicy; the three cluster-wide kinds; all of them |
//! | `reach`, `external`, `connections` | one pair; addresses outside; all pairs |
//! | `exposure`, `mesh` | what is opened to the outside; what Istio's AuthorizationPolicy takes away |
//! | `witness`, `fault` | why, in words; what is wrong with a policy itself |
//! | `services`, `isolation` | facts about single resources, derived in every run |

pub mod addresses;
mod admin;
mod connections;
mod exposure;
mod external;
mod fault;
mod gather;
mod isolation;
mod mesh;
pub mod pod;
mod policy;
pub mod ports;
mod reach;
mod rule;
mod selection;
mod services;
mod sides;
#[cfg(test)]
mod tests;
mod witness;

pub use addresses::{AddressRange, AddressSet, Family};
pub use connections::{Connection, Endpoint, Filter, LIMIT, TooMany};
pub use exposure::{Exposure, Through};
pub use fault::NetworkFault;
pub use isolation::Isolation;
pub use mesh::Membership;
pub use pod::{NamedPort, Peer, PeerId, Pod};
pub use ports::{ConnectionSet, PortSet, Protocol};
pub use reach::{End, Network, Reach};
pub use rule::{Action, Direction, HostNetwork, Options, Tier};
pub use services::{PodsOf, ServedPort, ServiceOf, TargetPort};
pub use witness::{Because, Effect, Explanation};

pub(in crate::facts) use isolation::isolation;
pub(in crate::facts) use policy::is_port_name;
pub(in crate::facts) use services::{is_serving, services};
