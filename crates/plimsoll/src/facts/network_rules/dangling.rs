//! Selectors of a policy that select nothing.
//!
//! Only where something is known that they could have selected: in a namespace of which no pod is rendered,
//! nothing can be compared.

use serde::Serialize;

use super::Context;
use super::rules::{Peer, PortNumber, Rules};
use crate::facts::namespace::NAME_LABEL;
use crate::facts::selector::{Labels, Miss, Selector, differences};
use crate::facts::workload::title;
use crate::manifest::Resource;
use crate::nearest::nearest;

/// A selector that selects nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dangling {
    /// JSON pointer of the selector.
    pub path: String,
    /// What it is to select.
    pub subject: Subject,
    /// The selector in words.
    pub selector: String,
    /// The namespaces in which pods were looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Whether selecting nothing is certain.
    pub known: bool,
    /// What comes nearest, and how it differs, in words.
    pub nearest: Option<String>,
}

/// What a selector is to select.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The pods that the policy is about.
    Policy,
    /// Pods that a rule admits.
    Pods,
    /// Namespaces that a rule admits.
    Namespaces,
    /// The port of a rule, by name.
    Port,
}

pub(super) fn dangling(context: &mut Context<'_, '_>, policy: &Resource, rules: &Rules) -> Vec<Dangling> {
    let mut found: Vec<Dangling> = own(context, policy, rules).into_iter().collect();
    // What the rules of declared services miss is said of the connection that is blocked by it.
    if !is_declared(context, policy, rules) {
        for peer in rules.rules.iter().flat_map(|rule| &rule.peers) {
            found.extend(of_peer(context, policy, peer));
        }
    }
    found.extend(names(context, policy, rules));
    found
}

/// Names of ports that no pod has which the rule is about.
fn names(context: &mut Context<'_, '_>, policy: &Resource, rules: &Rules) -> Vec<Dangling> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        let named = rule.ports.iter().flatten().filter_map(|port| match &port.number {
            PortNumber::Named(name) => Some((port, name)),
            _ => None,
        });
        for (port, name) in named {
            let workloads = context.derivation.workloads;
            let pods = context.destinations(policy, rules, rule);
            let declared =
                || pods.iter().flat_map(|at| workloads[*at].ports()).filter(|of| of.protocol == port.protocol.name());
            if pods.is_empty() || declared().any(|of| of.name == Some(&**name)) {
                continue;
            }
            let closed = |at: &usize| context.is_closed(workloads[*at].resource.namespace());
            found.push(Dangling {
                path: format!("{}/port", port.path),
                subject: Subject::Port,
                selector: name.to_string(),
                namespaces: Vec::new(),
                // A policy that selects pods which refuse the name is wrong about those at least.
                known: rule.is_ingress || pods.iter().all(closed),
                nearest: nearest(name, declared().filter_map(|of| of.name)).map(|name| format!("`{name}`")),
            });
        }
    }
    found
}

/// Whether all pods that a policy is about are of services that declare their connections.
fn is_declared(context: &Context<'_, '_>, policy: &Resource, rules: &Rules) -> bool {
    let derivation = context.derivation;
    let Some(selector) = &rules.pods else { return false };
    let pods = derivation.pods.select(derivation.workloads, policy.namespace(), selector);
    !pods.is_empty() && pods.iter().all(|at| context.directory.declares(*at))
}

fn own(context: &Context<'_, '_>, policy: &Resource, rules: &Rules) -> Option<Dangling> {
    let derivation = context.derivation;
    let selector = rules.pods.as_ref().filter(|selector| !selector.selects_everything())?;
    if !derivation.world.is_whole() {
        return None;
    }
    let namespace = policy.namespace();
    if !derivation.pods.select(derivation.workloads, namespace, selector).is_empty() {
        return None;
    }
    let candidates = derivation.pods.namespace(namespace);
    // A chart that brings workloads of its own is expected to bring the ones that its policy is about.
    let known = context.is_closed(namespace)
        || (policy.manifest.release.is_some()
            && candidates.iter().any(|at| derivation.workloads[*at].resource.same_release(policy)));
    (known || !candidates.is_empty()).then(|| Dangling {
        path: "/spec/podSelector".to_owned(),
        subject: Subject::Policy,
        selector: selector.to_string(),
        namespaces: vec![namespace.to_owned()],
        known,
        nearest: nearest_pods(context, &[namespace], selector),
    })
}

fn of_peer(context: &mut Context<'_, '_>, policy: &Resource, peer: &Peer) -> Option<Dangling> {
    let derivation = context.derivation;
    let own = [policy.namespace()];
    let selected = peer.namespaces.as_ref().map(|selector| context.namespaces(selector));
    let namespaces: &[&str] = selected.as_deref().unwrap_or(&own);
    if let Some(selector) = peer.namespaces.as_ref().filter(|_| namespaces.is_empty()) {
        return no_namespace(context, selector, &peer.path);
    }
    let selector = peer.pods.as_ref().filter(|selector| !selector.selects_everything())?;
    if !derivation.world.is_whole() {
        return None;
    }
    let is_known = |name: &&str| !derivation.pods.namespace(name).is_empty();
    let selects = |name: &&str| !derivation.pods.select(derivation.workloads, name, selector).is_empty();
    if namespaces.iter().any(selects) || !namespaces.iter().any(is_known) {
        return None;
    }
    Some(Dangling {
        path: format!("{}/podSelector", peer.path),
        subject: Subject::Pods,
        selector: selector.to_string(),
        namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
        known: namespaces.iter().all(|name| context.is_closed(name)),
        nearest: nearest_pods(context, namespaces, selector),
    })
}

/// A namespace that is not rendered may exist: without a closed world only what is spelled nearly so says something.
fn no_namespace(context: &Context<'_, '_>, selector: &Selector, path: &str) -> Option<Dangling> {
    let known = context.derivation.world.declared.is_complete("Namespace");
    let named = selector.equalities().find(|(key, _)| *key == NAME_LABEL).map(|(_, name)| name);
    let near = if let Some(name) = named {
        nearest(name, context.namespaces.keys().map(|known| &**known)).map(|known| format!("`{known}`"))
    } else {
        let all = context.namespaces.iter().map(|(name, namespace)| (name.to_string(), &namespace.labels));
        closest(all.filter(|(_, labels)| is_misspelt(selector, labels)), selector)
    };
    (known || near.is_some()).then(|| Dangling {
        path: format!("{path}/namespaceSelector"),
        subject: Subject::Namespaces,
        selector: selector.to_string(),
        namespaces: Vec::new(),
        known,
        nearest: near,
    })
}

/// Whether one value, spelled a little differently, is all that labels miss.
fn is_misspelt(selector: &Selector, labels: &Labels) -> bool {
    let misses = selector.near_miss(labels);
    let [miss] = misses.as_slice() else { return false };
    let wanted = miss.requirement.values.first().map_or("", |value| &**value);
    nearest(wanted, miss.actual).is_some()
}

fn nearest_pods(context: &Context<'_, '_>, namespaces: &[&str], selector: &Selector) -> Option<String> {
    let derivation = context.derivation;
    let positions = namespaces.iter().flat_map(|name| derivation.pods.namespace(name));
    let pods = positions.map(|at| &derivation.workloads[*at]);
    closest(pods.map(|workload| (title(workload.resource).to_string(), &workload.labels)), selector)
}

/// What misses a selector by the least, in words; nothing where all is missed.
fn closest<'l>(candidates: impl Iterator<Item = (String, &'l Labels)>, selector: &Selector) -> Option<String> {
    candidates
        .filter_map(|(name, labels)| {
            let misses = selector.near_miss(labels);
            let has_key = misses.iter().any(|miss| miss.actual.is_some());
            let partly = misses.len() < selector.requirements().len() || has_key;
            partly.then(|| (misses.len(), distance(&misses), format!("`{name}`, which {}", differences(&misses))))
        })
        .min()
        .map(|(_, _, words)| words)
}

/// How differently what is missed is spelled.
fn distance(misses: &[Miss<'_>]) -> usize {
    let spelled = |miss: &Miss<'_>| {
        let wanted = miss.requirement.values.first().map_or("", |value| &**value);
        strsim::osa_distance(wanted, miss.actual.unwrap_or(""))
    };
    misses.iter().map(spelled).sum()
}
