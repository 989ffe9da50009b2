//! What was found before: the findings that an old repository lives with until it has time for them.
//!
//! A baseline is a file beside the code, read by people in reviews and by the next run. What it holds and
//! how it is read is here; taking its findings out of a report is [`Report::without`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Finding;
use crate::report::{Report, to_json};
use crate::{Error, ErrorKind, Location, Result};

/// The version of the shape; it grows when something is taken away or changes its meaning.
const VERSION: u64 = 1;

/// The longest reason that is given for what cannot be read, in characters.
const MAX_REASON: usize = 200;

/// The category in which the linter speaks about suppressions; what it says there is never taken for granted.
const SUPPRESSION: &str = "suppression/";

/// A finding as a baseline remembers it: the fingerprint counts, the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The policy's id, `category/name`.
    pub policy: String,
    /// `Kind namespace/name`; absent for findings about the workspace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// One sentence about the object.
    pub message: String,
    /// Names the finding however its lines move.
    #[serde(deserialize_with = "hexadecimal")]
    pub fingerprint: String,
}

/// The findings of an earlier run, in order, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    #[serde(deserialize_with = "known_version")]
    version: u64,
    findings: BTreeSet<Entry>,
    /// Where it was read, for messages.
    #[serde(skip)]
    file: Option<Arc<str>>,
}

/// As much of a baseline of any version as says which it is.
#[derive(Deserialize)]
struct Head {
    version: u64,
}

/// The same, where reading ends at a version that is not known, and so tells its place.
#[derive(Deserialize)]
struct Strict {
    #[serde(rename = "version", deserialize_with = "known_version")]
    _version: u64,
}

impl Baseline {
    /// The findings of a report that a baseline may hold: all but those about suppressions.
    pub fn of(report: &Report) -> Self {
        let findings = report.findings().iter().filter(|finding| may_hold(finding)).map(|finding| Entry {
            policy: finding.policy.to_string(),
            object: finding.resource.as_ref().map(ToString::to_string),
            message: finding.message.clone(),
            fingerprint: finding.fingerprint.clone(),
        });
        Self { version: VERSION, findings: findings.collect(), file: None }
    }

    /// Keeps what an earlier one holds besides: a run over a part cannot know that the rest is gone.
    pub fn keep(&mut self, earlier: Self) {
        let held: BTreeSet<String> = self.findings.iter().map(|entry| entry.fingerprint.clone()).collect();
        self.findings.extend(earlier.findings.into_iter().filter(|entry| !held.contains(&entry.fingerprint)));
    }

    /// Reads the text of the file `file`.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let baseline: Result<Self, _> = serde_json::from_str(text);
        let mut baseline = baseline.map_err(|error| unreadable(file, text, &error))?;
        baseline.file = Some(file.into());
        Ok(baseline)
    }

    /// The text of its file: always the same for the same findings, in an order that keeps changes small.
    pub fn to_json(&self) -> Result<String> {
        to_json(self)
    }

    /// Its findings: by policy, object, message.
    pub fn findings(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.findings.iter()
    }

    /// Where it was read; `None` for one that was just made.
    pub fn file(&self) -> Option<&Arc<str>> {
        self.file.as_ref()
    }

    /// The names of its findings.
    pub(crate) fn fingerprints(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|entry| &*entry.fingerprint).collect()
    }
}

/// Whether a baseline may take a finding for granted.
pub(crate) fn may_hold(finding: &Finding) -> bool {
    !finding.policy.starts_with(SUPPRESSION)
}

/// Refuses what it is shown while the reader still stands there: an error raised later has a later place.
struct Version;

impl Visitor<'_> for Version {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version")
    }

    fn visit_u64<E: de::Error>(self, version: u64) -> Result<u64, E> {
        if version == VERSION { Ok(version) } else { Err(E::custom(format!("version {version} is not known"))) }
    }
}

fn known_version<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    from.deserialize_u64(Version)
}

/// The same for fingerprints.
struct Hexadecimal;

impl Visitor<'_> for Hexadecimal {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint of 32 hexadecimal digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        if text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(text.to_owned())
        } else {
            Err(E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
}

fn hexadecimal<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    from.deserialize_str(Hexadecimal)
}

/// What is wrong with a text that is no baseline of ours, and where.
fn unreadable(file: &str, text: &str, error: &serde_json::Error) -> Error {
    // A newer shape may differ in everything but the member that says so, wherever that stands.
    if let Some(Head { version }) = serde_json::from_str(text).ok().filter(|head: &Head| head.version > VERSION) {
        let stated = serde_json::from_str::<Strict>(text).err();
        let message = format!("the baseline is of version {version}, and this release knows {VERSION} at most");
        return Error::new(ErrorKind::Workspace, message)
            .with_location(locate(file, text, stated.as_ref().unwrap_or(error)))
            .with_help("use a newer release of plimsoll");
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    // A mistaken value is quoted, and may be as long as the file.
    let reason: String = reason.strip_suffix(&place).unwrap_or(&reason).chars().take(MAX_REASON).collect();
    let what = if error.is_data() { "is no baseline" } else { "is not JSON" };
    Error::new(ErrorKind::Workspace, format!("the file {what}: {reason}"))
        .with_location(locate(file, text, error))
        .with_help("name a file that `--write-baseline` wrote; restore it if an edit or a merge broke it")
}

/// The place of an error, which counts columns in bytes and from 0 where a line is missing.
fn locate(file: &str, text: &str, error: &serde_json::Error) -> Location {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or("");
    let before = line.as_bytes().get(..error.column()).unwrap_or(line.as_bytes());
    let column = String::from_utf8_lossy(before).chars().count();
    let number = |number: usize| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
    Location::at(file, number(error.line()), number(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn finding(policy: &str, digit: char) -> Finding {
        let mut finding = samples::finding();
        finding.policy = policy.into();
        finding.fingerprint = digit.to_string().repeat(32);
        finding
    }

    fn entry(digit: char) -> String {
        format!(r#"{{"fingerprint": "{}", "policy": "a/b", "message": "m"}}"#, digit.to_string().repeat(32))
    }

    fn baseline(entries: &[String]) -> Baseline {
        let text = format!(r#"{{"version": 1, "findings": [{}]}}"#, entries.join(", "));
        Baseline::read("b.json", &text).unwrap()
    }

    #[test]
    fn it_is_written_in_order_and_read_back() {
        let mut about_itself = finding("suppression/expired", '3');
        about_itself.resource = None;
        let (one, other) = (finding("rbac/wildcard", '2'), finding("images/latest", '1'));
        let baseline = Baseline::of(&samples::report([one.clone(), about_itself, other.clone(), one.clone()]));
        let text = baseline.to_json().unwrap();
        assert_eq!(
            text,
            r#"{
  "version": 1,
  "findings": [
    {
      "policy": "images/latest",
      "object": "Role shop/cart",
      "message": "it grants everything",
      "fingerprint": "11111111111111111111111111111111"
    },
    {
      "policy": "rbac/wildcard",
      "object": "Role shop/cart",
      "message": "it grants everything",
      "fingerprint": "22222222222222222222222222222222"
    }
  ]
}
"#
        );
        let read = Baseline::read("b.json", &text).unwrap();
        assert_eq!(read.file().map(|file| &**file), Some("b.json"));
        assert!(read.findings().eq(baseline.findings()));
        assert_eq!(read.to_json().unwrap(), text);
        assert_eq!(Baseline::of(&samples::report([other, one])).to_json().unwrap(), text);
    }

    #[test]
    fn members_of_later_releases_and_repetitions_are_no_mistake() {
        assert_eq!(baseline(&[entry('1'), entry('2'), entry('1')]).findings().len(), 2);
        let text = r#"{"made": "today", "findings": [], "version": 1}"#;
        assert_eq!(Baseline::read("b.json", text).unwrap().findings().len(), 0);
    }

    #[test]
    fn what_was_held_before_can_be_kept() {
        let mut held = Baseline::of(&samples::report([finding("rbac/wildcard", '1')]));
        held.keep(baseline(&[entry('1'), entry('2')]));
        let policies: Vec<&str> = held.findings().map(|entry| &*entry.policy).collect();
        assert_eq!(policies, ["a/b", "rbac/wildcard"]);
    }

    #[test]
    fn what_it_holds_is_taken_out_and_counted() {
        let mut report = samples::report([finding("rbac/wildcard", '1'), finding("rbac/wildcard", '2')]);
        report.whole = true;
        let report = report.without(&baseline(&[entry('1')]));
        assert_eq!(report.findings().len(), 1);
        assert!(report.findings()[0].fingerprint.starts_with('2'));
        assert_eq!((report.summary().errors, report.summary().baseline), (1, 1));
        assert!(report.notes().is_empty());
    }

    #[test]
    fn what_is_gone_is_said_where_that_is_known() {
        let held = baseline(&[entry('1'), entry('2'), entry('3'), entry('2')]);
        let mut report = samples::report([finding("rbac/wildcard", '1')]);
        assert!(report.clone().without(&held).notes().is_empty(), "something else may have been left out");
        report.whole = true;
        let said = report.clone().without(&held);
        assert_eq!(said.notes().len(), 1);
        assert_eq!(said.notes()[0].message, "2 findings of the baseline are gone; write it again");
        assert_eq!(said.notes()[0].location, Some(Location::file("b.json")));
        let one = report.clone().without(&baseline(&[entry('4')]));
        assert_eq!(one.notes()[0].message, "1 finding of the baseline is gone; write it again");
        report.extend_errors([Error::new(ErrorKind::Template, "it does not render")]);
        let broken = report.without(&held);
        assert!(broken.notes().is_empty(), "what could not be rendered may still hold it");
        assert_eq!(broken.errors().len(), 1);
    }

    #[test]
    fn suppressions_are_never_taken_for_granted() {
        let report = samples::report([finding("suppression/expired", '1')]);
        let report = report.without(&baseline(&[entry('1')]));
        assert_eq!((report.findings().len(), report.summary().baseline), (1, 0));
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_its_place() {
        let digits = "1".repeat(32);
        for (text, line, message) in [
            ("", 1, "the file is not JSON: EOF"),
            ("version: 1\n", 1, "the file is not JSON"),
            ("{\n<<<<<<< ours\n", 2, "the file is not JSON"),
            ("{\n  \"version\": 1,\n  \"findings\": [\n", 4, "the file is not JSON"),
            ("[]", 1, "the file is no baseline"),
            ("{}", 1, "missing field `version`"),
            ("{\"version\": 1}", 1, "missing field `findings`"),
            ("{\n\"version\": \"1\",\n\"findings\": []}", 2, "expected a version"),
            ("{\n\"version\": 0,\n\"findings\": []}", 2, "version 0 is not known"),
            ("{\"version\": 1,\n\"findings\": {}}", 2, "the file is no baseline"),
            ("{\"version\": 1,\n\"findings\": [\n{\"fingerprint\": \"x\"\n}]}", 3, "32 hexadecimal digits"),
            (&format!("{{\"version\": 1,\n\"findings\": [\n{{\"fingerprint\": \"{digits}\"}}]}}"), 3, "missing field"),
            (&"[".repeat(100_000), 1, "the file is no"),
            (&format!("{{\"version\":\n\"{}\"}}", "é".repeat(100_000)), 2, "the file is no baseline"),
        ] {
            let error = Baseline::read("b.json", text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Workspace);
            assert!(error.message().contains(message) && error.message().len() < 1000, "{error}");
            let location = error.location().unwrap();
            assert_eq!((&*location.file, location.line), ("b.json", Some(line)), "{error}");
            assert!(error.help().unwrap().contains("--write-baseline"));
        }
    }

    #[test]
    fn a_newer_one_needs_a_newer_release_whatever_else_is_in_it() {
        for text in ["{\n\"findings\": {\"a\": 1},\n\"version\": 2\n}", "{\n\n\"version\": 2, \"findings\": []}"] {
            let error = Baseline::read("b.json", text).unwrap_err();
            assert_eq!(error.message(), "the baseline is of version 2, and this release knows 1 at most");
            assert_eq!(error.location().unwrap().line, Some(3), "{error}");
            assert_eq!(error.help(), Some("use a newer release of plimsoll"));
        }
    }
}
