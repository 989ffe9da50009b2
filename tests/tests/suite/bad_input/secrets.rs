//! What is secret shows in no report, whatever is wrong around it.

use super::{CONFIG, Case, Outcome, TEMPLATE};

const SECRET: &str = "c3VwZXItc2VjcmV0LXZhbHVl";

fn reports(case: &Case) -> [Outcome; 6] {
    ["text", "json", "sarif", "github", "gitlab", "junit"].map(|format| case.run(&["check", "--format", format]))
}

#[track_caller]
fn hides(case: &Case, secret: &str) {
    for outcome in reports(case) {
        assert_ne!(outcome.code, 0);
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{}", outcome.stdout);
    }
}

#[test]
fn a_secret_that_does_not_parse() {
    for end in ["  other: \"x\n", "  password: again\n", "  : [\n", "\tx: y\n"] {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  password: {SECRET}\n{end}");
        hides(&Case::with("raw/a.yaml", &text), SECRET);
        hides(&Case::with(TEMPLATE, &text), SECRET);
        let text = format!("data:\n  password: {SECRET}\n{end}kind: Secret\n");
        hides(&Case::with("raw/a.yaml", &text), SECRET);
    }
}

#[test]
fn a_template_of_a_secret_that_does_not_render() {
    for broken in ["{{ values.nope }}", "{% if %}", "{{ 1 | nope }}"] {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  password: {SECRET}\n  other: {broken}\n"
        );
        hides(&Case::with(TEMPLATE, text), SECRET);
    }
}

#[test]
fn a_secret_that_is_no_object() {
    let text = format!("kind: Secret\ndata: {{password: {SECRET}}}\n");
    let case = Case::with("raw/a.yaml", text).and("plimsoll.yaml", CONFIG.replace("raw/**?", "raw/a.yaml"));
    hides(&case, SECRET);
    let text = format!("{{kind: Secret, stringData: {{password: {SECRET}}}}}\n");
    let case = Case::with("raw/a.yaml", text).and("plimsoll.yaml", CONFIG.replace("raw/**?", "raw/a.yaml"));
    hides(&case, SECRET);
    let text = format!("{{\"kind\": \"Secret\", \"stringData\": {{\"password\": \"{SECRET}\"}}\n");
    hides(&Case::with("raw/a.json", text), SECRET);
}

#[test]
fn a_secret_written_into_an_environment_variable() {
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec:\n  containers:\n    - name: p\n      image: p:1\n      env:\n        - name: DB_PASSWORD\n          value: {SECRET}\n"
    );
    let case = Case::with("raw/a.yaml", &pod);
    assert!(reports(&case)[1].policies().contains(&"workload/secret-in-env".to_owned()));
    hides(&case, SECRET);
    // The same from values, whose file may be quoted, too.
    let case = Case::with(TEMPLATE, pod.replace(SECRET, "{{ values.password }}"))
        .and("web.yaml", format!("level: low\npassword: {SECRET}\n"));
    assert!(reports(&case)[1].policies().contains(&"workload/secret-in-env".to_owned()));
    hides(&case, SECRET);
}

#[test]
fn encrypted_values_satisfy_schemas() {
    let schema = "{\"properties\": {\"port\": {\"type\": \"integer\"}}}";
    let values = "level: low\nport: ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:YQ==,type:int]\nsops: {mac: x}\n";
    Case::with("charts/web/values.schema.json", schema).and("web.yaml", values).passes();
}

/// What SOPS left in the open stands beside what it encrypted, and is not for reports to quote.
#[test]
fn a_file_that_sops_encrypted_is_not_quoted() {
    let open = "TOPSECRETPLAIN";
    for (file, wrong) in [
        (format!("open: {open}\n  level: x\nsops:\n  mac: ENC[x]\n"), true),
        (format!("sops : {{mac: 'ENC[x]'}}\nopen: {open}\n  level: x\n"), true),
        (format!("{{\"open\": \"{open}\", \"level\": [, \"sops\": {{\"mac\": \"ENC[x]\"}}}}\n"), true),
        (format!("open: {open}\n  level: x\nsopsy:\n  mac: ENC[x]\n"), false),
    ] {
        let case = Case::with("web.yaml", file);
        let shown = reports(&case).iter().any(|outcome| outcome.stdout.contains(open));
        assert_eq!(shown, !wrong);
        assert!(reports(&case).iter().all(|outcome| outcome.code == 2));
    }
}
