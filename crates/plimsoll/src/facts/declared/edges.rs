//! What is declared between two ends: the edges on which both sides agree.
//!
//! A side that declares nothing has no say: what the other one says of it holds.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::directory::{Directory, Entry};
use super::{Connection, Peer, Port, Ports, Role};
use crate::facts::namespace::{NAME_LABEL, Namespace};
use crate::facts::network::{AddressSet, ConnectionSet, Network, PeerId, Pod};
use crate::facts::selector::{Labels, Selector};

/// A selector of namespaces and one of pods.
type Selectors = (Selector, Selector);

/// The declaration of an environment, seen from the peers of its network.
pub(super) struct Edges<'e, 'a> {
    pub(super) directory: &'e Directory<'a>,
    pub(super) network: &'e Network<'a>,
    /// The services whose pods a peer has, as positions.
    pub(super) of_peer: HashMap<PeerId, Vec<usize>>,
    /// The peers that selectors of namespaces and of pods were found to select: roles are shared by all.
    selected: RefCell<HashMap<Selectors, Arc<[PeerId]>>>,
}

/// Which end of a connection a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

impl<'e, 'a> Edges<'e, 'a> {
    pub(super) fn new(directory: &'e Directory<'a>, network: &'e Network<'a>) -> Self {
        let mut of_peer: HashMap<PeerId, Vec<usize>> = HashMap::new();
        for (workload, services) in &directory.of_workload {
            if let Some(peer) = network.peer_of(directory.workloads[*workload].at) {
                let of = of_peer.entry(peer).or_default();
                of.extend(services);
                of.sort_unstable();
                of.dedup();
            }
        }
        Self { directory, network, of_peer, selected: RefCell::default() }
    }

    /// The services whose pods a peer has.
    pub(super) fn services(&self, peer: PeerId) -> impl Iterator<Item = &Entry<'a>> {
        let of = self.of_peer.get(&peer).map(Vec::as_slice).unwrap_or_default();
        of.iter().map(|at| &self.directory.entries[*at])
    }

    /// Whether the pods of a peer declare their connections.
    pub(super) fn declares(&self, peer: PeerId) -> bool {
        self.of_peer.contains_key(&peer)
    }

    /// The peers of a service.
    pub(super) fn peers_of(&self, entry: &Entry<'_>) -> Vec<PeerId> {
        let of = |at: &usize| self.network.peer_of(self.directory.workloads[*at].at);
        let mut peers: Vec<PeerId> = entry.workloads.iter().filter_map(of).collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    /// The peers with pods that have labels, in namespaces that have labels.
    pub(super) fn select(&self, namespace: &Labels, labels: &Labels) -> Arc<[PeerId]> {
        let key = (Selector::labelled(namespace), Selector::labelled(labels));
        if let Some(known) = self.selected.borrow().get(&key) {
            return known.clone();
        }
        let matches = |pod: &Pod| key.0.matches(&pod.namespace_labels) && key.1.matches(&pod.labels);
        let peers = self.network.peers().iter().filter_map(|peer| self.network.peer_of(*peer.resources.first()?));
        let found: Arc<[PeerId]> = peers.filter(|peer| self.network.pods_of(*peer).any(matches)).collect();
        self.selected.borrow_mut().insert(key, found.clone());
        found
    }

    /// What both ends declare between two peers.
    pub(super) fn between(&self, source: PeerId, destination: PeerId) -> ConnectionSet {
        let said = self.said(Side::Caller, source, destination);
        if said.is_empty() { said } else { said.intersection(&self.said(Side::Callee, destination, source)) }
    }

    /// What one peer's services say about another peer; everything where it has none.
    pub(super) fn said(&self, side: Side, own: PeerId, other: PeerId) -> ConnectionSet {
        if !self.declares(own) {
            return ConnectionSet::all();
        }
        let mut sum = ConnectionSet::none();
        for entry in self.services(own) {
            let list = if side == Side::Caller { &entry.calls } else { &entry.callers };
            for connection in list.iter().filter(|connection| self.is_with(entry, connection, other)) {
                sum = sum.union(&self.one(entry, connection, side, own, other));
            }
        }
        sum
    }

    /// The ports of one connection of a service, between its own pods and those of another peer.
    pub(super) fn one(
        &self,
        entry: &Entry<'_>,
        connection: &Connection,
        side: Side,
        own: PeerId,
        other: PeerId,
    ) -> ConnectionSet {
        match side {
            Side::Caller => self.ports(entry, connection, None, other),
            Side::Callee => self.ports(entry, connection, Some(entry), own),
        }
    }

    /// Whether a connection is with the pods of a peer.
    pub(super) fn is_with(&self, of: &Entry<'_>, connection: &Connection, peer: PeerId) -> bool {
        match &connection.peer {
            Peer::Service { namespace, name, labels } => {
                let declared = self.directory.find(namespace, name);
                let of = |service| self.of_peer.get(&peer).is_some_and(|services| services.contains(&service));
                let labelled = || {
                    let is = self.network.peer(peer).namespace == *namespace;
                    is && self.has_labels(peer, &Selector::labelled(labels))
                };
                declared.map_or_else(labelled, of)
            }
            Peer::Role(_) => of.role(connection).is_some_and(|role| self.has_role(peer, role)),
            Peer::Block(_) => false,
        }
    }

    /// Whether a role stands for the pods of a peer.
    pub(super) fn has_role(&self, peer: PeerId, role: &Role) -> bool {
        let Some(pods) = &role.pods else { return false };
        let (namespace, labels) = (Selector::labelled(&pods.namespace), Selector::labelled(&pods.labels));
        self.network.pods_of(peer).any(|pod| namespace.matches(&pod.namespace_labels) && labels.matches(&pod.labels))
    }

    fn has_labels(&self, peer: PeerId, labels: &Selector) -> bool {
        self.network.pods_of(peer).any(|pod| labels.matches(&pod.labels))
    }

    /// The ports of a connection to the pods of a peer, with a name looked up where its service exposes it, else
    /// in its pods.
    fn ports(
        &self,
        of: &Entry<'_>,
        connection: &Connection,
        callee: Option<&Entry<'_>>,
        pods: PeerId,
    ) -> ConnectionSet {
        let Port::Named(name, protocol) = &connection.port else {
            return self.directory.ports(of, connection, None).unwrap_or_default();
        };
        let exposed = |entry: &Entry<'_>| entry.service.exposed(name, *protocol).map(Ports::set);
        let known = match callee {
            Some(entry) => exposed(entry),
            None => self.services(pods).find_map(exposed),
        };
        known.unwrap_or_else(|| {
            let named = self.network.pods_of(pods).map(|pod| pod.named(name, Some(*protocol)));
            named.fold(ConnectionSet::none(), |sum, ports| sum.union(&ports))
        })
    }

    /// What a service declares about addresses.
    pub(super) fn addresses(&self, entry: &Entry<'_>, side: Side) -> Vec<(AddressSet, ConnectionSet)> {
        let list = if side == Side::Caller { &entry.calls } else { &entry.callers };
        let callee = Some(entry).filter(|_| side == Side::Callee);
        list.iter()
            .filter_map(|connection| {
                let addresses = block_addresses(entry, connection)?;
                Some((addresses, self.directory.ports(entry, connection, callee).unwrap_or_default()))
            })
            .collect()
    }
}

/// The addresses that a connection is with, if it is with any.
pub(super) fn block_addresses(entry: &Entry<'_>, connection: &Connection) -> Option<AddressSet> {
    match &connection.peer {
        Peer::Block(block) => Some(block.addresses()),
        Peer::Role(_) => entry.role(connection).filter(|role| !role.blocks.is_empty()).map(Role::addresses),
        Peer::Service { .. } => None,
    }
}

/// What is left of connections with addresses once others are taken away.
pub(in crate::facts) fn remainder(
    from: Vec<(AddressSet, ConnectionSet)>,
    taken: &[(AddressSet, ConnectionSet)],
) -> Vec<(AddressSet, ConnectionSet)> {
    let mut rest = from;
    for (addresses, ports) in taken {
        let mut next = Vec::with_capacity(rest.len());
        for (set, admitted) in rest {
            let (inside, outside) = (set.intersection(addresses), set.difference(addresses));
            let left = admitted.difference(ports);
            if !inside.is_empty() && !left.is_empty() {
                next.push((inside, left));
            }
            if !outside.is_empty() {
                next.push((outside, admitted));
            }
        }
        rest = next;
    }
    rest
}

/// A pod that stands for what is not rendered.
pub(super) fn pod(namespace: &str, namespace_labels: Labels, labels: &Labels) -> Pod {
    Pod {
        namespace: namespace.into(),
        namespace_labels: Arc::new(namespace_labels),
        labels: labels.clone(),
        ..Pod::default()
    }
}

/// A pod of a role that is not rendered, with the labels that its namespace is known to have.
pub(in crate::facts) fn role_pod(role: &Role, namespaces: &BTreeMap<Arc<str>, Namespace>) -> Option<Pod> {
    let pods = role.pods.as_ref()?;
    let owned = |labels: &Labels| -> BTreeMap<Arc<str>, Arc<str>> {
        labels.iter().map(|(key, value)| (key.into(), value.into())).collect()
    };
    let name = pods.namespace.get(NAME_LABEL).unwrap_or_default();
    let mut all = namespaces.get(name).map(|known| owned(&known.labels)).unwrap_or_default();
    all.extend(owned(&pods.namespace));
    Some(pod(name, Labels::from(all), &pods.labels))
}
