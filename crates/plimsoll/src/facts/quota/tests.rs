//! Facts of whole environments, and laws that hold for all of them.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use super::amounts::Amounts;
use super::capacity::{Site, capacity};
use super::demand::{Demand, Traits};
use super::fit::{Item, Supply, Verdict, fit};
use super::nodes::Room;
use super::placement::Placement;
use super::pod::Pod;
use super::quotas::Dimension;
use super::replicas::{Phase, Pods};
use super::setting::{Pool, Rollouts, Setting};
use super::sums::{Share, sum};
use super::{Quota, QuotaFacts, words};
use crate::facts::quantity::Quantity;
use crate::facts::world::Declared;
use crate::facts::{Domain, Facts};
use crate::manifest::{Manifest, Resource, parse};

/// A workload that asks for nothing.
pub(super) fn nothing() -> Demand {
    Demand {
        at: 0,
        name: "nothing".into(),
        kind: "Deployment".into(),
        namespace: "n".into(),
        team: None,
        external: false,
        pod_pointer: "/spec/template/spec".to_owned(),
        pods: Pods { phase: Phase::Serving, steady: 0, peak: 0, surge: 0, worst: 0, unbounded: None },
        pod: Pod::default(),
        requests: Amounts::default(),
        limits: Amounts::default(),
        sidecar: None,
        claims: Vec::new(),
        traits: Traits::default(),
        placement: Placement::default(),
    }
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn resources(text: &str) -> Vec<Resource> {
    let manifest = Arc::new(Manifest { text: text.into(), namespace: Some("shop".into()), ..Manifest::default() });
    let parsed = parse(&[manifest]).remove(0);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.resources
}

/// What is derived of a text, and what of the resource of a name.
fn derived(text: &str, setting: Setting) -> (Quota, impl Fn(&str) -> QuotaFacts) {
    let resources = resources(text);
    let declared = Declared { capacity: setting, ..Declared::default() };
    let facts = Facts::derive(&resources, &declared, &[Domain::Quota].into());
    let named = resources.iter().enumerate().map(|(at, resource)| {
        (resource.id.name.to_string(), facts.of(at).quota.as_deref().cloned().unwrap_or_default())
    });
    let named: Vec<(String, QuotaFacts)> = named.collect();
    let find = move |name: &str| named.iter().find(|(own, _)| own == name).unwrap().1.clone();
    (facts.quota.unwrap(), find)
}

const ORDERS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  template:
    spec:
      containers: [{name: orders, resources: {requests: {cpu: 250m, memory: 256Mi}, limits: {memory: 256Mi}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders-hpa}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}, minReplicas: 2, maxReplicas: 10}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: m, resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: team}
spec: {hard: {requests.cpu: \"3\", requests.memory: 4Gi, pods: \"20\", request.cpu: \"1\"}}
";

#[test]
fn the_sum_of_the_issue() {
    let (quota, facts) = derived(ORDERS, Setting::default());
    let sum = quota.use_of(&quota.quotas[0], "requests.cpu", "shop");
    let text = |amount: Quantity| amount.to_string();
    assert_eq!([text(sum.steady), text(sum.peak), text(sum.rollout)], ["500m", "2500m", "3350m"]);
    let peak = facts("team").peaks.into_iter().find(|peak| peak.dimension == "requests.cpu").unwrap();
    assert_eq!(peak.sum, "orders 10×250m + surge 3×250m + migrate 1×100m = 3350m");
    assert_eq!((peak.hard.as_str(), peak.share, peak.quota.as_str()), ("3000m", 112, "shop/team"));
    assert_eq!(peak.path, "/spec/hard/requests.cpu");
    assert_eq!(peak.witness.len(), 3);
    // What no evaluator counts is not needed.
    assert!(facts("team").peaks.iter().all(|peak| peak.dimension != "request.cpu"));
    // 10×256Mi + 3×256Mi + 64Mi = 3392Mi of 4096Mi.
    let memory = facts("team").peaks.into_iter().find(|peak| peak.dimension == "requests.memory").unwrap();
    assert_eq!((memory.share, memory.hard.as_str()), (83, "4096Mi"));
}

#[test]
fn a_sidecar_is_added_where_labels_say_so() {
    let share = super::pod::Share {
        requests: [("cpu", quantity("100m"))].into_iter().collect(),
        limits: [("memory", quantity("128Mi"))].into_iter().collect(),
    };
    let sidecar = super::sidecar::Sidecar { name: "proxy".into(), share, ..super::sidecar::Sidecar::default() };
    let setting = Setting { sidecar: Some(sidecar), ..Setting::default() };
    let pod = |name: &str, labels: &str, annotations: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{{labels}}}, annotations: {{{annotations}}}}}\n\
             spec: {{containers: [{{name: a, resources: {{requests: {{cpu: 10m}}}}}}]}}\n"
        )
    };
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n";
    let off = "sidecar.istio.io/inject: \"false\"";
    let own = "sidecar.istio.io/proxyCPU: 20m";
    let text = format!("{namespace}{}{}{}", pod("in", "", ""), pod("out", off, ""), pod("own", "", own));
    let (quota, _) = derived(&text, setting.clone());
    let requests: Vec<(String, String, bool)> = quota
        .demands
        .iter()
        .map(|demand| {
            let memory = demand.requests.contains("memory");
            (demand.name.to_string(), demand.requests.of("cpu").to_string(), memory)
        })
        .collect();
    let expected = [("in", "110m", true), ("out", "10m", false), ("own", "30m", false)];
    assert_eq!(requests, expected.map(|(name, cpu, memory)| (name.to_owned(), cpu.to_owned(), memory)));
    let (quota, _) = derived(&pod("none", "", ""), setting);
    assert_eq!(quota.demands[0].requests.of("cpu"), quantity("10m"));
}

#[test]
fn a_pod_with_limits_of_its_own_is_not_raised_by_what_is_injected() {
    // The API server fixes the pod's requests before anything is injected.
    let share = super::pod::Share { requests: [("cpu", quantity("1"))].into_iter().collect(), ..Default::default() };
    let sidecar =
        super::sidecar::Sidecar { name: "p".into(), share, everywhere: true, ..super::sidecar::Sidecar::default() };
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  resources: {limits: {memory: 1Gi}}\n  \
                containers: [{name: a, resources: {requests: {cpu: 100m}}}]\n";
    let (quota, _) = derived(text, Setting { sidecar: Some(sidecar), ..Setting::default() });
    assert_eq!(quota.demands[0].requests.of("cpu"), quantity("100m"));
    assert_eq!(quota.demands[0].requests.of("memory"), quantity("1Gi"));
}

#[test]
fn scopes_choose_pods() {
    // TestPodEvaluatorMatchingScopes of pkg/quota/v1/evaluator/core/pods_test.go.
    let far = "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{namespaces: [ns1]}]}}";
    let anti = "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: \
                [{podAffinityTerm: {namespaceSelector: {}}}]}}";
    let busy = "containers: [{name: a, resources: {requests: {cpu: \"1\"}}}]";
    for (spec, expected) in [
        ("x: y", "NotTerminating BestEffort"),
        ("priorityClassName: class1", "NotTerminating BestEffort PriorityClass"),
        (busy, "NotTerminating NotBestEffort"),
        ("activeDeadlineSeconds: 30", "Terminating BestEffort"),
        (far, "NotTerminating BestEffort CrossNamespacePodAffinity"),
        (anti, "NotTerminating BestEffort CrossNamespacePodAffinity"),
    ] {
        let mut text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{spec}}}\n");
        let scopes = [
            "Terminating",
            "NotTerminating",
            "BestEffort",
            "NotBestEffort",
            "PriorityClass",
            "CrossNamespacePodAffinity",
        ];
        for scope in scopes {
            let _ = write!(
                text,
                "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: {}}}\nspec: {{hard: {{pods: 1}}, scopes: [{scope}]}}\n",
                scope.to_lowercase()
            );
        }
        let (quota, _) = derived(&text, Setting::default());
        let matched = scopes.iter().zip(&quota.quotas);
        let mut matched: Vec<&str> =
            matched.filter(|(_, own)| own.counts(&quota.demands[0])).map(|(name, _)| *name).collect();
        let mut expected: Vec<&str> = expected.split(' ').collect();
        matched.sort_unstable();
        expected.sort_unstable();
        assert_eq!(matched, expected, "{spec}");
    }
}

fn pool(name: &str, max: u32, cpu: &str, memory: &str) -> Pool {
    let allocatable = [("cpu", quantity(cpu)), ("memory", quantity(memory))].into_iter().collect();
    Pool { name: name.into(), min: max, max, allocatable, ..Pool::default() }
}

fn pods(peak: i64, surge: i64) -> Pods {
    Pods { phase: Phase::Serving, steady: peak, peak, surge, worst: 2 * peak + surge, unbounded: None }
}

fn demand(at: usize, name: &str, count: i64, cpu: &str, memory: &str) -> Demand {
    let requests = [("cpu", quantity(cpu)), ("memory", quantity(memory))].into_iter().collect();
    Demand { at, name: name.into(), pods: pods(count, 0), requests, ..nothing() }
}

fn fits(pools: &[Pool], demands: &[Demand]) -> super::fit::Fit {
    let room = Room::new(pools, demands);
    let supply = Supply::most(&room);
    let items: Vec<Item<'_>> =
        demands.iter().map(|demand| Item { demand, count: demand.pods.peak, surge: demand.pods.surge }).collect();
    fit(&room, &supply, &items)
}

#[test]
fn sidecars_alone_nearly_fill_a_small_cluster() {
    let pools = [pool("manager", 1, "1900m", "3500Mi"), pool("workers", 2, "900m", "800Mi")];
    // Six pods whose sidecars ask for 100m and 128Mi: 5 of them fill 640Mi of a worker's 800Mi.
    let fitting = [demand(0, "web", 6, "150m", "160Mi")];
    assert_eq!(fits(&pools, &fitting).verdict, Verdict::Yes);
    let twice = fits(&pools, &[demand(0, "web", 40, "150m", "160Mi")]);
    assert_eq!(twice.verdict, Verdict::No);
    assert_eq!(twice.reason, "web needs 40 places of 150m cpu, and 3 nodes it may stand on have 22");
    // Neither of two is too many by itself, but both together are.
    let both = fits(&pools, &[demand(0, "web", 15, "150m", "100Mi"), demand(1, "api", 10, "200m", "100Mi")]);
    assert_eq!(both.verdict, Verdict::No);
    let expected = "web 15×150m + api 10×200m = 4250m > 3700m of cpu (manager 1×1900m + workers 2×900m)";
    assert_eq!(both.reason, expected);
    assert_eq!(both.witness, ["web 15×150m = 2250m", "api 10×200m = 2000m"]);
    // Two of three pods that fill more than half a node: by sum they fit, by place they do not.
    let halves = fits(&[pool("p", 2, "1", "1Gi")], &[demand(0, "half", 3, "600m", "1Mi")]);
    assert_eq!(halves.verdict, Verdict::No);
    assert_eq!(halves.reason, "half needs 3 places of 600m cpu, and 2 nodes it may stand on have 2");
}

#[test]
fn what_is_not_declared_is_not_known() {
    let mut selective = demand(0, "gpu", 1, "100m", "1Mi");
    let node = resources(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeSelector: {disk: ssd}, containers: [{name: a}]}\n",
    );
    selective.placement = Placement::of(&crate::facts::workload::workloads(&node)[0]);
    let mut pools = [pool("p", 1, "1", "1Gi"), pool("q", 1, "1", "1Gi")];
    let unknown = fits(&pools, std::slice::from_ref(&selective));
    assert_eq!(unknown.verdict, Verdict::Unknown);
    assert!(unknown.reason.contains("labels that no pool declares"), "{}", unknown.reason);
    pools[1].labels.insert("disk".into(), "ssd".into());
    assert_eq!(fits(&pools, std::slice::from_ref(&selective)).verdict, Verdict::Yes);
    pools[1].labels.insert("disk".into(), "hdd".into());
    assert_eq!(fits(&pools, std::slice::from_ref(&selective)).verdict, Verdict::No);
    pools[1].allocatable = [("cpu", quantity("1"))].into_iter().collect();
    let plain = demand(0, "a", 1, "10m", "1Mi");
    assert!(fits(&pools, &[plain]).reason.contains("does not say how much memory"));
}

#[test]
fn spreading_is_kept() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec:\n  containers: [{name: a}]\n  \
                topologySpreadConstraints:\n  - {topologyKey: kubernetes.io/hostname, maxSkew: 1, \
                whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: a}}}\n";
    let node = resources(text);
    let mut spread = demand(0, "a", 4, "400m", "1Mi");
    spread.placement = Placement::of(&crate::facts::workload::workloads(&node)[0]);
    let even = [pool("p", 2, "1", "1Gi")];
    assert_eq!(fits(&even, std::slice::from_ref(&spread)).verdict, Verdict::Yes);
    // One node holds four by itself, but the other holds none of them.
    let uneven = [pool("p", 1, "4", "1Gi"), pool("q", 1, "100m", "1Gi")];
    assert_eq!(fits(&uneven, std::slice::from_ref(&spread)).verdict, Verdict::Unknown);
}

#[test]
fn absurd_numbers_stay_numbers() {
    let most = i64::MAX;
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  replicas: {most}\n  strategy: \
         {{rollingUpdate: {{maxSurge: 900%}}}}\n  template: {{spec: {{containers: [{{name: a, resources: {{requests: {{cpu: 9E, \
         memory: 8Ei}}}}}}]}}}}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{cpu: 1n, \
         requests.memory: 0, pods: -3}}}}\n"
    );
    let setting = Setting { pools: Some([pool("p", u32::MAX, "9E", "8Ei")].into()), ..Setting::default() };
    let (quota, facts) = derived(&text, setting);
    assert_eq!(quota.demands[0].pods.surge, most);
    assert!(facts("q").peaks.iter().all(|peak| peak.share == 1_000_000));
    assert!(!facts("a").refusals.is_empty());
}

fn shares() -> impl Strategy<Value = Vec<(i64, i64, bool, i64)>> {
    prop::collection::vec((0..50i64, 0..20i64, any::<bool>(), 0..4i64), 0..12)
}

proptest! {
    #[test]
    fn sums_do_not_depend_on_order(parts in shares(), seed in 0..1000usize) {
        let all: Vec<(Demand, Quantity)> = parts.iter().enumerate().map(|(at, (peak, surge, hook, each))| {
            let mut own = pods(*peak, *surge);
            if *hook { own.phase = Phase::Hook; own.surge = 0; }
            (Demand { at, name: format!("w{}", at % 5).into(), pods: own, ..nothing() }, Quantity::from_millis(*each))
        }).collect();
        for rollouts in [Rollouts::One, Rollouts::All] {
            let share = |(demand, each): &(Demand, Quantity)| (demand.at, demand.name.clone(), demand.pods.clone(), *each);
            let owned: Vec<_> = all.iter().map(share).collect();
            let forward = sum(owned.iter().map(|(at, label, pods, each)| Share { at: *at, label: label.clone(), pods, each: *each }), rollouts);
            let mut turned = owned.clone();
            turned.rotate_left(if owned.is_empty() { 0 } else { seed % owned.len() });
            turned.reverse();
            let backward = sum(turned.iter().map(|(at, label, pods, each)| Share { at: *at, label: label.clone(), pods, each: *each }), rollouts);
            prop_assert_eq!(&forward, &backward);
            let terms = forward.terms.iter().fold(Quantity::default(), |sum, term| sum.saturating_add(term.amount()));
            prop_assert_eq!(terms, forward.rollout);
        }
    }

    #[test]
    fn amounts_in_a_common_unit_read_the_same(nanos in prop::collection::vec(0..i128::from(u64::MAX), 1..5), bits in 0..40u32) {
        let amounts: Vec<Quantity> = nanos.iter().map(|nanos| {
            Quantity::parse(&format!("{}Ki", (nanos >> bits) % 1_000_000)).unwrap()
        }).collect();
        let unit = words::Unit::of(amounts.iter().copied());
        for amount in amounts {
            prop_assert_eq!(Quantity::parse(&unit.write(amount)).unwrap(), amount);
        }
    }

    /// Both proofs against every placement there is, on clusters small enough to try them all.
    #[test]
    fn what_is_proven_is_so(nodes in prop::collection::vec((1..8i64, 1..8i64), 1..4), items in prop::collection::vec((1..8i64, 1..8i64, 1..3i64), 1..4)) {
        let pools: Vec<Pool> = nodes.iter().enumerate().map(|(at, (cpu, memory))| pool(&format!("p{at}"), 1, &cpu.to_string(), &memory.to_string())).collect();
        let demands: Vec<Demand> = items.iter().enumerate().map(|(at, (cpu, memory, count))| demand(at, &format!("d{at}"), *count, &cpu.to_string(), &memory.to_string())).collect();
        let singles: Vec<(i64, i64)> = items.iter().flat_map(|(cpu, memory, count)| (0..*count).map(move |_| (*cpu, *memory))).collect();
        let possible = placeable(&mut nodes.clone(), &singles);
        match fits(&pools, &demands).verdict {
            Verdict::Yes => prop_assert!(possible),
            Verdict::No => prop_assert!(!possible),
            Verdict::Unknown => {}
        }
    }

    /// More nodes never turn a yes into a no, and more pods never a no into a yes.
    #[test]
    fn fits_are_monotone(nodes in 1..6u32, more in 0..4u32, items in prop::collection::vec((1..8i64, 1..8i64, 1..6i64), 1..5), extra in 0..5i64) {
        let demands = |extra: i64| -> Vec<Demand> {
            items.iter().enumerate().map(|(at, (cpu, memory, count))| demand(at, &format!("d{at}"), count + extra, &cpu.to_string(), &memory.to_string())).collect()
        };
        let verdict = |nodes: u32, extra: i64| fits(&[pool("p", nodes, "8", "8")], &demands(extra)).verdict;
        let base = verdict(nodes, 0);
        if base == Verdict::Yes {
            prop_assert!(verdict(nodes + more, 0) != Verdict::No);
        }
        if base == Verdict::No {
            prop_assert!(verdict(nodes, extra) == Verdict::No);
        } else {
            prop_assert!(verdict(nodes + more, 0) != Verdict::No);
        }
    }
}

/// Whether there is any placement, by trying all of them.
fn placeable(nodes: &mut [(i64, i64)], rest: &[(i64, i64)]) -> bool {
    let Some(((cpu, memory), others)) = rest.split_first() else { return true };
    for at in 0..nodes.len() {
        let (free_cpu, free_memory) = nodes[at];
        if *cpu <= free_cpu && *memory <= free_memory {
            nodes[at] = (free_cpu - cpu, free_memory - memory);
            if placeable(nodes, others) {
                return true;
            }
            nodes[at] = (free_cpu, free_memory);
        }
    }
    false
}

#[test]
fn a_mirror_that_cannot_carry_what_it_mirrors_says_so() {
    let production = resources(ORDERS);
    let recovery = resources(&ORDERS.replace("cpu: \"3\"", "cpu: \"2\""));
    let declared = Declared::default();
    let domains = [Domain::Quota].into();
    let (of, mirror) = (Facts::derive(&production, &declared, &domains), Facts::derive(&recovery, &declared, &domains));
    let identities = |resources: &[Resource]| resources.iter().map(|resource| resource.id.to_string().into()).collect();
    let (of_names, mirror_names): (Vec<Arc<str>>, Vec<Arc<str>>) = (identities(&production), identities(&recovery));
    let sites = [
        Site {
            name: "production",
            mirrors: None,
            quota: of.quota.as_ref().unwrap(),
            resources: &production,
            identities: &of_names,
        },
        Site {
            name: "dr",
            mirrors: Some("production"),
            quota: mirror.quota.as_ref().unwrap(),
            resources: &recovery,
            identities: &mirror_names,
        },
    ];
    let gaps = capacity(&sites).recovery;
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(
        gaps[0].reason,
        "orders 10×250m + surge 3×250m + migrate 1×100m = 3350m > 2000m (shop/team requests.cpu)"
    );
    assert_eq!((gaps[0].spot.environment.as_str(), gaps[0].spot.resource.as_str()), ("dr", "/ResourceQuota/shop/team"));
}

#[test]
fn dimensions_are_told_apart() {
    for (name, expected) in [
        ("cpu", Dimension::Requests("cpu")),
        ("requests.cpu", Dimension::Requests("cpu")),
        ("limits.memory", Dimension::Limits("memory")),
        ("requests.example.com/gpu", Dimension::Requests("example.com/gpu")),
        ("hugepages-2Mi", Dimension::Requests("hugepages-2Mi")),
        ("pods", Dimension::Pods),
        ("count/deployments.apps", Dimension::Objects("deployments", "apps")),
        ("gold.storageclass.storage.k8s.io/requests.storage", Dimension::Storage(Some("gold"))),
        ("limits.example.com/gpu", Dimension::Nothing),
        ("example.com/gpu", Dimension::Nothing),
        ("request.cpu", Dimension::Nothing),
        ("count/", Dimension::Nothing),
    ] {
        assert_eq!(Dimension::of(name), expected, "{name}");
    }
}
