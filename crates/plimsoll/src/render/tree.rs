//! The chart tree laid out flat, and how one template finds another by name.

use std::sync::Arc;

use crate::chart::{Chart, Dependency, Template};

/// One chart at one place of the tree; the same chart may stand at several.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) chart: Arc<Chart>,
    /// The key of its values in the parent's: alias or name. Empty for the root.
    pub(super) key: String,
    pub(super) parent: Option<usize>,
    /// One for each of the chart's dependencies, in their order.
    pub(super) children: Vec<usize>,
}

/// All charts of a tree; the root is the first.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) charts: Vec<Instance>,
}

impl Tree {
    pub(super) fn new(root: &Arc<Chart>) -> Self {
        let mut charts = vec![Instance { chart: root.clone(), key: String::new(), parent: None, children: Vec::new() }];
        let mut next = 0;
        while next < charts.len() {
            let chart = charts[next].chart.clone();
            for Dependency { name, chart, .. } in &chart.dependencies {
                let child = charts.len();
                charts[next].children.push(child);
                charts.push(Instance {
                    chart: chart.clone(),
                    key: name.clone(),
                    parent: Some(next),
                    children: Vec::new(),
                });
            }
            next += 1;
        }
        Self { charts }
    }

    /// The keys from the root's values to a chart's.
    pub(super) fn values_path(&self, index: usize) -> Vec<&str> {
        let mut path = Vec::new();
        let mut at = index;
        while let Some(parent) = self.charts[at].parent {
            path.push(self.charts[at].key.as_str());
            at = parent;
        }
        path.reverse();
        path
    }

    /// The name the engine knows a template by.
    pub(super) fn name(chart: usize, path: &str) -> String {
        format!("@{chart}/{path}")
    }

    /// The chart and template a name stands for.
    pub(super) fn template(&self, name: &str) -> Option<(usize, &Template)> {
        let (index, path) = Self::split(name)?;
        let chart = &self.charts.get(index)?.chart;
        chart.templates.iter().find(|template| template.path == path).map(|template| (index, template))
    }

    fn split(name: &str) -> Option<(usize, &str)> {
        let (index, path) = name.strip_prefix('@')?.split_once('/')?;
        Some((index.parse().ok()?, path))
    }

    /// Finds what `wanted` means inside the template `from`.
    pub(super) fn find(&self, wanted: &str, from: &str) -> Option<String> {
        let (index, path) = Self::split(from)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for base in ["templates", folder] {
            if let Some(name) = normalize(base, wanted).and_then(|path| self.existing(index, &path)) {
                return Some(name);
            }
        }
        let (dependency, rest) = wanted.split_once('/')?;
        let path = normalize("templates", rest)?;
        self.reachable(index, dependency).into_iter().find_map(|chart| self.existing(chart, &path))
    }

    /// Charts a first path component can mean, nearest first: dependencies of this chart, then of its
    /// parents, then the parents themselves, then any chart of the tree, because Helm shares all
    /// partials.
    fn reachable(&self, index: usize, name: &str) -> Vec<usize> {
        let called = |index: &usize| self.charts[*index].key == name || self.charts[*index].chart.name == name;
        let mut found = Vec::new();
        let mut at = Some(index);
        while let Some(current) = at {
            found.extend(self.charts[current].children.iter().copied().filter(called));
            found.extend(Some(current).filter(called));
            at = self.charts[current].parent;
        }
        found.extend((0..self.charts.len()).filter(called));
        found
    }

    fn existing(&self, chart: usize, path: &str) -> Option<String> {
        let chart_templates = &self.charts[chart].chart.templates;
        chart_templates.iter().any(|template| template.path == path).then(|| Self::name(chart, path))
    }

    /// Every name a template of this chart could include, as it would be written there.
    pub(super) fn candidates(&self, from: &str) -> Vec<String> {
        let here = Self::split(from).map_or(0, |(index, _)| index);
        let mut names = Vec::new();
        for (index, instance) in self.charts.iter().enumerate() {
            for template in &instance.chart.templates {
                let path = template.path.strip_prefix("templates/").unwrap_or(&template.path);
                if index == here {
                    names.push(path.to_owned());
                } else {
                    let chart = if instance.key.is_empty() { &instance.chart.name } else { &instance.key };
                    names.push(format!("{chart}/{path}"));
                }
            }
        }
        names
    }
}

/// Joins two paths; `None` when the result leaves the chart.
fn normalize(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
