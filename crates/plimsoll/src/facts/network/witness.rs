//! Why something is admitted or blocked, in words that a person can check by hand.
//!
//! For what is admitted the rules that admit it, for what is blocked the policies that block it and on which
//! side; each with the object and the JSON pointer of the rule. Places in templates are the view's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::addresses::AddressSet;
use super::exposure::CONTROLLER;
use super::mesh::Membership;
use super::pod::Pod;
use super::ports::{ConnectionSet, PortSet, Protocol};
use super::reach::{Asked, End, Network, Reach, Step};
use super::rule::{Action, Direction, HostNetwork, Other, PeerRule, Peers, PodSelector, Rule, Scope, Tier};

/// How many pieces of a range of addresses are explained each for itself; nobody reads more.
const PARTS: usize = 64;

/// Why a pair can exchange what it can, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What is admitted.
    pub reach: Reach,
    /// The reasons: first those of the source's side, then those of the destination's.
    pub because: Vec<Because>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// On whose side: egress is the source's, ingress the destination's.
    pub side: Direction,
    /// What it does.
    pub effect: Effect,
    /// One sentence without a full stop.
    pub words: String,
    /// The object it stands in, as a position.
    pub resource: Option<usize>,
    /// JSON pointer into that object.
    pub pointer: String,
}

/// What a reason does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It admits something.
    Admits,
    /// It blocks something.
    Blocks,
    /// It should be known, and decides nothing.
    Notes,
}

/// The reasons of one side while they are gathered.
struct Telling<'n, 'a> {
    network: &'n Network<'a>,
    side: Direction,
    because: Vec<Because>,
}

impl Network<'_> {
    /// Says why what is admitted between two ends is admitted, and why the rest is not.
    pub fn explain(&self, source: End<'_>, destination: End<'_>) -> Explanation {
        let reach = self.reach(source, destination);
        let mut because = Vec::new();
        let mut seen = BTreeSet::new();
        let mut add = |more: Vec<Because>| {
            because.extend(more.into_iter().filter(|one| seen.insert(one.clone())));
        };
        if source == End::IngressController {
            add(self.openings(destination));
        }
        for from in self.spots(source) {
            for to in self.spots(destination) {
                for (from, to) in self.parts(from, to).into_iter().take(PARTS) {
                    add(self.side_explained(Direction::Egress, from, to));
                    add(self.side_explained(Direction::Ingress, to, from));
                    add(self.mesh_explained(from, to));
                }
            }
        }
        because.sort_by_key(|one| one.side == Direction::Ingress);
        Explanation { reach, because }
    }

    /// What cannot be decided from manifests, and how it was taken.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let on_nodes = self
            .pods
            .peers
            .iter()
            .filter(|peer| peer.groups.iter().any(|group| self.pods.groups[*group as usize].host_network));
        let on_nodes: Vec<String> = on_nodes.map(ToString::to_string).collect();
        if let [first, more @ ..] = on_nodes.as_slice() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let taken = match self.options.host_network {
                HostNetwork::Pod => "as if policies were applied to it, which many plugins do not do",
                HostNetwork::Node => "as nodes, to which no policy is applied",
            };
            notes.push(format!("{first}{more} is on the network of its node, and is taken {taken}"));
        }
        for policy in &self.policies {
            let rules = Direction::BOTH.into_iter().flat_map(|direction| policy.rules(direction).unwrap_or_default());
            let names = |wanted: fn(&PeerRule) -> bool| {
                rules.clone().any(|rule| match &rule.peers {
                    Peers::Anyone => false,
                    Peers::Listed(entries) => entries.iter().any(wanted),
                })
            };
            let id = &self.resources[policy.at].id;
            for (is, what) in [
                (names(|entry| matches!(entry, PeerRule::Domains)), "domain names"),
                (names(|entry| matches!(entry, PeerRule::Nodes(_))), "nodes"),
            ] {
                if is {
                    notes.push(format!("{} `{}` names {what}, whose addresses are in no manifest", id.kind, id.name));
                }
            }
        }
        notes
    }

    fn openings(&self, destination: End<'_>) -> Vec<Because> {
        let End::Peer(peer) = destination else { return Vec::new() };
        let mut telling = Telling { network: self, side: Direction::Ingress, because: Vec::new() };
        for exposure in self.exposures_of(peer).iter().filter(|one| one.through.is_controller()) {
            let service = &self.resources[exposure.service].id.name;
            let words = format!(
                "{} opens {} through the Service `{service}`",
                telling.title(exposure.resource),
                exposure.ports
            );
            telling.add(Effect::Admits, words, Some(exposure.resource), "/spec");
        }
        if telling.because.is_empty() {
            let words = "no Ingress, Gateway route or Route leads to it".to_owned();
            telling.add(Effect::Blocks, words, None, "");
        }
        telling.because
    }

    fn side_explained(&self, side: Direction, subject: Other<'_>, other: Other<'_>) -> Vec<Because> {
        let Some(pod) = subject.pod() else { return Vec::new() };
        let mut telling = Telling { network: self, side, because: Vec::new() };
        if pod.host_network {
            let words =
                "the pod is on its node's network: many plugins apply no NetworkPolicy to it, and others see it \
                         as its node; what is said here holds where they are applied"
                    .to_owned();
            telling.add(Effect::Notes, words, None, "");
        }
        let asked = self.asked_of(subject, pod, side);
        let mut steps = Vec::new();
        let admitted = self.side(&asked, side, pod, other, &mut |step| steps.push(step));
        for step in &steps {
            telling.step(step);
        }
        if asked.namespace.is_empty() {
            // Of a controller nobody names, that nothing selects it is no news.
            if *pod.namespace != *CONTROLLER || !steps.is_empty() {
                telling.open(&asked, &steps);
            }
        } else if !admitted.is_all() {
            telling.isolated(&asked, other, &ConnectionSet::all().difference(&admitted));
        }
        telling.because
    }

    fn mesh_explained(&self, source: Other<'_>, destination: Other<'_>) -> Vec<Because> {
        let Some(pod) = destination.pod().filter(|pod| pod.mesh != Membership::Outside) else { return Vec::new() };
        let mut telling = Telling { network: self, side: Direction::Ingress, because: Vec::new() };
        if pod.mesh == Membership::Ambient && source.pod().is_some_and(|pod| pod.mesh == Membership::Ambient) {
            let words =
                "both pods are ambient: policies see their traffic on TCP 15008 only, and admit all of its ports or \
                         none"
                    .to_owned();
            telling.add(Effect::Notes, words, None, "");
        }
        for at in self.mesh.asked(destination) {
            let decided = self.mesh.decide(&[at], source);
            let policy = &self.mesh.policies[at as usize];
            let title = telling.title(policy.at);
            if !decided.denied.is_empty() {
                let ports = ConnectionSet::of(Protocol::Tcp, decided.denied);
                let words = format!("{title} refuses {ports}, unless another one accepts it");
                telling.add(Effect::Blocks, words, Some(policy.at), "/spec");
            }
            if decided.conditional != PortSet::none() {
                let ports = ConnectionSet::of(Protocol::Tcp, decided.conditional);
                let words = format!("{title} decides about {ports} by what is in each request");
                telling.add(Effect::Notes, words, Some(policy.at), "/spec");
            }
        }
        telling.because
    }
}

impl Telling<'_, '_> {
    fn add(&mut self, effect: Effect, words: String, resource: Option<usize>, pointer: &str) {
        let pointer = pointer.to_owned();
        self.because.push(Because { side: self.side, effect, words, resource, pointer });
    }

    /// What a person calls an object: `NetworkPolicy shop/cart`.
    fn title(&self, at: usize) -> String {
        let id = &self.network.resources[at].id;
        match &id.namespace {
            Some(namespace) => format!("{} `{namespace}/{}`", id.kind, id.name),
            None => format!("{} `{}`", id.kind, id.name),
        }
    }

    fn step(&mut self, step: &Step) {
        let policy = &self.network.policies[step.policy as usize];
        let named =
            policy.rules(self.side).and_then(|rules| rules.iter().find(|rule| rule.at == step.rule)?.name.as_ref());
        let named = named.map_or_else(String::new, |name| format!(" by its rule `{name}`"));
        let (effect, verb) = match step.action {
            Action::Allow => (Effect::Admits, "admits"),
            Action::Deny => (Effect::Blocks, "denies"),
            Action::Pass => (Effect::Notes, "passes on"),
        };
        let words = format!("{} {verb} {}{named}", self.title(policy.at), step.ports);
        let pointer = format!("/spec/{}/{}", self.side.name(), step.rule);
        self.add(effect, words, Some(policy.at), &pointer);
    }

    /// No NetworkPolicy selects the pod: what no cluster-wide rule decides is admitted.
    fn open(&mut self, asked: &Asked, steps: &[Step]) {
        let decided = steps.iter().filter(|step| step.action != Action::Pass);
        let decided = decided.fold(ConnectionSet::none(), |sum, step| sum.union(&step.ports));
        let rest = ConnectionSet::all().difference(&decided);
        if rest.is_empty() {
            return;
        }
        let also =
            if asked.admin.is_empty() && asked.baseline.is_empty() { "" } else { " and no cluster-wide rule decides" };
        let words = format!("no NetworkPolicy selects it for {}{also}, so {rest} is admitted", self.side.name());
        self.add(Effect::Admits, words, None, "");
    }

    /// The NetworkPolicies that isolate the pod, and why their rules do not admit the rest.
    fn isolated(&mut self, asked: &Asked, other: Other<'_>, blocked: &ConnectionSet) {
        for at in &asked.namespace {
            let network = self.network;
            let policy = &network.policies[*at as usize];
            let rules = policy.rules(self.side).unwrap_or_default();
            let missed = rules.iter().filter(|rule| !network.options.matches(Tier::Namespace, rule, other));
            let mut by_words: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for rule in missed {
                by_words.entry(misses(rule, other)).or_default().push(rule.at.to_string());
            }
            let mut missed: Vec<(Vec<String>, String)> = by_words.into_iter().map(|(words, at)| (at, words)).collect();
            missed.sort();
            let missed: Vec<String> = missed.iter().map(|(at, words)| rules_are(at, words)).collect();
            let what = match (rules.len(), missed.as_slice()) {
                (0, _) => format!("has no {} rule, so of itself it admits nothing", self.side.name()),
                (_, []) => format!("isolates it, and its rules leave {blocked} out"),
                (_, missed) => format!("isolates it: {}", missed.join("; ")),
            };
            let words = format!("{} {what}", self.title(policy.at));
            let pointer = pointer(self.side, rules.is_empty());
            self.add(Effect::Blocks, words, Some(policy.at), pointer);
        }
    }
}

/// What one rule asks for, or several that ask for the same.
fn rules_are(at: &[String], words: &str) -> String {
    match at {
        [one] => format!("rule {one} is {words}"),
        several => format!("rules {} are {words}", several.join(", ")),
    }
}

/// Where a policy says that it isolates.
fn pointer(side: Direction, empty: bool) -> &'static str {
    match side {
        _ if empty => "/spec/policyTypes",
        Direction::Ingress => "/spec/ingress",
        Direction::Egress => "/spec/egress",
    }
}

/// What a rule asks for that the other end is not.
fn misses(rule: &Rule, other: Other<'_>) -> String {
    let Peers::Listed(entries) = &rule.peers else { return "about everyone".to_owned() };
    let words: BTreeSet<String> = entries.iter().map(|entry| entry_misses(entry, other)).collect();
    if words.is_empty() {
        return "about nobody".to_owned();
    }
    format!("about {}", words.into_iter().collect::<Vec<_>>().join(" or "))
}

fn entry_misses(entry: &PeerRule, other: Other<'_>) -> String {
    match entry {
        PeerRule::Pods(selector) => match other.pod() {
            Some(pod) => selector_misses(selector, pod),
            None => "pods only".to_owned(),
        },
        PeerRule::Addresses(set) => format!("the addresses {}", shown(set)),
        PeerRule::Nodes(_) => "nodes".to_owned(),
        PeerRule::Domains => "domain names, whose addresses are not known".to_owned(),
    }
}

/// Nobody reads more ranges than a few.
fn shown(set: &AddressSet) -> String {
    let first: Vec<String> = set.ranges().iter().take(3).map(ToString::to_string).collect();
    let more = set.ranges().len().saturating_sub(first.len());
    if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") }
}

fn selector_misses(selector: &PodSelector, pod: &Pod) -> String {
    let mut words = Vec::new();
    match &selector.scope {
        Scope::Own(name) if *name != pod.namespace => words.push(format!("pods of the namespace `{name}`")),
        Scope::Own(_) => {}
        Scope::Matching(namespaces) => {
            if *pod.namespace == *CONTROLLER && !namespaces.matches(&pod.namespace_labels) {
                words.push(format!("namespaces with `{namespaces}`, and where the controller runs is not known"));
            } else {
                let misses = namespaces.near_miss(&pod.namespace_labels);
                words.extend(misses.iter().map(|miss| format!("namespaces with {miss}")));
            }
        }
    }
    words.extend(selector.pods.near_miss(&pod.labels).iter().map(|miss| format!("pods with {miss}")));
    if words.is_empty() { "pods that are not on their node's network".to_owned() } else { words.join(" and ") }
}
