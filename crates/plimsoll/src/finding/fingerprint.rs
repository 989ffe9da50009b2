//! The name of a finding that survives edits around it.

use sha2::{Digest as _, Sha256};

use crate::yaml::{Data, Node};

/// A fingerprint over policy, identity of the object, place in it and message: 32 hexadecimal digits.
///
/// Positions in lists are replaced by the name of the item where it has one, so that a container added
/// before another does not rename the other's findings.
pub fn fingerprint(policy: &str, identity: &str, node: Option<&Node>, pointer: &str, message: &str) -> String {
    let place = named_pointer(node, pointer);
    let mut hash = Sha256::new();
    for part in [policy, identity, &place, message] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn named_pointer(node: Option<&Node>, pointer: &str) -> String {
    let mut current = node;
    let mut place = String::with_capacity(pointer.len());
    for token in pointer.split('/').skip(1) {
        place.push('/');
        let child = match current.map(|node| &node.data) {
            Some(Data::Seq(items)) => token.parse::<usize>().ok().and_then(|at| items.get(at)),
            Some(Data::Map(map)) => map.get(&token.replace("~1", "/").replace("~0", "~")),
            _ => None,
        };
        let in_list = matches!(current.map(|node| &node.data), Some(Data::Seq(_)));
        match child.and_then(|child| child.str_at(&["name"])).filter(|_| in_list) {
            Some(name) => {
                place.push('[');
                place.push_str(name);
                place.push(']');
            }
            None => place.push_str(token),
        }
        current = child;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_container_before_it_changes_nothing() {
        let one = Node::from_json(&serde_json::json!({"containers": [{"name": "app", "image": "x"}]}));
        let two = Node::from_json(&serde_json::json!({"containers": [{"name": "log"}, {"name": "app", "image": "x"}]}));
        let of =
            |node, pointer| fingerprint("images/not-pinned", "apps/Deployment/shop/cart", Some(node), pointer, "m");
        assert_eq!(of(&one, "/containers/0/image"), of(&two, "/containers/1/image"));
        assert_ne!(of(&two, "/containers/0/image"), of(&two, "/containers/1/image"));
        assert_eq!(of(&one, "/containers/0/image").len(), 32);
    }
}
