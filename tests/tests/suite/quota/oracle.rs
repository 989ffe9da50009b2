//! A second opinion on the sums: ten thousand namespaces added up again, with fractions of its own.
//!
//! Nothing of the library's arithmetic is used here: amounts are written as text, read back as fractions of
//! two integers, and added up as the documentation of Kubernetes says.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll::Workspace;
use plimsoll::view::quota::QuotaView;
use plimsoll::view::{Format, View as _};
use plimsoll::workspace::OpenOptions;

/// Namespaces, and how many of them are read at once.
const NAMESPACES: usize = 10_000;
const AT_ONCE: usize = 500;

/// An exact number; the denominator is above zero.
#[derive(Debug, Clone, Copy)]
struct Fraction(i128, i128);

impl Fraction {
    const ZERO: Self = Self(0, 1);

    fn plus(self, other: Self) -> Self {
        Self(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }

    fn times(self, factor: i128) -> Self {
        Self(self.0 * factor, self.1).reduced()
    }

    fn most(self, other: Self) -> Self {
        if self.0 * other.1 >= other.0 * self.1 { self } else { other }
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.0.abs(), self.1);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        if a == 0 { Self(0, 1) } else { Self(self.0 / a, self.1 / a) }
    }

    /// Reads what Kubernetes writes: a decimal number and a suffix.
    fn read(text: &str) -> Self {
        let end =
            text.find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != '-').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{rest}").parse().unwrap();
        let power = |base: i128, exponent: u32| base.pow(exponent);
        let (up, down) = match suffix {
            "" => (1, 1),
            "m" => (1, 1000),
            "k" => (1000, 1),
            "M" => (power(1000, 2), 1),
            "G" => (power(1000, 3), 1),
            "Ki" => (1024, 1),
            "Mi" => (power(1024, 2), 1),
            "Gi" => (power(1024, 3), 1),
            "Ti" => (power(1024, 4), 1),
            _ => panic!("{text}"),
        };
        Self(digits * up, power(10, u32::try_from(rest.len()).unwrap()) * down).reduced()
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.0 * other.1 == other.0 * self.1
    }
}

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

const CPU: [&str; 8] = ["250m", "0.1", "1", "1.5", "33m", "2", "0", "0.25"];
const MEMORY: [&str; 8] = ["128Mi", "100M", "1Gi", "0.5Gi", "64Ki", "1000000", "2G", "96Mi"];

/// Requests and limits by resource.
type Lists = [BTreeMap<&'static str, Fraction>; 2];

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Init,
    Sidecar,
    Main,
}

/// What one workload adds to a sum: each pod, how many at rest, at most, of a rollout, at worst; a hook.
struct Expected {
    each: BTreeMap<&'static str, Fraction>,
    steady: i128,
    peak: i128,
    surge: i128,
    worst: i128,
    hook: bool,
}

/// Writes `{cpu: 250m}` and notes what it says.
fn list(dice: &mut Dice, into: &mut BTreeMap<&'static str, Fraction>) -> String {
    let mut parts = Vec::new();
    if !dice.once_in(4) {
        let text = dice.pick(&CPU);
        into.insert("cpu", Fraction::read(text));
        parts.push(format!("cpu: {text}"));
    }
    if !dice.once_in(4) {
        let text = dice.pick(&MEMORY);
        into.insert("memory", Fraction::read(text));
        parts.push(format!("memory: {text}"));
    }
    format!("{{{}}}", parts.join(", "))
}

/// One container with all defaults, and its YAML.
fn container(dice: &mut Dice, name: &str, sort: Sort, defaults: &Lists) -> (Lists, String) {
    let mut own: Lists = [BTreeMap::new(), BTreeMap::new()];
    let mut parts = Vec::new();
    if !dice.once_in(3) {
        parts.push(format!("requests: {}", list(dice, &mut own[0])));
    }
    if !dice.once_in(3) {
        parts.push(format!("limits: {}", list(dice, &mut own[1])));
    }
    let limits = own[1].clone();
    for (resource, amount) in limits {
        own[0].entry(resource).or_insert(amount);
    }
    for (own, defaults) in own.iter_mut().zip(defaults) {
        for (resource, amount) in defaults {
            own.entry(resource).or_insert(*amount);
        }
    }
    let restart = if sort == Sort::Sidecar { ", restartPolicy: Always" } else { "" };
    (own, format!("{{name: {name}, resources: {{{}}}{restart}}}", parts.join(", ")))
}

/// What a pod asks for of one resource in one list.
fn effective(containers: &[(Sort, Lists)], list: usize, resource: &str) -> Fraction {
    let of = |lists: &Lists| lists[list].get(resource).copied().unwrap_or(Fraction::ZERO);
    let (mut together, mut sidecars, mut starting) = (Fraction::ZERO, Fraction::ZERO, Fraction::ZERO);
    for (sort, lists) in containers {
        let own = of(lists);
        match sort {
            Sort::Main => together = together.plus(own),
            Sort::Sidecar => {
                together = together.plus(own);
                sidecars = sidecars.plus(own);
            }
            Sort::Init => starting = starting.most(own.plus(sidecars)),
        }
    }
    together.most(starting)
}

/// The specification of a pod, and what it asks for by the names of a quota.
fn pod(dice: &mut Dice, defaults: &Lists) -> (BTreeMap<&'static str, Fraction>, String) {
    let mut containers = Vec::new();
    let mut written: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    for at in 0..dice.below(3) {
        let sort = if dice.once_in(2) { Sort::Sidecar } else { Sort::Init };
        let (lists, text) = container(dice, &format!("i{at}"), sort, defaults);
        containers.push((sort, lists));
        written[0].push(text);
    }
    for at in 0..=dice.below(2) {
        let (lists, text) = container(dice, &format!("c{at}"), Sort::Main, defaults);
        containers.push((Sort::Main, lists));
        written[1].push(text);
    }
    let mut each = BTreeMap::from([
        ("requests.cpu", effective(&containers, 0, "cpu")),
        ("requests.memory", effective(&containers, 0, "memory")),
        ("limits.cpu", effective(&containers, 1, "cpu")),
        ("limits.memory", effective(&containers, 1, "memory")),
        ("pods", Fraction(1, 1)),
    ]);
    let mut spec = format!("initContainers: [{}], containers: [{}]", written[0].join(", "), written[1].join(", "));
    if dice.once_in(5) {
        let (cpu, memory) = (dice.pick(&CPU), dice.pick(&MEMORY));
        let _ = write!(spec, ", overhead: {{cpu: {cpu}, memory: {memory}}}");
        for (resource, text) in [("cpu", cpu), ("memory", memory)] {
            let amount = Fraction::read(text);
            let requests: &str = if resource == "cpu" { "requests.cpu" } else { "requests.memory" };
            let limits: &str = if resource == "cpu" { "limits.cpu" } else { "limits.memory" };
            each.entry(requests_key(requests)).and_modify(|sum| *sum = sum.plus(amount));
            each.entry(requests_key(limits)).and_modify(|sum| {
                if *sum != Fraction::ZERO {
                    *sum = sum.plus(amount);
                }
            });
        }
    }
    (each, spec)
}

/// The name as it lives for ever.
fn requests_key(name: &str) -> &'static str {
    ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"].into_iter().find(|own| *own == name).unwrap()
}

fn share_up(percent: i128, of: i128) -> i128 {
    (percent * of + 99) / 100
}

/// A Deployment or StatefulSet, perhaps with an autoscaler.
fn serving(dice: &mut Dice, set: bool, meta: &str, name: &str, spec: &str, yaml: &mut String) -> [i128; 4] {
    let replicas = i128::from(dice.below(12));
    let scaled = dice.once_in(2).then(|| (i128::from(dice.below(4)) + 1, i128::from(dice.below(20)) + 4));
    let most = scaled.map_or(replicas, |(_, max)| replicas.max(max));
    let (surge, strategy) = match dice.below(4) {
        _ if set => (0, ""),
        0 => (0, "strategy: {type: Recreate}, "),
        1 => (3, "strategy: {rollingUpdate: {maxSurge: 3}}, "),
        2 => (share_up(40, most), "strategy: {rollingUpdate: {maxSurge: 40%}}, "),
        _ => (share_up(25, most), ""),
    };
    let kind = if set { "StatefulSet" } else { "Deployment" };
    let _ = writeln!(
        yaml,
        "---\n{{apiVersion: apps/v1, kind: {kind}, {meta}, spec: {{replicas: {replicas}, {strategy}template: {{spec: \
         {{{spec}}}}}}}}}"
    );
    if let Some((min, max)) = scaled {
        let _ = writeln!(
            yaml,
            "---\n{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, {meta}, spec: {{scaleTargetRef: \
             {{apiVersion: apps/v1, kind: {kind}, name: {name}}}, minReplicas: {min}, maxReplicas: {max}}}}}"
        );
    }
    let worst = if set { most } else { 2 * most + surge };
    [scaled.map_or(replicas, |(min, _)| min), most, surge, worst]
}

/// A CronJob that fires every few minutes.
fn cron(dice: &mut Dice, meta: &str, spec: &str, yaml: &mut String) -> i128 {
    let (minutes, deadline) = (i128::from(dice.below(3)) * 5 + 5, i128::from(dice.below(5000)));
    let allow = dice.once_in(2);
    let policy = if allow { "Allow" } else { "Forbid" };
    let _ = writeln!(
        yaml,
        "---\n{{apiVersion: batch/v1, kind: CronJob, {meta}, spec: {{schedule: \"*/{minutes} * * * *\", \
         concurrencyPolicy: {policy}, jobTemplate: {{spec: {{activeDeadlineSeconds: {deadline}, template: {{spec: \
         {{{spec}}}}}}}}}}}}}"
    );
    if allow { deadline / (minutes * 60) + 1 } else { 1 }
}

/// A workload of some kind in a namespace.
fn workload(dice: &mut Dice, namespace: &str, number: u64, defaults: &Lists, yaml: &mut String) -> Expected {
    let (each, spec) = pod(dice, defaults);
    let name = format!("w{number}");
    let meta = format!("metadata: {{name: {name}, namespace: {namespace}}}");
    let once = |each, count, hook| Expected { each, steady: 0, peak: count, surge: 0, worst: count, hook };
    match dice.below(5) {
        kind @ (0 | 1) => {
            let [steady, peak, surge, worst] = serving(dice, kind == 1, &meta, &name, &spec, yaml);
            Expected { each, steady, peak, surge, worst, hook: false }
        }
        2 => {
            let (parallel, complete, hook) = (i128::from(dice.below(6)), i128::from(dice.below(6)), dice.once_in(2));
            let note = if hook { ", annotations: {helm.sh/hook: post-upgrade}" } else { "" };
            let _ = writeln!(
                yaml,
                "---\n{{apiVersion: batch/v1, kind: Job, metadata: {{name: {name}, namespace: {namespace}{note}}}, spec: \
                 {{parallelism: {parallel}, completions: {complete}, template: {{spec: {{{spec}}}}}}}}}"
            );
            once(each, parallel.min(complete), hook)
        }
        3 => {
            let count = cron(dice, &meta, &spec, yaml);
            once(each, count, false)
        }
        _ => {
            let _ = writeln!(yaml, "---\n{{apiVersion: v1, kind: Pod, {meta}, spec: {{{spec}}}}}");
            Expected { steady: 1, ..once(each, 1, false) }
        }
    }
}

/// A namespace, and for each dimension what it needs at rest, at the peak, during a rollout, at worst.
fn namespace(dice: &mut Dice, name: &str, yaml: &mut String) -> BTreeMap<&'static str, [Fraction; 4]> {
    let mut defaults: Lists = [BTreeMap::new(), BTreeMap::new()];
    if dice.once_in(3) {
        let limits = list(dice, &mut defaults[1]);
        let mut asked = BTreeMap::new();
        let requests = list(dice, &mut asked);
        for (resource, amount) in &defaults[1] {
            asked.entry(resource).or_insert(*amount);
        }
        defaults[0] = asked;
        let _ = writeln!(
            yaml,
            "---\n{{apiVersion: v1, kind: LimitRange, metadata: {{name: l, namespace: {name}}}, spec: {{limits: [{{type: Container, \
             default: {limits}, defaultRequest: {requests}}}]}}}}"
        );
    }
    let workloads: Vec<Expected> =
        (0..=dice.below(3)).map(|number| workload(dice, name, number, &defaults, yaml)).collect();
    let dimensions = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "pods"];
    let sums = dimensions.map(|dimension| {
        let mut sums = [Fraction::ZERO; 4];
        let (mut surge, mut hooks) = (Fraction::ZERO, Fraction::ZERO);
        for workload in &workloads {
            let each = workload.each[dimension];
            sums[0] = sums[0].plus(each.times(workload.steady));
            sums[3] = sums[3].plus(each.times(workload.worst));
            surge = surge.most(each.times(workload.surge));
            let all = each.times(workload.peak);
            if workload.hook { hooks = hooks.plus(all) } else { sums[1] = sums[1].plus(all) }
        }
        sums[2] = sums[1].plus(surge).plus(hooks);
        (dimension, sums)
    });
    sums.into()
}

#[test]
fn ten_thousand_namespaces_add_up_to_the_same() {
    let mut dice = Dice(20_260_101);
    let mut compared = 0;
    for batch in 0..NAMESPACES / AT_ONCE {
        let mut yaml = String::new();
        let names: Vec<String> = (0..AT_ONCE).map(|at| format!("n{batch}-{at}")).collect();
        let expected: BTreeMap<&str, _> =
            names.iter().map(|name| (name.as_str(), namespace(&mut dice, name, &mut yaml))).collect();
        let workspace = Workspace::from_manifests("all.yaml", yaml.into_bytes(), &OpenOptions::default()).unwrap();
        let rendered = workspace.render_all();
        assert!(rendered.errors().is_empty(), "{:?}", rendered.errors());
        let mut out = Vec::new();
        QuotaView::of(&rendered).write(Format::Json, &mut out).unwrap();
        let found: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let namespaces = found["environments"]["default"]["namespaces"].as_array().unwrap();
        assert_eq!(namespaces.len(), AT_ONCE);
        for group in namespaces {
            let expected = &expected[group["name"].as_str().unwrap()];
            for (dimension, sums) in expected {
                let row = group["needs"].as_array().unwrap().iter().find(|row| row["dimension"] == *dimension);
                for (word, sum) in ["steady", "peak", "rollout", "worst"].into_iter().zip(sums) {
                    // What needs nothing during a rollout is not shown.
                    let found = row.map_or(Fraction::ZERO, |row| Fraction::read(row[word].as_str().unwrap()));
                    if row.is_some() || sums[2] != Fraction::ZERO {
                        assert_eq!(found, *sum, "{} {dimension} {word}", group["name"]);
                    }
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, NAMESPACES * 5);
}
