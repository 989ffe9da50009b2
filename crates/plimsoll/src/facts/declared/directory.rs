//! Every service that an environment declares, with its pods, and who names whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Connection, Connections, Peer, Pods, Port, Ports, Role, Service};
use crate::facts::Derivation;
use crate::facts::namespace::Namespace;
use crate::facts::network::{ConnectionSet, Protocol};
use crate::facts::selector::{Labels, Selector};
use crate::facts::workload::Workload;

/// The services of an environment.
pub(in crate::facts) struct Directory<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    declared: &'a [Connections],
    by_name: HashMap<(&'a str, &'a str), usize>,
    /// The services that a workload is of.
    pub(super) of_workload: BTreeMap<usize, Vec<usize>>,
    pub(super) namespaces: &'a BTreeMap<Arc<str>, Namespace>,
    pub(super) workloads: &'a [Workload<'a>],
}

/// A declared service and its pods.
pub(super) struct Entry<'a> {
    pub(super) service: &'a Service,
    pub(super) roles: &'a BTreeMap<Arc<str>, Role>,
    /// Its callers, those implied by roles included.
    pub(super) callers: Vec<Connection>,
    /// Its calls likewise.
    pub(super) calls: Vec<Connection>,
    /// Its workloads, as positions.
    pub(super) workloads: Vec<usize>,
}

impl Entry<'_> {
    /// The role of a connection, if it is with one.
    pub(super) fn role(&self, connection: &Connection) -> Option<&Role> {
        match &connection.peer {
            Peer::Role(name) => self.roles.get(name),
            _ => None,
        }
    }
}

impl<'a> Directory<'a> {
    /// Finds the pods of every service; the cost is that of their selectors.
    pub(in crate::facts) fn new(derivation: &Derivation<'a>, namespaces: &'a BTreeMap<Arc<str>, Namespace>) -> Self {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut by_name = HashMap::new();
        for connections in &derivation.world.declared.connections {
            for service in &connections.services {
                by_name.entry((&*service.namespace, &*service.name)).or_insert(entries.len());
                entries.push(Entry {
                    service,
                    roles: &connections.roles,
                    callers: service.all_callers(&connections.roles),
                    calls: service.all_calls(&connections.roles),
                    workloads: workloads(derivation, service),
                });
            }
        }
        let mut of_workload: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            entry.workloads.iter().for_each(|workload| of_workload.entry(*workload).or_default().push(at));
        }
        Self {
            entries,
            declared: &derivation.world.declared.connections,
            by_name,
            of_workload,
            namespaces,
            workloads: derivation.workloads,
        }
    }

    pub(super) fn find(&self, namespace: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(namespace, name)).copied()
    }

    /// Whether nothing is declared.
    pub(in crate::facts) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A role as the service of a workload knows it, or else as any service does.
    pub(in crate::facts) fn role(&self, workload: usize, name: &str) -> Option<&'a Role> {
        let mut own = self.of_workload.get(&workload).into_iter().flatten().map(|at| &self.entries[*at]);
        let own = own.find_map(|entry| entry.roles.get(name));
        own.or_else(|| self.declared.iter().find_map(|connections| connections.roles.get(name)))
    }

    /// Whether a workload is that of a declared service.
    pub(in crate::facts) fn declares(&self, workload: usize) -> bool {
        self.of_workload.contains_key(&workload)
    }

    /// The names declared in a namespace.
    pub(super) fn names(&self, namespace: &str) -> impl Iterator<Item = &'a str> {
        let here = self.entries.iter().map(|entry| entry.service).filter(move |of| *of.namespace == *namespace);
        here.map(|service| &*service.name)
    }

    /// Whether a connection that one service declares is with another one.
    pub(super) fn is_with(&self, of: &Entry<'_>, connection: &Connection, other: &Entry<'_>) -> bool {
        match &connection.peer {
            Peer::Service { namespace, name, .. } => {
                *namespace == other.service.namespace && *name == other.service.name
            }
            Peer::Role(_) => of.role(connection).is_some_and(|role| self.is_role(role, other)),
            Peer::Block(_) => false,
        }
    }

    /// Whether a role stands for the pods of a service.
    fn is_role(&self, role: &Role, other: &Entry<'_>) -> bool {
        let Some(pods) = &role.pods else { return false };
        let own = self.namespaces.get(&other.service.namespace);
        let namespace = own.is_some_and(|own| Selector::labelled(&pods.namespace).matches(&own.labels));
        let selector = Selector::labelled(&pods.labels);
        namespace && other.workloads.iter().any(|at| selector.matches(&self.workloads[*at].labels))
    }

    /// The ports of a connection, which are those of its callee; `None` where it has no port of the name.
    pub(super) fn ports(
        &self,
        of: &Entry<'_>,
        connection: &Connection,
        callee: Option<&Entry<'_>>,
    ) -> Option<ConnectionSet> {
        match &connection.port {
            Port::Number(ports) => Some(ports.set()),
            Port::OfRole => {
                let ports = of.role(connection)?.ports.iter().copied().map(Ports::set);
                Some(ports.fold(ConnectionSet::none(), |sum, ports| sum.union(&ports)))
            }
            Port::Named(name, protocol) => {
                let callee = callee?;
                if let Some(ports) = callee.service.exposed(name, *protocol) {
                    return Some(ports.set());
                }
                let pods = callee.workloads.iter().map(|at| &self.workloads[*at]);
                let numbers = pods.flat_map(|workload| named(workload, name, *protocol));
                numbers.reduce(|sum, ports| sum.union(&ports))
            }
        }
    }

    /// What all connections of a list with a service come to, and the first of them.
    pub(super) fn sum<'c>(
        &self,
        of: &Entry<'_>,
        list: &'c [Connection],
        other: &Entry<'_>,
        callee: &Entry<'_>,
    ) -> (ConnectionSet, Vec<&'c Connection>) {
        let with: Vec<&Connection> = list.iter().filter(|connection| self.is_with(of, connection, other)).collect();
        let ports = with.iter().filter_map(|connection| self.ports(of, connection, Some(callee)));
        (ports.fold(ConnectionSet::none(), |sum, ports| sum.union(&ports)), with)
    }
}

/// Whether pods of a namespace that are not rendered do not exist: its pods are ours, like the namespace itself.
pub(in crate::facts) fn is_inhabited(derivation: &Derivation<'_>, namespace: &str) -> bool {
    derivation.world.declared.is_complete("Pod")
        || (derivation.world.owns_namespace(namespace) && !derivation.pods.namespace(namespace).is_empty())
}

/// The workloads of a service.
fn workloads(derivation: &Derivation<'_>, service: &Service) -> Vec<usize> {
    let of = |at: &usize| &derivation.workloads[*at];
    match &service.pods {
        Pods::Labelled(labels) => select(derivation, &service.namespace, labels),
        Pods::Named => {
            let here = derivation.pods.namespace(&service.namespace).iter();
            here.copied().filter(|at| of(at).resource.id.name == service.name).collect()
        }
    }
}

/// The workloads of a namespace with these labels.
pub(super) fn select(derivation: &Derivation<'_>, namespace: &str, labels: &Labels) -> Vec<usize> {
    derivation.pods.select(derivation.workloads, namespace, &Selector::labelled(labels))
}

/// The ports of a workload that have a name.
fn named(workload: &Workload<'_>, name: &str, protocol: Protocol) -> impl Iterator<Item = ConnectionSet> {
    let ports = workload.ports().filter(move |port| port.name == Some(name) && port.protocol == protocol.name());
    ports.filter_map(move |port| Some(ConnectionSet::port(protocol, u16::try_from(port.number?).ok()?)))
}
