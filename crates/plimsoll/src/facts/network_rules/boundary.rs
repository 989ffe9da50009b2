//! Rules that reach into namespaces of other teams or environments.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::Context;
use super::rules::{Port, PortNumber, Rules};
use crate::facts::namespace::{Namespace, Source};
use crate::manifest::Resource;

/// A selector of namespaces that reaches beyond the policy's own team or environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crossing {
    /// JSON pointer of the selector.
    pub path: String,
    /// `ingress` or `egress`.
    pub direction: &'static str,
    /// The selector in words; empty where it selects every namespace.
    pub selector: String,
    /// Whether the entry names pods of those namespaces.
    pub pods: bool,
    /// Whether the rule is about nothing but name resolution.
    pub dns: bool,
    /// The teams whose namespaces it selects, without the policy's own.
    pub teams: Vec<String>,
    /// The namespaces of those teams.
    pub namespaces: Vec<String>,
    /// Namespaces that only other environments have.
    pub foreign: Vec<String>,
    /// Namespaces that another environment has, and this one perhaps, too.
    pub shared: Vec<String>,
}

pub(super) fn crossings(context: &mut Context<'_, '_>, policy: &Resource, rules: &Rules) -> Vec<Crossing> {
    let declared = context.derivation.world.declared;
    let own = teams_of(context, policy.namespace());
    let mut found = Vec::new();
    for rule in &rules.rules {
        for peer in &rule.peers {
            let Some(selector) = &peer.namespaces else { continue };
            let mut teams = BTreeSet::new();
            let mut namespaces = Vec::new();
            for name in context.namespaces(selector).iter() {
                let of = teams_of(context, name);
                // Two teams in one namespace share it.
                if !own.is_empty() && !of.is_empty() && own.is_disjoint(&of) {
                    teams.extend(of.into_iter().map(str::to_owned));
                    namespaces.push((*name).to_owned());
                }
            }
            let elsewhere = declared.elsewhere.iter().filter(|(_, namespace)| selector.matches(&namespace.labels));
            let (foreign, shared): (Vec<_>, Vec<_>) =
                elsewhere.partition(|(_, namespace)| is_foreign(context, namespace));
            let names = |found: Vec<(&Arc<str>, &Namespace)>| -> Vec<String> {
                found.into_iter().map(|(name, _)| name.to_string()).collect()
            };
            let (foreign, shared) = (names(foreign), names(shared));
            if teams.is_empty() && foreign.is_empty() && shared.is_empty() && !selector.selects_everything() {
                continue;
            }
            found.push(Crossing {
                path: format!("{}/namespaceSelector", peer.path),
                direction: if rule.is_ingress { "ingress" } else { "egress" },
                selector: selector.to_string(),
                pods: peer.pods.as_ref().is_some_and(|pods| !pods.selects_everything()),
                dns: !rule.is_ingress && rule.ports.as_deref().is_some_and(|ports| ports.iter().all(is_dns)),
                teams: teams.into_iter().collect(),
                namespaces,
                foreign,
                shared,
            });
        }
    }
    found
}

/// Whether this environment cannot have a namespace of another one: it knows all of its own, or the other one puts its
/// objects there. What somebody else brings, such as an ingress controller, may be there in both.
fn is_foreign(context: &Context<'_, '_>, namespace: &Namespace) -> bool {
    let world = context.derivation.world;
    world.declared.is_complete("Namespace") || (world.is_whole() && namespace.source != Source::External)
}

/// The teams of a namespace: of the releases in it, and the one that its label `team` names.
fn teams_of<'c>(context: &Context<'c, '_>, namespace: &str) -> BTreeSet<&'c str> {
    let within: Arc<str> = format!("{namespace}/").into();
    // Releases are known as `namespace/name`.
    let of_releases = context.derivation.world.declared.teams.range(within.clone()..);
    let of_releases = of_releases.take_while(|(release, _)| release.starts_with(&*within)).map(|(_, team)| &**team);
    let label = context.namespaces.get(namespace).and_then(|namespace| namespace.labels.get("team"));
    of_releases.chain(label).collect()
}

/// Ports on which resolvers listen: 53, and 5353 where they run without the right to open 53 (OpenShift).
fn is_dns(port: &Port) -> bool {
    matches!(port.number, PortNumber::Range(53, 53) | PortNumber::Range(5353, 5353))
        || matches!(&port.number, PortNumber::Named(name) if name.starts_with("dns"))
}
