//! From the engine's errors to ours: the template line, the whole key, and a way out.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;

use minijinja::{Error as Inner, ErrorKind as Kind};

use super::compile::Source;
use super::functions::{flow, refused};
use super::register;
use super::{ROOTS, run};
use crate::nearest::nearest;
use crate::render::tree::Tree;
use crate::values::{Layer, LayerKind};
use crate::{Error, ErrorKind, Location};

/// What is needed to tell an error well.
pub(super) struct Explain<'a> {
    pub(super) tree: &'a Tree,
    pub(super) sources: &'a BTreeMap<String, Arc<Source>>,
    /// The template that was rendered.
    pub(super) template: &'a str,
    pub(super) layers: &'a [Layer],
}

impl Explain<'_> {
    /// The error a person can act on.
    pub(super) fn error(&self, error: &Inner) -> Error {
        let chain = chain(error);
        // Outer errors only say on which way the template came there.
        let cause = chain.iter().rev().find(|inner| inner.name().is_some_and(|name| self.sources.contains_key(name)));
        let cause = cause.copied().unwrap_or(error);
        let deepest = chain.last().copied().unwrap_or(error);
        let (kind, message, help) = self.told(deepest, cause, &chain);
        let help = help.unwrap_or_else(|| match deepest.detail() {
            Some(detail) if detail.starts_with(flow::SAID) => {
                "the chart asks for this itself; set what it names".into()
            }
            _ => "look at what the expression on this line is given".into(),
        });
        Error::new(kind, message).with_location(self.location(cause)).with_help(help)
    }

    fn location(&self, error: &Inner) -> Location {
        let name = error.name().filter(|name| self.sources.contains_key(*name)).unwrap_or(self.template);
        let file = self.tree.template(name).map_or_else(|| Arc::from(name), |(_, template)| template.file.clone());
        if error.name() != Some(name) {
            return Location::file(file);
        }
        match self.sources.get(name) {
            Some(source) => place(file, source, error),
            None => Location::file(file),
        }
    }

    fn told(&self, error: &Inner, cause: &Inner, chain: &[&Inner]) -> (ErrorKind, String, Option<String>) {
        let detail = error.detail().unwrap_or_default();
        match error.kind() {
            Kind::OutOfFuel => (
                ErrorKind::Limit,
                format!("the template takes more than {} steps", run::MAX_FUEL),
                Some("look for a loop, a recursion or an `extends` that does not end".into()),
            ),
            Kind::WriteFailure => too_much_told(),
            Kind::UndefinedError => self.undefined(detail),
            Kind::UnknownFunction => self.unknown("function", first_word(detail, 0), cause),
            Kind::UnknownFilter => self.unknown("filter", first_word(detail, 1), cause),
            Kind::UnknownTest => self.unknown("test", first_word(detail, 1), cause),
            Kind::TemplateNotFound => self.missing_template(detail, cause),
            Kind::SyntaxError => {
                (ErrorKind::Template, format!("the text given to `tpl` is no template: {detail}"), None)
            }
            _ if detail.contains("recursion limit") => self.recursion(chain),
            _ => other(error, detail),
        }
    }

    /// A key that is not there, by its full path, with the layers it could have come from.
    fn undefined(&self, detail: &str) -> (ErrorKind, String, Option<String>) {
        let Some(expression) = quoted(detail, '`') else {
            return (ErrorKind::Template, "the expression has no value".into(), Some(self.layers_searched()));
        };
        let key = last_key(expression);
        let Some(map) = run::last_miss(key) else {
            if !expression.contains(['.', '[']) {
                let help = match nearest(expression, ROOTS.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("templates see {}", list(ROOTS.iter().copied())),
                };
                return (ErrorKind::Template, format!("there is no variable `{expression}`"), Some(help));
            }
            let base = expression.strip_suffix(key).unwrap_or(expression).trim_end_matches(['.', '[', '"', ']']);
            let help = format!("`{base}` is null, or not a map");
            return (ErrorKind::Template, format!("`{expression}` is not set"), Some(help));
        };
        let full = format!("{}.{key}", map.place);
        let message = if expression == full {
            format!("`{full}` is not set")
        } else {
            format!("`{full}` is not set (written as `{expression}`)")
        };
        let mut help = match nearest(key, map.keys()) {
            Some(name) => format!("did you mean `{name}`? "),
            None if map.keys().next().is_none() => format!("`{}` is empty. ", map.place),
            None => format!("`{}` has {}. ", map.place, list(map.keys())),
        };
        if full.starts_with("values.") {
            help.push_str(&self.layers_searched());
        }
        (ErrorKind::Template, message, Some(help.trim_end().to_owned()))
    }

    fn layers_searched(&self) -> String {
        let layers: Vec<String> = self
            .layers
            .iter()
            // The first stands for what a chart without `values.yaml` says: nothing.
            .filter(|layer| layer.file.is_some() || layer.kind != LayerKind::Chart)
            .map(|layer| match &layer.file {
                Some(file) => format!("{} ({file})", layer.kind),
                None => layer.kind.to_string(),
            })
            .collect();
        if layers.is_empty() {
            "no values were given".into()
        } else {
            format!("layers searched: {}", layers.join(", "))
        }
    }

    fn unknown(&self, what: &str, name: &str, cause: &Inner) -> (ErrorKind, String, Option<String>) {
        let names: Vec<&str> = match what {
            "test" => TESTS.to_vec(),
            "filter" => register::all().flat_map(|one| one.names).copied().chain(FILTERS.iter().copied()).collect(),
            _ => register::all()
                .filter(|one| !one.filter_only)
                .flat_map(|one| one.names)
                .copied()
                .chain(["range", "namespace"])
                .collect(),
        };
        let written = self.line(cause);
        let help = nearest(name, names.iter().copied())
            .map(|near| format!("did you mean `{near}`?"))
            .or_else(|| go_habit(written).map(str::to_owned))
            .unwrap_or_else(|| match what {
                "function" => "there are Helm's functions, Jinja's, and macros that `{% import %}` names".to_owned(),
                "filter" => "there are Helm's functions and Jinja's filters".to_owned(),
                _ => format!("there are {}", TESTS.join(", ")),
            });
        let help = Some(help);
        (ErrorKind::Template, format!("there is no {what} `{name}`"), help)
    }

    /// The template line an error points at.
    fn line(&self, error: &Inner) -> &str {
        let source = error.name().and_then(|name| self.sources.get(name)).map_or("", |source| source.text.as_str());
        error.line().and_then(|line| source.lines().nth(line.saturating_sub(1))).unwrap_or_default()
    }

    fn missing_template(&self, detail: &str, cause: &Inner) -> (ErrorKind, String, Option<String>) {
        let wanted = quoted_name(detail).unwrap_or(detail);
        if wanted == run::ENDLESS {
            let message = "templates extend or include each other too often";
            return (ErrorKind::Limit, message.into(), Some("look for templates that extend each other".into()));
        }
        let from = cause.name().unwrap_or(self.template);
        let known = if wanted.starts_with('@') { Some(wanted.to_owned()) } else { self.tree.find(wanted, from) };
        if let Some((_, template)) = known.and_then(|name| self.tree.template(&name)) {
            let help = match template.kind {
                crate::chart::TemplateKind::Static => "only `.j2` files can be included",
                _ => "its own error comes before this one",
            };
            return (ErrorKind::Template, format!("`{}` does not compile", template.file), Some(help.into()));
        }
        let names = self.tree.candidates(from);
        let help = match nearest(wanted, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.len() <= 1 => "the chart has no other templates".into(),
            None => format!("there are {}", list(names.iter().map(String::as_str).filter(|name| name.contains('_')))),
        };
        (ErrorKind::Template, format!("there is no template `{wanted}`"), Some(help))
    }

    fn recursion(&self, chain: &[&Inner]) -> (ErrorKind, String, Option<String>) {
        let mut way: Vec<&str> = vec![self.template];
        for inner in chain.iter().filter(|inner| inner.kind() == Kind::BadInclude) {
            way.extend(inner.detail().and_then(|detail| quoted_name(detail)));
        }
        let short = |name: &str| {
            let path = name.split_once('/').map_or(name, |(_, path)| path);
            path.strip_prefix("templates/").unwrap_or(path).to_owned()
        };
        for (at, name) in way.iter().enumerate() {
            if let Some(first) = way[..at].iter().position(|earlier| earlier == name) {
                let cycle: Vec<String> = way[first..=at].iter().map(|name| format!("`{}`", short(name))).collect();
                return (
                    ErrorKind::Limit,
                    format!("templates include each other without end: {}", cycle.join(" → ")),
                    Some("break the cycle, or include under a condition that ends it".into()),
                );
            }
        }
        let message = "macros, includes or nested blocks go too deep";
        (ErrorKind::Limit, message.into(), Some("look for a macro that calls itself without end".into()))
    }
}

fn other(error: &Inner, detail: &str) -> (ErrorKind, String, Option<String>) {
    if let Some(said) = detail.strip_prefix(flow::SAID) {
        return (ErrorKind::Template, said.trim_end_matches('.').to_owned(), None);
    }
    if let Some(limit) = detail.strip_prefix(run::LIMIT) {
        return (ErrorKind::Limit, limit.to_owned(), None);
    }
    if let Some((name, help)) = detail.strip_prefix(refused::PREFIX).and_then(|rest| rest.split_once('\n')) {
        let message = format!("`{name}` is not deterministic: its result would differ each time");
        return (ErrorKind::Template, message, Some(help.to_owned()));
    }
    if detail.contains("too many elements") || detail.contains("too large") {
        return (ErrorKind::Limit, detail.to_owned(), None);
    }
    let message = if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() };
    (ErrorKind::Template, message, None)
}

fn too_much_told() -> (ErrorKind, String, Option<String>) {
    let message = format!("the template writes more than {} bytes", run::MAX_WRITTEN);
    (ErrorKind::Limit, message, Some("split the template, or look for a loop that does not end".into()))
}

/// The error of a template that wrote too much.
pub(super) fn too_much(file: &Arc<str>) -> Error {
    let (kind, message, help) = too_much_told();
    Error::new(kind, message).with_location(Location::file(file.clone())).with_help(help.unwrap_or_default())
}

/// The error of a template that does not compile.
pub(super) fn syntax(error: &Inner, file: &Arc<str>, source: &Source) -> Error {
    let location = place(file.clone(), source, error);
    let source = source.text.as_str();
    let line = location.line.and_then(|line| source.lines().nth(line as usize - 1)).unwrap_or_default();
    let detail = error.detail().unwrap_or("the template does not compile");
    if detail.contains("recursion limit") {
        return Error::new(ErrorKind::Limit, "brackets or blocks of the template nest too deep")
            .with_location(location)
            .with_help("move the inner ones into a macro or a partial");
    }
    let told = Error::new(ErrorKind::Template, detail).with_location(location);
    told.with_help(
        go_habit(line)
            .unwrap_or("a statement is `{% … %}`, an expression `{{ … }}`, a comment `{# … #}`; each is closed"),
    )
}

/// What someone used to Go templates meant.
fn go_habit(line: &str) -> Option<&'static str> {
    let has = |text: &str| line.contains(text);
    if has(".Values") {
        return Some("this looks like a Go template; write `values.x` instead of `.Values.x`");
    }
    if has(".Release") || has(".Chart") || has(".Capabilities") || has(".Files") {
        return Some("this looks like a Go template; write `release.name` instead of `.Release.Name`");
    }
    let code = line.replace("{{-", "{{");
    let code = code.split("{{").nth(1)?.trim_start();
    let starts = |word: &str| code.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '-', '}']));
    if starts("include") || starts("template") {
        Some("write `{% include \"_x.j2\" %}`, or `{{ include(\"_x.j2\") }}` where a filter follows")
    } else if starts("if") || starts("else") || starts("end") || starts("with") {
        Some("write `{% if values.x %}` … `{% endif %}`")
    } else if starts("range") {
        Some("write `{% for key, value in values.x | items %}` … `{% endfor %}`")
    } else if starts("define") {
        Some("write `{% macro name() %}` … `{% endmacro %}`, or a partial of its own")
    } else if code.starts_with('$') || code.contains(":=") {
        Some("write `{% set x = values.x %}`")
    } else if code.starts_with("/*") {
        Some("write `{# comment #}`")
    } else if code.starts_with('.') {
        Some("write `values.x`; a leading dot is a habit from Go templates")
    } else {
        code.split(['}', '|']).next().filter(|call| call.trim().contains(' ') && !call.contains('(')).map(|_| {
            "functions take their arguments in parentheses: `default(\"x\", values.y)`, or `values.y | default(\"x\")`"
        })
    }
}

fn place(file: Arc<str>, source: &Source, error: &Inner) -> Location {
    let start = error.range().map(|range| source.guarded.written(range.start));
    let source = source.text.as_str();
    if let Some(before) = start.and_then(|start| source.get(..expression_start(source, start))) {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return Location::at(file, number(line), number(column));
    }
    Location { file, line: error.line().map(number), column: None }
}

/// The engine's span of `a.b.c` begins at the first dot.
fn expression_start(source: &str, start: usize) -> usize {
    if !source.get(start..).is_some_and(|rest| rest.starts_with(['.', '['])) {
        return start;
    }
    let before = source.get(..start).unwrap_or_default();
    before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')).len()
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn chain(error: &Inner) -> Vec<&Inner> {
    let mut all = vec![error];
    let mut at = error.source();
    while let Some(source) = at {
        all.extend(source.downcast_ref::<Inner>());
        at = source.source();
    }
    all
}

fn quoted(text: &str, mark: char) -> Option<&str> {
    text.split(mark).nth(1)
}

/// The template name in the engine's words, which quote it in either way.
fn quoted_name(text: &str) -> Option<&str> {
    text.split(['"', '\'']).nth(1)
}

fn first_word(text: &str, at: usize) -> &str {
    text.split(' ').nth(at).unwrap_or(text)
}

/// `c` of `a.b.c` and of `a["c"]`.
fn last_key(expression: &str) -> &str {
    let bare = expression.trim_end_matches([']', '"', '\'']);
    bare.rsplit(['.', '[', '"', '\'']).next().unwrap_or(bare)
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match all.len() {
        0..=8 => all.join(", "),
        more => format!("{} and {} more", all[..8].join(", "), more - 8),
    }
}

/// The engine's own filters that are offered beside the table.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "dictsort",
    "format",
    "groupby",
    "items",
    "map",
    "reject",
    "rejectattr",
    "select",
    "selectattr",
    "sort",
    "sum",
    "unique",
    "zip",
];

const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];
