//! What the workspace says about people and namespaces, for each environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Environment;
use crate::facts::rbac::setting::Setting;
use crate::workspace::{Config, EnvironmentPlan};

/// What is declared for one environment.
pub(super) fn setting(config: &Config, plan: &EnvironmentPlan) -> Setting {
    let mut teams: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    for release in &plan.releases {
        if let Some(team) = &release.team {
            teams.entry(release.namespace.clone()).or_default().insert(team.clone());
        }
    }
    Setting { identities: config.identities.clone(), teams, elsewhere: BTreeMap::new() }
}

/// Takes the teams of namespaces from their own label, where they have one: it says more than who installs there.
pub(super) fn teams(environments: &mut [Environment]) {
    for environment in environments {
        let labelled = environment.resources.iter().filter(|resource| resource.is("", "Namespace"));
        for namespace in labelled {
            if let Some(team) = namespace.node().str_at(&["metadata", "labels", "team"]) {
                environment.declared.rbac.teams.insert(namespace.id.name.clone(), [Arc::from(team)].into());
            }
        }
    }
}

/// Notes for each environment the namespaces that only others have.
pub(super) fn elsewhere(environments: &mut [Environment]) {
    let own = |environment: &Environment| -> BTreeSet<Arc<str>> {
        let rendered = environment.resources.iter().filter_map(|resource| match &*resource.id.kind {
            "Namespace" => Some(resource.id.name.clone()),
            _ => resource.id.namespace.clone(),
        });
        rendered.chain(environment.declared.namespaces.keys().cloned()).collect()
    };
    let all: Vec<(Arc<str>, BTreeSet<Arc<str>>)> =
        environments.iter().map(|environment| (environment.name.clone(), own(environment))).collect();
    for (at, environment) in environments.iter_mut().enumerate() {
        let others = all.iter().enumerate().filter(|(other, _)| *other != at);
        for (_, (name, namespaces)) in others {
            for namespace in namespaces.difference(&all[at].1) {
                environment.declared.rbac.elsewhere.entry(namespace.clone()).or_insert_with(|| name.clone());
            }
        }
    }
}
