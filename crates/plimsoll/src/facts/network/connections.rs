//! Every connection there is, without looking at every pair.
//!
//! A pair is looked at where a rule of one side names the other, or where both sides have rules that name
//! everyone (or no rules at all). The rest is admitted by nobody. So the cost grows with the rules and with the
//! connections that are found, and with the square of the pods only where so many connections exist.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::addresses::{AddressRange, AddressSet};
use super::exposure::CONTROLLER;
use super::external::{Exchange, Ranges, together};
use super::pod::{PeerId, position};
use super::ports::ConnectionSet;
use super::reach::{Asked, End, Network};
use super::rule::{Action, Direction, HostNetwork, Other, PeerRule, Peers, Rule};
use super::selection::Selection;

/// The most connections that are listed unless another limit is given; more help nobody, and may not fit into memory.
pub const LIMIT: usize = 2_000_000;

/// How many pairs, and how many ranges of addresses, may be looked at for each connection that may be listed.
const LOOKS: usize = 8;

/// One end of a listed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Addresses outside the cluster.
    Addresses(AddressRange),
    /// A workload.
    Peer(PeerId),
    /// What Ingress, Gateway and Route objects send traffic through.
    IngressController,
}

/// What is admitted from one end to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where it comes from.
    pub source: Endpoint,
    /// Where it goes to.
    pub destination: Endpoint,
    /// What is admitted.
    pub ports: ConnectionSet,
    /// Of that, what depends on more than ports.
    pub conditional: ConnectionSet,
}

/// Which connections are wanted: all, unless an end is given.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Only from one of these.
    pub from: Option<Vec<Endpoint>>,
    /// Only to one of these.
    pub to: Option<Vec<Endpoint>>,
    /// No more than so many.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { from: None, to: None, limit: LIMIT }
    }
}

impl Filter {
    fn looks(&self) -> usize {
        self.limit.saturating_mul(LOOKS)
    }
}

/// There are more connections than can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// Connections between two peers while they are gathered.
type Found = (PeerId, PeerId, Exchange);

impl Network<'_> {
    /// The name of an end of a listed connection.
    pub fn name(&self, end: Endpoint) -> String {
        match end {
            Endpoint::Addresses(range) => format!("{range}[External]"),
            Endpoint::Peer(peer) => self.peer(peer).to_string(),
            Endpoint::IngressController => CONTROLLER.to_owned(),
        }
    }

    /// Every connection that is wanted, in order of source and destination; a workload's connections to itself
    /// are left out.
    pub fn connections(&self, filter: &Filter) -> Result<Vec<Connection>, TooMany> {
        let mut connections: Vec<Connection> = self
            .between_peers(filter)?
            .into_iter()
            .map(|(source, destination, exchange)| Connection {
                source: Endpoint::Peer(source),
                destination: Endpoint::Peer(destination),
                ports: exchange.ports,
                conditional: exchange.conditional,
            })
            .collect();
        self.with_outside(filter, Direction::Ingress, &mut connections)?;
        self.with_outside(filter, Direction::Egress, &mut connections)?;
        self.with_controller(filter, &mut connections);
        connections.par_sort_by_key(|connection| (connection.source, connection.destination));
        if connections.len() > filter.limit { Err(TooMany) } else { Ok(connections) }
    }

    fn between_peers(&self, filter: &Filter) -> Result<Vec<Found>, TooMany> {
        let (sources, destinations) = (peers(filter.from.as_ref()), peers(filter.to.as_ref()));
        let pairs = match (&sources, &destinations) {
            (None, None) => self.candidates(filter.looks())?,
            _ => self.product(sources.as_deref(), destinations.as_deref()),
        };
        let wanted = |peers: &Option<Vec<PeerId>>, peer: PeerId| {
            peers.as_ref().is_none_or(|peers| peers.binary_search(&peer).is_ok())
        };
        let count = AtomicUsize::new(0);
        let mut found: Vec<Found> = pairs
            .par_iter()
            .take_any_while(|_| count.load(Ordering::Relaxed) <= filter.limit)
            .flat_map_iter(|(source, destination)| {
                let (ports, conditional) = self.between(self.group(*source), self.group(*destination));
                let exchange = (!ports.is_empty()).then_some(Exchange { ports, conditional });
                let members = |group: &u32| &self.pods.members[*group as usize];
                let pairs = members(source).iter().flat_map(|from| members(destination).iter().map(|to| (*from, *to)));
                let pairs = pairs.filter(|(from, to)| {
                    from != to && wanted(&sources, PeerId(*from)) && wanted(&destinations, PeerId(*to))
                });
                let pairs: Vec<(u32, u32)> = if exchange.is_some() { pairs.collect() } else { Vec::new() };
                count.fetch_add(pairs.len(), Ordering::Relaxed);
                let exchange = exchange.unwrap_or_default();
                pairs.into_iter().map(move |(from, to)| (PeerId(from), PeerId(to), exchange.clone()))
            })
            .collect();
        if count.into_inner() > filter.limit {
            return Err(TooMany);
        }
        found.par_sort_by_key(|(source, destination, _)| (*source, *destination));
        found.dedup_by(|next, before| {
            let same = (next.0, next.1) == (before.0, before.1);
            if same {
                before.2.ports = before.2.ports.union(&next.2.ports);
                before.2.conditional = before.2.conditional.union(&next.2.conditional);
            }
            same
        });
        Ok(found)
    }

    /// Every pair of the given peers' groups, of all where none are given.
    fn product(&self, sources: Option<&[PeerId]>, destinations: Option<&[PeerId]>) -> Vec<(u32, u32)> {
        let groups = |peers: Option<&[PeerId]>| -> Vec<u32> {
            let Some(peers) = peers else { return (0..position(self.pods.groups.len())).collect() };
            let mut groups: Vec<u32> = peers.iter().flat_map(|peer| self.peer(*peer).groups.iter().copied()).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        };
        let (sources, destinations) = (groups(sources), groups(destinations));
        sources.iter().flat_map(|source| destinations.iter().map(|destination| (*source, *destination))).collect()
    }

    fn with_outside(
        &self,
        filter: &Filter,
        direction: Direction,
        connections: &mut Vec<Connection>,
    ) -> Result<(), TooMany> {
        let (own, other) = match direction {
            Direction::Ingress => (&filter.to, &filter.from),
            Direction::Egress => (&filter.from, &filter.to),
        };
        let own = peers(own.as_ref());
        let within = addresses(other.as_ref());
        if within.is_empty() {
            return Ok(());
        }
        let ids: Vec<PeerId> = own.unwrap_or_else(|| (0..position(self.peers().len())).map(PeerId).collect());
        let groups = ids.iter().flat_map(|id| &self.peer(*id).groups);
        let asked = groups.map(|group| &self.asked[direction as usize][*group as usize]);
        let ranges = asked.flat_map(|asked| self.address_sets(asked, direction)).map(|set| set.ranges().len());
        if ranges.sum::<usize>() > filter.looks() {
            return Err(TooMany);
        }
        let found = ids.par_iter().flat_map_iter(|id| {
            let of_groups: Vec<Ranges> =
                self.peer(*id).groups.iter().map(|group| self.ranges(*group, direction)).collect();
            let ranges = together(&of_groups.iter().collect::<Vec<_>>());
            let parts: Vec<(AddressRange, Exchange)> = ranges
                .into_iter()
                .flat_map(|(range, exchange)| {
                    let parts = AddressSet::from(range).intersection(&within);
                    parts.ranges().iter().map(|part| (*part, exchange.clone())).collect::<Vec<_>>()
                })
                .collect();
            parts.into_iter().map(|(range, exchange)| {
                let ends = (Endpoint::Addresses(range), Endpoint::Peer(*id));
                let (source, destination) = if direction == Direction::Ingress { ends } else { (ends.1, ends.0) };
                Connection { source, destination, ports: exchange.ports, conditional: exchange.conditional }
            })
        });
        connections.par_extend(found);
        Ok(())
    }

    fn with_controller(&self, filter: &Filter, connections: &mut Vec<Connection>) {
        if filter.from.as_ref().is_some_and(|from| !from.contains(&Endpoint::IngressController)) {
            return;
        }
        let mut opened: Vec<PeerId> =
            self.exposures.iter().filter(|exposure| exposure.through.is_controller()).map(|one| one.peer).collect();
        opened.dedup();
        if let Some(wanted) = peers(filter.to.as_ref()) {
            opened.retain(|peer| wanted.binary_search(peer).is_ok());
        }
        connections.extend(opened.into_iter().filter_map(|peer| {
            let reach = self.reach(End::IngressController, End::Peer(peer));
            (!reach.ports.is_empty()).then_some(Connection {
                source: Endpoint::IngressController,
                destination: Endpoint::Peer(peer),
                ports: reach.ports,
                conditional: reach.conditional,
            })
        }));
    }
}

/// The peers among the given ends, in order; `None` where any end will do.
fn peers(ends: Option<&Vec<Endpoint>>) -> Option<Vec<PeerId>> {
    let mut peers: Vec<PeerId> = ends?
        .iter()
        .filter_map(|end| match end {
            Endpoint::Peer(peer) => Some(*peer),
            _ => None,
        })
        .collect();
    peers.sort_unstable();
    peers.dedup();
    Some(peers)
}

/// The addresses among the given ends; all where any end will do.
fn addresses(ends: Option<&Vec<Endpoint>>) -> AddressSet {
    let Some(ends) = ends else { return AddressSet::all() };
    ends.iter()
        .filter_map(|end| match end {
            Endpoint::Addresses(range) => Some(*range),
            _ => None,
        })
        .collect()
}

/// What one side of every group says without looking at the other.
struct Sides {
    /// What a pod that no rule names is admitted.
    general: Vec<ConnectionSet>,
    /// The selections of rules that let something through, for each group.
    named: Vec<Vec<Arc<Selection>>>,
    /// Groups that a rule's names of ports make special.
    special: Vec<Vec<u32>>,
}

impl Network<'_> {
    /// The pairs of groups between which something may be admitted.
    fn candidates(&self, most: usize) -> Result<Vec<(u32, u32)>, TooMany> {
        let by_port = self.groups_by_port();
        let [ingress, egress] = Direction::BOTH.map(|direction| self.sides(direction, &by_port));
        // Whichever side names fewer is the one that is followed without a condition.
        let (first, second, turn) =
            if ingress.count() <= egress.count() { (&ingress, &egress, true) } else { (&egress, &ingress, false) };
        let pair = |own: u32, other: u32| if turn { (other, own) } else { (own, other) };
        let mut pairs = Vec::new();
        let full = |pairs: &Vec<(u32, u32)>| pairs.len() > most;
        for (own, named) in first.named.iter().enumerate() {
            let own = position(own);
            for selection in named {
                if let Selection::Some(groups) = &**selection {
                    pairs.extend(groups.iter().map(|other| pair(own, *other)));
                }
            }
            pairs.extend(first.special[own as usize].iter().map(|other| pair(own, *other)));
            if full(&pairs) {
                return Err(TooMany);
            }
        }
        let mut open: HashMap<*const Selection, Vec<u32>> = HashMap::new();
        for (own, named) in second.named.iter().enumerate() {
            let own = position(own);
            for selection in named {
                let others = open.entry(Arc::as_ptr(selection)).or_insert_with(|| first.open_among(selection));
                pairs.extend(others.iter().map(|other| pair(*other, own)));
            }
            let special =
                second.special[own as usize].iter().filter(|other| !first.general[**other as usize].is_empty());
            pairs.extend(special.map(|other| pair(*other, own)));
            if full(&pairs) {
                return Err(TooMany);
            }
        }
        both_open(&ingress, &egress, &mut pairs, most)?;
        pairs.par_sort_unstable();
        pairs.dedup();
        Ok(pairs)
    }

    fn groups_by_port(&self) -> HashMap<&str, Vec<u32>> {
        let mut by_port: HashMap<&str, Vec<u32>> = HashMap::new();
        for (at, pod) in self.pods.groups.iter().enumerate() {
            for port in &pod.named_ports {
                by_port.entry(&port.name).or_default().push(position(at));
            }
        }
        by_port
    }

    fn sides(&self, direction: Direction, by_port: &HashMap<&str, Vec<u32>>) -> Sides {
        let count = self.pods.groups.len();
        let mut sides = Sides { general: Vec::with_capacity(count), named: Vec::new(), special: Vec::new() };
        let hosts: Vec<u32> =
            (0..).zip(&self.pods.groups).filter(|(_, pod)| pod.host_network).map(|(at, _)| at).collect();
        for (at, pod) in self.pods.groups.iter().enumerate() {
            let asked = &self.asked[direction as usize][at];
            let (mut named, mut special) = (Vec::new(), Vec::new());
            for rule in self.letting(asked, direction) {
                if let Peers::Listed(entries) = &rule.peers {
                    named.extend(entries.iter().filter_map(|entry| match entry {
                        PeerRule::Pods(pods) if matches!(&*pods.selected, Selection::Some(_)) => {
                            Some(pods.selected.clone())
                        }
                        _ => None,
                    }));
                }
                if direction == Direction::Egress && self.is_about_everyone(rule) {
                    // What a name means depends on the other pod, so these cannot be judged in general.
                    let ports = rule.ports.named.keys().filter_map(|name| by_port.get(&**name));
                    special.extend(ports.flatten().copied());
                }
            }
            // Rules about everyone are not always about pods that count as nodes.
            if !(asked.admin.is_empty() && asked.baseline.is_empty() && self.options.host_network == HostNetwork::Pod) {
                special.extend_from_slice(&hosts);
            }
            sides.general.push(self.side(asked, direction, pod, Other::Anybody, &mut |_| {}));
            sides.named.push(named);
            sides.special.push(special);
        }
        sides
    }

    /// Whether a rule is about pods that it does not name.
    fn is_about_everyone(&self, rule: &Rule) -> bool {
        match &rule.peers {
            Peers::Anyone => true,
            Peers::Listed(entries) => entries.iter().any(|entry| match entry {
                PeerRule::Pods(pods) => *pods.selected == Selection::All,
                PeerRule::Addresses(_) => !self.options.pod_addresses.is_empty(),
                PeerRule::Nodes(_) | PeerRule::Domains => false,
            }),
        }
    }

    /// The rules that let something through, or on to a later tier.
    fn letting<'q>(&'q self, asked: &'q Asked, direction: Direction) -> impl Iterator<Item = &'q Rule> {
        let policies = asked.admin.iter().chain(&asked.namespace).chain(&asked.baseline);
        policies
            .flat_map(move |at| self.policies[*at as usize].rules(direction).unwrap_or_default())
            .filter(|rule| rule.action != Action::Deny)
    }
}

impl Sides {
    fn count(&self) -> usize {
        let size = |selection: &Arc<Selection>| match &**selection {
            Selection::All => 0,
            Selection::Some(groups) => groups.len(),
        };
        self.named.iter().flatten().map(size).sum::<usize>() + self.special.iter().map(Vec::len).sum::<usize>()
    }

    /// Those of a selection that admit something to pods they do not name.
    fn open_among(&self, selection: &Selection) -> Vec<u32> {
        let Selection::Some(groups) = selection else { return Vec::new() };
        groups.iter().copied().filter(|group| !self.general[*group as usize].is_empty()).collect()
    }

    /// Groups by what they admit in general, those that admit nothing left out.
    fn classes(&self) -> HashMap<&ConnectionSet, Vec<u32>> {
        let mut classes: HashMap<&ConnectionSet, Vec<u32>> = HashMap::new();
        for (at, general) in self.general.iter().enumerate().filter(|(_, general)| !general.is_empty()) {
            classes.entry(general).or_default().push(position(at));
        }
        classes
    }
}

/// The pairs in which neither names the other and both admit something in common all the same.
fn both_open(ingress: &Sides, egress: &Sides, pairs: &mut Vec<(u32, u32)>, most: usize) -> Result<(), TooMany> {
    let destinations = ingress.classes();
    for (sent, sources) in egress.classes() {
        for (taken, destinations) in &destinations {
            if !sent.intersects(taken) {
                continue;
            }
            if pairs.len().saturating_add(sources.len().saturating_mul(destinations.len())) > most {
                return Err(TooMany);
            }
            pairs.extend(sources.iter().flat_map(|source| destinations.iter().map(|to| (*source, *to))));
        }
    }
    Ok(())
}
