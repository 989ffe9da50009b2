//! Pods as network policies see them, and the workloads they belong to.
//!
//! Owns what distinguishes pods for policies: pods that no policy can tell apart are one group, so that cost
//! grows with distinct groups. What selects them is [`selection`](super::selection)'s.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::mesh::Membership;
use super::ports::{ConnectionSet, Protocol};
use crate::facts::namespace::Namespace;
use crate::facts::selector::Labels;
use crate::facts::workload::Workload;
use crate::yaml::Node;

/// A pod as policies see it; also one that is not rendered, described by what is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The labels of its namespace.
    pub namespace_labels: Arc<Labels>,
    /// Its labels.
    pub labels: Labels,
    /// The ports that its containers name.
    pub named_ports: Vec<NamedPort>,
    /// Whether it shares its node's network, and so has its node's address.
    pub host_network: bool,
    /// Whether a mesh carries its traffic.
    pub mesh: Membership,
    /// Its service account, where a mesh tells pods apart by it.
    pub service_account: Arc<str>,
}

/// A port that a container gives a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedPort {
    /// The name.
    pub name: Arc<str>,
    /// The protocol.
    pub protocol: Protocol,
    /// The number.
    pub number: u16,
}

impl Pod {
    /// What a port's name means for this pod: name and protocol must both be those of a container's port.
    pub fn named(&self, name: &str, protocol: Option<Protocol>) -> ConnectionSet {
        let ports = self.named_ports.iter().filter(|port| &*port.name == name);
        let ports = ports.filter(|port| protocol.is_none_or(|protocol| port.protocol == protocol));
        ports.fold(ConnectionSet::none(), |set, port| set.union(&ConnectionSet::port(port.protocol, port.number)))
    }
}

/// A workload that connects or is connected to: what owns the pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The owner's name.
    pub name: Arc<str>,
    /// The owner's kind.
    pub kind: Arc<str>,
    /// The resources its pods come from, as positions; several only where single pods have one owner.
    pub resources: Vec<usize>,
    /// The groups its pods are in; several only where pods of one owner differ.
    pub(super) groups: Vec<u32>,
}

/// `namespace/name[Kind]`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}[{}]", self.namespace, self.name, self.kind)
    }
}

/// A peer, as a position in [`Network::peers`](super::Network::peers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub(super) u32);

impl PeerId {
    /// Its position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every peer in order of name, every group of pods, and which peers have pods in a group.
#[derive(Debug, Default)]
pub(super) struct Pods {
    pub(super) peers: Vec<Peer>,
    pub(super) groups: Vec<Pod>,
    /// The peers of each group.
    pub(super) members: Vec<Vec<u32>>,
    /// The peer of each resource that has pods.
    pub(super) by_resource: HashMap<usize, PeerId>,
}

/// What two pods of one group have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    namespace: Arc<str>,
    labels: Vec<(Arc<str>, Arc<str>)>,
    ports: Vec<NamedPort>,
    host_network: bool,
    mesh: Membership,
    service_account: Arc<str>,
}

/// Namespace, name and kind of what owns pods.
type Owner = (Arc<str>, Arc<str>, Arc<str>);

/// Gathers the pods of an environment's workloads.
pub(super) fn pods(
    workloads: &[Workload<'_>],
    namespaces: &BTreeMap<Arc<str>, Namespace>,
    mesh: impl Fn(&Workload<'_>) -> Membership,
) -> Pods {
    let labels: HashMap<&str, Arc<Labels>> =
        namespaces.iter().map(|(name, namespace)| (&**name, Arc::new(namespace.labels.clone()))).collect();
    let mut owners: BTreeMap<Owner, (Vec<usize>, Vec<u32>)> = BTreeMap::new();
    let mut known: HashMap<Key, u32> = HashMap::new();
    let mut groups: Vec<Pod> = Vec::new();
    for workload in workloads.iter().filter(|workload| has_pods(workload)) {
        let (name, kind) = owner(workload);
        let pod = pod(workload, &labels, mesh(workload));
        let group = *known.entry(key(&pod)).or_insert_with(|| {
            groups.push(pod);
            position(groups.len() - 1)
        });
        let namespace = workload.resource.id.namespace.clone().unwrap_or_default();
        let (resources, of_owner) = owners.entry((namespace, name, kind)).or_default();
        resources.push(workload.at);
        if !of_owner.contains(&group) {
            of_owner.push(group);
        }
    }
    let mut pods = Pods { members: vec![Vec::new(); groups.len()], groups, ..Pods::default() };
    for ((namespace, name, kind), (resources, groups)) in owners {
        let peer = position(pods.peers.len());
        pods.by_resource.extend(resources.iter().map(|at| (*at, PeerId(peer))));
        for group in &groups {
            pods.members[*group as usize].push(peer);
        }
        pods.peers.push(Peer { namespace, name, kind, resources, groups });
    }
    pods
}

/// Positions of groups, peers and policies fit: each takes more than a byte of a manifest, which is bounded.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A PodTemplate is only a form: nothing runs because of it.
fn has_pods(workload: &Workload<'_>) -> bool {
    &*workload.resource.id.kind != "PodTemplate"
}

/// Name and kind of what owns a workload's pods: the controller of a single pod, else the workload itself.
///
/// A controller without a kind leaves the pod's own.
fn owner(workload: &Workload<'_>) -> (Arc<str>, Arc<str>) {
    let id = &workload.resource.id;
    let owners = match &*id.kind {
        "Pod" => workload.resource.node().at(&["metadata", "ownerReferences"]).map(Node::items).unwrap_or_default(),
        _ => &[],
    };
    let controls = |owner: &&Node| owner.get("controller").and_then(Node::as_bool) == Some(true);
    // Other owners only have it collected with them (`metav1.GetControllerOf`).
    let controller = owners.iter().find(controls);
    let named = controller.and_then(|owner| Some((owner.str_at(&["name"])?, owner.str_at(&["kind"]))));
    match named {
        Some((name, kind)) => (name.into(), kind.map_or_else(|| id.kind.clone(), Arc::from)),
        None => (id.name.clone(), id.kind.clone()),
    }
}

fn pod(workload: &Workload<'_>, namespaces: &HashMap<&str, Arc<Labels>>, mesh: Membership) -> Pod {
    let mut named_ports: Vec<NamedPort> = workload
        .ports()
        .filter_map(|port| {
            Some(NamedPort {
                name: port.name?.into(),
                protocol: Protocol::from_name(port.protocol)?,
                number: u16::try_from(port.number?).ok().filter(|number| *number > 0)?,
            })
        })
        .collect();
    named_ports.sort_unstable();
    named_ports.dedup();
    let account = || workload.pod.str_at(&["serviceAccountName"]).unwrap_or("default");
    Pod {
        namespace: workload.resource.id.namespace.clone().unwrap_or_default(),
        namespace_labels: namespaces.get(workload.resource.namespace()).cloned().unwrap_or_default(),
        labels: workload.labels.clone(),
        named_ports,
        host_network: workload.pod.get("hostNetwork").and_then(Node::as_bool) == Some(true),
        mesh,
        service_account: if mesh == Membership::Outside { Arc::default() } else { account().into() },
    }
}

fn key(pod: &Pod) -> Key {
    Key {
        namespace: pod.namespace.clone(),
        labels: pod.labels.iter().map(|(key, value)| (key.into(), value.into())).collect(),
        ports: pod.named_ports.clone(),
        host_network: pod.host_network,
        mesh: pod.mesh,
        service_account: pod.service_account.clone(),
    }
}
