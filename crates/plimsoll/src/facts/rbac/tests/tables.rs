//! The tables of component-helpers and Kubernetes, transcribed as data.

use super::{Rbac, data, derive, resources};
use crate::facts::rbac::Allowed;
use crate::facts::rbac::cover::{covers, uncovered};
use crate::facts::rbac::roles::Origin;
use crate::facts::rbac::rule::{Request, Rule, url_covers};
use crate::facts::rbac::subject::Subject;
use crate::yaml::Node;
use std::fmt::Write as _;

fn list(text: &str) -> Vec<&str> {
    if text == "-" { Vec::new() } else { text.split(',').collect() }
}

fn rule(text: &str) -> Rule<'_> {
    let mut words = text.split(' ');
    let mut next = || list(words.next().unwrap());
    let mut rule = Rule { verbs: next(), groups: next(), resources: next(), ..Rule::default() };
    for word in words {
        match word.split_once('=').unwrap() {
            ("names", names) => rule.names = list(names),
            ("urls", urls) => rule.urls = list(urls),
            _ => panic!("{text}"),
        }
    }
    rule
}

fn texts<'a>(node: &'a Node, key: &str) -> Vec<&'a str> {
    node.get(key).map(Node::items).unwrap_or_default().iter().map(|item| item.as_str().unwrap()).collect()
}

fn rules<'a>(node: &'a Node, key: &str) -> Vec<Rule<'a>> {
    texts(node, key).into_iter().map(rule).collect()
}

#[test]
fn covering_is_that_of_component_helpers() {
    let table = data(include_str!("covers.yaml"));
    let cases = table.get("covers").unwrap().items();
    assert_eq!(cases.len(), 23);
    for case in cases {
        let name = case.str_at(&["name"]).unwrap();
        let (owner, servant, left) = (rules(case, "owner"), rules(case, "servant"), rules(case, "left"));
        let missing = uncovered(&owner, &servant);
        let mut expected: Vec<_> = left.iter().flat_map(Rule::atoms).collect();
        let mut found = missing.clone();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
        assert_eq!(covers(&owner, &servant), missing.is_empty(), "{name}");
    }
    let urls = table.get("urls").unwrap().items();
    assert_eq!(urls.len(), 9);
    for case in urls {
        let [owner, asked, expected] = case.items() else { panic!("{case:?}") };
        let (owner, asked) = (owner.as_str().unwrap(), asked.as_str().unwrap());
        assert_eq!(Some(url_covers(owner, asked)), expected.as_bool(), "{owner} {asked}");
    }
}

fn request(text: &str) -> Request<'_> {
    match text.split(' ').collect::<Vec<_>>()[..] {
        [verb, path] => Request::Url { verb, path },
        [verb, "-", resource] => Request::Resource { verb, group: "", resource, name: "" },
        [verb, group, resource] => Request::Resource { verb, group, resource, name: "" },
        _ => panic!("{text}"),
    }
}

#[test]
fn rules_match_as_in_kubernetes() {
    let table = data(include_str!("rules.yaml"));
    let cases = table.get("resources").unwrap().items();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let rule = Rule { resources: texts(case, "entries"), ..Rule::default() };
        let found = rule.resource(case.str_at(&["resource"]).unwrap()).is_some();
        assert_eq!(Some(found), case.get("allowed").and_then(Node::as_bool), "{:?}", case.str_at(&["name"]));
    }
    for case in table.get("matches").unwrap().items() {
        let rule = rule(case.str_at(&["rule"]).unwrap());
        for (key, expected) in [("allowed", true), ("denied", false)] {
            for text in texts(case, key) {
                assert_eq!(rule.allows(&request(text)), expected, "{rule:?} {text}");
            }
        }
    }
}

/// Subjects of a binding as YAML; an account is `namespace/name`.
fn subjects(written: &[&str]) -> String {
    let one = |text: &&str| {
        let (kind, name) = text.split_once(':').unwrap();
        match name.split_once('/') {
            Some((namespace, name)) if kind == "ServiceAccount" => {
                format!("{{kind: {kind}, namespace: {namespace}, name: {name}}}")
            }
            _ => format!("{{kind: {kind}, name: \"{name}\"}}"),
        }
    };
    written.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn subjects_match_as_in_kubernetes() {
    let table = data(include_str!("rules.yaml"));
    let cases = table.get("applies").unwrap().items();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let namespace = case.str_at(&["namespace"]).unwrap_or("any");
        let text = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
             metadata: {{name: x, namespace: {namespace}}}\nroleRef: {{kind: ClusterRole, name: cluster-admin}}\n\
             subjects: [{}]\n",
            subjects(&texts(case, "subjects"))
        );
        let resources = resources(&text);
        let rbac = derive(&resources, "1.37");
        let groups = texts(case, "groups");
        let who = std::iter::once(Subject::user(case.str_at(&["user"]).unwrap()))
            .chain(groups.iter().map(|group| Subject::Group(group)));
        let everything = Request::Resource { verb: "x", group: "y", resource: "z", name: "" };
        let found = who.into_iter().any(|who| !rbac.allows(&who, &everything, Some(namespace)).is_empty());
        assert_eq!(Some(found), case.get("applies").and_then(Node::as_bool), "{:?}", case.str_at(&["name"]));
    }
}

fn world(node: &Node) -> String {
    let mut text = String::new();
    for entry in node.get("roles").unwrap().entries() {
        let (kind, metadata) = match entry.key.split_once('/') {
            Some((namespace, name)) => ("Role", format!("{{name: {name}, namespace: {namespace}}}")),
            None => ("ClusterRole", format!("{{name: {}}}", entry.key)),
        };
        let rules: Vec<String> = entry
            .value
            .items()
            .iter()
            .map(|text| {
                let rule = rule(text.as_str().unwrap());
                let list =
                    |items: &[&str]| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
                format!(
                    "{{verbs: [{}], apiGroups: [{}], resources: [{}], nonResourceURLs: [{}]}}",
                    list(&rule.verbs),
                    list(&rule.groups),
                    list(&rule.resources),
                    list(&rule.urls)
                )
            })
            .collect();
        let rules = rules.join(", ");
        write!(
            text,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {metadata}\nrules: [{rules}]\n"
        )
        .unwrap();
    }
    for (at, binding) in node.get("bindings").unwrap().items().iter().enumerate() {
        let (kind, metadata) = match binding.str_at(&["namespace"]) {
            Some(namespace) => ("RoleBinding", format!("{{name: b{at}, namespace: {namespace}}}")),
            None => ("ClusterRoleBinding", format!("{{name: b{at}}}")),
        };
        write!(
            text,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {metadata}\n\
             roleRef: {{kind: {}, name: {}}}\nsubjects: [{}]\n",
            binding.str_at(&["kind"]).unwrap(),
            binding.str_at(&["role"]).unwrap(),
            subjects(&texts(binding, "subjects"))
        )
        .unwrap();
    }
    text
}

fn who(node: &Node) -> Vec<Subject<'_>> {
    texts(node, "who")
        .into_iter()
        .map(|text| match text.split_once(':').unwrap() {
            ("User", name) => Subject::user(name),
            (_, name) => Subject::Group(name),
        })
        .collect()
}

#[test]
fn grants_resolve_as_in_kubernetes() {
    let table = data(include_str!("rules.yaml"));
    let worlds = table.get("worlds").unwrap().items();
    assert_eq!(worlds.len(), 5);
    for node in worlds {
        let text = world(node);
        let resources = resources(&text);
        let rbac = derive(&resources, "1.37");
        for case in node.get("rules").map(Node::items).unwrap_or_default() {
            assert_eq!(own_rules(&rbac, case), rules(case, "rules"), "{case:?}");
        }
        for (key, expected) in [("allowed", true), ("denied", false)] {
            for case in node.get(key).map(Node::items).unwrap_or_default() {
                for text in texts(case, "requests") {
                    let namespace = case.str_at(&["namespace"]);
                    // The tables know nothing of what the API server grants everybody.
                    let written = |allowed: &Allowed| rbac.bindings[allowed.grant.binding].origin != Origin::Bootstrap;
                    let found =
                        who(case).iter().any(|who| rbac.allows(who, &request(text), namespace).iter().any(written));
                    assert_eq!(found, expected, "{case:?} {text}");
                }
            }
        }
    }
}

/// The rules of somebody, without those that the API server gives everybody.
fn own_rules<'a>(rbac: &Rbac<'a>, case: &Node) -> Vec<Rule<'a>> {
    let everybodys = rbac.rules(&Subject::User("somebody else"), None);
    let mut found = Vec::new();
    for who in who(case) {
        for rule in rbac.rules(&who, case.str_at(&["namespace"])) {
            if !everybodys.contains(&rule) && !found.contains(rule) {
                found.push(rule.clone());
            }
        }
    }
    found
}
