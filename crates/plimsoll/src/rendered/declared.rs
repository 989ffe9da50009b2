//! What an environment declares about its network: connections, in the values of its releases and in
//! `plimsoll.yaml`, and to whom its namespaces belong.

use super::Environment;
use crate::chart::Chart;
use crate::facts::declared::{Connections, Peer, Scope, of_values};
use crate::facts::namespace::{Namespaces, Source, namespaces};
use crate::policy::Need;
use crate::problems::Problems;
use crate::values::Values;
use crate::workspace::decode::Decoder;
use crate::workspace::{Plan, PlannedRelease, Workspace};
use crate::yaml::{Mark, Node};
use crate::{Error, ErrorKind, Location};

/// What the values of a release declare, for its own chart and for every subchart that takes part.
///
/// A mistake that the chart's schema already found is not said twice.
pub(super) fn of_release(
    chart: &Chart,
    values: &Values,
    release: &PlannedRelease,
    errors: &mut Vec<Error>,
) -> Vec<Connections> {
    let mut problems = Problems::default();
    let place = |mark: Mark| values.location(mark);
    let mut decoder = Decoder { place: &place, kind: ErrorKind::Values, problems: &mut problems };
    let scope = Scope { release: Some(&release.name), namespace: &release.namespace };
    let mut found = Vec::new();
    let root = values.root();
    let mut pending: Vec<(&Chart, &Node)> = vec![(chart, root)];
    while let Some((chart, values)) = pending.pop() {
        found.extend(of_values(&mut decoder, values, scope));
        let enabled = chart.enabled_with_tags(values, root.get("tags")).into_iter();
        pending.extend(enabled.filter_map(|of| Some((&*of.chart, values.get(&of.name)?))));
    }
    let lines: Vec<Location> = errors.iter().filter_map(Error::location).cloned().collect();
    let known = |error: &Error| {
        let at = |location: &Location| (location.file.clone(), location.line);
        error.location().is_some_and(|location| lines.iter().any(|line| at(line) == at(location)))
    };
    // What a missing values file would have said is not known: mistakes may follow from that.
    let problems = if release.incomplete { Vec::new() } else { problems.finish().0 };
    errors.extend(problems.into_iter().filter(|error| !known(error)));
    found
}

/// What `plimsoll.yaml` declares for each environment: all its entries together.
pub(super) fn of_workspace(workspace: &Workspace, environments: &mut [Environment], problems: &mut Problems) {
    for environment in environments {
        let mut all = Connections::default();
        for entry in workspace.config().connections.iter().filter(|entry| entry.holds_in(&environment.name)) {
            all.services.extend(entry.connections.services.iter().cloned());
            all.roles.extend(entry.connections.roles.clone());
        }
        for error in unbound(&all) {
            problems.add_in(&environment.name, error);
        }
        if all != Connections::default() {
            environment.declared.connections.push(all);
        }
    }
}

/// The roles that services name and nothing binds.
fn unbound(all: &Connections) -> Vec<Error> {
    let connections = all.services.iter().flat_map(|service| service.callers.iter().chain(&service.calls));
    connections
        .filter_map(|connection| {
            let Peer::Role(name) = &connection.peer else { return None };
            if all.roles.contains_key(name) {
                return None;
            }
            let help = crate::nearest::suggest(name, all.roles.keys().map(|name| &**name));
            let error = Error::new(ErrorKind::Workspace, format!("there is no role `{name}` in this environment"));
            let error = error.with_help(help);
            Some(match &connection.location {
                Some(location) => error.with_location(location.clone()),
                None => error,
            })
        })
        .collect()
}

/// What values declare that policies wait for.
pub(super) fn needs(environments: &[Environment]) -> Option<Need> {
    let declares = |environment: &Environment| !environment.declared.connections.is_empty();
    environments.iter().any(declares).then_some(Need::Connections)
}

/// Completes what only is known once everything is rendered: which releases are broken, and what others have.
pub(super) fn settle(environments: &mut [Environment], plan: &Plan) {
    for environment in environments.iter_mut() {
        let halved = environment.installations.iter().any(|installation| !installation.whole);
        environment.declared.broken = environment.unread || halved;
        for connections in &mut environment.declared.connections {
            let installation = connections.installation.and_then(|at| environment.installations.get(at));
            connections.partial = installation.is_some_and(|installation| !installation.whole);
        }
    }
    elsewhere(environments, plan);
}

/// Tells each environment which namespaces only others have that share its cluster.
///
/// Environments whose clusters are both declared and differ do not share one.
fn elsewhere(environments: &mut [Environment], plan: &Plan) {
    let own: Vec<Namespaces> =
        environments.iter().map(|environment| namespaces(&environment.resources, &environment.declared)).collect();
    let cluster = |at: usize| plan.environments.get(at).and_then(|plan| plan.environment.cluster.as_ref());
    for (at, environment) in environments.iter_mut().enumerate() {
        for (other, theirs) in own.iter().enumerate() {
            let apart = matches!((cluster(at), cluster(other)), (Some(one), Some(two)) if one != two);
            if other == at || apart {
                continue;
            }
            let foreign = theirs.iter().filter(|(name, _)| !own[at].contains_key(*name));
            for (name, namespace) in foreign {
                let known = environment.declared.elsewhere.entry(name.clone()).or_insert_with(|| namespace.clone());
                // Whose objects stand in it says more than who declares it.
                if known.source == Source::External {
                    *known = namespace.clone();
                }
            }
        }
    }
}
