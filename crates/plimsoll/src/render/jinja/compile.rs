//! Compiling the templates of chart trees; what trees have in common is compiled once.
//!
//! A hundred services that depend on one library chart differ in their own few templates only. The
//! library stands at the same place in each of their trees, so its templates have the same names there,
//! and an environment that holds them is copied at the cost of a few pointers.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::guard::{self, Guarded};
use super::{errors, format, lines, register, run};
use crate::chart::{Chart, Template, TemplateKind};
use crate::render::blocks;
use crate::render::tree::{Instance, Tree};
use crate::{Error, ErrorKind, Location};

/// The engine's unit: a macro call costs 4, an include 10.
const MAX_RECURSION: usize = 100;

/// The functions, filters and limits of every environment; no templates.
static BARE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_formatter(|out, _, value| format::format(out, value));
    env.set_fuel(Some(run::MAX_FUEL));
    env.set_recursion_limit(MAX_RECURSION);
    // Undefined values remember the expression they came from.
    env.set_debug(true);
    env.set_unknown_method_callback(register::method);
    register::register(&mut env);
    guard::register(&mut env);
    env
});

/// Compiles chart trees, each set of dependencies once; threads may share one.
#[derive(Debug, Default)]
pub(in crate::render) struct Compiler {
    below: Mutex<HashMap<Vec<Dependency>, Arc<OnceLock<Compiled>>>>,
}

/// A chart below the root, by its address, and its parent's place: equal lists compile to the same.
type Dependency = (usize, Option<usize>);

/// The source of a template.
#[derive(Debug)]
pub(super) struct Source {
    /// As written, but line ends are `\n` and mixed lines keep theirs.
    pub(super) text: String,
    /// As compiled.
    pub(super) guarded: Guarded,
}

/// Templates that compiled, and the errors of those that did not.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub(super) env: Environment<'static>,
    /// Sources by the engine's names.
    pub(super) sources: BTreeMap<String, Arc<Source>>,
    pub(super) errors: Vec<Error>,
    /// Keeps the charts, so that no other takes their addresses.
    tree: Arc<Tree>,
}

impl Compiler {
    pub(super) fn compile(&self, tree: &Arc<Tree>) -> Compiled {
        let mut compiled = self.below(tree);
        compiled.tree = tree.clone();
        join_paths(&mut compiled.env, tree);
        let below = std::mem::take(&mut compiled.errors);
        compiled.add(tree.charts.iter().enumerate().take(1));
        for error in below {
            compiled.fault(error);
        }
        compiled
    }

    /// The dependencies of a tree.
    fn below(&self, tree: &Arc<Tree>) -> Compiled {
        let address = |chart: &Arc<Chart>| Arc::as_ptr(chart) as usize;
        let key = tree.charts.iter().skip(1).map(|instance| (address(&instance.chart), instance.parent)).collect();
        let slot = self.below.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        let compile = || {
            let mut compiled = Compiled::new(tree);
            compiled.add(tree.charts.iter().enumerate().skip(1));
            compiled
        };
        slot.get_or_init(compile).clone()
    }
}

impl Compiled {
    fn new(tree: &Arc<Tree>) -> Self {
        Self { env: environment(syntax(true)), sources: BTreeMap::new(), errors: Vec::new(), tree: tree.clone() }
    }

    fn add<'a>(&mut self, charts: impl Iterator<Item = (usize, &'a Instance)>) {
        for (name, template) in templates(charts) {
            if let Some(line) = template.text.lines().position(blocks::has_markers) {
                self.errors.push(reserved(&template.file, line));
                continue;
            }
            let text = lines::keep_newlines(&template.text.replace("\r\n", "\n"));
            match self.source(&name, &template.file, text) {
                Ok(source) => drop(self.sources.insert(name, Arc::new(source))),
                Err(error) => self.fault(error),
            }
        }
    }

    fn source(&mut self, name: &str, file: &Arc<str>, text: String) -> Result<Source, Error> {
        let guarded = guard::guard(&text, &syntax(true)).map_err(|found| {
            Error::new(ErrorKind::Limit, found.message)
                .with_location(Location::at(file.clone(), found.line, found.column))
                .with_help(found.help)
        })?;
        let source = Source { text, guarded };
        match self.env.add_template_owned(name.to_owned(), source.guarded.text.clone()) {
            Ok(()) => Ok(source),
            Err(error) => Err(errors::syntax(&error, file, &source)),
        }
    }

    /// A chart that stands in the tree twice is told about once.
    fn fault(&mut self, error: Error) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

fn reserved(file: &Arc<str>, line: usize) -> Error {
    let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    Error::new(ErrorKind::Template, "the template contains a reserved character")
        .with_location(Location::at(file.clone(), line, 1))
        .with_help("remove the character between U+FDD0 and U+FDEF; it has no meaning in any text")
}

/// Every compiled file of some charts of a tree, with the engine's name for it.
pub(super) fn templates<'a>(
    charts: impl Iterator<Item = (usize, &'a Instance)>,
) -> impl Iterator<Item = (String, &'a Template)> {
    charts.flat_map(|(index, instance)| {
        let compiled = instance.chart.templates.iter().filter(|template| template.kind != TemplateKind::Static);
        compiled.map(move |template| (Tree::name(index, &template.path), template))
    })
}

pub(super) fn syntax(control_white_space: bool) -> SyntaxConfig {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(control_white_space)
        .lstrip_blocks(control_white_space)
        .build()
        .unwrap_or_default()
}

/// An environment without templates.
pub(super) fn environment(syntax: SyntaxConfig) -> Environment<'static> {
    let mut env = BARE.clone();
    env.set_syntax(syntax);
    env
}

/// Lets templates find each other as the tree says.
pub(super) fn join_paths(env: &mut Environment<'static>, tree: &Arc<Tree>) {
    let lookup = tree.clone();
    env.set_path_join_callback(move |name, parent| match lookup.find(name, parent) {
        Some(found) => {
            run::included(lookup.template(&found).map_or(0, |(_, template)| template.text.len()));
            Cow::Owned(found)
        }
        None => Cow::Borrowed(name),
    });
}
