//! Reasons.

use super::*;

/// The reasons for a pair: side, effect, words and pointer.
fn because(text: &str, from: &str, to: &str) -> Vec<String> {
    with(text, Options::default(), |network| {
        let explanation = network.explain(end(network, from), end(network, to));
        let line = |one: &crate::facts::network::Because| {
            format!("{:?} {:?} {} {}", one.side, one.effect, one.words, one.pointer)
        };
        explanation.because.iter().map(|one| line(one).trim().to_owned()).collect()
    })
}

fn shop() -> String {
    pods(&[("shop/web", &[]), ("shop/api", &[]), ("data/db", &[])])
}

#[test]
fn an_admitted_connection_names_the_rules_that_admit_it() {
    let text = format!(
        "{}{}",
        shop(),
        policy(
            "api",
            "shop",
            "{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 1}]}, {from: [{podSelector: {}}], ports: [{port: 80}]}]}"
        )
    );
    assert_eq!(
        because(&text, "shop/web", "shop/api"),
        [
            "Egress Admits no NetworkPolicy selects it for egress, so All Connections is admitted",
            "Ingress Admits NetworkPolicy `shop/api` admits TCP 1 /spec/ingress/0",
            "Ingress Admits NetworkPolicy `shop/api` admits TCP 80 /spec/ingress/1",
            "Ingress Blocks NetworkPolicy `shop/api` isolates it, and its rules leave SCTP 1-65535,TCP 2-79,81-65535,UDP 1-65535 out /spec/ingress",
        ]
    );
}

#[test]
fn a_blocked_connection_names_the_side_and_what_its_policies_ask_for() {
    let text = format!(
        "{}{}{}",
        shop(),
        policy("deny", "shop", "{podSelector: {}}"),
        policy(
            "api",
            "shop",
            "{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}"
        )
    );
    let found = because(&text, "data/db", "shop/api");
    assert_eq!(
        found[1..],
        [
            "Ingress Blocks NetworkPolicy `shop/deny` has no ingress rule, so of itself it admits nothing /spec/policyTypes",
            "Ingress Blocks NetworkPolicy `shop/api` isolates it: rule 0 is about pods of the namespace `shop` and pods with app=web (it has app=db) or the addresses 10.0.0.0-10.255.255.255 /spec/ingress",
        ]
    );
}

#[test]
fn cluster_wide_rules_are_named() {
    let spec = "{priority: 1, subject: {namespaces: {}}, ingress: [{name: no-ssh, action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 22, protocol: TCP}}]}]}";
    let found = because(&format!("{}{}", shop(), cluster("AdminNetworkPolicy", "guard", spec)), "data/db", "shop/api");
    assert_eq!(
        found,
        [
            "Egress Admits no NetworkPolicy selects it for egress, so All Connections is admitted",
            "Ingress Blocks AdminNetworkPolicy `guard` denies TCP 22 by its rule `no-ssh` /spec/ingress/0",
            "Ingress Admits no NetworkPolicy selects it for ingress and no cluster-wide rule decides, so SCTP 1-65535,TCP 1-21,23-65535,UDP 1-65535 is admitted",
        ]
    );
}

#[test]
fn what_is_exposed_names_the_object() {
    let text = format!(
        "{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n\
         ---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: www, namespace: shop}}\nspec: {{to: {{kind: Service, name: web}}}}\n",
        shop()
    );
    assert!(
        because(&text, "{ingress-controller}", "shop/web")
            .contains(&"Ingress Admits Route `shop/www` opens TCP 80 through the Service `web` /spec".to_owned())
    );
    assert!(
        because(&text, "{ingress-controller}", "shop/api")[0]
            .contains("no Ingress, Gateway route or Route leads to it")
    );
}
