//! From an entry of `releases` to the releases of one environment and their layers.

use std::collections::HashMap;
use std::sync::Arc;

use super::align::Move;
use super::decode::pointer;
use super::each::Binding;
use super::environment::Environment;
use super::layer::{LayerSource, Part, ValuesEntry};
use super::pattern::{Escape, Pattern, Scope};
use super::plan::{PlannedRelease, Planner};
use super::release::{PerEnvironment, ReleaseConfig};
use crate::files::{EntryKind, Files};
use crate::values::LayerKind;
use crate::yaml::Mark;
use crate::{Error, ErrorKind, Location};

impl Planner<'_> {
    pub(super) fn releases(&mut self, at: usize) -> Vec<PlannedRelease> {
        let environment = self.environments[at].clone();
        let chain: Vec<Arc<Environment>> = self.chains[at].iter().map(|at| self.environments[*at].clone()).collect();
        let names: Vec<&str> = chain.iter().map(|environment| &*environment.name).collect();
        let mut planned: Vec<PlannedRelease> = Vec::new();
        let mut taken: HashMap<(Arc<str>, Arc<str>), Location> = HashMap::new();
        let config = self.config;
        for release in config.releases.iter().filter(|release| release.applies(&names)) {
            for binding in self.bindings(&environment, &chain, release) {
                let Some(next) = self.release(&environment, &chain, release, &binding) else { continue };
                let place = next.item.clone().unwrap_or_else(|| config.location(release.mark));
                let key = (next.namespace.clone(), next.name.clone());
                if let Some(first) = taken.get(&key) {
                    let message =
                        format!("there are two releases `{}` in the namespace `{}`", next.name, next.namespace);
                    let error = Error::new(ErrorKind::Workspace, message)
                        .with_location(place)
                        .with_help(format!("the other one is at {first}; give one another name or namespace"));
                    self.problems.add_in(&environment.name, error);
                    continue;
                }
                taken.insert(key, place);
                planned.push(next);
            }
        }
        planned
    }

    fn release(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        release: &ReleaseConfig,
        binding: &Binding,
    ) -> Option<PlannedRelease> {
        let names = || chain.iter().map(|environment| &*environment.name);
        let scope = binding.scope(environment);
        let name = self.scalar(environment, &release.name, names(), &scope, binding, "name");
        let name = name.and_then(|(name, mark)| self.valid_name(environment, name, mark));
        let scope = Scope { release: name.as_deref(), ..scope };
        let chart = self.scalar(environment, &release.chart, names(), &scope, binding, "chart");
        let chart = chart.and_then(|(chart, mark)| self.chart(environment, &chart, mark));
        // Name and chart are checked both before giving up, so that one run says all.
        let (name, chart) = (name.as_ref()?, chart?);
        let scope = Scope { release: Some(name), chart: Some(chart_name(&chart)), ..scope };
        let (namespace, there) = self.namespace(environment, chain, release, &scope, binding)?;
        let team = match release.team.as_ref().and_then(|team| team.of(names())) {
            Some(pattern) => match pattern.expand(&scope, Escape::Nothing) {
                Ok(team) => Some(team.into()),
                // Not every item of a list has a team.
                Err(unbound) if unbound.absent && unbound.at_item => None,
                Err(unbound) => {
                    self.unbound(environment, pattern, unbound, binding.location());
                    None
                }
            },
            None => None,
        };
        let (layers, incomplete) = self.layers(environment, chain, release, binding, &scope);
        Some(PlannedRelease {
            name: name.as_str().into(),
            logical_namespace: there,
            namespace,
            chart: chart.as_str().into(),
            team,
            layers,
            location: Some(self.config.location(release.mark)),
            item: binding.location().cloned(),
            partial: release.is_partial(),
            incomplete,
        })
    }

    fn scalar<'c>(
        &mut self,
        environment: &Arc<Environment>,
        scalar: &PerEnvironment,
        names: impl Iterator<Item = &'c str>,
        scope: &Scope<'_>,
        binding: &Binding,
        what: &str,
    ) -> Option<(String, Mark)> {
        let Some(pattern) = scalar.of(names) else {
            let message = format!("the release has no {what} for the environment `{}`", environment.name);
            self.fail(environment, scalar.mark, message, format!("add `{}` or `default`", environment.name));
            return None;
        };
        match pattern.expand(scope, Escape::Nothing) {
            Ok(text) => Some((text, pattern.mark)),
            Err(unbound) => {
                self.unbound(environment, pattern, unbound, binding.location());
                None
            }
        }
    }

    fn valid_name(&mut self, environment: &Arc<Environment>, name: String, mark: Mark) -> Option<String> {
        // Helm's own rule: pkg/chart/common/util (ValidateReleaseName), 53 characters.
        if name.len() <= 53 && name.split('.').all(is_label) {
            return Some(name);
        }
        let help = "lower-case letters, digits and `-`, at most 53, beginning and ending in a letter or digit";
        self.fail(environment, mark, format!("`{name}` is no name for a release"), help);
        None
    }

    fn chart(&mut self, environment: &Arc<Environment>, chart: &str, mark: Mark) -> Option<String> {
        if chart.contains("://") {
            let help = "fetch the chart into the workspace and name its directory or archive";
            self.fail(environment, mark, format!("the chart `{chart}` is not in the workspace"), help);
            return None;
        }
        let path = match Files::join("", chart) {
            Ok(path) => path,
            Err(error) => {
                let error = error.with_location(self.config.location(mark));
                self.problems.add_in(&environment.name, error);
                return None;
            }
        };
        let kind = self.tree.kind(&path, &mut self.problems);
        if self.tree.is_chart(&path, &mut self.problems) || (kind == Some(EntryKind::File) && is_archive(&path)) {
            return Some(path);
        }
        let (message, help) = if kind == Some(EntryKind::Directory) {
            (format!("`{path}` is no chart: it holds no Chart.yaml"), "name the directory that holds it".to_owned())
        } else if kind == Some(EntryKind::File) {
            let help = "name the directory that holds Chart.yaml, or a .tgz archive".to_owned();
            (format!("`{path}` is a file, not a chart"), help)
        } else {
            let nearest = self.tree.nearest(&path, &mut self.problems);
            let help = nearest.map(|near| format!("did you mean `{near}`?"));
            (
                format!("there is no chart at `{path}`"),
                help.unwrap_or_else(|| "paths begin at plimsoll.yaml".to_owned()),
            )
        };
        self.fail(environment, mark, message, help);
        None
    }

    /// The namespace, and that of the reference environment; where it is another one, the move is remembered.
    fn namespace(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        release: &ReleaseConfig,
        scope: &Scope<'_>,
        binding: &Binding,
    ) -> Option<(Arc<str>, Arc<str>)> {
        let names: Vec<&str> = chain.iter().map(|environment| &*environment.name).collect();
        let Some(pattern) = namespace_pattern(release, &names) else {
            if let Some(scalar) = &release.namespace {
                self.scalar(environment, scalar, names.into_iter(), scope, binding, "namespace");
                return None;
            }
            return Some(("default".into(), "default".into()));
        };
        let namespace: Arc<str> = match pattern.expand(scope, Escape::Nothing) {
            Ok(namespace) => namespace.into(),
            Err(unbound) => {
                self.unbound(environment, pattern, unbound, binding.location());
                return None;
            }
        };
        if namespace.len() > 63 || !is_label(&namespace) {
            let help = "lower-case letters, digits and `-`, at most 63, beginning and ending in a letter or digit";
            self.fail(environment, pattern.mark, format!("`{namespace}` is no name for a namespace"), help);
            return None;
        }
        if let Some(at) = self.reference {
            let reference = self.environments[at].clone();
            let names: Vec<&str> = self.chains[at].iter().map(|at| &*self.environments[*at].name).collect();
            let there = namespace_pattern(release, &names)
                .and_then(|pattern| pattern.expand(&scope.within(&reference), Escape::Nothing).ok());
            if let Some(there) = there.filter(|there| **there != *namespace) {
                let (environment, there): (_, Arc<str>) = (environment.name.clone(), there.into());
                self.moves.insert(Move { environment, actual: namespace.clone(), logical: there.clone() });
                return Some((namespace, there));
            }
        }
        Some((namespace.clone(), namespace))
    }

    /// Every source of values in order, and whether one that must be there is missing.
    fn layers(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        release: &ReleaseConfig,
        binding: &Binding,
        scope: &Scope<'_>,
    ) -> (Vec<Arc<LayerSource>>, bool) {
        let config = self.config;
        let mut stack = Stack { kind: LayerKind::Workspace, layers: Vec::new(), incomplete: false };
        // What an extended environment has comes first, within each layer.
        let lowest_first: Vec<&Arc<Environment>> = chain.iter().rev().collect();
        for entry in &config.values {
            self.entry(environment, &lowest_first, entry, binding, scope, &mut stack);
        }
        stack.kind = LayerKind::Release;
        for entry in &release.values {
            self.entry(environment, &lowest_first, entry, binding, scope, &mut stack);
        }
        stack.kind = LayerKind::Environment;
        for link in &lowest_first {
            let own = config.environments.iter().find(|own| own.name.value == link.name);
            for entry in own.map_or(&[][..], |own| &own.values) {
                self.entry(environment, &[link], entry, binding, scope, &mut stack);
            }
        }
        stack.kind = LayerKind::ReleaseEnvironment;
        for link in &lowest_first {
            let own = release.environments.get(&link.name);
            for entry in own.map_or(&[][..], |own| &own.values) {
                self.entry(environment, &[link], entry, binding, scope, &mut stack);
            }
        }
        (stack.layers, stack.incomplete)
    }

    /// One entry, looked for in each environment of `links` in turn; one of them must have it.
    fn entry(
        &mut self,
        environment: &Arc<Environment>,
        links: &[&Arc<Environment>],
        entry: &ValuesEntry,
        binding: &Binding,
        scope: &Scope<'_>,
        stack: &mut Stack,
    ) {
        let (pattern, part) = match entry {
            ValuesEntry::Path(pattern) => (pattern, Part::Whole),
            ValuesEntry::Pick { file, pick } => (file, Part::Pick(pick.clone())),
            ValuesEntry::Item { path, mark } => return self.member(environment, path, *mark, binding, stack),
        };
        let mut there = false;
        let mut wanted: Option<String> = None;
        for link in links {
            let scope = scope.within(link);
            let path = match pattern.expand(&scope, Escape::Nothing) {
                Ok(path) => path,
                Err(unbound) => {
                    stack.incomplete |= !(pattern.optional && unbound.absent);
                    self.unbound(environment, pattern, unbound, binding.location());
                    return;
                }
            };
            if wanted.as_ref() == Some(&path) {
                continue;
            }
            let joined = match Files::join("", &path) {
                Ok(joined) => joined,
                Err(error) => {
                    self.problems.add_in(&environment.name, error.with_location(self.config.location(pattern.mark)));
                    stack.incomplete = true;
                    return;
                }
            };
            if self.tree.is_file(&joined, &mut self.problems) {
                there = true;
                let source = LayerSource { kind: stack.kind, file: joined.into(), part: part.clone() };
                stack.layers.push(self.intern(source));
            }
            wanted = Some(path);
        }
        self.seen(pattern, there);
        if !there && !pattern.optional {
            stack.incomplete = true;
            self.missing_file(environment, pattern, &wanted.unwrap_or_default());
        }
    }

    /// A member of the item as a layer; an item may be without it, but not all of them.
    fn member(
        &mut self,
        environment: &Arc<Environment>,
        path: &[String],
        mark: Mark,
        binding: &Binding,
        stack: &mut Stack,
    ) {
        let Some(item) = &binding.item else {
            self.fail(
                environment,
                mark,
                "there is no item to take values from",
                "only `each: {file: …, at: …}` makes items",
            );
            return;
        };
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let member = item.node().and_then(|node| node.at(&keys)).filter(|node| !node.is_null());
        self.seen_at(mark, &format!("item: {}", path.join(".")).into(), member.is_some());
        if member.is_some() {
            let part = Part::Subtree(format!("{}{}", item.pointer, pointer(keys)).into());
            let source = LayerSource { kind: stack.kind, file: item.file.clone(), part };
            stack.layers.push(self.intern(source));
        }
    }

    /// One allocation for equal sources. A part of a list belongs to one item and is not looked for.
    fn intern(&mut self, source: LayerSource) -> Arc<LayerSource> {
        if matches!(source.part, Part::Subtree(_)) {
            return Arc::new(source);
        }
        let known = self.layers.entry(source.file.clone()).or_default();
        if let Some(known) = known.iter().find(|known| ***known == source) {
            return known.clone();
        }
        let shared = Arc::new(source);
        known.push(shared.clone());
        shared
    }

    pub(super) fn missing_file(&mut self, environment: &Arc<Environment>, pattern: &Pattern, path: &str) {
        let nearest = self.tree.nearest(path, &mut self.problems).filter(|near| near != path);
        let help = match nearest {
            Some(near) => format!("did you mean `{near}`? A path that may be absent ends in `?`"),
            None => "create the file, or let the path end in `?` if it may be absent".to_owned(),
        };
        self.fail(environment, pattern.mark, format!("there is no file `{path}`"), help);
    }
}

/// Layers as they pile up.
struct Stack {
    kind: LayerKind,
    layers: Vec<Arc<LayerSource>>,
    incomplete: bool,
}

fn namespace_pattern<'r>(release: &'r ReleaseConfig, names: &[&str]) -> Option<&'r Pattern> {
    let own = |name: &&str| {
        let here = release.environments.get(*name).and_then(|own| own.namespace.as_ref());
        here.or_else(|| {
            let by = &release.namespace.as_ref()?.by;
            by.iter().find(|(key, _)| key.as_str() == *name).map(|(_, pattern)| pattern)
        })
    };
    names.iter().find_map(own).or_else(|| release.namespace.as_ref()?.default.as_ref())
}

/// Whether a path names a packaged chart.
pub(super) fn is_archive(path: &str) -> bool {
    unpacked(path) != path
}

/// The path without the ending of an archive.
pub(super) fn unpacked(path: &str) -> &str {
    path.strip_suffix(".tgz").or_else(|| path.strip_suffix(".tar.gz")).unwrap_or(path)
}

/// What `{chart}` stands for: the last component, without the ending of an archive.
fn chart_name(chart: &str) -> &str {
    unpacked(chart.rsplit('/').next().unwrap_or(chart))
}

/// A label of RFC 1123: what namespaces, and each part of a release's name, must be.
pub(super) fn is_label(text: &str) -> bool {
    let end =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    end(text.chars().next())
        && end(text.chars().next_back())
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}
