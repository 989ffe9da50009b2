//! Values: where they come from, what wins, and who wrote each of them.
//!
//! Owns layers and their merge, `--set`, what a chart and its subcharts make of them, and validation
//! against schemas. Which files are layers of which release is for the workspace
//! to say.
//!
//! Every key and value keeps its [`Mark`]: the index of its layer, line and column. Layer 0 is the
//! chart's own defaults; the layers of a release follow, lowest first; those of subcharts come last,
//! although they rank below everything.

mod coalesce;
mod merge;
pub mod schema;
mod set;

use std::fmt;
use std::sync::Arc;

pub use coalesce::{coalesce, coalesce_with};
pub use merge::MergeOptions;
pub use schema::validate;
pub use set::SetKind;

use crate::files::Files;
use crate::yaml::{self, Data, Map, Mark, Node};
use crate::{Error, ErrorKind, Location, Note, Result};

/// What kind of source values come from, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerKind {
    /// Defaults of a chart or subchart.
    Chart,
    /// `values` of the workspace.
    Workspace,
    /// `values` of a release.
    Release,
    /// `values` of an environment.
    Environment,
    /// `values` of a release in one environment.
    ReleaseEnvironment,
    /// `-f` on the command line.
    File,
    /// `--set` and its siblings.
    Set,
}

impl LayerKind {
    /// The name the reports print.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Workspace => "workspace",
            Self::Release => "release",
            Self::Environment => "environment",
            Self::ReleaseEnvironment => "release-environment",
            Self::File => "file",
            Self::Set => "set",
        }
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One source of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What kind of source.
    pub kind: LayerKind,
    /// The file, if it is one.
    pub file: Option<Arc<str>>,
    /// The chart whose defaults it holds; subcharts by their path, `cart/redis`.
    pub chart: Option<String>,
}

impl Layer {
    /// A layer read from a file.
    pub fn file(kind: LayerKind, file: impl Into<Arc<str>>) -> Self {
        Self { kind, file: Some(file.into()), chart: None }
    }

    /// A layer that lies in no file.
    pub fn bare(kind: LayerKind) -> Self {
        Self { kind, file: None, chart: None }
    }
}

/// Who wrote a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, if it was written in one.
    pub file: Option<Arc<str>>,
    /// 1-based line of the key, or 0.
    pub line: u32,
    /// 1-based column of the key, or 0.
    pub column: u32,
    /// The kind of layer.
    pub layer: LayerKind,
}

/// What becomes of one value in [`Values::with`].
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Another value, or one where there was none.
    Set(Data),
    /// Another key.
    Rename(Arc<str>),
}

/// Merged values and their layers.
#[derive(Debug, Clone)]
pub struct Values {
    root: Node,
    layers: Vec<Layer>,
    notes: Vec<Note>,
    problems: Vec<Error>,
}

impl Default for Values {
    fn default() -> Self {
        Self::new()
    }
}

impl Values {
    /// No values; layer 0 is kept for the defaults of the chart they will meet.
    pub fn new() -> Self {
        let root = Node::from(Data::Map(Map::new()));
        Self { root, layers: vec![Layer::bare(LayerKind::Chart)], notes: Vec::new(), problems: Vec::new() }
    }

    /// Lays values above those merged so far: maps merge, everything else replaces, null included.
    ///
    /// A null stays in place until [`coalesce`], where it removes the chart's default. The marks of
    /// `node` count by line and column only; their source becomes the new layer. The node is borrowed
    /// because one file serves many releases. What is not a map is as if it were empty.
    pub fn merge(&mut self, layer: Layer, node: &Node, options: &MergeOptions) {
        let source = self.push(layer);
        if let (Data::Map(lower), Data::Map(upper)) = (&mut self.root.data, &node.data) {
            merge::merge_maps(lower, upper, Some(source), &options.keys());
        }
    }

    /// Applies a `--set` expression (or one of its siblings); nothing changes if it has a fault.
    ///
    /// For [`SetKind::File`] use [`Values::set_file`].
    pub fn set(&mut self, kind: SetKind, expression: &str) -> Result<()> {
        let mut no_files = |path: &str| Err(Error::new(ErrorKind::Values, format!("`{path}` cannot be read here")));
        self.apply(kind, expression, &mut no_files)
    }

    /// Applies a `--set-file` expression; `read` gives the content of each path it names.
    pub fn set_file(&mut self, expression: &str, read: &mut dyn FnMut(&str) -> Result<Arc<str>>) -> Result<()> {
        self.apply(SetKind::File, expression, read)
    }

    fn apply(&mut self, kind: SetKind, expression: &str, read: &mut dyn FnMut(&str) -> Result<Arc<str>>) -> Result<()> {
        let assignments = set::parse(kind, expression, read)?;
        let reuse = self.layers.last().is_some_and(|layer| layer.kind == LayerKind::Set);
        let source = if reuse { self.last() } else { self.push(Layer::bare(LayerKind::Set)) };
        let mut root = self.root.clone();
        set::apply(&mut root, assignments, source, kind, expression)?;
        self.root = root;
        Ok(())
    }

    fn push(&mut self, layer: Layer) -> u32 {
        self.layers.push(layer);
        self.last()
    }

    fn last(&self) -> u32 {
        u32::try_from(self.layers.len() - 1).unwrap_or(u32::MAX)
    }

    /// The values: always a map.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The layers the marks point into.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What the merge did that its author may not have meant.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Who wrote the value at a path of keys and indexes.
    pub fn origin(&self, path: &[&str]) -> Option<Origin> {
        let (mut node, mut mark) = (&self.root, self.root.mark);
        for key in path {
            (node, mark) = match &node.data {
                Data::Map(map) => map.entry(key).map(|entry| (&entry.value, entry.mark))?,
                Data::Seq(items) => items.get(key.parse::<usize>().ok()?).map(|item| (item, item.mark))?,
                _ => return None,
            };
        }
        let layer = self.layers.get(mark.source as usize)?;
        Some(Origin { file: layer.file.clone(), line: mark.line, column: mark.column, layer: layer.kind })
    }

    /// The same values with one changed: set, or with nothing to set, renamed. `None` where no path leads there.
    pub(crate) fn with(&self, path: &[Arc<str>], change: &Change) -> Option<Self> {
        let mut root = self.root.clone();
        let (last, parents) = path.split_last()?;
        let mut node = &mut root;
        for key in parents {
            node = match &mut node.data {
                Data::Map(map) => {
                    if map.get(key).is_none_or(Node::is_null) {
                        map.insert(unwritten(key, Data::Map(Map::new())));
                    }
                    map.get_mut(key)?
                }
                Data::Seq(items) => items.get_mut(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        match (&mut node.data, change) {
            (Data::Map(map), Change::Set(data)) => match map.get_mut(last) {
                Some(value) => value.data = data.clone(),
                None => drop(map.insert(unwritten(last, data.clone()))),
            },
            (Data::Map(map), Change::Rename(name)) => {
                let renamed = |mut entry: yaml::Entry| {
                    if entry.key == *last {
                        entry.key = name.clone();
                    }
                    entry
                };
                *map = std::mem::take(map).into_iter().map(renamed).collect();
            }
            (Data::Seq(items), Change::Set(data)) => items.get_mut(last.parse::<usize>().ok()?)?.data = data.clone(),
            _ => return None,
        }
        Some(Self { root, layers: self.layers.clone(), notes: Vec::new(), problems: Vec::new() })
    }

    /// The place a mark stands for, if it lies in a file.
    pub fn location(&self, mark: Mark) -> Option<Location> {
        location(&self.layers, mark)
    }
}

/// A member that stands in no file.
fn unwritten(key: &Arc<str>, data: Data) -> yaml::Entry {
    yaml::Entry { key: key.clone(), mark: Mark::default(), value: Node::from(data) }
}

fn location(layers: &[Layer], mark: Mark) -> Option<Location> {
    let file = layers.get(mark.source as usize)?.file.clone()?;
    (mark.line > 0).then(|| Location::at(file, mark.line, mark.column))
}

/// Reads a values file: the map it holds, empty for an empty file.
pub fn load(files: &Files, path: &str) -> Result<Node> {
    parse(&Arc::from(path), &files.read_text(path)?)
}

/// Reads the text of a values file called `file`.
///
/// Several documents merge in order, as in Helm 4.
pub fn parse(file: &Arc<str>, text: &str) -> Result<Node> {
    crate::chart::reserved(file, text)?;
    let mut merged: Option<Node> = None;
    for slice in yaml::split(text) {
        let node = slice.parse(0).map_err(|fault| fault_error(file, fault, ErrorKind::Values))?.node;
        match (&mut merged, node.data) {
            (_, Data::Null) => {}
            (None, data @ Data::Map(_)) => merged = Some(Node { data, mark: node.mark }),
            (Some(Node { data: Data::Map(lower), .. }), Data::Map(upper)) => {
                merge::merge_maps(lower, &upper, None, &MergeOptions::default().keys());
            }
            (_, data) => {
                let (name, mark) = (merge::article(&Node::from(data)), node.mark);
                return Err(Error::new(ErrorKind::Values, format!("values are a map, and this is {name}"))
                    .with_location(Location::at(file.clone(), mark.line.max(1), mark.column.max(1)))
                    .with_help("write `key: value` lines"));
            }
        }
    }
    Ok(merged.unwrap_or_else(|| Node::from(Data::Map(Map::new()))))
}

/// The error of a fault in a YAML file.
pub(crate) fn fault_error(file: &Arc<str>, fault: yaml::Fault, kind: ErrorKind) -> Error {
    let kind = if fault.limit { ErrorKind::Limit } else { kind };
    let place = match fault.line {
        0 => Location::file(file.clone()),
        line => Location::at(file.clone(), line, fault.column),
    };
    let error = Error::new(kind, fault.message).with_location(place);
    match fault.help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

#[cfg(test)]
mod tests;
