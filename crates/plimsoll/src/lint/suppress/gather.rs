//! All suppressions of a run: of `plimsoll.yaml`, of comments, of annotations; and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::super::settings::unknown_policy;
use super::directive::{Directive, Mistake};
use super::exception::{Exception, Scope};
use super::{Scene, annotations, inline};
use crate::chart::{Chart, TemplateKind};
use crate::manifest::mentions_secret;
use crate::nearest::suggest;
use crate::rendered::Environment;
use crate::workspace::Suppression;
use crate::{Error, ErrorKind, Location};

/// How many mistakes of one file are told one by one.
const MAX_TOLD: usize = 20;

/// Suppressions in the order in which they apply, and what is wrong with those that do not.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) exceptions: Vec<Exception>,
    pub(super) errors: Vec<Error>,
}

/// Reads the suppressions of everything that was rendered.
pub(super) fn gather(scene: &Scene<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    for suppression in scene.settings.suppressions() {
        gathered.of_workspace(suppression, scene);
    }
    for annotated in annotations::find(scene.environments) {
        gathered.annotated(annotated, scene);
    }
    for (file, text) in texts(scene.environments) {
        gathered.of_text(file, &text, scene);
    }
    gathered
}

/// A text whose lines findings may be at.
struct Text<'a> {
    text: &'a str,
    is_template: bool,
}

/// The templates of every chart that takes part, and the plain manifests, by path.
fn texts(environments: &[Environment]) -> BTreeMap<&Arc<str>, Text<'_>> {
    let mut seen: HashSet<*const Chart> = HashSet::new();
    let mut texts = BTreeMap::new();
    for environment in environments {
        for installation in &environment.installations {
            for chart in installation.program.charts(installation.values.root()) {
                if seen.insert(Arc::as_ptr(chart)) {
                    texts.extend(chart.templates.iter().map(|template| {
                        let is_template = template.kind != TemplateKind::Static;
                        (&template.file, Text { text: &template.text, is_template })
                    }));
                }
            }
        }
        for manifest in environment.manifests.iter().filter(|one| one.rendering.is_none() && !one.external) {
            texts.insert(&manifest.file, Text { text: &manifest.text, is_template: false });
        }
    }
    texts
}

impl Gathered {
    fn of_workspace(&mut self, suppression: &Suppression, scene: &Scene<'_>) {
        let location = scene.settings.location(suppression.policy.mark);
        // That there is no such policy is said with all else that the file says of policies.
        let Some(policy) = scene.policies.get(&suppression.policy.value) else { return };
        if !policy.suppressible {
            self.errors.push(refused(ErrorKind::Workspace, &policy.id, location));
            return;
        }
        let value = |text: &Option<crate::workspace::Text>| text.as_ref().map(|text| text.value.clone());
        let names = suppression.environments.as_ref();
        self.exceptions.push(Exception {
            policy: policy.id.clone(),
            scope: Scope::Named,
            object: Some(suppression.object.clone()),
            container: value(&suppression.container),
            pointer: value(&suppression.pointer),
            environments: names.map(|names| names.iter().map(|name| name.value.clone()).collect()),
            reason: suppression.reason.value.clone(),
            owner: Some(suppression.owner.value.clone()),
            expires: Some(suppression.expires.value),
            location: scene.settings.location(suppression.mark),
            whom: format!("for `{}`", suppression.object.text.value),
            sensitive: false,
        });
    }

    fn of_text(&mut self, file: &Arc<str>, Text { text, is_template }: &Text<'_>, scene: &Scene<'_>) {
        let found = inline::find(text, *is_template);
        if found.is_empty() {
            return;
        }
        let sensitive = mentions_secret(text);
        let kind = if *is_template { ErrorKind::Template } else { ErrorKind::Manifest };
        let mut told = 0;
        for found in found {
            let (line, column) = found.place;
            let place = |at: usize| {
                let (line, column) = inline::line_column(text, at);
                Location::at(file.clone(), line, column)
            };
            let written = Written {
                scope: &|| Scope::Line { file: file.clone(), line: found.covers },
                location: Location::at(file.clone(), line, column),
                whom: format!("at line {}", found.covers),
                sensitive,
                kind,
                place: &place,
            };
            let before = self.errors.len();
            self.written(found.directive, &written, scene);
            told += self.errors.len() - before;
            if told >= MAX_TOLD {
                break;
            }
        }
    }

    fn annotated(&mut self, annotated: annotations::Annotated, scene: &Scene<'_>) {
        let annotations::Annotated { location, places, directive, sensitive } = annotated;
        let mut objects = places.iter().map(|place| &scene.environments[place.environment].resources[place.resource]);
        let names: BTreeSet<String> = objects.by_ref().map(|object| object.id.to_string()).collect();
        let first = places.first().map(|place| &scene.environments[place.environment].resources[place.resource].id);
        let first = first.map_or_else(String::new, |id| match &id.namespace {
            Some(namespace) => format!("{namespace}/{}/{}", id.kind, id.name),
            None => format!("{}/{}", id.kind, id.name),
        });
        let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
        let written = Written {
            scope: &|| Scope::On(places.clone()),
            location: location.clone(),
            whom: format!("for `{first}`{more}"),
            sensitive,
            kind: ErrorKind::Manifest,
            place: &|_| location.clone(),
        };
        self.written(directive, &written, scene);
    }

    /// Adds what a comment or an annotation says: an exception for each policy it names.
    fn written(&mut self, directive: Result<Directive, Mistake>, written: &Written<'_>, scene: &Scene<'_>) {
        let directive = match directive {
            Ok(directive) => directive,
            Err(mistake) => {
                let error = Error::new(written.kind, mistake.message).with_help(mistake.help);
                self.errors.push(written.locate(error, mistake.at));
                return;
            }
        };
        for (name, at) in directive.environments.iter().flatten() {
            let known = scene.settings.environment_names();
            if !known.is_empty() && !known.contains(&&**name) {
                let error = Error::new(written.kind, format!("there is no environment `{name}`"));
                self.errors.push(written.locate(error.with_help(suggest(name, known)), *at));
            }
        }
        let names = directive.environments.as_ref();
        for (id, at) in &directive.policies {
            let Some(policy) = scene.policies.get(id) else {
                let error = unknown_policy(written.kind, id, scene.policies.keys().map(|id| &**id));
                self.errors.push(written.locate(error, *at));
                continue;
            };
            if !policy.suppressible {
                self.errors.push(written.locate(refused(written.kind, id, None), *at));
                continue;
            }
            self.exceptions.push(Exception {
                policy: policy.id.clone(),
                scope: (written.scope)(),
                object: directive.object.clone(),
                container: directive.container.clone(),
                pointer: directive.pointer.clone(),
                environments: names.map(|names| names.iter().map(|(name, _)| name.clone()).collect()),
                reason: directive.reason.clone(),
                owner: directive.owner.clone(),
                expires: directive.expires,
                location: Some(written.location.clone()),
                whom: written.whom.clone(),
                sensitive: written.sensitive,
            });
        }
    }
}

/// Where a directive was written, and what it is about there.
struct Written<'a> {
    scope: &'a dyn Fn() -> Scope,
    location: Location,
    whom: String,
    sensitive: bool,
    kind: ErrorKind,
    /// The place of a byte offset.
    place: &'a dyn Fn(usize) -> Location,
}

impl Written<'_> {
    fn locate(&self, error: Error, at: usize) -> Error {
        let error = error.with_location((self.place)(at));
        if self.sensitive { error.with_sensitive_source() } else { error }
    }
}

fn refused(kind: ErrorKind, id: &str, location: Option<Location>) -> Error {
    let error = Error::new(kind, format!("findings of `{id}` cannot be suppressed"))
        .with_help("its METADATA says `suppressible: false`; do what `plimsoll policies show` advises instead");
    match location {
        Some(location) => error.with_location(location),
        None => error,
    }
}
