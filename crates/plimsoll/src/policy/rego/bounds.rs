//! Bounds on source before it reaches the parser.
//!
//! The engine's parser limits nesting to 32, and still two inputs hurt it: brackets of arrays and
//! objects are parsed twice a level (first as a comprehension), which doubles its time with every level,
//! and operator chains become left-deep trees that later passes descend recursively. One lexical pass
//! finds both.

use std::sync::Arc;

use crate::policy::fault;
use crate::{Error, Location};

/// The largest policy file, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// How deep `[` and `{` may nest; bodies of rules count.
const MAX_BRACES: usize = 11;
/// How deep brackets of any kind may nest.
const MAX_BRACKETS: usize = 24;
/// How many operators may stand between a statement's start and any place in it.
const MAX_OPERATORS: usize = 128;
/// The longest line the engine's lexer accepts.
const MAX_COLUMN: usize = 1024;

/// Fails where a file is too large, too deep, or has too long a chain of operators.
pub(super) fn check(file: &Arc<str>, source: &str) -> Result<(), Error> {
    if source.len() > MAX_BYTES {
        return Err(Error::new(
            crate::ErrorKind::Limit,
            format!("the policy has {} bytes; at most {MAX_BYTES} are read", source.len()),
        )
        .with_location(Location::file(file.clone()))
        .with_help("move what several policies share to `lib/`"));
    }
    let mut scan = Scan { file, levels: vec![Level::default()], line: 1, column: 0, joined: false };
    scan.run(source)
}

#[derive(Default)]
struct Level {
    brace: bool,
    operators: usize,
}

struct Scan<'a> {
    file: &'a Arc<str>,
    levels: Vec<Level>,
    line: u32,
    column: u32,
    /// Whether the last token of this level continues on the next line.
    joined: bool,
}

impl Scan<'_> {
    fn run(&mut self, source: &str) -> Result<(), Error> {
        let mut rest = source.chars().peekable();
        let mut fresh = false;
        while let Some(character) = rest.next() {
            self.column += 1;
            match character {
                '\n' => {
                    (self.line, self.column, fresh) = (self.line.saturating_add(1), 0, true);
                    continue;
                }
                '#' => {
                    while rest.next_if(|next| *next != '\n').is_some() {}
                    continue;
                }
                _ if character.is_whitespace() => continue,
                _ => {}
            }
            if self.column as usize > MAX_COLUMN {
                return Err(self.fault(format!("the line has more than {MAX_COLUMN} characters"), "break the line"));
            }
            let operator = self.operator(character, &mut rest);
            if std::mem::take(&mut fresh) && !operator && !self.joined {
                self.statement();
            }
            self.joined = operator;
            self.token(character, operator)?;
        }
        Ok(())
    }

    /// Consumes the token that `character` begins; whether it joins what stands on both of its sides.
    fn operator(&mut self, character: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
        match character {
            '"' | '`' => {
                while let Some(next) = rest.next() {
                    self.column += 1;
                    match next {
                        '\n' => (self.line, self.column) = (self.line.saturating_add(1), 0),
                        '\\' if character == '"' => {
                            rest.next();
                            self.column += 1;
                        }
                        _ if next == character => break,
                        _ => {}
                    }
                }
                false
            }
            _ if character.is_alphanumeric() || character == '_' => {
                let mut word = String::from(character);
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    self.column += 1;
                    word.push(next);
                }
                word == "in"
            }
            ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' => false,
            _ => true,
        }
    }

    fn token(&mut self, character: char, operator: bool) -> Result<(), Error> {
        match character {
            ',' | ';' => self.statement(),
            '(' | '[' | '{' => {
                self.count()?;
                self.levels.push(Level { brace: character != '(', operators: 0 });
                let braces = self.levels.iter().filter(|level| level.brace).count();
                if braces > MAX_BRACES || self.levels.len() > MAX_BRACKETS + 1 {
                    return Err(self.fault("brackets are nested too deep".to_owned(), "bind inner values to variables first"));
                }
            }
            ')' | ']' | '}' if self.levels.len() > 1 => {
                self.levels.pop();
            }
            _ if operator => self.count()?,
            _ => {}
        }
        Ok(())
    }

    fn statement(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.operators = 0;
        }
    }

    fn count(&mut self) -> Result<(), Error> {
        if let Some(level) = self.levels.last_mut() {
            level.operators += 1;
        }
        if self.levels.iter().map(|level| level.operators).sum::<usize>() > MAX_OPERATORS {
            let message = format!("an expression has more than {MAX_OPERATORS} operators");
            return Err(self.fault(message, "bind parts of it to variables first"));
        }
        Ok(())
    }

    fn fault(&self, message: String, help: &str) -> Error {
        fault(self.file, self.line, self.column, message).with_help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(source: &str) -> bool {
        match check(&"f".into(), source) {
            Ok(()) => true,
            Err(error) => {
                assert!(error.help().is_some() && error.location().is_some());
                false
            }
        }
    }

    #[test]
    fn ordinary_rego_passes() {
        let line = "    x := {\"a\": [b | some b in object.get(input, \"c\", [])]}; y := a.b.c[_].d + 1 # ((((((((\n";
        assert!(ok(&format!("package a\n\nf(x) := y if {{\n{}}}\n", line.repeat(500))));
        assert!(ok(&format!("x := [\n{}]\n", "    \"a\\\"((((((\",\n    `{{{{{{{{{{{{{{`,\n".repeat(200))));
    }

    #[test]
    fn depth_chains_and_size_are_bounded() {
        assert!(!ok(&"(".repeat(100)));
        assert!(!ok(&"x := [[[[[[[[[[[[[1]]]]]]]]]]]]]"));
        assert!(!ok(&format!("x := 1{}", " + 1".repeat(200))));
        assert!(!ok(&format!("x := 1{}", "\n+ 1".repeat(200))));
        assert!(!ok(&format!("x := 1{}", " +\n1".repeat(200))));
        assert!(!ok(&format!("x := 1{}", "\nin y".repeat(200))));
        assert!(!ok(&format!("x := a{}", ".b".repeat(200))));
        assert!(!ok(&format!("x := a{}", "[0]".repeat(200))));
        assert!(!ok(&format!("x := {}1", "-".repeat(200))));
        assert!(!ok(&"#\n".repeat(MAX_BYTES)));
        assert!(!ok(&format!("x := \"{}\" y", "a".repeat(1100))));
    }

    #[test]
    fn unbalanced_source_does_no_harm() {
        for source in ["}}}}", "\"abc", "`", "\\", "[(}])", "\"\\", "é≠\u{0}"] {
            check(&"f".into(), source).ok();
        }
    }
}
