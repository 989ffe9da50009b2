//! Declared edges that the rendered policies block, and on which side.

use serde::Serialize;

use super::directory::Entry;
use super::edges::{Edges, Side, block_addresses, pod, role_pod};
use super::{Connection, Peer};
use crate::Location;
use crate::facts::namespace::NAME_LABEL;
use crate::facts::network::{AddressRange, ConnectionSet, Direction, Effect, End, Membership, PeerId, Pod, Protocol};

/// The role that name resolution has; what cannot reach it is said apart.
pub(super) const DNS: &str = "dns";

/// A declared edge of which something is blocked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Blocked {
    /// Where it is declared.
    pub source: Option<Location>,
    /// Whether the service that declares it is the caller.
    pub calls: bool,
    /// The service that declares it.
    pub service: String,
    /// The other end, as it is named.
    pub peer: String,
    /// What is blocked of what is declared.
    pub ports: String,
    /// The sides that block it: `egress`, `ingress`, or both.
    pub sides: Vec<&'static str>,
    /// Whether network policies admit it, and the mesh refuses it.
    pub mesh: Option<MeshBlock>,
    /// Why, in words.
    pub witness: Vec<String>,
}

/// How a mesh refuses what network policies admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeshBlock {
    /// Both ends are ambient, and the port through which such pods reach each other is not admitted.
    Tunnel,
    /// An AuthorizationPolicy refuses it.
    Authorization,
}

/// The other end of a declared edge.
enum Far {
    Peer(PeerId),
    Pod(Pod),
    Addresses(AddressRange),
}

/// What is blocked of what a service declares.
///
/// An edge between two services that both declare it is the caller's.
pub(super) fn blocked(edges: &Edges<'_, '_>, entry: &Entry<'_>) -> Vec<Blocked> {
    let mut found = Vec::new();
    let calls = entry.calls.iter().map(|call| (Side::Caller, call));
    for (side, connection) in calls.chain(entry.callers.iter().map(|caller| (Side::Callee, caller))) {
        if matches!(&connection.peer, Peer::Role(name) if &**name == DNS) {
            continue;
        }
        let fars = fars(edges, entry, connection);
        for own in edges.peers_of(entry) {
            for far in &fars {
                if let Far::Peer(far) = far
                    && (*far == own || (side == Side::Callee && edges.declares(*far)))
                {
                    continue;
                }
                found.extend(edge(edges, entry, (side, connection), own, far));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Everything that the other end of a connection stands for: rendered pods, or what is known of others.
fn fars(edges: &Edges<'_, '_>, entry: &Entry<'_>, connection: &Connection) -> Vec<Far> {
    let peers = match &connection.peer {
        Peer::Service { namespace, name, labels } => match edges.directory.find(namespace, name) {
            Some(other) => edges.peers_of(&edges.directory.entries[other]).into(),
            None => edges.select(&[(NAME_LABEL, &**namespace)].into_iter().collect(), labels),
        },
        Peer::Role(_) => match entry.role(connection).and_then(|role| role.pods.as_ref()) {
            Some(pods) => edges.select(&pods.namespace, &pods.labels),
            None => [].into(),
        },
        Peer::Block(_) => [].into(),
    };
    let mut found: Vec<Far> = peers.iter().copied().map(Far::Peer).collect();
    if found.is_empty() {
        found.extend(unseen(edges, entry, connection).map(Far::Pod));
    }
    let addresses = block_addresses(entry, connection).unwrap_or_default();
    found.extend(addresses.ranges().iter().map(|range| Far::Addresses(*range)));
    found
}

/// The pods of a connection's other end as far as they are known without being rendered.
fn unseen(edges: &Edges<'_, '_>, entry: &Entry<'_>, connection: &Connection) -> Option<Pod> {
    match &connection.peer {
        // A service that declares its connections and has no pods is not there yet.
        Peer::Service { namespace, name, labels } => {
            let named = [(NAME_LABEL, &**namespace)].into_iter().collect();
            let known = edges.directory.namespaces.get(namespace).map_or(named, |known| known.labels.clone());
            edges.directory.find(namespace, name).is_none().then(|| pod(namespace, known, labels))
        }
        Peer::Role(_) => role_pod(entry.role(connection)?, edges.directory.namespaces),
        Peer::Block(_) => None,
    }
}

fn edge(
    edges: &Edges<'_, '_>,
    entry: &Entry<'_>,
    (side, connection): (Side, &Connection),
    own: PeerId,
    far: &Far,
) -> Option<Blocked> {
    let declared = declared(edges, entry, (side, connection), own, far);
    let end = match far {
        Far::Peer(peer) => End::Peer(*peer),
        Far::Pod(pod) => End::Pod(pod),
        Far::Addresses(range) => End::Addresses(*range),
    };
    let ends = if side == Side::Caller { (End::Peer(own), end) } else { (end, End::Peer(own)) };
    let missing = declared.difference(&edges.network.reach(ends.0, ends.1).everywhere);
    if missing.is_empty() {
        return None;
    }
    // The caller's side is asked first.
    let blocks = |side: &Direction| !edges.network.admitted_by(*side, ends.0, ends.1).covers(&missing);
    let sides: Vec<Direction> = [Direction::Egress, Direction::Ingress].into_iter().filter(blocks).collect();
    let because = edges.network.explain(ends.0, ends.1).because;
    let blocking = because.iter().filter(|one| one.effect == Effect::Blocks);
    let blocking = blocking.filter(|one| sides.is_empty() || sides.contains(&one.side));
    Some(Blocked {
        source: connection.location.clone(),
        calls: side == Side::Caller,
        service: entry.service.title(),
        peer: named(edges, connection, far),
        ports: missing.to_string(),
        sides: sides.iter().map(|side| side.name()).collect(),
        mesh: mesh(edges, ends, &missing),
        witness: blocking.map(|one| format!("{}: {}", one.side.name(), one.words)).collect(),
    })
}

fn declared(
    edges: &Edges<'_, '_>,
    entry: &Entry<'_>,
    (side, connection): (Side, &Connection),
    own: PeerId,
    far: &Far,
) -> ConnectionSet {
    match (far, side) {
        (Far::Peer(far), Side::Caller) => {
            edges.one(entry, connection, side, own, *far).intersection(&edges.between(own, *far))
        }
        (Far::Peer(far), Side::Callee) => edges.one(entry, connection, side, own, *far),
        (_, Side::Caller) => edges.directory.ports(entry, connection, None).unwrap_or_default(),
        (_, Side::Callee) => edges.one(entry, connection, side, own, own),
    }
}

fn named(edges: &Edges<'_, '_>, connection: &Connection, far: &Far) -> String {
    match (&connection.peer, far) {
        (Peer::Service { namespace, name, .. }, _) => format!("{namespace}/{name}"),
        (Peer::Role(name), Far::Addresses(range)) => format!("{name} ({range})"),
        (Peer::Role(name), Far::Peer(peer)) => format!("{name} ({})", edges.network.peer(*peer)),
        (Peer::Role(name), Far::Pod(_)) => name.to_string(),
        (Peer::Block(block), _) => block.cidr.to_string(),
    }
}

/// Whether the mesh alone is what blocks something between two pods.
fn mesh(edges: &Edges<'_, '_>, ends: (End<'_>, End<'_>), missing: &ConnectionSet) -> Option<MeshBlock> {
    let pods = |end: End<'_>| -> Vec<Pod> {
        match end {
            End::Peer(peer) => edges.network.pods_of(peer).cloned().collect(),
            End::Pod(pod) => vec![pod.clone()],
            _ => Vec::new(),
        }
    };
    let (sources, destinations) = (pods(ends.0), pods(ends.1));
    let in_mesh = |pods: &[Pod], of: Membership| pods.iter().any(|pod| pod.mesh == of);
    if !in_mesh(&destinations, Membership::Sidecar) && !in_mesh(&destinations, Membership::Ambient) {
        return None;
    }
    // The same pods without the mesh: what network policies alone admit.
    let outside = |pods: &[Pod]| -> Vec<Pod> {
        pods.iter().map(|pod| Pod { mesh: Membership::Outside, ..pod.clone() }).collect()
    };
    let (from, to) = (outside(&sources), outside(&destinations));
    let admitted = |ports: &ConnectionSet| {
        let pairs = from.iter().flat_map(|source| to.iter().map(move |destination| (source, destination)));
        let reach = |(source, destination)| edges.network.reach(End::Pod(source), End::Pod(destination)).ports;
        pairs.map(reach).all(|reach| reach.covers(ports))
    };
    if sources.is_empty() || !admitted(missing) {
        return None;
    }
    let ambient = in_mesh(&sources, Membership::Ambient) && in_mesh(&destinations, Membership::Ambient);
    let tunnel = ambient && !admitted(&ConnectionSet::port(Protocol::Tcp, HBONE));
    Some(if tunnel { MeshBlock::Tunnel } else { MeshBlock::Authorization })
}

/// The port through which ambient pods reach each other (Istio documentation, "HBONE").
pub(super) const HBONE: u16 = 15008;
