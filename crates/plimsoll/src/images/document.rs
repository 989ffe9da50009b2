//! From the text of a TOML file to the tree that configuration is decoded from.
//!
//! The only place that names the TOML parser. Every key and value keeps its line and column, so that a
//! lock is read as strictly as `plimsoll.yaml`.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::yaml::{Data, Entry, Map, Mark, Node};

/// Why a text is no TOML, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) mark: Mark,
}

/// Reads a TOML document.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let lines = Lines::new(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(Node { data: Data::Map(map(table.get_ref(), &lines)), mark: lines.mark(0) }),
        Err(error) => {
            let at = error.span().map_or(text.len(), |span| span.start);
            Err(Fault { message: error.message().replace('\n', ", "), mark: lines.mark(at) })
        }
    }
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn mark(&self, offset: usize) -> Mark {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line.saturating_sub(1)];
        let column = self.text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Mark { source: 0, line: number(line), column: number(column) }
    }
}

/// The entries in written order: the parser keeps them by name.
fn map(table: &DeTable<'_>, lines: &Lines<'_>) -> Map {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
        .into_iter()
        .map(|(key, value)| Entry {
            key: Arc::from(&**key.get_ref()),
            mark: lines.mark(key.span().start),
            value: node(value, lines),
        })
        .collect()
}

/// A value; the parser bounds how deep values are nested.
fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let data = match value.get_ref() {
        DeValue::String(text) => Data::String(Arc::from(&**text)),
        DeValue::Boolean(value) => Data::Bool(*value),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Data::Int(number),
            Err(_) => Data::Float(number.as_str().parse().unwrap_or(f64::INFINITY)),
        },
        DeValue::Float(number) => Data::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(moment) => Data::String(Arc::from(moment.to_string())),
        DeValue::Array(items) => Data::Seq(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(table) => Data::Map(map(table, lines)),
    };
    Node { data, mark: lines.mark(value.span().start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place() {
        let root = parse("version = 1\n[[image]]\n  name = \"ü\" # x\n  seen = { b = \"1\", a = 2 }\n").unwrap();
        let image = &root.get("image").unwrap().items()[0];
        assert_eq!((image.get("name").unwrap().mark.line, image.get("name").unwrap().mark.column), (3, 10));
        let seen = image.get("seen").unwrap();
        assert_eq!(seen.entries().iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((seen.entries()[1].mark.line, seen.entries()[1].mark.column), (4, 21));
        assert_eq!(seen.get("a").unwrap().as_int(), Some(2));
    }

    #[test]
    fn faults_have_a_place() {
        for (text, line, part) in [
            ("a = 1\nb = \n", 2, ""),
            ("a = 1\na = 2\n", 2, "duplicate key"),
            ("b = 1\na = [1, 2\n", 2, "unclosed array"),
            (&format!("a = {}", "[".repeat(100_000)), 1, "recurs"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.mark.line, line, "{}", fault.message);
            assert!(fault.message.contains(part), "{}", fault.message);
        }
    }
}
