//! JSON for programs; the shape is a contract, described by `docs/report.schema.json`.

use std::io;

use serde::Serialize;

use super::{Report, Summary, Writer};
use crate::finding::Finding;
use crate::{Error, ErrorKind, Location, Note, Result};

/// The version of the shape; it grows when something is taken away or changes its meaning.
const VERSION: u32 = 1;

/// Writes a report as one JSON document.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    summary: &'a Summary,
    findings: &'a [Finding],
    errors: Vec<ErrorView<'a>>,
    notes: &'a [Note],
}

#[derive(Serialize)]
struct ErrorView<'a> {
    kind: ErrorKind,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    environments: &'a [std::sync::Arc<str>],
}

impl Writer for Json {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let errors = report
            .errors
            .iter()
            .map(|error| ErrorView {
                kind: error.kind(),
                message: error.message(),
                location: error.location(),
                help: error.help(),
                environments: error.environments(),
            })
            .collect();
        let root = Root {
            version: VERSION,
            summary: &report.summary,
            findings: &report.findings,
            errors,
            notes: &report.notes,
        };
        serde_json::to_writer_pretty(&mut *out, &root)?;
        writeln!(out)
    }
}

/// Any list or map as the JSON that reports are written in.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Error::new(ErrorKind::Argument, format!("it cannot be written as JSON: {error}")))
}
