//! How far pods are from the internet, in connections, by what the policies admit.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;

use super::edges::Edges;
use crate::Location;
use crate::facts::network::{Connection, Endpoint, PeerId};

/// A service that is nearer to the internet than it declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TooNear {
    /// Where its depth is declared.
    pub source: Option<Location>,
    /// The service.
    pub service: String,
    /// The fewest connections it declares.
    pub declared: u32,
    /// The fewest there are.
    pub actual: u32,
    /// The shortest way, one step a line.
    pub witness: Vec<String>,
}

/// What is too near, by the position of the service's workload.
pub(super) fn too_near(edges: &Edges<'_, '_>, connections: &[Connection]) -> Vec<(usize, TooNear)> {
    let wanted: BTreeMap<PeerId, Vec<usize>> = edges
        .of_peer
        .iter()
        .map(|(peer, services)| {
            let deep = services.iter().copied().filter(|at| edges.directory.entries[*at].service.depth.is_some());
            (*peer, deep.collect::<Vec<_>>())
        })
        .filter(|(_, services)| !services.is_empty())
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let ways = Ways::new(edges, connections);
    let mut found = Vec::new();
    for (peer, services) in wanted {
        let Some(actual) = ways.distance.get(&peer).copied() else { continue };
        for at in services {
            let service = edges.directory.entries[at].service;
            let Some(depth) = service.depth.as_ref().filter(|depth| actual < depth.connections) else { continue };
            let Some(resource) = edges.network.peer(peer).resources.first() else { continue };
            let near = TooNear {
                source: depth.location.clone(),
                service: service.title(),
                declared: depth.connections,
                actual,
                witness: ways.way(edges, peer),
            };
            found.push((*resource, near));
        }
    }
    found
}

/// The shortest ways from the internet.
struct Ways {
    distance: HashMap<PeerId, u32>,
    /// The peer before each, and the connection from it.
    before: HashMap<PeerId, (PeerId, String)>,
    /// What opens the first peers.
    opened: HashMap<PeerId, String>,
}

impl Ways {
    fn new(edges: &Edges<'_, '_>, connections: &[Connection]) -> Self {
        let mut next: BTreeMap<PeerId, Vec<(PeerId, &Connection)>> = BTreeMap::new();
        for connection in connections {
            if let (Endpoint::Peer(source), Endpoint::Peer(destination)) = (connection.source, connection.destination) {
                next.entry(source).or_default().push((destination, connection));
            }
        }
        let mut ways = Self { distance: HashMap::new(), before: HashMap::new(), opened: HashMap::new() };
        let mut queue = VecDeque::new();
        for exposure in edges.network.exposures() {
            if ways.distance.insert(exposure.peer, 1).is_none() {
                ways.opened.insert(exposure.peer, format!("{:?}", exposure.through));
                queue.push_back(exposure.peer);
            }
        }
        while let Some(peer) = queue.pop_front() {
            let distance = ways.distance.get(&peer).copied().unwrap_or(1) + 1;
            for (destination, connection) in next.get(&peer).into_iter().flatten() {
                if !ways.distance.contains_key(destination) {
                    ways.distance.insert(*destination, distance);
                    ways.before.insert(*destination, (peer, connection.ports.to_string()));
                    queue.push_back(*destination);
                }
            }
        }
        ways
    }

    fn way(&self, edges: &Edges<'_, '_>, to: PeerId) -> Vec<String> {
        let mut steps = Vec::new();
        let mut peer = to;
        while let Some((before, ports)) = self.before.get(&peer) {
            steps.push(format!("{} connects to {} on {ports}", edges.network.peer(*before), edges.network.peer(peer)));
            peer = *before;
        }
        let through = self.opened.get(&peer).map_or("", String::as_str);
        steps.push(format!("the internet connects to {} through its {through}", edges.network.peer(peer)));
        steps.reverse();
        steps
    }
}
