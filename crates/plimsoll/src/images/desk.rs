//! The work of a run: each file of evidence opened once, each key read once, each signature verified once
//! for each image and authority that it could matter to, however many workloads use the image.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::evidence::{self, Fault, Opened};
use super::examine::{Known, Use};
use super::judge::Court;
use super::lock::{Evidence, EvidenceKind, Found};
use super::proof::{Proof, Refusal};
use super::verify::{self, Prepared};
use crate::files::Files;
use crate::workspace::{Authority, Config, Trust};
use crate::yaml::Mark;
use crate::{Error, Moment};

/// A file and what its hash has to be.
type FileKey = (Arc<str>, Arc<str>);
/// A file, the digest it has to be about, and who has to have signed it.
type Job = (FileKey, Arc<str>, Mark);

/// Files that were opened and signatures that were verified.
pub(super) struct Desk {
    opened: BTreeMap<FileKey, Opened>,
    /// By the place of the authority in `plimsoll.yaml`, which is its identity.
    authorities: BTreeMap<Mark, Result<Prepared, Error>>,
    checked: BTreeMap<Job, Result<Proof, Refusal>>,
}

fn file(evidence: &Evidence) -> FileKey {
    (evidence.file.clone(), evidence.sha256.clone())
}

/// Everybody who may say something of a kind under one entry of `trust`.
fn signers(trust: &Trust, kind: EvidenceKind) -> &[Authority] {
    let own = match kind {
        EvidenceKind::Signature => return &trust.authorities,
        EvidenceKind::Vuln => trust.vuln.as_ref().map(|demand| &demand.authorities),
        EvidenceKind::Slsa => trust.slsa.as_ref().map(|demand| &demand.authorities),
    };
    match own {
        None => &[],
        Some(own) if own.is_empty() => &trust.authorities,
        Some(own) => own,
    }
}

impl Desk {
    /// Opens and verifies what matters to some images.
    pub(super) fn gather<'a>(files: &Files, config: &Config, uses: impl Iterator<Item = &'a Use<'a>>) -> Self {
        let mut wanted: BTreeMap<FileKey, &Evidence> = BTreeMap::new();
        let mut jobs: BTreeSet<Job> = BTreeSet::new();
        for (image, entry) in uses.filter_map(|image| Some((image, image.entry()?))) {
            for evidence in &entry.evidence {
                wanted.insert(file(evidence), evidence);
                let trusts = image.trusts.iter().flatten();
                let signers = trusts.flat_map(|trust| signers(trust, evidence.kind));
                jobs.extend(signers.map(|authority| (file(evidence), entry.digest.clone(), authority.mark)));
            }
        }
        let (opened, authorities) = rayon::join(
            || wanted.into_par_iter().map(|(key, evidence)| (key, evidence::open(files, evidence))).collect(),
            || authorities(files, config, &jobs),
        );
        let mut desk = Self { opened, authorities, checked: BTreeMap::new() };
        desk.checked = jobs.into_par_iter().filter_map(|job| desk.check(&job).map(|result| (job, result))).collect();
        desk
    }

    /// Verifies one signature; nothing where the file says nothing about the image anyway.
    fn check(&self, (file, digest, authority): &Job) -> Option<Result<Proof, Refusal>> {
        let opened = self.opened.get(file).filter(|opened| opened.intact)?;
        let signed = opened.content.as_ref().ok().filter(|signed| signed.claim.is_about(digest))?;
        Some(match self.authorities.get(authority)? {
            Ok(prepared) => verify::check(prepared, signed, digest),
            Err(error) => Err(Refusal::Unknown(format!("cannot be verified: {}", error.message()))),
        })
    }

    /// A file of evidence, taken apart.
    pub(super) fn opened(&self, evidence: &Evidence) -> Option<&Opened> {
        self.opened.get(&file(evidence))
    }

    /// Whether an authority signed a file for the image with a digest.
    pub(super) fn checked(
        &self,
        evidence: &Evidence,
        digest: &Arc<str>,
        authority: &Authority,
    ) -> Option<&Result<Proof, Refusal>> {
        self.checked.get(&(file(evidence), digest.clone(), authority.mark))
    }

    /// What is known of an image.
    pub(super) fn known(&self, image: &Use<'_>, now: Option<Moment>) -> Known {
        let mut known = image.known();
        let absent = match image.found {
            None => "there is no images.lock",
            Some(Found::Unknown) => "images.lock could not be read as a whole",
            _ => "it is not in images.lock as it is used",
        };
        let court = Court { now, image: image.entry(), absent, desk: self };
        known.mismatches = court.mismatches();
        if let Some(trusts) = &image.trusts {
            known.trusts = Some(trusts.len());
            known.signature = court.signature(trusts);
            known.scan = court.scan(trusts);
            known.provenance = court.provenance(trusts);
        }
        known
    }

    /// What stood in the way: files that cannot be read, keys and roots that cannot be used.
    pub(super) fn errors(self) -> Vec<Error> {
        let unread = self.opened.into_values().filter_map(|opened| match opened.content {
            Err(Fault::Unread(error)) => Some(error),
            _ => None,
        });
        unread.chain(self.authorities.into_values().filter_map(Result::err)).collect()
    }
}

/// Reads the keys and roots of the authorities that matter.
fn authorities(files: &Files, config: &Config, jobs: &BTreeSet<Job>) -> BTreeMap<Mark, Result<Prepared, Error>> {
    let wanted: BTreeSet<Mark> = jobs.iter().map(|(_, _, mark)| *mark).collect();
    let all = config.trust.iter().flat_map(Trust::all_authorities);
    let known: BTreeMap<Mark, &Authority> =
        all.map(|authority| (authority.mark, authority)).filter(|(mark, _)| wanted.contains(mark)).collect();
    let (marks, authorities): (Vec<Mark>, Vec<&Authority>) = known.into_iter().unzip();
    marks.into_iter().zip(verify::prepare(files, &authorities)).collect()
}
