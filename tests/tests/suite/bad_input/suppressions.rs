//! Suppressions in comments and annotations that cannot be read, or name what may not be suppressed.

use super::{Case, KNOWN, TEMPLATE, WHOLE};

const PLAIN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: raw\n  namespace: shop\n";

/// What may follow `plimsoll: ignore=` or the annotation's key, and what is wrong with it.
const MISTAKES: [(&str, &str); 9] = [
    ("rbac/wildcard", "a suppression needs `reason`"),
    ("rbac/wildcard reason=", "`reason` is empty"),
    ("rbac/wildcard reason='x", "the quote before the value of `reason` is not closed"),
    ("rbac/wildcrd reason=x", "there is no policy `rbac/wildcrd`"),
    ("rbac/wildcard resaon=x", "a suppression has no key `resaon`"),
    ("rbac/wildcard reason=x expires=2027-02-31", "`2027-02-31` is no day"),
    ("rbac/wildcard reason=x environments=stagin", "there is no environment `stagin`"),
    ("rbac/wildcard reason=the card network", "`card` is not `key=value`"),
    ("rbac/wildcard reason=x object=cart", "`cart` names no objects"),
];

#[test]
fn comments_that_cannot_be_read() {
    for (text, message) in MISTAKES {
        let case = Case::template(&format!("{{# plimsoll: ignore={text} #}}\n"));
        case.fails("template", &format!("{TEMPLATE}:8"), message);
        let manifest = format!("{PLAIN}data: {{a: b}} # plimsoll: ignore={text}\n");
        Case::with("raw/config.yaml", manifest).fails("manifest", "raw/config.yaml:6", message);
    }
    for (text, message) in [
        ("ignore rbac/wildcard reason=x", "`ignore` is not followed by `=`"),
        ("ingore=rbac/wildcard reason=x", "a comment can `ignore` a policy, and not `ingore` one"),
    ] {
        let case = Case::template(&format!("# plimsoll: {text}\n"));
        case.fails("template", &format!("{TEMPLATE}:8"), message);
    }
}

#[test]
fn an_environment_that_plain_input_does_not_have() {
    let manifest = format!("{PLAIN}data: {{a: b}} # plimsoll: ignore=rbac/wildcard reason=x environments=staging\n");
    let folders = [("production/a.yaml", &*manifest), ("staging/b.yaml", PLAIN)];
    for (files, args, code) in [
        (&[("a.yaml", &*manifest)][..], &["check", "."][..], 2),
        (&folders, &["check", "."], 0),
        // Whoever names an environment does not say that there is no other.
        (&[("a.yaml", &*manifest)], &["check", ".", "-e", "production"], 0),
    ] {
        let directory = tempfile::tempdir().unwrap();
        crate::example::write(directory.path(), &crate::example::texts(files));
        let run = crate::run::plimsoll(directory.path(), args).ended(code);
        assert_eq!(run.stdout.contains("there is no environment `staging`"), code == 2, "{}", run.stdout);
    }
}

#[test]
fn annotations_that_cannot_be_read() {
    for (text, message) in MISTAKES {
        let annotation = format!("  annotations:\n    plimsoll.dev/ignore: {text}\n");
        let manifest = format!("{PLAIN}{annotation}");
        Case::with("raw/config.yaml", manifest).fails("manifest", "raw/config.yaml:7", message);
        let template = WHOLE.replace("\ndata:\n", &format!("\n{annotation}data:\n"));
        Case::with(TEMPLATE, template).fails("manifest", &format!("{TEMPLATE}:7"), message);
    }
    let list = format!("{PLAIN}  annotations: {{plimsoll.dev/ignore: [rbac/wildcard]}}\n");
    Case::with("raw/config.yaml", list).fails("manifest", "raw/config.yaml:6", "the annotation is not text");
}

#[test]
fn no_baseline_is_written_over_while_one_cannot_be_read() {
    for text in ["rbac/wildcard", "rbac/wildcrd reason=x", "rbac/wildcard reason=x expires=soon"] {
        let case = Case::new();
        let write = ["check", "--now", "2026-11-22T10:00:00Z", "--write-baseline", "baseline.json"];
        assert_eq!(case.run(&write).code, 0);
        let before = std::fs::read_to_string(case.path("baseline.json")).unwrap();
        let case = case.and(TEMPLATE, format!("{WHOLE}# plimsoll: ignore={text}\n"));
        assert_eq!(case.run(&write).code, 2);
        assert_eq!(std::fs::read_to_string(case.path("baseline.json")).unwrap(), before);
    }
}

#[test]
fn a_file_full_of_mistakes_is_told_of_in_part() {
    let many = "# plimsoll: ignore=rbac/wildcrd reason=x\n".repeat(100_000);
    let outcome = Case::template(&many).run(&["check", "--format", "json"]);
    assert_eq!((outcome.code, outcome.errors().len()), (2, 20));
    assert_eq!(outcome.policies(), [KNOWN]);
}

#[test]
fn nothing_is_quoted_around_a_mistake_beside_a_secret() {
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData:\n  # plimsoll: ignore=rbac/wildcard\n  password: hunter2hunter2\n";
    let case = Case::template(secret);
    case.fails("template", &format!("{TEMPLATE}:13"), "a suppression needs `reason`");
    let text = case.run(&["check"]);
    assert!(!text.stdout.contains("hunter2"), "{}", text.stdout);
}

/// A policy of the workspace's own that finds fault with every ConfigMap, and suffers no exception.
const STRICT: &str = "# METADATA
# title: A ConfigMap
# description: There is one.
# custom:
#   severity: warning
#   on: [ConfigMap]
#   fix: Do without.
#   suppressible: false
package policies.own[\"strict\"]

import rego.v1

violation contains {\"path\": \"/metadata\", \"message\": \"it is there\"} if {
    input.resource.kind == \"ConfigMap\"
}
";

#[test]
fn policies_that_cannot_be_suppressed_are_not() {
    let message = "findings of `own/strict` cannot be suppressed";
    let own = "policies: {paths: [own]}\n";
    let strict = |more: &str| Case::config(&format!("{own}{more}")).and("own/own/strict/policy.rego", STRICT);
    let object = "object: shop/ConfigMap/web, reason: x, owner: o, expires: 2027-03-31";
    let in_config = strict(&format!("suppressions:\n  - {{policy: own/strict, {object}}}\n"));
    let annotation = "  annotations: {plimsoll.dev/ignore: own/strict reason=x}\ndata:\n";
    for (case, kind, place) in [
        (in_config, "workspace", "plimsoll.yaml:10".to_owned()),
        (
            strict("")
                .and(TEMPLATE, WHOLE.replace("metadata:\n", "metadata: # plimsoll: ignore=own/strict reason=x\n")),
            "template",
            format!("{TEMPLATE}:3"),
        ),
        (
            strict("").and(TEMPLATE, WHOLE.replace("data:\n  level", &format!("{annotation}  level"))),
            "manifest",
            format!("{TEMPLATE}:6"),
        ),
    ] {
        let outcome = case.run(&["check", "--format", "json", "--now", "2026-11-22T10:00:00Z"]);
        outcome.has_one_error(kind, &place, message);
        assert_eq!(outcome.policies(), [KNOWN, "own/strict"]);
        assert_eq!(outcome.json()["summary"]["suppressed"], 0);
    }
    let shown = strict("").run(&["policies", "show", "own/strict"]);
    assert!(shown.stdout.contains("suppressing not possible"), "{}", shown.stdout);
    let listed = strict("").run(&["policies", "list", "--format", "json"]).json();
    let fixed: Vec<_> = listed.as_array().unwrap().iter().filter(|policy| policy["suppressible"] == false).collect();
    assert_eq!(fixed.len(), 1);
}
