//! What a chart and its subcharts see: a user's values over defaults, as Helm coalesces them.
//!
//! Each chart's values contain, under their names, the values of its subcharts. A parent's section
//! for a subchart beats the subchart's defaults, `global` is handed down and the parent's wins, and
//! `import-values` put a subchart's values below the parent's own defaults. A user's null removes a
//! default. A null written in a chart's own defaults stays: that chart's templates may ask for it.

use std::collections::BTreeMap;

use super::merge::{ListKeys, MergeOptions, Nulls, Overlay};
use super::{Layer, LayerKind, Values, location};
use crate::chart::{Chart, Dependency};
use crate::yaml::{Data, Entry, Map, Mark, Node};
use crate::{Error, ErrorKind, Note};

const GLOBAL: &str = "global";

/// Merges a user's values over the defaults of a chart and of its enabled subcharts.
///
/// The result is what `values` is in the chart's templates, and `result[dependency.name]` what it is in
/// a subchart's. Layer 0 becomes the chart's defaults; a layer is added for each subchart.
pub fn coalesce(chart: &Chart, user: &Values) -> Values {
    coalesce_with(chart, user, &MergeOptions::default())
}

/// As [`coalesce`], with lists of the defaults merged by key too.
pub fn coalesce_with(chart: &Chart, user: &Values, options: &MergeOptions) -> Values {
    let mut layers = user.layers.clone();
    layers[0] = Layer { kind: LayerKind::Chart, file: chart.values_file.clone(), chart: Some(chart.name.clone()) };
    let mut state = State {
        layers,
        sources: BTreeMap::new(),
        notes: user.notes.clone(),
        problems: user.problems.clone(),
        tags: None,
    };
    let root = user.root.as_map().cloned().unwrap_or_default();
    let root = state.chart(chart, root, &Scope { path: String::new(), source: 0 }, &options.keys());
    let root = Node { data: Data::Map(root), mark: user.root.mark };
    Values { root, layers: state.layers, notes: state.notes, problems: state.problems }
}

struct State {
    layers: Vec<Layer>,
    /// The layer of each subchart, by its path of names.
    sources: BTreeMap<String, u32>,
    notes: Vec<Note>,
    problems: Vec<Error>,
    /// The tags of the release's root, which decide in every subchart.
    tags: Option<Node>,
}

/// Where in the tree of charts.
struct Scope {
    /// Names joined by `.`: also the path from the root to this chart's values.
    path: String,
    source: u32,
}

impl Scope {
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl State {
    fn chart(&mut self, chart: &Chart, user: Map, scope: &Scope, keys: &ListKeys<'_>) -> Map {
        let imports = chart.dependencies.iter().any(|dependency| !dependency.import_values.is_empty());
        let mut merged = if imports {
            // Which subcharts are enabled may not depend on what they export.
            let noted = self.notes.len();
            let before = self.overlay(chart, user.clone(), chart_values(chart), Some(scope.source), scope, keys);
            self.notes.truncate(noted);
            self.keep_tags(scope, &before);
            let before = Node::from(Data::Map(before));
            let enabled = chart.enabled_with_tags(&before, self.tags.as_ref());
            let defaults = self.with_imports(chart, &enabled, scope);
            self.overlay(chart, user, &defaults, None, scope, keys)
        } else {
            self.overlay(chart, user, chart_values(chart), Some(scope.source), scope, keys)
        };
        self.keep_tags(scope, &merged);
        for dependency in &chart.dependencies {
            if merged.get(&dependency.name).is_some_and(Node::is_null) {
                merged.remove(&dependency.name);
            }
        }
        let node = Node::from(Data::Map(merged));
        let enabled = chart.enabled_with_tags(&node, self.tags.as_ref());
        let Data::Map(mut merged) = node.data else { return Map::new() };
        for dependency in enabled {
            self.subchart(dependency, &mut merged, scope, &keys.below(&dependency.name));
        }
        merged
    }

    fn keep_tags(&mut self, scope: &Scope, values: &Map) {
        if scope.path.is_empty() {
            self.tags = values.get("tags").cloned();
        }
    }

    /// A user's values over the defaults of one chart, sections of subcharts included as they are.
    fn overlay(
        &mut self,
        chart: &Chart,
        user: Map,
        defaults: &Map,
        source: Option<u32>,
        scope: &Scope,
        keys: &ListKeys<'_>,
    ) -> Map {
        let nested = !scope.path.is_empty();
        let nulls = |key: &str| {
            // In a section a null waits for the subchart's defaults; a `global` that was handed down
            // holds nulls only where somebody's defaults declare them.
            let section = chart.dependencies.iter().any(|dependency| dependency.name == key);
            if section || (nested && key == GLOBAL) { Nulls::Keep } else { Nulls::Delete }
        };
        let mut overlay = Overlay { source, layers: &self.layers, notes: &mut self.notes };
        overlay.maps(user, defaults, &nulls, keys, &scope.path)
    }

    fn subchart(&mut self, dependency: &Dependency, parent: &mut Map, scope: &Scope, keys: &ListKeys<'_>) {
        let path = scope.name(&dependency.name);
        let source = self.source(&path, dependency);
        let mut section = Map::new();
        let mut mark = Mark { source, line: 0, column: 0 };
        if let Some(node) = parent.get_mut(&dependency.name) {
            mark = node.mark;
            match std::mem::take(&mut node.data) {
                Data::Map(map) => section = map,
                other => self.not_a_section(&path, dependency, &Node { data: other, mark }),
            }
        }
        self.hand_down(parent.get(GLOBAL), &mut section, &path);
        let values = self.chart(&dependency.chart, section, &Scope { path, source }, keys);
        let value = Node { data: Data::Map(values), mark };
        match parent.get_mut(&dependency.name) {
            Some(slot) => *slot = value,
            None => {
                parent.insert(Entry { key: dependency.name.as_str().into(), mark, value });
            }
        }
    }

    fn not_a_section(&mut self, path: &str, dependency: &Dependency, found: &Node) {
        let message = format!(
            "`{path}` is {}, and the subchart `{}` needs a map there",
            super::merge::article(found),
            dependency.chart.name
        );
        let mut error = Error::new(ErrorKind::Values, message)
            .with_help(format!("write the subchart's values below `{path}:`, or give the dependency an alias"));
        if let Some(place) = location(&self.layers, found.mark) {
            error = error.with_location(place);
        }
        self.problems.push(error);
    }

    /// Merges the parent's `global` into a subchart's; the parent's wins, but never across types.
    fn hand_down(&mut self, parent: Option<&Node>, section: &mut Map, path: &str) {
        let empty = Node::from(Data::Map(Map::new()));
        let parent = parent.unwrap_or(&empty);
        let Data::Map(from) = &parent.data else { return };
        if section.get(GLOBAL).is_none() {
            section.insert(Entry { key: GLOBAL.into(), mark: parent.mark, value: parent.clone() });
            return;
        }
        let Some(Node { data: Data::Map(into), .. }) = section.get_mut(GLOBAL) else { return };
        for entry in from {
            match into.get(&entry.key).map(|value| &value.data) {
                Some(Data::Map(own)) => {
                    let Data::Map(upper) = &entry.value.data else { continue };
                    let name = format!("{path}.{GLOBAL}.{}", entry.key);
                    let mut overlay = Overlay { source: None, layers: &self.layers, notes: &mut self.notes };
                    let merged = overlay.maps(upper.clone(), own, &|_| Nulls::Keep, &ListKeys::default(), &name);
                    let value = Node { data: Data::Map(merged), mark: entry.value.mark };
                    into.insert(Entry { key: entry.key.clone(), mark: entry.mark, value });
                }
                Some(_) if matches!(entry.value.data, Data::Map(_)) => {}
                _ => {
                    into.insert(entry.clone());
                }
            }
        }
    }

    fn source(&mut self, path: &str, dependency: &Dependency) -> u32 {
        if let Some(source) = self.sources.get(path) {
            return *source;
        }
        let file = dependency.chart.values_file.clone();
        self.layers.push(Layer { kind: LayerKind::Chart, file, chart: Some(path.replace('.', "/")) });
        let source = u32::try_from(self.layers.len() - 1).unwrap_or(u32::MAX);
        self.sources.insert(path.to_owned(), source);
        source
    }

    /// A chart's defaults over what it imports from its enabled subcharts' defaults.
    fn with_imports(&mut self, chart: &Chart, enabled: &[&Dependency], scope: &Scope) -> Map {
        let mut own = Node::from(chart.values.data.clone());
        super::merge::stamp(&mut own, scope.source);
        let Data::Map(mut result) = own.data else { return Map::new() };
        for dependency in enabled {
            if dependency.import_values.is_empty() {
                continue;
            }
            let exported = self.exported(dependency, chart.values.get(&dependency.name), scope);
            for import in &dependency.import_values {
                let child: Vec<&str> = import.child.iter().map(String::as_str).collect();
                let Some(Data::Map(found)) = exported.at(&child).map(|node| &node.data) else {
                    let message =
                        format!("the subchart `{}` has no map `{}` to import", dependency.name, import.child.join("."));
                    self.notes.push(Note { message, location: None });
                    continue;
                };
                let lower = nested(&import.parent, found.clone());
                let mut overlay = Overlay { source: None, layers: &self.layers, notes: &mut self.notes };
                result = overlay.maps(result, &lower, &|_| Nulls::Keep, &ListKeys::default(), &scope.path);
            }
        }
        result
    }

    /// The defaults of a subchart as its parent's defaults change them.
    fn exported(&mut self, dependency: &Dependency, section: Option<&Node>, scope: &Scope) -> Node {
        let path = scope.name(&dependency.name);
        let source = self.source(&path, dependency);
        let below = Scope { path, source };
        let chart = &dependency.chart;
        let enabled = chart.enabled_with_tags(&chart.values, self.tags.as_ref());
        let defaults = self.with_imports(chart, &enabled, &below);
        let mut section = section.cloned().unwrap_or_default();
        super::merge::stamp(&mut section, scope.source);
        let Data::Map(section) = section.data else { return Node::from(Data::Map(defaults)) };
        let merged = self.overlay(chart, section, &defaults, None, &below, &ListKeys::default());
        Node::from(Data::Map(merged))
    }
}

fn chart_values(chart: &Chart) -> &Map {
    static EMPTY: std::sync::LazyLock<Map> = std::sync::LazyLock::new(Map::new);
    chart.values.as_map().unwrap_or(&EMPTY)
}

/// A map at the end of a path of keys.
fn nested(path: &[String], map: Map) -> Map {
    path.iter().rev().fold(map, |inner, key| {
        let value = Node::from(Data::Map(inner));
        Map::from_iter([Entry { key: key.as_str().into(), mark: Mark::default(), value }])
    })
}
