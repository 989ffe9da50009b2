//! Gateway API: which routes hang on a gateway, and what they open.
//!
//! Gateway API reference, `ParentReference` and `Listener.allowedRoutes`. A gateway that is not rendered may
//! accept anything, and so does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Gatherer, Through, Wanted};
use crate::facts::namespace::Namespace;
use crate::facts::network::policy::{list, member};
use crate::facts::network::ports::Protocol;
use crate::facts::selector::Selector;
use crate::manifest::Resource;
use crate::yaml::Node;

const GROUP: &str = "gateway.networking.k8s.io";

/// The kinds of routes, with the protocol that their backends speak.
const ROUTES: [(&str, Protocol); 5] = [
    ("HTTPRoute", Protocol::Tcp),
    ("GRPCRoute", Protocol::Tcp),
    ("TLSRoute", Protocol::Tcp),
    ("TCPRoute", Protocol::Tcp),
    ("UDPRoute", Protocol::Udp),
];

type Namespaces = BTreeMap<Arc<str>, Namespace>;

impl Gatherer<'_, '_> {
    pub(super) fn gateway_routes(&mut self, namespaces: &Namespaces) {
        for (kind, protocol) in ROUTES {
            for (at, route) in self.world.of_kind(GROUP, kind) {
                if self.is_attached(route, kind, namespaces) {
                    self.gateway_route(at, route, protocol);
                }
            }
        }
    }

    fn gateway_route(&mut self, at: usize, route: &Resource, protocol: Protocol) {
        let rules = route.node().at(&["spec", "rules"]).map(Node::items).unwrap_or_default();
        for rule in rules {
            let mirrored =
                list(rule, "filters").iter().filter_map(|filter| filter.at(&["requestMirror", "backendRef"]));
            for backend in list(rule, "backendRefs").iter().chain(mirrored) {
                let is = |key: &str, wanted: &str| backend.str_at(&[key]).is_none_or(|value| value == wanted);
                if !is("kind", "Service") || !is("group", "") || super::is_idle(backend) {
                    continue;
                }
                let namespace = backend.str_at(&["namespace"]).unwrap_or_else(|| route.namespace());
                let wanted = backend.get("port").and_then(Node::as_int).map_or(Wanted::All, Wanted::Number);
                let mut services = self.world.in_namespace("", "Service", namespace);
                let service = services.find(|(_, service)| Some(&*service.id.name) == backend.str_at(&["name"]));
                if let Some((service, _)) = service {
                    self.open(Through::Gateway, at, service, &wanted, Some(protocol));
                }
            }
        }
    }

    /// Whether any gateway takes the route; a route of a mesh, whose parents are Services, opens nothing.
    fn is_attached(&self, route: &Resource, kind: &str, namespaces: &Namespaces) -> bool {
        let parents = route.node().at(&["spec", "parentRefs"]).map(Node::items).unwrap_or_default();
        parents.iter().any(|parent| {
            if parent.str_at(&["kind"]).is_some_and(|kind| kind != "Gateway") {
                return false;
            }
            let namespace = parent.str_at(&["namespace"]).unwrap_or_else(|| route.namespace());
            let mut gateways = self.world.in_namespace(GROUP, "Gateway", namespace);
            let gateway = gateways.find(|(_, gateway)| Some(&*gateway.id.name) == parent.str_at(&["name"]));
            let Some((_, gateway)) = gateway else { return true };
            let listeners = gateway.node().at(&["spec", "listeners"]).map(Node::items).unwrap_or_default();
            listeners
                .iter()
                .any(|listener| is_named(parent, listener) && takes(listener, kind, route, gateway, namespaces))
        })
    }
}

/// Whether a parent reference means this listener.
fn is_named(parent: &Node, listener: &Node) -> bool {
    let section = parent.str_at(&["sectionName"]);
    let port = parent.get("port").and_then(Node::as_int);
    section.is_none_or(|section| listener.str_at(&["name"]) == Some(section))
        && port.is_none_or(|port| listener.get("port").and_then(Node::as_int) == Some(port))
}

/// Whether a listener takes routes of a kind from a namespace; its own namespace where it says nothing.
fn takes(listener: &Node, kind: &str, route: &Resource, gateway: &Resource, namespaces: &Namespaces) -> bool {
    let allowed = member(listener, "allowedRoutes");
    let kinds = allowed.map(|allowed| list(allowed, "kinds")).unwrap_or_default();
    let of_kind = if kinds.is_empty() {
        match listener.str_at(&["protocol"]) {
            Some("HTTP" | "HTTPS") => matches!(kind, "HTTPRoute" | "GRPCRoute"),
            // What is passed through is still TLS, which only a TLSRoute takes apart (Listener.protocol).
            Some("TLS") => kind == "TLSRoute" || kind == "TCPRoute" && !passes_through(listener),
            Some("TCP") => kind == "TCPRoute",
            Some("UDP") => kind == "UDPRoute",
            _ => true,
        }
    } else {
        kinds.iter().any(|one| one.str_at(&["kind"]) == Some(kind))
    };
    let from = allowed.and_then(|allowed| member(allowed, "namespaces"));
    let of_namespace = match from.and_then(|from| from.str_at(&["from"])).unwrap_or("Same") {
        "All" => true,
        "Selector" => {
            let selector = from.and_then(|from| member(from, "selector"));
            let selector = selector.and_then(|selector| Selector::label_selector(selector).ok());
            let labels = namespaces.get(route.namespace()).map(|namespace| &namespace.labels);
            selector.zip(labels).is_some_and(|(selector, labels)| selector.matches(labels))
        }
        _ => route.namespace() == gateway.namespace(),
    };
    of_kind && of_namespace && shares_a_host(listener, kind, route)
}

fn passes_through(listener: &Node) -> bool {
    listener.at(&["tls", "mode"]).and_then(Node::as_str) == Some("Passthrough")
}

/// Whether some host is both the listener's and the route's (`HTTPRouteSpec.hostnames`); no name is every host.
fn shares_a_host(listener: &Node, kind: &str, route: &Resource) -> bool {
    let hosts = route.node().at(&["spec", "hostnames"]).map(Node::items).unwrap_or_default();
    let own = listener.str_at(&["hostname"]).filter(|host| !host.is_empty());
    let Some(own) = own.filter(|_| !hosts.is_empty() && !matches!(kind, "TCPRoute" | "UDPRoute")) else {
        return true;
    };
    hosts.iter().filter_map(Node::as_str).any(|host| meet(&own.to_lowercase(), &host.to_lowercase()))
}

/// Whether two hosts, of which either may begin with `*.` for one label or more, have a name in common.
fn meet(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (None, None) => one == other,
        (Some(end), None) => other.len() > end.len() && other.ends_with(end),
        (None, Some(end)) => one.len() > end.len() && one.ends_with(end),
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
    }
}
