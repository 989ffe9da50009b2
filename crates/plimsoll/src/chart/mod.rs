//! Charts as they lie in a workspace: metadata, default values, templates, files, subcharts.
//!
//! Owns everything that is read once per chart, whatever the number of releases and environments. What
//! a release makes of the default values belongs to [`values`](crate::values); compiling and running
//! templates belongs to the renderer.
//!
//! The layout is Helm's; templates end in `.j2`. A chart of Go templates is recognised and refused with
//! the way out, because its files would otherwise fail one by one with a syntax error.

mod archive;
mod dependency;
mod ignore;
mod load;
mod metadata;
mod source;
mod version;

use std::sync::{Arc, OnceLock};

pub use load::Loader;
pub use metadata::ImportValues;
pub(crate) use source::reserved;
pub use version::Range;

use crate::files::Files;
use crate::values::schema::SchemaFile;
use crate::yaml::Node;
use crate::{Error, Result};

/// The largest template, values file or file of a chart, in bytes: Helm's own limit.
pub const MAX_FILE: u64 = 5 << 20;

/// A chart with everything it brings, its subcharts included.
#[derive(Debug)]
pub struct Chart {
    /// The name in `Chart.yaml`; a subchart's values key is [`Dependency::name`].
    pub name: String,
    /// The version in `Chart.yaml`.
    pub version: String,
    /// `appVersion`, free text.
    pub app_version: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// Whether it is a library, which renders nothing itself.
    pub library: bool,
    /// `kubeVersion`: the range of Kubernetes versions it supports.
    pub kube_version: Option<String>,
    /// Where the chart lies, for messages; inside an archive `charts/x.tgz!x`.
    pub directory: Arc<str>,
    /// The default values, always a map; every mark has source 0.
    pub values: Node,
    /// The file of the default values, if there is one.
    pub values_file: Option<Arc<str>>,
    /// `values.schema.json`, if there is one.
    pub schema: Option<SchemaFile>,
    /// Templates, partials and static manifests below `templates/`, sorted by path.
    pub templates: Vec<Template>,
    /// Every other file of the chart, sorted by path.
    pub files: Vec<ChartFile>,
    /// The manifests below `crds/`, sorted by path.
    pub crds: Vec<Template>,
    /// Subcharts: the declared ones in the order of `Chart.yaml`, then the other ones in `charts/`.
    pub dependencies: Vec<Dependency>,
    /// How many charts the tree below holds, this one included; keeps diamonds from exploding.
    size: usize,
    /// How deep subcharts nest, this chart included.
    depth: usize,
}

/// A subchart under the name by which the parent's values address it.
#[derive(Debug)]
pub struct Dependency {
    /// The alias, or the chart's own name: the key of its values.
    pub name: String,
    /// Paths into the parent's values; the first that holds a boolean decides.
    pub condition: Vec<String>,
    /// Tags; they decide where no condition does.
    pub tags: Vec<String>,
    /// Values of the subchart that the parent takes over as defaults of its own.
    pub import_values: Vec<ImportValues>,
    /// The chart.
    pub chart: Arc<Chart>,
}

/// What a file below `templates/` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateKind {
    /// Renders to manifests.
    Template,
    /// Holds macros for others: its name starts with `_`.
    Partial,
    /// Plain YAML or JSON.
    Static,
}

/// A text below `templates/` or `crds/`.
#[derive(Debug, Clone)]
pub struct Template {
    /// The path inside the chart: `templates/deployment.yaml.j2`.
    pub path: String,
    /// The path for messages; inside an archive `charts/x.tgz!x/templates/…`.
    pub file: Arc<str>,
    /// The text, without a byte-order mark.
    pub text: Arc<str>,
    /// What it is.
    pub kind: TemplateKind,
}

/// A file that templates may read; read from disk when the first one does.
#[derive(Debug)]
pub struct ChartFile {
    /// The path inside the chart.
    pub path: String,
    source: Arc<source::Source>,
    full: String,
    bytes: OnceLock<Result<Arc<[u8]>>>,
}

impl ChartFile {
    /// The content; at most [`MAX_FILE`] bytes.
    pub fn bytes(&self) -> Result<Arc<[u8]>> {
        self.bytes.get_or_init(|| self.source.read(&self.full)).clone()
    }

    /// The path for messages.
    pub fn file(&self) -> Arc<str> {
        self.source.shown(&self.full)
    }
}

impl Chart {
    /// Loads the chart in a directory, with its subcharts.
    ///
    /// For many charts that share subcharts use one [`Loader`].
    pub fn load(files: &Files, directory: &str) -> Result<Arc<Self>, Vec<Error>> {
        Loader::new(files.clone()).load(directory)
    }

    /// The subcharts that take part, given the values of this chart's own scope.
    ///
    /// Tags come from `tags` in those values; for a subchart's own dependencies Helm takes them from
    /// the release's root: see [`Chart::enabled_with_tags`].
    pub fn enabled(&self, values: &Node) -> Vec<&Dependency> {
        self.enabled_with_tags(values, values.get("tags"))
    }

    /// The subcharts that take part, given the values of this chart's scope and the root's `tags`.
    ///
    /// As in Helm: first the tags (on when none is set or any is true), then the first condition that
    /// names a boolean overrules them. A condition may also be answered by a subchart's own defaults.
    pub fn enabled_with_tags(&self, values: &Node, tags: Option<&Node>) -> Vec<&Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| {
                let mut conditions = dependency.condition.iter();
                conditions.find_map(|path| self.switch(values, path)).unwrap_or_else(|| dependency.tagged(tags))
            })
            .collect()
    }

    fn switch(&self, values: &Node, path: &str) -> Option<bool> {
        let path: Vec<&str> = path.split('.').collect();
        if let Some(node) = values.at(&path) {
            return node.as_bool();
        }
        self.default_of(&path)?.as_bool()
    }

    /// What the defaults of this chart, or of the subchart the path leads into, say.
    fn default_of(&self, path: &[&str]) -> Option<&Node> {
        self.values.at(path).or_else(|| {
            let (name, rest) = path.split_first()?;
            self.dependencies.iter().find(|dependency| dependency.name == *name)?.chart.default_of(rest)
        })
    }
}

impl Dependency {
    fn tagged(&self, tags: Option<&Node>) -> bool {
        let set: Vec<bool> = self.tags.iter().filter_map(|tag| tags?.get(tag)?.as_bool()).collect();
        set.is_empty() || set.contains(&true)
    }
}

#[cfg(test)]
mod tests;
