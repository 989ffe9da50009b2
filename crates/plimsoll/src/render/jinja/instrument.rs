//! Templates with marks in them: what a second rendering needs to know where its text came from.
//!
//! The template is written anew from its tokens. White space control is already applied to them, so the
//! new text needs none, and marks cannot change what it does. Every expression and every line of literal
//! text gets a mark; statements get calls of the [recorder](super::recorder), which notes what is read.
//! Which frame a mark belongs to is a matter of where it stands, so frames are variables of the template.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

use super::recorder::{ASSIGNED, AT, ENTER, LEAVE, MARK, POP, PUSH, READS, Statement, TOP, TURN, TURNED};
use crate::render::blocks;
use crate::render::source_map::{Kind, Point};

/// The tables that the marks of all templates of a program point into.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) points: Vec<Point>,
    pub(super) statements: Vec<Statement>,
}

/// A template with marks; `None` if that cannot be done.
pub(super) fn instrument(source: &str, file: &Arc<str>, syntax: &SyntaxConfig, tables: &mut Tables) -> Option<String> {
    let mut tokens = Tokenizer::new(source, "", false, syntax.clone());
    let mut writer = Writer {
        source,
        file,
        out: String::with_capacity(source.len() * 3),
        cursor: Cursor::default(),
        blocks: Vec::new(),
        top: tables.statements.len(),
        tables,
    };
    writer.tables.statements.push(Statement::default());
    write!(writer.out, "{{% set {} = {TOP}() %}}", frame(writer.top)).ok()?;
    let mut code = Code::default();
    while let Some((token, span)) = tokens.next_token().ok()? {
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        match token {
            Token::TemplateData(text) => writer.literal(text)?,
            Token::VariableStart | Token::BlockStart => code = Code { start, inside: end, ..Code::default() },
            Token::VariableEnd => writer.expression(&code, source.get(code.inside..start)?)?,
            Token::BlockEnd => writer.statement(&code, source.get(code.inside..start)?.trim())?,
            token => code.add(&token),
        }
    }
    Some(writer.out)
}

/// The code between two delimiters, as far as it matters here.
#[derive(Default)]
struct Code {
    /// The offsets of the delimiter and of what follows it.
    start: usize,
    inside: usize,
    /// All names, the keyword first.
    names: Vec<String>,
    /// How many names come before the first `=` outside of brackets, if there is one.
    assigned: Option<usize>,
    depth: usize,
}

impl Code {
    fn add(&mut self, token: &Token<'_>) {
        match token {
            Token::Ident(name) => self.names.push((*name).to_owned()),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => self.depth += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => self.depth = self.depth.saturating_sub(1),
            Token::Assign if self.depth == 0 && self.assigned.is_none() => self.assigned = Some(self.names.len()),
            _ => {}
        }
    }

    fn keyword(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// What the recorder is told about it.
    fn described(&self) -> Statement {
        let Some((keyword, names)) = self.names.split_first() else { return Statement::default() };
        match (keyword.as_str(), self.assigned) {
            ("set", Some(count)) => {
                let (sets, uses) = names.split_at(count.saturating_sub(1).min(names.len()));
                Statement { sets: sets.to_vec(), uses: uses.to_vec() }
            }
            ("set", None) => Statement { sets: names.iter().take(1).cloned().collect(), uses: names.to_vec() },
            _ => Statement { sets: Vec::new(), uses: names.to_vec() },
        }
    }
}

/// A block of a template that is open.
struct Block {
    keyword: String,
    /// Its statement, whose number is in the names of its variables.
    id: usize,
    /// The frame of what stands in it, by number.
    frame: usize,
}

struct Writer<'a> {
    source: &'a str,
    file: &'a Arc<str>,
    tables: &'a mut Tables,
    out: String,
    cursor: Cursor,
    blocks: Vec<Block>,
    /// The number of the template's own frame.
    top: usize,
}

/// The variable that holds a frame.
fn frame(number: usize) -> String {
    format!("__plimsoll_f{number}")
}

/// The variable that holds how much had been read before a statement.
fn since(number: usize) -> String {
    format!("__plimsoll_s{number}")
}

impl Writer<'_> {
    /// The number of the frame at hand.
    fn at_hand(&self) -> usize {
        self.blocks.last().map_or(self.top, |block| block.frame)
    }

    /// The number of the frame around the innermost block.
    fn around(&self) -> usize {
        self.blocks.iter().rev().nth(1).map_or(self.top, |block| block.frame)
    }

    fn describe(&mut self, statement: Statement) -> usize {
        self.tables.statements.push(statement);
        self.tables.statements.len() - 1
    }

    fn point(&mut self, offset: usize, kind: Kind) -> Option<usize> {
        let id = self.tables.points.len();
        if id >= blocks::MAX_MARKS {
            return None;
        }
        self.cursor.advance(self.source, offset);
        let Cursor { line, column, .. } = self.cursor;
        self.tables.points.push(Point { file: self.file.clone(), line, column, kind });
        Some(id)
    }

    fn expression(&mut self, code: &Code, text: &str) -> Option<()> {
        let point = self.point(code.start, Kind::Emission)?;
        let id = self.describe(Statement { sets: Vec::new(), uses: code.names.clone() });
        let frame = frame(self.at_hand());
        write!(self.out, "{{{{ {PUSH}({frame}, {id}) }}}}{{{{ ({text} )|{MARK}({point}) }}}}").ok()
    }

    fn statement(&mut self, code: &Code, text: &str) -> Option<()> {
        let around = self.at_hand();
        let outer = frame(around);
        match code.keyword() {
            "if" | "with" => self.opens(code, text, ENTER),
            "for" => self.opens(code, text, TURN),
            "elif" | "else" => self.branches(code, text),
            "macro" | "block" => {
                let id = self.open(code);
                write!(self.out, "{{% {text} %}}{{% set {} = {TOP}() %}}", frame(id)).ok()
            }
            "call" => {
                // What is called writes the text, so it belongs to the statement where its own marks end.
                let point = self.point(code.start, Kind::Emission)?;
                let id = self.open(code);
                write!(self.out, "{{{{ {AT}({outer}, {point}) }}}}{{{{ {PUSH}({outer}, {id}) }}}}").ok()?;
                write!(self.out, "{{% {text} %}}{{% set {} = {TOP}() %}}", frame(id)).ok()
            }
            "filter" => {
                // Text that passes a filter may lose its marks; it belongs to the statement then.
                let point = self.point(code.start, Kind::Emission)?;
                self.blocks.push(Block { keyword: "filter".to_owned(), id: 0, frame: around });
                write!(self.out, "{{{{ {AT}({outer}, {point}) }}}}{{% {text} %}}").ok()
            }
            "set" => {
                let id = self.describe(code.described());
                write!(self.out, "{{% set {} = {READS}() %}}{{% {text} %}}", since(id)).ok()?;
                if code.assigned.is_some() {
                    return self.assigned(around, id);
                }
                self.blocks.push(Block { keyword: "set".to_owned(), id, frame: around });
                Some(())
            }
            "include" => {
                let id = self.describe(code.described());
                write!(self.out, "{{{{ {PUSH}({outer}, {id}) }}}}{{% {text} %}}{{{{ {LEAVE}() }}}}").ok()
            }
            keyword if keyword.starts_with("end") => self.closes(text),
            _ => write!(self.out, "{{% {text} %}}").ok(),
        }
    }

    fn assigned(&mut self, around: usize, id: usize) -> Option<()> {
        write!(self.out, "{{{{ {ASSIGNED}({}, {}, {id}) }}}}", frame(around), since(id)).ok()
    }

    fn open(&mut self, code: &Code) -> usize {
        let id = self.describe(code.described());
        self.blocks.push(Block { keyword: code.keyword().to_owned(), id, frame: id });
        id
    }

    /// A statement that reads values to decide about the block it opens.
    fn opens(&mut self, code: &Code, text: &str, enter: &str) -> Option<()> {
        let outer = frame(self.at_hand());
        let id = self.open(code);
        let (frame, since) = (frame(id), since(id));
        write!(self.out, "{{% set {since} = {READS}() %}}{{% {text} %}}").ok()?;
        write!(self.out, "{{% set {frame} = {enter}({outer}, {since}, {id}) %}}").ok()
    }

    /// Another branch of such a block: what its condition reads comes to what the others read.
    fn branches(&mut self, code: &Code, text: &str) -> Option<()> {
        let outer = frame(self.around());
        let first = self.blocks.last()?.id;
        let mut uses = self.tables.statements.get(first)?.uses.clone();
        uses.extend(code.described().uses);
        let id = self.describe(Statement { sets: Vec::new(), uses });
        self.blocks.last_mut()?.frame = id;
        write!(self.out, "{{% {text} %}}").ok()?;
        write!(self.out, "{{% set {} = {ENTER}({outer}, {}, {id}) %}}", frame(id), since(first)).ok()
    }

    fn closes(&mut self, text: &str) -> Option<()> {
        let Some(block) = self.blocks.pop() else { return write!(self.out, "{{% {text} %}}").ok() };
        let since = since(block.id);
        match block.keyword.as_str() {
            // A loop's own `else` has no turns, and what it notes is not looked at.
            "for" => write!(self.out, "{{{{ {TURNED}({since}, {}) }}}}{{% {text} %}}", block.id).ok(),
            "call" => write!(self.out, "{{% {text} %}}{{{{ {POP}() }}}}").ok(),
            "set" => {
                write!(self.out, "{{% {text} %}}").ok()?;
                self.assigned(block.frame, block.id)
            }
            _ => write!(self.out, "{{% {text} %}}").ok(),
        }
    }

    /// Copies literal text with a mark before what is first on each of its lines.
    fn literal(&mut self, text: &str) -> Option<()> {
        // The text is a slice of the source, so its address says where it stands there; the token's
        // span still covers what white space control took away.
        let offset = (text.as_ptr() as usize).checked_sub(self.source.as_ptr() as usize)?;
        if self.source.get(offset..offset + text.len())? != text {
            return None;
        }
        let frame = frame(self.at_hand());
        let mut at = offset;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start_matches([' ', '\t', '\r']);
            if content.is_empty() || content == "\n" {
                self.out.push_str(line);
            } else {
                let blank = line.len() - content.len();
                self.out.push_str(&line[..blank]);
                let point = self.point(at + blank, Kind::Literal)?;
                write!(self.out, "{{{{ {AT}({frame}, {point}) }}}}").ok()?;
                self.raw(content)?;
            }
            at += line.len();
        }
        Some(())
    }

    /// Text that must not be taken for code.
    fn raw(&mut self, text: &str) -> Option<()> {
        let is_plain = !text.contains("{{") && !text.contains("{%") && !text.contains("{#") && !text.ends_with('{');
        if is_plain {
            self.out.push_str(text);
        } else if text.contains("endraw") {
            return None;
        } else {
            write!(self.out, "{{% raw %}}{text}{{% endraw %}}").ok()?;
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
