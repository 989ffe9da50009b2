//! Bounds on a template before it reaches the engine's parser.
//!
//! The engine bounds how deep brackets and blocks nest, and yet builds a tree as deep as a chain of
//! operators, filters or attributes is long, and descends into it recursively. One lexical pass over the
//! tags finds chains that no stack bears. Leaves everything else about syntax to the engine.

/// How many operators, filters, attributes and brackets one tag may have; far from what a stack bears.
pub(super) const MAX_OPERATORS: usize = 512;
/// How many `elif` a template may have: each is a level of its own.
pub(super) const MAX_ALTERNATIVES: usize = 256;

/// The 1-based line of a tag that is too long a chain; `None` where the template is within bounds.
pub(super) fn exceeded(source: &str) -> Option<usize> {
    let mut alternatives = 0;
    let mut at = 0;
    while let Some(found) = source[at..].find('{') {
        let start = at + found;
        if !source[start + 1..].starts_with(['{', '%']) {
            at = start + 1;
            continue;
        }
        let (length, operators, first_word) = tag(&source[start + 2..]);
        alternatives += usize::from(first_word == "elif");
        if operators > MAX_OPERATORS || alternatives > MAX_ALTERNATIVES {
            return Some(1 + source[..start].matches('\n').count());
        }
        at = start + 2 + length;
    }
    None
}

/// The length of a tag's inside, its operators, and its first word.
fn tag(inside: &str) -> (usize, usize, &str) {
    let bytes = inside.as_bytes();
    let (mut at, mut operators, mut first) = (0, 0, "");
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'}' if at > 0 && bytes[at - 1] == b'%' || bytes.get(at + 1) == Some(&b'}') => break,
            b'"' | b'\'' => {
                at += 1;
                while bytes.get(at).is_some_and(|other| other != byte) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let length =
                    bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                let word = &inside[at..at + length];
                operators += usize::from(matches!(word, "not" | "and" | "or" | "is" | "in" | "if"));
                first = if first.is_empty() { word } else { first };
                at += length - 1;
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'~' | b'|' | b'.' | b'[' | b'(' | b'=' | b'<' | b'>' | b'!' | b'{' => {
                operators += 1;
            }
            _ => {}
        }
        at += 1;
    }
    // A backslash may lead past the end, and never into a character: what follows it is one byte or a part
    // of one that is passed over bytewise.
    let end = (at.min(inside.len())..=inside.len()).find(|end| inside.is_char_boundary(*end)).unwrap_or(inside.len());
    (end, operators, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_found_and_lists_are_not_chains() {
        for link in ["1+", "not ", "1 == ", "(", "-"] {
            assert_eq!(exceeded(&format!("a\n{{{{ {}1 }}}}", link.repeat(600))), Some(2), "{link}");
        }
        assert_eq!(exceeded(&format!("{{{{ a{} }}}}", ".b".repeat(600))), Some(1));
        assert_eq!(exceeded(&format!("{{{{ [{}] }}}}", "1,".repeat(100_000))), None);
        assert_eq!(exceeded(&"{{ a.b | c }}{% if a %}{% endif %}\n".repeat(10_000)), None);
        assert_eq!(exceeded(&format!("{{{{ \"{}\" }}}}", "a.b+c".repeat(10_000))), None);
        assert_eq!(exceeded(&"{% elif a %}\n".repeat(300)), Some(257));
    }

    #[test]
    fn unclosed_and_escaped_texts_end_with_the_source() {
        for source in ["{{", "{{ \"", "{{ '\\", "{{ \"\\é", "{%", "{{ é }}", "{% é %}"] {
            assert_eq!(exceeded(source), None, "{source}");
        }
    }
}
