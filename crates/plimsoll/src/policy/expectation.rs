//! Comparing what was found in a fence with what it expects.

use std::fmt::Write as _;

use super::Fence;
use super::fence::marker;
use crate::finding::Verdict;

/// A finding in a fence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// 1-based line within the fence; 0 where it has none.
    pub line: u32,
    /// Violated or unknown.
    pub verdict: Verdict,
    /// The message.
    pub message: String,
}

/// Says in which way findings differ from what the fence expects; `None` where they agree.
///
/// Every expectation takes one finding, and every finding must be expected. Lines of the difference are
/// lines of README.md.
pub fn compare(fence: &Fence, found: &[Found]) -> Option<String> {
    let mut left: Vec<&Found> = found.iter().collect();
    left.sort();
    let mut missing = Vec::new();
    // Longer texts first, so that a general one does not take the finding of a special one.
    let mut expectations: Vec<_> = fence.expectations.iter().collect();
    expectations.sort_by_key(|expected| (std::cmp::Reverse(expected.text.len()), expected.line));
    for expected in expectations {
        let taken = left.iter().position(|found| {
            found.line == expected.line && found.verdict == expected.verdict && found.message.contains(&expected.text)
        });
        match taken {
            Some(at) => drop(left.remove(at)),
            None => missing.push(expected),
        }
    }
    if missing.is_empty() && left.is_empty() {
        return None;
    }
    missing.sort();
    let line = |line: u32| if line == 0 { "no line".to_owned() } else { format!("line {}", fence.line + line - 1) };
    let mut text = String::new();
    for expected in missing {
        let _ = writeln!(text, "- {}: expected {}: {}", line(expected.line), marker(expected.verdict), expected.text);
    }
    for found in left {
        let _ = writeln!(text, "+ {}: found {}: {}", line(found.line), marker(found.verdict), found.message);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Expectation, Scene};

    fn fence(expectations: &[(u32, Verdict, &str)]) -> Fence {
        let expectation = |(line, verdict, text): &(u32, Verdict, &str)| Expectation {
            line: *line,
            verdict: *verdict,
            text: (*text).to_owned(),
        };
        Fence {
            line: 10,
            source: String::new(),
            scene: Scene::default(),
            workspace: String::new(),
            environments: Vec::new(),
            expectations: expectations.iter().map(expectation).collect(),
        }
    }

    fn found(line: u32, verdict: Verdict, message: &str) -> Found {
        Found { line, verdict, message: message.to_owned() }
    }

    #[test]
    fn equal_in_any_order() {
        let fence = fence(&[(2, Verdict::Violated, "a"), (2, Verdict::Violated, "ab")]);
        let both = [found(2, Verdict::Violated, "xab"), found(2, Verdict::Violated, "xa")];
        assert_eq!(compare(&fence, &both), None);
        assert_eq!(compare(&fence, &[both[1].clone(), both[0].clone()]), None);
    }

    #[test]
    fn differences_are_readable() {
        let fence = fence(&[(2, Verdict::Violated, "gone"), (3, Verdict::Unknown, "maybe")]);
        let found = [found(3, Verdict::Violated, "maybe so"), found(0, Verdict::Violated, "lost")];
        assert_eq!(
            compare(&fence, &found).unwrap(),
            "- line 11: expected violation: gone\n- line 12: expected unknown: maybe\n\
             + no line: found violation: lost\n+ line 12: found violation: maybe so\n"
        );
    }
}
