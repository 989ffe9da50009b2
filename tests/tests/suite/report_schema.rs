//! `docs/report.schema.json` describes the JSON report: every report fits it, and it admits little else.

use plimsoll::report::{Json, Writer as _};
use serde_json::{Value, json};

use crate::example::{self, NOW, check_workspace, open, texts};

fn schema() -> Value {
    let text = std::fs::read_to_string(example::root().join("docs/report.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn faults(report: &Value) -> Vec<String> {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn report_of(files: &[(&str, &str)]) -> Value {
    let mut bytes = Vec::new();
    Json.write(&check_workspace(&open(&texts(files)), NOW), &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Every member there is: violated and unknown, with and without object, place, help and environments.
fn rich() -> Value {
    report_of(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  staging: {tier: staging, manifests: [{path: \"raw/*\", namespace: shop-staging}, {path: raw/staging/*}]}
  production: {tier: production, manifests: [{path: \"raw/*\", namespace: shop}]}
releases: [{name: broken, chart: charts/broken, namespace: shop}]
align: {namespaces: \"{prefix}-{environment}\"}
suppressions:
  - {policy: rbac/wildcard, object: shop/Role/none, reason: r, owner: o, expires: 2026-01-31}
",
        ),
        (
            "raw/cart.yaml",
            "apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {selector: {app: cart}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}, {name: bad, image: 'A B'}]}
",
        ),
        ("raw/kustomization.yaml", "resources: [cart.yaml]\n"),
        ("raw/staging/broken.yaml", "a: [\n"),
        ("charts/broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: 1.0.0\n"),
        ("charts/broken/templates/x.yaml.j2", "kind: {{ values.missing }}\n"),
    ])
}

#[test]
fn every_report_fits() {
    let clean = report_of(&[
        ("plimsoll.yaml", "version: 1\nenvironments: {production: {manifests: [{path: a.yaml}]}}"),
        ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"),
    ]);
    assert_eq!(clean["findings"], json!([]));
    assert_eq!(faults(&clean), Vec::<String>::new());
    let mut bytes = Vec::new();
    Json.write(&example::check(&example::files()), &mut bytes).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&bytes).unwrap()), Vec::<String>::new());
    let rich = rich();
    for part in ["findings", "errors", "notes"] {
        assert!(!rich[part].as_array().unwrap().is_empty(), "{part} is empty: {rich:#}");
    }
    assert_eq!(faults(&rich), Vec::<String>::new(), "{rich:#}");
}

/// The members of every object in a report, as the schema must know them.
#[test]
fn members_the_schema_does_not_name_are_refused() {
    let rich = rich();
    let mut tried = 0;
    for pointer in objects(&rich, "") {
        let mut report = rich.clone();
        let object = report.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
        object.insert("surprise".to_owned(), json!(1));
        assert!(!faults(&report).is_empty(), "`{pointer}` may hold anything");
        tried += 1;
    }
    assert!(tried > 20);
}

/// Pointers to every object in a document.
fn objects(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let below = members.iter().flat_map(|(name, value)| objects(value, &format!("{at}/{name}")));
            std::iter::once(at.to_owned()).chain(below).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| objects(value, &format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_breaks_the_contract_is_refused() {
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/summary/errors", json!(-1)),
        ("/findings/0/severity", json!("off")),
        ("/findings/0/fingerprint", json!("x")),
        ("/findings/0/policy", json!("wildcard")),
        ("/errors/0/kind", json!("unheard-of")),
        ("/errors/0/location/line", json!(0)),
    ] {
        let mut report = rich();
        *report.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no {pointer}")) = value;
        assert_eq!(faults(&report).len(), 1, "{pointer}: {:?}", faults(&report));
    }
}
