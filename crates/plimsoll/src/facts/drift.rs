//! Where who reaches whom differs between an environment and the one it mirrors.
//!
//! Ends are mapped: workloads by the identity that environments share, addresses and pods of a role by the role's
//! name. What only one of the two has is not compared here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::declared::{Role, remainder, role_pod};
use super::namespace::Namespace;
use super::network::{AddressSet, Connection, ConnectionSet, Direction, End, Endpoint, Network, PeerId};
use super::world::Declared;
use crate::manifest::Resource;

/// How many names a fact lists.
const NAMES: usize = 8;

/// Something that is admitted in one of two environments only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Drift {
    /// The mirroring environment.
    pub mirror: String,
    /// The workload's id in it.
    pub id: String,
    /// `ingress` for who reaches the workload, `egress` for whom it reaches.
    pub direction: &'static str,
    /// The other ends, the first of them.
    pub peers: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// What is admitted in the mirroring environment; empty for nothing.
    pub here: String,
    /// What is admitted in the mirrored one; empty for nothing.
    pub there: String,
    /// Whether one of the two has too many connections to list them.
    pub unlisted: bool,
}

/// One environment as it is compared.
pub(crate) struct Side<'a> {
    pub(crate) name: &'a str,
    pub(crate) network: &'a Network<'a>,
    /// Everything that is admitted; `None` where it is too much to list.
    pub(crate) connections: Option<&'a [Connection]>,
    pub(crate) namespaces: &'a BTreeMap<Arc<str>, Namespace>,
    pub(crate) declared: &'a Declared,
    pub(crate) resources: &'a [Resource],
    /// The identity of each resource that counts; `None` for those that do not.
    pub(crate) identities: Vec<Option<&'a str>>,
}

/// The other end of a workload's connections, as environments share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Workload(String),
    Role(Arc<str>),
}

/// What is admitted between a workload and another end, for some pair of their pods or addresses and for all.
type Admitted = (ConnectionSet, ConnectionSet);

/// Everything that one environment admits, by the identity of a workload.
#[derive(Default)]
struct Picture {
    edges: BTreeMap<(String, &'static str, Far), Admitted>,
    addresses: BTreeMap<(String, &'static str), Vec<(AddressSet, ConnectionSet)>>,
    workloads: BTreeSet<String>,
    roles: BTreeSet<Arc<str>>,
}

/// Compares an environment with the one it mirrors.
pub(crate) fn drift(mirror: &Side<'_>, of: &Side<'_>) -> Vec<Drift> {
    let (Some(here), Some(there)) = (mirror.connections, of.connections) else {
        return unlisted(mirror).into_iter().collect();
    };
    let (mut here, mut there) = (mirror.picture(here), of.picture(there));
    // What is one site's own address is an address like any other at the other site.
    let bound = [(mirror.bound().union(&of.bound()), ConnectionSet::all())];
    for admitted in here.addresses.values_mut().chain(there.addresses.values_mut()) {
        *admitted = remainder(std::mem::take(admitted), &bound);
    }
    let ids = mirror.ids();
    let mut groups: BTreeMap<(String, &'static str, String, String), BTreeSet<String>> = BTreeMap::new();
    let mut differ = |own: &str, direction, far: String, here: &ConnectionSet, there: &ConnectionSet| {
        if let Some(id) = ids.get(own) {
            groups.entry((id.clone(), direction, shown(here), shown(there))).or_default().insert(far);
        }
    };
    let none: Admitted = (ConnectionSet::none(), ConnectionSet::none());
    let keys: BTreeSet<_> = here.edges.keys().chain(there.edges.keys()).collect();
    for key @ (own, direction, far) in keys {
        let both = here.workloads.contains(own)
            && there.workloads.contains(own)
            && match far {
                Far::Workload(other) => here.workloads.contains(other) && there.workloads.contains(other),
                Far::Role(role) => here.roles.contains(role) && there.roles.contains(role),
            };
        let (one, other) = (here.edges.get(key).unwrap_or(&none), there.edges.get(key).unwrap_or(&none));
        if both && one != other {
            let name = match far {
                Far::Workload(other) => title(other),
                Far::Role(role) => role.to_string(),
            };
            differ(own, direction, name, &one.0, &other.0);
        }
    }
    let empty = Vec::new();
    for key @ (own, direction) in here.addresses.keys().chain(there.addresses.keys()).collect::<BTreeSet<_>>() {
        if !here.workloads.contains(own) || !there.workloads.contains(own) {
            continue;
        }
        let (one, other) = (here.addresses.get(key).unwrap_or(&empty), there.addresses.get(key).unwrap_or(&empty));
        for (set, ports) in remainder(one.clone(), other) {
            set.ranges().iter().for_each(|range| differ(own, direction, range.to_string(), &ports, &none.0));
        }
        for (set, ports) in remainder(other.clone(), one) {
            set.ranges().iter().for_each(|range| differ(own, direction, range.to_string(), &none.0, &ports));
        }
    }
    let drift =
        |((id, direction, here, there), peers): ((String, &'static str, String, String), BTreeSet<String>)| Drift {
            mirror: mirror.name.to_owned(),
            id,
            direction,
            count: peers.len(),
            peers: peers.into_iter().take(NAMES).collect(),
            here,
            there,
            unlisted: false,
        };
    groups.into_iter().map(drift).collect()
}

fn shown(ports: &ConnectionSet) -> String {
    if ports.is_empty() { String::new() } else { ports.to_string() }
}

/// `namespace/name[Kind]` of an identity.
fn title(identity: &str) -> String {
    let parts: Vec<&str> = identity.splitn(4, '/').collect();
    match parts[..] {
        [_, kind, namespace, name] => format!("{namespace}/{name}[{kind}]"),
        _ => identity.to_owned(),
    }
}

fn unlisted(mirror: &Side<'_>) -> Option<Drift> {
    let (_, id) = mirror.ids().pop_first()?;
    Some(Drift {
        mirror: mirror.name.to_owned(),
        id,
        direction: Direction::Ingress.name(),
        peers: Vec::new(),
        count: 0,
        here: String::new(),
        there: String::new(),
        unlisted: true,
    })
}

impl<'a> Side<'a> {
    fn identity(&self, peer: PeerId) -> Option<&'a str> {
        self.network.peer(peer).resources.iter().find_map(|at| self.identities[*at])
    }

    /// The peers that count.
    fn peers(&self) -> impl Iterator<Item = (PeerId, &'a str)> {
        let peers = self.network.peers().iter().filter_map(|peer| self.network.peer_of(*peer.resources.first()?));
        peers.filter_map(|peer| Some((peer, self.identity(peer)?)))
    }

    /// The id in this environment of each identity.
    fn ids(&self) -> BTreeMap<String, String> {
        let id = |peer: PeerId| {
            let at = self.network.peer(peer).resources.iter().find(|at| self.identities[**at].is_some())?;
            Some(self.resources[*at].id.to_string())
        };
        self.peers().filter_map(|(peer, identity)| Some((identity.to_owned(), id(peer)?))).collect()
    }

    fn roles(&self) -> BTreeMap<Arc<str>, &'a Role> {
        let all = self.declared.connections.iter().flat_map(|connections| &connections.roles);
        all.map(|(name, role)| (name.clone(), role)).collect()
    }

    /// The addresses of all roles.
    fn bound(&self) -> AddressSet {
        self.roles().values().fold(AddressSet::default(), |sum, role| sum.union(&role.addresses()))
    }

    fn picture(&self, connections: &[Connection]) -> Picture {
        let roles = self.roles();
        let mut picture = Picture { roles: roles.keys().cloned().collect(), ..Picture::default() };
        picture.workloads = self.peers().map(|(_, identity)| identity.to_owned()).collect();
        for connection in connections {
            self.add(connection, &mut picture);
        }
        for (name, role) in roles {
            self.with_role(&name, role, &mut picture);
        }
        picture
    }

    fn add(&self, connection: &Connection, picture: &mut Picture) {
        let (own, direction, range) = match (connection.source, connection.destination) {
            (Endpoint::Peer(source), Endpoint::Peer(destination)) => {
                if let (Some(source), Some(destination)) = (self.identity(source), self.identity(destination)) {
                    let key = (destination.to_owned(), Direction::Ingress.name(), Far::Workload(source.to_owned()));
                    picture.edges.insert(key, (connection.ports.clone(), connection.ports.clone()));
                }
                return;
            }
            (Endpoint::Addresses(range), Endpoint::Peer(peer)) => (peer, Direction::Ingress, range),
            (Endpoint::Peer(peer), Endpoint::Addresses(range)) => (peer, Direction::Egress, range),
            _ => return,
        };
        if let Some(own) = self.identity(own) {
            let of = picture.addresses.entry((own.to_owned(), direction.name())).or_default();
            of.push((AddressSet::from(range), connection.ports.clone()));
        }
    }

    /// Takes a role's addresses out of the others, and adds what is admitted to and from its pods and addresses.
    fn with_role(&self, name: &Arc<str>, role: &Role, picture: &mut Picture) {
        let addresses = role.addresses();
        for ((own, direction), admitted) in &mut picture.addresses {
            let parts: Vec<(AddressSet, &ConnectionSet)> =
                admitted.iter().map(|(set, ports)| (set.intersection(&addresses), ports)).collect();
            let parts: Vec<_> = parts.into_iter().filter(|(set, _)| !set.is_empty()).collect();
            if parts.is_empty() {
                continue;
            }
            let some = parts.iter().fold(ConnectionSet::none(), |sum, (_, ports)| sum.union(ports));
            let seen = parts.iter().fold(AddressSet::default(), |sum, (set, _)| sum.union(set));
            let every = if addresses.difference(&seen).is_empty() {
                parts.iter().fold(ConnectionSet::all(), |sum, (_, ports)| sum.intersection(ports))
            } else {
                ConnectionSet::none()
            };
            join(&mut picture.edges, (own.clone(), direction, Far::Role(name.clone())), (some, every));
            *admitted = remainder(std::mem::take(admitted), &[(addresses.clone(), ConnectionSet::all())]);
        }
        let Some(pod) = role_pod(role, self.namespaces) else { return };
        for (peer, identity) in self.peers() {
            for direction in Direction::BOTH {
                let ends = match direction {
                    Direction::Ingress => (End::Pod(&pod), End::Peer(peer)),
                    Direction::Egress => (End::Peer(peer), End::Pod(&pod)),
                };
                let reach = self.network.reach(ends.0, ends.1);
                if !reach.ports.is_empty() {
                    let key = (identity.to_owned(), direction.name(), Far::Role(name.clone()));
                    join(&mut picture.edges, key, (reach.ports, reach.everywhere));
                }
            }
        }
    }
}

fn join(
    edges: &mut BTreeMap<(String, &'static str, Far), Admitted>,
    key: (String, &'static str, Far),
    (some, every): Admitted,
) {
    edges
        .entry(key)
        .and_modify(|known| *known = (known.0.union(&some), known.1.intersection(&every)))
        .or_insert((some, every));
}
