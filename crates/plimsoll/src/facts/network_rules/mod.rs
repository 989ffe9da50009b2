//! What the rules of single NetworkPolicies select: selectors that select nothing, ports that lead nowhere,
//! namespaces of other teams.
//!
//! Only what is written in one policy, seen beside what is rendered; what all policies together admit is
//! [`network`](super::network)'s.

mod boundary;
mod dangling;
mod infrastructure;
mod rules;
mod service_ports;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

pub use boundary::Crossing;
pub use dangling::{Dangling, Subject};
pub(super) use infrastructure::reach_facts;
pub use infrastructure::{Dns, Infrastructure, Istiod};
pub use service_ports::ServicePort;

use super::Derivation;
use super::declared::{Directory, is_inhabited};
use super::namespace::{NAME_LABEL, Namespace};
use super::selector::Selector;
use crate::manifest::Resource;
use rules::{Rule, Rules};

/// What was found in the rules of one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleFacts {
    /// Selectors that select nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dangling: Vec<Dangling>,
    /// Ports that are a Service's and not its pods'.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_ports: Vec<ServicePort>,
    /// Selectors that reach beyond the policy's own team or environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crossings: Vec<Crossing>,
}

/// Everything that is looked up while policies are read.
struct Context<'c, 'a> {
    derivation: &'c Derivation<'a>,
    directory: &'c Directory<'a>,
    namespaces: &'c BTreeMap<Arc<str>, Namespace>,
    /// What selectors of namespaces were found to select.
    selected: HashMap<Selector, Arc<[&'c str]>>,
}

/// Reads every NetworkPolicy; what there is nothing to say about is left out.
pub(super) fn rule_facts(
    derivation: &Derivation<'_>,
    directory: &Directory<'_>,
    namespaces: &BTreeMap<Arc<str>, Namespace>,
) -> Vec<(usize, RuleFacts)> {
    let mut context = Context { derivation, directory, namespaces, selected: HashMap::new() };
    let services = service_ports::services(derivation);
    let mut found = Vec::new();
    for (at, policy) in derivation.world.of_kind("networking.k8s.io", "NetworkPolicy") {
        let rules = Rules::of(policy);
        let facts = RuleFacts {
            dangling: dangling::dangling(&mut context, policy, &rules),
            service_ports: service_ports::service_ports(&mut context, &services, policy, &rules),
            crossings: boundary::crossings(&mut context, policy, &rules),
        };
        if facts != RuleFacts::default() {
            found.push((at, facts));
        }
    }
    found
}

impl<'c> Context<'c, '_> {
    /// The known namespaces that a selector selects.
    fn namespaces(&mut self, selector: &Selector) -> Arc<[&'c str]> {
        if let Some(known) = self.selected.get(selector) {
            return known.clone();
        }
        let named = selector.equalities().find(|(key, _)| *key == NAME_LABEL).map(|(_, name)| name);
        let matches = |(_, namespace): &(&'c Arc<str>, &'c Namespace)| selector.matches(&namespace.labels);
        let found: Arc<[&str]> = match named {
            Some(name) => {
                self.namespaces.get_key_value(name).filter(matches).map(|(name, _)| &**name).into_iter().collect()
            }
            None => self.namespaces.iter().filter(matches).map(|(name, _)| &**name).collect(),
        };
        self.selected.insert(selector.clone(), found.clone());
        found
    }

    /// The workloads whose ports a rule is about, as far as it names them.
    fn destinations(&mut self, policy: &Resource, rules: &Rules, rule: &Rule) -> Vec<usize> {
        let derivation = self.derivation;
        let select = |namespace: &str, pods| derivation.pods.select(derivation.workloads, namespace, pods);
        if rule.is_ingress {
            return rules.pods.as_ref().map(|pods| select(policy.namespace(), pods)).unwrap_or_default();
        }
        let everything = Selector::everything();
        let own = [policy.namespace()];
        let mut found = Vec::new();
        for peer in &rule.peers {
            let selected = peer.namespaces.as_ref().map(|selector| self.namespaces(selector));
            for namespace in selected.as_deref().unwrap_or(&own) {
                found.extend(select(namespace, peer.pods.as_ref().unwrap_or(&everything)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether pods of a namespace that are not rendered do not exist.
    fn is_closed(&self, namespace: &str) -> bool {
        is_inhabited(self.derivation, namespace)
    }
}
