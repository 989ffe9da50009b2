//! Whether pods fit on nodes: proven yes, proven no, or unknown.
//!
//! No by a bound that holds whatever the scheduler does: the pods that may stand only on some nodes need
//! more than all of those have, or more of them are needed than there are places. Yes by placing them:
//! the largest first, each on the first node with room. Between the two the answer is unknown.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::Serialize;

use super::demand::Demand;
use super::nodes::{Room, needs};
use super::placement::Eligible;
use super::sums::{Role, Sum, Term};
use super::words::words;
use crate::facts::quantity::Quantity;

/// The most nodes for which pods are placed one by one.
const MOST_NODES: usize = 10_000;
/// The most steps of placing; what takes more is unknown.
const MOST_STEPS: usize = 50_000_000;

/// What is known of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is proven that they do not fit.
    No,
    /// Neither is proven.
    Unknown,
    /// A placement was found.
    Yes,
}

/// Whether pods fit on nodes, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// What is known.
    pub verdict: Verdict,
    /// Why not, or what is not known: one sentence without a full stop. Empty where they fit.
    pub reason: String,
    /// Every term of the sum that does not fit.
    pub witness: Vec<String>,
    /// The pods that take most of what is short, as a position among the items, and the resource.
    pub culprit: Option<(usize, String)>,
}

/// So many pods of one workload.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The workload.
    pub demand: &'a Demand,
    /// How many of its pods.
    pub count: i64,
    /// How many of those stand there only during a rollout.
    pub surge: i64,
}

/// How many nodes there are of each pool in each zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// For each pool its nodes by zone; a pool without zones has one nameless zone.
    pub nodes: Vec<Vec<(Option<Arc<str>>, i64)>>,
}

impl Supply {
    /// Every pool at its most nodes, spread evenly over its zones.
    pub fn most(room: &Room<'_>) -> Self {
        let spread = |pool: &super::setting::Pool| -> Vec<(Option<Arc<str>>, i64)> {
            let zones = i64::try_from(pool.zones.len()).unwrap_or(1).max(1);
            let (each, rest) = (i64::from(pool.max) / zones, i64::from(pool.max) % zones);
            if pool.zones.is_empty() {
                return vec![(None, i64::from(pool.max))];
            }
            let count = |at: usize| each + i64::from(i64::try_from(at).unwrap_or(i64::MAX) < rest);
            pool.zones.iter().enumerate().map(|(at, zone)| (Some(zone.clone()), count(at))).collect()
        };
        Self { nodes: room.pools().iter().map(spread).collect() }
    }

    /// How many nodes a pool has.
    pub fn of(&self, pool: usize) -> i64 {
        self.nodes[pool].iter().map(|(_, count)| count).sum()
    }

    /// One node of a pool less, in its fullest zone; `None` where it has none.
    pub fn without_node(&self, pool: usize) -> Option<Self> {
        let mut supply = self.clone();
        let (_, count) =
            supply.nodes[pool].iter_mut().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 0)?;
        *count -= 1;
        Some(supply)
    }

    /// Everything but what stands in a zone.
    #[must_use]
    pub fn without_zone(&self, zone: &str) -> Self {
        let mut supply = self.clone();
        for (_, count) in supply.nodes.iter_mut().flatten().filter(|(name, _)| name.as_deref() == Some(zone)) {
            *count = 0;
        }
        supply
    }
}

/// Whether the pods fit on so many nodes.
pub fn fit(room: &Room<'_>, supply: &Supply, items: &[Item<'_>]) -> Fit {
    let problem = Problem::new(room, supply, items);
    if let Some(no) = problem.too_few_places().or_else(|| problem.too_little()) {
        return no;
    }
    let unknown = |reason: String| Fit { verdict: Verdict::Unknown, reason, witness: Vec::new(), culprit: None };
    if let Some(reason) = problem.open() {
        return unknown(reason);
    }
    if problem.place(false) || problem.place(true) {
        return Fit { verdict: Verdict::Yes, reason: String::new(), witness: Vec::new(), culprit: None };
    }
    unknown("no placement was found, and none is ruled out".to_owned())
}

/// The same in plain numbers: rows are items and pools, columns are resources.
struct Problem<'a> {
    room: &'a Room<'a>,
    supply: &'a Supply,
    items: &'a [Item<'a>],
    names: Vec<Arc<str>>,
    need: Vec<Vec<i128>>,
    /// What a node of each pool has left; `None` where the pool does not say.
    left: Vec<Vec<Option<i128>>>,
    eligible: Vec<Vec<Eligible>>,
}

impl<'a> Problem<'a> {
    fn new(room: &'a Room<'a>, supply: &'a Supply, items: &'a [Item<'a>]) -> Self {
        let pools = 0..room.pools().len();
        let mut names: Vec<Arc<str>> =
            pools.clone().flat_map(|pool| room.left(pool).iter().map(|(name, _)| name.clone())).collect();
        let all: Vec<_> = items.iter().map(|item| needs(item.demand)).collect();
        // A device that no pool declares is one that no node has.
        names.extend(
            all.iter().flat_map(|need| need.iter().map(|(name, _)| name.clone()).filter(|name| name.contains('/'))),
        );
        names.sort();
        names.dedup();
        let row = |amounts: &super::amounts::Amounts| names.iter().map(|name| amounts.of(name).nanos()).collect();
        let left = |pool: usize| {
            let of = |name: &Arc<str>| match room.left(pool).get(name) {
                Some(amount) => Some(amount.nanos()),
                None => name.contains('/').then_some(0),
            };
            names.iter().map(of).collect()
        };
        let eligible = items.iter().map(|item| {
            let pools = room.pools();
            pools.iter().map(|pool| item.demand.placement.eligible(pool, pools)).collect()
        });
        Self {
            need: all.iter().map(row).collect(),
            left: pools.map(left).collect(),
            eligible: eligible.collect(),
            room,
            supply,
            items,
            names,
        }
    }

    /// How many pods of an item an empty node of a pool takes.
    fn places(&self, item: usize, pool: usize) -> i64 {
        if self.eligible[item][pool] == Eligible::No {
            return 0;
        }
        let places = self.need[item].iter().zip(&self.left[pool]).filter_map(|(need, left)| {
            let left = (*left)?;
            (*need > 0).then(|| i64::try_from(left / need).unwrap_or(i64::MAX))
        });
        let most = places.min().unwrap_or(i64::MAX);
        if self.items[item].demand.placement.alone { most.min(1) } else { most }
    }

    /// An item of which there are more pods than places, were it alone on all nodes.
    fn too_few_places(&self) -> Option<Fit> {
        let pools = 0..self.left.len();
        for (number, item) in self.items.iter().enumerate().filter(|(_, item)| item.count > 0) {
            let places = pools.clone().fold(0i64, |places, pool| {
                places.saturating_add(self.places(number, pool).saturating_mul(self.supply.of(pool)))
            });
            if places < item.count {
                let (what, need) = self.tightest(number);
                let nodes: i64 = pools
                    .clone()
                    .filter(|pool| self.eligible[number][*pool] != Eligible::No)
                    .map(|pool| self.supply.of(pool))
                    .sum();
                let reason = format!(
                    "{} needs {} places of {need} {what}, and {nodes} node{} it may stand on {} {places}",
                    item.demand.name,
                    item.count,
                    if nodes == 1 { "" } else { "s" },
                    if nodes == 1 { "has" } else { "have" },
                );
                return Some(Fit { verdict: Verdict::No, reason, witness: Vec::new(), culprit: Some((number, what)) });
            }
        }
        None
    }

    /// The resource of which an item takes the largest share of a node.
    fn tightest(&self, item: usize) -> (String, Quantity) {
        let needs = needs(self.items[item].demand);
        let name =
            self.names.iter().enumerate().max_by_key(|(column, _)| (self.weight(item, *column), Reverse(*column)));
        let name = name.map_or("pods", |(_, name)| &**name);
        (name.to_owned(), needs.of(name))
    }

    /// How much of all nodes an item's pod takes of a resource, in millionths: an order, no proof.
    fn weight(&self, item: usize, column: usize) -> i128 {
        let total = self.total(column, |_| true).unwrap_or_default();
        if total == 0 { 0 } else { self.need[item][column].saturating_mul(1_000_000) / total }
    }

    /// What all nodes of some pools have of a resource; `None` where one of them does not say.
    fn total(&self, column: usize, counts: impl Fn(usize) -> bool) -> Option<i128> {
        let mut pools = (0..self.left.len()).filter(|pool| counts(*pool) && self.supply.of(*pool) > 0);
        pools.try_fold(0i128, |total, pool| {
            let left = self.left[pool][column]?;
            Some(total.saturating_add(left.saturating_mul(i128::from(self.supply.of(pool)))))
        })
    }

    /// Items that may only stand on some pools, and need more together than those have.
    fn too_little(&self) -> Option<Fit> {
        let mut sets: Vec<Vec<bool>> =
            self.eligible.iter().map(|row| row.iter().map(|eligible| *eligible != Eligible::No).collect()).collect();
        sets.push(vec![true; self.left.len()]);
        sets.sort();
        sets.dedup();
        for set in &sets {
            let inside = |item: usize| {
                self.eligible[item].iter().zip(set).all(|(eligible, among)| *eligible == Eligible::No || *among)
            };
            let held: Vec<usize> = (0..self.items.len()).filter(|item| inside(*item)).collect();
            for column in 0..self.names.len() {
                let Some(total) = self.total(column, |pool| set[pool]) else { continue };
                let need = held.iter().fold(0i128, |need, item| {
                    need.saturating_add(self.need[*item][column].saturating_mul(i128::from(self.items[*item].count)))
                });
                if need > total {
                    return Some(self.shortage(set, column, &held));
                }
            }
        }
        None
    }

    /// The sum that is more than the nodes have, in words.
    fn shortage(&self, set: &[bool], column: usize, held: &[usize]) -> Fit {
        let name = &*self.names[column];
        let each = |item: usize| needs(self.items[item].demand).of(name);
        let mut terms: Vec<(usize, Vec<Term>)> = Vec::new();
        for item in held.iter().copied().filter(|item| !each(*item).is_zero() && self.items[*item].count > 0) {
            let Item { demand, count, surge } = self.items[item];
            let term = |role, count| Term { at: item, label: demand.name.clone(), role, count, each: each(item) };
            let own = (count > surge).then(|| term(Role::Peak, count - surge));
            terms.push((item, own.into_iter().chain((surge > 0).then(|| term(Role::Surge, surge))).collect()));
        }
        let amount =
            |terms: &[Term]| terms.iter().fold(Quantity::default(), |sum, term| sum.saturating_add(term.amount()));
        terms.sort_by_key(|(item, terms)| (Reverse(amount(terms)), self.items[*item].demand.name.clone(), *item));
        let culprit = terms.first().map(|(item, _)| (*item, name.to_owned()));
        let terms: Vec<Term> = terms.into_iter().flat_map(|(_, terms)| terms).collect();
        let sum = Sum { rollout: amount(&terms), terms, ..Sum::default() };
        let pools: Vec<usize> = (0..set.len()).filter(|pool| set[*pool] && self.supply.of(*pool) > 0).collect();
        let total = pools.iter().fold(Quantity::default(), |total, pool| {
            total.saturating_add(self.room.left(*pool).of(name).saturating_mul(self.supply.of(*pool)))
        });
        let words = words(&sum, total);
        let nodes: Vec<String> = pools
            .iter()
            .map(|pool| {
                format!(
                    "{} {}×{}",
                    self.room.pools()[*pool].name,
                    self.supply.of(*pool),
                    self.room.left(*pool).of(name)
                )
            })
            .collect();
        let nodes = if nodes.is_empty() { "no nodes".to_owned() } else { nodes.join(" + ") };
        let reason = format!("{} > {} of {name} ({nodes})", words.sum, words.hard);
        Fit { verdict: Verdict::No, reason, witness: words.lines, culprit }
    }

    /// What is not known that a placement would have to know.
    fn open(&self) -> Option<String> {
        let counted = || self.items.iter().enumerate().filter(|(_, item)| item.count > 0);
        for (number, item) in counted() {
            if let Some(reason) = &item.demand.placement.open {
                return Some(format!("where the pods of {} may stand is not worked out: {reason}", item.demand.name));
            }
            let zoneless = |pool: &usize| {
                self.eligible[number][*pool] != Eligible::No && self.room.pools()[*pool].zones.is_empty()
            };
            if item.demand.placement.spread.iter().any(|spread| spread.zones)
                && let Some(pool) = (0..self.left.len()).find(zoneless)
            {
                let pool = &self.room.pools()[pool].name;
                return Some(format!("{} is spread over zones, and pool {pool} names none", item.demand.name));
            }
            let sure = self.eligible[number].contains(&Eligible::Yes);
            if !sure {
                return Some(format!("{} asks for node labels that no pool declares", item.demand.name));
            }
        }
        let silent = self.room.pools().iter().enumerate().find_map(|(number, pool)| {
            let lacks = |name: &&str| self.room.left(number).get(name).is_none();
            ["cpu", "memory"].into_iter().find(lacks).map(|name| (pool, name))
        });
        if let Some((pool, name)) = silent {
            return Some(format!("pool {} does not say how much {name} its nodes have", pool.name));
        }
        let uncounted = counted().find_map(|(_, item)| Some((item.demand, item.demand.pods.unbounded.as_ref()?)));
        uncounted.map(|(demand, reason)| format!("the pods of {} {reason}", demand.name))
    }

    /// Places all pods; `constrained` takes those first that must be spread.
    fn place(&self, constrained: bool) -> bool {
        let mut nodes = Vec::new();
        for (pool, zones) in self.supply.nodes.iter().enumerate() {
            for (zone, count) in zones {
                let Ok(count) = usize::try_from(*count) else { return false };
                if nodes.len().saturating_add(count) > MOST_NODES {
                    return false;
                }
                let left: Vec<i128> = self.left[pool].iter().map(|left| left.unwrap_or(i128::MAX)).collect();
                nodes.extend((0..count).map(|_| Spot { pool, zone: zone.as_deref(), left: left.clone(), own: 0 }));
            }
        }
        let key = |item: &usize| {
            let weight = (0..self.names.len()).map(|column| self.weight(*item, column)).max();
            let demand = self.items[*item].demand;
            let free = demand.placement.spread.is_empty() && !demand.placement.alone;
            (constrained && free, Reverse(weight), demand.name.clone(), *item)
        };
        let mut order: Vec<usize> = (0..self.items.len()).filter(|item| self.items[*item].count > 0).collect();
        order.sort_by_cached_key(key);
        let mut steps = 0;
        order.into_iter().all(|item| {
            for node in &mut nodes {
                node.own = 0;
            }
            if self.items[item].demand.placement.spread.is_empty() {
                self.place_first(item, &mut nodes, &mut steps)
            } else {
                self.place_spread(item, &mut nodes, &mut steps)
            }
        })
    }

    /// On the first nodes with room, as many on each as go.
    fn place_first(&self, item: usize, nodes: &mut [Spot<'_>], steps: &mut usize) -> bool {
        let mut rest = self.items[item].count;
        let alone = self.items[item].demand.placement.alone;
        for node in nodes {
            *steps += 1;
            if rest == 0 || *steps > MOST_STEPS {
                break;
            }
            if self.eligible[item][node.pool] == Eligible::Yes {
                let most = if alone { 1 } else { rest };
                let placed = node.room(&self.need[item]).min(most);
                node.take(&self.need[item], placed);
                rest -= placed;
            }
        }
        rest == 0
    }

    /// One by one, each in the zone and on the node with the fewest of its kind.
    fn place_spread(&self, item: usize, nodes: &mut [Spot<'_>], steps: &mut usize) -> bool {
        let placement = &self.items[item].demand.placement;
        let skew = |zones: bool| {
            placement.spread.iter().filter(|spread| spread.zones == zones).map(|spread| spread.skew).min()
        };
        let (zone_skew, node_skew) = (skew(true), skew(false));
        // Nodes whose taints keep a pod away count all the same, unless the constraint says otherwise.
        let honors_taints = placement.spread.iter().all(|spread| spread.honors_taints);
        let counts = |node: &Spot<'_>| {
            if honors_taints {
                self.eligible[item][node.pool] == Eligible::Yes
            } else {
                placement.selects(&self.room.pools()[node.pool], self.room.pools()) != Eligible::No
            }
        };
        if zone_skew.is_some() && nodes.iter().any(|node| counts(node) && node.zone.is_none()) {
            return false;
        }
        for _ in 0..self.items[item].count {
            *steps = steps.saturating_add(nodes.len());
            if *steps > MOST_STEPS {
                return false;
            }
            let mut zones: std::collections::BTreeMap<Option<&str>, i64> = std::collections::BTreeMap::new();
            let mut fewest = i64::MAX;
            for node in nodes.iter().filter(|node| counts(node)) {
                *zones.entry(node.zone).or_default() += node.own;
                fewest = fewest.min(node.own);
            }
            let fewest_in_zone = zones.values().copied().min().unwrap_or_default();
            let fits = |node: &&mut Spot<'_>| {
                self.eligible[item][node.pool] == Eligible::Yes
                    && node.room(&self.need[item]) > 0
                    && !(placement.alone && node.own > 0)
                    && node_skew.is_none_or(|skew| node.own + 1 - fewest <= skew)
                    && zone_skew.is_none_or(|skew| {
                        zones.get(&node.zone).copied().unwrap_or_default() + 1 - fewest_in_zone <= skew
                    })
            };
            let best = nodes.iter_mut().filter(fits).min_by_key(|node| (zones.get(&node.zone).copied(), node.own));
            let Some(node) = best else { return false };
            node.take(&self.need[item], 1);
        }
        true
    }
}

/// One node while pods are placed.
struct Spot<'a> {
    pool: usize,
    zone: Option<&'a str>,
    left: Vec<i128>,
    /// Pods of the item that is being placed.
    own: i64,
}

impl Spot<'_> {
    fn room(&self, need: &[i128]) -> i64 {
        // Most nodes are full by the time most pods come, and a division of 128 bits takes long.
        if need.iter().zip(&self.left).any(|(need, left)| need > left) {
            return 0;
        }
        let places = need.iter().zip(&self.left).filter(|(need, _)| **need > 0).map(|(need, left)| left / need);
        places.min().map_or(i64::MAX, |places| i64::try_from(places).unwrap_or(i64::MAX))
    }

    fn take(&mut self, need: &[i128], pods: i64) {
        for (left, need) in self.left.iter_mut().zip(need).filter(|(left, _)| **left != i128::MAX) {
            *left -= need.saturating_mul(i128::from(pods));
        }
        self.own += pods;
    }
}
