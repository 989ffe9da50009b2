//! Reading declarations: what is kept, and every mistake at its line.

use crate::facts::declared::{Connections, Peer, Pods, Port, Ports, Scope, of_values, policies};
use crate::facts::network::Protocol;
use crate::problems::Problems;
use crate::workspace::decode::{self, Decoder};
use crate::yaml::{Node, parse};
use crate::{Error, ErrorKind};

const ROLES: &str = "global:\n  connections:\n    roles:\n      dns: {namespace: kube-system, labels: {k8s-app: kube-dns}, \
                     ports: [{port: 53, protocol: UDP}], calledByAll: true}\n      kubernetes: {cidr: 10.0.0.0/28, ports: [6443]}\n\
                     \x20     ingress: {namespace: ingress}\n";

fn node(text: &str) -> Node {
    parse(text, 0).unwrap().node
}

fn read(text: &str) -> (Option<Connections>, Vec<Error>) {
    let file = "values.yaml".into();
    let mut problems = Problems::default();
    let place = |mark| Some(decode::location(&file, mark));
    let mut decoder = Decoder { place: &place, kind: ErrorKind::Values, problems: &mut problems };
    let found = of_values(&mut decoder, &node(text), Scope { release: Some("cart"), namespace: "shop" });
    (found, problems.finish().0)
}

#[test]
fn everything_is_read_with_its_place() {
    let text = format!(
        "connections:\n  exposes: {{http: 8080, query: {{port: 5300, protocol: UDP}}}}\n  callers:\n    - {{role: ingress, port: http}}\n\
         \x20 calls:\n    - {{service: orders, namespace: orders, port: 8080}}\n    - {{role: kubernetes}}\n\
         \x20   - {{cidr: 203.0.113.0/24, except: [203.0.113.8/29], port: 443, endPort: 445, protocol: SCTP}}\n\
         \x20 components:\n    cache: {{exposes: {{redis: 6379}}, depth: 3, callers: [{{service: cart, port: redis}}]}}\n{ROLES}\
         \x20   namespaces: {{orders: orders-stg}}\n"
    );
    let (found, errors) = read(&text);
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let found = found.unwrap();
    let [cart, cache] = found.services.as_slice() else { panic!("{found:?}") };
    assert_eq!((&*cart.name, &*cache.name, &*cache.namespace), ("cart", "cart-cache", "shop"));
    let Pods::Labelled(labels) = &cache.pods else { panic!("{cache:?}") };
    let labels: Vec<_> = labels.iter().collect();
    assert_eq!(labels, [("app.kubernetes.io/instance", "cart"), ("app.kubernetes.io/name", "cart-cache")]);
    assert_eq!(cart.exposes["query"], Ports { protocol: Protocol::Udp, first: 5300, last: 5300 });
    assert_eq!(cache.depth.as_ref().unwrap().connections, 3);
    let Peer::Service { namespace, .. } = &cart.calls[0].peer else { panic!("{cart:?}") };
    assert_eq!(&**namespace, "orders-stg", "what a namespace is called here");
    assert_eq!(cart.calls[1].port, Port::OfRole);
    assert_eq!(cart.calls[2].port, Port::Number(Ports { protocol: Protocol::Sctp, first: 443, last: 445 }));
    assert_eq!(cart.calls[2].location.as_ref().unwrap().line, Some(8));
    assert_eq!(cart.all_calls(&found.roles).len(), 4, "name resolution is implied");
}

#[test]
fn what_is_called_connections_and_is_none_is_left_alone() {
    for text in
        ["connections: 100\n", "connections: {max: 100}\n", "connections: [a]\n", "other: 1\n", "connections:\n"]
    {
        assert_eq!(read(text), (None, Vec::new()), "{text}");
    }
}

#[test]
fn every_mistake_has_its_line_and_a_way_out() {
    for (entry, message, help) in [
        (
            "callers: [{role: ingres, port: http}]",
            "there is no role `ingres` in this environment",
            "did you mean `ingress`?",
        ),
        ("callers: [{service: gateway, port: htpp}]", "the service exposes no port `htpp`", "did you mean `http`?"),
        ("callers: [{service: gateway}]", "a caller needs `port`", "only a call"),
        ("calls: [{role: ingress}]", "a call needs `port`", "only a call"),
        ("calls: [{service: a, port: 0}]", "`port` is 0, not a number from 1 to 65535", "write the number"),
        ("calls: [{service: a, port: 70000}]", "`port` is 70000, not a number from 1 to 65535", "write the number"),
        ("calls: [{service: a, port: [1]}]", "`port` is a list, not a number from 1 to 65535", "write the number"),
        ("calls: [{service: a, port: 90, endPort: 80}]", "the ports from 90 to 80 are none", "`endPort` is not below"),
        ("calls: [{service: a, port: 80, protocol: HTTP}]", "`HTTP` is no protocol", "there is `TCP`"),
        (
            "calls: [{service: a, role: dns, port: 80}]",
            "a call needs one of `service`, `role` and `cidr`",
            "exactly one",
        ),
        ("calls: [{port: 80}]", "a call needs one of `service`, `role` and `cidr`", "exactly one"),
        ("calls: [{servise: a, port: 80}]", "a call has no key `servise`", "did you mean `service`?"),
        ("calls: [{role: dns, namespace: x}]", "a call has no key `namespace`", "there is"),
        ("calls: [{cidr: 10.0.0.0/33, port: 80}]", "`10.0.0.0/33` is no block of addresses", "write `10.0.0.0/8`"),
        (
            "calls: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16], port: 80}]",
            "`11.0.0.0/16` does not lie in the block",
            "part of its block",
        ),
        ("calls: {service: a}", "`calls` is a map, not a list", "write a list here"),
        ("calls: [a]", "a call is a string, not a map", "write a map here"),
        ("callers: [{service: 7, port: http}]", "`service` is an integer, not text", "put it in quotes"),
        ("depth: deep", "`depth` is a string, not a whole number from 0", "write a whole number"),
        ("labels: {app: 1}", "a label is an integer, not text", "put it in quotes"),
        ("components: {cache: {expose: {}}}", "a component has no key `expose`", "did you mean `exposes`?"),
        ("call: []", "`connections` has no key `call`", "did you mean `calls`?"),
    ] {
        let (_, errors) = read(&format!("connections:\n  exposes: {{http: 8080}}\n  {entry}\n{ROLES}"));
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let found = errors.iter().find(|error| error.message().starts_with(message));
        let found = found.unwrap_or_else(|| panic!("{entry}: {shown:?}"));
        assert_eq!(found.location().and_then(|location| location.line), Some(3), "{entry}");
        assert!(found.help().unwrap_or_default().contains(help), "{entry}: {:?}", found.help());
    }
}

#[test]
fn mistakes_of_roles_have_theirs() {
    for (role, message) in [
        ("{}", "the role `x` stands for nothing"),
        ("{namespace: a, calledByAll: true}", "the role `x` is called by all, on no port"),
        ("{cidr: [10.0.0.0/8, nowhere]}", "`nowhere` is no block of addresses"),
        ("{cidr: 10.0.0.0/8, except: [192.168.0.0/16]}", "`192.168.0.0/16` does not lie in the block"),
        ("{namespace: a, ports: [{port: 99999}]}", "`port` is 99999, not a number from 1 to 65535"),
        ("{namespace: a, calledByAll: sometimes}", "`calledByAll` is a string, not true or false"),
        ("7", "a role is an integer, not a map"),
    ] {
        let (found, errors) = read(&format!(
            "connections: {{exposes: {{http: 8080}}}}\nglobal:\n  connections:\n    roles:\n      x: {role}\n"
        ));
        assert!(found.is_some());
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.len() == 1 && errors[0].message().starts_with(message), "{role}: {shown:?}");
        assert_eq!(errors[0].location().and_then(|location| location.line), Some(5), "{role}");
    }
    let removed = "connections: {exposes: {http: 1}}\nglobal: {connections: {roles: {x: null}}}\n";
    assert_eq!(read(removed).1, Vec::new(), "a layer takes a role away");
}

#[test]
fn what_cannot_be_read_admits_nothing() {
    let own = node(
        "{exposes: {http: 8080}, callers: [{role: nobody, port: http}, {service: a, port: http}], calls: [{cidr: x, port: 1}]}",
    );
    let generated = policies(&own, &Node::default(), "cart", "shop").to_json();
    assert_eq!(generated[0]["ingress"].as_array().map(Vec::len), Some(1));
    assert_eq!(generated[0]["egress"], serde_json::json!([]));
    for nothing in ["7", "[]", "{}", "null", "{callers: 7}", "{calls: [[[]]]}"] {
        policies(&node(nothing), &node(nothing), "", "");
    }
}
