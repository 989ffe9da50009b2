//! `plimsoll rbac`.

use serde_json::Value;

use crate::example;
use crate::run::{Run, plimsoll, with_input};

/// A namespace in which creating pods is a way to cluster-admin.
const CLUSTER: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deploy, namespace: tools}
rules:
- {apiGroups: [\"\"], resources: [pods], verbs: [get, create]}
- {apiGroups: [\"\"], resources: [secrets], resourceNames: [token], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deploy, namespace: tools}
roleRef: {kind: Role, name: deploy}
subjects:
- {kind: Group, name: \"oidc:developers\"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: robot}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects:
- {kind: ServiceAccount, name: robot, namespace: tools}
";

fn run(args: &[&str]) -> Run {
    let directory = tempfile::tempdir().unwrap();
    example::write(directory.path(), &example::texts(&[("rbac.yaml", CLUSTER)]));
    plimsoll(directory.path(), &[&["rbac", "rbac.yaml"], args].concat())
}

fn only(run: Run) -> Value {
    run.ended(0).json()["environments"]["default"].clone()
}

#[test]
fn everybody_with_the_way_to_cluster_admin() {
    let text = run(&[]).ended(0).stdout;
    assert_eq!(
        text,
        "default
  ServiceAccount tools/robot
    ClusterRole cluster-admin in the whole cluster by ClusterRoleBinding robot (rbac.yaml:20:3)
    becomes cluster-admin in 1 step:
      1. ServiceAccount tools/robot may do everything
         by ClusterRoleBinding robot, ClusterRole cluster-admin, /rules/0
         yields cluster-admin
  Group oidc:developers
    Role tools/deploy in tools by RoleBinding tools/deploy (rbac.yaml:13:3)
    becomes cluster-admin in 2 steps:
      1. Group oidc:developers creates pods in namespace `tools` that run as any ServiceAccount there
         by RoleBinding tools/deploy, Role tools/deploy, /rules/0 (rbac.yaml:5:3)
         yields every ServiceAccount of namespace `tools`, ServiceAccount tools/robot among them
      2. ServiceAccount tools/robot may do everything
         by ClusterRoleBinding robot, ClusterRole cluster-admin, /rules/0
         yields cluster-admin
"
    );
}

#[test]
fn one_subject_by_its_short_name() {
    for name in ["oidc:developers", "Group:oidc:developers", "group:oidc:developers"] {
        let answer = only(run(&["--subject", name, "--format", "json"]));
        assert_eq!(answer["subject"]["subject"], "Group:oidc:developers");
        assert_eq!(answer["subject"]["admin"].as_array().map(Vec::len), Some(2));
        assert_eq!(answer["subject"]["grants"][0]["rules"][0]["verbs"], serde_json::json!(["get", "create"]));
        assert_eq!(answer["subject"]["becomes"][0]["subject"], "ServiceAccount:tools/robot");
    }
    for name in ["robot", "tools/robot", "ServiceAccount:tools/robot", "system:serviceaccount:tools:robot"] {
        let answer = only(run(&["--subject", name, "--format", "json"]));
        assert_eq!(answer["subject"]["subject"], "ServiceAccount:tools/robot", "{name}");
    }
}

#[test]
fn who_can() {
    let who = |args: &[&str]| -> Vec<String> {
        let answer = only(run(&[&["--can"], args, &["--format", "json"]].concat()));
        let allowed = answer["can"]["allowed"].as_array().unwrap().clone();
        let names = |allowed: &Value| {
            let names = allowed["names"].as_array().map_or(String::new(), |names| format!(" only {}", names[0]));
            format!("{}{names}", allowed["subject"].as_str().unwrap())
        };
        allowed.iter().map(names).filter(|name| !name.contains("system")).collect()
    };
    let (robot, people) = ("ServiceAccount:tools/robot".to_owned(), "Group:oidc:developers".to_owned());
    assert_eq!(who(&["create", "pods"]), [robot.clone(), people.clone()]);
    assert_eq!(who(&["create", "pods", "-n", "tools"]), [robot.clone(), people.clone()]);
    assert_eq!(who(&["create", "pods", "-n", "shop"]), std::slice::from_ref(&robot));
    assert_eq!(who(&["create", "pods/exec"]), std::slice::from_ref(&robot));
    assert_eq!(who(&["get", "deployments.apps/scale"]), std::slice::from_ref(&robot));
    assert_eq!(who(&["get", "secrets"]), [robot.clone(), format!("{people} only \"token\"")]);
    assert_eq!(who(&["get", "/metrics"]), [robot]);
}

#[test]
fn a_namespace_is_asked_about_in_a_workspace_too() {
    let directory = super::workspace(&[]);
    let run = plimsoll(directory.path(), &["rbac", "-e", "production", "--can", "list", "secrets", "-n", "shop"]);
    let text = run.ended(0).stdout;
    assert!(text.starts_with("production\n  list secrets in namespace shop is granted to\n"), "{text}");
    // Without a question it would be the namespace of plain manifests, which a workspace says itself.
    let run = plimsoll(directory.path(), &["rbac", "-n", "shop"]).ended(2);
    assert!(run.stderr.contains("a namespace is given for input that has a plimsoll.yaml"), "{}", run.stderr);
}

#[test]
fn what_is_not_known_is_said_with_what_is_near() {
    for (args, message, help) in [
        (&["--subject", "developer"][..], "names the subject `developer`", "did you mean `Group:oidc:developers`?"),
        (&["--subject", "tools/robt"], "names the subject `tools/robt`", "did you mean `ServiceAccount:tools/robot`?"),
        (&["--subject", "x"], "names the subject `x`", "write `User:name`"),
        (&["--can", "gte", "pods"], "there is no verb `gte`", "did you mean `get`?"),
        (&["--can", "get", "deploymnts"], "no resource is called `deploymnts`", "did you mean `deployments`?"),
        (&["--format", "dott"], "`dott` is not a format of this command", "did you mean `dot`?"),
    ] {
        let run = run(args).ended(2);
        assert!(run.stderr.contains(message) && run.stderr.contains(help), "{}", run.stderr);
    }
}

#[test]
fn graphs() {
    let dot = run(&["--format", "dot"]).ended(0).stdout;
    assert!(dot.starts_with("digraph \"default\" {\n") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains("  \"Group oidc:developers\" -> "), "{dot}");
    assert_eq!(dot.matches(" -> ").count(), 2);
    let mermaid = run(&["--subject", "developers", "--format", "mermaid"]);
    assert_eq!(mermaid.code, 2, "a part of a name is no name");
    let mermaid = run(&["--subject", "oidc:developers", "--format", "mermaid"]).ended(0).stdout;
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.matches("-->").count() == 2, "{mermaid}");
    assert!(!mermaid.contains('`'));
}

#[test]
fn what_could_not_be_rendered_is_said_and_the_rest_written() {
    let elsewhere = tempfile::tempdir().unwrap();
    let input = format!("a: [\n---\n{CLUSTER}");
    let run = with_input(elsewhere.path(), &["rbac", "-", "--format", "json"], &input).ended(2);
    assert!(run.stderr.contains("a value is missing"), "{}", run.stderr);
    assert_eq!(run.json()["environments"]["default"]["subjects"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_file_may_be_written() {
    let directory = tempfile::tempdir().unwrap();
    example::write(directory.path(), &example::texts(&[("rbac.yaml", CLUSTER)]));
    let run = plimsoll(directory.path(), &["rbac", "rbac.yaml", "-o", "out.txt"]).ended(0);
    assert_eq!(run.stdout, "");
    assert!(super::read(&directory.path().join("out.txt")).contains("Group oidc:developers"));
}

#[test]
fn a_name_ends_no_line() {
    let directory = tempfile::tempdir().unwrap();
    let named = CLUSTER.replace("\"oidc:developers\"", "\"x\\n::warning::b \\e[31m\"");
    example::write(directory.path(), &example::texts(&[("rbac.yaml", &named)]));
    for format in ["text", "dot", "mermaid"] {
        let run = plimsoll(directory.path(), &["rbac", "rbac.yaml", "--format", format]);
        assert!(run.stdout.contains("\\u{a}::warning::b"), "{}", run.stdout);
        assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains("\n::"), "{}", run.stdout);
    }
}

#[test]
fn environments_are_listed_in_the_order_of_the_workspace() {
    let directory = super::workspace(&[]);
    let shown = |command: &str, format: &str| plimsoll(directory.path(), &[command, "--format", format]).stdout;
    let order = |text: &str| -> Vec<String> {
        let environments = serde_json::from_str::<Value>(text).unwrap()["environments"].clone();
        environments.as_object().unwrap().keys().cloned().collect()
    };
    let expected = order(&shown("quota", "json"));
    let mut sorted = expected.clone();
    sorted.sort();
    assert_ne!(expected, sorted, "the order cannot be told from the alphabet's");
    assert_eq!(order(&shown("rbac", "json")), expected);
    let text = shown("rbac", "text");
    let lines = text.lines().filter(|line| expected.iter().any(|name| name == line));
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}
