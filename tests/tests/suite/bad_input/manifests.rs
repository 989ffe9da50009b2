//! Plain manifests, files of them, and standard input.

use super::Case;

const RAW: &str = "raw/a.yaml";

#[test]
fn yaml_that_is_none() {
    Case::with(RAW, "kind: Pod\na: [\n").fails("manifest", "raw/a.yaml:3", "a value is missing");
    Case::with(RAW, "kind: A\nkind: B\n").fails("manifest", "raw/a.yaml:2", "`kind` is written twice");
    Case::with(RAW, b"a: 1\nb: \xff\n").fails("file", "raw/a.yaml:2", "not valid UTF-8");
    Case::with(RAW, "kind: a\0b\n").fails("manifest", "raw/a.yaml:1", "control character U+0000");
}

#[test]
fn a_broken_document_hides_no_other() {
    let case = Case::with(RAW, "a: [\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n");
    case.fails("manifest", "raw/a.yaml:2", "a value is missing");
    // The role in both environments, the account in one; the other release is whole as well.
    assert_eq!(case.run(&["check", "--format", "json"]).json()["summary"]["resources"], 5);
}

#[test]
fn what_lies_about_is_passed_over_and_what_is_named_is_an_error() {
    let found = Case::with(RAW, "replicas: 3\n");
    found.passes();
    let config = super::CONFIG.replace("raw/**?", RAW);
    let named = found.and("plimsoll.yaml", config);
    named.fails("manifest", "raw/a.yaml:1", "the object has no `kind`");
}

#[test]
fn standard_input() {
    let case = Case::new();
    for (input, kind, place, message) in [
        (&b""[..], "argument", "", "standard input is empty"),
        (b"hello: [\n", "manifest", "-:2", "a value is missing"),
        (b"hello world\n", "manifest", "-:1", "a string is not a Kubernetes object"),
        (b"a: \xff\xfe\n", "file", "-:1", "not valid UTF-8"),
    ] {
        case.run_with(&["check", "--format", "json", "-"], input).has_one_error(kind, place, message);
    }
}

#[test]
fn binary_files() {
    let every: Vec<u8> = (0..=255).collect();
    let case = Case::with("x.bin", &every).and("x.yaml", &every[..128]);
    case.run(&["check", "--format", "json", "x.bin"]).has_one_error("file", "x.bin:2", "not valid UTF-8");
    case.run(&["check", "--format", "json", "x.yaml"]).has_one_error("manifest", "x.yaml:1", "control character");
}
