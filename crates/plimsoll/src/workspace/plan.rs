//! The plan: what stands in each environment, and from which files it comes.
//!
//! Here are its types, and the parts that concern a whole environment: inheritance, plain manifests,
//! externals. Releases are in `expand`, input without `plimsoll.yaml` in `plain`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::align::{Align, Move};
use super::config::Config;
use super::decode::location;
use super::environment::{Environment, NEWEST_KUBERNETES, chain};
use super::external::External;
use super::layer::LayerSource;
use super::pattern::{Escape, Pattern, Scope, Unbound};
use super::tier::Tier;
use super::tree::{Find, Tree, is_candidate};
use crate::Note;
use crate::files::{EntryKind, Files};
use crate::nearest::suggest;
use crate::problems::Problems;
use crate::yaml::Mark;
use crate::{Error, ErrorKind, Location, Result};

/// Everything that is to be rendered and checked.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The environments, in written order; inferred ones in the order in which things are promoted.
    pub environments: Vec<EnvironmentPlan>,
    /// Which namespaces of different environments are the same one.
    pub align: Align,
    /// Whether the caller named the environments, and nothing that was found did: there may be others.
    pub named: bool,
    /// What could not be planned; everything else was.
    pub errors: Vec<Error>,
    /// What a person may want to know.
    pub notes: Vec<Note>,
}

/// What stands in one environment.
#[derive(Debug, Clone)]
pub struct EnvironmentPlan {
    /// The environment.
    pub environment: Arc<Environment>,
    /// Its releases, in written order; those of one entry sorted by folder, or in the order of the list.
    pub releases: Vec<PlannedRelease>,
    /// Its plain manifests.
    pub manifests: Vec<ManifestFile>,
    /// What exists beside them.
    pub external: External,
}

/// A chart under a name in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRelease {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The name by which the namespace is known in every environment.
    pub logical_namespace: Arc<str>,
    /// The directory or `.tgz` archive of its chart.
    pub chart: Arc<str>,
    /// The team that owns it.
    pub team: Option<Arc<str>>,
    /// Its values above the chart's own, lowest first.
    pub layers: Vec<Arc<LayerSource>>,
    /// Where it is declared, if anywhere.
    pub location: Option<Location>,
    /// The item of a values file it was made from, if any.
    pub item: Option<Location>,
    /// Whether the workspace says that it stands in some environments only.
    pub partial: bool,
    /// Whether a values file it needs is missing: what else is said of it may follow from that.
    pub incomplete: bool,
}

/// A file of plain manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// The file.
    pub file: Arc<str>,
    /// The namespace of objects that name none.
    pub namespace: Option<Arc<str>>,
    /// How it was found.
    pub origin: Origin,
}

/// How a file was found: what is no Kubernetes object is an error in a named file, a note in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Somebody wrote its name.
    Named,
    /// It lay in a directory, or matched a glob.
    Scanned,
}

impl Plan {
    /// Keeps only the environments of these names; an empty list keeps all.
    pub fn select<S: AsRef<str>>(&mut self, names: &[S]) -> Result<()> {
        for name in names.iter().map(AsRef::as_ref) {
            let known: Vec<&str> = self.environments.iter().map(|plan| &*plan.environment.name).collect();
            if !known.contains(&name) {
                let help = suggest(name, known);
                return Err(
                    Error::new(ErrorKind::Argument, format!("there is no environment `{name}`")).with_help(help)
                );
            }
        }
        if !names.is_empty() {
            self.environments.retain(|plan| names.iter().any(|name| name.as_ref() == &*plan.environment.name));
        }
        Ok(())
    }

    /// The plan of one environment.
    pub fn environment(&self, name: &str) -> Option<&EnvironmentPlan> {
        self.environments.iter().find(|plan| &*plan.environment.name == name)
    }
}

/// Plans a workspace that `plimsoll.yaml` describes.
pub(super) struct Planner<'a> {
    pub(super) config: &'a Config,
    pub(super) tree: Tree<'a>,
    pub(super) problems: Problems,
    pub(super) environments: Vec<Arc<Environment>>,
    /// For each environment itself and those it extends, nearest first.
    pub(super) chains: Vec<Vec<usize>>,
    /// The environment whose namespaces give releases their logical ones.
    pub(super) reference: Option<usize>,
    /// By file, so that equal sources are one allocation.
    pub(super) layers: HashMap<Arc<str>, Vec<Arc<LayerSource>>>,
    pub(super) moves: BTreeSet<Move>,
    /// For each path that may be absent: the text, and whether it was ever there.
    optional: BTreeMap<Mark, (Arc<str>, bool)>,
}

pub(super) fn plan(files: &Files, config: &Config, kubernetes: Option<&Arc<str>>, problems: Problems) -> Plan {
    let environments = resolve(config, kubernetes);
    let production = environments.iter().position(|environment| environment.tier == Tier::Production);
    let mut planner = Planner {
        config,
        tree: Tree::new(files),
        problems,
        chains: (0..environments.len()).map(|at| chain(&config.environments, at)).collect(),
        reference: production.or((!environments.is_empty()).then_some(0)),
        environments,
        layers: HashMap::new(),
        moves: BTreeSet::new(),
        optional: BTreeMap::new(),
    };
    let mut plans: Vec<EnvironmentPlan> = (0..planner.environments.len()).map(|at| planner.environment(at)).collect();
    if plans.is_empty() && planner.problems.is_empty() {
        let error = Error::new(ErrorKind::Workspace, "the workspace has no environments")
            .with_location(Location::file(config.file.clone()))
            .with_help("add `environments`, for instance `{production: {tier: production}}`");
        planner.problems.add(error);
    }
    planner.finish_optional();
    let reference = planner.reference.map(|at| planner.environments[at].name.clone());
    let align = Align::new(&planner.environments, config.align.as_ref(), reference.as_deref(), &planner.moves);
    align_releases(&align, &mut plans);
    let (errors, notes) = planner.problems.finish();
    Plan { environments: plans, align, named: false, errors, notes }
}

/// Fills in the logical namespaces of all releases, which so far are those of the environment that names are taken
/// from.
pub(super) fn align_releases(align: &Align, plans: &mut [EnvironmentPlan]) {
    for plan in plans {
        let mut known: HashMap<(Arc<str>, Arc<str>), Arc<str>> = HashMap::new();
        for release in &mut plan.releases {
            let (here, there) = (release.namespace.clone(), release.logical_namespace.clone());
            let logical = || align.of_release(&plan.environment.name, &here, &there).into();
            release.logical_namespace = known.entry((here.clone(), there.clone())).or_insert_with(logical).clone();
        }
    }
}

/// Environments with what they inherit: variables and the version of Kubernetes come with `extends`.
fn resolve(config: &Config, kubernetes: Option<&Arc<str>>) -> Vec<Arc<Environment>> {
    let all = &config.environments;
    let value = |text: &Option<super::decode::Text>| text.as_ref().map(|text| text.value.clone());
    let resolved = all.iter().enumerate().map(|(at, environment)| {
        let chain = chain(all, at);
        let inherited = || chain.iter().find_map(|at| value(&all[*at].kubernetes));
        let mut vars = BTreeMap::new();
        for at in chain.iter().rev() {
            vars.extend(all[*at].vars.clone());
        }
        Arc::new(Environment {
            name: environment.name.value.clone(),
            tier: environment.tier,
            kubernetes: kubernetes.cloned().or_else(inherited).unwrap_or_else(|| NEWEST_KUBERNETES.into()),
            vars,
            extends: value(&environment.extends),
            mirrors: value(&environment.mirrors),
            cluster: value(&environment.cluster),
            foreign: environment.foreign.iter().map(|glob| glob.value.clone()).collect(),
            location: Some(config.location(environment.name.mark)),
        })
    });
    resolved.collect()
}

impl Planner<'_> {
    fn environment(&mut self, at: usize) -> EnvironmentPlan {
        let environment = self.environments[at].clone();
        let config = self.config;
        let mut manifests = Vec::new();
        for entry in &config.environments[at].manifests {
            let scope = Scope::of(&environment);
            let namespace = match entry.namespace.as_ref().map(|pattern| pattern.expand(&scope, Escape::Nothing)) {
                Some(Err(unbound)) => {
                    let mark = entry.namespace.as_ref().map_or(entry.path.mark, |pattern| pattern.mark);
                    self.fail(&environment, mark, unbound.message, unbound.help);
                    None
                }
                Some(Ok(namespace)) => Some(namespace.into()),
                None => None,
            };
            self.manifests(&environment, &entry.path, namespace.as_ref(), &mut manifests);
        }
        let external = self.external(&environment);
        let releases = self.releases(at);
        EnvironmentPlan { environment, releases, manifests, external }
    }

    fn external(&mut self, environment: &Arc<Environment>) -> External {
        let mut external = External::default();
        for entry in &self.config.external {
            let here = |names: &Vec<super::decode::Text>| names.iter().any(|name| name.value == environment.name);
            if entry.environments.as_ref().is_none_or(here) {
                external.extend(entry);
                for path in &entry.manifests {
                    self.manifests(environment, path, None, &mut external.manifests);
                }
            }
        }
        external
    }

    /// Adds the files that a path, a directory or a glob of manifests means.
    fn manifests(
        &mut self,
        environment: &Arc<Environment>,
        pattern: &Pattern,
        namespace: Option<&Arc<str>>,
        into: &mut Vec<ManifestFile>,
    ) {
        let scope = Scope::of(environment);
        let Some(plain) = self.path(environment, pattern, &scope) else { return };
        let (found, origin) = match self.tree.kind(&plain, &mut self.problems) {
            Some(EntryKind::File) => (vec![plain.clone()], Origin::Named),
            Some(EntryKind::Directory) => {
                let scan = self.tree.scan(&plain, &mut self.problems);
                scan.charts.iter().for_each(|chart| self.note_chart(pattern, chart));
                (scan.manifests, Origin::Scanned)
            }
            None => (self.manifest_glob(environment, pattern, &scope), Origin::Scanned),
        };
        let found_any = !found.is_empty();
        self.seen(pattern, found_any);
        if !found_any && !pattern.optional {
            let help = "correct the path, or let it end in `?` if it may be absent";
            self.fail(environment, pattern.mark, format!("`{plain}` leads to no manifests"), help);
        }
        let known: HashSet<Arc<str>> = into.iter().map(|manifest| manifest.file.clone()).collect();
        let fresh = found.into_iter().filter(|file| !known.contains(file.as_str()));
        into.extend(fresh.map(|file| ManifestFile { file: file.into(), namespace: namespace.cloned(), origin }));
    }

    fn manifest_glob(&mut self, environment: &Arc<Environment>, pattern: &Pattern, scope: &Scope<'_>) -> Vec<String> {
        let Ok(glob) = pattern.expand(scope, Escape::Glob) else { return Vec::new() };
        let found = match self.tree.glob(glob.trim_start_matches("./"), Find::Files, &mut self.problems) {
            Ok(found) => found,
            Err(why) => {
                let message = format!("`{glob}` is no glob: {why}");
                self.fail(environment, pattern.mark, message, "`*` matches within a folder, `**` across folders");
                return Vec::new();
            }
        };
        let mut kept = Vec::new();
        for file in found.iter().filter(|file| is_candidate(file)) {
            let folders = file.match_indices('/').map(|(at, _)| &file[..at]);
            let chart = folders.into_iter().find(|folder| self.tree.is_chart(folder, &mut self.problems));
            match chart {
                Some(chart) => self.note_chart(pattern, chart),
                None => kept.push(file.clone()),
            }
        }
        kept
    }

    fn note_chart(&mut self, pattern: &Pattern, chart: &str) {
        let text = format!("`{chart}` is a chart and was passed over; list it under `releases` to have it rendered");
        self.problems.note(text, Some(self.config.location(pattern.mark)));
    }

    /// A path with its placeholders filled in, below the root; nothing if it has none here.
    pub(super) fn path(
        &mut self,
        environment: &Arc<Environment>,
        pattern: &Pattern,
        scope: &Scope<'_>,
    ) -> Option<String> {
        match pattern.expand(scope, Escape::Nothing) {
            Ok(text) => match Files::join("", &text) {
                Ok(path) => Some(path),
                Err(error) => {
                    let error = error.with_location(self.config.location(pattern.mark));
                    self.problems.add_in(&environment.name, error);
                    None
                }
            },
            Err(unbound) => {
                self.unbound(environment, pattern, unbound, None);
                None
            }
        }
    }

    /// Complains about a placeholder, unless it is why an optional path is absent.
    pub(super) fn unbound(
        &mut self,
        environment: &Arc<Environment>,
        pattern: &Pattern,
        unbound: Unbound,
        item: Option<&Location>,
    ) {
        if pattern.optional && unbound.absent {
            self.seen(pattern, false);
            return;
        }
        let at = item.filter(|_| unbound.at_item).cloned().unwrap_or_else(|| self.config.location(pattern.mark));
        let error = Error::new(ErrorKind::Workspace, unbound.message).with_location(at).with_help(unbound.help);
        self.problems.add_in(&environment.name, error);
    }

    pub(super) fn fail(
        &mut self,
        environment: &Arc<Environment>,
        mark: Mark,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let error =
            Error::new(ErrorKind::Workspace, message).with_location(location(&self.config.file, mark)).with_help(help);
        self.problems.add_in(&environment.name, error);
    }

    /// Remembers whether something that may be absent was there.
    pub(super) fn seen(&mut self, pattern: &Pattern, there: bool) {
        if pattern.optional {
            self.seen_at(pattern.mark, &pattern.text, there);
        }
    }

    pub(super) fn seen_at(&mut self, mark: Mark, text: &Arc<str>, there: bool) {
        self.optional.entry(mark).or_insert_with(|| (text.clone(), false)).1 |= there;
    }

    fn finish_optional(&mut self) {
        for (mark, (text, there)) in std::mem::take(&mut self.optional) {
            if !there {
                let error =
                    Error::new(ErrorKind::Workspace, format!("`{text}` is there in no environment and no release"))
                        .with_location(self.config.location(mark))
                        .with_help("what may be absent must be there at least once; correct it, or take it out");
                self.problems.add(error);
            }
        }
    }
}
