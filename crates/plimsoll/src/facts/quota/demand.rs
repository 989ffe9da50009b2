//! What each workload asks of its namespace and of the nodes: its pods, and what one of them needs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::amounts::Amounts;
use super::claims::{self, Claim};
use super::limits::LimitRange;
use super::placement::Placement;
use super::pod::Pod;
use super::replicas::{self, Pods, Scaled};
use super::setting::Setting;
use super::sidecar::NamespaceWords;
use crate::facts::selector::Labels;
use crate::facts::workload::Workload;
use crate::facts::world::World;
use crate::manifest::{Resource, kinds};
use crate::yaml::Node;

/// What the scopes of a ResourceQuota look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// The pod has a deadline of its own.
    pub terminating: bool,
    /// It asks for no CPU and no memory.
    pub best_effort: bool,
    /// Its PriorityClass, the cluster's default included.
    pub priority: Option<Arc<str>>,
    /// It wants to stand near, or far from, pods of other namespaces.
    pub cross_namespace: bool,
}

/// A workload, and what it asks for.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The resource's position in the environment.
    pub at: usize,
    /// Its name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The team whose release it belongs to.
    pub team: Option<Arc<str>>,
    /// Whether it is not ours.
    pub external: bool,
    /// JSON pointer of the pod's specification.
    pub pod_pointer: String,
    /// How many pods there are.
    pub pods: Pods,
    /// One pod, with all defaults.
    pub pod: Pod,
    /// What one pod asks for.
    pub requests: Amounts,
    /// What one pod may use.
    pub limits: Amounts,
    /// What the injected sidecar asks for in each.
    pub sidecar: Option<Amounts>,
    /// The claims that come with each pod.
    pub claims: Vec<Claim>,
    /// What scopes look at.
    pub traits: Traits,
    /// Where its pods may stand.
    pub placement: Placement,
}

impl Demand {
    /// JSON pointer to what the largest container asks for of a resource, for a person to look at.
    pub fn pointer(&self, list: &str, resource: &str) -> String {
        let own = if list == "limits" { &self.pod.own.limits } else { &self.pod.own.requests };
        let written = self.pod.parts.iter().filter(|part| part.pointer.is_some());
        let amount = |share: &super::pod::Share| {
            if list == "limits" { share.limits.of(resource) } else { share.requests.of(resource) }
        };
        let largest = written.max_by_key(|part| (amount(&part.share), std::cmp::Reverse(part.name.clone())));
        let holder = match largest.and_then(|part| part.pointer.as_deref()) {
            Some(pointer) if !own.contains(resource) => pointer,
            _ => &self.pod_pointer,
        };
        format!("{holder}/resources/{list}/{}", super::escape(resource))
    }
}

/// What all demands of an environment are read with.
pub(super) struct Surroundings<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) setting: &'a Setting,
    ranges: HashMap<&'a str, Vec<LimitRange>>,
    words: HashMap<Arc<str>, NamespaceWords>,
    scaled: HashMap<(&'a str, &'a str, &'a str), Scaled>,
    default_priority: Option<Arc<str>>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(world: &'a World<'a>, setting: &'a Setting) -> Self {
        let mut ranges: HashMap<&str, Vec<LimitRange>> = HashMap::new();
        for (_, range) in world.of_kind("", "LimitRange") {
            ranges.entry(range.namespace()).or_default().push(LimitRange::read(range));
        }
        // The order among LimitRanges is nobody's promise; that of their names is at least always the same.
        for ranges in ranges.values_mut() {
            ranges.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Self {
            world,
            setting,
            ranges,
            words: namespace_words(world),
            scaled: scaled(world),
            default_priority: default_priority(world),
        }
    }

    pub(super) fn ranges(&self, namespace: &str) -> &[LimitRange] {
        self.ranges.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// What a workload asks for.
    pub(super) fn demand(&self, workload: &Workload<'_>) -> Demand {
        let id = &workload.resource.id;
        let namespace = workload.resource.namespace();
        let mut pod = Pod::of(workload);
        pod.default_by_api();
        let sidecar = self.setting.sidecar.as_ref().and_then(|sidecar| {
            let share = sidecar.of(workload, self.words.get(namespace))?;
            pod.inject(sidecar, &share);
            Some(share)
        });
        let defaults: Vec<_> = self.ranges(namespace).iter().map(|range| range.defaults.clone()).collect();
        pod.default_by_limit_ranges(&defaults);
        let placement = Placement::of(workload);
        let nodes = self.setting.pools.as_ref().map(|pools| placement.nodes(pools));
        let autoscaled = self.scaled.get(&(namespace, &*id.kind, &*id.name)).copied();
        let release = workload.resource.manifest.release.as_ref();
        Demand {
            at: workload.at,
            name: id.name.clone(),
            kind: id.kind.clone(),
            namespace: namespace.into(),
            team: release.and_then(|release| self.world.declared.teams.get(release).cloned()),
            external: workload.resource.is_external(),
            pod_pointer: workload.pod_pointer.clone(),
            pods: replicas::pods(workload, autoscaled, nodes),
            requests: pod.requests(),
            limits: pod.limits(),
            sidecar: sidecar.map(|share| {
                let mut requests = share.requests;
                requests.fill(&share.limits);
                requests
            }),
            claims: claims::of_workload(workload),
            traits: self.traits(workload, &pod),
            placement,
            pod,
        }
    }

    fn traits(&self, workload: &Workload<'_>, pod: &Pod) -> Traits {
        let written = workload.pod.str_at(&["priorityClassName"]).filter(|name| !name.is_empty());
        Traits {
            terminating: workload.pod.get("activeDeadlineSeconds").and_then(Node::as_int).is_some_and(|of| of >= 0),
            best_effort: pod.is_best_effort(),
            priority: written.map(Arc::from).or_else(|| self.default_priority.clone()),
            cross_namespace: crosses_namespaces(workload.pod),
        }
    }
}

/// Pods that something else in the environment makes are counted with it.
pub(super) fn is_made_by_another(world: &World<'_>, resource: &Resource) -> bool {
    let owners = resource.node().at(&["metadata", "ownerReferences"]).map(Node::items).unwrap_or_default();
    owners.iter().any(|owner| {
        let (kind, name) = (owner.str_at(&["kind"]), owner.str_at(&["name"]));
        let group = owner.str_at(&["apiVersion"]).map_or("", kinds::group_of);
        let (Some(kind), Some(name)) = (kind, name) else { return false };
        let found = world.in_namespace(group, kind, resource.namespace()).any(|(_, other)| &*other.id.name == name);
        // A ReplicaSet stands between a Deployment and its pods, a Job between a CronJob and its.
        found || (kind == "ReplicaSet" || kind == "Job") && made_by_unlisted(world, kind, name, resource.namespace())
    })
}

/// Whether a ReplicaSet or Job that is not listed was made by something that is: their names begin with its.
fn made_by_unlisted(world: &World<'_>, kind: &str, name: &str, namespace: &str) -> bool {
    let (group, maker) = if kind == "Job" { ("batch", "CronJob") } else { ("apps", "Deployment") };
    let Some((stem, _)) = name.rsplit_once('-') else { return false };
    world.in_namespace(group, maker, namespace).any(|(_, other)| &*other.id.name == stem)
}

/// What each namespace says about injection, by its name.
fn namespace_words(world: &World<'_>) -> HashMap<Arc<str>, NamespaceWords> {
    let declared = world.declared.namespaces.iter();
    let mut words: HashMap<Arc<str>, NamespaceWords> =
        declared.map(|(name, labels)| (name.clone(), NamespaceWords::of(labels, &Labels::default()))).collect();
    for (_, namespace) in world.of_kind("", "Namespace") {
        let list = |member| Labels::from_node(namespace.node().at(&["metadata", member]));
        words.insert(namespace.id.name.clone(), NamespaceWords::of(&list("labels"), &list("annotations")));
    }
    words
}

/// The bounds that autoscalers set, by namespace, kind and name; of several the widest.
fn scaled<'a>(world: &World<'a>) -> HashMap<(&'a str, &'a str, &'a str), Scaled> {
    let mut found: HashMap<(&str, &str, &str), Scaled> = HashMap::new();
    let mut add = |resource: &'a Resource, kind: &'a str, name: &'a str, scaled: Scaled| {
        let known = found.entry((resource.namespace(), kind, name)).or_insert(scaled);
        *known = Scaled { min: known.min.max(scaled.min), max: known.max.max(scaled.max) };
    };
    for (_, autoscaler) in world.of_kind("autoscaling", "HorizontalPodAutoscaler") {
        let Some(spec) = autoscaler.node().get("spec") else { continue };
        let count = |name| spec.get(name).and_then(Node::as_int);
        let target = |member| spec.str_at(&["scaleTargetRef", member]);
        if let (Some(kind), Some(name), Some(max)) = (target("kind"), target("name"), count("maxReplicas")) {
            add(autoscaler, kind, name, Scaled { min: count("minReplicas").unwrap_or(1), max });
        }
    }
    for (_, scaler) in world.of_kind("keda.sh", "ScaledObject") {
        if let Some((kind, name, scaled)) = replicas::event_scaled(scaler.node()) {
            add(scaler, kind, name, scaled);
        }
    }
    found
}

/// The PriorityClass that pods get which name none (`plugin/pkg/admission/priority`).
fn default_priority(world: &World<'_>) -> Option<Arc<str>> {
    let mut classes = BTreeSet::new();
    for (_, class) in world.of_kind("scheduling.k8s.io", "PriorityClass") {
        if class.node().get("globalDefault").and_then(Node::as_bool) == Some(true) {
            // The one of the lowest value, should there be several.
            classes.insert((class.node().get("value").and_then(Node::as_int), class.id.name.clone()));
        }
    }
    classes.into_iter().next().map(|(_, name)| name)
}

fn crosses_namespaces(pod: &Node) -> bool {
    let far = |term: &Node| {
        !term.get("namespaces").map(Node::items).unwrap_or_default().is_empty()
            || term.get("namespaceSelector").is_some_and(|selector| !selector.is_null())
    };
    ["podAffinity", "podAntiAffinity"].iter().filter_map(|sort| pod.at(&["affinity", sort])).any(|affinity| {
        let terms = |name: &str| affinity.get(name).map(Node::items).unwrap_or_default();
        terms("requiredDuringSchedulingIgnoredDuringExecution").iter().any(far)
            || terms("preferredDuringSchedulingIgnoredDuringExecution")
                .iter()
                .any(|term| term.get("podAffinityTerm").is_some_and(far))
    })
}
