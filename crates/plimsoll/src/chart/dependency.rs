//! Which charts a chart's dependencies are: directories by `file://`, vendored directories, archives.
//!
//! Nothing is fetched. What `Chart.yaml` does not declare but `charts/` holds is a subchart too, as in
//! Helm; names starting with `_` or `.` are passed over.

use std::sync::Arc;

use super::load::{Frame, Loading, Place, below};
use super::metadata::Declared;
use super::source::Source;
use super::version::parse_version;
use super::{Chart, Dependency, archive};
use crate::files::{EntryKind, Files};
use crate::{Error, ErrorKind, Location};

/// A chart found in `charts/`.
struct Vendored {
    chart: Arc<Chart>,
    used: bool,
}

impl Loading<'_> {
    /// Loads the dependencies of the chart at a place.
    pub(super) fn dependencies(
        &mut self,
        place: &Place,
        ignored: &super::ignore::Ignore,
        declared: Vec<Declared>,
    ) -> Result<Vec<Dependency>, Vec<Error>> {
        let mut errors = Vec::new();
        let mut vendored = self.vendored(place, ignored, &mut errors);
        let broken_vendored = !errors.is_empty();
        let mut result: Vec<Dependency> = Vec::new();
        for declared in declared {
            match self.declared(place, &declared, &mut vendored) {
                Ok(Some(chart)) => {
                    let name = declared.alias.unwrap_or(declared.name);
                    if result.iter().any(|other| other.name == name) {
                        errors.push(
                            Error::new(ErrorKind::Chart, format!("two dependencies are called `{name}`"))
                                .with_location(declared.at)
                                .with_help("give one of them an `alias`"),
                        );
                        continue;
                    }
                    let (condition, tags) = (declared.condition, declared.tags);
                    result.push(Dependency { name, condition, tags, import_values: declared.import_values, chart });
                }
                // The vendored chart that does not load may be this one: one complaint is enough.
                Ok(None) if broken_vendored => {}
                Ok(None) => errors.push(missing(&declared)),
                Err(more) => errors.extend(more),
            }
        }
        for Vendored { chart, used } in vendored {
            if !used && !result.iter().any(|other| other.name == chart.name) {
                let (condition, tags, import_values) = (Vec::new(), Vec::new(), Vec::new());
                result.push(Dependency { name: chart.name.clone(), condition, tags, import_values, chart });
            }
        }
        if errors.is_empty() { Ok(result) } else { Err(errors) }
    }

    fn vendored(&mut self, place: &Place, ignored: &super::ignore::Ignore, errors: &mut Vec<Error>) -> Vec<Vendored> {
        let directory = below(&place.directory, "charts");
        let mut found = Vec::new();
        let entries = match place.source.files.kind(&directory) {
            Ok(Some(EntryKind::Directory)) => place.source.files.list(&directory),
            Ok(_) => return found,
            Err(error) => Err(error),
        };
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                errors.push(error);
                return found;
            }
        };
        for entry in entries {
            let is_directory = entry.kind == EntryKind::Directory;
            if entry.name.starts_with(['_', '.']) || ignored.ignores(&format!("charts/{}", entry.name), is_directory) {
                continue;
            }
            let at = Location::file(place.source.shown(&entry.path));
            let loaded = if is_directory {
                self.chart(&Place { source: place.source.clone(), directory: entry.path }, &Frame::new(place, at))
            } else if has_extension(&entry.name, &["tgz"]) || entry.name.ends_with(".tar.gz") {
                self.archived(place, &entry.path)
            } else {
                continue;
            };
            match loaded {
                Ok(chart) => found.push(Vendored { chart, used: false }),
                Err(more) => errors.extend(more),
            }
        }
        found
    }

    fn archived(&mut self, place: &Place, path: &str) -> Result<Arc<Chart>, Vec<Error>> {
        let shown = place.source.shown(path);
        let bytes = place.source.files.read(path).map_err(|error| vec![error])?;
        let (files, directory) =
            archive::unpack(&shown, &bytes, &mut self.archive_budget).map_err(|error| vec![error])?;
        let source = Arc::new(Source::archive(files, &shown));
        self.chart(&Place { source, directory }, &Frame::new(place, Location::file(shown)))
    }

    fn declared(
        &mut self,
        place: &Place,
        declared: &Declared,
        vendored: &mut [Vendored],
    ) -> Result<Option<Arc<Chart>>, Vec<Error>> {
        let mut named = vendored.iter_mut().filter(|other| other.chart.name == declared.name);
        let chart = if let Some(chart) = self.by_path(place, declared)? {
            // A packed copy of the same chart would only be older.
            for other in named {
                other.used = true;
            }
            chart
        } else {
            let Some(first) = named.next() else { return Ok(None) };
            let fits =
                if admits(declared, &first.chart) { None } else { named.find(|other| admits(declared, &other.chart)) };
            let chosen = fits.unwrap_or(first);
            chosen.used = true;
            chosen.chart.clone()
        };
        if chart.name != declared.name {
            return Err(vec![
                Error::new(
                    ErrorKind::Chart,
                    format!("the dependency `{}` leads to a chart called `{}`", declared.name, chart.name),
                )
                .with_location(declared.at.clone())
                .with_help(format!("write `name: {}`, with an `alias` to call it otherwise", chart.name)),
            ]);
        }
        if admits(declared, &chart) {
            return Ok(Some(chart));
        }
        let range = declared.version.as_ref().map_or("", |(text, _)| text);
        let message = format!(
            "the dependency `{}` asks for `{range}`, and `{}` is {}",
            declared.name, chart.directory, chart.version
        );
        Err(vec![
            Error::new(ErrorKind::Chart, message)
                .with_location(declared.at.clone())
                .with_help("change the range, or vendor a version that it admits"),
        ])
    }

    /// The chart a `file://` repository names; nothing where there is no such directory.
    fn by_path(&mut self, place: &Place, declared: &Declared) -> Result<Option<Arc<Chart>>, Vec<Error>> {
        let Some(path) = declared.repository.as_deref().and_then(|repository| repository.strip_prefix("file://"))
        else {
            return Ok(None);
        };
        // Inside an archive the path means the place where the chart was packed.
        if !place.source.is_workspace() {
            return Ok(None);
        }
        let located = |error: Error| vec![error.with_location(declared.repository_at.clone())];
        let directory = Files::join(&place.directory, path).map_err(located)?;
        if !self.loader.files().is_directory(&directory).map_err(located)? {
            return Ok(None);
        }
        let frame = Frame::new(place, declared.repository_at.clone());
        self.chart(&Place { source: place.source.clone(), directory }, &frame).map(Some)
    }
}

fn admits(declared: &Declared, chart: &Chart) -> bool {
    match (&declared.version, parse_version(&chart.version)) {
        (Some((_, range)), Some(version)) => range.admits(&version),
        _ => true,
    }
}

pub(super) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    std::path::Path::new(name)
        .extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| extensions.iter().any(|extension| found.eq_ignore_ascii_case(extension)))
}

fn missing(declared: &Declared) -> Error {
    let name = &declared.name;
    let message = match declared.repository.as_deref() {
        Some(repository) if repository.starts_with("file://") => {
            format!("the dependency `{name}` names `{repository}`, where there is no directory")
        }
        _ => format!("the dependency `{name}` is not in charts/"),
    };
    Error::new(ErrorKind::Chart, message).with_location(declared.at.clone()).with_help(format!(
        "nothing is downloaded: vendor it as charts/{name}/ or charts/{name}-<version>.tgz \
         (`helm dependency update` does), or write `repository: file://<path>`"
    ))
}
