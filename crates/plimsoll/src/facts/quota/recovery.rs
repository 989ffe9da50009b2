//! Whether an environment can carry the peak of the one it mirrors: its quotas, and its nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::capacity::{Site, Spot, judge, peak_items};
use super::fit::{Supply, Verdict};
use super::needs::percent;
use super::nodes::Room;
use super::quotas::Dimension;
use super::words::words;

/// Something that cannot carry, or is not known to carry, what is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The environment that mirrors.
    pub mirror: String,
    /// The environment that it mirrors.
    pub of: String,
    /// What is known: no or unknown.
    pub verdict: Verdict,
    /// What is too small: a quota's dimension, or the nodes.
    pub what: String,
    /// Why, in words.
    pub reason: String,
    /// Every term.
    pub witness: Vec<String>,
    /// Where it is shown; the environment may be the mirrored one.
    #[serde(flatten)]
    pub spot: Spot,
}

/// What every mirror cannot carry.
pub(super) fn gaps(sites: &[Site<'_>]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for mirror in sites {
        let Some(of) = mirror.mirrors.and_then(|name| sites.iter().find(|site| site.name == name)) else { continue };
        gaps.extend(quota_gaps(mirror, of));
        gaps.extend(node_gap(mirror, of));
    }
    gaps
}

/// The namespaces of an environment by the name that all environments share.
fn logical<'a>(site: &Site<'a>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (resource, identity) in site.resources.iter().zip(site.identities) {
        let (Some(namespace), Some(shared)) = (&resource.id.namespace, identity.split('/').nth(2)) else { continue };
        let names = found.entry(shared).or_default();
        if !names.contains(&&**namespace) {
            names.push(namespace);
        }
    }
    found
}

fn quota_gaps(mirror: &Site<'_>, of: &Site<'_>) -> Vec<Gap> {
    let (here, there) = (logical(mirror), logical(of));
    let shared_name =
        |namespace: &str| here.iter().find(|(_, names)| names.contains(&namespace)).map(|(shared, _)| *shared);
    let mut gaps = Vec::new();
    for quota in &mirror.quota.quotas {
        let Some(shared) = shared_name(&quota.namespace) else { continue };
        let Some(namespaces) = there.get(shared) else { continue };
        // What is one namespace there and several here falls on each of their quotas in part, nobody knows in which.
        if here.get(shared).is_some_and(|names| names.len() > 1) && namespaces.len() == 1 {
            continue;
        }
        for (name, hard) in quota.hard.iter() {
            for namespace in namespaces {
                let sum = of.quota.use_of(quota, name, namespace);
                if percent(sum.rollout, hard) <= 100 {
                    continue;
                }
                let spot = if quota.external {
                    of.quota.largest(&sum, &Dimension::of(name)).map(|(at, path)| of.spot(at, path))
                } else {
                    Some(mirror.spot(quota.at, format!("/spec/hard/{}", super::escape(name))))
                };
                let Some(spot) = spot else { continue };
                let words = words(&sum, hard);
                gaps.push(Gap {
                    mirror: mirror.name.to_owned(),
                    of: of.name.to_owned(),
                    verdict: Verdict::No,
                    what: format!("quota {}/{}", quota.namespace, quota.name),
                    reason: format!("{} > {} ({}/{} {name})", words.sum, words.hard, quota.namespace, quota.name),
                    witness: words.lines,
                    spot,
                });
            }
        }
    }
    gaps
}

/// Whether the mirror's nodes carry the pods of what it mirrors, beside its own DaemonSets.
fn node_gap(mirror: &Site<'_>, of: &Site<'_>) -> Option<Gap> {
    let pools: Arc<_> = mirror.quota.setting.pools.clone()?;
    let room = Room::new(&pools, &mirror.quota.demands);
    let supply = Supply::most(&room);
    let sites = [of];
    let variants = peak_items(&sites, of.quota.setting.rollouts);
    let judged =
        variants.iter().map(|items| judge(&room, &supply, items, &sites)).min_by_key(|judged| judged.verdict)?;
    // Who shares the mirrored environment's cluster has nothing to do with the mirror's.
    let shared = judged.verdict == Verdict::Unknown && judged.reason.contains("is not rendered now");
    if judged.verdict == Verdict::Yes || shared {
        return None;
    }
    Some(Gap {
        mirror: mirror.name.to_owned(),
        of: of.name.to_owned(),
        verdict: judged.verdict,
        what: format!("cluster {}", mirror.quota.setting.cluster.as_deref().unwrap_or("without a name")),
        reason: judged.reason,
        witness: judged.witness,
        spot: judged.spot?,
    })
}
