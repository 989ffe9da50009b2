//! What the rendered policies admit and nobody declares, by the rules that admit it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::edges::{Edges, Side, remainder};
use crate::facts::network::{AddressSet, Connection, ConnectionSet, Direction, Effect, End, Endpoint, PeerId};

/// How many names a fact lists; a message has room for fewer.
const NAMES: usize = 8;

/// How many undeclared edges are traced back to rules; beyond them the findings are many enough.
const TRACED: usize = 4096;

/// Undeclared edges of one service that one rule admits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Undeclared {
    /// JSON pointer of the rule; of the pods' labels where no policy selects them.
    pub path: String,
    /// The side of the service: `ingress` for who reaches it, `egress` for whom it reaches.
    pub direction: &'static str,
    /// The service.
    pub service: String,
    /// Whether no policy isolates its pods in that direction.
    pub open: bool,
    /// The other ends, the first of them.
    pub peers: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// On which ports.
    pub ports: String,
    /// Whether there are too many connections to list them, so that nothing more is known.
    pub unlisted: bool,
    /// Each edge in words, the first of them.
    pub witness: Vec<String>,
}

/// Which rule admits something for which service.
type Key = (usize, String, Direction, String);

#[derive(Default)]
struct Group {
    peers: BTreeSet<String>,
    ports: ConnectionSet,
    witness: BTreeSet<String>,
}

/// Undeclared edges, by the position of the resource that admits them.
pub(super) fn undeclared(edges: &Edges<'_, '_>, connections: Option<&[Connection]>) -> Vec<(usize, Undeclared)> {
    let mut found = open(edges);
    let Some(connections) = connections else {
        found.extend(unlisted(edges));
        return found;
    };
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    let mut traced = 0;
    let mut surplus: Vec<(PeerId, Direction, Endpoint, ConnectionSet)> = connections
        .iter()
        .filter(|connection| {
            matches!((connection.source, connection.destination), (Endpoint::Peer(_), Endpoint::Peer(_)))
        })
        .flat_map(|connection| between_peers(edges, connection))
        .collect();
    surplus.extend(with_addresses(edges, connections));
    for (own, direction, other, ports) in surplus {
        traced += 1;
        if traced > TRACED {
            break;
        }
        admit(edges, (own, direction), other, &ports, &mut groups);
    }
    found.extend(groups.into_iter().map(|((resource, path, direction, service), group)| {
        let count = group.peers.len();
        let undeclared = Undeclared {
            path,
            direction: direction.name(),
            service,
            open: false,
            peers: group.peers.into_iter().take(NAMES).collect(),
            count,
            ports: group.ports.to_string(),
            unlisted: false,
            witness: group.witness.into_iter().take(NAMES).collect(),
        };
        (resource, undeclared)
    }));
    found
}

/// The service of a peer, as messages name it.
fn title(edges: &Edges<'_, '_>, peer: PeerId) -> String {
    edges.services(peer).next().map_or_else(|| edges.network.peer(peer).to_string(), |entry| entry.service.title())
}

/// Services whose pods no policy isolates: everyone reaches them, or they reach everyone, and it is one finding.
fn open(edges: &Edges<'_, '_>) -> Vec<(usize, Undeclared)> {
    let mut found = Vec::new();
    for (peer, direction) in directions(edges).filter(|(peer, direction)| !edges.network.is_isolated(*peer, *direction))
    {
        for at in &edges.network.peer(peer).resources {
            found.push((*at, whole(edges, peer, direction, true)));
        }
    }
    found
}

fn unlisted(edges: &Edges<'_, '_>) -> Vec<(usize, Undeclared)> {
    let isolated = directions(edges).filter(|(peer, direction)| edges.network.is_isolated(*peer, *direction));
    let first = |peer: PeerId| edges.network.peer(peer).resources.first().copied();
    isolated.filter_map(|(peer, direction)| Some((first(peer)?, whole(edges, peer, direction, false)))).collect()
}

fn whole(edges: &Edges<'_, '_>, peer: PeerId, direction: Direction, open: bool) -> Undeclared {
    Undeclared {
        path: "/metadata/labels".to_owned(),
        direction: direction.name(),
        service: title(edges, peer),
        open,
        peers: Vec::new(),
        count: 0,
        ports: ConnectionSet::all().to_string(),
        unlisted: !open,
        witness: Vec::new(),
    }
}

fn directions(edges: &Edges<'_, '_>) -> impl Iterator<Item = (PeerId, Direction)> {
    let peers: BTreeSet<PeerId> = edges.of_peer.keys().copied().collect();
    peers.into_iter().flat_map(|peer| Direction::BOTH.map(|direction| (peer, direction)))
}

/// What either side of an edge lets through without declaring it; what the callee lets in is the callee's.
fn between_peers(edges: &Edges<'_, '_>, connection: &Connection) -> Vec<(PeerId, Direction, Endpoint, ConnectionSet)> {
    let (Endpoint::Peer(source), Endpoint::Peer(destination)) = (connection.source, connection.destination) else {
        return Vec::new();
    };
    if !edges.declares(source) && !edges.declares(destination) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut left = connection.ports.clone();
    for (own, other, side, direction) in [
        (destination, source, Side::Callee, Direction::Ingress),
        (source, destination, Side::Caller, Direction::Egress),
    ] {
        if edges.declares(own) && edges.network.is_isolated(own, direction) {
            let surplus = left.difference(&edges.said(side, own, other));
            left = left.difference(&surplus);
            if !surplus.is_empty() {
                found.push((own, direction, Endpoint::Peer(other), surplus));
            }
        }
    }
    found
}

/// What is admitted from and to addresses beyond what is declared of them.
fn with_addresses(
    edges: &Edges<'_, '_>,
    connections: &[Connection],
) -> Vec<(PeerId, Direction, Endpoint, ConnectionSet)> {
    let mut of_peer: BTreeMap<(PeerId, Direction), Vec<(AddressSet, ConnectionSet)>> = BTreeMap::new();
    for connection in connections {
        let (range, peer, direction) = match (connection.source, connection.destination) {
            (Endpoint::Addresses(range), Endpoint::Peer(peer)) => (range, peer, Direction::Ingress),
            (Endpoint::Peer(peer), Endpoint::Addresses(range)) => (range, peer, Direction::Egress),
            _ => continue,
        };
        if edges.declares(peer) && edges.network.is_isolated(peer, direction) {
            of_peer.entry((peer, direction)).or_default().push((AddressSet::from(range), connection.ports.clone()));
        }
    }
    let mut found = Vec::new();
    for ((peer, direction), admitted) in of_peer {
        let side = if direction == Direction::Ingress { Side::Callee } else { Side::Caller };
        let declared: Vec<_> = edges.services(peer).flat_map(|entry| edges.addresses(entry, side)).collect();
        for (set, ports) in remainder(admitted, &declared) {
            found
                .extend(set.ranges().iter().map(|range| (peer, direction, Endpoint::Addresses(*range), ports.clone())));
        }
    }
    found
}

/// Finds the rules on one side that admit an edge, and adds it to each of them.
fn admit(
    edges: &Edges<'_, '_>,
    (own, direction): (PeerId, Direction),
    other: Endpoint,
    ports: &ConnectionSet,
    groups: &mut BTreeMap<Key, Group>,
) {
    let other_end = match other {
        Endpoint::Peer(peer) => End::Peer(peer),
        Endpoint::Addresses(range) => End::Addresses(range),
        Endpoint::IngressController => End::IngressController,
    };
    let ends = match direction {
        Direction::Ingress => (other_end, End::Peer(own)),
        Direction::Egress => (End::Peer(own), other_end),
    };
    let because = edges.network.explain(ends.0, ends.1).because;
    let admits = because.iter().filter(|one| one.effect == Effect::Admits && one.side == direction);
    let name = edges.network.name(other);
    for (one, resource) in admits.filter_map(|one| Some((one, one.resource?))) {
        let group = groups.entry((resource, one.pointer.clone(), direction, title(edges, own))).or_default();
        group.peers.insert(name.clone());
        group.ports = group.ports.union(ports);
        let arrow = if direction == Direction::Ingress { "from" } else { "to" };
        group.witness.insert(format!("{arrow} {name} on {ports}: {}", one.words));
    }
}
