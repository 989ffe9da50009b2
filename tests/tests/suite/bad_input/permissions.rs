//! Roles and bindings that are wrong: a finding at its line, from the policies and from the command alike.

use super::{Case, KNOWN};

const RAW: &str = "raw/rbac.yaml";

/// A manifest of which a line is wrong, and what is said about it.
fn found(manifest: &str, policy: &str, line: u64, message: &str) {
    let case = Case::with(RAW, manifest);
    let report = case.run(&["check", "--format", "json"]).json();
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(0), "{manifest}\n{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let here = |finding: &&serde_json::Value| {
        finding["policy"] == policy && finding["location"]["file"] == RAW && finding["location"]["line"] == line
    };
    let messages: Vec<&str> = findings.iter().filter(here).filter_map(|finding| finding["message"].as_str()).collect();
    assert!(messages.iter().any(|found| found.contains(message)), "{manifest}\n{message}\n{findings:#?}");
    assert!(findings.iter().any(|finding| finding["policy"] == KNOWN), "the other finding is lost");
    // The command says what it can of the same.
    let view = case.run(&["rbac", "--format", "json"]);
    assert_eq!(view.code, 0, "{}", view.stderr);
    view.json();
}

fn role(rest: &str) -> String {
    format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: odd, namespace: shop}}\n{rest}")
}

fn binding(kind: &str, rest: &str) -> String {
    format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: odd, namespace: shop}}\n{rest}")
}

const SUBJECTS: &str = "subjects: [{kind: User, name: jo}]\n";

#[test]
fn rules_of_the_wrong_type() {
    for (rest, line, message) in [
        ("rules: everything\n", 4, "`rules` is a string, not a list"),
        ("rules: 5\n", 4, "`rules` is an integer, not a list"),
        ("rules: {verbs: [get]}\n", 4, "`rules` is a map, not a list"),
        ("rules:\n- get pods\n", 5, "rule is a string, not a map"),
        ("rules:\n- null\n", 5, "rule is null, not a map"),
        ("rules:\n- verbs: get\n  apiGroups: [\"\"]\n  resources: [pods]\n", 5, "`verbs` is a string, not a list"),
        ("rules:\n- apiGroups: [\"\"]\n  resources:\n  - 7\n  verbs: [get]\n", 7, "entry of `resources` is an integer"),
        ("rules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs:\n  - true\n", 8, "entry of `verbs` is a boolean"),
        ("rules:\n- apiGroups: [\"\"]\n  resources: [pods]\n", 5, "rule has no verbs"),
        ("rules:\n- {verbs: [get], resources: [pods]}\n", 5, "no `apiGroups`"),
        ("rules:\n- {verbs: [get], apiGroups: [\"\"]}\n", 5, "names neither resources nor paths"),
        ("rules:\n- {verbs: [get], nonResourceURLs: [/metrics]}\n", 5, "not inside of namespaces"),
    ] {
        found(&role(rest), "rbac/dead-grant", line, message);
    }
}

#[test]
fn words_that_do_not_exist() {
    for (rest, line, message) in [
        ("rules:\n- {apiGroups: [\"\"], resources: [pod], verbs: [get]}\n", 5, "the nearest name is `pods`"),
        ("rules:\n- {apiGroups: [\"\"], resources: [pods], verbs: [Get]}\n", 5, "there is no verb `Get`"),
        ("rules:\n- {apiGroups: [extensions], resources: [deployments], verbs: [get]}\n", 5, "it is in `apps`"),
        ("rules:\n- {apiGroups: [\"\"], resources: [pods/nope], verbs: [get]}\n", 5, "no resource `pods/nope`"),
    ] {
        found(&role(rest), "rbac/dead-grant", line, message);
    }
}

#[test]
fn bindings_of_the_wrong_kind() {
    for (kind, rest, line, message) in [
        ("RoleBinding", "subjects: []\n", 1, "no `roleRef`"),
        ("RoleBinding", "roleRef: {kind: Roll, name: x}\n", 4, "`Roll` is neither"),
        ("RoleBinding", "roleRef: {kind: Role}\n", 4, "names no role"),
        ("RoleBinding", "roleRef: {apiGroup: rbac, kind: Role, name: x}\n", 4, "`rbac` is not the API group"),
        ("ClusterRoleBinding", "roleRef: {kind: Role, name: x}\n", 4, "cannot bind a Role"),
        ("RoleBinding", "roleRef: {kind: ClusterRole, name: view}\nsubjects: jo\n", 5, "`subjects` is a string"),
        ("RoleBinding", "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- jo\n", 6, "subject is a string"),
        (
            "RoleBinding",
            "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- {kind: Team, name: x}\n",
            6,
            "`Team` is neither",
        ),
        (
            "RoleBinding",
            "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- {kind: 3, name: x}\n",
            6,
            "`kind` is an integer",
        ),
        (
            "RoleBinding",
            "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- {kind: User}\n",
            6,
            "subject has no name",
        ),
        (
            "RoleBinding",
            "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- {kind: User, name: 3}\n",
            6,
            "`name` is an integer",
        ),
    ] {
        found(&binding(kind, rest), "rbac/dead-grant", line, message);
    }
}

#[test]
fn references_to_nothing() {
    let missing = format!("roleRef: {{kind: Role, name: nope}}\n{SUBJECTS}");
    found(&binding("RoleBinding", &missing), "rbac/dangling-reference", 4, "neither rendered nor declared external");
    let nowhere = "roleRef: {kind: ClusterRole, name: view}\nsubjects:\n- {kind: ServiceAccount, name: cart}\n";
    found(&binding("ClusterRoleBinding", nowhere), "rbac/dangling-reference", 6, "without a `namespace`");
}

#[test]
fn aggregation_that_leads_nowhere() {
    let role = |name: &str, label: &str, selects: &str| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
             metadata: {{name: {name}, labels: {{to: {label}}}}}\n\
             aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{to: {selects}}}}}]}}\n"
        )
    };
    let cycle = role("a", "first", "second") + &role("b", "second", "first") + &role("c", "own", "own");
    let bound = format!(
        "{cycle}---\n{}",
        binding("ClusterRoleBinding", &format!("roleRef: {{kind: ClusterRole, name: a}}\n{SUBJECTS}"))
    );
    let case = Case::with(RAW, &bound);
    case.passes();
    let view = case.run(&["rbac", "--subject", "jo", "--format", "json"]).json();
    assert_eq!(view["environments"]["production"]["subject"]["admin"], serde_json::json!([]));
}
