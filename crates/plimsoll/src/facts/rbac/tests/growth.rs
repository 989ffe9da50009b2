//! What is derived grows with what is granted, not with how often it is said, and not with products.

use super::{derive, resources};
use crate::facts::rbac::Rbac;
use crate::facts::rbac::subject::Subject;
use crate::facts::workload;
use crate::facts::world::Declared;
use crate::manifest::Resource;

const MANY: usize = 3_000;

fn rule(group: &str, kinds: &str, verbs: &str, names: &str) -> String {
    format!("- {{apiGroups: [\"{group}\"], resources: [{kinds}], verbs: [{verbs}]{names}}}\n")
}

fn named(name: &str) -> String {
    format!(", resourceNames: [{name}]")
}

fn role(name: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules:\n{rules}"
    )
}

fn binding(name: &str, namespace: Option<&str>, role: &str, subjects: &str) -> String {
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    let namespace = namespace.map(|namespace| format!(", namespace: {namespace}")).unwrap_or_default();
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n\
         roleRef: {{kind: ClusterRole, name: {role}}}\nsubjects:\n{subjects}"
    )
}

fn user(name: &str) -> String {
    format!("- {{kind: User, name: {name}}}\n")
}

/// One user with these rules in the whole cluster.
fn held(rules: &str) -> Vec<Resource> {
    resources(&(role("many", rules) + &binding("many", None, "many", &user("u"))))
}

const RBAC: &str = "rbac.authorization.k8s.io";

#[test]
fn rules_that_say_the_same_are_one() {
    let (bindings, writes) = ("clusterrolebindings, clusterroles", "create, update");
    for rules in [
        vec![rule("", "secrets", "create, get", "")],
        vec![rule("", "secrets", "create, patch, get", &named("a"))],
        vec![rule("", "\"pods\", secrets", "create, get, list", "")],
        vec![rule(RBAC, "clusterroles", "bind, escalate", ""), rule(RBAC, bindings, writes, "")],
        vec![rule(RBAC, "roles, clusterroles", "bind, escalate", ""), rule(RBAC, "rolebindings, roles", writes, "")],
        vec![rule("", "users, groups, serviceaccounts", "impersonate", &named("a"))],
    ] {
        let (once, often) =
            (held(&rules.concat()), held(&rules.iter().map(|rule| rule.repeat(MANY)).collect::<String>()));
        let (once, often) = (derive(&once, ""), derive(&often, ""));
        assert_eq!(once.graph.size(), often.graph.size(), "{rules:?}");
        assert!(often.check("default").is_ok());
        let way = |rbac: &Rbac<'_>| rbac.way_to_admin(rbac.subjects.find(&Subject::User("u")).unwrap()).len();
        assert_eq!(way(&once), way(&often), "{rules:?}");
    }
}

#[test]
fn names_of_one_half_meet_those_of_the_other_without_a_product() {
    let each = |kinds: &str, verbs: &str, group: &str, prefix: &str| -> String {
        (0..MANY).map(|at| rule(group, kinds, verbs, &named(&format!("{prefix}{at}")))).collect()
    };
    for rules in [
        each("secrets", "create, patch", "", "a") + &each("secrets", "get", "", "b"),
        each("clusterroles", "bind", RBAC, "a") + &each("clusterrolebindings, rolebindings", "update", RBAC, "b"),
        each("clusterroles, roles", "escalate", RBAC, "a") + &each("clusterroles, roles", "update", RBAC, "b"),
    ] {
        let resources = held(&rules);
        let rbac = derive(&resources, "");
        assert!(rbac.check("default").is_ok());
        assert!(rbac.graph.size() < 500, "{}", rbac.graph.size());
    }
    // Only what both name is made and read.
    let (made, read) = (each("secrets", "create, patch", "", "a"), each("secrets", "get", "", "b"));
    let last = rule("", "secrets", "get", &named(&format!("a{}", MANY - 1)));
    let account = binding("robot", None, "cluster-admin", "- {kind: ServiceAccount, name: robot, namespace: x}\n");
    let with = |rules: &str| role("many", rules) + &binding("many", None, "many", &user("u")) + &account;
    for (rules, steps) in [(made.clone() + &read, 0), (made + &read + &last, 2)] {
        let resources = resources(&with(&rules));
        let rbac = derive(&resources, "");
        assert_eq!(rbac.way_to_admin(rbac.subjects.find(&Subject::User("u")).unwrap()).len(), steps);
    }
}

#[test]
fn whoever_is_granted_the_same_shares_what_it_comes_to() {
    let kinds = "clusterroles, clusterrolebindings, rolebindings";
    let rules: String =
        (0..MANY).map(|at| rule(RBAC, kinds, "bind, create, update", &named(&format!("r{at}")))).collect();
    let others: String = (0..MANY).map(|at| role(&format!("r{at}"), "")).collect();
    let users: String = (0..MANY).map(|at| user(&format!("u{at}"))).collect();
    let resources = resources(&(role("many", &rules) + &binding("many", None, "many", &users) + &others));
    let rbac = derive(&resources, "");
    assert!(rbac.check("default").is_ok());
    assert!(rbac.graph.size() < 10 * MANY, "{}", rbac.graph.size());
}

#[test]
fn each_has_its_own_binding_in_what_is_shared() {
    let rules = rule(RBAC, "clusterroles", "bind", "") + &rule(RBAC, "clusterrolebindings", "create", "");
    let text = role("admin-maker", &rules)
        + &binding("first", None, "admin-maker", &(user("a") + &user("b")))
        + &binding("second", None, "admin-maker", &(user("c") + &user("b")));
    let resources = resources(&text);
    let rbac = derive(&resources, "");
    for (name, binding, at) in [("a", "first", 0), ("b", "first", 1), ("c", "second", 0)] {
        let subject = rbac.subjects.find(&Subject::User(name)).unwrap();
        let way = rbac.way_to_admin(subject);
        let (found, bound) = rbac.begins_at(&way).unwrap();
        assert_eq!((rbac.bindings[found].name, bound.at, bound.subject), (binding, at, subject));
        assert_eq!(way[0].grants.len(), 2);
    }
}

#[test]
fn a_product_of_names_ends_and_is_said() {
    let rules: String = (0..200).map(|at| rule("", "secrets", "get", &named(&format!("s{at}")))).collect();
    let bindings: String =
        (0..200).map(|at| binding("b", Some(&format!("n{at}")), "many", &user(&format!("u{at}")))).collect();
    let resources = resources(&(role("many", &rules) + &bindings));
    let workloads = workload::workloads(&resources);
    let within = |limit: usize| Rbac::within(&resources, &workloads, &Declared::default(), limit);
    assert!(within(1_000_000).check("default").is_ok());
    let error = within(10_000).check("production").unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Limit);
    assert!(error.message().contains("`production`"), "{error}");
}
