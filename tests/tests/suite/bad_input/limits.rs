//! Too large, too many, too deep.

use std::fmt::Write as _;

use super::Case;

const RAW: &str = "raw/a.yaml";

#[test]
fn a_document_of_fifty_megabytes() {
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n");
    for number in 0..50_000 {
        writeln!(text, "  k{number}: \"{}\"", "x".repeat(1_000)).unwrap();
    }
    Case::with(RAW, text).fails("limit", "raw/a.yaml:1", "more than the 32 MiB allowed");
}

#[test]
fn a_file_beyond_what_is_read() {
    Case::with(RAW, vec![b'x'; 70 << 20]).fails("limit", RAW, "at most 67108864 are read");
}

#[test]
fn a_line_of_two_megabytes_is_not_drawn() {
    let text = format!("kind: ConfigMap\ndata:\n  k: \"{}\n", "x".repeat(2_000_000));
    let case = Case::with(RAW, text);
    case.fails("manifest", "raw/a.yaml:3", "not closed");
    assert!(case.run(&["check"]).stdout.len() < 10_000);
}

#[test]
fn aliases_that_multiply() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    Case::with("web.yaml", &text).fails("limit", "web.yaml:6", "anchors and aliases repeat");
    Case::with(RAW, &text).fails("limit", "raw/a.yaml:6", "anchors and aliases repeat");
}

#[test]
fn values_nested_deeper_than_any_stack() {
    let text = format!("a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    Case::with("web.yaml", &text).fails("limit", "web.yaml:1", "nested more than 128 deep");
    Case::with(RAW, &text).fails("limit", "raw/a.yaml:1", "nested more than 128 deep");
    let mut text = String::new();
    for level in 0..2_000 {
        writeln!(text, "{}a:", " ".repeat(level)).unwrap();
    }
    Case::with(RAW, &text).fails("limit", "raw/a.yaml:129", "nested more than 128 deep");
}

#[test]
fn a_file_of_garbage_is_told_about_in_bulk() {
    let mut text = String::new();
    for number in 0..20_000 {
        writeln!(text, "---\na{number}: [").unwrap();
    }
    let outcome = Case::with(RAW, text).run(&["check", "--format", "json"]);
    assert_eq!((outcome.code, outcome.errors().len()), (2, 21));
    assert_eq!(outcome.policies(), [super::KNOWN]);
}

#[test]
fn a_hundred_thousand_empty_documents_are_nothing() {
    Case::with(RAW, "---\n".repeat(100_000)).passes();
}
