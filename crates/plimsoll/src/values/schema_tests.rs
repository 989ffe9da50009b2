//! Values against schemas: every violation, at the line that set it.

use std::sync::Arc;

use crate::chart::Chart;
use crate::files::Files;
use crate::values::{Layer, LayerKind, MergeOptions, SetKind, Values, coalesce, parse, validate};
use crate::{Error, ErrorKind};

fn load(entries: &[(&str, &str)]) -> Arc<Chart> {
    let mut all: Vec<(String, Vec<u8>)> =
        vec![("p/Chart.yaml".into(), b"apiVersion: v2\nname: p\nversion: 1.0.0\n".to_vec())];
    all.extend(entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    Chart::load(&Files::memory(all), "p").unwrap()
}

fn check(chart: &Chart, layer: &str, sets: &[&str]) -> Vec<Error> {
    let mut values = Values::new();
    let node = parse(&"env.yaml".into(), layer).unwrap();
    values.merge(Layer::file(LayerKind::Environment, "env.yaml"), &node, &MergeOptions::default());
    for set in sets {
        values.set(SetKind::Typed, set).unwrap();
    }
    validate(chart, &coalesce(chart, &values))
}

fn shown(errors: &[Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft-07/schema#",
  "type": "object",
  "required": ["image"],
  "additionalProperties": false,
  "properties": {
    "replicas": {"type": "integer", "minimum": 1},
    "service": {"type": "object", "properties": {"type": {"enum": ["ClusterIP", "NodePort"]}}},
    "image": {
      "type": "object",
      "required": ["tag"],
      "additionalProperties": false,
      "properties": {"repository": {"type": "string"}, "tag": {"type": "string", "pattern": "^v"}}
    },
    "hosts": {"type": "array", "items": {"type": "object", "required": ["host"]}},
    "password": {"type": "string", "maxLength": 3},
    "port": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[a-z]+$"}]},
    "global": {"type": "object"}
  }
}"#;

#[test]
fn every_violation_is_at_the_line_that_wrote_it() {
    let chart = load(&[("p/values.schema.json", SCHEMA), ("p/values.yaml", "replicas: 0\nimage:\n  repository: r\n")]);
    let errors = check(
        &chart,
        "service: {type: NodePrt}\nimage:\n  repositry: x\nhosts:\n- host: a\n- {}\nrepicas: 2\nport: UP\npassword: hunter2\n",
        &[],
    );
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Schema));
    assert_eq!(
        shown(&errors),
        [
            "env.yaml:1:11: `service.type` is the string `NodePrt`, expected `ClusterIP` or `NodePort`",
            "env.yaml:2:1: `image.tag` is missing",
            "env.yaml:3:3: `image.repositry` is not a key that the schema knows",
            "env.yaml:6:3: `hosts[1].host` is missing",
            "env.yaml:7:1: `repicas` is not a key that the schema knows",
            "env.yaml:8:1: `port` fits none of the schema's alternatives: `port` is the string `UP`, expected an integer; \
             `port` is the string `UP`, expected text that matches `^[a-z]+$`",
            "env.yaml:9:1: `password` is a string, expected at most 3 characters",
            "p/values.yaml:1:1: `replicas` is the number 0, expected at least 1",
        ]
    );
    let help = |at: usize| errors[at].help().unwrap_or_default();
    assert_eq!(help(0), "did you mean `NodePort`?");
    assert_eq!(help(2), "did you mean `repository`?");
    assert_eq!(help(4), "did you mean `replicas`?");
}

#[test]
fn a_missing_top_level_key_is_at_the_defaults() {
    let chart = load(&[("p/values.schema.json", SCHEMA), ("p/values.yaml", "replicas: 1\n")]);
    assert_eq!(shown(&check(&chart, "", &[])), ["p/values.yaml: `image` is missing"]);
    let bare = load(&[("p/values.schema.json", SCHEMA)]);
    assert_eq!(shown(&check(&bare, "", &[])), ["p/values.schema.json: `image` is missing"]);
}

#[test]
fn what_the_command_line_sets_has_no_place() {
    let chart = load(&[("p/values.schema.json", SCHEMA), ("p/values.yaml", "image: {tag: v1}\n")]);
    let errors = check(&chart, "", &["replicas=two"]);
    assert_eq!(shown(&errors), ["`replicas` is the string `two`, expected an integer"]);
    assert!(errors[0].help().unwrap().contains("command line"));
    // A default that a null removed is missing where its map is.
    assert_eq!(shown(&check(&chart, "", &["image.tag=null"])), ["p/values.yaml:1:1: `image.tag` is missing"]);
}

#[test]
fn encrypted_values_satisfy_every_schema() {
    let chart = load(&[("p/values.schema.json", SCHEMA), ("p/values.yaml", "image: {tag: v1}\n")]);
    let encrypted = "replicas: ENC[AES256_GCM,data:x]\nport: ENC[AES256_GCM,data:y]\npassword: ENC[AES256_GCM]\n\
                     service: {type: 'ENC[x]'}\nsops: {mac: 'ENC[z]'}\n";
    assert!(check(&chart, encrypted, &[]).is_empty());
    assert_eq!(check(&chart, "sops: {other: 1}\n", &[]).len(), 1);
}

#[test]
fn subcharts_are_checked_in_their_scope() {
    let strict = r#"{"additionalProperties": false, "properties": {"a": {"type": "integer"}}}"#;
    let entries = [
        ("p/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        ("p/charts/sub/values.yaml", "a: 1\n"),
        ("p/charts/sub/values.schema.json", strict),
    ];
    let errors = check(&load(&entries), "sub:\n  a: x\n  ab: 1\n", &[]);
    assert_eq!(
        shown(&errors),
        [
            "env.yaml:2:3: `sub.a` is the string `x`, expected an integer",
            "env.yaml:2:3: `sub.global` is not a key that the schema knows",
            "env.yaml:3:3: `sub.ab` is not a key that the schema knows",
        ]
    );
    // Helm hands `global` down and does not exempt it.
    assert!(errors[1].help().unwrap().contains("global"), "{:?}", errors[1].help());
    let parent = "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies: [{name: sub, condition: sub.enabled}]\n";
    let mut disabled = entries.to_vec();
    disabled.push(("p/Chart.yaml", parent));
    assert!(check(&load(&disabled), "sub: {enabled: false, a: x}\n", &[]).is_empty());
}

#[test]
fn broken_schemas_are_errors_of_the_schema() {
    for (schema, place, part) in [
        ("{\n  \"type\": \n}", "p/values.schema.json:3:1", "not JSON"),
        ("{\n  \"type\": \"objekt\"\n}", "p/values.schema.json:2:3", "own rules"),
        ("{\"$ref\": \"https://schemas.example/x.json\"}", "p/values.schema.json:1:1", "nothing outside"),
        (
            "{\"properties\": {\"a\": {\"$ref\": \"file:///etc/passwd\"}}}",
            "p/values.schema.json:1:1",
            "nothing outside",
        ),
        ("{\"properties\": {\"a\": {\"$ref\": \"other.json\"}}}", "p/values.schema.json:1:1", "nothing outside"),
        ("{\"$ref\": \"#/$defs/none\"}", "p/values.schema.json:1:1", "leads nowhere"),
        ("{\"properties\": {\"a\": {\"pattern\": \"(\"}}}", "p/values.schema.json:1:23", "own rules"),
    ] {
        let errors = check(&load(&[("p/values.schema.json", schema)]), "a: b\n", &[]);
        assert_eq!(errors.len(), 1, "{schema}: {errors:?}");
        assert_eq!(errors[0].kind(), ErrorKind::Schema);
        assert!(errors[0].message().contains(part), "{schema}: {}", errors[0]);
        assert_eq!(errors[0].location().unwrap().to_string(), place, "{schema}: {}", errors[0]);
    }
}

#[test]
fn schemas_may_recurse_into_the_values() {
    let tree = r##"{"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}, "count": {"type": "integer"}}}},
        "$ref": "#/$defs/node", "properties": {"root": {"$ref": "#"}}}"##;
    let chart = load(&[("p/values.schema.json", tree)]);
    assert!(check(&chart, "next: {next: {count: 1}}\n", &[]).is_empty());
    assert_eq!(
        shown(&check(&chart, "next: {next: {count: x}}\n", &[])),
        ["env.yaml:1:15: `next.next.count` is the string `x`, expected an integer"]
    );
}

#[test]
fn a_schema_is_compiled_once() {
    let chart = load(&[("p/values.schema.json", SCHEMA), ("p/values.yaml", "image: {tag: v1}\n")]);
    let schema = chart.schema.as_ref().unwrap();
    assert!(schema.check().is_none());
    let first: *const _ = schema.compiled();
    assert!(check(&chart, "", &[]).is_empty());
    assert!(std::ptr::eq(first, schema.compiled()));
}

#[test]
fn references_in_circles_and_long_chains_end() {
    let chain: Vec<String> = (0..2_000).map(|at| format!("\"d{at}\": {{\"$ref\": \"#/$defs/d{}\"}}", at + 1)).collect();
    let chain = format!("{{\"$defs\": {{{}, \"d2000\": {{}}}}, \"$ref\": \"#/$defs/d0\"}}", chain.join(","));
    for schema in [
        r##"{"$ref": "#"}"##,
        r##"{"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}"##,
        r##"{"$anchor": "a", "allOf": [{"$ref": "#a"}]}"##,
        r##"{"$dynamicAnchor": "a", "allOf": [{"$dynamicRef": "#a"}]}"##,
        r#"{"$id": "https://x.example/s.json", "allOf": [{"$ref": "s.json"}]}"#,
        r##"{"$schema": "https://json-schema.org/draft/2019-09/schema", "allOf": [{"$recursiveRef": "#"}]}"##,
        &chain,
    ] {
        let errors = check(&load(&[("p/values.schema.json", schema)]), "a: b\n", &[]);
        assert!(errors.len() <= 1, "{errors:?}");
    }
}
