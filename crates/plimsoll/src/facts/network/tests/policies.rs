//! NetworkPolicy.

use super::*;
use crate::facts::network::{AddressSet, HostNetwork};

/// Three pods of two namespaces, of which `shop/api` names its ports.
fn shop() -> String {
    pods(&[
        ("shop/web", &[]),
        ("shop/api", &["http:8080", "dns:53:UDP", "metrics:8080:UDP"]),
        ("data/db", &["pg:5432"]),
    ])
}

/// What reaches `shop/api` where this is its policy.
fn to_api(spec: &str, from: &str) -> String {
    reach(&format!("{}{}", shop(), policy("p", "shop", spec)), from, "shop/api")
}

#[test]
fn without_any_policy_everything_is_admitted() {
    assert_eq!(reach(&shop(), "shop/web", "data/db"), "All Connections");
    assert_eq!(reach(&shop(), "1.2.3.4", "data/db"), "All Connections");
    assert_eq!(reach(&shop(), "data/db", "::1"), "All Connections");
}

#[test]
fn absent_policy_types_isolate_for_ingress_and_for_egress_where_there_are_egress_rules() {
    for (spec, from, to, expected) in [
        ("{podSelector: {}}", "data/db", "shop/api", "No Connections"),
        ("{podSelector: {}}", "shop/api", "data/db", "All Connections"),
        ("{podSelector: {}, egress: []}", "shop/api", "data/db", "All Connections"),
        ("{podSelector: {}, egress: [{ports: [{port: 1}]}]}", "shop/api", "data/db", "TCP 1"),
        ("{podSelector: {}, policyTypes: [Egress]}", "shop/api", "data/db", "No Connections"),
        ("{podSelector: {}, policyTypes: [Egress]}", "data/db", "shop/api", "All Connections"),
        (
            "{podSelector: {}, policyTypes: [Egress], ingress: [{ports: [{port: 1}]}]}",
            "data/db",
            "shop/api",
            "All Connections",
        ),
    ] {
        let text = format!("{}{}", shop(), policy("p", "shop", spec));
        assert_eq!(reach(&text, from, to), expected, "{spec} {from} {to}");
    }
}

#[test]
fn a_policy_is_about_the_pods_of_its_own_namespace() {
    assert_eq!(to_api("{podSelector: {matchLabels: {app: api}}}", "data/db"), "No Connections");
    assert_eq!(to_api("{podSelector: {matchLabels: {app: web}}}", "data/db"), "All Connections");
    let elsewhere = format!("{}{}", shop(), policy("p", "data", "{podSelector: {matchLabels: {app: api}}}"));
    assert_eq!(reach(&elsewhere, "data/db", "shop/api"), "All Connections");
    // Kubernetes reads an absent or null selector as an empty one.
    assert_eq!(to_api("{podSelector: null}", "data/db"), "No Connections");
    assert_eq!(to_api("{policyTypes: [Ingress]}", "data/db"), "No Connections");
}

#[test]
fn a_missing_or_empty_from_is_everyone_and_no_rule_is_nobody() {
    for spec in ["{ingress: [{}]}", "{ingress: [{from: []}]}", "{ingress: [{from: null, ports: []}]}"] {
        assert_eq!(to_api(spec, "data/db"), "All Connections", "{spec}");
        assert_eq!(to_api(spec, "1.2.3.4"), "All Connections", "{spec}");
    }
    assert_eq!(to_api("{ingress: []}", "shop/web"), "No Connections");
}

#[test]
fn both_selectors_of_one_entry_must_match_and_entries_are_alternatives() {
    let labelled = |spec: &str, from: &str| {
        let text = format!("{}{}{}", shop(), namespace("data", "kind: store"), policy("p", "shop", spec));
        reach(&text, from, "shop/api")
    };
    let stores = "namespaceSelector: {matchLabels: {kind: store}}";
    let both =
        |app: &str| format!("{{ingress: [{{from: [{{{stores}, podSelector: {{matchLabels: {{app: {app}}}}}}}]}}]}}");
    assert_eq!(labelled(&both("db"), "data/db"), "All Connections");
    assert_eq!(labelled(&both("web"), "data/db"), "No Connections");
    assert_eq!(labelled(&both("web"), "shop/web"), "No Connections");
    let either = format!("{{ingress: [{{from: [{{{stores}}}, {{podSelector: {{matchLabels: {{app: web}}}}}}]}}]}}");
    assert_eq!(labelled(&either, "data/db"), "All Connections");
    assert_eq!(labelled(&either, "shop/web"), "All Connections");
}

#[test]
fn a_pod_selector_alone_looks_into_the_policys_namespace() {
    let spec = "{ingress: [{from: [{podSelector: {}}]}]}";
    assert_eq!(to_api(spec, "shop/web"), "All Connections");
    assert_eq!(to_api(spec, "data/db"), "No Connections");
    assert_eq!(to_api(spec, "10.0.0.1"), "No Connections", "pods are no addresses");
}

#[test]
fn an_empty_namespace_selector_is_every_namespace_and_no_address() {
    let spec = "{ingress: [{from: [{namespaceSelector: {}}]}]}";
    assert_eq!(to_api(spec, "data/db"), "All Connections");
    assert_eq!(to_api(spec, "10.0.0.1"), "No Connections");
}

#[test]
fn every_namespace_has_its_name_as_a_label_even_if_only_its_objects_are_seen() {
    let spec = "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}}]}]}";
    assert_eq!(to_api(spec, "data/db"), "All Connections");
    assert_eq!(to_api(spec, "shop/web"), "No Connections");
    let except = "{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [data]}]}}]}]}";
    assert_eq!(to_api(except, "data/db"), "No Connections");
    assert_eq!(to_api(except, "shop/web"), "All Connections");
}

#[test]
fn ports_are_all_or_those_listed_and_tcp_where_nothing_is_said() {
    let ports = |ports: &str| to_api(&format!("{{ingress: [{{ports: [{ports}]}}]}}"), "shop/web");
    assert_eq!(ports(""), "All Connections");
    assert_eq!(ports("{port: 80}"), "TCP 80");
    assert_eq!(ports("{port: 80, protocol: UDP}, {port: 80, protocol: SCTP}"), "SCTP 80,UDP 80");
    assert_eq!(ports("{protocol: UDP}"), "UDP 1-65535");
    assert_eq!(ports("{}"), "TCP 1-65535");
    assert_eq!(ports("{port: 32000, endPort: 32768}"), "TCP 32000-32768");
    assert_eq!(ports("{port: 80, endPort: 80}, {port: 81}"), "TCP 80-81");
}

#[test]
fn a_named_port_is_that_of_the_destination_by_name_and_protocol() {
    let ports = |ports: &str| to_api(&format!("{{ingress: [{{ports: [{ports}]}}]}}"), "shop/web");
    assert_eq!(ports("{port: http}"), "TCP 8080");
    assert_eq!(ports("{port: metrics, protocol: UDP}"), "UDP 8080");
    assert_eq!(ports("{port: metrics}"), "No Connections", "the name is that of a UDP port");
    assert_eq!(ports("{port: nowhere}"), "No Connections");
    let text = format!(
        "{}{}",
        shop(),
        policy("p", "shop", "{policyTypes: [Egress], egress: [{ports: [{port: pg}, {port: 1}]}]}")
    );
    assert_eq!(reach(&text, "shop/web", "data/db"), "TCP 1,5432");
    assert_eq!(reach(&text, "shop/web", "shop/api"), "TCP 1", "each destination has its own");
    assert_eq!(reach(&text, "shop/web", "1.1.1.1"), "TCP 1", "an address names no port");
}

#[test]
fn a_block_is_what_its_exceptions_leave_and_no_pods() {
    let spec =
        "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 'fd00::/8'}}]}]}";
    assert_eq!(to_api(spec, "10.0.0.1"), "All Connections");
    assert_eq!(to_api(spec, "10.1.0.1"), "No Connections");
    assert_eq!(to_api(spec, "fd12::1"), "All Connections");
    assert_eq!(to_api(spec, "2001::1"), "No Connections");
    assert_eq!(to_api(spec, "shop/web"), "No Connections");
    let addresses =
        Options { pod_addresses: AddressSet::from(AddressRange::parse("10.4.0.0/16").unwrap()), ..Options::default() };
    let text = format!("{}{}", shop(), policy("p", "shop", spec));
    assert_eq!(
        reach_with(&text, addresses, "shop/web", "shop/api"),
        "All Connections",
        "where pods have such addresses"
    );
}

#[test]
fn a_range_that_is_treated_differently_tells_so() {
    let text = format!(
        "{}{}",
        shop(),
        policy("p", "shop", "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/9}}]}, {ports: [{port: 22}]}]}")
    );
    with(&text, Options::default(), |network| {
        let reach = network.reach(end(network, "10.0.0.0/8"), end(network, "shop/api"));
        assert_eq!(
            (reach.ports.to_string(), reach.everywhere.to_string()),
            ("All Connections".into(), "TCP 22".into())
        );
    });
}

#[test]
fn both_sides_must_admit_and_policies_add_up() {
    let text = format!(
        "{}{}{}{}",
        shop(),
        policy("in", "shop", "{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 80}, {port: 81}]}]}"),
        policy("more", "shop", "{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 82}]}]}"),
        policy("out", "data", "{policyTypes: [Egress], egress: [{ports: [{port: 81}, {port: 82}, {port: 83}]}]}"),
    );
    assert_eq!(reach(&text, "data/db", "shop/api"), "TCP 81-82");
    assert_eq!(reach(&text, "shop/web", "shop/api"), "TCP 80-82");
}

#[test]
fn what_the_api_refuses_matches_nothing() {
    for entry in [
        "{}",
        "{ipBlock: {cidr: 0.0.0.0/0}, podSelector: {}}",
        "{ipBlock: {cidr: 10.0.0.0/99}}",
        "{ipBlock: {}}",
        "{podSelector: {matchExpressions: [{key: app, operator: Is}]}}",
    ] {
        assert_eq!(to_api(&format!("{{ingress: [{{from: [{entry}]}}]}}"), "shop/web"), "No Connections", "{entry}");
    }
    for port in [
        "{port: 90, endPort: 80}",
        "{port: http, endPort: 80}",
        "{endPort: 80}",
        "{port: 0}",
        "{port: 70000}",
        "{port: 80, protocol: ICMP}",
    ] {
        assert_eq!(to_api(&format!("{{ingress: [{{ports: [{port}]}}]}}"), "shop/web"), "No Connections", "{port}");
    }
}

#[test]
fn pods_on_their_nodes_network_are_pods_or_nodes() {
    let host = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: shop, labels: {app: agent}}\n\
                spec: {hostNetwork: true, containers: [{name: main, image: x}]}\n";
    let text = format!("{}{host}{}", shop(), policy("p", "shop", "{ingress: [{from: [{podSelector: {}}]}]}"));
    assert_eq!(reach(&text, "data/db", "shop/agent"), "No Connections");
    assert_eq!(reach(&text, "shop/agent", "shop/api"), "All Connections");
    let node = || Options { host_network: HostNetwork::Node, ..Options::default() };
    assert_eq!(reach_with(&text, node(), "data/db", "shop/agent"), "All Connections", "nothing is applied to nodes");
    assert_eq!(reach_with(&text, node(), "shop/agent", "shop/api"), "No Connections", "no selector selects a node");
    with(&text, Options::default(), |network| {
        assert!(
            network.notes()[0].starts_with("shop/agent[Pod] is on the network of its node"),
            "{:?}",
            network.notes()
        );
    });
}

#[test]
fn a_pod_that_is_not_rendered_is_judged_by_what_is_known_of_it() {
    let text = format!(
        "{}{}{}",
        shop(),
        namespace("kube-system", ""),
        policy(
            "p",
            "shop",
            "{policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: dns, protocol: UDP}]}]}"
        )
    );
    with(&text, Options::default(), |network| {
        let dns = crate::facts::network::Pod {
            namespace: "kube-system".into(),
            labels: [("k8s-app", "kube-dns")].into_iter().collect(),
            named_ports: vec![crate::facts::network::NamedPort {
                name: "dns".into(),
                protocol: super::super::Protocol::Udp,
                number: 5353,
            }],
            ..crate::facts::network::Pod::default()
        };
        let from = end(network, "shop/api");
        assert_eq!(network.reach(from, End::Pod(&dns)).ports.to_string(), "UDP 5353");
        assert_eq!(network.reach(End::Pod(&dns), from).ports.to_string(), "All Connections");
        let other = crate::facts::network::Pod { labels: Labels::default(), ..dns };
        assert!(network.reach(from, End::Pod(&other)).ports.is_empty());
    });
}
