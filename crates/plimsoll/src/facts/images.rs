//! What is known of the images of each workload, and how it compares with the environment it mirrors.
//!
//! [`images`](crate::images) finds out about single images; here that is put to the places where they
//! are used, as `input.facts.images`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::Facts;
use super::image::ImageRef;
use super::workload::{ContainerType, Workload};
use crate::Moment;
use crate::files::Files;
use crate::images::{self, Examined, Known};
use crate::lint::Settings;
use crate::rendered::Environment;
use crate::workspace::{Config, Tier};

/// An image at the place where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageUse {
    /// JSON pointer to the reference.
    pub path: String,
    /// The reference as written.
    pub reference: Arc<str>,
    /// Registry and repository in their normal form.
    pub name: String,
    /// What is known of it everywhere.
    #[serde(flatten)]
    pub known: Arc<Known>,
    /// Whether its digest has been where changes are tried first; absent where there is no lock, no digest,
    /// or no environment of tier staging.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Promotion>,
    /// What runs in the same place of the environment that is mirrored, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirrored: Option<Mirrored>,
}

/// Whether a digest has been where changes are tried first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promotion {
    /// In one word.
    pub state: PromotionState,
    /// The environments of tier staging.
    pub staging: Vec<Arc<str>>,
}

/// Whether a digest has been where changes are tried first, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromotionState {
    /// It has.
    Seen,
    /// It has been elsewhere only.
    Unseen,
    /// Nobody wrote down where it has been.
    Unrecorded,
}

/// Another image in the same place of the environment that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mirrored {
    /// That environment.
    pub environment: Arc<str>,
    /// The digest there.
    pub digest: Arc<str>,
}

impl Workload<'_> {
    /// Every image it uses that could be read, with the pointer to its reference.
    pub fn images(&self) -> impl Iterator<Item = (String, &ImageRef)> {
        self.holders().map(|(_, path, image)| (path, image))
    }

    /// The same with what names the place: the kind of holder and its name.
    fn holders(&self) -> impl Iterator<Item = ((Option<ContainerType>, &str), String, &ImageRef)> {
        let containers = self.containers.iter().filter_map(|container| {
            let image = container.image.as_ref()?.as_ref().ok()?;
            Some(((Some(container.r#type), container.name), format!("{}/image", container.pointer), image))
        });
        let volumes = self.image_volumes.iter().filter_map(|volume| {
            let image = volume.image.as_ref().ok()?;
            Some(((None, volume.name), format!("{}/image/reference", volume.pointer), image))
        });
        containers.chain(volumes)
    }
}

/// Everything that is known of the images of some environments.
pub(crate) fn examined(facts: &[Facts<'_>], config: &Config, files: &Files, now: Option<Moment>) -> Examined {
    images::examine(files, config, now, own(facts).flat_map(Workload::images).map(|(_, image)| image))
}

fn own<'f>(facts: &'f [Facts<'_>]) -> impl Iterator<Item = &'f Workload<'f>> {
    facts.iter().flat_map(|facts| &facts.workloads).filter(|workload| !workload.resource.is_external())
}

/// Adds to the facts of every environment what is known of its images.
pub(crate) fn attach(facts: &mut [Facts<'_>], environments: &[Environment], examined: &Examined, settings: &Settings) {
    let has_lock = settings.config.as_ref().is_some_and(|config| config.lock.is_some());
    let staging: Vec<Arc<str>> = if has_lock { settings.of_tier(Tier::Staging) } else { Vec::new() };
    let mut uses: Vec<Vec<(usize, Vec<ImageUse>)>> = Vec::with_capacity(facts.len());
    for facts in facts.iter() {
        let own = facts.workloads.iter().filter(|workload| !workload.resource.is_external());
        uses.push(own.map(|workload| (workload.at, of_workload(workload, examined, &staging))).collect());
    }
    compare(&mut uses, facts, environments, examined);
    for (facts, uses) in facts.iter_mut().zip(uses) {
        for (at, uses) in uses {
            facts.of_resource[at].images = uses;
        }
    }
}

fn of_workload(workload: &Workload<'_>, examined: &Examined, staging: &[Arc<str>]) -> Vec<ImageUse> {
    workload
        .images()
        .filter_map(|(path, image)| {
            let known = examined.of(image)?.clone();
            let promotion = promotion(&known, staging);
            Some(ImageUse { path, reference: image.text.clone(), name: image.name(), known, promotion, mirrored: None })
        })
        .collect()
}

fn promotion(known: &Known, staging: &[Arc<str>]) -> Option<Promotion> {
    if staging.is_empty() || known.locked.as_ref()?.state != images::LockedState::Locked {
        return None;
    }
    let seen: BTreeSet<&Arc<str>> = known.seen.iter().collect();
    let state = if seen.is_empty() {
        PromotionState::Unrecorded
    } else if staging.iter().any(|name| seen.contains(name)) {
        PromotionState::Seen
    } else {
        PromotionState::Unseen
    };
    Some(Promotion { state, staging: staging.to_vec() })
}

/// Notes where an environment runs something else than the one it mirrors.
fn compare(
    uses: &mut [Vec<(usize, Vec<ImageUse>)>],
    facts: &[Facts<'_>],
    environments: &[Environment],
    examined: &Examined,
) {
    for (at, environment) in environments.iter().enumerate() {
        let of = environment.mirrors.as_ref().and_then(|of| environments.iter().position(|other| other.name == *of));
        let Some(of) = of else { continue };
        let there = digests(&facts[of], &environments[of], examined);
        for (resource, uses) in &mut uses[at] {
            let Some(workload) = facts[at].workload(*resource) else { continue };
            let identity = &*environment.identities[*resource];
            for (((kind, name), path, _), used) in workload.holders().zip(uses) {
                debug_assert_eq!(path, used.path);
                let other = there.get(&(identity, kind, name));
                used.mirrored = other
                    .filter(|digest| used.known.digest.as_ref().is_some_and(|own| own != **digest))
                    .map(|digest| Mirrored { environment: environments[of].name.clone(), digest: (*digest).clone() });
            }
        }
    }
}

/// By identity of the workload, kind and name of the holder: the digest that runs there.
fn digests<'a>(
    facts: &'a Facts<'_>,
    environment: &'a Environment,
    examined: &'a Examined,
) -> HashMap<(&'a str, Option<ContainerType>, &'a str), &'a Arc<str>> {
    let mut digests = HashMap::new();
    for workload in &facts.workloads {
        for ((kind, name), _, image) in workload.holders() {
            if let Some(digest) = examined.of(image).and_then(|known| known.digest.as_ref()) {
                digests.insert((&*environment.identities[workload.at], kind, name), digest);
            }
        }
    }
    digests
}
