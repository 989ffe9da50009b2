//! Whether the evidence for an image satisfies what is demanded of it.
//!
//! Signatures have been verified by then. Here it is decided which of them count for which demand, how old
//! a scan is and what of its findings is not accepted, and which builder is the right one.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::evidence::{Claim, Fault, short};
use super::lock::{Evidence, EvidenceKind, LockedImage};
use super::proof::{Proof, Refusal};
use super::provenance::Build;
use super::scan::{Scan, Vulnerability};
use super::verdict::{Mismatch, Verdict, VerdictState};
use crate::Moment;
use crate::workspace::{Authority, Glob, SlsaRequirement, Trust, VulnRequirement};

/// How many vulnerabilities a witness names.
const NAMED: usize = 10;

/// Everything that was found out about files of evidence, to be asked for one image.
pub(super) struct Court<'a> {
    pub(super) now: Option<Moment>,
    /// The image; none where it is not locked.
    pub(super) image: Option<&'a LockedImage>,
    /// Why there can be no evidence, where the image is not locked.
    pub(super) absent: &'static str,
    /// Where files were opened and signatures verified.
    pub(super) desk: &'a Desk,
}

/// What one file says that somebody who counts has signed.
struct Attested<'a> {
    evidence: &'a Evidence,
    claim: &'a Claim,
    proof: &'a Proof,
}

impl<'a> Court<'a> {
    /// Whether everybody who has to has signed the image.
    pub(super) fn signature(&self, trusts: &[&'a Trust]) -> Option<Verdict> {
        Verdict::all(trusts.iter().map(|trust| match self.attested(EvidenceKind::Signature, &trust.authorities) {
            Ok(attested) => {
                let first = attested.iter().take(1).map(line);
                Verdict::new(VerdictState::Verified, "it is signed as it has to be").with_witness(first)
            }
            Err(verdict) => verdict,
        }))
    }

    /// Whether a scan says what it has to, of all entries that demand one.
    pub(super) fn scan(&self, trusts: &[&'a Trust]) -> Option<Verdict> {
        let demands = trusts.iter().filter_map(|trust| Some((trust, trust.vuln.as_ref()?)));
        Verdict::all(demands.map(|(trust, demand)| {
            let own = &demand.authorities;
            match self.attested(EvidenceKind::Vuln, if own.is_empty() { &trust.authorities } else { own }) {
                Ok(attested) => self.scanned(&attested, demand),
                Err(verdict) => verdict,
            }
        }))
    }

    /// Whether it was built where it has to be, for all entries that demand it.
    pub(super) fn provenance(&self, trusts: &[&'a Trust]) -> Option<Verdict> {
        let demands = trusts.iter().filter_map(|trust| Some((trust, trust.slsa.as_ref()?)));
        Verdict::all(demands.map(|(trust, demand)| {
            let own = &demand.authorities;
            match self.attested(EvidenceKind::Slsa, if own.is_empty() { &trust.authorities } else { own }) {
                Ok(attested) => built(&attested, demand),
                Err(verdict) => verdict,
            }
        }))
    }

    /// Evidence that is not what the lock says it is.
    pub(super) fn mismatches(&self) -> Vec<Mismatch> {
        let Some(image) = self.image else { return Vec::new() };
        let problem = |evidence: &Evidence| {
            let opened = self.desk.opened(evidence)?;
            match &opened.content {
                Err(Fault::Unread(_)) => None,
                _ if !opened.intact => Some("has another sha256 than images.lock says".to_owned()),
                Err(Fault::Malformed(why)) => Some(format!("is no evidence: {why}")),
                Ok(signed) if !signed.claim.is_about(&image.digest) => Some("is about another image".to_owned()),
                _ => None,
            }
        };
        let mismatch = |evidence: &Evidence| {
            Some(Mismatch { file: evidence.file.clone(), kind: evidence.kind, problem: problem(evidence)? })
        };
        image.evidence.iter().filter_map(mismatch).collect()
    }

    /// What the authorities have signed of a kind, or why that is nothing.
    fn attested(&self, kind: EvidenceKind, authorities: &'a [Authority]) -> Result<Vec<Attested<'a>>, Verdict> {
        let noun = noun(kind);
        let Some(image) = self.image else {
            return Err(Verdict::new(
                VerdictState::Missing,
                format!("no {noun} of it is known, since {}", self.absent),
            ));
        };
        let mut attested = Vec::new();
        let mut refusals = Vec::new();
        for evidence in image.evidence.iter().filter(|evidence| evidence.kind == kind) {
            match self.signed(image, evidence, authorities) {
                Ok(found) => attested.push(found),
                Err(refused) => refusals.extend(refused.into_iter().map(|refusal| (evidence, refusal))),
            }
        }
        if !attested.is_empty() {
            return Ok(attested);
        }
        let told = |(evidence, refusal): &(&Evidence, Refusal)| match refusal {
            Refusal::Rejected(why) | Refusal::Unknown(why) => format!("`{}` {why}", evidence.file),
        };
        let unknown = refusals.iter().find(|(_, refusal)| matches!(refusal, Refusal::Unknown(_)));
        let verdict = match (unknown, refusals.first()) {
            (Some(unknown), _) => Verdict::new(
                VerdictState::Unknown,
                format!("whether it has a {noun} cannot be said: {}", told(unknown)),
            ),
            (None, Some(first)) => {
                Verdict::new(VerdictState::Rejected, format!("no {noun} of it holds: {}", told(first)))
            }
            (None, None) => Verdict::new(VerdictState::Missing, format!("no {noun} of it is locked")),
        };
        Err(if refusals.len() > 1 { verdict.with_witness(refusals.iter().map(told)) } else { verdict })
    }

    /// What one file says, if one of the authorities has signed it.
    fn signed(
        &self,
        image: &LockedImage,
        evidence: &'a Evidence,
        authorities: &'a [Authority],
    ) -> Result<Attested<'a>, Vec<Refusal>> {
        let one = |refusal| Err(vec![refusal]);
        let Some(opened) = self.desk.opened(evidence) else {
            return one(Refusal::Unknown("was not looked at".to_owned()));
        };
        let signed = match &opened.content {
            Err(Fault::Unread(_)) => return one(Refusal::Unknown("cannot be read".to_owned())),
            _ if !opened.intact => {
                return one(Refusal::Rejected("has another sha256 than images.lock says".to_owned()));
            }
            Err(Fault::Malformed(why)) => return one(Refusal::Rejected(format!("is no evidence: {why}"))),
            Err(Fault::NotUnderstood(why)) => return one(Refusal::Unknown(format!("is not understood: {why}"))),
            Ok(signed) => signed,
        };
        if !signed.claim.is_about(&image.digest) {
            return one(Refusal::Rejected("is about another image".to_owned()));
        }
        if signed.claim.kind() != Some(evidence.kind) {
            let spoken = short(&signed.claim.predicate_type);
            return one(Refusal::Unknown(format!("speaks of `{spoken}`, which is no {}", noun(evidence.kind))));
        }
        let mut refusals = Vec::new();
        for authority in authorities {
            match self.holds(image, evidence, authority) {
                Ok(proof) => return Ok(Attested { evidence, claim: &signed.claim, proof }),
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(refusals)
    }

    fn holds(&self, image: &LockedImage, evidence: &Evidence, authority: &Authority) -> Result<&'a Proof, Refusal> {
        let Some(result) = self.desk.checked(evidence, &image.digest, authority) else {
            return Err(Refusal::Unknown("was not verified".to_owned()));
        };
        let proof = result.as_ref().map_err(Clone::clone)?;
        if let Some(now) = self.now {
            if proof.times.iter().any(|time| *time > now) {
                return Err(Refusal::Rejected("was signed after the moment that is checked for".to_owned()));
            }
            if let Some(until) = authority.until.as_ref().filter(|until| now.date() > until.value) {
                return Err(Refusal::Rejected(format!(
                    "is signed by {authority}, which counted until {}",
                    until.value
                )));
            }
        }
        Ok(proof)
    }

    /// Whether scans that hold are young enough and harmless enough: of each scanner the last one counts.
    fn scanned(&self, attested: &[Attested<'_>], demand: &VulnRequirement) -> Verdict {
        let mut last: BTreeMap<String, (Scan, &Evidence)> = BTreeMap::new();
        for one in attested {
            let scan = match Scan::read(&one.claim.predicate) {
                Ok(scan) => scan,
                Err(why) => {
                    let reason = format!("no scan of it holds: `{}` cannot be right: {why}", one.evidence.file);
                    return Verdict::new(VerdictState::Rejected, reason);
                }
            };
            if self.now.is_some_and(|now| scan.finished > now) {
                let reason = format!(
                    "no scan of it holds: `{}` says that it was finished after the moment that is checked for",
                    one.evidence.file
                );
                return Verdict::new(VerdictState::Rejected, reason);
            }
            let newer = last.get(&scan.scanner).is_none_or(|(known, _)| known.finished < scan.finished);
            if newer {
                last.insert(scan.scanner.clone(), (scan, one.evidence));
            }
        }
        let verdicts = last.values().map(|(scan, evidence)| self.result(scan, evidence, demand));
        let (stale, fresh): (Vec<Verdict>, Vec<Verdict>) =
            verdicts.partition(|verdict| verdict.state == VerdictState::Stale);
        // A scanner that is no longer used does not have to be used again.
        Verdict::all(fresh)
            .or_else(|| Verdict::all(stale))
            .unwrap_or_else(|| Verdict::new(VerdictState::Missing, "no scan of it is locked"))
    }

    fn result(&self, scan: &Scan, evidence: &Evidence, demand: &VulnRequirement) -> Verdict {
        if let Some((seconds, written)) = &demand.max_age {
            let Some(now) = self.now else {
                return Verdict::new(
                    VerdictState::Unknown,
                    "how old its scan is cannot be said without a moment to measure from",
                );
            };
            if now.since(scan.finished) > *seconds {
                let reason = format!("its last scan is older than {}", written.value);
                let witness = format!("`{}` was finished on {}", evidence.file, scan.finished.date());
                return Verdict::new(VerdictState::Stale, reason).with_witness([witness]);
            }
        }
        let found = match &scan.vulnerabilities {
            Ok(found) => found,
            Err(why) => {
                let reason = format!("what its scan found cannot be said: {why}");
                return Verdict::new(VerdictState::Unknown, reason).with_witness([format!("`{}`", evidence.file)]);
            }
        };
        let denied: Vec<&Vulnerability> = found.iter().filter(|one| one.is_denied(&demand.deny)).collect();
        if denied.is_empty() {
            let witness = format!("`{}` of {}", evidence.file, scan.finished.date());
            return Verdict::new(VerdictState::Verified, "it is scanned as it has to be").with_witness([witness]);
        }
        let noun = if denied.len() == 1 { "vulnerability that is" } else { "vulnerabilities that are" };
        let reason = format!("its scan found {} {noun} not accepted", denied.len());
        let rest = denied.len().saturating_sub(NAMED);
        let more = (rest > 0).then(|| format!("and {rest} more in `{}`", evidence.file));
        Verdict::new(VerdictState::Denied, reason)
            .with_witness(denied.iter().take(NAMED).map(|one| one.line()).chain(more))
    }
}

/// Whether one of the builds that hold is as it has to be.
fn built(attested: &[Attested<'_>], demand: &SlsaRequirement) -> Verdict {
    let mut first = None;
    for one in attested {
        let build = Build::read(&one.claim.predicate);
        let missing = |what: &str| {
            let reason = format!(
                "where it was built cannot be said: `{}` names no {what} that is understood",
                one.evidence.file
            );
            Verdict::new(VerdictState::Unknown, reason)
        };
        let other = |what: &str, found: &str| {
            let reason = format!("it was built by the {what} `{}`, which is not accepted", short(found));
            let reason = if what == "source" { reason.replace("built by the", "built from the") } else { reason };
            Verdict::new(VerdictState::Denied, reason).with_witness([format!("`{}`", one.evidence.file)])
        };
        let accepted = |globs: &[Glob], text: &str| globs.is_empty() || globs.iter().any(|glob| glob.matches(text));
        let verdict = match (&build.builder, build.sources.first()) {
            (None, _) if !demand.builder.is_empty() => missing("builder"),
            (_, None) if !demand.source.is_empty() => missing("source"),
            (Some(builder), _) if !accepted(&demand.builder, builder) => other("builder", builder),
            (_, Some(source)) if !build.sources.iter().any(|source| accepted(&demand.source, source)) => {
                other("source", source)
            }
            _ => {
                return Verdict::new(VerdictState::Verified, "it was built where it has to be")
                    .with_witness([line(one)]);
            }
        };
        first.get_or_insert(verdict);
    }
    first.unwrap_or_else(|| Verdict::new(VerdictState::Missing, "no provenance of it is locked"))
}

fn line(attested: &Attested<'_>) -> String {
    format!("`{}` by {}", attested.evidence.file, attested.proof.by)
}

fn noun(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Signature => "signature",
        EvidenceKind::Vuln => "scan",
        EvidenceKind::Slsa => "provenance",
    }
}
