//! Loading: a directory becomes a [`Chart`], each directory once per [`Loader`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::dependency::has_extension;
use super::ignore::Ignore;
use super::metadata::{self, Metadata};
use super::source::{Source, line_column};
use super::{Chart, ChartFile, Template, TemplateKind, archive};
use crate::files::{self, EntryKind, Files};
use crate::values::schema::SchemaFile;
use crate::yaml::{Data, Map, Node};
use crate::{Error, ErrorKind, Location, Result};

/// How deep charts may nest.
const MAX_NESTING: usize = 16;
/// Where loading stops going down; above [`MAX_NESTING`], so that the same chart is blamed from every start.
const MAX_STACK: usize = 64;
/// How many charts the tree below one may hold, each counted as often as it is used.
const MAX_TREE: usize = 1_000;
/// How many files a chart may have.
const MAX_FILES: usize = 20_000;
/// How deep the directories of a chart may nest.
const MAX_DEPTH: usize = 32;

/// Loads charts and remembers them: a library that a hundred services depend on is read once.
///
/// Threads may share one. Two that ask for the same chart at the same time may both read it; they
/// receive the same one.
#[derive(Debug)]
pub struct Loader {
    source: Arc<Source>,
    cache: Mutex<BTreeMap<String, Loaded>>,
}

type Loaded = Result<Arc<Chart>, Vec<Error>>;

/// A directory of a source.
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    pub(super) directory: String,
}

/// A chart being loaded, and where it names the dependency that is loaded next.
#[derive(Clone)]
pub(super) struct Frame {
    shown: Arc<str>,
    at: Location,
}

impl Frame {
    pub(super) fn new(place: &Place, at: Location) -> Self {
        Self { shown: place.source.shown(&place.directory), at }
    }
}

/// One load from the top: what is on the way, and what archives may still unpack to.
pub(super) struct Loading<'a> {
    pub(super) loader: &'a Loader,
    pub(super) archive_budget: u64,
    stack: Vec<Frame>,
}

impl Loader {
    /// A loader that has read nothing yet.
    pub fn new(files: Files) -> Self {
        Self { source: Arc::new(Source::workspace(files)), cache: Mutex::default() }
    }

    /// The files it reads.
    pub fn files(&self) -> &Files {
        &self.source.files
    }

    /// Loads the chart in a directory with its subcharts, or says everything that is wrong with them.
    ///
    /// A broken subchart's errors are the same for every chart that uses it, and equal.
    pub fn load(&self, directory: &str) -> Loaded {
        let directory = Files::join("", directory).map_err(|error| vec![error])?;
        let mut loading = Loading { loader: self, archive_budget: archive::MAX_UNPACKED, stack: Vec::new() };
        loading.enter(&Place { source: self.source.clone(), directory })
    }
}

impl Loading<'_> {
    /// Loads a dependency of the chart in `frame`.
    pub(super) fn chart(&mut self, place: &Place, frame: &Frame) -> Loaded {
        self.stack.push(frame.clone());
        let loaded = self.enter(place);
        self.stack.pop();
        loaded
    }

    fn enter(&mut self, place: &Place) -> Loaded {
        let shown = place.source.shown(&place.directory);
        if let Some(start) = self.stack.iter().position(|frame| frame.shown == shown) {
            return Err(vec![cycle(&self.stack[start..])]);
        }
        if self.stack.len() > MAX_STACK {
            return Err(vec![too_deep(shown)]);
        }
        // An archive is kept by the chart that holds it.
        let cache = place.source.is_workspace().then_some(&self.loader.cache);
        if let Some(loaded) =
            cache.and_then(|cache| cache.lock().unwrap_or_else(PoisonError::into_inner).get(&place.directory).cloned())
        {
            return loaded;
        }
        let loaded = self.read(place, shown).map(Arc::new);
        match cache {
            Some(cache) => cache
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(place.directory.clone())
                .or_insert(loaded)
                .clone(),
            None => loaded,
        }
    }

    fn read(&mut self, place: &Place, shown: Arc<str>) -> Result<Chart, Vec<Error>> {
        let source = &place.source;
        let Metadata { name, version, app_version, description, library, kube_version, dependencies } =
            metadata::load(source, &place.directory)?;
        let mut errors = Vec::new();
        let ignore = keep(Ignore::read(source, &place.directory), &mut errors).unwrap_or_default();
        let contents = contents(place, &ignore, &mut errors);
        let (values, values_file) = values(place, &mut errors);
        let schema = schema(place, &mut errors);
        let dependencies = match self.dependencies(place, &ignore, dependencies) {
            Ok(dependencies) => dependencies,
            Err(more) => {
                errors.extend(more);
                Vec::new()
            }
        };
        let depth = 1 + dependencies.iter().map(|dependency| dependency.chart.depth).max().unwrap_or(0);
        if depth > MAX_NESTING {
            errors.push(too_deep(shown.clone()));
        }
        let size = 1 + dependencies.iter().map(|dependency| dependency.chart.size).sum::<usize>();
        if size > MAX_TREE {
            errors.push(
                Error::new(ErrorKind::Limit, format!("the chart has more than {MAX_TREE} subcharts"))
                    .with_location(Location::file(shown.clone())),
            );
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let Contents { templates, files, crds } = contents;
        #[rustfmt::skip]
        let chart = Chart {
            name, version, app_version, description, library, kube_version, directory: shown,
            values, values_file, schema, templates, files, crds, dependencies, size, depth,
        };
        Ok(chart)
    }
}

fn too_deep(shown: Arc<str>) -> Error {
    Error::new(ErrorKind::Limit, format!("charts are nested more than {MAX_NESTING} deep"))
        .with_location(Location::file(shown))
        .with_help("let the chart depend on the inner ones directly")
}

/// The error of a cycle, the same one wherever in it the load began.
fn cycle(frames: &[Frame]) -> Error {
    let first = (0..frames.len()).min_by_key(|at| &frames[*at].shown).unwrap_or(0);
    let mut path: Vec<&str> = frames.iter().map(|frame| &*frame.shown).collect();
    path.rotate_left(first);
    path.extend(path.first().copied());
    Error::new(ErrorKind::Chart, format!("charts depend on each other in a circle: {}", path.join(" → ")))
        .with_location(frames[first].at.clone())
        .with_help("move what both need into a chart of its own, of type library")
}

/// The path of a name in a directory.
pub(super) fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn keep<T>(result: Result<T>, errors: &mut Vec<Error>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn values(place: &Place, errors: &mut Vec<Error>) -> (Node, Option<Arc<str>>) {
    let empty = || Node::from(Data::Map(Map::new()));
    let path = below(&place.directory, "values.yaml");
    let shown = place.source.shown(&path);
    let node = keep(place.source.files.is_file(&path), errors).filter(|exists| *exists).and_then(|_| {
        let text = keep(place.source.text(&path), errors)?;
        keep(crate::values::parse(&shown, &text), errors)
    });
    match node {
        Some(node) => (node, Some(shown)),
        None => (empty(), None),
    }
}

fn schema(place: &Place, errors: &mut Vec<Error>) -> Option<SchemaFile> {
    let path = below(&place.directory, "values.schema.json");
    keep(place.source.files.is_file(&path), errors).filter(|exists| *exists)?;
    let text = keep(place.source.text(&path), errors)?;
    Some(SchemaFile::new(place.source.shown(&path), text))
}

#[derive(Default)]
struct Contents {
    templates: Vec<Template>,
    files: Vec<ChartFile>,
    crds: Vec<Template>,
}

/// Sorts every file of the chart's directory into what it is.
fn contents(place: &Place, ignore: &Ignore, errors: &mut Vec<Error>) -> Contents {
    let mut contents = Contents::default();
    let mut foreign: Vec<Foreign> = Vec::new();
    for path in keep(walk(place, ignore), errors).unwrap_or_default() {
        if let Some(name) = path.strip_prefix("templates/") {
            let name = name.rsplit('/').next().unwrap_or(name);
            if let Some(template) = keep(template(place, &path, name, &mut foreign), errors).flatten() {
                contents.templates.push(template);
            }
        } else if path.starts_with("crds/") {
            if has_extension(&path, &["yaml", "yml", "json"])
                && let Some(text) = keep(place.source.text(&below(&place.directory, &path)), errors)
            {
                let file = place.source.shown(&below(&place.directory, &path));
                contents.crds.push(Template { path, file, text, kind: TemplateKind::Static });
            }
        } else if !is_metadata(&path) {
            let full = below(&place.directory, &path);
            contents.files.push(ChartFile { path, source: place.source.clone(), full, bytes: OnceLock::new() });
        }
    }
    if let Some(first) = foreign.first() {
        let rest = match foreign.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        errors.push(
            Error::new(ErrorKind::Chart, format!("this is a Helm chart of Go templates: `{}`{rest}", first.path))
                .with_location(first.at.clone())
                .with_help(
                    "render it first: `helm template NAME CHART | plimsoll check -`; \
                     a template of our own ends in .j2",
                ),
        );
    }
    contents
}

/// A file of Go's template language.
struct Foreign {
    path: String,
    at: Location,
}

fn template(place: &Place, path: &str, name: &str, foreign: &mut Vec<Foreign>) -> Result<Option<Template>> {
    let ours = name.strip_suffix(".j2");
    let plain = ours.unwrap_or(name);
    if plain.eq_ignore_ascii_case("NOTES.txt") || name.starts_with('.') {
        return Ok(None);
    }
    let manifest = has_extension(plain, &["yaml", "yml", "json"]);
    if ours.is_none() && !manifest && !has_extension(plain, &["tpl", "txt"]) {
        return Ok(None);
    }
    let full = below(&place.directory, path);
    let (file, text) = (place.source.shown(&full), place.source.text(&full)?);
    let kind = match ours {
        Some(_) if name.starts_with('_') => TemplateKind::Partial,
        Some(_) => TemplateKind::Template,
        None => {
            if let Some(at) = text.find("{{") {
                let (line, column) = line_column(&text, at);
                foreign.push(Foreign { path: path.to_owned(), at: Location::at(file, line, column) });
                return Ok(None);
            }
            if !manifest || name.starts_with('_') {
                return Ok(None);
            }
            TemplateKind::Static
        }
    };
    Ok(Some(Template { path: path.to_owned(), file, text, kind }))
}

fn is_metadata(path: &str) -> bool {
    matches!(
        path,
        "Chart.yaml"
            | "Chart.lock"
            | "values.yaml"
            | "values.schema.json"
            | "requirements.yaml"
            | "requirements.lock"
            | ".helmignore"
    )
}

/// Every file of the chart that is not ignored, relative to it and sorted; `charts/` is left out.
fn walk(place: &Place, ignore: &Ignore) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), 0)];
    let mut looked_at = 0;
    while let Some((directory, depth)) = pending.pop() {
        let too_much = |message: String| {
            Error::new(ErrorKind::Limit, message)
                .with_location(Location::file(place.source.shown(&below(&place.directory, &directory))))
                .with_help("name what does not belong to the chart in .helmignore")
        };
        if depth > MAX_DEPTH {
            return Err(too_much(format!("directories are nested more than {MAX_DEPTH} deep")));
        }
        let full = if directory.is_empty() { place.directory.clone() } else { below(&place.directory, &directory) };
        let entries = place.source.files.list(&full)?;
        looked_at += entries.len();
        if looked_at > files::MAX_ENTRIES {
            return Err(files::too_many(&place.source.shown(&place.directory)));
        }
        for entry in entries {
            let path = below(&directory, &entry.name);
            let is_directory = entry.kind == EntryKind::Directory;
            if path == "charts" || ignore.ignores(&path, is_directory) {
                continue;
            }
            match entry.kind {
                EntryKind::Directory if entry.name.starts_with('.') || entry.is_loop => {}
                EntryKind::Directory => pending.push((path, depth + 1)),
                EntryKind::File => found.push(path),
            }
        }
        if found.len() > MAX_FILES {
            return Err(too_much(format!("the chart has more than {MAX_FILES} files")));
        }
    }
    found.sort();
    Ok(found)
}
