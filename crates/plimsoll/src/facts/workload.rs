//! Workloads: every resource that carries a pod template, and the containers in it.

use std::sync::Arc;

use serde::Serialize;

use super::image::ImageRef;
use super::selector::{ANY_ORDINAL, Labels, POD_NAME};
use crate::manifest::{Resource, kinds};
use crate::yaml::Node;

/// What sort of container it is; the words of `kubectl describe`, with sidecars apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerType {
    /// One of `containers`.
    Container,
    /// One of `initContainers` that runs to its end.
    Init,
    /// One of `initContainers` with `restartPolicy: Always`.
    Sidecar,
    /// One of `ephemeralContainers`.
    Ephemeral,
}

/// One container of a pod.
#[derive(Debug, Clone)]
pub struct Container<'a> {
    /// Its name; empty where it has none.
    pub name: &'a str,
    /// What sort it is.
    pub r#type: ContainerType,
    /// JSON pointer from the resource's root.
    pub pointer: String,
    /// Its specification.
    pub spec: &'a Node,
    /// Its image, or why that is no image reference; `None` where none is given.
    pub image: Option<Result<ImageRef, String>>,
}

/// A resource that carries a pod template, or is a Pod.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    /// The resource's position in the environment.
    pub at: usize,
    /// The resource.
    pub resource: &'a Resource,
    /// JSON pointer of the pod template; empty for a Pod.
    pub pointer: String,
    /// JSON pointer of the pod's specification.
    pub pod_pointer: String,
    /// The pod's labels.
    pub labels: Labels,
    /// The pod's specification.
    pub pod: &'a Node,
    /// Every container, in the order init containers and sidecars, containers, ephemeral ones.
    pub containers: Vec<Container<'a>>,
    /// Volumes whose content is an image.
    pub image_volumes: Vec<ImageVolume<'a>>,
    /// The replicas that the object itself asks for; `None` where its kind has none.
    pub replicas: Option<i64>,
}

impl<'a> Workload<'a> {
    /// Reads the workload out of a resource; `None` for a resource without a pod specification.
    pub fn of(at: usize, resource: &'a Resource) -> Option<Self> {
        let path = kinds::pod_template(&resource.id.group, &resource.id.kind)?;
        let template = resource.node().at(path)?;
        let pod = template.get("spec").filter(|spec| spec.as_map().is_some())?;
        let pointer: String = path.iter().flat_map(|key| ["/", key]).collect();
        let pod_pointer = format!("{pointer}/spec");
        Some(Self {
            at,
            resource,
            labels: labels(resource, template),
            containers: containers(pod, &pod_pointer),
            image_volumes: image_volumes(pod, &pod_pointer),
            replicas: replicas(resource),
            pod,
            pointer,
            pod_pointer,
        })
    }

    /// Whether its pods run to an end rather than serve.
    pub fn runs_to_completion(&self) -> bool {
        matches!(&*self.resource.id.kind, "Job" | "CronJob")
    }

    /// The ports its containers declare, those of init containers left out: they are gone when pods serve.
    pub fn ports(&self) -> impl Iterator<Item = ContainerPort<'a>> {
        let serving =
            self.containers.iter().enumerate().filter(|(_, container)| container.r#type != ContainerType::Init);
        serving.flat_map(|(at, container)| {
            let ports = container.spec.get("ports").map(Node::items).unwrap_or_default();
            ports.iter().map(move |port| ContainerPort {
                container: at,
                name: port.str_at(&["name"]),
                number: port.get("containerPort").and_then(Node::as_int),
                protocol: port.str_at(&["protocol"]).unwrap_or("TCP"),
            })
        })
    }
}

/// The labels that pods are given, by their template and by what makes them (Kubernetes, "Well-Known Labels").
///
fn labels(resource: &Resource, template: &Node) -> Labels {
    let written = Labels::from_node(template.at(&["metadata", "labels"]));
    let name = &resource.id.name;
    let given = match &*resource.id.kind {
        "Job" => vec![("batch.kubernetes.io/job-name", name.to_string()), ("job-name", name.to_string())],
        "StatefulSet" => vec![(POD_NAME, format!("{name}{ANY_ORDINAL}"))],
        _ => return written,
    };
    let written = written.iter().map(|(key, value)| (key, value.to_owned()));
    given.into_iter().chain(written).collect()
}

/// A port that a container declares.
#[derive(Debug, Clone, Copy)]
pub struct ContainerPort<'a> {
    /// The container's position in its workload.
    pub container: usize,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its number.
    pub number: Option<i64>,
    /// TCP where it says nothing.
    pub protocol: &'a str,
}

/// A volume whose content is an image (KEP-4639).
#[derive(Debug, Clone)]
pub struct ImageVolume<'a> {
    /// The volume's name.
    pub name: &'a str,
    /// JSON pointer from the resource's root.
    pub pointer: String,
    /// The image, or why that is no image reference.
    pub image: Result<ImageRef, String>,
}

fn image_volumes<'a>(pod: &'a Node, pod_pointer: &str) -> Vec<ImageVolume<'a>> {
    let volumes = pod.get("volumes").map(Node::items).unwrap_or_default();
    volumes
        .iter()
        .enumerate()
        .filter_map(|(at, volume)| {
            Some(ImageVolume {
                name: volume.str_at(&["name"]).unwrap_or(""),
                pointer: format!("{pod_pointer}/volumes/{at}"),
                image: image(volume.str_at(&["image", "reference"])?),
            })
        })
        .collect()
}

fn image(text: &str) -> Result<ImageRef, String> {
    ImageRef::parse(text).map_err(|fault| fault.to_string())
}

fn containers<'a>(pod: &'a Node, pod_pointer: &str) -> Vec<Container<'a>> {
    let mut containers = Vec::new();
    for (key, plain) in [
        ("initContainers", ContainerType::Init),
        ("containers", ContainerType::Container),
        ("ephemeralContainers", ContainerType::Ephemeral),
    ] {
        for (at, spec) in pod.get(key).map(Node::items).unwrap_or_default().iter().enumerate() {
            let sidecar = plain == ContainerType::Init && spec.str_at(&["restartPolicy"]) == Some("Always");
            containers.push(Container {
                name: spec.str_at(&["name"]).unwrap_or(""),
                r#type: if sidecar { ContainerType::Sidecar } else { plain },
                pointer: format!("{pod_pointer}/{key}/{at}"),
                image: spec.str_at(&["image"]).map(image),
                spec,
            });
        }
    }
    containers
}

/// `spec.replicas`, with the API's default of one for the kinds that have it.
fn replicas(resource: &Resource) -> Option<i64> {
    match &*resource.id.kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "Rollout" => {
            Some(resource.node().at(&["spec", "replicas"]).and_then(Node::as_int).unwrap_or(1))
        }
        _ => None,
    }
}

/// Every workload of an environment's resources.
pub fn workloads(resources: &[Resource]) -> Vec<Workload<'_>> {
    resources.iter().enumerate().filter_map(|(at, resource)| Workload::of(at, resource)).collect()
}

/// The image of a container as policies see it.
#[derive(Serialize)]
struct ImageView<'a> {
    text: &'a str,
    domain: &'a str,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<String>,
}

#[derive(Serialize)]
struct ContainerView<'a> {
    name: &'a str,
    r#type: ContainerType,
    pointer: &'a str,
    image: Option<ImageView<'a>>,
}

#[derive(Serialize)]
struct ImageVolumeView<'a> {
    name: &'a str,
    pointer: &'a str,
    image: Option<ImageView<'a>>,
}

#[derive(Serialize)]
struct WorkloadView<'a> {
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
    pointer: &'a str,
    pod_pointer: &'a str,
    labels: &'a Labels,
    replicas: Option<i64>,
    containers: Vec<ContainerView<'a>>,
    image_volumes: Vec<ImageVolumeView<'a>>,
}

impl Workload<'_> {
    /// What policies see as `input.workload`, without the parts the engine shares with `input.resource`.
    pub fn view(&self) -> serde_json::Value {
        let id = &self.resource.id;
        let view = WorkloadView {
            kind: &id.kind,
            name: &id.name,
            namespace: self.resource.namespace(),
            pointer: &self.pointer,
            pod_pointer: &self.pod_pointer,
            labels: &self.labels,
            replicas: self.replicas,
            containers: self.containers.iter().map(container_view).collect(),
            image_volumes: self.image_volumes.iter().map(image_volume_view).collect(),
        };
        serde_json::to_value(view).unwrap_or_default()
    }
}

fn container_view<'a>(container: &'a Container<'_>) -> ContainerView<'a> {
    let image = container.image.as_ref().and_then(|image| image.as_ref().ok()).map(image_view);
    ContainerView { name: container.name, r#type: container.r#type, pointer: &container.pointer, image }
}

fn image_volume_view<'a>(volume: &'a ImageVolume<'_>) -> ImageVolumeView<'a> {
    ImageVolumeView { name: volume.name, pointer: &volume.pointer, image: volume.image.as_ref().ok().map(image_view) }
}

fn image_view(image: &ImageRef) -> ImageView<'_> {
    ImageView {
        text: &image.text,
        domain: &image.domain,
        path: &image.path,
        tag: image.tag.as_deref(),
        digest: image.digest.as_ref().map(ToString::to_string),
    }
}

/// The name a policy and a person know an object by: `Kind/name`.
pub fn title(resource: &Resource) -> Arc<str> {
    Arc::from(format!("{}/{}", resource.id.kind, resource.id.name))
}
