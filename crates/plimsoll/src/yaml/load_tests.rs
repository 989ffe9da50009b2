//! Tests of the loader: trees, places, faults and hostile input.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::yaml::split;

fn json(text: &str) -> serde_json::Value {
    parse(text, 0).unwrap_or_else(|fault| panic!("{fault:?}\n{text}")).node.to_json()
}

fn fault(text: &str) -> Fault {
    match parse(text, 0) {
        Ok(parsed) => panic!("{text:?} was read as {}", parsed.node.to_json()),
        Err(fault) => fault,
    }
}

fn place(mark: Mark) -> (u32, u32) {
    (mark.line, mark.column)
}

#[test]
fn values_are_those_kubernetes_reads() {
    let text = "a: yes\nb: on\nc: 0755\nd: 0o755\ne: 12:30:45\nf: ~\ng: 'no'\nh: !!str 5\ni: 1_000\nj: 0x1F\nk: .5\n\
                m: 2024-01-01\nnn: \"1\"\no: !!float 1\np: !custom 7\nq: !!int \"8\"\nr: !!binary aGk=\ns:\n";
    let expected = json!({
        "a": true, "b": true, "c": 493, "d": 493, "e": "12:30:45", "f": null, "g": "no", "h": "5", "i": 1000, "j": 31,
        "k": 0.5, "m": "2024-01-01", "nn": "1", "o": 1.0, "p": "7", "q": 8, "r": "hi", "s": null,
    });
    assert_eq!(json(text), expected);
    assert_eq!(json(""), json!(null));
    assert_eq!(json("# x\n---\n# y\n"), json!(null));
    assert_eq!(json("a: |\n  x\n  y\nb: >-\n  x\n  y\n"), json!({"a": "x\ny\n", "b": "x y"}));
    assert_eq!(json("! 5"), json!(5));
    assert_eq!(json("!<tag:yaml.org,2002:str> 5"), json!("5"));
}

#[test]
fn keys_become_text() {
    assert_eq!(json("1: a\non: b\n1.5: c\n0x10: d\n"), json!({"1": "a", "true": "b", "1.5": "c", "16": "d"}));
    assert_eq!(parse("on: x\n", 0).unwrap().warnings.len(), 1);
    assert!(fault("? [a]\n: b\n").message.contains("cannot be a key"));
    assert!(fault("name: {{ .Values.name }}\n").help.unwrap().contains("{{"));
    assert!(fault("~: b\n").message.contains("key is null"));
    assert!(fault("1: a\n\"1\": b\n").message.contains("twice"));
}

#[test]
fn doubtful_spellings_are_warned_about_once_each() {
    let warnings = parse("a: yes\nb: [0755, 'no', 07]\nc: true\n", 0).unwrap().warnings;
    let places: Vec<_> = warnings.iter().map(|warning| (warning.line, warning.column)).collect();
    assert_eq!(places, [(1, 4), (2, 5)]);
    assert!(warnings[0].message.contains("reads `yes` as the boolean true"), "{}", warnings[0].message);
    assert!(parse(&"- y\n".repeat(5000), 0).unwrap().warnings.len() <= MAX_WARNINGS);
}

#[test]
fn places_are_counted_in_characters_from_one() {
    for text in ["a:\n  - é: ü\n    k: {x: 1}\n", "a:\r\n  - é: ü\r\n    k: {x: 1}\r\n"] {
        let node = parse(text, 3).unwrap().node;
        let map = node.get("a").unwrap().items()[0].as_map().unwrap();
        assert_eq!(place(map.entry("é").unwrap().mark), (2, 5));
        assert_eq!(place(map.entry("é").unwrap().value.mark), (2, 8));
        let inner = map.get("k").unwrap();
        assert_eq!(place(inner.mark), (3, 8));
        assert_eq!(inner.as_map().unwrap().entry("x").unwrap().mark, Mark { source: 3, line: 3, column: 9 });
    }
}

#[test]
fn aliases_repeat_and_merges_yield() {
    let text =
        "base: &b {x: 1, w: 2}\nmore: &m {w: 3, z: 4}\na:\n  <<: *b\n  w: 9\nb:\n  <<: [*b, *m]\nc: *b\nd: [*b]\n";
    let node = parse(text, 0).unwrap();
    assert!(node.warnings.is_empty(), "{:?}", node.warnings);
    assert_eq!(node.node.get("a").unwrap().to_json(), json!({"w": 9, "x": 1}));
    assert_eq!(node.node.get("b").unwrap().to_json(), json!({"x": 1, "w": 2, "z": 4}));
    let alias = node.node.get("c").unwrap();
    assert_eq!(place(alias.mark), (8, 4));
    assert_eq!(place(alias.get("x").unwrap().mark), (1, 14));
    assert_eq!(json("a: &k key\n*k : 1\n"), json!({"a": "key", "key": 1}));
    assert_eq!(json("\"<<\": 1\n"), json!({"<<": 1}));
    assert_eq!(json("a: &x 1\nb: &x 2\nc: *x\n"), json!({"a": 1, "b": 2, "c": 2}));
}

#[test]
fn a_merge_after_a_key_it_overrides_is_warned_about() {
    let parsed = parse("base: &b {x: 1}\na:\n  x: 2\n  <<: *b\n", 0).unwrap();
    assert_eq!(parsed.node.get("a").unwrap().to_json(), json!({"x": 2}));
    assert_eq!(parsed.warnings.len(), 1);
    assert_eq!((parsed.warnings[0].line, parsed.warnings[0].column), (4, 3));
    assert!(fault("a: {<<: 5}\n").message.contains("`<<`"));
    assert!(fault("x: &x 1\na: {<<: [*x]}\n").message.contains("`<<`"));
}

#[test]
fn duplicate_keys_name_both_places() {
    let fault = fault("a:\n  b: 1\n  c: 2\n  b: 3\n");
    assert_eq!((fault.line, fault.column), (4, 3));
    assert!(fault.message.contains("line 2 column 3"), "{}", fault.message);
    let many: String = (0..40).map(|i| format!("k{i}: {i}\n")).chain(["k3: 0\n".into()]).collect();
    assert!(super::parse(&many, 0).unwrap_err().message.contains("line 4 column 1"));
}

#[test]
fn faults_say_what_a_person_did() {
    let cases = [
        ("a:\n\tb: 1\n", 2, "tab", "spaces"),
        ("a: b: c\n", 1, "no key can be", "second"),
        ("a:\n  b: 1\n c: 2\n", 3, "", ""),
        ("a: [1, 2\nb: 3\n", 2, "is not closed", "]"),
        ("a: [1, 2\n", 2, "`[` is not closed", "]"),
        ("a: {x: 1\n", 2, "`{` is not closed", "}"),
        ("a: \"x\nb: 1\n", 1, "quoted text is not closed", ""),
        ("a: @x\n", 1, "cannot start with `@`", "quotes"),
        ("a: *nope\n", 1, "alias", "anchor"),
        ("a: {{ x }}: y\n", 1, "", "render it first"),
        ("a: 1\n---\nb: 2\n", 2, "second document", "split"),
        ("a\nb: 1\n", 2, "", ""),
        ("a: \"\\q\"\n", 1, "escape", "single quotes"),
        ("a: !!int x\n", 1, "`!!int`", ""),
        ("a: 1\nb: \u{1}\n", 2, "U+0001", "escape"),
        ("a: \u{0}\n", 1, "U+0000", ""),
        ("- a\nb: 1\n", 2, "", ""),
    ];
    for (text, line, message, help) in cases {
        let fault = fault(text);
        assert_eq!(fault.line, line, "{text:?} {fault:?}");
        assert!(fault.message.contains(message), "{text:?} {fault:?}");
        assert!(fault.help.as_deref().unwrap_or_default().contains(help), "{text:?} {fault:?}");
        assert!(!fault.limit);
    }
}

#[test]
fn limits_are_limits() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..9 {
        let before = format!("*a{}", i - 1);
        writeln!(bomb, "a{i}: &a{i} [{}]", vec![before; 9].join(",")).unwrap();
    }
    let deep_alias = "a: &a [".to_owned()
        + &"[".repeat(70)
        + &"]".repeat(70)
        + "]\nb: "
        + &"[".repeat(70)
        + "*a"
        + &"]".repeat(70)
        + "\n";
    for text in [
        bomb,
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{a: ".repeat(100_000),
        deep_alias,
        " ".repeat(MAX_DOCUMENT + 1),
    ] {
        let start = Instant::now();
        let fault = fault(&text);
        assert!(fault.limit, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{fault:?} took {:?}", start.elapsed());
    }
    assert!(fault("a: &a [*a]\n").message.contains("itself"));
    assert!(parse(&("[".repeat(128) + &"]".repeat(128)), 0).is_ok());
}

/// Ten times the text may take ten times the time, not a hundred: each case would take minutes if it were quadratic.
#[test]
fn hostile_shapes_take_linear_time() {
    let n = 100_000;
    let keys: String = (0..n).map(|i| format!("k{i}: {i}\n")).collect::<Vec<_>>().concat();
    let anchors: String = (0..n).map(|i| format!("- &a{i} x\n- *a{i}\n")).collect::<Vec<_>>().concat();
    let flow = format!("[{}]", "a,".repeat(n));
    let flow_map = format!("{{{}}}", (0..n).map(|i| format!("k{i}: 1,")).collect::<Vec<_>>().concat());
    let long = format!("a: {}\n", "x y ".repeat(n));
    let quoted = format!("a: \"{}\"\n", "\\n x".repeat(n));
    let literal = format!("a: |\n{}", "  line\n\n".repeat(n));
    let folded = format!("a: >\n{}", "  line\n\n".repeat(n));
    let lines = format!("a: x\n{}", "  y\n".repeat(n));
    let comments = "# c\n".repeat(n);
    let blanks = format!("a:{}b", " ".repeat(n));
    let newlines = format!("a: |\n{}", "\n".repeat(n));
    let unclosed = format!("a: \"{}", "x\n ".repeat(n));
    let brackets = format!("a: [{}", "x, ".repeat(n));
    let colons = format!("[{}]", ":a ".repeat(n));
    let tags = "- !!str x\n".repeat(n);
    let cases = [
        keys, anchors, flow, flow_map, long, quoted, literal, folded, lines, comments, blanks, newlines, unclosed,
        brackets, colons, tags,
    ];
    for text in cases {
        let start = Instant::now();
        let _ = parse(&text, 0);
        let _ = split(&text);
        let head: String = text.chars().take(20).collect();
        assert!(start.elapsed() < Duration::from_secs(4), "{head:?} took {:?}", start.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_text_panics(text in "(?s)[-a:?{}\\[\\],&*!|>'\"%@`# \t\n\r.0<é\u{feff}]{0,40}") {
        for slice in split(&text) {
            if let Err(fault) = slice.parse(0) {
                prop_assert!(fault.line >= 1 && fault.column >= 1);
            }
        }
        let _ = parse(&text, 0);
    }
}
