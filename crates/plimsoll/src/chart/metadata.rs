//! `Chart.yaml`: what a chart says about itself, typed, with every complaint at its line.

use serde::Deserialize;

use super::load::below;
use super::source::Source;
use super::version::{Range, parse_version};
use crate::yaml::{self, Node};
use crate::{Error, ErrorKind, Location, Result};

/// `Chart.yaml` as Helm defines it; unknown keys are left alone, as Helm does.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    api_version: Option<String>,
    name: Option<String>,
    version: Option<String>,
    app_version: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    kube_version: Option<String>,
    dependencies: Option<Vec<RawDependency>>,
}

/// The file of dependencies that charts of `apiVersion: v1` have.
#[derive(Debug, Default, Deserialize)]
struct Requirements {
    dependencies: Option<Vec<RawDependency>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawDependency {
    name: String,
    version: Option<String>,
    repository: Option<String>,
    alias: Option<String>,
    condition: Option<String>,
    tags: Option<Vec<String>>,
    import_values: Option<Vec<RawImport>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawImport {
    Export(String),
    Pair { child: String, parent: String },
}

/// Values of a subchart that its parent takes over as defaults: the map at `child` lands at `parent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportValues {
    /// Keys from the subchart's values; `exports.<name>` for the short form.
    pub child: Vec<String>,
    /// Keys from the parent's values; empty for the top.
    pub parent: Vec<String>,
}

/// A checked `Chart.yaml`.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) app_version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) library: bool,
    pub(super) kube_version: Option<String>,
    pub(super) dependencies: Vec<Declared>,
}

/// A dependency as declared.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) version: Option<(String, Range)>,
    pub(super) repository: Option<String>,
    pub(super) alias: Option<String>,
    pub(super) condition: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) import_values: Vec<ImportValues>,
    /// Where the entry starts.
    pub(super) at: Location,
    /// Where its repository stands, else the entry.
    pub(super) repository_at: Location,
}

/// A YAML file read twice: typed, and as a tree for the places.
struct File<T> {
    typed: T,
    tree: Node,
    shown: std::sync::Arc<str>,
}

impl<T> File<T> {
    fn at(&self, pointer: &str) -> Location {
        let (mark, _) = self.tree.locate(pointer);
        if mark.line == 0 {
            return Location::file(self.shown.clone());
        }
        Location::at(self.shown.clone(), mark.line, mark.column)
    }

    fn error(&self, pointer: &str, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Chart, message).with_location(self.at(pointer))
    }
}

fn read<T: for<'de> Deserialize<'de> + Default>(source: &Source, path: &str) -> Result<File<T>> {
    let shown = source.shown(path);
    let text = source.text(path)?;
    let tree = yaml::parse(&text, 0).map_err(|fault| crate::values::fault_error(&shown, fault, ErrorKind::Chart))?.node;
    if tree.is_null() {
        return Ok(File { typed: T::default(), tree, shown });
    }
    let typed = serde_yaml::from_str(&text).map_err(|error| {
        let message = error.to_string();
        // The place is in the location; the sentence need not repeat it.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let error_at = match error.location() {
            Some(at) => Location::at(
                shown.clone(),
                u32::try_from(at.line()).unwrap_or(u32::MAX),
                u32::try_from(at.column()).unwrap_or(u32::MAX),
            ),
            None => Location::file(shown.clone()),
        };
        Error::new(ErrorKind::Chart, message).with_location(error_at)
    })?;
    Ok(File { typed, tree, shown })
}

/// Reads and checks the metadata of the chart in a directory.
pub(super) fn load(source: &Source, directory: &str) -> Result<Metadata, Vec<Error>> {
    let path = below(directory, "Chart.yaml");
    if !source.files.is_file(&path).map_err(|error| vec![error])? {
        return Err(vec![
            Error::new(ErrorKind::Chart, format!("`{}` has no Chart.yaml", source.shown(directory)))
                .with_location(Location::file(source.shown(directory)))
                .with_help("a chart is a directory with Chart.yaml, values.yaml and templates/"),
        ]);
    }
    let mut file: File<Raw> = read(source, &path).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let dependencies = file.typed.dependencies.take().unwrap_or_default();
    let mut declared = declared(&file, dependencies, &mut errors);
    check(&file, &mut errors);
    if file.typed.api_version.as_deref() == Some("v1") {
        let path = below(directory, "requirements.yaml");
        match source
            .files
            .is_file(&path)
            .and_then(|exists| exists.then(|| read::<Requirements>(source, &path)).transpose())
        {
            Ok(Some(mut file)) => {
                let more = file.typed.dependencies.take().unwrap_or_default();
                declared.extend(self::declared(&file, more, &mut errors));
            }
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let raw = file.typed;
    Ok(Metadata {
        name: raw.name.unwrap_or_default(),
        version: raw.version.unwrap_or_default(),
        app_version: raw.app_version,
        description: raw.description,
        library: raw.kind.as_deref() == Some("library"),
        kube_version: raw.kube_version,
        dependencies: declared,
    })
}

fn check(file: &File<Raw>, errors: &mut Vec<Error>) {
    let raw = &file.typed;
    let missing = |key: &str, example: &str| {
        file.error("", format!("`{key}` is missing")).with_help(format!("add `{key}: {example}`"))
    };
    match raw.api_version.as_deref() {
        Some("v1" | "v2") => {}
        Some(other) => errors.push(
            file.error("/apiVersion", format!("apiVersion `{other}` is not one Helm defines"))
                .with_help("write `apiVersion: v2`"),
        ),
        None => errors.push(missing("apiVersion", "v2")),
    }
    match raw.name.as_deref() {
        None | Some("") => errors.push(missing("name", "my-chart")),
        Some(name) if !is_name(name) => errors.push(
            file.error("/name", format!("`{name}` cannot be the name of a chart"))
                .with_help("names are letters, digits, `-`, `_` and `.`, without a slash"),
        ),
        Some(_) => {}
    }
    match raw.version.as_deref() {
        None | Some("") => errors.push(missing("version", "0.1.0")),
        Some(version) if parse_version(version).is_none() => errors.push(
            file.error("/version", format!("`{version}` is not a semantic version"))
                .with_help("write three numbers: `1.2.3`"),
        ),
        Some(_) => {}
    }
    if let Some(kind) = raw.kind.as_deref().filter(|kind| !matches!(*kind, "" | "application" | "library")) {
        errors.push(
            file.error("/type", format!("`{kind}` is not a type of chart"))
                .with_help("write `application` or `library`"),
        );
    }
    if let Some(range) = raw.kube_version.as_deref().filter(|range| !range.is_empty() && Range::parse(range).is_none())
    {
        errors.push(
            file.error("/kubeVersion", format!("`{range}` is not a range of versions"))
                .with_help("write for instance `>=1.29.0-0`"),
        );
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 250
        && !matches!(name, "." | "..")
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn declared<T>(file: &File<T>, raw: Vec<RawDependency>, errors: &mut Vec<Error>) -> Vec<Declared> {
    let mut result = Vec::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        let pointer = format!("/dependencies/{index}");
        if !is_name(&raw.name) || raw.name.is_empty() {
            errors.push(file.error(&pointer, format!("`{}` cannot be the name of a chart", raw.name)));
            continue;
        }
        if let Some(alias) = raw.alias.as_deref().filter(|alias| {
            alias.is_empty() || !alias.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        }) {
            errors.push(
                file.error(&format!("{pointer}/alias"), format!("`{alias}` cannot be an alias"))
                    .with_help("an alias is letters, digits, `-` and `_`"),
            );
            continue;
        }
        let text = raw.version.filter(|version| !version.trim().is_empty());
        let range = text.as_deref().map(Range::parse);
        if let (Some(text), Some(None)) = (&text, &range) {
            errors.push(
                file.error(&format!("{pointer}/version"), format!("`{text}` is not a range of versions"))
                    .with_help("write for instance `^1.2.0`, `1.x` or `>=1 <2`"),
            );
            continue;
        }
        let version = text.zip(range.flatten());
        let condition = raw.condition.unwrap_or_default();
        let imports = raw.import_values.unwrap_or_default();
        result.push(Declared {
            name: raw.name,
            version,
            repository: raw.repository.filter(|repository| !repository.is_empty()),
            alias: raw.alias,
            condition: condition.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect(),
            tags: raw.tags.unwrap_or_default(),
            import_values: imports.into_iter().map(import).collect(),
            at: file.at(&pointer),
            repository_at: file.at(&format!("{pointer}/repository")),
        });
    }
    result
}

fn import(raw: RawImport) -> ImportValues {
    let keys = |path: &str| path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    match raw {
        RawImport::Export(name) => {
            let mut child = vec!["exports".to_owned()];
            child.extend(keys(&name));
            ImportValues { child, parent: Vec::new() }
        }
        RawImport::Pair { child, parent } => ImportValues { child: keys(&child), parent: keys(&parent) },
    }
}
