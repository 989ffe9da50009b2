//! Input without `plimsoll.yaml`: charts, directories and files of manifests.
//!
//! Environments come from well-known names ([`infer`](super::infer)) and are otherwise one, `default`,
//! as strict as production. A directory with charts in it is as many releases; what lies beside
//! environment folders stands in every environment.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::OpenOptions;
use super::align::{Align, AlignPattern};
use super::decode::Marked;
use super::environment::{Environment, NEWEST_KUBERNETES};
use super::expand::{is_archive, unpacked};
use super::external::External;
use super::infer::{chart_values, folders, in_order, known_tier};
use super::layer::{LayerSource, Part};
use super::plan::{EnvironmentPlan, ManifestFile, Origin, Plan, PlannedRelease, align_releases};
use super::tier::Tier;
use super::tree::{Scan, Tree, below};
use crate::files::{EntryKind, Files};
use crate::problems::Problems;
use crate::values::LayerKind;
use crate::yaml::Mark;
use crate::{Error, ErrorKind, Location};

/// What was found at one path.
#[derive(Debug, Default)]
struct Found {
    /// In every environment.
    shared: Content,
    /// In one.
    own: BTreeMap<String, Content>,
}

#[derive(Debug, Default)]
struct Content {
    manifests: Vec<(String, Origin)>,
    charts: Vec<String>,
}

impl Content {
    fn add(&mut self, scan: Scan) {
        self.manifests.extend(scan.manifests.into_iter().map(|file| (file, Origin::Scanned)));
        self.charts.extend(scan.charts);
    }
}

struct Chart {
    path: String,
    name: String,
    values: BTreeMap<String, Vec<String>>,
}

/// Plans the input at `paths`, which are files and directories below the root.
pub(super) fn plan(files: &Files, paths: &[String], options: &OpenOptions) -> Plan {
    let mut tree = Tree::new(files);
    let mut problems = Problems::default();
    let mut found = Found::default();
    for path in paths {
        look(&mut tree, path, &mut found, &mut problems);
    }
    let everything = std::iter::once(&found.shared).chain(found.own.values());
    let paths: BTreeSet<String> = everything.flat_map(|content| content.charts.iter().cloned()).collect();
    let charts = read_charts(&mut tree, &paths, &mut problems);
    // A chart in an environment's own folder stands there only, so its values name no further ones.
    let mut inferred: BTreeSet<String> = found.own.keys().cloned().collect();
    let shared: HashSet<&String> = found.shared.charts.iter().collect();
    for chart in charts.iter().filter(|chart| shared.contains(&chart.path)) {
        inferred.extend(chart.values.keys().cloned());
    }
    let is_named = inferred.is_empty() && !options.environments.is_empty();
    let names = if inferred.is_empty() { named(options) } else { in_order(&inferred) };
    let mut layers = HashMap::new();
    let mut environments = Vec::new();
    for name in names {
        let tier = known_tier(&name).filter(|_| !inferred.is_empty());
        let environment = environment(&name, tier, options);
        environments.push(in_environment(environment, &found, &charts, options, &mut layers));
    }
    if environments.iter().all(|plan| plan.manifests.is_empty() && plan.releases.is_empty()) && problems.is_empty() {
        nothing(paths.is_empty(), &mut problems);
    }
    // A folder for each environment usually means a namespace for each.
    let pattern = (!found.own.is_empty()).then_some("{prefix}-{environment}");
    let pattern = pattern.and_then(|text| AlignPattern::parse(&Marked { value: text.into(), mark: Mark::default() }));
    let all: Vec<Arc<Environment>> = environments.iter().map(|plan| plan.environment.clone()).collect();
    let align = Align::new(&all, pattern.as_ref(), None, &BTreeSet::new());
    align_releases(&align, &mut environments);
    let (errors, notes) = problems.finish();
    Plan { environments, align, named: is_named, errors, notes }
}

fn nothing(no_charts: bool, problems: &mut Problems) {
    if no_charts {
        let error = Error::new(ErrorKind::Argument, "there is nothing to check here")
            .with_help("name a workspace (plimsoll.yaml), a chart (Chart.yaml), or a file or directory of manifests");
        problems.add(error);
    }
}

fn look(tree: &mut Tree<'_>, path: &str, found: &mut Found, problems: &mut Problems) {
    match tree.kind(path, problems) {
        None => {
            let error = Error::new(ErrorKind::File, format!("`{path}` does not exist"));
            problems.add(error.with_location(Location::file(path)));
        }
        Some(EntryKind::File) if is_archive(path) => found.shared.charts.push(path.to_owned()),
        Some(EntryKind::File) => found.shared.manifests.push((path.to_owned(), Origin::Named)),
        Some(EntryKind::Directory) if tree.is_chart(path, problems) => found.shared.charts.push(path.to_owned()),
        Some(EntryKind::Directory) => match folders(tree, path, problems) {
            None => {
                let scan = tree.scan(path, problems);
                found.shared.add(scan);
            }
            Some(environments) => {
                let listing = tree.list(path, problems);
                let beside =
                    listing.iter().filter(|(name, kind)| **kind == EntryKind::File && super::tree::is_candidate(name));
                found.shared.manifests.extend(beside.map(|(name, _)| (below(path, name), Origin::Scanned)));
                for (name, folders) in environments {
                    let own = found.own.entry(name).or_default();
                    for folder in folders {
                        own.add(tree.scan(&folder, problems));
                    }
                }
            }
        },
    }
}

/// Names releases after their charts, and by their path where two charts share a name.
fn read_charts(tree: &mut Tree<'_>, paths: &BTreeSet<String>, problems: &mut Problems) -> Vec<Chart> {
    let mut charts = Vec::new();
    let mut names = HashSet::new();
    for path in paths {
        let last = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("release");
        let mut name = last.to_owned();
        let mut values = BTreeMap::new();
        if is_archive(path) {
            archive_name(last).clone_into(&mut name);
        } else {
            // What is wrong with the metadata is the chart loader's to say.
            let mut ignored = Problems::default();
            if let Some(metadata) = tree.document(&below(path, "Chart.yaml"), ErrorKind::Chart, &mut ignored) {
                if metadata.str_at(&["type"]) == Some("library") && paths.len() > 1 {
                    let text = format!("`{path}` is a library chart: by itself it renders nothing");
                    problems.note(text, Some(Location::file(below(path, "Chart.yaml"))));
                    continue;
                }
                name = metadata.str_at(&["name"]).map_or(name, str::to_owned);
            }
            values = chart_values(tree, path, problems);
        }
        if !names.insert(name.clone()) {
            name = path.replace('/', "-");
            names.insert(name.clone());
        }
        charts.push(Chart { path: path.clone(), name, values });
    }
    charts
}

/// The chart's name in the file name `name-1.2.3.tgz`.
fn archive_name(file: &str) -> &str {
    let stem = unpacked(file);
    let version = stem.match_indices('-').find(|(at, _)| stem[at + 1..].starts_with(|l: char| l.is_ascii_digit()));
    version.map_or(stem, |(at, _)| &stem[..at])
}

/// The environments that plain input is said to be for.
fn named(options: &OpenOptions) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in &options.environments {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() { vec!["default".to_owned()] } else { names }
}

fn environment(name: &str, inferred: Option<Tier>, options: &OpenOptions) -> Arc<Environment> {
    let tier = inferred.or(options.tier).or_else(|| known_tier(name)).unwrap_or(Tier::Production);
    let kubernetes = options.kubernetes.as_deref().unwrap_or(NEWEST_KUBERNETES);
    Arc::new(Environment::inferred(name, tier, kubernetes))
}

fn in_environment(
    environment: Arc<Environment>,
    found: &Found,
    charts: &[Chart],
    options: &OpenOptions,
    layers: &mut HashMap<String, Arc<LayerSource>>,
) -> EnvironmentPlan {
    let name = &*environment.name;
    let namespace: Option<Arc<str>> = options.namespace.as_deref().map(Into::into);
    let contents = || std::iter::once(&found.shared).chain(found.own.get(name));
    let here: HashSet<&String> = contents().flat_map(|content| &content.charts).collect();
    let mut releases = Vec::new();
    for chart in charts.iter().filter(|chart| here.contains(&chart.path)) {
        let values = chart.values.get(name).map_or(&[][..], Vec::as_slice);
        let source = |file: &String| {
            let shared = layers.entry(file.clone()).or_insert_with(|| {
                let file = file.as_str().into();
                Arc::new(LayerSource { kind: LayerKind::ReleaseEnvironment, file, part: Part::Whole })
            });
            shared.clone()
        };
        let namespace = namespace.clone().unwrap_or_else(|| "default".into());
        releases.push(PlannedRelease {
            name: chart.name.as_str().into(),
            logical_namespace: namespace.clone(),
            namespace,
            chart: chart.path.as_str().into(),
            team: None,
            layers: values.iter().map(source).collect(),
            location: None,
            item: None,
            partial: false,
            incomplete: false,
        });
    }
    let mut seen = HashSet::new();
    let mut manifests = Vec::new();
    for (file, origin) in contents().flat_map(|content| &content.manifests) {
        if seen.insert(file) {
            manifests.push(ManifestFile { file: file.as_str().into(), namespace: namespace.clone(), origin: *origin });
        }
    }
    EnvironmentPlan { environment, releases, manifests, external: External::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_without_their_version() {
        assert_eq!(archive_name("cart-1.2.3.tgz"), "cart");
        assert_eq!(archive_name("redis-ha-4.0.tar.gz"), "redis-ha");
        assert_eq!(archive_name("x.tgz"), "x");
    }
}
