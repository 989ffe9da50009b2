//! Cutting a stream into documents, before anything is parsed.
//!
//! A document that does not parse must not hide its neighbours, and documents are parsed in parallel:
//! so the cut is made on the text alone, at `---` and `...` lines. What is in a document is `load.rs`'s.

use super::fault::Fault;
use super::load::{Parsed, parse_from};

/// One document of a stream, with the line it starts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'a> {
    /// The text, from its directives or `---` line to before the next document's.
    pub text: &'a str,
    /// 1-based line of the stream the text starts on.
    pub line: u32,
}

impl Slice<'_> {
    /// Parses the document with lines counted in the whole stream.
    pub fn parse(&self, source: u32) -> Result<Parsed, Fault> {
        parse_from(self.text, source, self.line)
    }
}

/// The documents of a stream, in order.
///
/// Documents begin at a line `---` (then white space or its end) at column 1 and end before the next, or
/// before a line `...`. What follows `---` on its line belongs to the document. Documents that hold
/// nothing but directives, comments and blank lines are dropped.
pub fn split(text: &str) -> Vec<Slice<'_>> {
    let mut slices = Vec::new();
    let mut open = Open::at(0, 1);
    let (mut at, mut line) = (0, 1u32);
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
        let row = &text[at..end];
        // A byte order mark may stand before the first line of a file, and of files put together.
        match marker(row.strip_prefix('\u{feff}').unwrap_or(row)) {
            Some(Marker::Start(rest)) => {
                if open.content || !open.directives {
                    open.close(text, at, &mut slices);
                    open = Open::at(at, line);
                }
                open.directives = false;
                open.begun = true;
                open.content |= has_content(rest);
            }
            Some(Marker::End) => {
                open.close(text, at, &mut slices);
                open = Open::at(end, line.saturating_add(1));
            }
            None if !open.content => {
                if row.starts_with('%') && !open.begun {
                    open.directives = true;
                } else {
                    open.content = has_content(row);
                }
            }
            None => {}
        }
        line = line.saturating_add(1);
        at = end;
    }
    open.close(text, text.len(), &mut slices);
    slices
}

struct Open {
    start: usize,
    line: u32,
    /// Whether its `---` was seen.
    begun: bool,
    content: bool,
    directives: bool,
}

impl Open {
    fn at(start: usize, line: u32) -> Self {
        Self { start, line, begun: false, content: false, directives: false }
    }

    fn close<'a>(&self, text: &'a str, end: usize, slices: &mut Vec<Slice<'a>>) {
        if self.content {
            slices.push(Slice { text: &text[self.start..end], line: self.line });
        }
    }
}

enum Marker<'a> {
    Start(&'a str),
    End,
}

fn marker(row: &str) -> Option<Marker<'_>> {
    let ended = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']);
    match row.as_bytes().first()? {
        b'-' => row.strip_prefix("---").filter(|rest| ended(rest)).map(Marker::Start),
        // Anything but a comment behind `...` is an error for the parser to report, not a cut.
        b'.' => row.strip_prefix("...").filter(|rest| ended(rest) && !has_content(rest)).map(|_| Marker::End),
        _ => None,
    }
}

fn has_content(row: &str) -> bool {
    let rest = row.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']);
    !rest.is_empty() && !rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn cut(text: &str) -> Vec<(&str, u32)> {
        split(text).into_iter().map(|slice| (slice.text, slice.line)).collect()
    }

    #[test]
    fn documents_end_where_the_next_begins() {
        assert_eq!(cut("a: 1\n---\nb: 2\n"), [("a: 1\n", 1), ("---\nb: 2\n", 2)]);
        assert_eq!(cut("---\na: 1\n...\n---\nb: 2"), [("---\na: 1\n", 1), ("---\nb: 2", 4)]);
        assert_eq!(cut("--- {a: 1}\n--- # note\nb: 2\n"), [("--- {a: 1}\n", 1), ("--- # note\nb: 2\n", 2)]);
        assert_eq!(cut("a: 1\r\n---\r\nb: 2\r\n"), [("a: 1\r\n", 1), ("---\r\nb: 2\r\n", 2)]);
        assert_eq!(cut("a: |\n  ---\n  x\n"), [("a: |\n  ---\n  x\n", 1)]);
        assert_eq!(cut("a: b\n---c: d\n----\n"), [("a: b\n---c: d\n----\n", 1)]);
    }

    #[test]
    fn documents_without_content_are_dropped() {
        for text in [
            "",
            "\n\n",
            "# only\n",
            "---\n---\n# x\n---",
            "%YAML 1.1\n---\n",
            "...\n...\n",
            "\u{feff}",
            "---\r\n---\r\n",
        ] {
            assert_eq!(cut(text), [], "{text:?}");
        }
        assert_eq!(cut("---\n%x\n"), [("---\n%x\n", 1)], "a directive behind `---` is for the parser to refuse");
        assert_eq!(cut("# head\n---\n---\na: 1\n---\n"), [("---\na: 1\n", 3)]);
    }

    #[test]
    fn directives_and_marks_go_with_their_document() {
        assert_eq!(cut("%YAML 1.1\n# x\n---\na: 1\n"), [("%YAML 1.1\n# x\n---\na: 1\n", 1)]);
        assert_eq!(cut("a: 1\n...\n%YAML 1.1\n---\nb: 1\n"), [("a: 1\n", 1), ("%YAML 1.1\n---\nb: 1\n", 3)]);
        assert_eq!(cut("\u{feff}---\na: 1\n---\nb: 1"), [("\u{feff}---\na: 1\n", 1), ("---\nb: 1", 3)]);
        assert_eq!(parse("\u{feff}---\na: 1\n", 0).unwrap().node.get("a").unwrap().as_int(), Some(1));
    }

    #[test]
    fn lines_are_those_of_the_stream() {
        let slices = split("a: 1\n---\nb:\n  c: 2\n---\nd: [\n");
        let node = slices[1].parse(7).unwrap().node;
        let mark = node.get("b").unwrap().get("c").unwrap().mark;
        assert_eq!((mark.source, mark.line, mark.column), (7, 4, 6));
        assert!(slices[2].parse(0).unwrap_err().line >= 6);
    }
}
