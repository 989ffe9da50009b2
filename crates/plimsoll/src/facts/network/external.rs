//! Addresses outside the cluster: which ranges a pod exchanges what with.
//!
//! All addresses are cut where any block of the pod's policies begins or ends; each piece is evaluated as a
//! whole, and neighbours with the same connections become one range again.

use std::collections::HashMap;

use super::addresses::{AddressRange, AddressSet, pieces};
use super::ports::ConnectionSet;
use super::reach::Network;
use super::rule::{Direction, Other};

/// What each range of addresses may connect, in ascending order, without those that may connect nothing.
pub(super) type Ranges = Vec<(AddressRange, Exchange)>;

/// Connections, and those of them that depend on more than ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Exchange {
    pub(super) ports: ConnectionSet,
    pub(super) conditional: ConnectionSet,
}

impl Network<'_> {
    /// What a group exchanges with addresses outside, in one direction.
    pub(super) fn ranges(&self, group: u32, direction: Direction) -> Ranges {
        let asked = &self.asked[direction as usize][group as usize];
        let sets = self.address_sets(asked, direction).chain(self.mesh.address_sets());
        let subject = self.group(group);
        let exchanged = pieces(sets).into_iter().map(|piece| {
            let outside = Other::Addresses(piece);
            let (ports, conditional) = match direction {
                Direction::Ingress => self.between(outside, subject),
                Direction::Egress => self.between(subject, outside),
            };
            (piece, Exchange { ports, conditional })
        });
        joined(exchanged)
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
