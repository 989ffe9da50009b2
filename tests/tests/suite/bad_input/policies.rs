//! Policies of the workspace's own that do not load, compile, end, or answer.

use super::Case;

const FILE: &str = "own/my/rule/policy.rego";
const METADATA: &str = "\
# METADATA
# title: A rule
# description: It says something.
# custom:
#   severity: error
#   on: [rbac.authorization.k8s.io/Role]
#   fix: \"Do something.\"
";

/// A workspace whose own policy has this body, from line 12.
fn policy(metadata: &str, body: &str) -> Case {
    Case::config("policies: {paths: [own]}\n")
        .and("own/my/rule/README.md", "# A rule\n")
        .and(FILE, format!("{metadata}package policies.my[\"rule\"]\n\nimport rego.v1\n\n{body}\n"))
}

#[test]
fn a_policy_that_does_not_compile() {
    let case = policy(METADATA, "violation contains {\"path\": \"\", \"message\": \"x\"} if {\n\tx := \n}");
    case.fails("policy", &format!("{FILE}:13"), "expecting");
    let case = policy(METADATA, "violation contains {\"path\": \"\", \"message\": \"x\"} if nosuch(1)");
    case.fails("policy", &format!("{FILE}:12"), "nosuch");
}

#[test]
fn a_policy_without_metadata() {
    let body = "violation contains {\"path\": \"\", \"message\": \"x\"} if true";
    policy("", body).fails("policy", &format!("{FILE}:1"), "the policy has no METADATA");
    policy("# METADATA\n# title: [\n", body).fails("policy", &format!("{FILE}:2"), "METADATA cannot be read");
}

#[test]
fn a_policy_that_answers_in_another_shape() {
    let body = "violation contains {\"pth\": \"\", \"msg\": \"x\"} if true";
    policy(METADATA, body).fails("policy", &format!("{FILE}:12"), "unknown member");
    let body = "violation contains \"x\" if true";
    policy(METADATA, body).fails("policy", &format!("{FILE}:12"), "is a string, not an object");
    policy(METADATA, "violation := 7").fails("policy", &format!("{FILE}:12"), "`violation` is no set");
}

#[test]
fn a_policy_that_does_not_end() {
    let letters =
        "some a in l; some b in l; some c in l; some d in l; some e in l; some f in l; some g in l; some h in l";
    let list = (0..60).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let body = format!(
        "l := [{list}]\n\nviolation contains {{\"path\": \"\", \"message\": \"x\"}} if {{\n\t{letters}\n\ta + b + c + d + e + f + g + h == -1\n}}"
    );
    let case = policy(METADATA, &body);
    let outcome = case.run(&["check", "--format", "json"]);
    assert_eq!((outcome.code, outcome.errors().len()), (2, 1), "{}", outcome.stdout);
    assert_eq!(outcome.errors()[0]["location"]["file"], FILE, "{}", outcome.stdout);
    assert_eq!(outcome.policies(), [super::KNOWN]);
}

#[test]
fn a_policy_that_is_recursive_or_forbidden() {
    let body = "f(x) := f(x + 1)\n\nviolation contains {\"path\": \"\", \"message\": \"x\"} if f(1)";
    policy(METADATA, body).fails("policy", FILE, "rules call one another in a circle");
    let body = "violation contains {\"path\": \"\", \"message\": \"x\"} if to_number(\"1\") > 0";
    policy(METADATA, body).fails("policy", &format!("{FILE}:12"), "may not call `to_number`");
}

#[test]
fn files_that_are_no_text() {
    policy(METADATA, "").and(FILE, b"\xff\xfe").fails("file", &format!("{FILE}:1"), "not valid UTF-8");
}

#[test]
fn a_directory_of_policies_that_is_not_there() {
    let case = Case::config("policies: {paths: [nope]}\n");
    case.fails("file", "plimsoll.yaml:8", "there is no directory `nope` with policies");
}
