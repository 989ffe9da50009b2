//! Every image that a workspace uses, with what lock and evidence say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::facts::image::ImageRef;
use crate::facts::workload;
use crate::images::{self, Known, LockedState, Verdict, VerdictState};
use crate::rendered::Rendered;
use crate::view::View;
use crate::workspace::Config;
use crate::{Error, Moment};

/// The images of some environments.
#[derive(Debug, Clone, Serialize)]
pub struct ImagesView {
    /// The version of this format.
    pub version: u32,
    /// Every image once, by name, tag and digest.
    pub images: Vec<ImageView>,
    /// Evidence, keys and roots that could not be used.
    #[serde(skip)]
    pub errors: Vec<Error>,
}

/// One image.
#[derive(Debug, Clone, Serialize)]
pub struct ImageView {
    /// Its reference in normal form.
    pub image: String,
    /// The environments that use it, in their order.
    pub environments: Vec<Arc<str>>,
    /// Whether nothing stands against it.
    pub good: bool,
    /// What is known of it.
    #[serde(flatten)]
    pub known: Known,
}

/// Every image that environments use, in normal form, with the environments that use it.
pub fn used(rendered: &Rendered) -> Vec<(ImageRef, Vec<Arc<str>>)> {
    let mut used: BTreeMap<String, (ImageRef, Vec<Arc<str>>)> = BTreeMap::new();
    for environment in rendered.environments() {
        let own =
            workload::workloads(&environment.resources).into_iter().filter(|workload| !workload.resource.is_external());
        for workload in own {
            for (_, image) in workload.images() {
                let (_, environments) = used.entry(image.to_string()).or_insert_with(|| (image.clone(), Vec::new()));
                if environments.last() != Some(&environment.name) {
                    environments.push(environment.name.clone());
                }
            }
        }
    }
    used.into_values().collect()
}

/// Why images that environments name cannot be read as references, each once.
pub fn unreadable(rendered: &Rendered) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    for environment in rendered.environments() {
        for workload in workload::workloads(&environment.resources) {
            let containers = workload.containers.iter().filter_map(|container| container.image.as_ref());
            let volumes = workload.image_volumes.iter().map(|volume| &volume.image);
            faults.extend(containers.chain(volumes).filter_map(|image| image.as_ref().err().cloned()));
        }
    }
    faults
}

impl ImagesView {
    /// Finds out what is known at a moment; without one nothing expires, and no age is known.
    pub fn new(rendered: &Rendered, now: Option<Moment>) -> Self {
        let used = used(rendered);
        let none = Config::default();
        let config = rendered.settings.config.as_deref().unwrap_or(&none);
        let examined = images::examine(&rendered.files, config, now, used.iter().map(|(image, _)| image));
        let images = used.iter().map(|(image, environments)| {
            let known = examined.of(image).map(|known| Known::clone(known)).unwrap_or_default();
            ImageView { image: image.to_string(), environments: environments.clone(), good: is_good(&known), known }
        });
        Self { version: 1, images: images.collect(), errors: examined.errors }
    }

    /// Whether nothing stands against any of them.
    pub fn is_good(&self) -> bool {
        self.images.iter().all(|image| image.good)
    }
}

/// One paragraph for each image, and a sum.
impl View for ImagesView {
    fn text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for image in &self.images {
            paragraph(image, out)?;
        }
        let bad = self.images.iter().filter(|image| !image.good).count();
        writeln!(out, "{} images, {bad} with something against them", self.images.len())
    }
}

fn verdicts(known: &Known) -> impl Iterator<Item = (&'static str, &Verdict)> {
    [("signature", &known.signature), ("scan", &known.scan), ("provenance", &known.provenance)]
        .into_iter()
        .filter_map(|(name, verdict)| Some((name, verdict.as_ref()?)))
}

fn is_good(known: &Known) -> bool {
    known.locked.as_ref().is_some_and(|locked| locked.state == LockedState::Locked)
        && known.trusts != Some(0)
        && known.previous.is_none()
        && known.mismatches.is_empty()
        && verdicts(known).all(|(_, verdict)| verdict.state == VerdictState::Verified)
}

fn paragraph(image: &ImageView, out: &mut dyn io::Write) -> io::Result<()> {
    let known = &image.known;
    writeln!(out, "{}", image.image)?;
    let mut line = |name: &str, value: &str| writeln!(out, "  {name:13} {value}");
    let names: Vec<&str> = image.environments.iter().map(|name| &**name).collect();
    line("used in", &names.join(", "))?;
    let locked = match known.locked.as_ref().map(|locked| (locked.state, locked)) {
        None => "there is no images.lock".to_owned(),
        Some((LockedState::Locked, _)) => known.digest.as_deref().unwrap_or("yes").to_owned(),
        Some((LockedState::OtherDigest, locked)) => {
            format!("with another digest: {}", locked.digest.as_deref().unwrap_or(""))
        }
        Some((LockedState::OtherTag, locked)) => {
            locked.tag.as_ref().map_or_else(|| "without a tag".to_owned(), |tag| format!("under another tag: {tag}"))
        }
        Some((LockedState::Ambiguous, _)) => "with several digests for its tag".to_owned(),
        Some((LockedState::Absent, _)) => "no".to_owned(),
        Some((LockedState::Unknown, _)) => "unknown: images.lock could not be read as a whole".to_owned(),
    };
    line("locked", &locked)?;
    if let Some(previous) = &known.previous {
        line("moved from", previous)?;
    }
    if known.trusts == Some(0) {
        line("trust", "no entry of `trust` matches")?;
    }
    for (name, verdict) in verdicts(known) {
        let state = match verdict.state {
            VerdictState::Verified => "verified",
            VerdictState::Unknown => "unknown",
            VerdictState::Stale => "stale",
            VerdictState::Denied => "denied",
            VerdictState::Rejected => "rejected",
            VerdictState::Missing => "missing",
        };
        line(name, &format!("{state}: {}", verdict.reason))?;
        verdict.witness.iter().try_for_each(|witness| line("", &format!("- {witness}")))?;
    }
    for mismatch in &known.mismatches {
        line("evidence", &format!("`{}` {}", mismatch.file, mismatch.problem))?;
    }
    writeln!(out)
}
