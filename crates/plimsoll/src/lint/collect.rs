//! From violations in single environments to findings: each once, with every environment it hits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Settings;
use crate::{Location, Note};
use crate::facts::Facts;
use crate::finding::{Finding, Occurrence, RenderedPlace, ResourceRef, Severity, Verdict, fingerprint};
use crate::policy::{Policy, Violation};
use crate::rendered::Environment;
use crate::rendered::places::{Place, Places};

/// A violation where it holds.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) policy: Arc<Policy>,
    pub(crate) violation: Arc<Violation>,
    /// The environment it hits.
    pub(crate) environment: usize,
    /// The resource it is about, which may stand in another environment.
    pub(crate) place: Place,
}

/// What makes hits in several environments one finding.
type Key = (Arc<str>, Arc<str>, String, Verdict, String);

/// A finding with the place of its first occurrence, which suppressions ask about.
pub(crate) struct Collected {
    pub(crate) finding: Finding,
    pub(crate) places: Vec<Place>,
}

/// Groups hits into findings and finds their places.
pub(crate) fn collect(environments: &[Environment], settings: &Settings, hits: Vec<Hit>) -> Vec<Collected> {
    let mut groups: BTreeMap<Key, Vec<(Hit, Severity)>> = BTreeMap::new();
    for hit in hits {
        let environment = &environments[hit.environment];
        let severity = settings.severity(&hit.policy, hit.violation.unknown, &environment.name, environment.tier);
        if severity == Severity::Off {
            continue;
        }
        let identity = environments[hit.place.environment].identities[hit.place.resource].clone();
        let verdict = if hit.violation.unknown { Verdict::Unknown } else { Verdict::Violated };
        let violation = &hit.violation;
        let key = (hit.policy.id.clone(), identity, violation.path.clone(), verdict, violation.message.clone());
        groups.entry(key).or_default().push((hit, severity));
    }
    let mut places = Places::new(environments);
    groups.into_iter().map(|(key, hits)| finding(&key, &hits, &mut places)).collect()
}

fn finding(key: &Key, hits: &[(Hit, Severity)], places: &mut Places<'_>) -> Collected {
    let environments = places.environments();
    let mut hits: Vec<&(Hit, Severity)> = hits.iter().collect();
    hits.sort_by_key(|(hit, _)| hit.environment);
    hits.dedup_by_key(|(hit, _)| hit.environment);
    let (first, _) = hits[0];
    let resource = places.resource(first.place);
    let location = place(places, first);
    let sensitive = first.policy.sensitive || resource.is("", "Secret");
    let occurrences: Vec<Occurrence> = hits
        .iter()
        .map(|(hit, severity)| {
            let here = places.resource(hit.place);
            let (mark, _) = here.locate(&hit.violation.path);
            let place = place(places, hit);
            Occurrence {
                environment: environments[hit.environment].name.clone(),
                severity: *severity,
                namespace: here.id.namespace.clone().filter(|_| here.id.namespace != resource.id.namespace),
                rendered: (mark.line > 0).then_some(RenderedPlace { line: mark.line }),
                location: Some(place).filter(|place| *place != location),
                values: Vec::new(),
            }
        })
        .collect();
    let (policy, identity, pointer, verdict, message) = key;
    let finding = Finding {
        policy: policy.clone(),
        verdict: *verdict,
        severity: occurrences.iter().map(|occurrence| occurrence.severity).max().unwrap_or_default(),
        message: message.clone(),
        environments: occurrences.iter().map(|occurrence| occurrence.environment.clone()).collect(),
        resource: Some(ResourceRef {
            api_version: resource.api_version.clone(),
            kind: resource.id.kind.clone(),
            namespace: resource.id.namespace.clone(),
            name: resource.id.name.clone(),
        }),
        pointer: pointer.clone(),
        location: Some(location),
        witness: first.violation.witness.clone(),
        fix: first.policy.fix.clone(),
        fingerprint: fingerprint(policy, identity, Some(resource.node()), pointer, message),
        occurrences,
        sensitive,
    };
    Collected { finding, places: hits.iter().map(|(hit, _)| hit.place).collect() }
}

/// Where a hit lands: the place that its policy names, or else that of its resource.
fn place(places: &mut Places<'_>, hit: &Hit) -> Location {
    let named = hit.violation.source.clone();
    named.unwrap_or_else(|| places.location(hit.place, &hit.violation.path))
}

/// Images that are no image references: no policy can say anything about them, so it is said here.
pub(crate) fn unreadable_images(environments: &[Environment], facts: &[Facts<'_>]) -> BTreeSet<Note> {
    let mut places = Places::new(environments);
    let mut notes = BTreeSet::new();
    for (environment, facts) in facts.iter().enumerate() {
        for workload in facts.workloads.iter().filter(|workload| !workload.resource.is_external()) {
            let containers = workload.containers.iter().filter_map(|container| {
                Some((format!("{}/image", container.pointer), container.image.as_ref()?.as_ref().err()?))
            });
            let volumes = workload.image_volumes.iter().filter_map(|volume| {
                Some((format!("{}/image/reference", volume.pointer), volume.image.as_ref().err()?))
            });
            for (pointer, why) in containers.chain(volumes) {
                let location = places.location(Place { environment, resource: workload.at }, &pointer);
                notes.insert(Note { location: Some(location), message: format!("the image cannot be read: {why}") });
            }
        }
    }
    notes
}
