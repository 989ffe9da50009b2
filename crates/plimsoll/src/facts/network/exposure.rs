//! What is opened to the outside: by Ingress, Gateway API routes, OpenShift Routes, and Services of type
//! LoadBalancer and NodePort.
//!
//! An object opens the ports of the pods behind its Services; what policies admit of that is
//! [`reach`](super::reach)'s. Gateways and their listeners are [`gateway`]'s.

mod gateway;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::pod::{PeerId, Pod, Pods};
use super::policy::{list, member};
use super::ports::{ConnectionSet, PortSet, Protocol};
use super::rule::Scope;
use super::selection::{Selection, Selections};
use crate::facts::namespace::NAME_LABEL;
use crate::facts::selector::{Labels, Selector};
use crate::facts::world::World;
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// The name of what Ingress, Gateway and Route objects send traffic through.
pub(super) const CONTROLLER: &str = "{ingress-controller}";

/// What kind of object opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Through {
    /// An Ingress.
    Ingress,
    /// An OpenShift Route.
    Route,
    /// A route of the Gateway API.
    Gateway,
    /// A Service of type LoadBalancer.
    LoadBalancer,
    /// A Service of type NodePort.
    NodePort,
}

impl Through {
    /// Whether traffic comes by way of a controller in the cluster.
    pub fn is_controller(self) -> bool {
        matches!(self, Self::Ingress | Self::Route | Self::Gateway)
    }
}

impl std::fmt::Display for Through {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ingress => "Ingress",
            Self::Route => "Route",
            Self::Gateway => "Gateway",
            Self::LoadBalancer => "LoadBalancer",
            Self::NodePort => "NodePort",
        })
    }
}

/// A workload's ports that an object opens to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The workload.
    pub peer: PeerId,
    /// How.
    pub through: Through,
    /// The object that opens them, as a position: the Ingress, the route, or the Service itself.
    pub resource: usize,
    /// The Service, as a position.
    pub service: usize,
    /// The pods' ports.
    pub ports: ConnectionSet,
}

/// A pod in a namespace of its own: all that is known of a controller that is not named.
///
/// So selectors admit it that take every namespace and every pod, or all but some.
pub(super) fn controller() -> Pod {
    let labels: Labels = [(NAME_LABEL, CONTROLLER)].into_iter().collect();
    Pod { namespace: CONTROLLER.into(), namespace_labels: Arc::new(labels), ..Pod::default() }
}

/// Which port of a Service an object names.
enum Wanted<'n> {
    /// Every port.
    All,
    /// The Service's own number.
    Number(i64),
    /// The Service port's name.
    Name(&'n str),
    /// The number of the pods' port.
    Target(i64),
}

/// Gathers exposures; several objects may open the same ports.
struct Gatherer<'w, 'a> {
    world: &'w World<'a>,
    pods: &'w Pods,
    selections: Selections<'w>,
    found: Vec<Exposure>,
}

pub(super) fn exposures<'w>(
    world: &'w World<'_>,
    pods: &'w Pods,
    namespaces: &'w BTreeMap<Arc<str>, crate::facts::namespace::Namespace>,
) -> Vec<Exposure> {
    let selections = Selections::new(&pods.groups, namespaces);
    let mut gatherer = Gatherer { world, pods, selections, found: Vec::new() };
    for group in ["networking.k8s.io", "extensions"] {
        for (at, ingress) in world.of_kind(group, "Ingress") {
            gatherer.ingress(at, ingress);
        }
    }
    for (at, route) in world.of_kind("route.openshift.io", "Route") {
        gatherer.route(at, route);
    }
    gatherer.gateway_routes(namespaces);
    for (at, service) in world.of_kind("", "Service") {
        let through = match service.node().str_at(&["spec", "type"]) {
            Some("LoadBalancer") => Through::LoadBalancer,
            Some("NodePort") => Through::NodePort,
            _ => continue,
        };
        gatherer.open(through, at, at, &Wanted::All, None);
    }
    let mut found = gatherer.found;
    found.sort_by_key(|exposure| (exposure.peer, exposure.through, exposure.resource, exposure.service));
    found.dedup_by(|next, before| {
        let same = (next.peer, next.resource, next.service) == (before.peer, before.resource, before.service);
        if same {
            before.ports = before.ports.union(&next.ports);
        }
        same
    });
    found
}

impl Gatherer<'_, '_> {
    /// `networking.k8s.io/v1`, and the flat shape of v1beta1.
    fn ingress(&mut self, at: usize, ingress: &Resource) {
        let Some(spec) = member(ingress.node(), "spec") else { return };
        let paths = list(spec, "rules").iter().filter_map(|rule| rule.at(&["http", "paths"])).flat_map(Node::items);
        let backends = paths.filter_map(|path| member(path, "backend"));
        let default = member(spec, "defaultBackend").or_else(|| member(spec, "backend"));
        for backend in default.into_iter().chain(backends) {
            let (name, wanted) = match member(backend, "service") {
                Some(service) => {
                    let port = member(service, "port");
                    let number = port.and_then(|port| port.get("number")?.as_int()).map(Wanted::Number);
                    let name = port.and_then(|port| port.str_at(&["name"])).map(Wanted::Name);
                    (service.str_at(&["name"]), number.or(name))
                }
                None => (backend.str_at(&["serviceName"]), member(backend, "servicePort").and_then(number_or_name)),
            };
            let (Some(name), Some(wanted)) = (name, wanted) else { continue };
            self.open_service(Through::Ingress, at, ingress.namespace(), name, &wanted);
        }
    }

    /// `spec.port.targetPort` is a port of the endpoints: the name of the Service's port, or the pods' number.
    fn route(&mut self, at: usize, route: &Resource) {
        let Some(spec) = member(route.node(), "spec") else { return };
        let wanted = match spec.at(&["port", "targetPort"]).map(|target| &target.data) {
            Some(Data::String(name)) => Wanted::Name(name),
            Some(Data::Int(number)) => Wanted::Target(*number),
            _ => Wanted::All,
        };
        let targets = member(spec, "to").into_iter().chain(list(spec, "alternateBackends"));
        let is_service = |target: &&Node| target.str_at(&["kind"]).is_none_or(|kind| kind == "Service");
        for target in targets.filter(is_service).filter(|target| !is_idle(target)) {
            if let Some(name) = target.str_at(&["name"]) {
                self.open_service(Through::Route, at, route.namespace(), name, &wanted);
            }
        }
    }

    fn open_service(&mut self, through: Through, at: usize, namespace: &str, name: &str, wanted: &Wanted<'_>) {
        let mut services = self.world.in_namespace("", "Service", namespace);
        if let Some((service, _)) = services.find(|(_, service)| *service.id.name == *name) {
            self.open(through, at, service, wanted, Some(Protocol::Tcp));
        }
    }

    /// Opens the ports of the pods behind a Service.
    fn open(&mut self, through: Through, at: usize, service: usize, wanted: &Wanted<'_>, only: Option<Protocol>) {
        let resource = &self.world.resources[service];
        let Some(spec) = member(resource.node(), "spec") else { return };
        // Such a Service is a name in DNS only, whatever it selects (`ServiceSpec.selector`).
        if spec.str_at(&["type"]) == Some("ExternalName") {
            return;
        }
        let Some(selector) = member(spec, "selector").filter(|selector| !selector.entries().is_empty()) else { return };
        let Ok(selector) = Selector::plain(selector) else { return };
        let namespace = resource.id.namespace.clone().unwrap_or_default();
        let selected = self.selections.select(&Scope::Own(namespace), &selector);
        let Selection::Some(groups) = &*selected else { return };
        for group in groups {
            let pod = &self.pods.groups[*group as usize];
            let ports = list(spec, "ports").iter().filter_map(|port| opened(port, pod, wanted));
            let ports = ports.fold(ConnectionSet::none(), |sum, ports| sum.union(&ports));
            let ports = match only {
                Some(protocol) => ConnectionSet::of(protocol, ports.ports(protocol).clone()),
                None => ports,
            };
            if ports.is_empty() {
                continue;
            }
            self.found.extend(self.pods.members[*group as usize].iter().map(|peer| Exposure {
                peer: PeerId(*peer),
                through,
                resource: at,
                service,
                ports: ports.clone(),
            }));
        }
    }
}

/// Whether a backend is sent nothing: a weight of zero (Gateway API `BackendRef.weight`, OpenShift
/// `RouteTargetReference.weight`).
fn is_idle(backend: &Node) -> bool {
    backend.get("weight").and_then(Node::as_int) == Some(0)
}

fn number_or_name(node: &Node) -> Option<Wanted<'_>> {
    match &node.data {
        Data::Int(number) => Some(Wanted::Number(*number)),
        Data::String(name) => Some(Wanted::Name(name)),
        _ => None,
    }
}

/// The pod's ports behind one port of a Service, if it is the one that is wanted.
fn opened(port: &Node, pod: &Pod, wanted: &Wanted<'_>) -> Option<ConnectionSet> {
    let protocol = Protocol::from_name(port.str_at(&["protocol"]).unwrap_or("TCP"))?;
    let number = |node: &Node| node.as_int().and_then(|number| u16::try_from(number).ok());
    let target = match member(port, "targetPort") {
        Some(Node { data: Data::String(name), .. }) => pod.named(name, Some(protocol)),
        target => ConnectionSet::port(protocol, number(target.or_else(|| member(port, "port"))?)?),
    };
    let is_wanted = match wanted {
        Wanted::All => true,
        Wanted::Number(wanted) => port.get("port").and_then(Node::as_int) == Some(*wanted),
        Wanted::Name(wanted) => port.str_at(&["name"]) == Some(*wanted),
        Wanted::Target(wanted) => {
            let wanted =
                u16::try_from(*wanted).map_or_else(|_| PortSet::none(), |wanted| PortSet::range(wanted, wanted));
            target.ports(protocol).intersection(&wanted) == *target.ports(protocol)
        }
    };
    is_wanted.then_some(target)
}
