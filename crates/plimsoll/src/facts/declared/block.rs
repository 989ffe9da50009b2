//! Blocks of addresses as people declare them.

use std::net::IpAddr;
use std::sync::Arc;

/// A block of addresses, less some blocks inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The block, as `10.0.0.0/8`.
    pub cidr: Arc<str>,
    /// What is taken out of it.
    pub except: Vec<Arc<str>>,
}

/// The address and the length of a block; `None` where the text is none.
pub(super) fn parts(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    // `parse` alone would let `+8` and `08` pass, which the API server refuses.
    let plain = length == "0" || !length.starts_with(['0', '+']);
    let length: u8 = length.parse().ok().filter(|length| plain && *length <= most)?;
    Some((address, length))
}

/// Whether one block lies inside another, both valid.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    let (Some((outer, length)), Some((inner, own))) = (parts(outer), parts(inner)) else { return false };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
        IpAddr::V6(address) => (u128::from(address), false),
    };
    let ((outer, is_v4), (inner, other_v4)) = (bits(outer), bits(inner));
    let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
    is_v4 == other_v4 && own >= length && (outer & mask) == (inner & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_as_the_api_server_reads_them() {
        for good in ["0.0.0.0/0", "10.1.2.3/8", "::/0", "fd00::/8", "10.0.0.1/32"] {
            assert!(parts(good).is_some(), "{good}");
        }
        for bad in ["10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "::/129", "x/8", ""] {
            assert!(parts(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn containment_is_by_prefix_and_family() {
        assert!(contains("0.0.0.0/0", "10.0.0.0/8") && contains("::/0", "fd00::/8"));
        assert!(contains("10.0.0.0/8", "10.0.0.0/8") && contains("10.1.0.0/8", "10.200.0.0/16"));
        assert!(!contains("10.0.0.0/16", "10.0.0.0/8") && !contains("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!contains("0.0.0.0/0", "::/0") && !contains("::/0", "10.0.0.0/8"));
    }
}
