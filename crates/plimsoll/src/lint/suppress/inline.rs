//! Suppressions in comments: `# plimsoll: ignore=<id> reason="…"`, and the line each is about.
//!
//! A comment behind something is about its own line, one that stands alone about the line below it. What
//! the text says is [`directive`](super::directive)'s business.

use super::directive::{Directive, Mistake};

/// What a suppression in a comment begins with, behind the comment's own mark.
const WORD: &str = "plimsoll:";

/// A suppression found in a text.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it stands: 1-based line and column of its comment.
    pub(super) place: (u32, u32),
    /// The line that it is about.
    pub(super) covers: u32,
    /// What it says; places in it are byte offsets of the whole text.
    pub(super) directive: Result<Directive, Mistake>,
}

/// A comment that holds a suppression.
struct Comment {
    /// Where it begins, with its mark.
    start: usize,
    /// Where the text behind `plimsoll:` begins and ends.
    body: (usize, usize),
    /// Where it ends, with its mark.
    end: usize,
}

/// Finds the suppressions of a text, in order; a template has Jinja's comments besides YAML's.
pub(super) fn find(text: &str, is_template: bool) -> Vec<Found> {
    if !text.contains(WORD) {
        return Vec::new();
    }
    let comments = comments(text, is_template);
    let mut lines = Lines { text, counted: 0, place: (1, 1) };
    let mut found: Vec<(Found, Option<u32>)> = Vec::new();
    for comment in comments {
        let Some(directive) = directive(text, comment.body) else { continue };
        let place = lines.of(comment.start);
        let (last, _) = lines.of(comment.end);
        let blank = [' ', '\t', '\r'];
        let ahead = text[..comment.start].trim_end_matches(blank);
        let behind = text[comment.end..].trim_start_matches(blank);
        let (covers, alone) = if !ahead.is_empty() && !ahead.ends_with('\n') {
            (place.0, None)
        } else if !behind.is_empty() && !behind.starts_with('\n') {
            (last, None)
        } else {
            (last + 1, Some(last + 1))
        };
        found.push((Found { place, covers, directive }, alone));
    }
    // Of several that stand alone one above the other, all are about the line below the last.
    for at in (1..found.len()).rev() {
        let (next, below) = (found[at].0.place.0, found[at].0.covers);
        if found[at].1.is_some() && found[at - 1].1 == Some(next) {
            found[at - 1].0.covers = below;
        }
    }
    found.into_iter().map(|(found, _)| found).collect()
}

/// What a comment says behind `plimsoll:`; nothing where it only mentions the name.
fn directive(text: &str, (start, end): (usize, usize)) -> Option<Result<Directive, Mistake>> {
    let body = &text[start..end];
    let from = start + body.len() - body.trim_start().len();
    let word_end = text[from..end].find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let (word, rest) = text[from..end].split_at(word_end.unwrap_or(end - from));
    let wrong = |message: String| {
        let help = "write `plimsoll: ignore=<id> reason=\"…\"`".to_owned();
        Some(Err(Mistake { at: from, message, help }))
    };
    match (word, rest.trim_start().starts_with('=')) {
        ("ignore", _) if rest.starts_with('=') => {
            let at = from + word.len() + 1;
            Some(Directive::read(&text[at..end]).map(|read| read.moved(at)).map_err(|mistake| mistake.moved(at)))
        }
        ("ignore", _) => wrong("`ignore` is not followed by `=` and a policy".to_owned()),
        ("", _) | (_, false) => None,
        (word, true) => wrong(format!("a comment can `ignore` a policy, and not `{word}` one")),
    }
}

/// The comments in which `plimsoll:` is the first word.
fn comments(text: &str, is_template: bool) -> Vec<Comment> {
    let mut jinja = if is_template { spans(text) } else { Vec::new() }.into_iter().peekable();
    let mut comments = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(WORD).map(|at| at + from) {
        while jinja.next_if(|(_, end)| *end <= at).is_some() {}
        let body = at + WORD.len();
        let (comment, next) = match jinja.peek() {
            Some(&(start, end)) if start < at => {
                let lead = text[start + 2..at].trim_start_matches(['-', '+']);
                let inner = text[body.min(end - 2)..end - 2].trim_end_matches(['-', '+']);
                let comment = Comment { start, body: (body, body + inner.len()), end };
                (lead.trim().is_empty().then_some(comment), end.max(body))
            }
            _ => {
                let lead = text[from..at].trim_end_matches([' ', '\t']);
                // In YAML a comment begins at the start of a line or behind a space.
                let start = from + lead.len().saturating_sub(1);
                let is_comment = lead.ends_with('#') && (start == 0 || text[..start].ends_with([' ', '\t', '\n']));
                let comment = is_comment.then(|| {
                    let end = text[body..].find('\n').map_or(text.len(), |length| body + length);
                    Comment { start, body: (body, end), end }
                });
                let next = comment.as_ref().map_or(body, |comment| comment.end);
                (comment, next)
            }
        };
        comments.extend(comment);
        from = next;
    }
    comments
}

/// Where the comments of a template begin and end.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{#").map(|at| at + from) {
        let Some(end) = text[start + 2..].find("#}").map(|at| start + 2 + at + 2) else { break };
        spans.push((start, end));
        from = end;
    }
    spans
}

/// Counts forward only, so that many comments cost one pass.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    place: (u32, u32),
}

impl Lines<'_> {
    /// The 1-based line and column of a byte offset behind the last one.
    fn of(&mut self, at: usize) -> (u32, u32) {
        let passed = &self.text[self.counted..at];
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (line, column) = self.place;
        self.place = match passed.rsplit_once('\n') {
            Some((above, rest)) => (
                line.saturating_add(1 + number(above.bytes().filter(|byte| *byte == b'\n').count())),
                number(1 + rest.chars().count()),
            ),
            None => (line, column.saturating_add(number(passed.chars().count()))),
        };
        self.counted = at;
        self.place
    }
}

/// The 1-based line and column of a byte offset.
pub(super) fn line_column(text: &str, at: usize) -> (u32, u32) {
    Lines { text, counted: 0, place: (1, 1) }.of(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(text: &str, is_template: bool) -> Vec<(u32, u32)> {
        find(text, is_template).iter().map(|found| (found.place.0, found.covers)).collect()
    }

    const X: &str = "plimsoll: ignore=a/b reason=x";

    #[test]
    fn a_comment_is_about_its_line_or_the_one_below() {
        for (text, is_template, expected) in [
            (format!("a: 1\nb: 2 # {X}\n"), false, vec![(2, 2)]),
            (format!("a: 1\n  # {X}\nb: 2\n"), false, vec![(2, 3)]),
            (format!("# {X}\n# {X}\n{{# {X} #}}\nb: 2\n"), true, vec![(1, 4), (2, 4), (3, 4)]),
            (format!("# {X}\n\n# {X}\nb: 2\n"), false, vec![(1, 2), (3, 4)]),
            (format!("b: 2 # {X}\n# {X}\nc: 3\n"), false, vec![(1, 1), (2, 3)]),
            (format!("b: {{{{ x }}}} {{#- {X} -#}}\n"), true, vec![(1, 1)]),
            (format!("{{# {X}\n   owner=me #}}\nb: 2\n"), true, vec![(1, 3)]),
            (format!("{{#\n  {X}\n#}} b: 2\n"), true, vec![(1, 3)]),
            (format!("b: 1\r\n# {X}\r\nc: 2\r\n"), false, vec![(2, 3)]),
            (format!("#{X}"), false, vec![(1, 2)]),
        ] {
            let found = find(&text, is_template);
            assert!(found.iter().all(|found| found.directive.is_ok()), "{text}: {found:?}");
            assert_eq!(covered(&text, is_template), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "# plimsoll: {tier: staging}\n".to_owned(),
            "# plimsoll: checks this file\n".to_owned(),
            "# plimsoll:\n".to_owned(),
            format!("a: \"# {X}\"\n"),
            format!("a: b#{X}\n"),
            format!("{X}\n"),
            format!("a: # see {X}\n"),
            format!("{{# not yet: # {X} #}}\n"),
        ] {
            assert_eq!(covered(&text, true), [], "{text}");
        }
        // A manifest knows no comments of Jinja.
        assert_eq!(covered(&format!("{{# {X} #}}\n"), false), []);
    }

    #[test]
    fn mistakes_have_their_place_in_the_text() {
        for (text, at, message) in [
            ("a: 1\nb: 2 # plimsoll: ignore=a/b\n", (2, 25), "needs `reason`"),
            ("b: 2 # plimsoll: ignore a/b\n", (1, 18), "`ignore` is not followed by `=`"),
            ("b: 2 # plimsoll: ingore=a/b reason=x\n", (1, 18), "and not `ingore` one"),
            ("é: 2 # plimsoll: ignore=a/b reason=\"x\n", (1, 36), "is not closed"),
            ("{# plimsoll: ignore=a/b\nwhy=x #}\n", (2, 1), "no key `why`"),
        ] {
            let found = find(text, true);
            let mistake = found[0].directive.as_ref().unwrap_err();
            assert!(mistake.message.contains(message), "{mistake:?}");
            assert_eq!(line_column(text, mistake.at), at, "{text}");
        }
    }

    #[test]
    fn much_of_it_costs_one_pass() {
        let started = std::time::Instant::now();
        for unit in [
            "plimsoll:",
            "# plimsoll: x ",
            "# plimsoll: ignore=a/b reason=x\n",
            "{# plimsoll: ignore=a/b reason=x #}",
            "{#plimsoll:",
        ] {
            find(&unit.repeat(200_000), true);
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
