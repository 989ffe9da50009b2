//! What is known only when environments are compared with those they mirror.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::parity::{self, Object};
use crate::facts::quota::capacity::capacity;
use crate::manifest::Resource;
use crate::policy::Term;
use crate::rendered::{Environment, Installation, sites};

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
    let capacity = capacity(&sites(environments, facts));
    Term::object([
        ("parity", Term::serialize(&missing).unwrap_or_else(|_| Term::array([]))),
        ("quota", Term::serialize(&capacity).unwrap_or_else(|_| Term::object([]))),
    ])
}

/// The releases of an environment of which something could not be done.
fn broken(environment: &Environment) -> impl Iterator<Item = &str> {
    environment.installations.iter().filter(|installation| !installation.whole).map(Installation::release)
}

/// The objects that an environment is compared by: its own, without those of releases that are broken or
/// declared for some environments only.
fn comparable<'a>(environment: &'a Environment, broken: &BTreeSet<&str>) -> Vec<Object<'a>> {
    let counts = |resource: &Resource| {
        let rendering = resource.manifest.rendering.as_ref();
        let installation = rendering.map(|rendering| &environment.installations[rendering.installation]);
        installation.is_none_or(|installation| !installation.partial && !broken.contains(installation.release()))
    };
    environment
        .resources
        .iter()
        .zip(&environment.identities)
        .filter(|(resource, _)| !resource.is_external() && counts(resource))
        .map(|(resource, identity)| Object { identity, id: &resource.id })
        .collect()
}
