//! The roles of an environment, rendered, external and the API server's own, with aggregation resolved.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::bootstrap::{Bootstrap, BootstrapRole};
use super::power::{Held, powers};
use super::rule::Rule;
use crate::facts::selector::{Labels, Selector};
use crate::manifest::Resource;
use crate::yaml::Node;

pub(super) const GROUP: &str = "rbac.authorization.k8s.io";
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-";

/// Where a role or binding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The API server brings it.
    Bootstrap,
    /// It is the resource at this position.
    Resource(usize),
}

/// A Role or ClusterRole.
#[derive(Debug)]
pub struct Role<'a> {
    /// The namespace of a Role; none for a ClusterRole.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it is the workspace's own: neither the API server's nor external.
    pub own: bool,
    /// Its own rules, at the positions at which they are written.
    pub rules: Vec<Rule<'a>>,
    /// Whether the control plane writes its rules: those of the roles that its `aggregationRule` selects.
    pub aggregated: bool,
    /// The roles whose rules it has: itself, or the ones it is aggregated from.
    pub sources: Arc<[usize]>,
    /// What its own rules grant that matters beyond itself: the rule's position and the power.
    pub held: Vec<(usize, Held)>,
    pub(super) labels: Labels,
}

impl Role<'_> {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "Role" } else { "ClusterRole" }
    }

    /// Whether the API server brings it; an external copy of such a role is still that role.
    pub fn is_builtin(&self) -> bool {
        let brought =
            || matches!(self.name, "cluster-admin" | "admin" | "edit" | "view") || self.name.starts_with("system:");
        self.origin == Origin::Bootstrap || (!self.own && self.namespace.is_none() && brought())
    }
}

/// The roles of an environment, and where each is.
#[derive(Debug, Default)]
pub struct Roles<'a> {
    /// All of them: the API server's own first, then as rendered.
    pub all: Vec<Role<'a>>,
    by_name: HashMap<(Option<&'a str>, &'a str), usize>,
}

impl<'a> Roles<'a> {
    pub(super) fn read(resources: &'a [Resource], bootstrap: &Bootstrap, get_opens: bool) -> Self {
        let mut roles = Self::default();
        let mut selectors: Vec<(usize, Vec<Selector>)> = Vec::new();
        // What is rendered or external under the name of one of the API server's own stands in its place.
        let written: BTreeSet<(&str, &str, &str)> = resources
            .iter()
            .filter(|resource| &*resource.id.group == GROUP)
            .map(|resource| (&*resource.id.kind, resource.namespace(), &*resource.id.name))
            .collect();
        for role in &bootstrap.roles {
            let kind = if role.namespace.is_some() { "Role" } else { "ClusterRole" };
            if !written.contains(&(kind, role.namespace.unwrap_or(""), role.name)) {
                roles.bootstrap(role, &mut selectors, get_opens);
            }
        }
        for (at, resource) in resources.iter().enumerate() {
            if resource.is(GROUP, "Role") || resource.is(GROUP, "ClusterRole") {
                roles.rendered(at, resource, &mut selectors, get_opens);
            }
        }
        roles.aggregate(&selectors);
        roles
    }

    /// The role of a name: of a namespace, or of the cluster.
    pub fn find(&self, namespace: Option<&str>, name: &str) -> Option<usize> {
        self.by_name.get(&(namespace, name)).copied()
    }

    /// Every rule that a role has in the end: the role that wrote it, its position there, the rule.
    pub fn effective(&self, role: usize) -> impl Iterator<Item = (usize, usize, &Rule<'a>)> {
        self.all[role].sources.iter().flat_map(move |source| {
            self.all[*source].rules.iter().enumerate().map(move |(at, rule)| (*source, at, rule))
        })
    }

    /// Every power that a role has in the end: the role that wrote its rule, the rule's position, the power.
    pub fn held(&self, role: usize) -> impl Iterator<Item = (usize, usize, &Held)> {
        self.all[role]
            .sources
            .iter()
            .flat_map(move |source| self.all[*source].held.iter().map(move |(rule, held)| (*source, *rule, held)))
    }

    fn push(&mut self, role: Role<'a>) -> usize {
        let at = self.all.len();
        self.by_name.insert((role.namespace, role.name), at);
        self.all.push(role);
        at
    }

    fn bootstrap(&mut self, role: &BootstrapRole, selectors: &mut Vec<(usize, Vec<Selector>)>, get_opens: bool) {
        let key = |label: &str| format!("{AGGREGATE}{label}");
        let at = self.push(Role {
            namespace: role.namespace,
            name: role.name,
            origin: Origin::Bootstrap,
            own: false,
            held: held(&role.rules, get_opens),
            rules: role.rules.clone(),
            aggregated: role.aggregates.is_some(),
            sources: Arc::new([self.all.len()]),
            labels: role.labels.iter().map(|label| (Arc::<str>::from(key(label)), Arc::<str>::from("true"))).collect(),
        });
        if let Some(label) = role.aggregates {
            let wanted = Node::from_json(&serde_json::json!({key(label): "true"}));
            selectors.push((at, Selector::plain(&wanted).into_iter().collect()));
        }
    }

    fn rendered(
        &mut self,
        at: usize,
        resource: &'a Resource,
        selectors: &mut Vec<(usize, Vec<Selector>)>,
        get_opens: bool,
    ) {
        let node = resource.node();
        let aggregation = node.get("aggregationRule").filter(|rule| rule.as_map().is_some());
        let aggregation = aggregation.filter(|_| &*resource.id.kind == "ClusterRole");
        let rules: Vec<Rule<'a>> = match (aggregation, node.get("rules")) {
            (None, Some(rules)) => rules.items().iter().map(Rule::read).collect(),
            _ => Vec::new(),
        };
        let role = self.push(Role {
            namespace: (&*resource.id.kind == "Role").then(|| resource.namespace()),
            name: &resource.id.name,
            origin: Origin::Resource(at),
            own: !resource.is_external(),
            held: held(&rules, get_opens),
            rules,
            aggregated: aggregation.is_some(),
            sources: Arc::new([self.all.len()]),
            labels: Labels::from_node(node.at(&["metadata", "labels"])),
        });
        if let Some(aggregation) = aggregation {
            let written = aggregation.get("clusterRoleSelectors").map(Node::items).unwrap_or_default();
            // A selector that cannot be read selects nothing: the API server refuses it.
            selectors.push((role, written.iter().filter_map(|node| Selector::label_selector(node).ok()).collect()));
        }
    }

    /// Gives every aggregated role the rules of those it selects, and of those that they select.
    ///
    /// The control plane repeats this until nothing changes (pkg/controller/clusterroleaggregation), so a role has
    /// the rules of every role that it reaches through selectors; what it says of its own is overwritten.
    fn aggregate(&mut self, selectors: &[(usize, Vec<Selector>)]) {
        let cluster: Vec<usize> = (0..self.all.len()).filter(|at| self.all[*at].namespace.is_none()).collect();
        let mut by_label: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for at in &cluster {
            for pair in self.all[*at].labels.iter() {
                by_label.entry(pair).or_default().push(*at);
            }
        }
        let selected: HashMap<usize, BTreeSet<usize>> = selectors
            .iter()
            .map(|(role, selectors)| {
                let matching = |selector: &Selector| -> Vec<usize> {
                    let rarest = selector
                        .equalities()
                        .map(|(key, value)| by_label.get(&(key, value)).map_or(&[][..], Vec::as_slice))
                        .min_by_key(|roles| roles.len());
                    let candidates = rarest.unwrap_or(&cluster);
                    candidates.iter().copied().filter(|at| selector.matches(&self.all[*at].labels)).collect()
                };
                (*role, selectors.iter().flat_map(matching).filter(|at| at != role).collect())
            })
            .collect();
        let sources: Vec<(usize, Arc<[usize]>)> =
            selectors.iter().map(|(role, _)| (*role, reached(*role, &selected))).collect();
        for (role, sources) in sources {
            self.all[role].sources = sources;
        }
    }
}

/// The roles with rules of their own that an aggregated role reaches, in order.
fn reached(role: usize, selected: &HashMap<usize, BTreeSet<usize>>) -> Arc<[usize]> {
    let mut seen = BTreeSet::from([role]);
    let mut open = vec![role];
    while let Some(at) = open.pop() {
        for next in selected.get(&at).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen.into_iter().filter(|at| !selected.contains_key(at)).collect()
}

fn held(rules: &[Rule<'_>], get_opens: bool) -> Vec<(usize, Held)> {
    let of = |(at, rule)| powers(rule, get_opens).into_iter().map(move |held| (at, held));
    rules.iter().enumerate().flat_map(of).collect()
}
