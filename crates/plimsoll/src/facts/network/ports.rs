//! Connections: sets of ports for each protocol that network policies know.
//!
//! Exact set arithmetic over ports 1 to 65535 of TCP, UDP and SCTP. Who connects to whom is
//! [`reach`](super::reach)'s.

use std::fmt;

/// The last port there is.
const LAST: u16 = u16::MAX;

/// A protocol that network policies can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// SCTP.
    Sctp,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Every protocol, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// Reads a protocol as Kubernetes writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "TCP" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            "SCTP" => Some(Self::Sctp),
            _ => None,
        }
    }

    /// Its name as Kubernetes writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sctp => "SCTP",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of ports: disjoint ranges in ascending order that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    /// No port.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Every port.
    pub fn all() -> Self {
        Self(vec![(1, LAST)])
    }

    /// The ports from one to another, both included; none where they are the wrong way round or begin with 0.
    pub fn range(first: u16, last: u16) -> Self {
        if first == 0 || first > last { Self::none() } else { Self(vec![(first, last)]) }
    }

    /// Whether it holds no port.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds every port.
    pub fn is_all(&self) -> bool {
        self.0 == [(1, LAST)]
    }

    /// Whether it holds a port.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// The ranges, in ascending order.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_all() {
            return other.clone();
        }
        if other.is_empty() || self.is_all() {
            return self.clone();
        }
        let mut ranges: Vec<(u16, u16)> = self.0.iter().chain(&other.0).copied().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if u32::from(first) <= u32::from(before.1) + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            let (first, last) = (one.0.max(two.0), one.1.min(two.1));
            if first <= last {
                common.push((first, last));
            }
            if one.1 < two.1 {
                left.next()
            } else {
                right.next()
            };
        }
        Self(common)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    fn complement(&self) -> Self {
        let mut free = Vec::new();
        let mut next = 1_u32;
        for (first, last) in &self.0 {
            if next < u32::from(*first) {
                free.push((u16::try_from(next).unwrap_or(LAST), first - 1));
            }
            next = u32::from(*last) + 1;
        }
        if let Ok(next) = u16::try_from(next) {
            free.push((next, LAST));
        }
        Self(free)
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

/// A set of connections: for each protocol the destination ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionSet([PortSet; 3]);

impl ConnectionSet {
    /// No connection.
    pub const fn none() -> Self {
        Self([PortSet::none(), PortSet::none(), PortSet::none()])
    }

    /// Every connection.
    pub fn all() -> Self {
        Self([PortSet::all(), PortSet::all(), PortSet::all()])
    }

    /// The ports of one protocol.
    pub fn of(protocol: Protocol, ports: PortSet) -> Self {
        let mut set = Self::none();
        set.0[protocol as usize] = ports;
        set
    }

    /// One port of one protocol; none for port 0.
    pub fn port(protocol: Protocol, port: u16) -> Self {
        Self::of(protocol, PortSet::range(port, port))
    }

    /// Whether it holds no connection.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(PortSet::is_empty)
    }

    /// Whether it holds every connection.
    pub fn is_all(&self) -> bool {
        self.0.iter().all(PortSet::is_all)
    }

    /// Whether it holds a port of a protocol.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.ports(protocol).contains(port)
    }

    /// Whether it holds everything that the other does.
    pub fn covers(&self, other: &Self) -> bool {
        other.difference(self).is_empty()
    }

    /// Whether both have a connection in common.
    pub fn intersects(&self, other: &Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// The ports of a protocol.
    pub fn ports(&self, protocol: Protocol) -> &PortSet {
        &self.0[protocol as usize]
    }

    /// The same, but for the ports of one protocol.
    #[must_use]
    pub fn with(mut self, protocol: Protocol, ports: PortSet) -> Self {
        self.0[protocol as usize] = ports;
        self
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.each(other, PortSet::union)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.each(other, PortSet::intersection)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.each(other, PortSet::difference)
    }

    fn each(&self, other: &Self, operation: impl Fn(&PortSet, &PortSet) -> PortSet) -> Self {
        Self(std::array::from_fn(|at| operation(&self.0[at], &other.0[at])))
    }
}

/// `All Connections`, or the protocols in alphabetical order: `TCP 80,443-445,UDP 53`.
impl fmt::Display for ConnectionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("All Connections");
        }
        if self.is_empty() {
            return f.write_str("No Connections");
        }
        let named = Protocol::ALL.iter().filter(|protocol| !self.ports(**protocol).is_empty());
        for (at, protocol) in named.enumerate() {
            write!(f, "{}{protocol} {}", if at > 0 { "," } else { "" }, self.ports(*protocol))?;
        }
        Ok(())
    }
}

impl serde::Serialize for ConnectionSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A set of ports the slow way: one boolean for each.
    fn bits(set: &PortSet) -> Vec<bool> {
        (0..=LAST).map(|port| set.contains(port)).collect()
    }

    fn set() -> impl Strategy<Value = (PortSet, Vec<bool>)> {
        // Ports near both ends and near each other, where mistakes are made.
        let port = prop_oneof![0_u16..8, 65_528_u16..=LAST, 1_u16..=LAST];
        proptest::collection::vec((port.clone(), port), 0..6).prop_map(|ranges| {
            let mut expected = vec![false; usize::from(LAST) + 1];
            let mut set = PortSet::none();
            for (first, last) in ranges {
                set = set.union(&PortSet::range(first, last));
                if first > 0 && first <= last {
                    expected[usize::from(first)..=usize::from(last)].fill(true);
                }
            }
            (set, expected)
        })
    }

    fn is_canonical(set: &PortSet) -> bool {
        set.0.iter().all(|(first, last)| 0 < *first && first <= last)
            && set.0.windows(2).all(|pair| u32::from(pair[0].1) + 1 < u32::from(pair[1].0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn arithmetic_is_that_of_sets((one, one_bits) in set(), (two, two_bits) in set()) {
            let combined = |pick: fn(bool, bool) -> bool| -> Vec<bool> {
                one_bits.iter().zip(&two_bits).map(|(one, two)| pick(*one, *two)).collect()
            };
            prop_assert_eq!(bits(&one), one_bits.clone());
            prop_assert_eq!(bits(&one.union(&two)), combined(|one, two| one || two));
            prop_assert_eq!(bits(&one.intersection(&two)), combined(|one, two| one && two));
            prop_assert_eq!(bits(&one.difference(&two)), combined(|one, two| one && !two));
            for set in [one.union(&two), one.intersection(&two), one.difference(&two)] {
                prop_assert!(is_canonical(&set), "{:?}", set);
            }
        }
    }

    #[test]
    fn a_full_set_is_known_however_it_was_made() {
        let halves = PortSet::range(1, 100).union(&PortSet::range(101, LAST));
        assert!(halves.is_all());
        let pieces = Protocol::ALL.map(|protocol| ConnectionSet::of(protocol, halves.clone()));
        let whole = pieces.iter().fold(ConnectionSet::none(), |sum, piece| sum.union(piece));
        assert!(whole.is_all());
        assert_eq!(whole.to_string(), "All Connections");
    }

    #[test]
    fn it_reads_as_people_write_it() {
        let ports = PortSet::range(443, 445).union(&PortSet::range(80, 80));
        let set = ConnectionSet::of(Protocol::Tcp, ports).union(&ConnectionSet::port(Protocol::Udp, 53));
        assert_eq!(set.to_string(), "TCP 80,443-445,UDP 53");
        assert_eq!(ConnectionSet::none().to_string(), "No Connections");
        let rest = ConnectionSet::all().difference(&ConnectionSet::port(Protocol::Udp, 5353));
        assert_eq!(rest.to_string(), "SCTP 1-65535,TCP 1-65535,UDP 1-5352,5354-65535");
    }

    #[test]
    fn port_zero_and_inverted_ranges_hold_nothing() {
        assert!(PortSet::range(0, 10).is_empty());
        assert!(PortSet::range(9, 8).is_empty());
        assert!(ConnectionSet::port(Protocol::Tcp, 0).is_empty());
    }
}
