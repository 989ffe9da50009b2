//! SARIF 2.1.0 (OASIS standard, errata 01), which code-scanning services and editors read.
//!
//! Owns what of a report goes where in a log; the members themselves are in `shape`. Source text is never
//! quoted: the reader of a log has the files, and a secret cannot slip in.

mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::paths::Paths;
use super::{Report, Writer};
use crate::finding::{Finding, Severity, Verdict};
use crate::{Error, Location, Note};
use shape::{
    Artifact, Base, Configuration, Driver, Failure, Invocation, Kind, Level, Log, Logical, Notification, Outcome,
    Physical, Place, Properties, Region, Rule, Run, Tags, Text, Tool,
};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What paths are relative to; where that is on a machine is the reader's knowledge.
const ROOT: &str = "%SRCROOT%";

/// The name that fingerprints go by; it changes when they are computed otherwise.
const FINGERPRINT: &str = "plimsoll/v1";

/// Writes a report as a SARIF log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sarif;

impl Writer for Sarif {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let (rules, index) = rules(report);
        let results =
            report.findings.iter().map(|finding| outcome(finding, index[&*finding.policy], &report.paths)).collect();
        let errors = report.errors.iter().map(|error| failure(error, &report.paths));
        let notes = report.notes.iter().map(|note| remark(note, &report.paths));
        let driver = Driver {
            name: "plimsoll",
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            information_uri: env!("CARGO_PKG_REPOSITORY"),
            rules,
        };
        let run = Run {
            tool: Tool { driver },
            invocations: [Invocation {
                execution_successful: report.errors.is_empty(),
                tool_execution_notifications: errors.chain(notes).collect(),
            }],
            original_uri_base_ids: BTreeMap::from([(ROOT, base(&report.paths))]),
            column_kind: "unicodeCodePoints",
            results,
        };
        serde_json::to_writer_pretty(&mut *out, &Log { schema: SCHEMA, version: "2.1.0", runs: [run] })?;
        writeln!(out)
    }
}

/// What paths begin at; where a reader has it is left to the reader.
fn base(paths: &Paths) -> Base {
    let root = if paths.is_below() {
        "The root of the repository that the workspace lies in."
    } else {
        "The workspace's root."
    };
    Base { description: plain(root) }
}

/// A rule for each policy that found something, by id, and where each stands.
fn rules(report: &Report) -> (Vec<Rule<'_>>, BTreeMap<&str, usize>) {
    let mut first: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &report.findings {
        first.entry(&*finding.policy).or_insert(finding);
    }
    let index = first.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    (first.into_iter().map(|(id, finding)| rule(id, finding, report)).collect(), index)
}

fn rule<'a>(id: &'a str, finding: &'a Finding, report: &'a Report) -> Rule<'a> {
    let policy = report.policies.get(id);
    let (category, name) = id.split_once('/').unwrap_or(("", id));
    let level = policy.map_or(finding.severity, |policy| policy.worst());
    Rule {
        id,
        name,
        short_description: plain(policy.map_or(id, |policy| policy.title.as_str())),
        full_description: policy.map(|policy| plain(policy.description.as_str())),
        help: plain(finding.fix.as_str()),
        default_configuration: Configuration { level: self::level(level) },
        properties: Tags { tags: [category] },
    }
}

fn outcome<'a>(finding: &'a Finding, rule_index: usize, paths: &Paths) -> Outcome<'a> {
    // Section 3.27.10: only what fails has a level. The severity of what is unknown is in the properties.
    let (kind, level) = match finding.verdict {
        Verdict::Violated => (Kind::Fail, level(finding.severity)),
        Verdict::Unknown => (Kind::Review, Level::None),
    };
    let logical_locations: Vec<Logical<'_>> = finding
        .resource
        .iter()
        .map(|resource| Logical { name: &resource.name, fully_qualified_name: resource.to_string(), kind: "resource" })
        .collect();
    let physical_location = finding.location.as_ref().map(|location| physical(location, paths));
    let place = Place { physical_location, logical_locations, message: None };
    let is_somewhere = place.physical_location.is_some() || !place.logical_locations.is_empty();
    Outcome {
        rule_id: &finding.policy,
        rule_index,
        kind,
        level,
        message: message(std::iter::once(&*finding.message).chain(finding.witness.iter().map(String::as_str))),
        locations: is_somewhere.then_some(place).into_iter().collect(),
        related_locations: related(finding, paths),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, &*finding.fingerprint)]),
        properties: Properties {
            environments: &finding.environments,
            pointer: &finding.pointer,
            severity: finding.severity,
            verdict: finding.verdict,
        },
    }
}

/// The other places of a finding, each once: where it stands in other environments, and what set the values.
fn related<'a>(finding: &Finding, paths: &Paths) -> Vec<Place<'a>> {
    let mut places: Vec<(Location, String, Vec<&str>)> = Vec::new();
    let mut add = |location: Location, what: String, environment| match places
        .iter_mut()
        .find(|(known, said, _)| (known, said) == (&location, &what))
    {
        Some((_, _, environments)) => environments.push(environment),
        None => places.push((location, what, vec![environment])),
    };
    for occurrence in &finding.occurrences {
        if let Some(location) = &occurrence.location {
            add(location.clone(), "the place".to_owned(), &*occurrence.environment);
        }
        for value in &occurrence.values {
            if let Some(file) = &value.file {
                let location = Location { file: file.clone(), line: value.line, column: None };
                let what = if value.is_unset() {
                    format!("where `{}` would be set, which it is not,", value.key)
                } else {
                    format!("`{}`, set by the layer {},", value.key, value.layer)
                };
                add(location, what, &*occurrence.environment);
            }
        }
    }
    let place = |(location, what, environments): (Location, String, Vec<&str>)| Place {
        physical_location: Some(physical(&location, paths)),
        logical_locations: Vec::new(),
        message: Some(message([format!("{what} in {}", environments.join(", ")).as_str()])),
    };
    places.into_iter().map(place).collect()
}

fn failure<'a>(error: &'a Error, paths: &Paths) -> Notification<'a> {
    Notification {
        level: Level::Error,
        message: message(std::iter::once(error.message()).chain(error.help())),
        locations: error.location().map(|location| somewhere(location, paths)).into_iter().collect(),
        properties: Some(Failure { kind: error.kind().name(), environments: error.environments() }),
    }
}

fn remark<'a>(note: &'a Note, paths: &Paths) -> Notification<'a> {
    Notification {
        level: Level::Note,
        message: message([&*note.message]),
        locations: note.location.as_ref().map(|location| somewhere(location, paths)).into_iter().collect(),
        properties: None,
    }
}

fn somewhere<'a>(location: &Location, paths: &Paths) -> Place<'a> {
    Place { physical_location: Some(physical(location, paths)), logical_locations: Vec::new(), message: None }
}

fn physical(location: &Location, paths: &Paths) -> Physical {
    Physical {
        artifact_location: Artifact { uri: uri(&paths.path(&location.file)), uri_base_id: ROOT },
        region: location.line.map(|start_line| Region { start_line, start_column: location.column }),
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Note,
        Severity::Off => Level::None,
    }
}

/// A text in which nothing stands for anything else.
fn plain<'a>(text: impl Into<Cow<'a, str>>) -> Text<'a> {
    Text { text: text.into() }
}

/// Lines as a message, in which braces are written twice: alone they are placeholders (section 3.11.5).
fn message<'a, 'b>(lines: impl IntoIterator<Item = &'a str>) -> Text<'b> {
    let lines: Vec<&str> = lines.into_iter().collect();
    plain(lines.join("\n").replace('{', "{{").replace('}', "}}"))
}

/// A path as a relative reference of RFC 3986: every byte that a segment cannot hold is percent-encoded.
///
/// A colon is encoded, too: in the first segment it would end a scheme.
fn uri(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
