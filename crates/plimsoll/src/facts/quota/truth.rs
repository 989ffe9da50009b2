//! Kubernetes' own tables as data, all of them passing.
//!
//! A case is a pod in one line for each container, and what Kubernetes' tests expect of it. The texts are
//! in `truth/`; each names the test that it was taken from.

use super::amounts::Amounts;
use super::demand::Demand;
use super::limits::{Item, LimitRange, Scope};
use super::pod::{Part, Pod, Share};
use super::quotas::{Dimension, ResourceQuota};
use crate::facts::quantity::Quantity;
use crate::facts::workload::ContainerType;

/// One case: its name and the rest of its lines, as word and text.
struct Case<'a> {
    name: &'a str,
    lines: Vec<(&'a str, &'a str)>,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix("case ") {
            cases.push(Case { name, lines: Vec::new() });
        } else {
            let (word, rest) = line.split_once(':').unwrap_or((line, ""));
            cases.last_mut().unwrap().lines.push((word.trim(), rest.trim()));
        }
    }
    cases
}

impl Case<'_> {
    fn has(&self, word: &str) -> bool {
        self.lines.iter().any(|(own, _)| *own == word)
    }

    fn text(&self, word: &str) -> Option<&str> {
        self.lines.iter().find(|(own, _)| *own == word).map(|(_, text)| *text)
    }

    fn pod(&self) -> Pod {
        let mut pod = Pod::default();
        for (word, text) in &self.lines {
            let r#type = match *word {
                "init" => ContainerType::Init,
                "sidecar" => ContainerType::Sidecar,
                "container" => ContainerType::Container,
                "pod" => {
                    pod.own = share(text);
                    continue;
                }
                "overhead" => {
                    pod.overhead = amounts(text);
                    continue;
                }
                _ => continue,
            };
            pod.parts.push(Part { name: String::new(), r#type, pointer: Some(String::new()), share: share(text) });
        }
        pod
    }
}

fn amounts(text: &str) -> Amounts {
    let pairs = text.split_ascii_whitespace().map(|pair| pair.rsplit_once('=').unwrap());
    pairs.map(|(name, amount)| (name, Quantity::parse(amount).unwrap())).collect()
}

/// `requests cpu=1; limits cpu=2`: the lists by their names.
fn lists(text: &str) -> Vec<(&str, Amounts)> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, rest) = part.split_once(' ').unwrap();
            (name, amounts(rest))
        })
        .collect()
}

fn share(text: &str) -> Share {
    let mut share = Share::default();
    for (name, amounts) in lists(text) {
        if name == "limits" { share.limits = amounts } else { share.requests = amounts }
    }
    share
}

fn demand(pod: Pod) -> Demand {
    Demand { requests: pod.requests(), limits: pod.limits(), pod, ..super::tests::nothing() }
}

#[test]
fn what_a_pod_asks_for() {
    let cases = cases(include_str!("truth/pod-resources.txt"));
    for case in &cases {
        let mut pod = case.pod();
        if case.has("without overhead") {
            pod.overhead = Amounts::default();
        }
        if case.has("without pod") {
            pod.own = Share::default();
        }
        let mut expected = 0;
        for (word, found) in [("expect requests", pod.requests()), ("expect limits", pod.limits())] {
            if let Some(text) = case.text(word) {
                assert_eq!(found, amounts(text), "{}", case.name);
                expected += 1;
            }
        }
        assert!(expected > 0, "{}", case.name);
    }
    assert!(cases.len() > 50);
}

#[test]
fn what_a_pod_is_charged_for() {
    let cases = cases(include_str!("truth/quota-usage.txt"));
    for case in &cases {
        let demand = demand(case.pod());
        if let Some(text) = case.text("expect use") {
            for (name, amount) in amounts(text).iter() {
                let found = Dimension::of(name).of_pod(&demand);
                assert_eq!(found, Some(amount), "{}: {name}", case.name);
            }
            // What is not named is not charged.
            for name in
                ["cpu", "limits.cpu", "memory", "limits.memory", "requests.ephemeral-storage", "example.com/dongle"]
            {
                let found = Dimension::of(name).of_pod(&demand).unwrap_or_default();
                assert_eq!(found, amounts(text).of(name), "{}: {name}", case.name);
            }
        } else {
            let hard = amounts(case.text("quota").unwrap());
            let quota = ResourceQuota {
                at: 0,
                name: "q".into(),
                namespace: "n".into(),
                external: false,
                hard,
                scopes: Vec::new(),
            };
            let number = |part: &Part| demand.pod.parts.iter().position(|own| std::ptr::eq(own, part)).unwrap();
            let found = quota.missing(&demand.pod).into_iter().map(|(name, part)| format!("{name}/{}", number(part)));
            let found = found.collect::<Vec<_>>().join(" ");
            assert_eq!(found, case.text("expect missing").unwrap(), "{}", case.name);
        }
    }
    assert_eq!(cases.len(), 23);
}

#[test]
fn whom_a_limit_range_refuses() {
    let cases = cases(include_str!("truth/limit-ranges.txt"));
    for case in &cases {
        let (word, text) = case.lines.iter().find(|(word, _)| word.starts_with("range ")).unwrap();
        let scope = if *word == "range Pod" { Scope::Pod } else { Scope::Container };
        let mut item = Item { scope, min: Amounts::default(), max: Amounts::default(), ratio: Amounts::default() };
        for (name, amounts) in lists(text) {
            match name {
                "min" => item.min = amounts,
                "max" => item.max = amounts,
                _ => item.ratio = amounts,
            }
        }
        let range = LimitRange { name: "abc".into(), defaults: Share::default(), items: vec![item] };
        let refused = !range.refusals(&case.pod(), "/spec").is_empty();
        assert_eq!(refused, case.text("expect refused") == Some("yes"), "{}", case.name);
    }
    assert_eq!(cases.len(), 40);
}
