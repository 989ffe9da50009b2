//! Block values: text that is indented to the column where it lands, and the marks of the source map.
//!
//! A template engine writes text from left to right, through macros and captured blocks, and does not
//! know the column a value will finally stand at. So block values travel between two Unicode
//! noncharacters, which no template may contain, and one pass over the finished text gives every block
//! its column. The marks of the source map travel the same way; they have no width.
//!
//! Owns the characters and the pass. What emits them is the engine's business.

/// Opens a block value.
pub(super) const OPEN: char = '\u{FDD0}';
/// Closes a block value.
pub(super) const CLOSE: char = '\u{FDD1}';
/// Opens a mark; `DIGITS` hexadecimal digits follow.
const MARK: char = '\u{FDD2}';
/// Starts text that was indented explicitly: spaces before it on its line count as part of its own.
const FLUSH: char = '\u{FDD3}';
const DIGIT_ZERO: u32 = 0xFDE0;
const DIGITS: usize = 5;
/// How many marks a program can have.
pub(super) const MAX_MARKS: usize = 1 << (4 * DIGITS);
/// How deep blocks nest before the rest is treated as plain text.
const MAX_NESTING: usize = 64;

/// Whether text contains a character this module gives a meaning to.
pub(super) fn has_markers(text: &str) -> bool {
    next_marker(text).is_some()
}

/// Where the first such character stands. All text passes here, so it looks for one byte at a time.
fn next_marker(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == 0xEF).map(|offset| from + offset) {
        // U+FDD0..U+FDEF are EF B7 90..EF B7 AF in UTF-8.
        if matches!(bytes.get(at + 1..at + 3), Some([0xB7, 0x90..=0xAF])) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Wraps text as a block value.
pub(super) fn block(text: &str) -> String {
    let mut block = String::with_capacity(text.len() + OPEN.len_utf8() + CLOSE.len_utf8());
    block.push(OPEN);
    block.push_str(text);
    block.push(CLOSE);
    block
}

/// Wraps text that was indented on purpose: standing after spaces only, it does not add them twice.
pub(super) fn flush(text: &str) -> String {
    format!("{FLUSH}{text}")
}

/// Writes a mark.
pub(super) fn push_mark(out: &mut String, id: usize) {
    out.push(MARK);
    for digit in (0..DIGITS).rev() {
        let value = u32::try_from((id >> (4 * digit)) & 0xF).unwrap_or(0);
        out.push(char::from_u32(DIGIT_ZERO + value).unwrap_or(MARK));
    }
}

/// Text after the pass, with the marks that were in it: byte offset and mark, in order.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The text without any marker.
    pub(super) text: String,
    /// Where each mark stood in `text`.
    pub(super) marks: Vec<(usize, u32)>,
}

/// Gives every block value its column and takes the marks out.
pub(super) fn resolve(text: &str) -> Resolved {
    if !has_markers(text) {
        return Resolved { text: text.to_owned(), marks: Vec::new() };
    }
    let mut pass = Pass { out: String::with_capacity(text.len() + text.len() / 8), ..Pass::default() };
    let mut rest = text;
    while let Some(at) = next_marker(rest) {
        pass.plain(&rest[..at]);
        let special = rest[at..].chars().next().unwrap_or(OPEN);
        rest = &rest[at + special.len_utf8()..];
        match special {
            OPEN => pass.open(rest.starts_with(['|', '>'])),
            CLOSE => pass.close(),
            FLUSH => pass.skip = pass.own_spaces(),
            MARK => {
                let (id, length) = read_mark(rest);
                rest = &rest[length..];
                if let Some(id) = id {
                    pass.marks.push((pass.out.len(), id));
                }
            }
            _ => {}
        }
    }
    pass.plain(rest);
    Resolved { text: pass.out, marks: pass.marks }
}

/// [`resolve`] for text that goes on being text: the marks are put back.
pub(super) fn resolve_keeping_marks(text: &str) -> String {
    let resolved = resolve(text);
    if resolved.marks.is_empty() {
        return resolved.text;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, id) in resolved.marks {
        out.push_str(&resolved.text[from..at]);
        push_mark(&mut out, id as usize);
        from = at;
    }
    out.push_str(&resolved.text[from..]);
    out
}

fn read_mark(text: &str) -> (Option<u32>, usize) {
    let (mut id, mut length) = (0, 0);
    for (count, c) in text.chars().take(DIGITS).enumerate() {
        match u32::from(c).checked_sub(DIGIT_ZERO) {
            Some(digit) if digit < 16 => id = id << 4 | digit,
            _ => return (None, length),
        }
        length += c.len_utf8();
        if count + 1 == DIGITS {
            return (Some(id), length);
        }
    }
    (None, length)
}

#[derive(Default)]
struct Pass {
    out: String,
    marks: Vec<(usize, u32)>,
    /// What each following line of the open blocks starts with; the innermost is last.
    pads: Vec<String>,
    /// Blocks opened past the nesting limit, which are not indented any further.
    ignored: usize,
    /// A line has begun inside a block and has not been padded yet.
    pending: bool,
    /// How many spaces of the coming text stand on the line already.
    skip: usize,
}

impl Pass {
    fn plain(&mut self, text: &str) {
        let mut text = text;
        while self.skip > 0 && !text.is_empty() {
            let Some(rest) = text.strip_prefix(' ') else {
                self.skip = 0;
                break;
            };
            self.skip -= 1;
            text = rest;
        }
        if self.pads.is_empty() {
            self.out.push_str(text);
            return;
        }
        for line in text.split_inclusive('\n') {
            if line != "\n" {
                self.pad();
            }
            self.out.push_str(line);
            self.pending = line.ends_with('\n');
        }
    }

    fn pad(&mut self) {
        if std::mem::take(&mut self.pending)
            && let Some(pad) = self.pads.last()
        {
            self.out.push_str(pad);
        }
    }

    fn line(&self) -> &str {
        &self.out[self.out.rfind('\n').map_or(0, |at| at + 1)..]
    }

    /// Spaces on the current line that the innermost block did not put there, if nothing else is on it.
    fn own_spaces(&self) -> usize {
        let line = self.line();
        if self.pending || !line.bytes().all(|byte| byte == b' ') {
            return 0;
        }
        line.len() - self.pads.last().map_or(0, |pad| pad.len().min(line.len()))
    }

    fn open(&mut self, scalar: bool) {
        self.pad();
        if self.pads.len() >= MAX_NESTING {
            self.ignored += 1;
            return;
        }
        let line = self.line();
        if line.trim_start().starts_with('#') {
            // A commented-out value stays commented out on all its lines.
            let pad = line.to_owned();
            self.pads.push(pad);
        } else if let Some(column) = key_column(line) {
            self.pads.push(" ".repeat(if scalar { column } else { column + 2 }));
            if !scalar {
                let end = self.out.trim_end_matches([' ', '\t']).len();
                self.out.truncate(end);
                for mark in self.marks.iter_mut().rev().take_while(|mark| mark.0 > end) {
                    mark.0 = end;
                }
                self.out.push('\n');
                self.pending = true;
            }
        } else {
            let width = if scalar { parent_column(line) } else { line.chars().count() };
            self.pads.push(" ".repeat(width));
        }
    }

    fn close(&mut self) {
        if self.ignored > 0 {
            self.ignored -= 1;
            return;
        }
        // A block of several lines never ends in a newline of its own, so nothing is owed here; what
        // follows on the same line belongs to the template.
        self.pads.pop();
        if self.pads.is_empty() {
            self.pending = false;
        }
    }
}

/// The column of the key the line ends with, if it ends with one: that of `a` in `- a:`.
fn key_column(line: &str) -> Option<usize> {
    let mut end = line.trim_end();
    // Properties may stand between a key and its value: `key: &anchor`, `key: !tag`.
    while let Some((before, last)) = end.rsplit_once(' ')
        && last.starts_with(['&', '!'])
    {
        end = before.trim_end();
    }
    end.ends_with(':').then(|| parent_column(line))
}

/// The column of what the line says, dashes of list items not counted as something said.
fn parent_column(line: &str) -> usize {
    let mut rest = line.trim_start_matches(' ');
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start_matches(' ');
    }
    line.chars().count() - rest.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(before: &str, value: &str, after: &str) -> String {
        resolve(&format!("{before}{}{after}", block(value))).text
    }

    #[test]
    fn a_block_takes_the_column_it_stands_at() {
        assert_eq!(placed("x:\n    ", "a: 1\nb: 2", "\ny: 1"), "x:\n    a: 1\n    b: 2\ny: 1");
        assert_eq!(placed("- ", "a: 1\nb: 2", ""), "- a: 1\n  b: 2");
        assert_eq!(placed("", "a: 1\n\nb: 2", ""), "a: 1\n\nb: 2");
    }

    #[test]
    fn after_a_key_a_block_goes_to_the_next_line() {
        assert_eq!(placed("  key: ", "a: 1\nb: 2", "\n"), "  key:\n    a: 1\n    b: 2\n");
        assert_eq!(placed("- key: ", "- 1\n- 2", "\n"), "- key:\n    - 1\n    - 2\n");
        assert_eq!(placed("- - key:", "a: 1", ""), "- - key:\n      a: 1");
        assert_eq!(placed("key: &anchor ", "a: 1", ""), "key: &anchor\n  a: 1");
    }

    #[test]
    fn a_block_scalar_stays_on_its_key_line() {
        assert_eq!(placed("  key: ", "|-\n  one\n  two", ""), "  key: |-\n    one\n    two");
        assert_eq!(placed("- ", "|-\n  one", ""), "- |-\n    one");
    }

    #[test]
    fn blocks_nest() {
        let inner = block("c: 1\nd: 2");
        let outer = block(&format!("a: {inner}\nb: 3"));
        assert_eq!(resolve(&format!("x: {outer}")).text, "x:\n  a:\n    c: 1\n    d: 2\n  b: 3");
    }

    #[test]
    fn explicit_indentation_does_not_add_the_spaces_before_it() {
        let text = flush("    a\n    b");
        assert_eq!(resolve(&format!("    {text}")).text, "    a\n    b");
        assert_eq!(resolve(&text).text, "    a\n    b");
        assert_eq!(resolve(&format!("k: {text}")).text, "k:     a\n    b");
    }

    #[test]
    fn a_comment_stays_a_comment() {
        assert_eq!(placed("  # ", "a: 1\nb: 2", "\n"), "  # a: 1\n  # b: 2\n");
    }

    #[test]
    fn marks_have_no_width_and_come_back() {
        let mut text = String::from("key: ");
        push_mark(&mut text, 0xABCDE);
        text.push_str(&block("a: 1\nb: 2"));
        let resolved = resolve(&text);
        assert_eq!(resolved.text, "key:\n  a: 1\n  b: 2");
        assert_eq!(resolved.marks, [(4, 0xABCDE)]);
        assert_eq!(resolve(&resolve_keeping_marks(&text)).marks, [(4, 0xABCDE)]);
    }

    #[test]
    fn stray_and_deep_markers_do_no_harm() {
        assert_eq!(resolve("a\u{FDD1}b\u{FDD2}\u{FDE1}c\u{FDD0}d\ne\u{FDEF}").text, "abcd\n   e");
        let deep = OPEN.to_string().repeat(10_000) + "a\nb" + &CLOSE.to_string().repeat(10_000);
        assert_eq!(resolve(&deep).text, "a\nb");
    }
}
