//! Rendering: a chart tree compiled once, then manifests for any release in any environment.
//!
//! This is the seam. It names no template engine: the one there is stands in `jinja/`, and another
//! (Helm's Go templates) can stand beside it. Owns what a template may see ([`Context`]), which
//! templates of a chart tree are rendered, and the way back from rendered text to the template
//! ([`SourceMap`]). Merging values is left to `values/`, reading YAML to `yaml/`.
//!
//! # What a template is
//!
//! `*.yaml.j2` below `templates/`; files whose name starts with `_` are partials and render nothing by
//! themselves, and neither does a library chart. A line of statements alone leaves nothing behind; a line
//! that says anything else keeps its newline. An included partial should end in one. `\r\n` is read as `\n`.
//!
//! `{% include "_x.j2" %}` finds `templates/_x.j2` of the same chart, or a path relative to the
//! including template, or `<dependency>/_x.j2` of a dependency of this chart or of a parent. A partial
//! sees the `values`, `release` and `chart` of whoever includes it.
//!
//! # Values in YAML
//!
//! A map or a list stands where it is written: after `key:` it goes to the next line, two deeper than
//! the key; elsewhere its lines start at the column of the expression. Explicit `indent` and `nindent`
//! win. A key that is missing is an error where it is printed, compared, iterated or looked into;
//! testing it (`{% if values.x %}`, `is defined`) and `default` are fine for the last key of a path,
//! `dig` for all of it.

mod blocks;
mod jinja;
mod source_map;
mod trail;
mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use source_map::{Mapping, SourceMap};
pub use trail::KeyPath;
pub(crate) use trail::Reach;

use crate::Error;
use crate::chart::{Chart, TemplateKind};
use crate::values::Values;
use crate::yaml::Node;
use tree::Tree;

/// A chart installed under a name in a namespace; what templates see as `release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `release.name`.
    pub name: String,
    /// `release.namespace`.
    pub namespace: String,
    /// `release.revision`, 1 for a first installation.
    pub revision: u32,
    /// `release.isUpgrade`; `release.isInstall` is the opposite.
    pub is_upgrade: bool,
    /// `release.service`.
    pub service: String,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            name: "release".into(),
            namespace: "default".into(),
            revision: 1,
            is_upgrade: false,
            service: "Helm".into(),
        }
    }
}

/// What templates see as `environment`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `environment.name`.
    pub name: String,
    /// `environment.tier`: `staging`, `production` or `dr`.
    pub tier: String,
    /// `environment.kubernetes` and `capabilities.kubeVersion`: a version such as `1.34`.
    pub kubernetes: String,
    /// `environment.vars`.
    pub vars: BTreeMap<String, String>,
    /// What `capabilities.apiVersions.has` answers, beside the versions Kubernetes always serves.
    pub api_versions: Vec<String>,
}

/// Everything a rendering depends on beside the chart.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The release.
    pub release: &'a Release,
    /// The environment.
    pub environment: &'a Environment,
    /// The merged values of the chart at the root of the tree, those of its dependencies inside.
    pub values: &'a Values,
}

/// Which template of a program wrote a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId {
    chart: u32,
    template: u32,
}

/// The rendered text of one template.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The workspace path of the template.
    pub template: Arc<str>,
    /// The name of the template's chart.
    pub chart: String,
    /// What it wrote.
    pub text: Arc<str>,
    /// Its place in the program.
    pub id: TemplateId,
}

/// What a rendering made, and what it could not make.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Manifests that are not blank: the chart's own in the order of its templates, then those of its
    /// enabled dependencies.
    pub manifests: Vec<Manifest>,
    /// One error for each template that did not render.
    pub errors: Vec<Error>,
}

/// Compiles chart trees; what several of them depend on is compiled once. Threads may share one.
#[derive(Debug, Default)]
pub struct Compiler(jinja::Compiler);

impl Compiler {
    /// Compiles every template of a chart tree.
    ///
    /// A template that does not compile gives an error, and the others still render.
    pub fn compile(&self, chart: &Arc<Chart>) -> (Program, Vec<Error>) {
        let tree = Arc::new(Tree::new(chart));
        let (engine, errors) = jinja::Engine::compile(&tree, &self.0);
        (Program { tree, engine }, errors)
    }
}

/// A chart and its dependencies, compiled once and rendered any number of times, from any thread.
#[derive(Debug)]
pub struct Program {
    tree: Arc<Tree>,
    engine: jinja::Engine,
}

impl Program {
    /// Compiles one chart tree; for many, see [`Compiler`].
    pub fn compile(chart: &Arc<Chart>) -> (Self, Vec<Error>) {
        Compiler::default().compile(chart)
    }

    /// Renders every template of the chart and of its enabled dependencies.
    ///
    /// Templates that did not compile are left out; their errors came from [`Program::compile`].
    pub fn render(&self, context: &Context<'_>) -> Output {
        let mut output = Output::default();
        let scopes = match jinja::Engine::scopes(context) {
            Ok(scopes) => scopes,
            Err(error) => {
                output.errors.push(error);
                return output;
            }
        };
        for chart in self.enabled(context.values.root()) {
            self.render_chart(chart, &scopes, context, &mut output);
        }
        output
    }

    fn render_chart(&self, index: usize, scopes: &jinja::Scopes, context: &Context<'_>, output: &mut Output) {
        let chart = &self.tree.charts[index].chart;
        if chart.library {
            return;
        }
        let mut scope = None;
        for (at, template) in chart.templates.iter().enumerate() {
            let text = match template.kind {
                TemplateKind::Partial => continue,
                TemplateKind::Static => Ok(Some(template.text.clone())),
                TemplateKind::Template => {
                    let scope = scope.get_or_insert_with(|| self.engine.scope(scopes, index));
                    self.engine.render(scope, index, at, context).map(|text| text.map(Arc::from))
                }
            };
            match text {
                Ok(Some(text)) if !text.trim().is_empty() => output.manifests.push(Manifest {
                    template: template.file.clone(),
                    chart: chart.name.clone(),
                    text,
                    id: TemplateId { chart: number(index), template: number(at) },
                }),
                Ok(_) => {}
                Err(error) => output.errors.push(error),
            }
        }
    }

    /// Whether a word stands in any template of the chart or its dependencies.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let templates = self.tree.charts.iter().flat_map(|instance| &instance.chart.templates);
        templates.into_iter().any(|template| template.text.contains(word))
    }

    /// Renders the one template of a manifest in another context, and says how many steps that took.
    ///
    /// No text where it cannot be rendered there.
    pub(crate) fn again(&self, context: &Context<'_>, manifest: &Manifest) -> (Option<String>, u64) {
        let (chart, at) = (manifest.id.chart as usize, manifest.id.template as usize);
        let Ok(scopes) = jinja::Engine::scopes(context) else { return (None, 0) };
        self.engine.again(&self.engine.scope(&scopes, chart), chart, at)
    }

    /// Maps a manifest's text back to the templates that wrote it.
    ///
    /// Renders the one template again with marks in it, so it is meant for manifests with findings. The
    /// context must be the one the manifest was rendered with.
    pub fn trace(&self, context: &Context<'_>, manifest: &Manifest) -> SourceMap {
        let (chart, at) = (manifest.id.chart as usize, manifest.id.template as usize);
        let template = self.tree.charts.get(chart).and_then(|chart| chart.chart.templates.get(at));
        match template.map(|template| template.kind) {
            Some(TemplateKind::Static) => SourceMap::identity(&manifest.template, &manifest.text),
            Some(_) => self.engine.trace(context, chart, at, &manifest.text).unwrap_or_default(),
            None => SourceMap::default(),
        }
    }

    /// Every chart of the tree, those that are turned off too.
    pub(crate) fn all_charts(&self) -> impl Iterator<Item = &Arc<Chart>> {
        self.tree.charts.iter().map(|instance| &instance.chart)
    }

    /// The charts that take part with such values, parents first; libraries are among them.
    pub(crate) fn charts(&self, root: &Node) -> impl Iterator<Item = &Arc<Chart>> {
        self.enabled(root).into_iter().map(|index| &self.tree.charts[index].chart)
    }

    /// The charts to render, parents first.
    fn enabled(&self, root: &Node) -> Vec<usize> {
        let nothing = Node::default();
        let mut found = Vec::new();
        let mut todo = vec![(0, root)];
        while let Some((index, values)) = todo.pop() {
            found.push(index);
            let instance = &self.tree.charts[index];
            let enabled = instance.chart.enabled_with_tags(values, root.get("tags"));
            let mut below = Vec::new();
            for (child, dependency) in instance.children.iter().zip(&instance.chart.dependencies) {
                if enabled.iter().any(|one| std::ptr::eq(*one, dependency)) {
                    below.push((*child, values.get(&dependency.name).unwrap_or(&nothing)));
                }
            }
            todo.extend(below.into_iter().rev());
        }
        found
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
