//! Templates with marks in them: what a second rendering needs to know where its text came from.
//!
//! The template is written anew from its tokens. White space control is already applied to them, so the
//! new text needs none, and marks cannot change what it does.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::format::to_text;
use crate::render::blocks;
use crate::render::source_map::{Kind, Point};

/// The filter around every expression; the name cannot be written by accident.
const FILTER: &str = "__plimsoll_mark";

/// Adds the filter that marks what an expression prints.
pub(super) fn register(env: &mut Environment<'static>) {
    env.add_filter(FILTER, |args: Rest<ValueOrKwargs>| -> Result<Value, Error> {
        let args = args.into_values();
        let [value, id] = args.as_slice() else { return Err(Error::from(ErrorKind::MissingArgument)) };
        let text = to_text(value)?;
        // Nothing printed, nothing marked: a captured text that is empty must stay empty.
        if text.is_empty() {
            return Ok(value.clone());
        }
        let mut marked = String::with_capacity(text.len() + 20);
        blocks::push_mark(&mut marked, id.as_usize().unwrap_or(0));
        marked.push_str(&text);
        Ok(Value::from(marked))
    });
}

/// A template with marks; `None` if that cannot be done.
pub(super) fn instrument(
    source: &str,
    file: &Arc<str>,
    syntax: &SyntaxConfig,
    points: &mut Vec<Point>,
) -> Option<String> {
    let mut tokens = Tokenizer::new(source, "", false, syntax.clone());
    let mut writer = Writer {
        source,
        file,
        points,
        out: String::with_capacity(source.len() * 2),
        cursor: Cursor::default(),
        pending: None,
        block_start: 0,
    };
    let mut inside = 0;
    let mut starts_block = false;
    while let Some((token, span)) = tokens.next_token().ok()? {
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        match token {
            Token::TemplateData(text) => writer.literal(text)?,
            Token::VariableStart => {
                inside = end;
                let id = writer.point(start, Kind::Emission)?;
                writer.out.push_str("{{ (");
                writer.pending = Some(id);
            }
            Token::VariableEnd => {
                let expression = source.get(inside..start)?;
                let id = writer.pending.take()?;
                write!(writer.out, "{expression} )|{FILTER}({id}) }}}}").ok()?;
            }
            Token::BlockStart => {
                inside = end;
                starts_block = true;
                writer.block_start = start;
                continue;
            }
            Token::Ident(name) if starts_block => {
                // Text that passes a filter may lose its marks; it belongs to the statement then.
                if matches!(name, "filter" | "call") {
                    let id = writer.point(writer.block_start, Kind::Emission)?;
                    blocks::push_mark(&mut writer.out, id);
                }
            }
            Token::BlockEnd => {
                let statement = source.get(inside..start)?;
                write!(writer.out, "{{% {} %}}", statement.trim()).ok()?;
            }
            _ => {}
        }
        starts_block = false;
    }
    Some(writer.out)
}

struct Writer<'a> {
    source: &'a str,
    file: &'a Arc<str>,
    points: &'a mut Vec<Point>,
    out: String,
    cursor: Cursor,
    /// The mark of the expression that is being copied.
    pending: Option<usize>,
    block_start: usize,
}

impl Writer<'_> {
    fn point(&mut self, offset: usize, kind: Kind) -> Option<usize> {
        let id = self.points.len();
        if id >= blocks::MAX_MARKS {
            return None;
        }
        self.cursor.advance(self.source, offset);
        let Cursor { line, column, .. } = self.cursor;
        self.points.push(Point { file: self.file.clone(), line, column, kind });
        Some(id)
    }

    /// Copies literal text with a mark before what is first on each of its lines.
    fn literal(&mut self, text: &str) -> Option<()> {
        // The text is a slice of the source, so its address says where it stands there; the token's
        // span still covers what white space control took away.
        let offset = (text.as_ptr() as usize).checked_sub(self.source.as_ptr() as usize)?;
        if self.source.get(offset..offset + text.len())? != text {
            return None;
        }
        let mut marked = String::with_capacity(text.len() + 64);
        let mut at = offset;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start_matches([' ', '\t', '\r']);
            if content.is_empty() || content == "\n" {
                marked.push_str(line);
            } else {
                let blank = line.len() - content.len();
                marked.push_str(&line[..blank]);
                let id = self.point(at + blank, Kind::Literal)?;
                blocks::push_mark(&mut marked, id);
                marked.push_str(content);
            }
            at += line.len();
        }
        let is_plain =
            !marked.contains("{{") && !marked.contains("{%") && !marked.contains("{#") && !marked.ends_with('{');
        if is_plain {
            self.out.push_str(&marked);
        } else if marked.contains("endraw") {
            return None;
        } else {
            write!(self.out, "{{% raw %}}{marked}{{% endraw %}}").ok()?;
        }
        Some(())
    }
}

/// Counts lines and columns up to an offset that only grows.
#[derive(Clone, Copy)]
struct Cursor {
    offset: usize,
    line: u32,
    column: u32,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { offset: 0, line: 1, column: 1 }
    }
}

impl Cursor {
    fn advance(&mut self, source: &str, offset: usize) {
        for c in source.get(self.offset..offset).unwrap_or_default().chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.offset = self.offset.max(offset);
    }
}
