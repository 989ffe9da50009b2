//! What a change touches: the findings whose verdict may be another than before it.
//!
//! Too much rather than too little. A finding depends on the files that its object is made of: a manifest, or
//! the chart with everything it depends on and every values file of the release. A policy that sees more
//! than the object depends on everything in the environment, one that compares environments on all of them.
//! `plimsoll.yaml`, and files that it names and that are no longer there, may have meant anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::collect::Collected;
use crate::changed::Changed;
use crate::chart::Chart;
use crate::files::{EntryKind, Files};
use crate::finding::Finding;
use crate::policy::{Compiled, On};
use crate::rendered::places::Place;
use crate::rendered::{Environment, Installation, Rendered};
use crate::workspace::Named;

/// What lies in a directory of plain input and is read.
const READ: [&str; 5] = [".yaml", ".yml", ".json", ".j2", ".tgz"];
/// The file that says which evidence there is for images; what it names counts, too.
const LOCK: &str = "images.lock";

/// What of a policy's input may be other than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sees {
    /// The object alone.
    Object,
    /// The environment.
    Environment,
    /// All environments.
    Workspace,
}

/// What a change touches, in one run.
struct Touched<'a> {
    changed: &'a Changed,
    environments: &'a [Environment],
    everything: bool,
    /// For each environment its releases.
    installations: Vec<Vec<bool>>,
    /// For each environment whether anything in it is touched.
    any: Vec<bool>,
    policies: BTreeMap<Arc<str>, Sees>,
    /// The policies whose own files have changed.
    rewritten: BTreeSet<Arc<str>>,
}

/// Takes out what the change does not touch; returns how many findings went altogether.
pub(super) fn keep(
    collected: &mut Vec<Collected>,
    rendered: &Rendered,
    compiled: &Compiled,
    changed: &Changed,
) -> usize {
    let touched = Touched::new(rendered, compiled, changed);
    let before = collected.len();
    collected.retain_mut(|collected| touched.trim(collected));
    before - collected.len()
}

impl<'a> Touched<'a> {
    fn new(rendered: &'a Rendered, compiled: &Compiled, changed: &'a Changed) -> Self {
        let environments = rendered.environments();
        let mut charts = Charts { changed, seen: HashMap::new() };
        let mut rest: BTreeSet<&str> = changed.paths().collect();
        let mut installations = Vec::new();
        let mut any = Vec::new();
        for environment in environments {
            let of = |installation: &Installation| {
                // Each is asked, so that what belongs to one is known to belong somewhere.
                let chart = charts.touched(installation, &mut rest);
                let values = installation.files.iter().filter(|file| take(changed, file, &mut rest)).count() > 0;
                chart || values
            };
            let own: Vec<bool> = environment.installations.iter().map(of).collect();
            let plain = environment.manifests.iter().filter(|manifest| manifest.rendering.is_none());
            let manifests = plain.filter(|manifest| take(changed, &manifest.file, &mut rest)).count() > 0;
            any.push(manifests || own.contains(&true));
            installations.push(own);
        }
        let mut rewritten = BTreeSet::new();
        let mut policies = BTreeMap::new();
        for (index, policy) in compiled.policies().enumerate() {
            let reads = compiled.reads(index);
            let sees = match policy.on {
                On::Workspace => Sees::Workspace,
                On::Environment => Sees::Environment,
                _ if reads.facts || reads.joins => Sees::Environment,
                _ => Sees::Object,
            };
            policies.insert(policy.id.clone(), sees);
        }
        let config = rendered.settings.config.as_ref();
        for folder in
            config.iter().flat_map(|config| &config.policies.paths).filter_map(|path| Files::join("", path).ok())
        {
            if rest.iter().any(|path| is_in(path, &folder)) {
                let own = compiled.policies().filter(|policy| !policy.builtin && is_in(&policy.file, &folder));
                rewritten.extend(own.map(|policy| policy.id.clone()));
                rest.retain(|path| !is_in(path, &folder));
            }
        }
        let may_be_anything = may_be_anything(rendered);
        let everything = rest.iter().any(|path| may_be_anything(path));
        Self { changed, environments, everything, installations, any, policies, rewritten }
    }

    /// Keeps the occurrences that are touched; whether there are any.
    fn trim(&self, collected: &mut Collected) -> bool {
        if self.everything {
            return true;
        }
        if collected.places.is_empty() {
            return self.is_written_anew(&collected.finding);
        }
        let keep: Vec<bool> = collected
            .places
            .iter()
            .zip(&collected.finding.occurrences)
            .map(|(place, occurrence)| self.touches(&collected.finding, *place, &occurrence.environment))
            .collect();
        collected.retain(&keep);
        !collected.finding.occurrences.is_empty()
    }

    /// A finding about something that was written, as a suppression is: whether its file has changed.
    fn is_written_anew(&self, finding: &Finding) -> bool {
        finding.location.as_ref().is_none_or(|location| self.changed.contains(&location.file))
    }

    fn touches(&self, finding: &Finding, place: Place, environment: &str) -> bool {
        let manifest = &self.environments[place.environment].resources[place.resource].manifest;
        let object = match &manifest.rendering {
            Some(rendering) => self.installations[place.environment][rendering.installation],
            None => self.changed.contains(&manifest.file),
        };
        let hit = self.environments.iter().position(|one| *one.name == *environment).unwrap_or(place.environment);
        object
            || self.rewritten.contains(&finding.policy)
            || match self.policies.get(&finding.policy).unwrap_or(&Sees::Workspace) {
                Sees::Object => false,
                Sees::Environment => self.any[place.environment] || self.any[hit],
                Sees::Workspace => self.any.contains(&true),
            }
    }
}

/// Charts that were looked at; many releases share one, and many charts a library.
struct Charts<'a> {
    changed: &'a Changed,
    seen: HashMap<*const Chart, bool>,
}

impl<'a> Charts<'a> {
    /// Whether anything of a release's chart or of its subcharts has changed, those that are turned off too.
    fn touched(&mut self, installation: &Installation, rest: &mut BTreeSet<&'a str>) -> bool {
        let mut touched = false;
        for chart in installation.program.all_charts() {
            touched |= *self.seen.entry(Arc::as_ptr(chart)).or_insert_with(|| {
                // A chart in an archive lies at `<archive>!<directory>`.
                let place = chart.directory.split('!').next().unwrap_or(&chart.directory);
                rest.retain(|path| !is_in(path, place));
                self.changed.touches(place)
            });
        }
        touched
    }
}

/// Whether a file has changed, after which it is known where it belongs.
fn take(changed: &Changed, file: &str, rest: &mut BTreeSet<&str>) -> bool {
    rest.remove(file);
    changed.contains(file)
}

fn is_in(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a changed path that belongs to nothing that was rendered may have meant something all the same.
fn may_be_anything(rendered: &Rendered) -> impl Fn(&str) -> bool {
    let config = rendered.settings.config.as_ref().filter(|config| !config.file.is_empty());
    let named = config.map(|config| (config, Named::new(config)));
    let lock = rendered.files.read_text(LOCK);
    move |path| {
        let kind = rendered.files.kind(path).ok().flatten();
        if let Some((config, named)) = &named {
            // A directory is a repository of its own, of which anything may be gone.
            return path == &*config.file
                || kind == Some(EntryKind::Directory)
                || kind.is_none() && named.may_have_been(path)
                || named.is_list_or_key(path)
                || path == LOCK
                || lock.as_ref().is_ok_and(|lock| lock.contains(path));
        }
        // Plain input takes what lies below the paths it was given; what is gone may have been a part of it.
        let is_read = kind == Some(EntryKind::Directory) || READ.iter().any(|end| path.ends_with(end));
        kind != Some(EntryKind::File) && is_read && rendered.inputs.iter().any(|input| is_in(path, input))
    }
}
