//! One AuthorizationPolicy: whom it is about, and which connections its rules match.

use std::sync::Arc;

use super::super::addresses::{AddressRange, AddressSet};
use super::super::exposure::CONTROLLER;
use super::super::fault::Faults;
use super::super::pod::Pod;
use super::super::policy::{list, member};
use super::super::ports::PortSet;
use super::super::rule::Other;
use super::Membership;
use crate::facts::selector::Selector;
use crate::manifest::Resource;
use crate::yaml::Node;

/// Policies in this namespace hold for the whole mesh (MeshConfig, `rootNamespace`).
const ROOT_NAMESPACE: &str = "istio-system";

/// The trust domain of a mesh that names none (MeshConfig, `trustDomain`).
const TRUST_DOMAIN: &str = "cluster.local";

/// What a policy does with what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Decision {
    /// Asks something else.
    Custom,
    /// Refuses it.
    Deny,
    /// Accepts it, and what no such policy accepts is refused.
    Allow,
}

/// Whether something matches, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Matched {
    No,
    Maybe,
    Yes,
}

impl Matched {
    fn of(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

/// A policy, read.
#[derive(Debug)]
pub(in super::super) struct Authorization {
    /// The resource, as a position.
    pub(in super::super) at: usize,
    pub(in super::super) decision: Decision,
    namespace: Arc<str>,
    selector: Selector,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// Each a list of conditions that all must hold; any of them suffices.
    from: Vec<Vec<Condition>>,
    /// Surely and possibly matched ports.
    ports: (PortSet, PortSet),
    when: Vec<Condition>,
}

/// One attribute of a source and what it has to be, or not to be.
#[derive(Debug)]
struct Condition {
    attribute: Attribute,
    values: Vec<Arc<str>>,
    negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Attribute {
    Principal,
    Namespace,
    ServiceAccount,
    Address(AddressSet),
    /// Something of the request.
    Request,
}

/// Reads a policy; `None` for one that decides nothing about workloads (AUDIT, or attached to a gateway).
pub(super) fn read(
    at: usize,
    resource: &Resource,
    faults: &mut Faults,
    blocks: &mut Vec<AddressSet>,
) -> Option<Authorization> {
    let empty = Node::default();
    let spec = member(resource.node(), "spec").unwrap_or(&empty);
    let decision = match member(spec, "action").and_then(Node::as_str) {
        None | Some("ALLOW") => Decision::Allow,
        Some("DENY") => Decision::Deny,
        Some("CUSTOM") => Decision::Custom,
        Some("AUDIT") => return None,
        Some(_) => {
            faults.add("/spec/action", "an action is `ALLOW`, `DENY`, `CUSTOM` or `AUDIT`");
            return None;
        }
    };
    if member(spec, "targetRef").is_some() || member(spec, "targetRefs").is_some() {
        return None;
    }
    let selector = match member(spec, "selector") {
        None => Selector::everything(),
        Some(node) => match Selector::label_selector(node) {
            Ok(selector) => selector,
            Err(error) => {
                faults.unreadable("/spec/selector", error);
                return None;
            }
        },
    };
    let namespace = resource.id.namespace.clone().unwrap_or_default();
    let mut reading = Reading { faults, blocks, namespace: namespace.clone() };
    let rules = list(spec, "rules").iter().enumerate();
    let rules = rules.map(|(at, rule)| reading.rule(rule, &format!("/spec/rules/{at}"))).collect();
    Some(Authorization { at, decision, namespace, selector, rules })
}

impl Authorization {
    /// Whether a pod has to ask it.
    pub(super) fn is_about(&self, pod: &Pod) -> bool {
        (*self.namespace == *ROOT_NAMESPACE || self.namespace == pod.namespace) && self.selector.matches(&pod.labels)
    }

    /// The ports on which it surely and possibly matches what a source sends.
    pub(super) fn matched(&self, source: Other<'_>) -> (PortSet, PortSet) {
        let mut matched = (PortSet::none(), PortSet::none());
        for rule in &self.rules {
            let is = rule.is_from(source);
            if is == Matched::Yes {
                matched.0 = matched.0.union(&rule.ports.0);
            }
            if is != Matched::No {
                matched.1 = matched.1.union(&rule.ports.1);
            }
        }
        matched
    }
}

impl Rule {
    fn is_from(&self, source: Other<'_>) -> Matched {
        let all = |conditions: &[Condition]| {
            conditions.iter().map(|condition| condition.holds(source)).min().unwrap_or(Matched::Yes)
        };
        let from = self.from.iter().map(|conditions| all(conditions)).max().unwrap_or(Matched::Yes);
        from.min(all(&self.when))
    }
}

impl Condition {
    fn holds(&self, source: Other<'_>) -> Matched {
        let is = match &self.attribute {
            Attribute::Request => Matched::Maybe,
            Attribute::Address(set) => match source {
                Other::Addresses(range) => Matched::of(set.covers(&range)),
                _ => Matched::Maybe,
            },
            identity => match source.pod() {
                // Where the controller runs, and as whom, is not known.
                Some(pod) if *pod.namespace == *CONTROLLER => Matched::Maybe,
                Some(pod) if pod.mesh != Membership::Outside => self.is_identity(identity, pod),
                // Who is outside the mesh has no identity.
                _ => Matched::No,
            },
        };
        if self.negated { is.not() } else { is }
    }

    fn is_identity(&self, attribute: &Attribute, pod: &Pod) -> Matched {
        let path = format!("ns/{}/sa/{}", pod.namespace, pod.service_account);
        let account = format!("{}/{}", pod.namespace, pod.service_account);
        let of = |value: &Arc<str>| match attribute {
            Attribute::Namespace => Matched::of(fits(value, &pod.namespace)),
            Attribute::ServiceAccount => Matched::of(**value == *account),
            _ if fits(value, &format!("{TRUST_DOMAIN}/{path}")) => Matched::Yes,
            // Another trust domain may be an alias of this one.
            _ => value.split_once('/').map_or(Matched::No, |(domain, rest)| {
                if domain != TRUST_DOMAIN && rest == path { Matched::Maybe } else { Matched::No }
            }),
        };
        self.values.iter().map(of).max().unwrap_or(Matched::No)
    }
}

/// Exact, `prefix*`, `*suffix`, or `*` for any that is not empty.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => !text.is_empty(),
        (Some(suffix), _) => text.ends_with(suffix),
        (None, Some(prefix)) => text.starts_with(prefix),
        (None, None) => pattern == text,
    }
}

/// What a member of `source` is about: its name, its name when it is negated, and the attribute.
type Member = (&'static str, &'static str, fn() -> Attribute);

/// The members of `source`.
const SOURCE: [Member; 6] = [
    ("principals", "notPrincipals", || Attribute::Principal),
    ("namespaces", "notNamespaces", || Attribute::Namespace),
    ("serviceAccounts", "notServiceAccounts", || Attribute::ServiceAccount),
    ("ipBlocks", "notIpBlocks", || Attribute::Address(AddressSet::default())),
    ("remoteIpBlocks", "notRemoteIpBlocks", || Attribute::Request),
    ("requestPrincipals", "notRequestPrincipals", || Attribute::Request),
];

/// The members of `operation` that only a request has.
const REQUEST: [&str; 6] = ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"];

/// A policy while it is read.
struct Reading<'r> {
    faults: &'r mut Faults,
    blocks: &'r mut Vec<AddressSet>,
    namespace: Arc<str>,
}

impl Reading<'_> {
    fn rule(&mut self, rule: &Node, path: &str) -> Rule {
        let from = list(rule, "from").iter().enumerate().map(|(at, from)| {
            let path = format!("{path}/from/{at}/source");
            member(from, "source").map(|source| self.source(source, &path)).unwrap_or_default()
        });
        let from = from.collect();
        let mut ports = self.operations(rule, path);
        let mut conditions = Vec::new();
        for (at, when) in list(rule, "when").iter().enumerate() {
            self.when(when, &format!("{path}/when/{at}"), &mut ports, &mut conditions);
        }
        Rule { from, ports, when: conditions }
    }

    fn source(&mut self, source: &Node, path: &str) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (key, not_key, attribute) in SOURCE {
            for (key, negated) in [(key, false), (not_key, true)] {
                let items = list(source, key);
                if !items.is_empty() {
                    conditions.push(self.condition(attribute(), items, negated, &format!("{path}/{key}")));
                }
            }
        }
        conditions
    }

    fn condition(&mut self, attribute: Attribute, items: &[Node], negated: bool, path: &str) -> Condition {
        let texts = items.iter().map(|item| item.as_str().unwrap_or_default());
        let attribute = match attribute {
            Attribute::Address(_) => {
                let ranges: Vec<AddressRange> = texts
                    .clone()
                    .enumerate()
                    .filter_map(|(at, text)| {
                        let range = AddressRange::parse(text);
                        range.map_err(|message| self.faults.add(format!("{path}/{at}"), message)).ok()
                    })
                    .collect();
                let set: AddressSet = ranges.into_iter().collect();
                self.blocks.push(set.clone());
                Attribute::Address(set)
            }
            attribute => attribute,
        };
        // An account without namespace is one of the policy's own.
        let whole = |text: &str| match &attribute {
            Attribute::ServiceAccount if !text.contains('/') => Arc::from(format!("{}/{text}", self.namespace)),
            _ => Arc::from(text),
        };
        let values = texts.map(whole).collect();
        Condition { attribute, values, negated }
    }

    /// The ports that operations match, surely and possibly; all where there are none.
    fn operations(&mut self, rule: &Node, path: &str) -> (PortSet, PortSet) {
        let operations = list(rule, "to");
        if operations.is_empty() {
            return (PortSet::all(), PortSet::all());
        }
        let (mut surely, mut possibly) = (PortSet::none(), PortSet::none());
        for (at, operation) in operations.iter().enumerate() {
            let Some(operation) = member(operation, "operation") else { continue };
            let path = format!("{path}/to/{at}/operation");
            let mut ports = PortSet::all();
            if !list(operation, "ports").is_empty() {
                ports = self.numbers(list(operation, "ports"), &format!("{path}/ports"));
            }
            ports = ports.difference(&self.numbers(list(operation, "notPorts"), &format!("{path}/notPorts")));
            if REQUEST.iter().all(|key| list(operation, key).is_empty()) {
                surely = surely.union(&ports);
            }
            possibly = possibly.union(&ports);
        }
        (surely, possibly)
    }

    /// Conditions by key; one on ports is no matter of the source, and narrows those of the rule.
    fn when(&mut self, when: &Node, path: &str, ports: &mut (PortSet, PortSet), conditions: &mut Vec<Condition>) {
        let attribute = || match when.str_at(&["key"]) {
            Some("source.namespace") => Attribute::Namespace,
            Some("source.principal") => Attribute::Principal,
            Some("source.serviceAccount") => Attribute::ServiceAccount,
            Some("source.ip") => Attribute::Address(AddressSet::default()),
            _ => Attribute::Request,
        };
        for (key, negated) in [("values", false), ("notValues", true)] {
            let items = list(when, key);
            let path = format!("{path}/{key}");
            if items.is_empty() {
                continue;
            }
            if when.str_at(&["key"]) == Some("destination.port") {
                let set = self.numbers(items, &path);
                let keep = |of: &PortSet| if negated { of.difference(&set) } else { of.intersection(&set) };
                *ports = (keep(&ports.0), keep(&ports.1));
            } else {
                conditions.push(self.condition(attribute(), items, negated, &path));
            }
        }
    }

    /// Ports are text here.
    fn numbers(&mut self, items: &[Node], path: &str) -> PortSet {
        let mut ports = PortSet::none();
        for (at, item) in items.iter().enumerate() {
            let number = item.as_str().and_then(|text| text.parse::<u16>().ok()).filter(|number| *number > 0);
            match number {
                Some(number) => ports = ports.union(&PortSet::range(number, number)),
                None => self.faults.add(format!("{path}/{at}"), "a port is text with a number from 1 to 65535"),
            }
        }
        ports
    }
}
