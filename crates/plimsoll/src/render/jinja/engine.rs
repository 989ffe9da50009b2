//! Rendering the templates of a chart tree.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use minijinja::{Environment, Value};

use super::compile::{self, Compiled, Compiler, Source};
use super::errors::{self, Explain};
use super::files::FilesObject;
use super::objects::{self, MapObject, Place};
use super::recorder::Statement;
use super::{guard, instrument, recorder, run};
use crate::render::Context;
use crate::render::blocks;
use crate::render::source_map::{Point, SourceMap};
use crate::render::tree::Tree;
use crate::{Error, ErrorKind};

/// The templates of a chart tree, compiled.
#[derive(Debug)]
pub(in crate::render) struct Engine {
    tree: Arc<Tree>,
    env: Environment<'static>,
    sources: BTreeMap<String, Arc<Source>>,
    traced: OnceLock<Traced>,
}

/// The same templates with marks in them.
#[derive(Debug)]
struct Traced {
    env: Environment<'static>,
    points: Arc<Vec<Point>>,
    statements: Arc<Vec<Statement>>,
}

/// What all charts of a tree see in one rendering.
#[derive(Debug)]
pub(in crate::render) struct Scopes {
    values: Value,
    release: Value,
    environment: Value,
    capabilities: Value,
}

impl Engine {
    pub(in crate::render) fn compile(tree: &Arc<Tree>, compiler: &Compiler) -> (Self, Vec<Error>) {
        let Compiled { env, sources, errors, .. } = compiler.compile(tree);
        (Self { tree: tree.clone(), env, sources, traced: OnceLock::new() }, errors)
    }

    /// The objects of one rendering, shared by all its templates.
    pub(in crate::render) fn scopes(context: &Context<'_>) -> Result<Scopes, Error> {
        let values =
            objects::from_node(context.values.root(), &Arc::new(Place::Root(objects::VALUES))).map_err(|path| {
                Error::new(ErrorKind::Values, format!("`{path}` contains a reserved character"))
                    .with_help("remove the character between U+FDD0 and U+FDEF; it has no meaning in any text")
            })?;
        Ok(Scopes {
            values,
            release: objects::release(context.release),
            environment: objects::environment(context.environment),
            capabilities: objects::capabilities(context.environment),
        })
    }

    /// What the templates of one chart see.
    pub(in crate::render) fn scope(&self, scopes: &Scopes, index: usize) -> Value {
        let chart = &self.tree.charts[index].chart;
        let path = self.tree.values_path(index);
        let values = if path.is_empty() {
            scopes.values.clone()
        } else {
            let mut values = scopes.values.clone();
            for key in path {
                values = values.get_attr(key).unwrap_or_default();
            }
            MapObject::renamed(&values, objects::VALUES)
        };
        Value::from_pairs([
            ("values", values),
            ("release", scopes.release.clone()),
            ("chart", objects::chart(chart)),
            ("environment", scopes.environment.clone()),
            ("capabilities", scopes.capabilities.clone()),
            ("files", FilesObject::value(chart)),
        ])
    }

    /// Renders one template; `None` if it did not compile.
    pub(in crate::render) fn render(
        &self,
        scope: &Value,
        chart: usize,
        template: usize,
        context: &Context<'_>,
    ) -> Result<Option<String>, Error> {
        let name = self.name(chart, template);
        if !self.sources.contains_key(&name) {
            return Ok(None);
        }
        run::start();
        let result = write(&self.env, &name, scope);
        let result = result.map(|text| Some(blocks::resolve(&text).text)).map_err(|error| {
            let explain =
                Explain { tree: &self.tree, sources: &self.sources, template: &name, layers: context.values.layers() };
            explain.error(&error)
        });
        run::finish();
        match result {
            Ok(Some(text)) if text.len() > run::MAX_WRITTEN => Err(errors::too_much(self.file(chart, template))),
            other => other,
        }
    }

    /// Renders one template without explaining errors; how many steps it took beside the text.
    pub(in crate::render) fn again(&self, scope: &Value, chart: usize, template: usize) -> (Option<String>, u64) {
        let name = self.name(chart, template);
        run::start();
        let text = write(&self.env, &name, scope).ok().map(|text| blocks::resolve(&text).text);
        // What failed may have taken all there is.
        let steps = if text.is_some() { run::steps() } else { run::MAX_FUEL };
        run::finish();
        (text, steps)
    }

    /// Renders one template again, with marks, and maps the text it gave before.
    pub(in crate::render) fn trace(
        &self,
        context: &Context<'_>,
        chart: usize,
        template: usize,
        clean: &str,
    ) -> Option<SourceMap> {
        let traced = self.traced.get_or_init(|| self.instrument());
        let scopes = Self::scopes(context).ok()?;
        run::start();
        recorder::start(traced.statements.clone());
        let text = write(&traced.env, &self.name(chart, template), &self.scope(&scopes, chart));
        let trail = recorder::finish();
        run::finish();
        Some(SourceMap::new(clean, &blocks::resolve(&text.ok()?), traced.points.clone(), trail))
    }

    fn instrument(&self) -> Traced {
        let mut tables = instrument::Tables::default();
        // White space control has done its work when the marks go in.
        let mut env = compile::environment(compile::syntax(false));
        compile::join_paths(&mut env, &self.tree);
        recorder::register(&mut env);
        // Taking notes takes instructions, too.
        env.set_fuel(Some(run::MAX_FUEL.saturating_mul(4)));
        for (name, template) in compile::templates(self.tree.charts.iter().enumerate()) {
            let Some(source) = self.sources.get(&name) else { continue };
            let syntax = compile::syntax(true);
            let marked = instrument::instrument(&source.text, &template.file, &syntax, &mut tables);
            // A template that cannot be marked is traced without marks, and so not at all.
            let marked = marked.and_then(|marked| guard::guard(&marked, &compile::syntax(false)).ok());
            let added = marked.is_some_and(|marked| env.add_template_owned(name.clone(), marked.text).is_ok());
            if !added {
                env.add_template_owned(name, source.guarded.text.clone()).ok();
            }
        }
        Traced { env, points: Arc::new(tables.points), statements: Arc::new(tables.statements) }
    }

    fn name(&self, chart: usize, template: usize) -> String {
        Tree::name(chart, &self.tree.charts[chart].chart.templates[template].path)
    }

    fn file(&self, chart: usize, template: usize) -> &Arc<str> {
        &self.tree.charts[chart].chart.templates[template].file
    }
}

fn write(env: &Environment<'static>, name: &str, scope: &Value) -> Result<String, minijinja::Error> {
    let mut bytes = Vec::with_capacity(2_048);
    let captured = env.get_template(name)?.render_captured_to(scope.clone(), Limited::new(&mut bytes))?;
    run::took(captured.state().fuel_levels().map_or(0, |(spent, _)| spent));
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A writer that stops at the limit for one template.
pub(super) struct Limited<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Limited<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }
}

impl io::Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > run::MAX_WRITTEN {
            return Err(io::Error::other(format!("{}the output exceeds {} bytes", run::LIMIT, run::MAX_WRITTEN)));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
