//! The cluster-wide kinds, and the order of tiers.

use super::*;

const SUBJECT: &str = "subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}";

fn shop() -> String {
    pods(&[("shop/web", &[]), ("shop/api", &["http:8080", "metrics:9090:UDP"]), ("data/db", &[])])
}

/// What `data/db` reaches of `shop/api` under these policies.
fn to_api(policies: &[String]) -> String {
    reach(&format!("{}{}", shop(), policies.concat()), "data/db", "shop/api")
}

/// A rule about every pod, with ports.
fn rule(action: &str, ports: &str) -> String {
    format!("{{action: {action}, from: [{{namespaces: {{}}}}], ports: [{ports}]}}")
}

fn port(number: u16) -> String {
    format!("{{portNumber: {{port: {number}, protocol: TCP}}}}")
}

fn admin(name: &str, priority: u16, rules: &[String]) -> String {
    let spec = format!("{{priority: {priority}, {SUBJECT}, ingress: [{}]}}", rules.join(", "));
    cluster("AdminNetworkPolicy", name, &spec)
}

fn baseline(rules: &[String]) -> String {
    cluster("BaselineAdminNetworkPolicy", "default", &format!("{{{SUBJECT}, ingress: [{}]}}", rules.join(", ")))
}

fn only(ports: &str) -> String {
    policy("np", "shop", &format!("{{ingress: [{{ports: [{ports}]}}]}}"))
}

#[test]
fn the_first_rule_that_matches_decides() {
    assert_eq!(
        to_api(&[admin("a", 1, &[rule("Allow", &port(80)), rule("Deny", "{portRange: {start: 1, end: 65535}}")])]),
        "SCTP 1-65535,TCP 80,UDP 1-65535"
    );
    assert_eq!(
        to_api(&[admin("a", 1, &[rule("Deny", &port(80)), rule("Allow", &port(80))])]),
        "SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535"
    );
}

#[test]
fn a_lower_priority_is_asked_first_whatever_the_order_of_objects() {
    let (allow, deny) = (
        admin("z", 5, &[rule("Allow", &port(80))]),
        admin("a", 6, &["{action: Deny, from: [{namespaces: {}}]}".to_owned()]),
    );
    assert_eq!(to_api(&[deny.clone(), allow.clone()]), "TCP 80");
    assert_eq!(to_api(&[allow, deny]), "TCP 80");
    assert_eq!(
        to_api(&[
            admin("z", 7, &[rule("Allow", &port(80))]),
            admin("a", 6, &["{action: Deny, from: [{namespaces: {}}]}".into()])
        ]),
        "No Connections"
    );
}

#[test]
fn what_admin_policies_decide_no_network_policy_changes() {
    assert_eq!(to_api(&[admin("a", 1, &[rule("Allow", &port(80))]), only("{port: 81}")]), "TCP 80-81");
    assert_eq!(to_api(&[admin("a", 1, &[rule("Deny", &port(80))]), only("{port: 80}, {port: 81}")]), "TCP 81");
}

#[test]
fn pass_leaves_it_to_network_policies_and_skips_later_admin_rules() {
    let pass = admin("a", 1, &[rule("Pass", &port(80))]);
    let deny = admin("b", 2, &["{action: Deny, from: [{namespaces: {}}]}".into()]);
    assert_eq!(to_api(&[pass.clone(), deny.clone(), only("{port: 80}, {port: 81}")]), "TCP 80");
    assert_eq!(to_api(&[pass.clone(), deny.clone(), only("{port: 81}")]), "No Connections");
    assert_eq!(to_api(&[pass.clone(), deny.clone()]), "TCP 80", "nobody else decides");
    assert_eq!(to_api(&[pass, deny, baseline(&["{action: Deny, from: [{namespaces: {}}]}".into()])]), "No Connections");
}

#[test]
fn the_baseline_is_asked_only_where_no_network_policy_selects() {
    let deny = baseline(&["{action: Deny, from: [{namespaces: {}}]}".into()]);
    assert_eq!(to_api(std::slice::from_ref(&deny)), "No Connections");
    assert_eq!(to_api(&[deny.clone(), only("{port: 80}")]), "TCP 80");
    let egress = policy("np", "shop", "{policyTypes: [Egress]}");
    assert_eq!(to_api(&[deny, egress]), "No Connections", "a policy of the other direction does not count");
    assert_eq!(
        to_api(&[baseline(&[rule("Allow", &port(80)), "{action: Deny, from: [{namespaces: {}}]}".into()])]),
        "TCP 80"
    );
}

#[test]
fn a_direction_without_rules_is_not_affected() {
    let spec = format!("{{priority: 1, {SUBJECT}, egress: [{{action: Deny, to: [{{namespaces: {{}}}}]}}]}}");
    assert_eq!(to_api(&[cluster("AdminNetworkPolicy", "a", &spec)]), "All Connections");
}

#[test]
fn subjects_and_peers_are_namespaces_or_pods_of_namespaces() {
    let with_subject = |subject: &str, from: &str| {
        let spec = format!("{{priority: 1, subject: {subject}, ingress: [{{action: Deny, from: [{from}]}}]}}");
        to_api(&[cluster("AdminNetworkPolicy", "a", &spec)])
    };
    let all = "{namespaces: {}}";
    assert_eq!(
        with_subject("{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}}", all),
        "No Connections"
    );
    assert_eq!(with_subject("{pods: {podSelector: {matchLabels: {app: web}}}}", all), "All Connections");
    assert_eq!(with_subject(all, "{pods: {podSelector: {matchLabels: {app: db}}}}"), "No Connections");
    assert_eq!(
        with_subject(all, "{pods: {podSelector: {matchLabels: {app: x}}}}, {namespaces: {matchLabels: {a: b}}}"),
        "All Connections"
    );
}

#[test]
fn a_named_port_is_of_any_protocol_and_nothing_where_it_is_unmatched() {
    let named = |name: &str| {
        to_api(&[admin(
            "a",
            1,
            &[rule("Allow", &format!("{{namedPort: {name}}}")), "{action: Deny, from: [{namespaces: {}}]}".into()],
        )])
    };
    assert_eq!(named("http"), "TCP 8080");
    assert_eq!(named("metrics"), "UDP 9090");
    assert_eq!(named("nowhere"), "No Connections");
}

#[test]
fn networks_are_addresses_and_a_later_rule_is_asked_about_the_rest() {
    let spec = format!(
        "{{priority: 1, {SUBJECT}, egress: [\
         {{action: Allow, to: [{{networks: [10.0.0.0/8, 'fd00::/8']}}]}}, \
         {{action: Deny, to: [{{networks: [0.0.0.0/0, '::/0']}}], ports: [{{portNumber: {{protocol: UDP, port: 53}}}}]}}]}}"
    );
    let text = format!("{}{}", shop(), cluster("AdminNetworkPolicy", "a", &spec));
    assert_eq!(reach(&text, "shop/api", "10.1.1.1"), "All Connections");
    assert_eq!(reach(&text, "shop/api", "fd00::1"), "All Connections");
    assert_eq!(reach(&text, "shop/api", "8.8.8.8"), "SCTP 1-65535,TCP 1-65535,UDP 1-52,54-65535");
    assert_eq!(reach(&text, "shop/api", "data/db"), "All Connections", "blocks do not match pods");
}

#[test]
fn host_network_pods_are_neither_subjects_nor_peers_but_nodes() {
    let host = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: shop, labels: {app: agent}}\n\
                spec: {hostNetwork: true, containers: []}\n";
    let deny = admin("a", 1, &["{action: Deny, from: [{namespaces: {}}]}".into()]);
    let text = format!("{}{host}{deny}", shop());
    assert_eq!(reach(&text, "data/db", "shop/agent"), "All Connections");
    assert_eq!(reach(&text, "shop/agent", "shop/api"), "All Connections");
    let spec = format!("{{priority: 1, {SUBJECT}, egress: [{{action: Deny, to: [{{nodes: {{}}}}]}}]}}");
    let text = format!("{}{host}{}", shop(), cluster("AdminNetworkPolicy", "a", &spec));
    assert_eq!(reach(&text, "shop/api", "shop/agent"), "No Connections");
    assert_eq!(reach(&text, "shop/api", "shop/web"), "All Connections");
    with(&text, Options::default(), |network| assert!(network.notes().iter().any(|note| note.contains("names nodes"))));
}

#[test]
fn an_entry_that_nobody_understands_fails_closed() {
    let with_rule =
        |action: &str| to_api(&[admin("a", 1, &[format!("{{action: {action}, from: [{{galaxies: {{}}}}]}}")])]);
    assert_eq!(with_rule("Allow"), "All Connections", "as if the rule were not there");
    assert_eq!(with_rule("Deny"), "No Connections");
    assert_eq!(with_rule("Pass"), "No Connections");
}

#[test]
fn domain_names_decide_about_no_known_address() {
    let spec = format!(
        "{{priority: 1, {SUBJECT}, egress: [{{action: Allow, to: [{{domainNames: ['*.example.com']}}]}}, {{action: Deny, to: [{{networks: [0.0.0.0/0]}}]}}]}}"
    );
    let text = format!("{}{}", shop(), cluster("AdminNetworkPolicy", "a", &spec));
    assert_eq!(reach(&text, "shop/api", "1.1.1.1"), "No Connections");
    with(&text, Options::default(), |network| assert!(network.notes()[0].contains("names domain names")));
}

#[test]
fn cluster_network_policies_stand_in_both_tiers_with_ports_of_their_own_shape() {
    let of = |tier: &str, priority: u16, rules: &str| {
        let spec = format!("{{tier: {tier}, priority: {priority}, {SUBJECT}, ingress: [{rules}]}}");
        cluster("ClusterNetworkPolicy", &format!("{}-{priority}", tier.to_lowercase()), &spec)
    };
    let rule = |action: &str, protocols: &str| {
        format!("{{action: {action}, from: [{{namespaces: {{}}}}], protocols: [{protocols}]}}")
    };
    let deny = "{action: Deny, from: [{namespaces: {}}]}";
    let accept = |protocols: &str| to_api(&[of("Admin", 1, &rule("Accept", protocols)), of("Admin", 2, deny)]);
    assert_eq!(
        accept("{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 1, end: 9}}}}"),
        "TCP 80,UDP 1-9"
    );
    assert_eq!(accept("{sctp: {}}"), "SCTP 1-65535");
    assert_eq!(accept("{destinationNamedPort: http}"), "TCP 8080");
    assert_eq!(to_api(&[of("Baseline", 1, deny)]), "No Connections");
    assert_eq!(to_api(&[of("Baseline", 1, deny), only("{port: 80}")]), "TCP 80");
    let pass = rule("Pass", "{tcp: {destinationPort: {number: 80}}}");
    assert_eq!(to_api(&[of("Baseline", 1, &pass), of("Baseline", 2, deny)]), "TCP 80", "passed on past the last tier");
    assert_eq!(to_api(&[of("Admin", 1, deny), of("Baseline", 1, &rule("Accept", "{tcp: {}}"))]), "No Connections");
}
