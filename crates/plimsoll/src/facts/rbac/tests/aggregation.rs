//! Aggregation: a fixpoint, whatever selects what.

use super::{Rbac, derive, resources};

fn role(name: &str, labels: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
         metadata: {{name: {name}, labels: {{{labels}}}}}\n{rest}\n"
    )
}

fn select(labels: &str) -> String {
    format!("aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{{labels}}}}}]}}")
}

fn verbs(rbac: &Rbac<'_>, name: &str) -> Vec<String> {
    let role = rbac.roles.find(None, name).unwrap();
    rbac.roles.effective(role).flat_map(|(.., rule)| rule.verbs.iter().map(|verb| (*verb).to_owned())).collect()
}

#[test]
fn rules_come_from_every_role_that_any_selector_selects() {
    let text = [
        role("all", "", "aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: \"1\"}}, {matchLabels: {b: \"1\"}}]}\nrules: [{verbs: [overwritten]}]"),
        role("one", "a: \"1\"", "rules: [{verbs: [one]}]"),
        role("two", "b: \"1\"", "rules: [{verbs: [two]}]"),
        role("three", "c: \"1\"", "rules: [{verbs: [three]}]"),
    ]
    .concat();
    let resources = resources(&text);
    let rbac = derive(&resources, "");
    assert_eq!(verbs(&rbac, "all"), ["one", "two"]);
}

#[test]
fn cycles_and_chains_end() {
    let text = [
        role("one", "to: second", &select("to: first")),
        role("two", "to: first", &select("to: second")),
        role("leaf", "to: second", "rules: [{verbs: [leaf]}]"),
        role("self", "to: self", &select("to: self")),
        role("everything", "", "aggregationRule: {clusterRoleSelectors: [{}]}"),
    ]
    .concat();
    let resources = resources(&text);
    let rbac = derive(&resources, "");
    assert_eq!(verbs(&rbac, "one"), ["leaf"]);
    assert_eq!(verbs(&rbac, "two"), ["leaf"]);
    assert_eq!(verbs(&rbac, "self"), [""; 0]);
    assert!(verbs(&rbac, "everything").contains(&"leaf".to_owned()));
}

#[test]
fn the_default_roles_grow_with_what_is_aggregated_into_them() {
    let text = role("crd", "rbac.authorization.k8s.io/aggregate-to-view: \"true\"", "rules: [{verbs: [peek]}]")
        + &role("not", "rbac.authorization.k8s.io/aggregate-to-view: \"false\"", "rules: [{verbs: [no]}]");
    let resources = resources(&text);
    let rbac = derive(&resources, "");
    for name in ["view", "edit", "admin"] {
        let verbs = verbs(&rbac, name);
        assert!(verbs.contains(&"peek".to_owned()) && !verbs.contains(&"no".to_owned()), "{name}");
    }
}

#[test]
fn selectors_that_cannot_be_read_select_nothing() {
    for rule in [
        "aggregationRule: {clusterRoleSelectors: [{matchLabels: 5}]}",
        "aggregationRule: {clusterRoleSelectors: nonsense}",
        "aggregationRule: {}",
    ] {
        let text = role("odd", "", rule) + &role("leaf", "a: b", "rules: [{verbs: [leaf]}]");
        let resources = resources(&text);
        assert_eq!(verbs(&derive(&resources, ""), "odd"), [""; 0], "{rule}");
    }
}
