//! The graph of who can become whom, and the shortest ways through it.
//!
//! Nodes are identities, grants (a role where it holds) and sets of identities; an edge that takes an action costs
//! one, one that only says what somebody is or holds costs nothing. One search backwards from cluster-admin gives
//! the shortest way of everybody. Ties go to what comes first in the environment, so the answer is always the same.

use std::collections::{HashMap, VecDeque};

use super::bindings::{Bound, Scope};
use super::power::Held;

/// Where one can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place<'a> {
    /// Whoever may do everything.
    Admin,
    /// Somebody, by position.
    Subject(usize),
    /// Whoever is granted the same as somebody, by powers that count only together; by number.
    Together(usize),
    /// A role where it holds.
    Grant(usize, Scope<'a>),
    /// A role in every namespace, but not outside of them.
    Everywhere(usize),
    /// Every account of a namespace.
    AccountsIn(&'a str),
    /// Every account.
    Accounts,
    /// The accounts that the pods of a namespace run as.
    RunningIn(&'a str),
    /// The accounts that pods run as.
    Running,
    /// The accounts of namespaces in which a kind of workload stands, by its resource.
    BesideWorkloads(&'static str),
    /// Every user.
    Users,
    /// Every group but the one that the API server asks nobody about.
    Groups,
    /// The Roles of a namespace.
    RolesIn(&'a str),
    /// The Roles of every namespace.
    Roles,
}

/// One use of a power: the rule that grants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use<'a> {
    /// The role that is bound.
    pub role: usize,
    /// Where it holds.
    pub scope: Scope<'a>,
    /// The role that wrote the rule: another one where it is aggregated.
    pub writer: usize,
    /// The rule's position there.
    pub rule: usize,
    /// What is used of it.
    pub held: Held,
}

/// Why one gets from one place to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'a> {
    /// Somebody is bound.
    Holds(usize, Bound),
    /// Somebody is in a group, or in a set.
    Is,
    /// Somebody uses what is granted.
    Uses(Vec<Use<'a>>),
}

/// An edge of the graph.
#[derive(Debug, Clone)]
pub struct Edge<'a> {
    /// The node it leads to.
    pub to: usize,
    /// Why.
    pub why: Why<'a>,
}

impl Edge<'_> {
    fn cost(&self) -> u32 {
        u32::from(matches!(self.why, Why::Uses(_)))
    }
}

/// The graph, with every node's distance from cluster-admin once it is [closed](Graph::close).
#[derive(Debug, Default)]
pub struct Graph<'a> {
    places: Vec<Place<'a>>,
    by_place: HashMap<Place<'a>, usize>,
    edges: Vec<Vec<Edge<'a>>>,
    distance: Vec<Option<u32>>,
    /// The first edge of the shortest way of each node.
    next: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    /// The node of a place, and whether it is new.
    pub fn node(&mut self, place: Place<'a>) -> (usize, bool) {
        if let Some(node) = self.by_place.get(&place) {
            return (*node, false);
        }
        let node = self.places.len();
        self.by_place.insert(place, node);
        self.places.push(place);
        self.edges.push(Vec::new());
        (node, true)
    }

    /// The node of a place that is in the graph.
    pub fn find(&self, place: Place<'_>) -> Option<usize> {
        self.by_place.get(&place).copied()
    }

    /// What a node is.
    pub fn place(&self, node: usize) -> Place<'a> {
        self.places[node]
    }

    /// The edges that leave a node.
    pub fn edges(&self, node: usize) -> &[Edge<'a>] {
        &self.edges[node]
    }

    /// How many edges it has.
    pub fn size(&self) -> usize {
        self.edges.iter().map(Vec::len).sum()
    }

    /// Adds an edge.
    pub fn link(&mut self, from: usize, to: usize, why: Why<'a>) {
        self.edges[from].push(Edge { to, why });
    }

    /// Finds every node's distance from cluster-admin.
    pub fn close(&mut self) {
        let mut backwards: Vec<Vec<(usize, u32)>> = vec![Vec::new(); self.places.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for edge in edges {
                backwards[edge.to].push((from, edge.cost()));
            }
        }
        self.distance = vec![None; self.places.len()];
        self.next = vec![None; self.places.len()];
        let Some(admin) = self.find(Place::Admin) else { return };
        let mut open = VecDeque::from([(admin, 0)]);
        while let Some((node, distance)) = open.pop_front() {
            if self.distance[node].is_some() {
                continue;
            }
            self.distance[node] = Some(distance);
            for (from, cost) in &backwards[node] {
                if *cost == 0 { open.push_front((*from, distance)) } else { open.push_back((*from, distance + 1)) }
            }
        }
        self.next = (0..self.places.len()).map(|node| self.next(node).filter(|_| node != admin)).collect();
    }

    /// The first edge of a node by which it comes nearer at the edge's cost.
    fn next(&self, node: usize) -> Option<usize> {
        let distance = self.distance(node)?;
        let nearer = |edge: &Edge<'a>| self.distance(edge.to).is_some_and(|to| to + edge.cost() == distance);
        self.edges[node].iter().position(nearer)
    }

    /// How many actions a node is from cluster-admin.
    pub fn distance(&self, node: usize) -> Option<u32> {
        self.distance.get(node).copied().flatten()
    }

    /// The first of the shortest ways from a node to cluster-admin: node and edge, step by step.
    pub fn way(&self, from: usize) -> Vec<(usize, &Edge<'a>)> {
        let mut way = Vec::new();
        let mut at = from;
        while let Some(edge) = self.next.get(at).copied().flatten().map(|edge| &self.edges[at][edge]) {
            way.push((at, edge));
            at = edge.to;
        }
        way
    }

    /// Everything that can be reached from a node, with the last step of the first shortest way to it.
    pub fn reach(&self, from: usize) -> Vec<Reached> {
        let mut reached: Vec<Option<Reached>> = vec![None; self.places.len()];
        let mut open = VecDeque::from([Reached { node: from, cost: 0, through: None }]);
        let mut order = Vec::new();
        while let Some(step) = open.pop_front() {
            if reached[step.node].is_some() {
                continue;
            }
            reached[step.node] = Some(step);
            order.push(step);
            // What costs nothing comes first, in the order in which it is written.
            for (at, edge) in self.edges[step.node].iter().enumerate().rev().filter(|(_, edge)| edge.cost() == 0) {
                open.push_front(Reached { node: edge.to, cost: step.cost, through: Some((step.node, at)) });
            }
            for (at, edge) in self.edges[step.node].iter().enumerate().filter(|(_, edge)| edge.cost() == 1) {
                open.push_back(Reached { node: edge.to, cost: step.cost + 1, through: Some((step.node, at)) });
            }
        }
        order
    }
}

/// A node that was reached, and through which edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The node.
    pub node: usize,
    /// How many actions it takes.
    pub cost: u32,
    /// The node before it, and the position of the edge.
    pub through: Option<(usize, usize)>,
}
