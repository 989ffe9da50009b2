//! What is known only when environments are compared with those they mirror.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::drift;
use crate::facts::parity::{self, Missing, Object};
use crate::facts::quota::capacity::capacity;
use crate::facts::rbac::compare::{Comparison, Site, compare};
use crate::manifest::Resource;
use crate::policy::Term;
use crate::rendered::{Environment, Installation, sites};

/// `data.facts` of policies on the workspace.
pub(super) fn workspace_facts(environments: &[Environment], facts: &[Facts<'_>]) -> Term {
    let mut missing = Vec::new();
    let mut drifted = Vec::new();
    for (mirror, own) in environments.iter().zip(facts) {
        let of = mirror.mirrors.as_ref().and_then(|of| environments.iter().position(|other| other.name == *of));
        if let Some((of, others)) = of.map(|of| (&environments[of], &facts[of])) {
            missing.extend(lacking(mirror, of));
            if let (Some(here), Some(there)) = (side(mirror, own), side(of, others)) {
                drifted.extend(drift::drift(&here, &there));
            }
        }
    }
    // Facts are plain structs with string keys: nothing in them can fail to serialise.
    let term = |facts: Result<Term, crate::Error>| facts.unwrap_or_else(|_| Term::array([]));
    let capacity = Term::serialize(&capacity(&sites(environments, facts))).unwrap_or_else(|_| Term::object([]));
    Term::object([
        ("parity", term(Term::serialize(&missing))),
        ("drift", term(Term::serialize(&drifted))),
        ("rbac", Term::serialize(&permissions(environments, facts)).unwrap_or_else(|_| Term::object([]))),
        ("quota", capacity),
    ])
}

/// The objects that one of two environments lacks.
///
/// What is missing of a release that could not be rendered follows from its error; what a file that could not be read
/// would have brought nobody knows.
fn lacking(mirror: &Environment, of: &Environment) -> Vec<Missing> {
    if [mirror, of].iter().any(|environment| environment.unread) {
        return Vec::new();
    }
    let broken: BTreeSet<&str> = [mirror, of].into_iter().flat_map(broken).collect();
    let (here, there) = (comparable(mirror, &broken), comparable(of, &broken));
    parity::compare((&mirror.name, &here), (&of.name, &there))
}

/// An environment as its reachability is compared; `None` where no policy asked for that, or where policies are
/// missing because they could not be rendered.
fn side<'a>(environment: &'a Environment, facts: &'a Facts<'a>) -> Option<drift::Side<'a>> {
    if environment.declared.broken {
        return None;
    }
    let mut identities = vec![None; environment.resources.len()];
    for (at, (resource, identity)) in environment.resources.iter().zip(&environment.identities).enumerate() {
        if counts(environment, resource, &BTreeSet::new()) {
            identities[at] = Some(&**identity);
        }
    }
    Some(drift::Side {
        name: &environment.name,
        network: facts.network.as_ref()?,
        connections: facts.connections(),
        namespaces: &facts.namespaces,
        declared: &environment.declared,
        resources: &environment.resources,
        identities,
    })
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
                whole: !environment.declared.broken,
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
        .filter(|(resource, _)| counts(environment, resource, broken))
        .map(|(resource, identity)| Object { identity, id: &resource.id })
        .collect()
}

fn counts(environment: &Environment, resource: &Resource, broken: &BTreeSet<&str>) -> bool {
    let rendering = resource.manifest.rendering.as_ref();
    let installation = rendering.map(|rendering| &environment.installations[rendering.installation]);
    let whole = |installation: &Installation| !installation.partial && !broken.contains(installation.release());
    !resource.is_external() && installation.is_none_or(whole)
}
