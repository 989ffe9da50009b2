//! The law: what is generated from declarations lets through exactly what is declared.
//!
//! The oracle is written from the definition, over the random model itself: an edge is what the caller calls and
//! the callee lets in, and whoever declares nothing has no say.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ErrorKind;
use crate::facts::declared::{Scope, of_values, policies};
use crate::facts::network::{AddressRange, ConnectionSet, End, Network, PeerId, PortSet, Protocol};
use crate::facts::world::Declared;
use crate::facts::{Domain, Facts};
use crate::manifest::{Manifest, Resource, parse};
use crate::problems::Problems;
use crate::workspace::decode::Decoder;
use crate::yaml::Node;

/// Ports that services may expose, by name; every service that exposes one names its container's port so.
const EXPOSED: [(&str, Protocol, u16); 4] = [
    ("http", Protocol::Tcp, 8080),
    ("metrics", Protocol::Tcp, 9090),
    ("query", Protocol::Udp, 5300),
    ("admin", Protocol::Tcp, 7001),
];

/// Blocks that connections may name, and what is taken out of them.
const BLOCKS: [(&str, &[&str]); 4] = [
    ("203.0.113.0/24", &[]),
    ("0.0.0.0/0", &["10.0.0.0/8", "169.254.169.254/32"]),
    ("10.32.0.0/28", &["10.32.0.4/30"]),
    ("fd00::/8", &["fd00:1::/32"]),
];

/// Addresses at which what is admitted is compared.
const ADDRESSES: [&str; 8] =
    ["203.0.113.9", "10.32.0.1", "10.32.0.5", "169.254.169.254", "169.254.20.10", "8.8.8.8", "fd00::7", "fd00:1::1"];

#[derive(Debug, Clone)]
struct Service {
    namespace: usize,
    exposes: Vec<usize>,
    callers: Vec<Link>,
    calls: Vec<Link>,
}

#[derive(Debug, Clone)]
struct Link {
    peer: To,
    port: On,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum To {
    Service(usize),
    Role(usize),
    Block(usize),
}

#[derive(Debug, Clone, Copy)]
enum On {
    Name(usize),
    Number(u16, u16, Protocol),
    /// Those of the role.
    Role,
}

/// Roles: pods, addresses, both with ports and called by all, pods that call a port of everyone.
const ROLES: [&str; 4] = ["ingress", "kubernetes", "dns", "prometheus"];

fn roles() -> Value {
    json!({
        "ingress": {"namespace": "infra", "labels": {"role": "ingress"}},
        "kubernetes": {"cidr": ["10.32.0.0/28"], "except": ["10.32.0.4/30"], "ports": [6443]},
        "dns": {"namespaceLabels": {"kubernetes.io/metadata.name": "infra"}, "labels": {"role": "dns"},
                "cidr": "169.254.20.10/32", "ports": [{"port": 53, "protocol": "UDP"}, 53], "calledByAll": true},
        "prometheus": {"namespace": "infra", "labels": {"role": "prometheus"}, "callsPort": "metrics"},
    })
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)]
}

fn link(services: usize, exposes: Option<&[usize]>) -> impl Strategy<Value = Link> + use<> {
    let peer = prop_oneof![
        4 => (0..services).prop_map(To::Service),
        1 => (0..ROLES.len()).prop_map(To::Role),
        1 => (0..BLOCKS.len()).prop_map(To::Block),
    ];
    let number = prop_oneof![Just((8080_u16, 8080_u16)), Just((9090, 9090)), Just((7000, 7010)), Just((1, 65535))];
    let number = (number, protocol()).prop_map(|((first, last), protocol)| On::Number(first, last, protocol));
    // A caller names a port that the service exposes; a call names whatever the callee may call it.
    let names = exposes.map_or_else(|| (0..EXPOSED.len()).collect(), <[usize]>::to_vec);
    let port = if names.is_empty() {
        number.boxed()
    } else {
        prop_oneof![3 => proptest::sample::select(names).prop_map(On::Name), 1 => number].boxed()
    };
    let is_call = exposes.is_none();
    (peer, port, any::<bool>()).prop_map(move |(peer, port, of_role)| {
        // Only these two roles bind ports.
        let bound = is_call && of_role && matches!(peer, To::Role(1 | 2));
        Link { peer, port: if bound { On::Role } else { port } }
    })
}

fn service(services: usize) -> impl Strategy<Value = Service> {
    let exposes = proptest::sample::subsequence((0..EXPOSED.len()).collect::<Vec<_>>(), 0..=EXPOSED.len());
    (0..2_usize, exposes).prop_flat_map(move |(namespace, exposes)| {
        let callers = proptest::collection::vec(link(services, Some(&exposes)), 0..4);
        let calls = proptest::collection::vec(link(services, None), 0..4);
        (callers, calls).prop_map(move |(callers, calls)| Service {
            namespace,
            exposes: exposes.clone(),
            callers,
            calls,
        })
    })
}

fn model() -> impl Strategy<Value = Vec<Service>> {
    (1..5_usize).prop_flat_map(|count| proptest::collection::vec(service(count), count))
}

fn name(at: usize) -> String {
    format!("s{at}")
}

/// The values of a service's release.
fn values(model: &[Service], at: usize) -> Value {
    let service = &model[at];
    let exposes: serde_json::Map<String, Value> = service
        .exposes
        .iter()
        .map(|port| {
            let (name, protocol, number) = EXPOSED[*port];
            (name.to_owned(), json!({"port": number, "protocol": protocol.name()}))
        })
        .collect();
    let link = |link: &Link| {
        let mut value = match link.peer {
            To::Service(to) => json!({"service": name(to), "namespace": format!("n{}", model[to].namespace)}),
            To::Role(role) => json!({"role": ROLES[role]}),
            To::Block(block) => json!({"cidr": BLOCKS[block].0, "except": BLOCKS[block].1}),
        };
        match link.port {
            On::Name(port) => {
                value["port"] = EXPOSED[port].0.into();
                if EXPOSED[port].1 != Protocol::Tcp {
                    value["protocol"] = EXPOSED[port].1.name().into();
                }
            }
            On::Number(first, last, protocol) => {
                value["port"] = first.into();
                value["endPort"] = last.into();
                value["protocol"] = protocol.name().into();
            }
            On::Role => {}
        }
        value
    };
    let caller = |of: &Link| {
        let mut value = link(of);
        if matches!(of.port, On::Name(_)) {
            // The service knows the protocol of its own port.
            value.as_object_mut().map(|value| value.remove("protocol"));
        }
        value
    };
    json!({
        "connections": {
            "exposes": exposes,
            "callers": service.callers.iter().map(caller).collect::<Vec<_>>(),
            "calls": service.calls.iter().map(link).collect::<Vec<_>>(),
        },
        "global": {"connections": {"roles": roles()}},
    })
}

fn deployment(namespace: &str, name: &str, labels: &Value, ports: &[usize]) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|port| {
            let (name, protocol, number) = EXPOSED[*port];
            json!({"name": name, "containerPort": number, "protocol": protocol.name()})
        })
        .collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "main", "image": "registry.example/x:1", "ports": ports}]}}},
    })
}

/// Everything of the model as objects: services with their generated policies, pods of roles, and strangers.
fn objects(model: &[Service]) -> Vec<Value> {
    let mut objects = vec![
        deployment("n0", "stranger", &json!({"app": "stranger"}), &[0, 1]),
        deployment("n1", "stranger", &json!({"app": "stranger"}), &[0, 1]),
    ];
    for role in ["ingress", "dns", "prometheus"] {
        objects.push(deployment("infra", role, &json!({"role": role}), &[]));
    }
    for (at, service) in model.iter().enumerate() {
        let (namespace, name) = (format!("n{}", service.namespace), name(at));
        let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name});
        objects.push(deployment(&namespace, &name, &labels, &service.exposes));
        let values = values(model, at);
        let (own, shared) =
            (Node::from_json(&values["connections"]), Node::from_json(&values["global"]["connections"]));
        for policy in policies(&own, &shared, &name, &namespace).items() {
            let policy = policy.to_json();
            objects.push(json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": policy["name"], "namespace": namespace},
                "spec": {"podSelector": policy["podSelector"], "policyTypes": ["Ingress", "Egress"],
                         "ingress": policy["ingress"], "egress": policy["egress"]},
            }));
        }
    }
    objects
}

fn resources(objects: &[Value]) -> Vec<Resource> {
    let mut text = String::new();
    for object in objects {
        let _ = writeln!(text, "---\n{object}");
    }
    parse(&[Arc::new(Manifest { text: text.into(), ..Manifest::default() })]).remove(0).resources
}

fn declared(model: &[Service]) -> Declared {
    let mut declared = Declared::default();
    for (at, service) in model.iter().enumerate() {
        let mut problems = Problems::default();
        let mut decoder = Decoder { place: &|_| None, kind: ErrorKind::Values, problems: &mut problems };
        let (release, namespace) = (name(at), format!("n{}", service.namespace));
        let scope = Scope { release: Some(&release), namespace: &namespace };
        declared.connections.extend(of_values(&mut decoder, &Node::from_json(&values(model, at)), scope));
        assert_eq!(problems.finish().0.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    }
    declared
}

/// A workload of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Service(usize),
    Role(usize),
    Stranger(usize),
}

/// The ports of a link to a callee; `None` for a callee that is no service.
fn ports(model: &[Service], link: &Link, callee: Option<usize>) -> ConnectionSet {
    match link.port {
        On::Number(first, last, protocol) => ConnectionSet::of(protocol, PortSet::range(first, last)),
        On::Name(port) => match callee {
            Some(callee) if model[callee].exposes.contains(&port) => {
                ConnectionSet::port(EXPOSED[port].1, EXPOSED[port].2)
            }
            _ => ConnectionSet::none(),
        },
        On::Role => match link.peer {
            To::Role(1) => ConnectionSet::port(Protocol::Tcp, 6443),
            _ => dns(),
        },
    }
}

fn dns() -> ConnectionSet {
    ConnectionSet::port(Protocol::Udp, 53).union(&ConnectionSet::port(Protocol::Tcp, 53))
}

fn is(to: To, who: Who) -> bool {
    match (to, who) {
        (To::Service(to), Who::Service(who)) | (To::Role(to), Who::Role(who)) => to == who,
        _ => false,
    }
}

fn sum(sets: impl Iterator<Item = ConnectionSet>) -> ConnectionSet {
    sets.fold(ConnectionSet::none(), |sum, set| sum.union(&set))
}

/// What is declared from one workload to another.
fn edge(model: &[Service], source: Who, destination: Who) -> ConnectionSet {
    let called = match source {
        Who::Service(at) => {
            // Strangers and roles have no names for ports that services know.
            let callee = if let Who::Service(callee) = destination { Some(callee) } else { None };
            let links = model[at].calls.iter().filter(|link| is(link.peer, destination));
            let said = sum(links.map(|link| ports(model, link, callee)));
            if destination == Who::Role(2) { said.union(&dns()) } else { said }
        }
        _ => ConnectionSet::all(),
    };
    let admitted = match destination {
        Who::Service(at) => {
            let links = model[at].callers.iter().filter(|link| is(link.peer, source));
            let admitted = sum(links.map(|link| ports(model, link, Some(at))));
            let scraped = source == Who::Role(3) && model[at].exposes.contains(&1);
            if scraped { admitted.union(&ConnectionSet::port(Protocol::Tcp, 9090)) } else { admitted }
        }
        _ => ConnectionSet::all(),
    };
    called.intersection(&admitted)
}

fn in_block(to: To, address: &AddressRange) -> bool {
    let covers = |block: &str| AddressRange::parse_block(block).unwrap().covers(address);
    let (whole, except): (&str, &[&str]) = match to {
        To::Block(block) => BLOCKS[block],
        To::Role(1) => ("10.32.0.0/28", &["10.32.0.4/30"]),
        To::Role(2) => ("169.254.20.10/32", &[]),
        _ => return false,
    };
    covers(whole) && !except.iter().any(|block| covers(block))
}

fn peer(network: &Network<'_>, who: Who, model: &[Service]) -> PeerId {
    let title = match who {
        Who::Service(at) => format!("n{}/{}", model[at].namespace, name(at)),
        Who::Role(role) => format!("infra/{}", ROLES[role]),
        Who::Stranger(namespace) => format!("n{namespace}/stranger"),
    };
    network.find(&title)[0]
}

fn compare(model: &[Service]) -> Result<(), TestCaseError> {
    let (resources, declared) = (resources(&objects(model)), declared(model));
    let facts = Facts::derive(&resources, &declared, &[Domain::Network].into());
    let network = facts.network.as_ref().unwrap();
    let services = (0..model.len()).map(Who::Service);
    let all: Vec<Who> = services.chain([0, 2, 3].map(Who::Role)).chain([0, 1].map(Who::Stranger)).collect();
    for source in all.iter().copied() {
        for destination in all.iter().copied() {
            let neither = !matches!((source, destination), (Who::Service(_), _) | (_, Who::Service(_)));
            if source == destination || neither {
                continue;
            }
            let ends = (peer(network, source, model), peer(network, destination, model));
            let admitted = network.reach(End::Peer(ends.0), End::Peer(ends.1)).ports;
            prop_assert_eq!(admitted, edge(model, source, destination), "{:?} to {:?}", source, destination);
        }
    }
    for (at, service) in model.iter().enumerate() {
        let own = End::Peer(peer(network, Who::Service(at), model));
        for text in ADDRESSES {
            let address = AddressRange::parse(text).unwrap();
            let calls = service.calls.iter().filter(|link| in_block(link.peer, &address));
            let mut called = sum(calls.map(|link| ports(model, link, None)));
            if in_block(To::Role(2), &address) {
                called = called.union(&dns());
            }
            prop_assert_eq!(network.reach(own, End::Addresses(address)).ports, called, "s{} to {}", at, text);
            let callers = service.callers.iter().filter(|link| in_block(link.peer, &address));
            let admitted = sum(callers.map(|link| ports(model, link, Some(at))));
            prop_assert_eq!(network.reach(End::Addresses(address), own).ports, admitted, "{} to s{}", text, at);
        }
    }
    // And so the comparison finds nothing to say about any resource.
    for at in 0..resources.len() {
        let found = facts.of(at).declared.clone().unwrap_or_default();
        prop_assert!(found.undeclared.is_empty() && found.blocked.is_empty(), "{:?}", found);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn what_is_generated_lets_through_what_is_declared(model in model()) {
        compare(&model)?;
    }
}

#[test]
fn a_rule_that_is_left_out_or_added_is_noticed() {
    let link = |peer, port| Link { peer, port };
    let model = [
        Service { namespace: 0, exposes: vec![], callers: vec![], calls: vec![link(To::Service(1), On::Name(0))] },
        Service { namespace: 1, exposes: vec![0], callers: vec![link(To::Service(0), On::Name(0))], calls: vec![] },
    ];
    let found = |change: &dyn Fn(&mut Value)| -> (usize, usize) {
        let mut objects = objects(&model);
        objects.iter_mut().filter(|object| object["kind"] == "NetworkPolicy").for_each(change);
        let (resources, declared) = (resources(&objects), declared(&model));
        let facts = Facts::derive(&resources, &declared, &[Domain::Network].into());
        let all = (0..resources.len()).filter_map(|at| facts.of(at).declared.clone());
        all.fold((0, 0), |sum, one| (sum.0 + one.undeclared.len(), sum.1 + one.blocked.len()))
    };
    assert_eq!(found(&|_| {}), (0, 0));
    assert_eq!(found(&|policy| policy["spec"]["ingress"] = json!([])), (0, 1));
    assert_eq!(found(&|policy| policy["spec"]["ingress"] = json!([{}])), (1 + 1, 0), "both services are open to all");
    assert_eq!(found(&|policy| policy["spec"]["policyTypes"] = json!(["Egress"])), (2, 0));
}
