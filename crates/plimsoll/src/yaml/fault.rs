//! What is wrong with a document, in words for the person who wrote it.
//!
//! Owns the fault and warning types and the translation of a parser's complaint, which speaks of tokens and
//! contexts, into the mistake that usually causes it. Finding faults is left to `load.rs`.

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One sentence without a full stop.
    pub message: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
    /// The way out, where one is likely.
    pub help: Option<String>,
    /// Whether a limit on size, depth or repetition was hit, rather than the grammar broken.
    pub limit: bool,
}

/// Something that could be read, and that another reader would read differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One sentence without a full stop.
    pub message: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
}

/// The first ASCII control character that no YAML reader lets pass: lines before it, 1-based column, code.
///
/// go-yaml refuses the whole document for it (`readerc.go`); the parser crate does not look.
pub(super) fn control(text: &str) -> Option<(u32, u32, u8)> {
    let refused = |byte: u8| byte == 0x7f || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'));
    // Whole chunks without an early exit are what the compiler can vectorise.
    let dirty = text.as_bytes().chunks(4096).any(|chunk| chunk.iter().fold(false, |any, byte| any | refused(*byte)));
    let at = if dirty { text.bytes().position(refused)? } else { return None };
    let before = &text[..at];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX), text.as_bytes()[at]))
}

/// A complaint of the parser about a place, `row` being the text of that line.
pub(super) fn explain(info: &str, row: &str, column: usize) -> (String, Option<String>) {
    let (message, help) = translate(info, row, column);
    // What a template engine left behind breaks YAML in a dozen ways, and has one cause.
    if row.contains("{{") || row.contains("{%") {
        let help =
            "a `{{` or `{%` is left in the YAML: render it first, or quote the whole value where it is meant literally";
        return (message, Some(help.into()));
    }
    (message, help.map(String::from))
}

fn translate(info: &str, row: &str, column: usize) -> (String, Option<&'static str>) {
    let has = |part: &str| info.contains(part);
    let (message, help) = if row.bytes().take_while(u8::is_ascii_whitespace).any(|byte| byte == b'\t')
        || has("a tab")
        || has("tabs disallowed")
        || has("tab cannot")
    {
        ("a tab stands where YAML needs spaces", "indent with spaces; YAML does not allow tabs there")
    } else if has("illegal placement of ':'") {
        ("a `[` or `{` before this key is not closed", "close it with `]` or `}`")
    } else if has("mapping values are not allowed") {
        return colon(row);
    } else if has("unexpected character") {
        let c = row.chars().nth(column).unwrap_or('%');
        return (format!("a value cannot start with `{c}`"), Some("put the value in quotes"));
    } else if has("flow mapping, did not find") {
        ("a `{` is not closed, or a `,` is missing in it", "close it with `}`, or separate its entries by `,`")
    } else if has("flow sequence, expected") {
        ("a `[` is not closed, or a `,` is missing in it", "close it with `]`, or separate its items by `,`")
    } else if has("misplaced bracket") {
        ("a closing bracket has no opening one", "remove it, or quote the value that contains it")
    } else if has("unexpected end of stream") || has("unexpected document indicator") || has("in quoted scalar") {
        ("a quoted text is not closed", "close it with the quote it was opened with")
    } else if has("after double-quoted scalar") {
        ("something follows a quoted text on its line", "quote the whole value, or escape the quote inside it")
    } else if has("unknown escape character") || has("hexadecimal number") || has("Unicode character escape") {
        ("a `\\` in double quotes starts no escape YAML knows", "write `\\\\` for a backslash, or use single quotes")
    } else if has("simple key expect") || has("simple key expected") {
        (
            "a line is neither `key: value` nor part of the value before",
            "add the `:` and a space, or fix its indentation",
        )
    } else if has("did not find expected key") || has("invalid indentation") || has("expected '-' indicator") {
        ("the indentation fits nothing before it", "align the line with the keys or items it belongs to")
    } else if has("in block scalar") {
        ("a line of the text block is indented less than its first", "indent every line of the block alike")
    } else if has("unknown anchor") {
        ("an alias `*` names no anchor `&` before it", "define the anchor earlier in the document, or quote the value")
    } else if has("expected alphabetic or numeric character") {
        ("a `*` or `&` is not followed by a name", "quote the value if the character is meant literally")
    } else if has("block sequence entries are not allowed") || has("only valid inside a block") {
        ("a `- ` item stands where no list can", "start the list on a line of its own, below its key")
    } else if has("did not find expected node content") {
        ("a value is missing", "write the value, or quote it if it starts with `,` `]` `}` or `-`")
    } else if has("document start") || has("after document end") || has("end marker before directive") {
        ("something follows the end of the document", "start a new document by a line `---`, or fix the indentation")
    } else if has("unprintable character") {
        ("a control character stands in the text", "remove it, or write it as an escape in double quotes")
    } else {
        return (info.to_owned(), None);
    };
    (message.to_owned(), Some(help))
}

fn colon(row: &str) -> (String, Option<&'static str>) {
    let message = "a `: ` stands where no key can be".to_owned();
    let help = if row.matches(": ").count() > 1 {
        "quote the value if the second `: ` belongs to it"
    } else {
        "fix the indentation, or quote the value above if it is meant to go on in this line"
    };
    (message, Some(help))
}
