//! What is known only when environments are compared with those they mirror.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::parity::{self, Object};
use crate::facts::rbac::compare::{Comparison, Site, compare};
use crate::manifest::Resource;
use crate::policy::Term;
use crate::rendered::{Environment, Installation};

/// `data.facts` of policies on the workspace.
pub(super) fn workspace_facts(environments: &[Environment], facts: &[Facts<'_>]) -> Term {
    let mut missing = Vec::new();
    for mirror in environments {
        let of = mirror.mirrors.as_ref().and_then(|of| environments.iter().find(|other| other.name == *of));
        if let Some(of) = of {
            // What is missing of a release that could not be rendered follows from its error.
            let broken: BTreeSet<&str> = [mirror, of].into_iter().flat_map(broken).collect();
            let (here, there) = (comparable(mirror, &broken), comparable(of, &broken));
            missing.extend(parity::compare((&mirror.name, &here), (&of.name, &there)));
        }
    }
    // Facts are plain structs with string keys: nothing in them can fail to serialise.
    Term::object([
        ("parity", Term::serialize(&missing).unwrap_or_else(|_| Term::array([]))),
        ("rbac", Term::serialize(&permissions(environments, facts)).unwrap_or_else(|_| Term::object([]))),
    ])
}

/// What differs in who may do what; nothing where that was not derived.
fn permissions(environments: &[Environment], facts: &[Facts<'_>]) -> Comparison {
    let sites: Vec<Site<'_, '_>> = environments
        .iter()
        .zip(facts)
        .filter_map(|(environment, facts)| {
            let broken: BTreeSet<&str> = broken(environment).collect();
            Some(Site {
                name: &environment.name,
                tier: environment.tier,
                mirrors: environment.mirrors.as_deref(),
                rbac: facts.rbac.as_ref()?,
                setting: &environment.declared.rbac,
                identities: &environment.identities,
                counts: Box::new(move |at| counts(environment, &environment.resources[at], &broken)),
            })
        })
        .collect();
    compare(&sites)
}

/// The releases of an environment of which something could not be done.
fn broken(environment: &Environment) -> impl Iterator<Item = &str> {
    environment.installations.iter().filter(|installation| !installation.whole).map(Installation::release)
}

/// The objects that an environment is compared by: its own, without those of releases that are broken or
/// declared for some environments only.
fn comparable<'a>(environment: &'a Environment, broken: &BTreeSet<&str>) -> Vec<Object<'a>> {
    environment
        .resources
        .iter()
        .zip(&environment.identities)
        .filter(|(resource, _)| !resource.is_external() && counts(environment, resource, broken))
        .map(|(resource, identity)| Object { identity, id: &resource.id })
        .collect()
}

fn counts(environment: &Environment, resource: &Resource, broken: &BTreeSet<&str>) -> bool {
    let rendering = resource.manifest.rendering.as_ref();
    let installation = rendering.map(|rendering| &environment.installations[rendering.installation]);
    installation.is_none_or(|installation| !installation.partial && !broken.contains(installation.release()))
}
