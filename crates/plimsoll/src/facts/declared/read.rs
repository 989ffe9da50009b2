//! Reading declarations: strictly, every mistake at its line, what is right is kept.
//!
//! A declaration stands in the values of a release under `connections`, of the release's own chart or of a
//! subchart, with the roles of its environment under `global.connections`; or in `plimsoll.yaml`. A map called
//! `connections` that has none of a declaration's keys is somebody else's and is left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::parts;
use super::{Connection, Connections, Depth, Peer, Pods, Port, Ports, Service};
use crate::facts::network::Protocol;
use crate::facts::selector::Labels;
use crate::nearest::suggest;
use crate::workspace::decode::{Decoder, Fields, Text};
use crate::yaml::{Mark, Node};

/// The labels that the pods of a service are found by where it says no others.
const NAME_LABEL: &str = "app.kubernetes.io/name";
const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// What makes a map called `connections` a declaration.
const KEYS: [&str; 4] = ["exposes", "callers", "calls", "components"];

/// Whose declaration is read.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The release, which its service is called after; `None` in `plimsoll.yaml`.
    pub(crate) release: Option<&'a str>,
    /// The namespace of its pods.
    pub(crate) namespace: &'a str,
}

/// Reads what the values of one chart declare; nothing where they declare nothing.
pub(crate) fn of_values(d: &mut Decoder<'_>, values: &Node, scope: Scope<'_>) -> Option<Connections> {
    let own = values.as_map()?.entry("connections")?;
    of_parts(d, (&own.value, own.mark), values.at(&["global", "connections"]), scope)
}

/// Reads a declaration and what its environment shares, as a template passes them.
pub(super) fn of_parts(
    d: &mut Decoder<'_>,
    (own, mark): (&Node, Mark),
    global: Option<&Node>,
    scope: Scope<'_>,
) -> Option<Connections> {
    if !KEYS.iter().any(|key| own.get(key).is_some()) {
        return None;
    }
    let shared = global.filter(|node| !node.is_null()).map(|node| parts::shared(d, node)).unwrap_or_default();
    let mut fields = d.fields(own, "`connections`")?;
    let name = fields.get("service").and_then(|node| d.text(node, "`service`")).map(|name| name.value);
    let name = name.unwrap_or_else(|| scope.release.unwrap_or_default().into());
    let context = Context { roles: Some(&shared.roles), namespaces: &shared.namespaces, scope };
    let components = fields.get("components");
    let mut services = vec![context.service(d, &mut fields, &name, mark)];
    d.finish(fields);
    for entry in d.entries(components, "`components`") {
        if entry.value.is_null() {
            continue;
        }
        let name: Arc<str> = format!("{name}-{}", entry.key).into();
        if let Some(mut fields) = d.fields(&entry.value, "a component") {
            services.push(context.service(d, &mut fields, &name, entry.mark));
            d.finish(fields);
        }
    }
    Some(Connections { services, roles: shared.roles })
}

/// Reads the services and roles of one entry of `connections` in `plimsoll.yaml`.
///
/// Whether the roles they name exist depends on the environment, and is not looked at here.
pub(crate) fn of_workspace(d: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Connections {
    let mut roles = BTreeMap::new();
    for entry in d.entries(fields.get("roles"), "`roles`") {
        roles.extend(parts::role(d, entry).map(|role| (entry.key.clone(), role)));
    }
    let none = BTreeMap::new();
    let services = d.list(fields.get("services"), "`services`", |d, node| {
        let mut fields = d.fields(node, "a service")?;
        let name = d.required(&mut fields, "service").and_then(|node| d.text(node, "`service`"));
        let namespace = fields.get("namespace").and_then(|node| d.text(node, "`namespace`"));
        let namespace = namespace.map_or_else(|| "default".into(), |namespace| namespace.value);
        let scope = Scope { release: None, namespace: &namespace };
        let context = Context { roles: None, namespaces: &none, scope };
        let at = name.as_ref().map_or(fields.mark, |name| name.mark);
        let name_or_none = name.map(|name| name.value).unwrap_or_default();
        let service = context.service(d, &mut fields, &name_or_none, at);
        d.finish(fields);
        Some(service).filter(|service| !service.name.is_empty())
    });
    Connections { services, roles }
}

/// Reads a port that a service exposes: one, since it has a name.
fn exposed(d: &mut Decoder<'_>, node: &Node) -> Option<Ports> {
    let ports = parts::ports(d, node)?;
    if ports.first != ports.last {
        d.fail(node.mark, "a port that is exposed by name is a single one", "give each port a name of its own");
        return None;
    }
    Some(ports)
}

/// What the reading of a service depends on.
struct Context<'a> {
    /// The roles there are, where they are known.
    roles: Option<&'a BTreeMap<Arc<str>, super::Role>>,
    /// What namespaces are called in this environment.
    namespaces: &'a BTreeMap<Arc<str>, Arc<str>>,
    scope: Scope<'a>,
}

/// Which end of a service's connections is being read.
#[derive(Clone, Copy)]
enum End<'a> {
    /// `callers`, to the ports the service exposes.
    Caller(&'a BTreeMap<Arc<str>, Ports>),
    /// `calls`.
    Call,
}

impl End<'_> {
    fn what(self) -> &'static str {
        match self {
            Self::Caller(_) => "a caller",
            Self::Call => "a call",
        }
    }
}

impl Context<'_> {
    /// Reads a service; where it does not say the labels of its pods, they follow from its name.
    fn service(&self, d: &mut Decoder<'_>, fields: &mut Fields<'_>, name: &Arc<str>, mark: Mark) -> Service {
        let usual = |release| -> Labels { [(NAME_LABEL, &**name), (INSTANCE_LABEL, release)].into_iter().collect() };
        let labels = parts::labels(d, fields.get("labels"), "`labels`").or(self.scope.release.map(usual));
        let exposes = d.entries(fields.get("exposes"), "`exposes`").iter().filter(|entry| !entry.value.is_null());
        let exposes: BTreeMap<_, _> =
            exposes.filter_map(|entry| Some((entry.key.clone(), exposed(d, &entry.value)?))).collect();
        let callers =
            d.list(fields.get("callers"), "`callers`", |d, node| self.connection(d, node, End::Caller(&exposes)));
        let calls = d.list(fields.get("calls"), "`calls`", |d, node| self.connection(d, node, End::Call));
        let depth = fields
            .get("depth")
            .and_then(|node| Some(Depth { connections: d.count(node, "`depth`")?, location: (d.place)(node.mark) }));
        Service {
            namespace: self.scope.namespace.into(),
            name: name.clone(),
            pods: labels.map_or(Pods::Named, Pods::Labelled),
            exposes,
            callers,
            calls,
            depth,
            location: (d.place)(mark),
        }
    }

    fn connection(&self, d: &mut Decoder<'_>, node: &Node, end: End<'_>) -> Option<Connection> {
        let what = end.what();
        let mut fields = d.fields(node, what)?;
        let peer = match (fields.get("service"), fields.get("role"), fields.get("cidr")) {
            (Some(node), None, None) => {
                d.text(node, "`service`").and_then(|service| self.peer_service(d, &mut fields, &service))
            }
            (None, Some(node), None) => d.text(node, "`role`").and_then(|role| self.peer_role(d, &role)),
            (None, None, Some(node)) => {
                let except = fields.get("except");
                parts::block(d, node, except).map(Peer::Block)
            }
            _ => {
                let help = "write exactly one of them: `{service: orders, port: 8080}`";
                d.fail(node.mark, format!("{what} needs one of `service`, `role` and `cidr`"), help);
                None
            }
        };
        let port = self.port(d, &mut fields, peer.as_ref(), end);
        d.finish(fields);
        Some(Connection { peer: peer?, port: port?, location: (d.place)(node.mark) })
    }

    fn peer_service(&self, d: &mut Decoder<'_>, fields: &mut Fields<'_>, service: &Text) -> Option<Peer> {
        let namespace = fields.get("namespace").map(|node| d.text(node, "`namespace`"));
        let labels = parts::labels(d, fields.get("labels"), "`labels`");
        let namespace = match namespace {
            Some(said) => {
                let said = said?.value;
                self.namespaces.get(&said).cloned().unwrap_or(said)
            }
            None => self.scope.namespace.into(),
        };
        let usual = || [(NAME_LABEL, &*service.value)].into_iter().collect();
        Some(Peer::Service { namespace, labels: labels.unwrap_or_else(usual), name: service.value.clone() })
    }

    fn peer_role(&self, d: &mut Decoder<'_>, role: &Text) -> Option<Peer> {
        if let Some(roles) = self.roles.filter(|roles| !roles.contains_key(&role.value)) {
            let help = suggest(role, roles.keys().map(|name| &**name));
            d.fail(role.mark, format!("there is no role `{}` in this environment", role.value), help);
            return None;
        }
        Some(Peer::Role(role.value.clone()))
    }

    fn port(&self, d: &mut Decoder<'_>, fields: &mut Fields<'_>, peer: Option<&Peer>, end: End<'_>) -> Option<Port> {
        let Some(node) = fields.get("port") else {
            let bound = match (peer, end) {
                (Some(Peer::Role(role)), End::Call) => {
                    self.roles.is_none_or(|roles| roles.get(role).is_none_or(|role| !role.ports.is_empty()))
                }
                (peer, _) => peer.is_none(),
            };
            if !bound {
                let help = "only a call of a role that binds `ports` can do without";
                d.fail(fields.mark, format!("{} needs `port`", end.what()), help);
            }
            return bound.then_some(Port::OfRole);
        };
        let Some(name) = node.as_str() else { return parts::port_and_end(d, fields, node).map(Port::Number) };
        match end {
            End::Caller(exposes) if !exposes.is_empty() && !exposes.contains_key(name) => {
                let help = suggest(name, exposes.keys().map(|name| &**name));
                d.fail(node.mark, format!("the service exposes no port `{name}`"), help);
                None
            }
            End::Caller(exposes) => {
                let protocol = exposes.get(name).map_or(Protocol::Tcp, |ports| ports.protocol);
                d.text(node, "`port`").map(|text| Port::Named(text.value, protocol))
            }
            End::Call => {
                let protocol = parts::protocol(d, fields)?;
                d.text(node, "`port`").map(|text| Port::Named(text.value, protocol))
            }
        }
    }
}
