//! Istio.

use super::*;

fn pod(name: &str, account: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}\n\
         spec: {{serviceAccountName: {account}, containers: [{{name: main, image: x}}]}}\n"
    )
}

/// Two pods of an injected namespace, one of another that is, and one outside the mesh.
fn mesh(mode: &str) -> String {
    [
        namespace("shop", mode),
        namespace("data", mode),
        namespace("plain", ""),
        pod("shop/web", "web"),
        pod("shop/api", "api"),
        pod("data/db", "db"),
        pod("plain/old", "old"),
    ]
    .concat()
}

fn authorization(namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: a{}, namespace: {namespace}}}\nspec: {spec}\n",
        spec.len()
    )
}

const SIDECAR: &str = "istio-injection: enabled";

fn to_api(from: &str, policies: &[String]) -> String {
    reach(&format!("{}{}", mesh(SIDECAR), policies.concat()), from, "shop/api")
}

const REST: &str = "SCTP 1-65535,UDP 1-65535";

#[test]
fn without_a_policy_that_allows_everything_is_allowed() {
    assert_eq!(to_api("shop/web", &[]), "All Connections");
    let deny = authorization("shop", "{action: DENY, rules: [{to: [{operation: {ports: ['80']}}]}]}");
    assert_eq!(to_api("shop/web", &[deny]), "SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535");
}

#[test]
fn an_allow_policy_without_rules_refuses_everything_and_deny_without_rules_nothing() {
    assert_eq!(to_api("shop/web", &[authorization("shop", "{}")]), REST, "istio carries TCP only");
    assert_eq!(to_api("shop/web", &[authorization("shop", "{action: DENY}")]), "All Connections");
    assert_eq!(to_api("shop/web", &[authorization("shop", "{rules: [{}]}")]), "All Connections");
    assert_eq!(to_api("shop/web", &[authorization("shop", "{action: AUDIT, rules: [{}]}")]), "All Connections");
}

#[test]
fn deny_comes_before_allow() {
    let allow = authorization("shop", "{rules: [{to: [{operation: {ports: ['80', '81']}}]}]}");
    let deny = authorization("shop", "{action: DENY, rules: [{to: [{operation: {ports: ['80']}}]}]}");
    assert_eq!(to_api("shop/web", &[allow, deny]), "SCTP 1-65535,TCP 81,UDP 1-65535");
}

#[test]
fn policies_hold_in_their_namespace_or_for_the_whole_mesh_from_the_root() {
    assert_eq!(to_api("shop/web", &[authorization("data", "{}")]), "All Connections");
    assert_eq!(to_api("shop/web", &[authorization("istio-system", "{}")]), REST);
    assert_eq!(
        to_api("shop/web", &[authorization("shop", "{selector: {matchLabels: {app: web}}}")]),
        "All Connections"
    );
    assert_eq!(to_api("shop/web", &[authorization("shop", "{selector: {matchLabels: {app: api}}}")]), REST);
}

#[test]
fn identities_are_those_of_pods_in_the_mesh() {
    let from = |source: &str, who: &str| {
        to_api(who, &[authorization("shop", &format!("{{rules: [{{from: [{{source: {{{source}}}}}]}}]}}"))])
    };
    assert_eq!(from("namespaces: [data]", "data/db"), "All Connections");
    assert_eq!(from("namespaces: ['da*']", "data/db"), "All Connections");
    assert_eq!(from("namespaces: [data]", "shop/web"), REST);
    assert_eq!(from("principals: [cluster.local/ns/shop/sa/web]", "shop/web"), "All Connections");
    assert_eq!(from("principals: ['*/sa/web']", "shop/web"), "All Connections");
    assert_eq!(from("principals: [cluster.local/ns/shop/sa/web]", "data/db"), REST);
    assert_eq!(from("serviceAccounts: [web]", "shop/web"), "All Connections");
    assert_eq!(from("serviceAccounts: [data/db]", "data/db"), "All Connections");
    assert_eq!(from("notNamespaces: [data]", "shop/web"), "All Connections");
    assert_eq!(from("notNamespaces: [data]", "data/db"), REST);
    assert_eq!(from("namespaces: [plain]", "plain/old"), REST, "who is outside has no identity");
    assert_eq!(from("ipBlocks: [10.0.0.0/8]", "10.1.1.1"), "All Connections");
    assert_eq!(from("ipBlocks: [10.0.0.0/8]", "11.1.1.1"), REST);
}

#[test]
fn what_requests_decide_is_conditional() {
    let with = |rule: &str| to_api("shop/web", &[authorization("shop", &format!("{{rules: [{rule}]}}"))]);
    assert_eq!(
        with("{to: [{operation: {ports: ['80'], methods: [GET]}}]}"),
        "SCTP 1-65535,TCP 80,UDP 1-65535 ? TCP 80"
    );
    assert_eq!(
        with("{to: [{operation: {ports: ['80']}}], when: [{key: 'request.headers[x]', values: [y]}]}"),
        "SCTP 1-65535,TCP 80,UDP 1-65535 ? TCP 80"
    );
    assert_eq!(
        with("{to: [{operation: {ports: ['80'], paths: [/]}}]}, {to: [{operation: {ports: ['80']}}]}"),
        "SCTP 1-65535,TCP 80,UDP 1-65535"
    );
    let custom =
        authorization("shop", "{action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {ports: ['80']}}]}]}");
    assert_eq!(to_api("shop/web", &[custom]), "All Connections ? TCP 80");
    let deny = authorization("shop", "{action: DENY, rules: [{to: [{operation: {methods: [PUT]}}]}]}");
    assert_eq!(to_api("shop/web", &[deny]), "All Connections ? TCP 1-65535");
}

#[test]
fn conditions_on_ports_and_namespaces_are_decided() {
    let with =
        |when: &str, who: &str| to_api(who, &[authorization("shop", &format!("{{rules: [{{when: [{when}]}}]}}"))]);
    assert_eq!(with("{key: destination.port, values: ['80']}", "shop/web"), "SCTP 1-65535,TCP 80,UDP 1-65535");
    assert_eq!(with("{key: source.namespace, values: [data]}", "shop/web"), REST);
    assert_eq!(with("{key: source.namespace, values: [data]}", "data/db"), "All Connections");
}

#[test]
fn pods_outside_the_mesh_ask_no_authorization_policy() {
    let text = format!("{}{}", mesh(SIDECAR), authorization("istio-system", "{}"));
    assert_eq!(reach(&text, "shop/web", "plain/old"), "All Connections");
    let out = pod("shop/out", "x").replace("labels: {", "labels: {sidecar.istio.io/inject: 'false', ");
    assert_eq!(reach(&format!("{text}{out}"), "shop/web", "shop/out"), "All Connections");
    let r#in = pod("plain/in", "x").replace("labels: {", "labels: {sidecar.istio.io/inject: 'true', ");
    assert_eq!(reach(&format!("{text}{in}"), "shop/web", "plain/in"), REST);
}

#[test]
fn ambient_pods_reach_each_other_through_one_port() {
    let ambient = mesh("istio.io/dataplane-mode: ambient");
    let admits = |ports: &str| policy("p", "shop", &format!("{{ingress: [{{ports: [{ports}]}}]}}"));
    let with = |policies: &str, from: &str| reach(&format!("{ambient}{policies}"), from, "shop/api");
    assert_eq!(with(&admits("{port: 8080}"), "shop/web"), "No Connections", "the tunnel's port is closed");
    assert_eq!(with(&admits("{port: 15008}"), "shop/web"), "TCP 1-65535");
    assert_eq!(with(&admits("{port: 15008}"), "plain/old"), "TCP 15008", "plain traffic takes its own port");
    let allow = authorization("shop", "{rules: [{to: [{operation: {ports: ['8080']}}]}]}");
    assert_eq!(with(&format!("{}{allow}", admits("{port: 15008}")), "shop/web"), "TCP 8080");
}

#[test]
fn network_policies_still_bind_in_the_mesh() {
    let policies = format!(
        "{}{}",
        policy("p", "shop", "{ingress: [{ports: [{port: 80}]}]}"),
        authorization("shop", "{rules: [{}]}")
    );
    assert_eq!(reach(&format!("{}{policies}", mesh(SIDECAR)), "shop/web", "shop/api"), "TCP 80");
}
