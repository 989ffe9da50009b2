//! What the objects of an environment need others to provide, and nobody is known to: classes and APIs.
//!
//! Present is what is rendered, read or named under `external.provides`. Absent is what is not among the names
//! that are given there for its sort, or whose kind is `complete`; everything else is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::workload::Workload;
use super::world::{State, World};
use crate::manifest::{Resource, ResourceId, kinds};
use crate::nearest::nearest;
use crate::yaml::Node;

/// Something that is needed and not known to be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// `StorageClass`…, or `API`.
    pub kind: &'static str,
    /// Its name; of an API, group and version.
    pub name: String,
    /// Absent or unknown.
    pub state: State,
    /// The known name most like it.
    pub nearest: Option<String>,
    /// Who needs it, in the order of the resources.
    pub uses: Vec<Use>,
}

/// A place at which a provider is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// The resource, as `group/Kind/namespace/name`.
    pub resource: String,
    /// JSON pointer of the name.
    pub path: String,
}

/// A provider by sort and name, where it is named.
type Needed<'a> = (Sort, &'a str, String);

/// A sort of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    IngressClass,
    StorageClass,
    GatewayClass,
    PriorityClass,
    RuntimeClass,
    Api,
}

impl Sort {
    fn kind(self) -> &'static str {
        match self {
            Self::IngressClass => "IngressClass",
            Self::StorageClass => "StorageClass",
            Self::GatewayClass => "GatewayClass",
            Self::PriorityClass => "PriorityClass",
            Self::RuntimeClass => "RuntimeClass",
            Self::Api => "API",
        }
    }

    fn group(self) -> &'static str {
        match self {
            Self::IngressClass => "networking.k8s.io",
            Self::StorageClass => "storage.k8s.io",
            Self::GatewayClass => "gateway.networking.k8s.io",
            Self::PriorityClass => "scheduling.k8s.io",
            Self::RuntimeClass => "node.k8s.io",
            Self::Api => "apiextensions.k8s.io",
        }
    }
}

/// Everything that the environment's own objects need and that is not known to be there.
pub(super) fn missing(world: &World<'_>, workloads: &[Workload<'_>]) -> Vec<Provider> {
    let known = Known::new(world);
    let pods: BTreeMap<usize, &Workload<'_>> = workloads.iter().map(|workload| (workload.at, workload)).collect();
    let mut missing: BTreeMap<(Sort, &str), Provider> = BTreeMap::new();
    for (at, resource) in world.resources.iter().enumerate().filter(|(_, resource)| !resource.is_external()) {
        let mut needed = needed(resource);
        needed.extend(pods.get(&at).into_iter().flat_map(|workload| needed_by_pods(workload)));
        for (sort, name, path) in needed {
            let Some((state, nearest)) = known.lacks(sort, name) else { continue };
            let provider = missing.entry((sort, name)).or_insert_with(|| Provider {
                kind: sort.kind(),
                name: name.to_owned(),
                state,
                nearest,
                uses: Vec::new(),
            });
            provider.uses.push(Use { resource: resource.id.to_string(), path });
        }
    }
    missing.into_values().collect()
}

/// What an object names itself.
fn needed(resource: &Resource) -> Vec<Needed<'_>> {
    let node = resource.node();
    let mut needed = Vec::new();
    let mut name = |sort, path: &[&str]| {
        // An empty class is none, and asks for none.
        if let Some(name) = node.str_at(path).filter(|name| !name.is_empty()) {
            needed.push((sort, name, pointer(path)));
        }
    };
    match (&*resource.id.group, &*resource.id.kind) {
        ("networking.k8s.io", "Ingress") => {
            name(Sort::IngressClass, &["spec", "ingressClassName"]);
            // Deprecated since 1.18 and still obeyed (Kubernetes documentation, "Ingress").
            name(Sort::IngressClass, &["metadata", "annotations", "kubernetes.io/ingress.class"]);
        }
        ("", "PersistentVolumeClaim") => name(Sort::StorageClass, &["spec", "storageClassName"]),
        ("gateway.networking.k8s.io", "Gateway") => name(Sort::GatewayClass, &["spec", "gatewayClassName"]),
        ("apps", "StatefulSet") => needed.extend(claims(node, &["spec", "volumeClaimTemplates"], &["spec"])),
        ("autoscaling", "HorizontalPodAutoscaler") => needed.extend(metrics(node)),
        _ => {}
    }
    if !kinds::is_served_everywhere(&resource.id.group) {
        needed.push((Sort::Api, &resource.api_version, "/apiVersion".to_owned()));
    }
    needed
}

/// What pods of a workload name.
fn needed_by_pods<'a>(workload: &Workload<'a>) -> Vec<Needed<'a>> {
    let mut needed = Vec::new();
    for (sort, key) in [(Sort::PriorityClass, "priorityClassName"), (Sort::RuntimeClass, "runtimeClassName")] {
        if let Some(name) = workload.pod.str_at(&[key]).filter(|name| !name.is_empty()) {
            needed.push((sort, name, format!("{}/{key}", workload.pod_pointer)));
        }
    }
    let ephemeral = claims(workload.pod, &["volumes"], &["ephemeral", "volumeClaimTemplate", "spec"]);
    needed.extend(ephemeral.into_iter().map(|(sort, name, path)| (sort, name, workload.pod_pointer.clone() + &path)));
    needed
}

/// The storage classes of the claims in a list.
fn claims<'a>(node: &'a Node, list: &[&str], claim: &[&str]) -> Vec<Needed<'a>> {
    let items = node.at(list).map(Node::items).unwrap_or_default().iter().enumerate();
    let class = |(at, item): (usize, &'a Node)| {
        let name = item.at(claim)?.str_at(&["storageClassName"]).filter(|name| !name.is_empty())?;
        let path = format!("{}/{at}{}/storageClassName", pointer(list), pointer(claim));
        Some((Sort::StorageClass, name, path))
    };
    items.filter_map(class).collect()
}

/// The API that each sort of metric is read from (Kubernetes documentation, "Horizontal Pod Autoscaling").
fn metrics(node: &Node) -> Vec<Needed<'_>> {
    let metrics = node.at(&["spec", "metrics"]).map(Node::items).unwrap_or_default().iter().enumerate();
    let api = |(at, metric): (usize, &Node)| {
        let api = match metric.str_at(&["type"])? {
            "Resource" | "ContainerResource" => "metrics.k8s.io",
            "Pods" | "Object" => "custom.metrics.k8s.io",
            "External" => "external.metrics.k8s.io",
            _ => return None,
        };
        Some((Sort::Api, api, format!("/spec/metrics/{at}/type")))
    };
    metrics.filter_map(api).collect()
}

fn pointer(path: &[&str]) -> String {
    path.iter().flat_map(|key| ["/".to_owned(), key.replace('~', "~0").replace('/', "~1")]).collect()
}

/// What is there.
struct Known<'a> {
    world: &'a World<'a>,
    /// Names of classes that claims are bound by, without any class of that name.
    volumes: BTreeSet<&'a str>,
    /// Groups with versions, of what is rendered, read or provided.
    apis: BTreeSet<String>,
}

impl<'a> Known<'a> {
    fn new(world: &'a World<'a>) -> Self {
        // A claim is bound to a volume of the same class name whether or not there is such a class.
        let volumes = world.of_kind("", "PersistentVolume");
        let volumes = volumes.filter_map(|(_, volume)| volume.node().str_at(&["spec", "storageClassName"])).collect();
        let mut apis = world.declared.provides.apis.clone();
        for (_, definition) in world.of_kind(Sort::Api.group(), "CustomResourceDefinition") {
            let spec = definition.node().get("spec");
            let group = spec.and_then(|spec| spec.str_at(&["group"])).unwrap_or_default();
            let versions = spec.and_then(|spec| spec.get("versions")).map(Node::items).unwrap_or_default();
            let served = versions.iter().filter(|version| version.get("served").and_then(Node::as_bool) != Some(false));
            apis.extend(served.filter_map(|version| Some(format!("{group}/{}", version.str_at(&["name"])?))));
        }
        for (_, service) in world.of_kind("apiregistration.k8s.io", "APIService") {
            let part = |key| service.node().str_at(&["spec", key]);
            apis.extend(part("group").zip(part("version")).map(|(group, version)| format!("{group}/{version}")));
        }
        Self { world, volumes, apis }
    }

    /// Whether something is not known to be there, and what is that has nearly its name.
    fn lacks(&self, sort: Sort, name: &str) -> Option<(State, Option<String>)> {
        if sort == Sort::Api {
            return self.lacks_api(name);
        }
        let id =
            ResourceId { group: sort.group().into(), kind: sort.kind().into(), namespace: None, name: Arc::from(name) };
        let provided = self.provided(sort);
        if provided.contains(name) || (sort == Sort::StorageClass && self.volumes.contains(name)) {
            return None;
        }
        let state = match self.world.state(&id) {
            State::Present | State::Builtin => return None,
            State::Unknown if self.world.is_whole() && !provided.is_empty() => State::Absent,
            state => state,
        };
        let rendered = self.world.of_kind(sort.group(), sort.kind()).map(|(_, class)| &*class.id.name);
        Some((state, nearest(name, rendered.chain(provided.iter().map(String::as_str))).map(str::to_owned)))
    }

    /// An API by group and version, or by group alone.
    fn lacks_api(&self, name: &str) -> Option<(State, Option<String>)> {
        let of_group = |group: &str| {
            let mut apis = self.apis.iter();
            apis.find(|api| api.split_once('/').is_some_and(|(other, _)| other == group)).cloned()
        };
        let other_version = match name.split_once('/') {
            Some(_) if self.apis.contains(name) => return None,
            Some((group, _)) => of_group(group),
            None if of_group(name).is_some() => return None,
            None => None,
        };
        let closed = (self.world.is_whole() && !self.world.declared.provides.apis.is_empty())
            || self.world.declared.is_complete("CustomResourceDefinition");
        let near = other_version.or_else(|| nearest(name, self.apis.iter().map(String::as_str)).map(str::to_owned));
        Some((if closed { State::Absent } else { State::Unknown }, near))
    }

    fn provided(&self, sort: Sort) -> &'a BTreeSet<String> {
        let provides = &self.world.declared.provides;
        match sort {
            Sort::IngressClass => &provides.ingress_classes,
            Sort::StorageClass => &provides.storage_classes,
            Sort::GatewayClass => &provides.gateway_classes,
            Sort::PriorityClass => &provides.priority_classes,
            Sort::RuntimeClass => &provides.runtime_classes,
            Sort::Api => &provides.apis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tests::resources;
    use crate::facts::workload::workloads;
    use crate::facts::world::Declared;
    use crate::workspace::Provides;

    fn missing_from(text: &str, provides: Provides) -> Vec<String> {
        let resources = resources(text, None);
        let declared = Declared { provides, ..Declared::default() };
        let workloads = workloads(&resources);
        let missing = missing(&World::new(&resources, &declared), &workloads);
        let shown = |provider: &Provider| {
            format!("{} {} {:?} {}", provider.kind, provider.name, provider.state, provider.uses.len())
        };
        missing.iter().map(shown).collect()
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn absent_only_where_the_sort_is_declared() {
        let claim =
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {storageClassName: fast}\n---\n";
        let claims = claim.to_owned() + &claim.replace("name: a", "name: b");
        let storage = |names: &[&str]| Provides { storage_classes: set(names), ..Provides::default() };
        assert_eq!(missing_from(&claims, Provides::default()), ["StorageClass fast Unknown 2"]);
        assert_eq!(missing_from(&claims, storage(&["slow"])), ["StorageClass fast Absent 2"]);
        assert_eq!(missing_from(&claims, storage(&["fast"])), [""; 0]);
        let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\n";
        assert_eq!(missing_from(&(claims + class), storage(&["slow"])), [""; 0]);
        assert_eq!(missing_from(&claim.replace("fast", "\"\""), storage(&["slow"])), [""; 0]);
    }

    #[test]
    fn an_api_is_there_by_definition_or_by_declaration() {
        let object = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n---\n";
        let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n\
                          spec: {group: example.com, names: {kind: Thing}, versions: [{name: VERSION, served: SERVED}]}\n";
        let defined = |version: &str, served: &str| {
            let text = object.to_owned() + &definition.replace("VERSION", version).replace("SERVED", served);
            missing_from(&text, Provides::default())
        };
        assert_eq!(missing_from(object, Provides::default()), ["API example.com/v1 Unknown 1"]);
        assert_eq!(defined("v1", "true"), [""; 0]);
        assert_eq!(defined("v1", "false"), ["API example.com/v1 Unknown 1"]);
        assert_eq!(defined("v2", "true"), ["API example.com/v1 Unknown 1"]);
        let apis = |names: &[&str]| Provides { apis: set(names), ..Provides::default() };
        assert_eq!(missing_from(object, apis(&["example.com/v1"])), [""; 0]);
        assert_eq!(missing_from(object, apis(&["example.com/v1beta1"])), ["API example.com/v1 Absent 1"]);
        let built_in = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";
        assert_eq!(missing_from(built_in, apis(&["example.com/v1"])), [""; 0]);
    }

    #[test]
    fn metrics_are_read_from_apis() {
        let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {metrics: [{type: Resource}, \
                      {type: Pods}, {type: External}, {type: Odd}, 3]}\n";
        let apis = |names: &[&str]| Provides { apis: set(names), ..Provides::default() };
        let missing = missing_from(scaler, apis(&["metrics.k8s.io/v1beta1", "external.metrics.k8s.io/v1beta1"]));
        assert_eq!(missing, ["API custom.metrics.k8s.io Absent 1"]);
    }
}
