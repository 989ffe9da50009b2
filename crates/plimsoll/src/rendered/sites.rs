//! Environments as facts compare them.

use super::Environment;
use crate::facts::Facts;
use crate::facts::quota::capacity::Site;

/// The environments for which what they need was derived, each with that.
pub(crate) fn sites<'a>(environments: &'a [Environment], facts: &'a [Facts<'_>]) -> Vec<Site<'a>> {
    let pairs = environments.iter().zip(facts);
    let site = |(environment, facts): (&'a Environment, &'a Facts<'_>)| {
        Some(Site {
            name: &environment.name,
            mirrors: environment.mirrors.as_deref(),
            quota: facts.quota.as_ref()?,
            resources: &environment.resources,
            identities: &environment.identities,
        })
    };
    pairs.filter_map(site).collect()
}
