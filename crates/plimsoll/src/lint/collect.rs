//! From violations in single environments to findings: each once, with every environment it hits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Settings;
use crate::Note;
use crate::facts::Facts;
use crate::finding::{Finding, Occurrence, RenderedPlace, ResourceRef, Severity, Verdict, fingerprint};
use crate::policy::{Policy, Violation};
use crate::rendered::Environment;
use crate::rendered::places::{self, Place, Places, Spot, Trace};

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

impl Collected {
    /// Keeps the occurrences that `keep` says, in their order; the finding is then as severe as they are.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter();
        self.finding.occurrences.retain(|_| *kept.next().unwrap_or(&true));
        let mut kept = keep.iter();
        self.places.retain(|_| *kept.next().unwrap_or(&true));
        let occurrences = &self.finding.occurrences;
        self.finding.environments = occurrences.iter().map(|occurrence| occurrence.environment.clone()).collect();
        if let Some(severity) = occurrences.iter().map(|occurrence| occurrence.severity).max() {
            self.finding.severity = severity;
        }
    }
}

/// Groups hits into findings and finds their places.
pub(crate) fn collect(environments: &[Environment], settings: &Settings, hits: Vec<Hit>) -> Vec<Collected> {
    let ranked = hits.into_iter().map(|hit| {
        let environment = &environments[hit.environment];
        let severity = settings.severity(&hit.policy, &hit.violation, &environment.name, environment.tier);
        (hit, severity)
    });
    let mut groups: BTreeMap<Key, Vec<(Hit, Severity)>> = BTreeMap::new();
    for (hit, severity) in without_consequences(ranked.filter(|(_, severity)| *severity > Severity::Off).collect()) {
        let identity = environments[hit.place.environment].identities[hit.place.resource].clone();
        let verdict = if hit.violation.unknown { Verdict::Unknown } else { Verdict::Violated };
        let violation = &hit.violation;
        let key = (hit.policy.id.clone(), identity, violation.path.clone(), verdict, violation.message.clone());
        groups.entry(key).or_default().push((hit, severity));
    }
    let groups: Vec<(Key, Vec<(Hit, Severity)>)> = groups.into_iter().map(|(key, hits)| (key, once(hits))).collect();
    let mut traces = trace(&groups, environments).into_iter();
    groups
        .iter()
        .map(|(key, hits)| finding(key, hits, environments, traces.by_ref().take(hits.len()).collect()))
        .collect()
}

/// Takes out what a policy leaves to another one that has found something in the same place.
///
/// Two policies that leave a place to each other both keep it.
fn without_consequences(mut hits: Vec<(Hit, Severity)>) -> Vec<(Hit, Severity)> {
    let place = |hit: &Hit| (hit.environment, hit.place, hit.violation.path.clone());
    let causes: BTreeSet<String> = hits.iter().flat_map(|(hit, _)| hit.policy.yields.iter().cloned()).collect();
    let mut standing: BTreeMap<_, Vec<Arc<Policy>>> = BTreeMap::new();
    for (hit, _) in hits.iter().filter(|(hit, _)| causes.contains(&*hit.policy.id)) {
        standing.entry(place(hit)).or_default().push(hit.policy.clone());
    }
    let leaves = |policy: &Policy, to: &Policy| policy.yields.iter().any(|id| **id == *to.id);
    hits.retain(|(hit, _)| {
        hit.policy.yields.is_empty()
            || !standing.get(&place(hit)).is_some_and(|others| {
                others.iter().any(|other| leaves(&hit.policy, other) && !leaves(other, &hit.policy))
            })
    });
    hits
}

/// Each environment once, in order.
fn once(mut hits: Vec<(Hit, Severity)>) -> Vec<(Hit, Severity)> {
    hits.sort_by_key(|(hit, _)| hit.environment);
    hits.dedup_by_key(|(hit, _)| hit.environment);
    hits
}

/// Where each hit of each group comes from, in the same order.
fn trace(groups: &[(Key, Vec<(Hit, Severity)>)], environments: &[Environment]) -> Vec<Trace> {
    let hits = groups.iter().flat_map(|(_, hits)| hits);
    let spots = hits.map(|(hit, _)| {
        let environment = &environments[hit.place.environment];
        Spot { environment, resource: &environment.resources[hit.place.resource], pointer: &hit.violation.path }
    });
    let mut traces = places::trace(&spots.collect::<Vec<_>>());
    let hits = groups.iter().flat_map(|(_, hits)| hits);
    for ((hit, _), trace) in hits.zip(&mut traces) {
        if let Some(source) = &hit.violation.source {
            // The policy names the place itself, and no template stands between it and the user.
            (trace.location, trace.rendered, trace.values) = (source.clone(), None, Vec::new());
        }
    }
    traces
}

fn finding(key: &Key, hits: &[(Hit, Severity)], environments: &[Environment], traces: Vec<Trace>) -> Collected {
    let of = |hit: &Hit| &environments[hit.place.environment].resources[hit.place.resource];
    let (first, _) = &hits[0];
    let resource = of(first);
    let location = traces[0].location.clone();
    let sensitive = first.policy.sensitive || resource.is("", "Secret");
    let occurrences: Vec<Occurrence> = hits
        .iter()
        .zip(traces)
        .map(|((hit, severity), trace)| Occurrence {
            environment: environments[hit.environment].name.clone(),
            severity: *severity,
            namespace: of(hit).id.namespace.clone().filter(|_| of(hit).id.namespace != resource.id.namespace),
            rendered: trace.rendered.map(|line| RenderedPlace { line }),
            location: Some(trace.location).filter(|place| *place != location),
            values: trace.values,
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
        fix: first.violation.fix.clone().unwrap_or_else(|| first.policy.fix.clone()),
        fingerprint: fingerprint(policy, identity, Some(resource.node()), pointer, message),
        occurrences,
        sensitive,
    };
    Collected { finding, places: hits.iter().map(|(hit, _)| hit.place).collect() }
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
