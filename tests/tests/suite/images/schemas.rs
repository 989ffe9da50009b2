//! `docs/images.lock.schema.json` and `docs/trust.schema.json` say what the readers take, and no more.

use plimsoll::images::Lock;
use serde_json::{Value, json};

use crate::example::{self, open, texts};

fn schema(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(example::root().join("docs").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn digest() -> String {
    format!("sha256:{}", "0123456789abcdef".repeat(4))
}

/// A lock with every member there is.
fn whole() -> Value {
    json!({"version": 1, "image": [{
        "name": "registry.example:5000/shop/cart", "tag": "2.14.3", "digest": digest(), "previous": digest(), "user": "65532",
        "platforms": {"linux/amd64": digest(), "linux/arm/v7": digest()}, "seen": {"staging": "2026-11-03T10:00:00Z"},
        "evidence": [{"kind": "signature", "file": "evidence/a/b.json", "sha256": digest()[7..]}],
    }]})
}

/// JSON as TOML: an inline table takes any of it.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("\"{key}\" = {}", toml(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn read(lock: &Value) -> bool {
    let members = lock.as_object().unwrap();
    let lines: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\" = {}", toml(value))).collect();
    Lock::parse(&lines.join("\n")).is_ok()
}

/// The value with one member set, or taken out.
fn changed(value: &Value, pointer: &str, to: &Value) -> Value {
    let mut value = value.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match (parent.as_object_mut(), to) {
        (Some(members), Value::Null) => drop(members.remove(name)),
        (Some(members), to) => drop(members.insert(name.to_owned(), to.clone())),
        (None, to) => parent[name.parse::<usize>().unwrap()] = to.clone(),
    }
    value
}

#[test]
fn the_schema_of_the_lock_and_its_reader_agree() {
    let schema = schema("images.lock.schema.json");
    let whole = whole();
    assert!(schema.is_valid(&whole) && read(&whole), "{:?}", schema.iter_errors(&whole).next());
    assert!(schema.is_valid(&json!({"version": 1})) && read(&json!({"version": 1})));
    for (pointer, to) in [
        ("/version", json!(2)),
        ("/version", Value::Null),
        ("/images", json!([])),
        ("/image/0/name", Value::Null),
        ("/image/0/name", json!("redis")),
        ("/image/0/name", json!("registry.example/Shop/cart")),
        ("/image/0/name", json!("registry.example/shop/cart:1")),
        ("/image/0/tag", json!("a b")),
        ("/image/0/tag", json!(1)),
        ("/image/0/tga", json!("a")),
        ("/image/0/digest", Value::Null),
        ("/image/0/digest", json!("sha512:00")),
        ("/image/0/previous", json!("1")),
        ("/image/0/user", json!([])),
        ("/image/0/platforms/linux", json!(digest())),
        ("/image/0/platforms/linux~1arm", json!("x")),
        ("/image/0/seen/dr", json!("yesterday")),
        ("/image/0/evidence/0/kind", json!("sbom")),
        ("/image/0/evidence/0/file", json!("../x")),
        ("/image/0/evidence/0/sha256", json!("0")),
        ("/image/0/evidence/0/extra", json!("0")),
    ] {
        let lock = changed(&whole, &pointer.replace("~1arm", "/arm64").replace("linux/arm64", "linux~1arm64"), &to);
        assert!(!schema.is_valid(&lock), "the schema takes {pointer} = {to}");
        assert!(!read(&lock), "the reader takes {pointer} = {to}");
    }
}

/// `trust` with every member there is.
fn trust() -> Value {
    json!([{
        "match": ["registry.example/**"],
        "authorities": [
            {"key": "trust/release.pub", "root": "trust/root.json", "timestamp": "required", "log": "optional", "until": "2027-03-31"},
            {"keyless": {"issuer": "https://i.example", "subject": "https://x.example/**", "root": "trust/root.json", "certificateLog": "optional"}},
        ],
        "require": {
            "vuln": {"maxAge": "168h", "deny": ["CRITICAL", "HIGH+fixable"], "authorities": [{"key": "trust/scan.pub"}]},
            "slsa": {"builder": ["https://b.example/**"], "source": ["git+https://c.example/**"], "authorities": [{"key": "k"}]},
        },
    }])
}

fn reads(trust: &Value) -> bool {
    let config = json!({"version": 1, "environments": {"production": {}}, "trust": trust}).to_string();
    open(&texts(&[("plimsoll.yaml", &config)])).plan().errors.is_empty()
}

#[test]
fn the_schema_of_trust_and_its_reader_agree() {
    let schema = schema("trust.schema.json");
    let trust = trust();
    assert!(schema.is_valid(&trust), "{:?}", schema.iter_errors(&trust).next());
    assert!(reads(&trust));
    for (pointer, to) in [
        ("/0/match", Value::Null),
        ("/0/match", json!([])),
        ("/0/match/0", json!("")),
        ("/0/matches", json!([])),
        ("/0/authorities", Value::Null),
        ("/0/authorities", json!([])),
        ("/0/authorities/0/key", Value::Null),
        ("/0/authorities/0/key", json!(1)),
        ("/0/authorities/0/keyless", json!({"issuer": "a", "subject": "b", "root": "c"})),
        ("/0/authorities/0/timestamp", json!("yes")),
        ("/0/authorities/0/log", json!(true)),
        ("/0/authorities/0/until", json!("soon")),
        ("/0/authorities/1/keyless/issuer", Value::Null),
        ("/0/authorities/1/keyless/subject", Value::Null),
        ("/0/authorities/1/keyless/certificateLog", json!("never")),
        ("/0/authorities/1/keyless/identity", json!("x")),
        ("/0/require/scan", json!({})),
        ("/0/require/vuln/maxAge", json!("a week")),
        ("/0/require/vuln/deny/0", json!("FATAL")),
        ("/0/require/vuln/deny/1", json!("HIGH+fix")),
        ("/0/require/slsa/builders", json!([])),
        ("/0/require/slsa", json!({"builder": []})),
    ] {
        let changed = changed(&trust, pointer, &to);
        assert!(!schema.is_valid(&changed), "the schema takes {pointer} = {to}");
        assert!(!reads(&changed), "the reader takes {pointer} = {to}");
    }
}
