//! Writing a tree as block YAML.
//!
//! Owns layout (the compact list style of kubectl) and the question which strings must be quoted so
//! that no reader, YAML 1.1 or 1.2, takes them for something else. What Kubernetes reads is in `scalar.rs`.

use std::fmt::Write as _;

use super::node::{Data, Entry, Map, Node};
use super::scalar::{self, Scalar};

/// Longest key written as a plain `key:`; readers look no further than 1,024 characters for the colon.
const LONGEST_SIMPLE_KEY: usize = 512;

/// The tree as block YAML without a trailing newline, keys in their order.
///
/// Whoever puts it in a file ends it with a newline, as for any text: where the last value is a literal
/// block, some readers take the missing newline for part of the value. Text that ends in more than one
/// newline is quoted for the same reason.
pub fn emit(node: &Node) -> String {
    let mut out = String::new();
    match &node.data {
        Data::Map(map) if !map.is_empty() => write_map(&mut out, map, 0, true),
        Data::Seq(items) if !items.is_empty() => write_seq(&mut out, items, 0, true),
        data => write_inline(&mut out, data),
    }
    while out.ends_with('\n') {
        out.pop();
    }
    out
}

fn write_map(out: &mut String, map: &Map, indent: usize, mut continues: bool) {
    for entry in map {
        if !std::mem::take(&mut continues) {
            pad(out, indent);
        }
        write_key(out, &entry.key, indent);
        write_value(out, entry, indent);
    }
}

fn write_key(out: &mut String, key: &str, indent: usize) {
    if key.len() <= LONGEST_SIMPLE_KEY {
        write_text(out, key);
        out.push(':');
        return;
    }
    out.push_str("? ");
    write_text(out, key);
    out.push('\n');
    pad(out, indent);
    out.push(':');
}

fn write_value(out: &mut String, entry: &Entry, indent: usize) {
    match &entry.value.data {
        Data::Map(map) if !map.is_empty() => {
            out.push('\n');
            write_map(out, map, indent + 2, false);
        }
        Data::Seq(items) if !items.is_empty() => {
            out.push('\n');
            write_seq(out, items, indent, false);
        }
        data => {
            out.push(' ');
            write_leaf(out, data, indent + 2);
        }
    }
}

fn write_seq(out: &mut String, items: &[Node], indent: usize, mut continues: bool) {
    for item in items {
        if !std::mem::take(&mut continues) {
            pad(out, indent);
        }
        out.push_str("- ");
        match &item.data {
            Data::Map(map) if !map.is_empty() => write_map(out, map, indent + 2, true),
            Data::Seq(items) if !items.is_empty() => write_seq(out, items, indent + 2, true),
            data => write_leaf(out, data, indent + 2),
        }
    }
}

/// A scalar or an empty collection, and the end of its line.
fn write_leaf(out: &mut String, data: &Data, indent: usize) {
    match data {
        Data::String(text) if is_literal(text) => write_literal(out, text, indent),
        data => {
            write_inline(out, data);
            out.push('\n');
        }
    }
}

fn write_inline(out: &mut String, data: &Data) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Data::Float(value) => out.push_str(&float(*value)),
        Data::String(text) => write_text(out, text),
        Data::Seq(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

fn write_literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    // The first line's own indentation would be taken for the block's.
    if text.trim_start_matches('\n').starts_with(' ') {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    }
    out.push('\n');
    for line in text.lines() {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Whether text of several lines can stand as a literal block without any reader changing it.
fn is_literal(text: &str) -> bool {
    let Some(first) = text.find(|c| c != '\n') else { return false };
    text.contains('\n')
        && !text.ends_with("\n\n")
        && !text[first..].starts_with('\t')
        // A line of blanks at the start or the end may be taken for indentation or dropped.
        && !text.lines().next_back().is_some_and(|line| line.trim().is_empty())
        && !text[first..].lines().next().is_some_and(|line| line.trim().is_empty())
        && text.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
}

/// Characters that every reader passes through unescaped; line breaks, marks and controls are not.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn write_text(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else if text.contains(['"', '\\']) && text.chars().all(is_printable) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        write_quoted(out, text);
    }
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            }
        }
    }
    out.push('"');
}

/// Whether text means itself without quotes, in block context, to readers of YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let opens = match first {
        b'-' => bytes.get(1).is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, b'-' | b'/' | b'_')),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'_' | b'.' | b'$' | b'(' | b'+' | b'^' => true,
        _ => !first.is_ascii(),
    };
    opens
        && !matches!(last, b' ' | b':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !bytes.windows(2).any(|pair| matches!(pair, b": " | b" #"))
        && (bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(is_printable))
        && !is_word(text)
        && !is_number(bytes)
        && !is_date(bytes)
        // The reader of `load.rs` has the last word: it drops underscores first, as in `+_0` and `0_x1F`.
        && scalar::resolve(text) == Scalar::Text
}

/// The words YAML 1.1 or 1.2 gives a meaning, in any case.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 13] =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".nan", ".inf", "+.inf"];
    text.len() <= 5 && (WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) || text.eq_ignore_ascii_case("-.inf"))
}

/// Any spelling some reader takes for a number: bases, underscores, exponents, base 60.
fn is_number(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"+").or_else(|| bytes.strip_prefix(b"-")).unwrap_or(bytes);
    match digits {
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', rest @ ..] => {
            return rest.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'_');
        }
        [b'0'..=b'9' | b'.', ..] => {}
        _ => return false,
    }
    if digits.contains(&b':') {
        return is_base_60(digits);
    }
    let (mantissa, exponent) = match digits.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    mantissa.iter().any(u8::is_ascii_digit)
        && mantissa.split(|byte| *byte == b'.').count() <= 2
        && mantissa.iter().all(|byte| digit(byte) || *byte == b'.')
        && exponent.is_none_or(|exponent| {
            exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent).iter().all(digit)
        })
}

/// `12:30`, `190:20:30.15`: numbers to YAML 1.1, where no part behind a colon exceeds 59.
fn is_base_60(digits: &[u8]) -> bool {
    let whole = match digits.iter().position(|byte| *byte == b'.') {
        Some(at) => &digits[..at],
        None => digits,
    };
    let mut parts = whole.split(|byte| *byte == b':');
    let first = parts.next().unwrap_or_default();
    first.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_')
        && parts.all(|part| matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// `2024-01-01` and whatever starts like it is a timestamp to YAML 1.1.
fn is_date(bytes: &[u8]) -> bool {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    bytes.len() >= 6 && bytes[4] == b'-' && digits(&bytes[..4]) && digits(&bytes[5..6])
}

/// A float as YAML that is read as a float again.
pub(super) fn float(value: f64) -> String {
    let mut text = go_float(format!("{value}"), &format!("{value:e}"));
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        text.push_str(".0");
    }
    text
}

/// A float from Rust's shortest digits, plain and `{:e}`, laid out as Go's `%v` does.
///
/// Below 1e-4 and from 1e6 on that is with an exponent of at least two digits (Go's `strconv/ftoa.go`).
pub(super) fn go_float(plain: String, scientific: &str) -> String {
    match plain.as_str() {
        "NaN" => return ".nan".into(),
        "inf" => return ".inf".into(),
        "-inf" => return "-.inf".into(),
        _ => {}
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return plain;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Mark, parse};
    use super::*;

    #[test]
    fn lays_out_as_kubectl_does() {
        let node = Node::from_json(&json!({
            "metadata": {"labels": {}, "name": "a"},
            "args": ["--flag=x", "-c", "a: b", ["x", {"y": 1}], [], {"k": [1], "l": null}],
            "script": "set -e\nexec\n", "tail": "a\n\tb", "deep": {"text": "  x\ny\n"},
            "count": 1_000_000, "ratio": 0.5, "whole": 2.0, "large": 1e6,
        }));
        let expected = "\
metadata:
  labels: {}
  name: a
args:
- --flag=x
- -c
- \"a: b\"
- - x
  - \"y\": 1
- []
- k:
  - 1
  l: null
script: |
  set -e
  exec
tail: |-
  a
  \tb
deep:
  text: |2
      x
    y
count: 1000000
ratio: 0.5
whole: 2.0
large: 1e+06";
        assert_eq!(emit(&node), expected);
    }

    #[test]
    fn quotes_what_some_reader_takes_for_something_else() {
        let quoted = [
            "",
            "+_0",
            "-_1",
            "0_x1F",
            " a",
            "a ",
            "y",
            "ON",
            "No",
            "null",
            "~",
            "1",
            "1e3",
            "0755",
            "0o7",
            "0x1f",
            "1_0",
            "12:30",
            "2024-01-01",
            ".5",
            "+1",
            "-.inf",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "- a",
            "-",
            "? a",
            "{{ a }}",
            "[a",
            "a:",
            "@a",
            "`a",
            "%a",
            "'a",
            "<<",
            "=",
            "---",
            "...",
            "|",
            ">",
            "a\u{85}b",
            "\u{feff}a",
            "1e",
            ",a",
            "---x",
        ];
        for text in quoted {
            let out = emit(&Data::String(text.into()).into());
            assert!(out.starts_with(['"', '\'']), "{text:?} as {out}");
        }
        for text in [
            "abc",
            "a:b",
            "a#b",
            "10.0.0.1",
            "8080:80",
            "1.2.3",
            "100m",
            "/x",
            "nginx:1.25",
            "a, b",
            "x{y}",
            "--a",
            "yess",
            "é",
        ] {
            assert_eq!(emit(&Data::String(text.into()).into()), text);
        }
        assert_eq!(emit(&Data::String("\"hi\", it's".into()).into()), "'\"hi\", it''s'");
        assert_eq!(emit(&Data::String("a\u{2028}\u{7}\n\n".into()).into()), r#""a\u2028\x07\n\n""#);
    }

    #[test]
    fn long_keys_survive() {
        let key = "k".repeat(3000);
        let node =
            Node::from_json(&json!({ &key: {"a": [1]}, format!("{key}x"): ["b", "c\nd\n"], format!("{key}y"): 1 }));
        assert_eq!(parse(&emit(&node), 0).unwrap().node, node);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9_./:-]{0,12}",
            "[-0-9.eE+_:xob]{1,6}",
            "[ \\t\\nab#:'\"\\\\{}-]{0,10}",
            "(?s).{0,6}",
            proptest::sample::select(vec![
                "yes", "no", "~", "null", "true", "<<", "0755", "-", "a\n", "\n", "\u{feff}", "\u{1}"
            ])
            .prop_map(String::from),
        ]
    }

    fn node() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            Just(Data::Null),
            any::<bool>().prop_map(Data::Bool),
            any::<i64>().prop_map(Data::Int),
            any::<f64>().prop_map(|value| Data::Float(if value.is_nan() { f64::NAN } else { value })),
            (-2000i32..2_000_000).prop_map(|value| Data::Float(f64::from(value))),
            text().prop_map(|text| Data::String(text.into())),
        ]
        .prop_map(Node::from);
        leaf.prop_recursive(5, 48, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|items| Data::Seq(items).into()),
                prop::collection::vec((text(), inner), 0..5).prop_map(|entries| {
                    let entry =
                        |(key, value): (String, Node)| Entry { key: Arc::from(key), mark: Mark::default(), value };
                    Data::Map(entries.into_iter().map(entry).collect()).into()
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn what_is_emitted_is_read_back(node in node()) {
            let text = emit(&node);
            for text in [text.clone(), text + "\n"] {
                let parsed = parse(&text, 0).map_err(|fault| TestCaseError::fail(format!("{fault:?}\n{text}")))?;
                prop_assert_eq!(&parsed.node, &node, "{}", text);
                prop_assert!(parsed.warnings.is_empty() || text.contains("e+") || text.contains("e-"), "{:?}\n{}", parsed.warnings, text);
            }
        }
    }
}
