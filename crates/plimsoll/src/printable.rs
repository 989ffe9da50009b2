//! Names in text for people: nothing in them moves the cursor, ends a line or turns the reading direction.
//!
//! A name may hold any character that YAML has an escape for. Written raw, an escape sequence recolours the
//! terminal, and a line end begins a line of which a program that reads along thinks something. Formats
//! for programs have escapes of their own and write names as they are.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;

/// Whether a character does something else than to be seen: controls (Unicode's category Cc), line and
/// paragraph separators, and what overrides or isolates a direction (UAX #9, section 2).
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// The text with such characters spelled out, as `\u{1b}`.
pub fn spelled(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts(character) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// The text as long as before, with `?` and the like where such characters were; line ends and tabs stay.
///
/// For excerpts of files, where places are offsets.
pub(crate) fn blanked(text: &str) -> String {
    let blank = |character: char| match character.len_utf8() {
        _ if matches!(character, '\n' | '\r' | '\t') || !acts(character) => character,
        1 => '?',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    text.chars().map(blank).collect()
}

/// A writer of lines: one call of `writeln!` is one line, whatever the names in it hold.
pub(crate) struct Lines<'a>(pub(crate) &'a mut dyn io::Write);

impl io::Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> io::Result<()> {
        let text = arguments.to_string();
        match text.strip_suffix('\n') {
            Some(line) => {
                self.0.write_all(spelled(line).as_bytes())?;
                self.0.write_all(b"\n")
            }
            None => self.0.write_all(spelled(&text).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_spelled_out() {
        assert!(matches!(spelled("añ → ✓ עברית"), Cow::Borrowed(_)));
        assert_eq!(spelled("\u{1b}[31mred\u{7}"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(
            spelled("a\r\n\u{85}\u{2028}\u{202e}\u{2066}\u{7f}"),
            "a\\u{d}\\u{a}\\u{85}\\u{2028}\\u{202e}\\u{2066}\\u{7f}"
        );
    }

    #[test]
    fn excerpts_keep_their_offsets() {
        let text = "a: \u{1b}[31m\n\tb: \u{85}\u{202e}é\r\n";
        let blank = blanked(text);
        assert_eq!(blank, "a: ?[31m\n\tb: \u{bf}\u{fffd}é\r\n");
        assert_eq!(blank.len(), text.len());
    }

    #[test]
    fn a_name_ends_no_line() {
        let mut out = Vec::new();
        let lines: &mut dyn io::Write = &mut Lines(&mut out);
        for name in ["x\n::warning::b", "x\n"] {
            writeln!(lines, "  {name}").unwrap();
        }
        writeln!(lines).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  x\\u{a}::warning::b\n  x\\u{a}\n\n");
    }
}
