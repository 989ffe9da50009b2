//! Laws that hold for all rules, over universes small enough to enumerate.

use proptest::prelude::*;

use crate::facts::rbac::cover::{covers, uncovered};
use crate::facts::rbac::rule::{Request, Rule};

const VERBS: [&str; 3] = ["*", "get", "list"];
const GROUPS: [&str; 3] = ["*", "", "apps"];
const RESOURCES: [&str; 5] = ["*", "pods", "pods/log", "*/log", "jobs"];
const NAMES: [&str; 2] = ["a", "b"];
const URLS: [&str; 5] = ["*", "/x", "/x/*", "/x/y", "/z"];

fn some(all: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(all, 0..=most)
}

fn rule() -> impl Strategy<Value = Rule<'static>> {
    (some(&VERBS, 3), some(&GROUPS, 2), some(&RESOURCES, 3), some(&NAMES, 2), some(&URLS, 2))
        .prop_map(|(verbs, groups, resources, names, urls)| Rule { verbs, groups, resources, names, urls })
}

/// Every request of a universe with one verb, group, resource, name and path more than any rule mentions, so that
/// a wildcard grants more than what can be listed.
fn requests() -> Vec<Request<'static>> {
    let mut requests = Vec::new();
    for verb in ["get", "list", "other"] {
        for group in ["", "apps", "other"] {
            for resource in ["pods", "pods/log", "jobs", "jobs/log", "other", "other/log", "other/other"] {
                for name in ["", "a", "b", "other"] {
                    requests.push(Request::Resource { verb, group, resource, name });
                }
            }
        }
        for path in ["/x", "/x/", "/x/y", "/x/y/z", "/z", "/other"] {
            requests.push(Request::Url { verb, path });
        }
    }
    requests
}

fn allow(rules: &[Rule<'_>], request: &Request<'_>) -> bool {
    rules.iter().any(|rule| rule.allows(request))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What covers lets through everything that the covered lets through.
    #[test]
    fn covering_is_sound(owner in prop::collection::vec(rule(), 0..3), servant in prop::collection::vec(rule(), 0..3)) {
        if covers(&owner, &servant) {
            for request in requests() {
                prop_assert!(!allow(&servant, &request) || allow(&owner, &request), "{request:?}");
            }
        }
    }

    /// What lets through everything that others let through covers them: the universe holds, beside everything that
    /// rules list, one more of each, so that several lists never make a wildcard.
    #[test]
    fn covering_is_complete(owner in prop::collection::vec(rule(), 0..3), servant in prop::collection::vec(rule(), 0..3)) {
        let included = requests().iter().all(|request| !allow(&servant, request) || allow(&owner, request));
        prop_assert_eq!(covers(&owner, &servant), included, "{:?}", uncovered(&owner, &servant));
    }

    /// Everything covers itself, and more rules cover no less.
    #[test]
    fn covering_grows(owner in prop::collection::vec(rule(), 0..3), more in rule(), servant in prop::collection::vec(rule(), 0..2)) {
        prop_assert!(covers(&owner, &owner));
        let mut larger = owner.clone();
        larger.push(more);
        prop_assert!(!covers(&owner, &servant) || covers(&larger, &servant));
    }
}
