//! Amounts by the name of their resource, and the arithmetic of lists of them.
//!
//! Nothing here overflows: an amount beyond 128 bits of billionths stays at that bound, far above what
//! any cluster has.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::facts::quantity::Quantity;
use crate::facts::requests;
use crate::yaml::Node;

/// Amounts by the name of their resource, such as `cpu` or `requests.memory`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Arc<str>, Quantity>);

impl Amounts {
    /// Reads a map of quantities.
    ///
    /// Malformed and negative ones are left out: the API server refuses the object they stand in, and
    /// `quota/suspicious-quantity` says so.
    pub fn read(node: Option<&Node>) -> Self {
        let entries = node.map(Node::entries).unwrap_or_default();
        let quantity = |node| Quantity::parse(&requests::amount(node)?).ok().filter(|amount| !amount.is_negative());
        Self(entries.iter().filter_map(|entry| Some((entry.key.clone(), quantity(&entry.value)?))).collect())
    }

    /// The amount of a resource.
    pub fn get(&self, name: &str) -> Option<Quantity> {
        self.0.get(name).copied()
    }

    /// The amount of a resource; none is nothing.
    pub fn of(&self, name: &str) -> Quantity {
        self.get(name).unwrap_or_default()
    }

    /// Whether there is an amount of a resource, be it zero.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Sets an amount.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, amount: Quantity) {
        self.0.insert(name.into(), amount);
    }

    /// Names and amounts in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Quantity)> {
        self.0.iter().map(|(name, amount)| (name, *amount))
    }

    /// Whether there is no amount.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the amounts of another list.
    pub fn add(&mut self, other: &Self) {
        self.join(other, Quantity::saturating_add);
    }

    /// Takes the larger of both amounts, for every resource of another list.
    pub fn raise(&mut self, other: &Self) {
        self.join(other, |own, other| if other > own { other } else { own });
    }

    /// Takes the amounts of another list for resources that have none.
    pub fn fill(&mut self, other: &Self) {
        self.join(other, |own, _| own);
    }

    /// Takes away what another list holds, of the resources in this one; never below nothing.
    pub fn reduce(&mut self, other: &Self) {
        for (name, amount) in &mut self.0 {
            let rest = amount.saturating_sub(other.of(name));
            *amount = if rest.is_negative() { Quantity::default() } else { rest };
        }
    }

    /// So many times the amounts.
    #[must_use]
    pub fn times(&self, factor: i64) -> Self {
        Self(self.0.iter().map(|(name, amount)| (name.clone(), amount.saturating_mul(factor))).collect())
    }

    fn join(&mut self, other: &Self, both: impl Fn(Quantity, Quantity) -> Quantity) {
        for (name, amount) in &other.0 {
            match self.0.entry(name.clone()) {
                Entry::Occupied(mut own) => {
                    let joined = both(*own.get(), *amount);
                    own.insert(joined);
                }
                Entry::Vacant(vacant) => {
                    vacant.insert(*amount);
                }
            }
        }
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Quantity)> for Amounts {
    fn from_iter<T: IntoIterator<Item = (N, Quantity)>>(amounts: T) -> Self {
        Self(amounts.into_iter().map(|(name, amount)| (name.into(), amount)).collect())
    }
}

/// As a map of quantities in their canonical form.
impl Serialize for Amounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, amount)| (name, amount.to_string())))
    }
}
