//! `values.schema.json`: compiled once per chart, checked against the coalesced values of each release.
//!
//! The only file that names the schema engine. Nothing is fetched: a `$ref` that leaves the schema is
//! an error. As in Helm every chart of the tree is checked against its own scope, `global` included,
//! with draft 2020-12 where `$schema` names none.

use std::fmt;
use std::sync::{Arc, OnceLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::{LayerKind, Values};
use crate::chart::Chart;
use crate::nearest::nearest;
use crate::yaml::{self, Data, Node};
use crate::{Error, ErrorKind, Location};

/// How many violations of one chart are reported.
const MAX_VIOLATIONS: usize = 200;
/// How many alternatives of an `anyOf` or `oneOf` a message spells out.
const MAX_ALTERNATIVES: usize = 3;

/// The text of a `values.schema.json`, compiled when it is first needed.
pub struct SchemaFile {
    /// The path for messages.
    pub file: Arc<str>,
    /// The JSON text.
    pub text: Arc<str>,
    compiled: OnceLock<Result<Compiled, Error>>,
}

struct Compiled {
    validator: Validator,
    /// The schema itself, for the keys it knows.
    schema: Value,
}

impl fmt::Debug for SchemaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaFile").field("file", &self.file).finish_non_exhaustive()
    }
}

impl SchemaFile {
    /// A schema that is not compiled yet.
    pub fn new(file: Arc<str>, text: Arc<str>) -> Self {
        Self { file, text, compiled: OnceLock::new() }
    }

    /// What is wrong with the schema itself, if anything is.
    pub fn check(&self) -> Option<&Error> {
        self.compiled().as_ref().err()
    }

    fn compiled(&self) -> &Result<Compiled, Error> {
        self.compiled.get_or_init(|| {
            let schema: Value = serde_json::from_str(&self.text).map_err(|error| self.not_json(&error))?;
            let validator = jsonschema::options().offline().build(&schema).map_err(|error| self.broken(&error))?;
            Ok(Compiled { validator, schema })
        })
    }

    fn not_json(&self, error: &serde_json::Error) -> Error {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let place = match u32::try_from(error.line()) {
            Ok(line) if line > 0 => {
                Location::at(self.file.clone(), line, u32::try_from(error.column()).unwrap_or(1).max(1))
            }
            _ => Location::file(self.file.clone()),
        };
        Error::new(ErrorKind::Schema, format!("the schema is not JSON: {message}")).with_location(place)
    }

    fn broken(&self, error: &ValidationError<'_>) -> Error {
        let pointer = error.instance_path().as_str();
        let (message, help) = match error.kind() {
            ValidationErrorKind::Referencing(jsonschema::ReferencingError::Unretrievable { uri, .. }) => (
                format!("the schema refers to `{uri}`, and nothing outside the schema is read"),
                "copy the definitions below `$defs` and refer to `#/$defs/<name>`",
            ),
            ValidationErrorKind::Referencing(other) => {
                (format!("the schema has a reference that leads nowhere: {other}"), "refer to `#/$defs/<name>`")
            }
            _ => (format!("the schema breaks JSON Schema's own rules: {error}"), "see https://json-schema.org"),
        };
        Error::new(ErrorKind::Schema, message).with_location(self.locate(pointer)).with_help(help)
    }

    /// JSON is YAML: the one parser with places finds the line.
    fn locate(&self, pointer: &str) -> Location {
        match yaml::parse(&self.text, 0) {
            Ok(parsed) => {
                let (mark, _) = parsed.node.locate(pointer);
                Location::at(self.file.clone(), mark.line.max(1), mark.column.max(1))
            }
            Err(_) => Location::file(self.file.clone()),
        }
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Checks coalesced values against the schemas of a chart and its enabled subcharts.
///
/// Every violation is an error of kind [`ErrorKind::Schema`] at the line of the offending value. Also
/// returns what [`coalesce`](super::coalesce) could not do.
pub fn validate(chart: &Chart, values: &Values) -> Vec<Error> {
    let mut errors = values.problems.clone();
    if any_schema(chart) {
        let json = values.root.to_json();
        let tags = values.root.get("tags");
        Scope { chart, values, node: &values.root, json: &json, path: "" }.validate(tags, &mut errors);
    }
    errors
}

fn any_schema(chart: &Chart) -> bool {
    chart.schema.is_some() || chart.dependencies.iter().any(|dependency| any_schema(&dependency.chart))
}

/// The values of one chart.
#[derive(Clone, Copy)]
struct Scope<'a> {
    chart: &'a Chart,
    values: &'a Values,
    node: &'a Node,
    json: &'a Value,
    /// The path of keys from the root, joined by `.`.
    path: &'a str,
}

impl Scope<'_> {
    fn validate(&self, tags: Option<&Node>, errors: &mut Vec<Error>) {
        if let Some(schema) = &self.chart.schema {
            match schema.compiled() {
                Err(error) => errors.push(error.clone()),
                Ok(compiled) => self.violations(schema, compiled, errors),
            }
        }
        for dependency in self.chart.enabled_with_tags(self.node, tags) {
            let (Some(node), Some(json)) = (self.node.get(&dependency.name), self.json.get(&dependency.name)) else {
                continue;
            };
            let path = join(self.path, &dependency.name);
            Scope { chart: &dependency.chart, node, json, path: &path, ..*self }.validate(tags, errors);
        }
    }

    fn violations(&self, schema: &SchemaFile, compiled: &Compiled, errors: &mut Vec<Error>) {
        let mut found = Vec::new();
        for violation in compiled.validator.iter_errors(self.json).take(MAX_VIOLATIONS) {
            if !excused(&violation) {
                self.errors(schema, compiled, &violation, &mut found);
            }
        }
        found.sort_by(|a, b| (a.location(), a.message()).cmp(&(b.location(), b.message())));
        found.dedup();
        errors.extend(found);
    }

    fn errors(
        &self,
        schema: &SchemaFile,
        compiled: &Compiled,
        violation: &ValidationError<'_>,
        found: &mut Vec<Error>,
    ) {
        let pointer = violation.instance_path().as_str();
        match violation.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = known_keys(&compiled.schema, violation.schema_path().as_str());
                for key in unexpected.iter().filter(|key| !self.is_sops(pointer, key)) {
                    let place = format!("{pointer}/{}", escape(key));
                    let message = format!("`{}` is not a key that the schema knows", self.key(&place));
                    found.push(self.error(schema, &place, message).with_help(self.known_help(pointer, key, &known)));
                }
            }
            ValidationErrorKind::Enum { options } => {
                let error = self.error(schema, pointer, self.message(violation));
                let nearest = violation.instance().as_str().and_then(|text| {
                    let options = options.as_array()?.iter().filter_map(Value::as_str);
                    nearest(text, options)
                });
                found.push(match nearest {
                    Some(nearest) => error.with_help(format!("did you mean `{nearest}`?")),
                    None => error,
                });
            }
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let place = format!("{pointer}/{}", escape(key));
                let error = self.error(schema, &place, self.message(violation));
                let present = self.node.pointer(pointer).map(Node::entries).unwrap_or_default();
                found.push(match nearest(key, present.iter().map(|entry| &*entry.key)) {
                    Some(nearest) => error.with_help(format!("there is a key `{nearest}`; is it meant to be `{key}`?")),
                    None => error.with_help(format!("the chart's schema ({}) requires it", schema.file)),
                });
            }
            _ => found.push(self.error(schema, pointer, self.message(violation))),
        }
    }

    fn known_help(&self, pointer: &str, key: &str, known: &[&str]) -> String {
        if key == "global" && pointer.is_empty() && !self.path.is_empty() {
            return "Helm hands `global` to every subchart: add it to the schema's `properties`".to_owned();
        }
        match nearest(key, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if known.is_empty() => "remove it, or add it to the schema".to_owned(),
            None => format!("the schema knows {}", list(known.iter().map(|key| format!("`{key}`")), "and")),
        }
    }

    /// The metadata that SOPS adds to an encrypted file.
    fn is_sops(&self, pointer: &str, key: &str) -> bool {
        pointer.is_empty() && key == "sops" && self.node.at(&["sops", "mac"]).is_some()
    }

    /// One sentence about a violation.
    fn message(&self, violation: &ValidationError<'_>) -> String {
        let pointer = violation.instance_path().as_str();
        let key = match self.key(pointer) {
            key if key.is_empty() => "the values".to_owned(),
            key => format!("`{key}`"),
        };
        let is = format!("{key} is {}", shown(pointer, violation.instance()));
        match violation.kind() {
            ValidationErrorKind::Type { kind } => format!("{is}, expected {}", types(kind)),
            ValidationErrorKind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
                format!("{is}, expected {}", list(options.iter().map(|option| format!("`{}`", plain(option))), "or"))
            }
            ValidationErrorKind::Constant { expected_value } => format!("{is}, expected `{}`", plain(expected_value)),
            ValidationErrorKind::Required { property } => {
                let place = format!("{pointer}/{}", escape(property.as_str().unwrap_or_default()));
                format!("`{}` is missing", self.key(&place))
            }
            ValidationErrorKind::Minimum { limit } => format!("{is}, expected at least {limit}"),
            ValidationErrorKind::Maximum { limit } => format!("{is}, expected at most {limit}"),
            ValidationErrorKind::ExclusiveMinimum { limit } => format!("{is}, expected more than {limit}"),
            ValidationErrorKind::ExclusiveMaximum { limit } => format!("{is}, expected less than {limit}"),
            ValidationErrorKind::MultipleOf { multiple_of } => format!("{is}, expected a multiple of {multiple_of}"),
            ValidationErrorKind::MinLength { limit } => format!("{is}, expected at least {limit} characters"),
            ValidationErrorKind::MaxLength { limit } => format!("{is}, expected at most {limit} characters"),
            ValidationErrorKind::Pattern { pattern } => format!("{is}, expected text that matches `{pattern}`"),
            ValidationErrorKind::Format { format } => format!("{is}, expected text of the format `{format}`"),
            ValidationErrorKind::MinItems { limit } => format!("{key} has too few items, expected at least {limit}"),
            ValidationErrorKind::MaxItems { limit } => format!("{key} has too many items, expected at most {limit}"),
            ValidationErrorKind::MinProperties { limit } => {
                format!("{key} has too few keys, expected at least {limit}")
            }
            ValidationErrorKind::MaxProperties { limit } => {
                format!("{key} has too many keys, expected at most {limit}")
            }
            ValidationErrorKind::UniqueItems => format!("{key} holds the same item twice"),
            ValidationErrorKind::FalseSchema => format!("{key} is not allowed"),
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.alternatives(&key, context)
            }
            ValidationErrorKind::OneOfMultipleValid { .. } => {
                format!("{key} fits more than one of the schema's alternatives")
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let keys = unexpected.iter().map(|name| format!("`{name}`"));
                format!("{key} has keys that the schema does not know: {}", list(keys, "and"))
            }
            _ => format!("{key} breaks the schema's rule `{}`", violation.kind().keyword()),
        }
    }

    fn alternatives(&self, key: &str, context: &[Vec<ValidationError<'static>>]) -> String {
        let mut reasons: Vec<String> = Vec::new();
        for first in context.iter().filter_map(|branch| branch.first()) {
            let reason = self.message(first);
            if !reasons.contains(&reason) && reasons.len() < MAX_ALTERNATIVES {
                reasons.push(reason);
            }
        }
        format!("{key} fits none of the schema's alternatives: {}", reasons.join("; "))
    }

    fn error(&self, schema: &SchemaFile, pointer: &str, message: String) -> Error {
        let error = Error::new(ErrorKind::Schema, message);
        match self.place(schema, pointer) {
            Some(place) => error.with_location(place),
            None => error.with_help("the value was set on the command line"),
        }
    }

    /// Where the value at a pointer, or its nearest parent in a file, was written.
    ///
    /// A value set on the command line has no place.
    fn place(&self, schema: &SchemaFile, pointer: &str) -> Option<Location> {
        let (mark, whole) = self.node.locate(pointer);
        if whole && self.values.layers.get(mark.source as usize).is_some_and(|layer| layer.kind == LayerKind::Set) {
            return None;
        }
        let mut rest = pointer;
        while !rest.is_empty() {
            if let Some(place) = self.values.location(self.node.locate(rest).0) {
                return Some(place);
            }
            rest = &rest[..rest.rfind('/').unwrap_or(0)];
        }
        // The scope's own map: a subchart's section, or nothing at all.
        let section = Some(self.node.mark).filter(|_| !self.path.is_empty());
        let section = section.and_then(|mark| self.values.location(mark));
        section.or_else(|| Some(Location::file(self.chart.values_file.clone().unwrap_or_else(|| schema.file.clone()))))
    }

    /// A JSON pointer as people write keys: `redis.hosts[0].name`.
    fn key(&self, pointer: &str) -> String {
        let mut result = self.path.to_owned();
        let mut node = Some(self.node);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            if let Some(Data::Seq(items)) = node.map(|node| &node.data) {
                result = format!("{result}[{token}]");
                node = token.parse::<usize>().ok().and_then(|at| items.get(at));
            } else {
                result = join(&result, &token);
                node = node.and_then(|node| node.get(&token));
            }
        }
        result
    }
}

/// A value in a message: short scalars that cannot be secrets, else only the type.
fn shown(pointer: &str, value: &Value) -> String {
    const SECRET: [&str; 7] = ["password", "passwd", "secret", "token", "key", "credential", "auth"];
    let name = pointer.to_lowercase();
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(value) => return format!("the boolean `{value}`"),
        Value::Number(value) => return format!("the number {value}"),
        Value::String(text) if text.len() <= 40 && !SECRET.iter().any(|word| name.contains(word)) => {
            return format!("the string `{}`", text.escape_debug());
        }
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    };
    format!("a {kind}")
}

/// Whether only SOPS ciphertext (`ENC[…]`) stands in the way: it satisfies every schema.
fn excused(violation: &ValidationError<'_>) -> bool {
    if violation.instance().as_str().is_some_and(|text| text.starts_with("ENC[")) {
        return true;
    }
    match violation.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|branch| !branch.is_empty() && branch.iter().all(excused))
        }
        _ => false,
    }
}

/// The keys that the object schema around a keyword knows.
fn known_keys<'a>(schema: &'a Value, keyword: &str) -> Vec<&'a str> {
    let around = keyword.rsplit_once('/').map_or("", |(around, _)| around);
    let properties = schema.pointer(around).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => article(kind.as_str()),
        TypeKind::Multiple(kinds) => list(kinds.iter().map(|kind| article(kind.as_str())), "or"),
    }
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "a map".to_owned(),
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `a, b or c`, of at most ten.
fn list(items: impl Iterator<Item = String>, word: &str) -> String {
    let mut items: Vec<String> = items.take(11).collect();
    if items.len() > 10 {
        "others".clone_into(&mut items[10]);
    }
    match items.pop() {
        None => "nothing".to_owned(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} {word} {last}", items.join(", ")),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
