//! Declared connections: what services say they expose, who calls them, and whom they call.
//!
//! Owns the declaration's types, its strict reading (`read`), the NetworkPolicies that follow from it
//! (`generate`), which edges two sides agree on (`directory`, `edges`, `disagreement`), and how these compare with
//! what the rendered policies admit (`blocked`, `undeclared`, `depth`), as `facts` about single resources. What
//! the policies admit is derived in [`network`](super::network).

mod block;
mod blocked;
mod depth;
mod directory;
mod disagreement;
mod edges;
mod facts;
mod generate;
mod parts;
mod read;
#[cfg(test)]
mod tests;
mod undeclared;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use block::Block;
pub use blocked::{Blocked, MeshBlock};
pub use depth::TooNear;
pub(super) use directory::{Directory, is_inhabited};
pub use disagreement::{Disagreement, Problem};
pub(super) use edges::{remainder, role_pod};
pub use facts::DeclaredFacts;
pub(super) use facts::derive;
pub use generate::policies;
pub(crate) use read::{Scope, of_values, of_workspace};
pub use undeclared::Undeclared;

use super::network::{AddressSet, ConnectionSet, PortSet, Protocol};
use super::selector::Labels;
use crate::Location;

/// What one source declares: the values of a release, or an entry of `plimsoll.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connections {
    /// Its services; a service's components follow it.
    pub services: Vec<Service>,
    /// What the cluster provides, by name.
    pub roles: BTreeMap<Arc<str>, Role>,
}

/// Pods that expose ports, are called and call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The namespace of its pods.
    pub namespace: Arc<str>,
    /// The name by which others name it.
    pub name: Arc<str>,
    /// Its pods.
    pub pods: Pods,
    /// Its ports by name.
    pub exposes: BTreeMap<Arc<str>, Ports>,
    /// Who may connect to it.
    pub callers: Vec<Connection>,
    /// Whom it connects to.
    pub calls: Vec<Connection>,
    /// The fewest connections that lie between the internet and its pods, where it says so.
    pub depth: Option<Depth>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// How far away from the internet pods are meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// 1 for pods that the internet connects to, 2 for pods that those connect to.
    pub connections: u32,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// How the pods of a service are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pods {
    /// Those with all of these labels.
    Labelled(Labels),
    /// Those of the workload that is called like the service.
    Named,
}

/// A peer and the ports it connects to, or is connected to on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Who.
    pub peer: Peer,
    /// On which ports.
    pub port: Port,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// Whom a service connects to, or who connects to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// The pods of another service.
    Service {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
        /// The labels of its pods.
        labels: Labels,
    },
    /// Something that the cluster provides.
    Role(Arc<str>),
    /// Addresses.
    Block(Block),
}

/// The ports of a connection; they are always the callee's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// Those that the role binds.
    OfRole,
    /// By the callee's name for it, and the protocol that the name is one of.
    Named(Arc<str>, Protocol),
    /// By number.
    Number(Ports),
}

/// Consecutive ports of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The protocol.
    pub protocol: Protocol,
    /// The first.
    pub first: u16,
    /// The last, which may be the first.
    pub last: u16,
}

/// What a cluster provides under a name: pods, addresses, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Its pods.
    pub pods: Option<RolePods>,
    /// Its addresses.
    pub blocks: Vec<Block>,
    /// Where it listens; what calls it need not say.
    pub ports: Vec<Ports>,
    /// Whether every service calls it, without saying so.
    pub called_by_all: bool,
    /// The port that it calls of each service which exposes a port of that name, without their saying so.
    pub calls_port: Option<Arc<str>>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// Pods of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePods {
    /// The labels of their namespaces; none for all namespaces.
    pub namespace: Labels,
    /// Their labels; none for all pods of those namespaces.
    pub labels: Labels,
}

impl Ports {
    /// The connections they are.
    pub fn set(self) -> ConnectionSet {
        ConnectionSet::of(self.protocol, PortSet::range(self.first, self.last))
    }
}

impl Role {
    /// A role of pods alone.
    pub(super) fn of_pods(namespace: Labels, labels: Labels) -> Self {
        Self { pods: Some(RolePods { namespace, labels }), ..Self::default() }
    }

    /// Its addresses.
    pub fn addresses(&self) -> AddressSet {
        self.blocks.iter().fold(AddressSet::default(), |sum, block| sum.union(&block.addresses()))
    }
}

impl Service {
    /// A port of its own by name and protocol.
    fn exposed(&self, name: &str, protocol: Protocol) -> Option<Ports> {
        self.exposes.get(name).copied().filter(|ports| ports.protocol == protocol)
    }

    /// `namespace/name`, as messages name it.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Who may connect to it: the callers it names, and the roles that call what it exposes.
    pub fn all_callers(&self, roles: &BTreeMap<Arc<str>, Role>) -> Vec<Connection> {
        let implied = roles.iter().filter_map(|(name, role)| {
            let (port, exposed) = self.exposes.get_key_value(role.calls_port.as_ref()?)?;
            Some(self.implied(name, Port::Named(port.clone(), exposed.protocol), &self.callers))
        });
        self.callers.iter().cloned().chain(implied.flatten()).collect()
    }

    /// Whom it connects to: the roles that everything calls, and the peers it names.
    pub fn all_calls(&self, roles: &BTreeMap<Arc<str>, Role>) -> Vec<Connection> {
        let everybodys = roles.iter().filter(|(_, role)| role.called_by_all);
        let implied = everybodys.filter_map(|(name, _)| self.implied(name, Port::OfRole, &self.calls));
        implied.chain(self.calls.iter().cloned()).collect()
    }

    /// The connection that a role implies, where the service does not name the role itself.
    fn implied(&self, role: &Arc<str>, port: Port, said: &[Connection]) -> Option<Connection> {
        let named =
            said.iter().any(|connection| connection.peer == Peer::Role(role.clone()) && connection.port == port);
        (!named).then(|| Connection { peer: Peer::Role(role.clone()), port, location: self.location.clone() })
    }
}
