//! Text for people: each finding once, with the line of the template it comes from.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::paths::Paths;
use super::{Report, Summary, Writer, origins};
use crate::Location;
use crate::finding::{Finding, Severity, Verdict};
use crate::manifest::mentions_secret;
use crate::printable::{blanked, spelled};

/// Writes a report for people.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Text {
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
    /// Whether to leave out the notes and, without findings and errors, the last line.
    pub quiet: bool,
}

impl Default for Text {
    fn default() -> Self {
        Self { color: false, width: 100, quiet: false }
    }
}

impl Writer for Text {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        for alike in alike(&report.findings) {
            self.show(&Shown::findings(&alike, report), out)?;
        }
        for error in &report.errors {
            self.show(&Shown::error(error, report), out)?;
        }
        if !self.quiet {
            for note in &report.notes {
                let place = note.location.as_ref().map(|location| format!("{location}: ")).unwrap_or_default();
                writeln!(out, "note: {}", spelled(&format!("{place}{}", note.message)))?;
            }
        }
        if !self.quiet || !report.findings.is_empty() || !report.errors.is_empty() {
            writeln!(out, "{}", self.last_line(report))?;
        }
        Ok(())
    }
}

impl Text {
    fn show(&self, shown: &Shown, out: &mut dyn io::Write) -> io::Result<()> {
        let theme = if self.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler =
            GraphicalReportHandler::new_themed(theme).with_width(self.width).with_context_lines(1).with_links(false);
        let mut text = String::new();
        handler.render_report(&mut text, shown).map_err(io::Error::other)?;
        writeln!(out, "{}\n", text.trim_end())
    }

    fn last_line(&self, report: &Report) -> String {
        let line = closing(report);
        let line = spelled(&line);
        match (self.color, is_bad(report)) {
            (false, _) => line.into_owned(),
            (true, false) => format!("\u{1b}[32m{line}\u{1b}[0m"),
            (true, true) => format!("\u{1b}[31m{line}\u{1b}[0m"),
        }
    }
}

/// The line that ends a report: whether it is bad, and how many of what.
pub(super) fn closing(report: &Report) -> String {
    let mark = if is_bad(report) { "✗" } else { "✓" };
    format!("{mark} {}", sentence(report, &report.summary))
}

fn is_bad(report: &Report) -> bool {
    report.errors.len() + report.summary.errors > 0
}

/// Findings that say the same of several objects, in the order of the first of each.
///
/// Twelve pods in a namespace without policies are one thing to read, not twelve.
fn alike(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let key = (&*finding.policy, finding.verdict, finding.severity, &*finding.message, &*finding.environments);
        let at = *known.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(finding);
    }
    groups
}

/// How many further objects are named one by one.
const NAMED: usize = 8;

/// The further objects that a finding is true of, with their places.
fn also(others: &[&Finding]) -> Option<String> {
    let name = |finding: &&Finding| {
        let place = finding.location.as_ref().map(|location| format!(" at {location}")).unwrap_or_default();
        let name = finding.resource.as_ref().map_or(place.clone(), |resource| format!("{resource}{place}"));
        spelled(&name).into_owned()
    };
    let mut lines: Vec<String> = others.iter().take(NAMED).map(name).collect();
    if others.len() > NAMED {
        lines.push(format!("and {} more", others.len() - NAMED));
    }
    (!lines.is_empty()).then(|| format!("the same: {}", lines.join("\n          ")))
}

fn sentence(report: &Report, summary: &Summary) -> String {
    let environments: Vec<&str> = summary.environments.iter().map(|name| &**name).collect();
    let mut found = Vec::new();
    for (number, one, many) in [
        (summary.errors, "error", "errors"),
        (summary.warnings, "warning", "warnings"),
        (summary.infos, "info", "infos"),
        (summary.unknown, "unknown", "unknown"),
        (summary.suppressed, "suppressed", "suppressed"),
    ] {
        if number > 0 {
            found.push(format!("{number} {}", if number == 1 { one } else { many }));
        }
    }
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let objects = if summary.resources == 1 { "object" } else { "objects" };
    let undone = match report.errors.len() {
        0 => String::new(),
        1 => "; 1 thing could not be done".to_owned(),
        many => format!("; {many} things could not be done"),
    };
    // Where nothing could be opened there are no environments to name.
    let of = if environments.is_empty() { String::new() } else { format!(" of {}", environments.join(", ")) };
    let known = match summary.baseline {
        0 => String::new(),
        number => format!("; {number} in the baseline"),
    };
    let untouched = match summary.untouched {
        0 => String::new(),
        number => format!("; {number} untouched by the change"),
    };
    format!("{found} in {} {objects}{of}{undone}{known}{untouched}", summary.resources)
}

/// A finding or an error in the shape that miette draws.
#[derive(Debug)]
struct Shown {
    code: String,
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    label: Option<LabeledSpan>,
    source: Option<NamedSource<Arc<str>>>,
    witness: Option<Box<Witness>>,
}

/// A line of the witness, drawn as the cause of the one before.
#[derive(Debug)]
struct Witness {
    line: String,
    next: Option<Box<Witness>>,
}

impl Witness {
    fn chain(lines: &[String]) -> Option<Box<Self>> {
        lines.iter().rev().fold(None, |next, line| Some(Box::new(Self { line: spelled(line).into_owned(), next })))
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Witness {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.next.as_deref().map(|next| next as _)
    }
}

impl Shown {
    /// The first of findings that are alike, and after it the objects of the others.
    fn findings(findings: &[&Finding], report: &Report) -> Self {
        let mut shown = Self::finding(findings[0], report);
        if let Some(also) = also(&findings[1..]) {
            shown.help = Some(match shown.help {
                Some(help) => format!("{help}\n{also}"),
                None => also,
            });
        }
        shown
    }

    fn finding(finding: &Finding, report: &Report) -> Self {
        let environments = finding.environments.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
        let about = match &finding.resource {
            Some(resource) => format!("{resource} in {environments}"),
            None => environments,
        };
        let about = spelled(&about);
        let verdict = match finding.verdict {
            Verdict::Violated => String::new(),
            Verdict::Unknown => ", unknown".to_owned(),
        };
        let (label, source) = excerpt(finding.location.as_ref(), finding.sensitive, &about, report);
        // Whoever wrote the policy may have written lines.
        let mut help = finding.fix.lines().map(spelled).collect::<Vec<_>>().join("\n");
        if label.is_none() {
            let place = finding.location.as_ref().map(|location| format!(", at {location}")).unwrap_or_default();
            help = format!("{about}{}\n{help}", spelled(&place));
        }
        for line in origins::lines(finding, &Paths::default()) {
            help.push('\n');
            help.push_str(&spelled(&line));
        }
        Self {
            code: format!("{} ({}{verdict})", finding.policy, finding.severity),
            message: spelled(&finding.message).into_owned(),
            severity: match finding.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
                Severity::Info | Severity::Off => miette::Severity::Advice,
            },
            help: Some(help).filter(|help| !help.is_empty()),
            label,
            source,
            witness: Witness::chain(&finding.witness),
        }
    }

    fn error(error: &crate::Error, report: &Report) -> Self {
        let environments = error.environments().iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
        let about = if environments.is_empty() { "here".to_owned() } else { format!("in {environments}") };
        // A template of a Secret need not have come as far as to be known for one.
        let text = error.location().and_then(|location| report.sources.get(&location.file));
        let sensitive = error.is_sensitive() || text.is_some_and(|text| mentions_secret(text));
        let (label, source) = excerpt(error.location(), sensitive, &about, report);
        let message = match (label.is_some(), error.location()) {
            (false, Some(location)) => format!("{location}: {}", error.message()),
            _ => error.message().to_owned(),
        };
        Self {
            code: format!("{} (could not be done)", error.kind().name()),
            message: spelled(&message).into_owned(),
            severity: miette::Severity::Error,
            help: error.help().map(|help| spelled(help).into_owned()),
            label,
            source,
            witness: None,
        }
    }
}

/// The line to draw, where its place is known and may be shown.
fn excerpt(
    location: Option<&Location>,
    sensitive: bool,
    about: &str,
    report: &Report,
) -> (Option<LabeledSpan>, Option<NamedSource<Arc<str>>>) {
    let drawn = location.filter(|_| !sensitive).and_then(|location| {
        let text = report.sources.get(&location.file)?;
        if is_encrypted(text) {
            return None;
        }
        let (start, length) = span(text, location.line?, location.column.unwrap_or(1))?;
        if !is_readable(text, start) {
            return None;
        }
        let label = LabeledSpan::new(Some(spelled(about).into_owned()), start, length);
        Some((label, NamedSource::new(spelled(&location.file), Arc::from(blanked(text)))))
    });
    drawn.map_or((None, None), |(label, source)| (Some(label), Some(source)))
}

/// Whether a file is one of SOPS', of which nothing is quoted, encrypted or not: its metadata stands under a key of its
/// own at the top, in YAML and in JSON (getsops.io, "Encryption protocol"). It need not parse.
fn is_encrypted(text: &str) -> bool {
    let key = |line: &str| {
        ["sops", "\"sops\"", "'sops'"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    let braced = text.trim_start().starts_with('{');
    // In flow style a key has no column of its own.
    let pieces = || text.split(['{', ',', '\n']).map(str::trim_start);
    text.contains("sops") && if braced { pieces().any(key) } else { text.lines().any(key) }
}

/// The longest line that is drawn, in bytes.
const MAX_DRAWN: usize = 500;

/// Whether the line at an offset and those beside it are short enough to be drawn.
fn is_readable(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let above = before.rsplit('\n').take(2).map(str::len).max().unwrap_or(0);
    let below = after.split('\n').take(2).map(str::len).max().unwrap_or(0);
    above.max(below) <= MAX_DRAWN
}

/// From a column to the end of what is written on its line, as byte offset and length.
fn span(text: &str, line: u32, column: u32) -> Option<(usize, usize)> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let written = text.get(start..)?.lines().next().unwrap_or("").trim_end();
    let offset = written.char_indices().nth(usize::try_from(column).ok()?.saturating_sub(1)).map_or(0, |(at, _)| at);
    Some((start + offset, written.len().saturating_sub(offset)))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.witness.as_deref().map(|witness| witness as _)
    }
}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label.clone().map(|label| Box::new(std::iter::once(label)) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn nothing_from_the_input_moves_the_cursor() {
        let error = crate::Error::new(ErrorKind::Manifest, "bad `\u{1b}[31m\n::warning::b`")
            .with_location(Location::at("a.yaml", 1, 1))
            .with_help("rename \u{7}it");
        let mut report = Report { errors: vec![error], ..Report::default() };
        report.sources.insert("a.yaml".into(), "name: \u{1b}]0;x\u{7}\n".into());
        let mut out = Vec::new();
        Text::default().write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\\u{1b}[31m\\u{a}::warning::b") && text.contains("name: ?]0;x?"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
    }
}
