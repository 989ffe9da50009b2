//! Blocks of addresses as people declare them.

use std::sync::Arc;

use crate::facts::network::{AddressRange, AddressSet};

/// A block of addresses, less some blocks inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The block, as `10.0.0.0/8`.
    pub cidr: Arc<str>,
    /// What is taken out of it.
    pub except: Vec<Arc<str>>,
}

impl Block {
    /// Its addresses.
    pub fn addresses(&self) -> AddressSet {
        let set = |text: &str| AddressRange::parse_block(text).map(AddressSet::from).unwrap_or_default();
        self.except.iter().fold(set(&self.cidr), |rest, except| rest.difference(&set(except)))
    }
}

/// Whether a text is a block.
pub(super) fn is_block(text: &str) -> bool {
    AddressRange::parse_block(text).is_ok()
}

/// Whether one block lies inside another, both valid.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (AddressRange::parse_block(outer), AddressRange::parse_block(inner));
    matches!((outer, inner), (Ok(outer), Ok(inner)) if outer.covers(&inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containment_is_by_prefix_and_family() {
        assert!(contains("0.0.0.0/0", "10.0.0.0/8") && contains("::/0", "fd00::/8"));
        assert!(contains("10.0.0.0/8", "10.0.0.0/8") && contains("10.1.0.0/8", "10.200.0.0/16"));
        assert!(!contains("10.0.0.0/16", "10.0.0.0/8") && !contains("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!contains("0.0.0.0/0", "::/0") && !contains("::/0", "10.0.0.0/8"));
    }

    #[test]
    fn exceptions_are_taken_out() {
        let block = Block { cidr: "10.0.0.0/30".into(), except: vec!["10.0.0.1/32".into()] };
        let shown: Vec<String> = block.addresses().ranges().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0-10.0.0.0", "10.0.0.2-10.0.0.3"]);
    }
}
