//! Hand-made clusters with known shortest ways, each with near misses.

use super::{data, derive, resources};
use crate::facts::rbac::subject::Subject;
use crate::yaml::Node;
use std::fmt::Write as _;

fn rules(text: &str) -> String {
    let list = |text: &str| {
        let items: Vec<String> = match text {
            "-" => vec!["\"\"".to_owned()],
            text => text.split(',').map(|item| format!("\"{item}\"")).collect(),
        };
        format!("[{}]", items.join(", "))
    };
    let one = |rule: &str| {
        let words: Vec<&str> = rule.split(' ').collect();
        let [verbs, groups, resources, rest @ ..] = &words[..] else { panic!("{rule}") };
        let names = rest
            .first()
            .map_or(String::new(), |names| format!(", resourceNames: {}", list(names.strip_prefix("names=").unwrap())));
        format!("{{verbs: {}, apiGroups: {}, resources: {}{names}}}", list(verbs), list(groups), list(resources))
    };
    text.split(';').filter(|rule| !rule.is_empty()).map(one).collect::<Vec<_>>().join(", ")
}

fn subject(text: &str) -> String {
    let (kind, name) = text.split_once(':').unwrap();
    match name.split_once('/') {
        Some((namespace, name)) if kind == "ServiceAccount" => {
            format!("{{kind: {kind}, namespace: {namespace}, name: {name}}}")
        }
        _ => format!("{{kind: {kind}, name: \"{name}\"}}"),
    }
}

fn manifests(text: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let object = match line.split(' ').collect::<Vec<_>>()[..] {
            ["ROLE", name, ..] => {
                let (namespace, short) = name.split_once('/').unwrap();
                let rules = rules(&line[5 + name.len() + 1..]);
                format!("kind: Role\nmetadata: {{name: {short}, namespace: {namespace}}}\nrules: [{rules}]")
            }
            ["CLUSTERROLE", name, ..] => {
                let rules = rules(&line[12 + name.len() + 1..]);
                format!("kind: ClusterRole\nmetadata: {{name: {name}}}\nrules: [{rules}]")
            }
            ["BIND", namespace, who, ref role @ ..] => {
                let (kind, name) = role.concat().split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
                format!(
                    "kind: RoleBinding\nmetadata: {{name: b{at}, namespace: {namespace}}}\n\
                     roleRef: {{kind: {kind}, name: {name}}}\nsubjects: [{}]",
                    subject(who)
                )
            }
            ["CLUSTERBIND", who, role] => format!(
                "kind: ClusterRoleBinding\nmetadata: {{name: b{at}}}\n\
                 roleRef: {{kind: ClusterRole, name: {role}}}\nsubjects: [{}]",
                subject(who)
            ),
            _ => {
                writeln!(out, "---\n{line}").unwrap();
                continue;
            }
        };
        writeln!(out, "---\napiVersion: rbac.authorization.k8s.io/v1\n{object}").unwrap();
    }
    out
}

fn way(case: &Node, text: &str) -> Vec<String> {
    let resources = resources(&manifests(text));
    let rbac = derive(&resources, case.str_at(&["kubernetes"]).unwrap_or("1.37"));
    let who = case.str_at(&["who"]).unwrap();
    let (kind, name) = who.split_once(':').unwrap();
    let who = match kind {
        "User" => Subject::user(name),
        "Group" => Subject::Group(name),
        _ => {
            let (namespace, name) = name.split_once('/').unwrap();
            Subject::Account { namespace, name }
        }
    };
    let Some(at) = rbac.subjects.find(&who) else { return Vec::new() };
    let steps = rbac.way_to_admin(at);
    assert_eq!(steps.len(), rbac.distance(at).unwrap_or(0) as usize);
    for step in &steps {
        // Every step names what a person has to look at.
        let line = rbac.line(step);
        assert!(line.contains("/rules/") && !step.grants.is_empty(), "{line}");
    }
    steps.into_iter().map(|step| step.yields).collect()
}

/// The same with every rule of every role written twice.
fn repeated(text: &str) -> String {
    let twice = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        [kind @ ("ROLE" | "CLUSTERROLE"), name, ref rules @ ..] if !rules.is_empty() => {
            let rules = rules.join(" ");
            format!("{kind} {name} {rules};{rules}")
        }
        _ => line.to_owned(),
    };
    text.lines().map(twice).collect::<Vec<_>>().join("\n")
}

#[test]
fn known_ways_are_found_and_near_misses_are_none() {
    let cases = data(include_str!("closure.yaml"));
    for case in cases.items() {
        let name = case.str_at(&["name"]).unwrap();
        let text = case.str_at(&["manifests"]).unwrap();
        let expected: Vec<_> = case.get("way").unwrap().items().iter().filter_map(Node::as_str).collect();
        assert_eq!(way(case, text), expected, "{name}");
        // Rules that come again grant nothing more.
        assert_eq!(way(case, &repeated(text)), expected, "{name}, said twice");
        let near = case.get("near").map(Node::items).unwrap_or_default();
        assert!(!near.is_empty(), "{name} has no near miss");
        for miss in near {
            let (from, to) = (miss.str_at(&["replace"]).unwrap(), miss.str_at(&["by"]).unwrap());
            assert!(text.contains(from), "{name}: nothing to replace by `{to}`");
            assert_eq!(way(case, &text.replace(from, to)), [""; 0], "{name}, `{from}` replaced by `{to}`");
        }
    }
}

#[test]
fn a_way_names_binding_role_and_rule() {
    let text = manifests(
        "ROLE ops/dev get - pods;create - pods\nBIND ops Group:dev Role/dev\nCLUSTERBIND ServiceAccount:ops/robot cluster-admin",
    );
    let resources = resources(&text);
    let rbac = derive(&resources, "1.37");
    let dev = rbac.subjects.find(&Subject::Group("dev")).unwrap();
    let lines: Vec<String> = rbac.way_to_admin(dev).iter().map(|step| rbac.line(step)).collect();
    assert_eq!(
        lines,
        [
            "Group dev creates pods in namespace `ops` that run as any ServiceAccount there (RoleBinding ops/b1 gives \
             Role ops/dev, `/rules/1`): yields every ServiceAccount of namespace `ops`, ServiceAccount ops/robot among them",
            "ServiceAccount ops/robot may do everything (ClusterRoleBinding b2 gives ClusterRole cluster-admin, \
             `/rules/0`): yields cluster-admin",
        ]
    );
    let from = rbac.graph.find(crate::facts::rbac::graph::Place::Subject(dev)).unwrap();
    let reached = rbac.graph.reach(from);
    let admin = rbac.graph.find(crate::facts::rbac::graph::Place::Admin).unwrap();
    assert_eq!(rbac.way_to(&reached, admin).len(), 2);
}
