//! Bad input: said at its place, and never the end of the run.

use super::*;

/// The faults of every object, one a line: pointer and words.
fn faults(text: &str) -> Vec<String> {
    with(text, Options::default(), |network| {
        let faults = network.faults().values().flatten();
        faults
            .map(|fault| format!("{}{}: {}", fault.path, if fault.unknown { "?" } else { "" }, fault.message))
            .collect()
    })
}

/// The only fault of a NetworkPolicy with that specification.
fn fault(spec: &str) -> String {
    let found = faults(&format!("{}{}", pods(&[("shop/web", &[])]), policy("p", "shop", spec)));
    let [fault] = found.as_slice() else { panic!("{spec}: {found:?}") };
    fault.clone()
}

#[test]
fn a_policy_that_says_what_it_means_has_no_fault() {
    let spec = "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], \
                ports: [{port: 80, endPort: 90}, {port: http, protocol: UDP}]}], egress: []}";
    assert_eq!(faults(&format!("{}{}", pods(&[("shop/web", &[])]), policy("p", "shop", spec))), [""; 0]);
}

#[test]
fn mistakes_of_a_network_policy_are_said_where_they_are() {
    for (spec, expected) in [
        (
            "{ingress: [{ports: [{port: 90, endPort: 80}]}]}",
            "/spec/ingress/0/ports/0/endPort: the range of ports ends at 80, before it begins at 90",
        ),
        (
            "{ingress: [{ports: [{port: http, endPort: 80}]}]}",
            "/spec/ingress/0/ports/0/endPort: `endPort` needs a number to begin with, not the name `http`",
        ),
        (
            "{ingress: [{ports: [{endPort: 80}]}]}",
            "/spec/ingress/0/ports/0/endPort: `endPort` needs a `port` to begin with",
        ),
        ("{ingress: [{ports: [{port: 0}]}]}", "/spec/ingress/0/ports/0/port: a port is a whole number from 1 to 65535"),
        (
            "{ingress: [{ports: [{port: '80'}]}]}",
            "/spec/ingress/0/ports/0/port: `80` is not the name of a port; a number stands without quotes",
        ),
        (
            "{ingress: [{ports: [{port: 80, protocol: HTTP}]}]}",
            "/spec/ingress/0/ports/0/protocol: a protocol is `TCP`, `UDP` or `SCTP`, not `HTTP`",
        ),
        (
            "{ingress: [{from: [{}]}]}",
            "/spec/ingress/0/from/0: an entry needs `podSelector`, `namespaceSelector` or `ipBlock`, and this one has none",
        ),
        (
            "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
            "/spec/egress/0/to/0: an entry has either `ipBlock` or selectors, and this one has both",
        ),
        (
            "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}",
            "/spec/egress/0/to/0/ipBlock/cidr: `10.0.0.0/33` has a prefix of more than 32 bits",
        ),
        (
            "{egress: [{to: [{ipBlock: {cidr: ten}}]}]}",
            "/spec/egress/0/to/0/ipBlock/cidr: `ten` is not a block of addresses such as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]}",
            "/spec/egress/0/to/0/ipBlock/except/0: an exception must lie inside the block and be smaller",
        ),
        ("{policyTypes: [ingress]}", "/spec/policyTypes/0: a policy's type is `Ingress` or `Egress`"),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: Like, values: [b]}]}}",
            "/spec/podSelector: the operator `Like` for `a` is none of In, NotIn, Exists, DoesNotExist",
        ),
        ("{ingress: [{from: {podSelector: {}}}]}", "/spec/ingress/0/from: `from` must be a list, not map"),
        ("{ingress: [{ports: 80}]}", "/spec/ingress/0/ports: `ports` must be a list, not integer"),
    ] {
        assert_eq!(fault(spec), expected);
    }
}

#[test]
fn what_is_refused_is_told_from_what_means_something_else() {
    let refused = |spec: &str| -> Vec<bool> {
        let text = format!("{}{}", pods(&[("shop/web", &[])]), policy("p", "shop", spec));
        with(&text, Options::default(), |network| {
            network.faults().values().flatten().map(|fault| fault.refused).collect()
        })
    };
    assert_eq!(refused("{egress: [{to: [{ipBlock: {cidr: ten}}]}]}"), [true]);
    assert_eq!(refused("{podSelector: {matchExpressions: [{key: a, operator: Gt, values: [b]}]}}"), [true]);
    assert_eq!(refused("{podSelector: {app: web}}"), [false], "the API server drops the member");
}

#[test]
fn a_policy_in_a_namespace_of_which_nothing_is_known_may_be_misplaced() {
    let lost = policy("p", "shpo", "{}");
    let expected = "/metadata/namespace?: nothing runs in the namespace `shpo`, and no Namespace of that name is known";
    assert_eq!(faults(&format!("{}{lost}", pods(&[("shop/web", &[])]))), [expected]);
    assert_eq!(faults(&format!("{}{lost}", namespace("shpo", ""))), [""; 0]);
    assert_eq!(faults(&policy("p", "edge", "{}")), [""; 0], "it is declared");
}

#[test]
fn mistakes_of_cluster_wide_policies_are_said_where_they_are() {
    let subject = "subject: {namespaces: {}}";
    for (kind, spec, expected) in [
        (
            "AdminNetworkPolicy",
            format!("{{priority: 1001, {subject}}}"),
            "/spec/priority: `priority` is a whole number from 0 to 1000",
        ),
        ("AdminNetworkPolicy", "{priority: 1}".into(), "/spec/subject: a subject is either `namespaces` or `pods`"),
        ("ClusterNetworkPolicy", format!("{{priority: 1, {subject}}}"), "/spec/tier: `tier` is `Admin` or `Baseline`"),
        (
            "BaselineAdminNetworkPolicy",
            format!("{{{subject}}}"),
            "/metadata/name: the one policy of this kind is called `default`",
        ),
        (
            "AdminNetworkPolicy",
            format!("{{priority: 1, {subject}, ingress: [{{action: Drop, from: [{{namespaces: {{}}}}]}}]}}"),
            "/spec/ingress/0/action: an action is `Allow` (`Accept` in a ClusterNetworkPolicy), `Deny` or `Pass`",
        ),
        (
            "AdminNetworkPolicy",
            format!("{{priority: 1, {subject}, ingress: [{{action: Deny, from: []}}]}}"),
            "/spec/ingress/0/from: a rule needs at least one entry in `from`",
        ),
        (
            "AdminNetworkPolicy",
            format!("{{priority: 1, {subject}, ingress: [{{action: Deny, from: [{{networks: [10.0.0.0/8]}}]}}]}}"),
            "/spec/ingress/0/from/0: an entry is exactly one of `namespaces` or `pods`",
        ),
        (
            "AdminNetworkPolicy",
            format!(
                "{{priority: 1, {subject}, egress: [{{action: Allow, to: [{{namespaces: {{}}}}], ports: [{{portRange: {{start: 9, end: 1}}}}]}}]}}"
            ),
            "/spec/egress/0/ports/0/portRange/end: the range of ports ends at 1, before it begins at 9",
        ),
    ] {
        assert_eq!(faults(&cluster(kind, "some", &spec)), [expected], "{spec}");
    }
}

#[test]
fn two_policies_with_one_priority_are_told_of_each_other_once() {
    let of = |name: &str, priority: u16| {
        cluster("AdminNetworkPolicy", name, &format!("{{priority: {priority}, subject: {{namespaces: {{}}}}}}"))
    };
    let found = faults(&[of("a", 5), of("b", 5), of("c", 6)].concat());
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        "/spec/priority: the priority 5 is also that of `AdminNetworkPolicy/b`, and which of the two is asked first is not defined"
    );
}

#[test]
fn mistakes_of_authorization_policies_are_said_where_they_are() {
    let of = |spec: &str| {
        format!(
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: a, namespace: edge}}\nspec: {spec}\n"
        )
    };
    assert_eq!(faults(&of("{action: allow}")), ["/spec/action: an action is `ALLOW`, `DENY`, `CUSTOM` or `AUDIT`"]);
    assert_eq!(
        faults(&of("{rules: [{to: [{operation: {ports: [http]}}]}]}")),
        ["/spec/rules/0/to/0/operation/ports/0: a port is text with a number from 1 to 65535"]
    );
    assert_eq!(
        faults(&of("{rules: [{from: [{source: {ipBlocks: [ten]}}]}]}")),
        ["/spec/rules/0/from/0/source/ipBlocks/0: `ten` is not an address"]
    );
}

#[test]
fn no_shape_of_an_object_is_the_end() {
    for spec in [
        "null",
        "[]",
        "5",
        "{podSelector: 5}",
        "{ingress: {}}",
        "{ingress: [5]}",
        "{egress: [{to: [[]]}]}",
        "{ingress: [{from: [{ipBlock: []}]}]}",
        "{policyTypes: 5}",
    ] {
        for kind in ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"] {
            listing(&format!("{}{}", pods(&[("shop/web", &[])]), cluster(kind, "default", spec)));
        }
        listing(&format!("{}{}", pods(&[("shop/web", &[])]), policy("p", "shop", spec)));
        let mesh =
            "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: shop}\n";
        listing(&format!("{}---\n{mesh}spec: {spec}\n", pods(&[("shop/web", &[])])));
    }
}
