//! Addresses outside the cluster: which ranges a pod exchanges what with.
//!
//! All addresses are cut where any block of the pod's policies begins or ends; each piece is evaluated as a
//! whole, and neighbours with the same connections become one range again.

use std::collections::HashMap;

use super::addresses::{AddressRange, AddressSet, pieces};
use super::pod::Pod;
use super::ports::ConnectionSet;
use super::reach::Network;
use super::rule::{Direction, Other, PeerRule, Peers, Rule};

/// What each range of addresses may connect, in ascending order, without those that may connect nothing.
pub(super) type Ranges = Vec<(AddressRange, Exchange)>;

/// Connections, and those of them that depend on more than ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Exchange {
    pub(super) ports: ConnectionSet,
    pub(super) conditional: ConnectionSet,
}

/// The rules of one side that may be about some addresses.
struct Concerned<'q> {
    admin: Vec<(u32, &'q Rule)>,
    /// Nothing where no NetworkPolicy selects the pod.
    namespace: Option<Vec<(u32, &'q Rule)>>,
    baseline: Vec<(u32, &'q Rule)>,
}

impl Concerned<'_> {
    /// Those that may be about some of a range.
    fn within(&self, range: &AddressRange) -> Self {
        let about = |(_, rule): &(u32, &Rule)| match &rule.peers {
            Peers::Anyone => true,
            Peers::Listed(entries) => {
                entries.iter().any(|entry| matches!(entry, PeerRule::Addresses(set) if set.intersects(range)))
            }
        };
        let some = |rules: &Vec<_>| rules.iter().filter(|rule| about(rule)).copied().collect();
        Self { admin: some(&self.admin), namespace: self.namespace.as_ref().map(some), baseline: some(&self.baseline) }
    }
}

/// A pod that exchanges with addresses, and in which direction.
#[derive(Clone, Copy)]
struct Side<'q> {
    subject: Other<'q>,
    pod: &'q Pod,
    direction: Direction,
}

impl Network<'_> {
    /// What a group exchanges with addresses outside, in one direction.
    pub(super) fn ranges(&self, group: u32, direction: Direction) -> Ranges {
        let asked = &self.asked[direction as usize][group as usize];
        let sets = self.address_sets(asked, direction).chain(self.mesh.address_sets());
        let pieces = pieces(sets);
        let rules = |policies| self.rules(policies, direction).collect::<Vec<_>>();
        let concerned = Concerned {
            admin: rules(&asked.admin),
            namespace: (!asked.namespace.is_empty()).then(|| rules(&asked.namespace)),
            baseline: rules(&asked.baseline),
        };
        let side = Side { subject: self.group(group), pod: &self.pods.groups[group as usize], direction };
        let mut exchanged = Vec::with_capacity(pieces.len());
        for family in pieces.chunk_by(|one, next| one.family() == next.family()) {
            self.exchange(family, &concerned, side, &mut exchanged);
        }
        joined(exchanged.into_iter())
    }

    /// Halves the pieces until one is left, each time with the rules that may be about that half: most blocks are
    /// about few pieces, and asking every rule about every piece would cost the square of the blocks.
    fn exchange(&self, pieces: &[AddressRange], rules: &Concerned<'_>, side: Side<'_>, found: &mut Ranges) {
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return };
        let rules = rules.within(&first.joined(last));
        if pieces.len() > 1 {
            let (left, right) = pieces.split_at(pieces.len() / 2);
            self.exchange(left, &rules, side, found);
            self.exchange(right, &rules, side, found);
            return;
        }
        let (outside, ignore) = (Other::Addresses(*first), &mut |_| {});
        let ports = self.asking(side.direction, side.pod, outside, ignore).decided(
            rules.admin.iter().copied(),
            rules.namespace.as_ref().map(|rules| rules.iter().copied()),
            rules.baseline.iter().copied(),
        );
        let (ports, conditional) = match side.direction {
            Direction::Ingress => self.mesh.apply(ports, outside, side.subject),
            Direction::Egress => self.mesh.apply(ports, side.subject, outside),
        };
        found.push((*first, Exchange { ports, conditional }));
    }
}

/// Joins neighbours with the same connections; pieces come in ascending order.
fn joined(pieces: impl Iterator<Item = (AddressRange, Exchange)>) -> Ranges {
    let mut joined: Ranges = Vec::new();
    for (piece, exchange) in pieces.filter(|(_, exchange)| !exchange.ports.is_empty()) {
        match joined.last_mut() {
            Some((before, same)) if *same == exchange && before.touches(&piece) => *before = before.joined(&piece),
            _ => joined.push((piece, exchange)),
        }
    }
    joined
}

/// What several groups of one peer exchange together.
pub(super) fn together(of_groups: &[&Ranges]) -> Ranges {
    if let [only] = of_groups {
        return (*only).clone();
    }
    let mut cuts: HashMap<AddressRange, AddressSet> = HashMap::new();
    for (range, _) in of_groups.iter().copied().flatten() {
        cuts.entry(*range).or_insert_with(|| AddressSet::from(*range));
    }
    let summed = pieces(cuts.values()).into_iter().map(|piece| {
        let here = of_groups.iter().copied().flatten().filter(|(range, _)| range.covers(&piece));
        let sum = here.fold(Exchange::default(), |sum, (_, exchange)| Exchange {
            ports: sum.ports.union(&exchange.ports),
            conditional: sum.conditional.union(&exchange.conditional),
        });
        (piece, sum)
    });
    joined(summed)
}
