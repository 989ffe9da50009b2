//! Which statements take their line with them.
//!
//! The engine can drop the newline after every statement, which is what a statement on a line of its own
//! wants, and not what `kind: {% if a %}A{% else %}B{% endif %}` wants. So where a line says anything
//! beside statements and comments, its last one is told to keep the newline (`+%}`). That adds a
//! character at the end of a line, so every line and column a person sees stays true.

/// The source with the newlines of mixed lines kept.
pub(super) fn keep_newlines(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut copied = 0;
    let (mut at, mut mixed) = (0, false);
    // Whether the line said anything before a macro or capture began on it: what is inside is not output.
    let mut outside = (0, false);
    while let Some(found) = source.get(at..).and_then(|rest| rest.find('{')).map(|offset| at + offset) {
        mixed = mixed_after(&source[at..found], mixed);
        let kind = source.as_bytes().get(found + 1).copied();
        let end = match kind {
            Some(b'{') => code_end(source, found + 2, b"}}"),
            Some(b'%') => statement_end(source, found),
            Some(b'#') => source[found + 2..].find("#}").map(|offset| found + 2 + offset + 2),
            _ => {
                (at, mixed) = (found + 1, true);
                continue;
            }
        };
        // What does not end is a syntax error; the engine says so.
        let Some(end) = end else { break };
        if kind == Some(b'%') {
            let line = source[..found].rfind('\n');
            match source[found + 2..end].trim_start_matches(['-', '+', ' ']).split([' ', '%', '-', '(']).next() {
                Some("macro" | "set") => outside = (line.unwrap_or(0), mixed),
                Some("endmacro" | "endset") => mixed = outside.1 && outside.0 == line.unwrap_or(0),
                _ => {}
            }
        }
        if kind == Some(b'{') {
            mixed = true;
        } else if mixed && source[end..].starts_with('\n') && !matches!(source.as_bytes()[end - 3], b'-' | b'+') {
            out.push_str(&source[copied..end - 2]);
            out.push('+');
            copied = end - 2;
        }
        at = end;
    }
    out.push_str(&source[copied..]);
    out
}

/// Whether the current line says something, after some more text.
fn mixed_after(text: &str, mixed: bool) -> bool {
    match text.rsplit_once('\n') {
        Some((_, line)) => !line.trim().is_empty(),
        None => mixed || !text.trim().is_empty(),
    }
}

/// The end of a statement; a raw block ends with its `endraw`.
fn statement_end(source: &str, start: usize) -> Option<usize> {
    let end = code_end(source, start + 2, b"%}")?;
    let word = |text: &str| text.trim_matches(['-', '+', ' ', '\t', '\n']).to_owned();
    if word(&source[start + 2..end - 2]) != "raw" {
        return Some(end);
    }
    let mut at = end;
    while let Some(offset) = source[at..].find("{%") {
        let close = source[at + offset..].find("%}").map(|length| at + offset + length + 2)?;
        if word(&source[at + offset + 2..close - 2]) == "endraw" {
            return Some(close);
        }
        at += offset + 2;
    }
    None
}

/// The end of code: its delimiter outside of text and brackets.
fn code_end(source: &str, start: usize, delimiter: &[u8]) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            _ if depth == 0 && bytes[at..].starts_with(delimiter) => return Some(at + delimiter.len()),
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::keep_newlines;

    #[test]
    fn only_mixed_lines_keep_their_newline() {
        for (source, wanted) in [
            ("  {% if a %}\nx\n{% endif %}\n", None),
            ("{% if a %}{% if b %} {# c #}\nx", None),
            ("k: {% if a %}A{% endif %}\nx", Some("k: {% if a %}A{% endif +%}\nx")),
            ("k: {{ '%}' }}{# c #}\nx", Some("k: {{ '%}' }}{# c +#}\nx")),
            ("k: {% x -%}\ny", None),
            ("k: {% raw %}{% if %}{% endraw %}\ny", Some("k: {% raw %}{% if %}{% endraw +%}\ny")),
            ("{ {% if a %}\nx", Some("{ {% if a +%}\nx")),
            ("k: {% if {'a': '}'} %}\n{% open", Some("k: {% if {'a': '}'} +%}\n{% open")),
            ("é{{ {{ %}\n", None),
            ("{% macro m() %}x{{ y }}{% endmacro %}\nz", None),
            ("a{% set m %}x{% endset %}\nz", Some("a{% set m %}x{% endset +%}\nz")),
            ("{% macro m() %}\nx{% endmacro %}\nz", None),
        ] {
            assert_eq!(keep_newlines(source), wanted.unwrap_or(source));
        }
    }
}
