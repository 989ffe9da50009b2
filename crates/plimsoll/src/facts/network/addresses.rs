//! Addresses outside the cluster: ranges of IPv4 and IPv6, and sets of them.
//!
//! Reads CIDR blocks as Kubernetes does (Go's `net.ParseCIDR`: bits below the prefix are dropped, octets have
//! no leading zeros). What a range may connect to is [`external`](super::external)'s.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The two families of addresses; no range holds both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both families.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// How many bits an address has.
    fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    fn last(self) -> u128 {
        match self {
            Self::V4 => u128::from(u32::MAX),
            Self::V6 => u128::MAX,
        }
    }
}

/// Addresses of one family from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    family: Family,
    first: u128,
    last: u128,
}

impl AddressRange {
    /// Every address of a family.
    pub fn all(family: Family) -> Self {
        Self { family, first: 0, last: family.last() }
    }

    /// One address.
    pub fn of(address: IpAddr) -> Self {
        let (family, number) = match address {
            IpAddr::V4(address) => (Family::V4, u128::from(address.to_bits())),
            IpAddr::V6(address) => (Family::V6, address.to_bits()),
        };
        Self { family, first: number, last: number }
    }

    /// Reads a block such as `10.0.0.0/8` or `fd00::/8`, or says in words why it is none.
    pub fn parse_block(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a block of addresses such as `10.0.0.0/8` or `fd00::/8`");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let Self { family, first: number, .. } = Self::of(address);
        if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        if prefix > family.bits() {
            return Err(format!("`{text}` has a prefix of more than {} bits", family.bits()));
        }
        let host = if prefix == family.bits() { 0 } else { family.last() >> prefix };
        let first = number & !host;
        Ok(Self { family, first, last: first | host })
    }

    /// Reads an address, a block, or two addresses with `-` between them.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return Self::parse_block(text);
        }
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| format!("`{text}` is not an address"));
        let Some((first, last)) = text.split_once('-') else { return address(text).map(Self::of) };
        let (first, last) = (Self::of(address(first)?), Self::of(address(last)?));
        if first.family != last.family || first.first > last.first {
            return Err(format!("`{text}` is no range of addresses"));
        }
        Ok(Self { last: last.last, ..first })
    }

    /// The family of its addresses.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Whether all of another range is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        let range = Self { family: self.family, first: self.first.max(other.first), last: self.last.min(other.last) };
        (self.family == other.family && range.first <= range.last).then_some(range)
    }

    /// Whether a range that begins no earlier overlaps this one or follows on it.
    pub(super) fn touches(&self, next: &Self) -> bool {
        self.family == next.family && (next.first <= self.last || next.first - 1 == self.last)
    }

    /// Both and what lies between.
    pub(super) fn joined(&self, next: &Self) -> Self {
        Self { family: self.family, first: self.first.min(next.first), last: self.last.max(next.last) }
    }

    fn shown(&self, number: u128) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
        }
    }
}

/// First and last address with `-` between them, also where they are the same.
impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shown(self.first), self.shown(self.last))
    }
}

/// A set of addresses: disjoint ranges in ascending order, IPv4 first, that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AddressSet(Vec<AddressRange>);

impl AddressSet {
    /// Every address of both families.
    pub fn all() -> Self {
        Self(Family::ALL.map(AddressRange::all).to_vec())
    }

    /// The ranges, in ascending order.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// Whether it holds no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of a range is in it.
    pub fn covers(&self, range: &AddressRange) -> bool {
        let after = self.0.partition_point(|own| (own.family, own.first) <= (range.family, range.first));
        after.checked_sub(1).is_some_and(|at| self.0[at].covers(range))
    }

    /// Whether any of a range is in it.
    pub(super) fn intersects(&self, range: &AddressRange) -> bool {
        let at = self.0.partition_point(|own| (own.family, own.last) < (range.family, range.first));
        self.0.get(at).is_some_and(|own| own.intersection(range).is_some())
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            common.extend(one.intersection(two));
            if (one.family, one.last) < (two.family, two.last) {
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
        let mut rest = Vec::new();
        let mut others = other.0.iter().peekable();
        for range in &self.0 {
            let mut next = Some(range.first);
            while let (Some(from), Some(cut)) = (next, others.peek()) {
                if (cut.family, cut.last) < (range.family, from) {
                    others.next();
                    continue;
                }
                if (cut.family, cut.first) > (range.family, range.last) {
                    break;
                }
                if cut.first > from {
                    rest.push(AddressRange { family: range.family, first: from, last: cut.first - 1 });
                }
                if cut.last >= range.last {
                    next = None;
                } else {
                    next = Some(cut.last + 1);
                    others.next();
                }
            }
            rest.extend(next.map(|first| AddressRange { first, ..*range }));
        }
        Self(rest)
    }
}

impl FromIterator<AddressRange> for AddressSet {
    fn from_iter<T: IntoIterator<Item = AddressRange>>(ranges: T) -> Self {
        let mut ranges: Vec<AddressRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut merged: Vec<AddressRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(before) if before.touches(&range) => before.last = before.last.max(range.last),
                _ => merged.push(range),
            }
        }
        Self(merged)
    }
}

impl From<AddressRange> for AddressSet {
    fn from(range: AddressRange) -> Self {
        Self(vec![range])
    }
}

/// Cuts all addresses at the borders of the given sets: no border of any lies inside a piece.
pub(super) fn pieces<'a>(sets: impl Iterator<Item = &'a AddressSet>) -> Vec<AddressRange> {
    let mut borders: Vec<(Family, u128)> = Family::ALL.map(|family| (family, 0)).to_vec();
    for range in sets.flat_map(|set| &set.0) {
        borders.push((range.family, range.first));
        borders.extend(
            range.last.checked_add(1).filter(|next| *next <= range.family.last()).map(|next| (range.family, next)),
        );
    }
    borders.sort_unstable();
    borders.dedup();
    let ends = borders.iter().skip(1).map(Some).chain([None]);
    borders
        .iter()
        .zip(ends)
        .map(|((family, first), next)| {
            let last = next.filter(|(other, _)| other == family).map_or(family.last(), |(_, next)| next - 1);
            AddressRange { family: *family, first: *first, last }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> AddressRange {
        AddressRange::parse_block(text).unwrap()
    }

    #[test]
    fn blocks_are_read_as_go_reads_them() {
        assert_eq!(block("10.1.2.3/8").to_string(), "10.0.0.0-10.255.255.255");
        assert_eq!(block("0.0.0.0/0").to_string(), "0.0.0.0-255.255.255.255");
        assert_eq!(block("10.0.0.1/32").to_string(), "10.0.0.1-10.0.0.1");
        assert_eq!(block("::/0").to_string(), "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        assert_eq!(block("fd00::/8").to_string(), "fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        for wrong in
            ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/+8", "10.0.0.0/", "x/8", ""]
        {
            assert!(AddressRange::parse_block(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_exception_leaves_both_sides() {
        let all = AddressSet::from(block("0.0.0.0/0"));
        let rest = all.difference(&[block("10.0.0.0/8"), block("172.21.0.0/16")].into_iter().collect());
        let shown: Vec<String> = rest.ranges().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["0.0.0.0-9.255.255.255", "11.0.0.0-172.20.255.255", "172.22.0.0-255.255.255.255"]);
        assert!(all.difference(&all).is_empty());
        assert_eq!(all.difference(&AddressSet::from(block("::/0"))), all, "families are apart");
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let halves: AddressSet = [block("128.0.0.0/1"), block("0.0.0.0/1")].into_iter().collect();
        assert_eq!(halves, AddressSet::from(AddressRange::all(Family::V4)));
        assert!(halves.covers(&block("127.0.0.0/7")));
    }

    #[test]
    fn pieces_have_no_border_inside() {
        let sets = [AddressSet::from(block("10.0.0.0/8")), AddressSet::from(block("::/0"))];
        let shown: Vec<String> = pieces(sets.iter()).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "0.0.0.0-9.255.255.255",
                "10.0.0.0-10.255.255.255",
                "11.0.0.0-255.255.255.255",
                "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
            ]
        );
    }

    fn range(first: u8, last: u8) -> AddressRange {
        let (first, last) = (first.min(last), first.max(last));
        AddressRange { family: Family::V4, first: u128::from(first), last: u128::from(last) }
    }

    fn set() -> impl Strategy<Value = (AddressSet, Vec<bool>)> {
        proptest::collection::vec(any::<(u8, u8)>(), 0..5).prop_map(|ranges| {
            let mut bits = vec![false; 256];
            for (first, last) in &ranges {
                bits[usize::from(*first.min(last))..=usize::from(*first.max(last))].fill(true);
            }
            (ranges.into_iter().map(|(first, last)| range(first, last)).collect(), bits)
        })
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_sets((one, one_bits) in set(), (two, two_bits) in set()) {
            let bits = |set: &AddressSet| (0..=255).map(|at| set.covers(&range(at, at))).collect::<Vec<bool>>();
            let combined = |pick: fn(bool, bool) -> bool| -> Vec<bool> {
                one_bits.iter().zip(&two_bits).map(|(one, two)| pick(*one, *two)).collect()
            };
            prop_assert_eq!(bits(&one.union(&two)), combined(|one, two| one || two));
            prop_assert_eq!(bits(&one.intersection(&two)), combined(|one, two| one && two));
            prop_assert_eq!(bits(&one.difference(&two)), combined(|one, two| one && !two));
            let shares = two.ranges().iter().any(|range| one.intersects(range));
            prop_assert_eq!(shares, !one.intersection(&two).is_empty());
        }
    }
}
