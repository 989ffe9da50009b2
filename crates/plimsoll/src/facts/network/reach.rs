//! What policies admit between two ends.
//!
//! Order of tiers: cluster-wide policies of the tier Admin by ascending priority, each rule's action final but
//! for Pass; then NetworkPolicy, final where any selects the pod in that direction; then the tier Baseline; then
//! everything (network-policy-api, `ClusterNetworkPolicySpec.tier`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::{AddressRange, AddressSet, Family, pieces};
use super::exposure::{self, Exposure};
use super::fault::NetworkFault;
use super::gather::{asked, in_unknown_namespaces, policies};
use super::mesh::{self, Mesh};
use super::pod::{Peer, PeerId, Pod, Pods, pods, position};
use super::ports::ConnectionSet;
use super::rule::{Action, Direction, Options, Other, PeerRule, Peers, Policy, Rule, Tier};
use super::selection::Selections;
use crate::facts::namespace::Namespace;
use crate::facts::workload::Workload;
use crate::facts::world::{Declared, World};
use crate::manifest::Resource;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'q> {
    /// A workload of the environment.
    Peer(PeerId),
    /// A pod that is not rendered, by what is known of it.
    Pod(&'q Pod),
    /// Addresses outside the cluster.
    Addresses(AddressRange),
    /// What Ingress, Gateway and Route objects send traffic through; a source only.
    IngressController,
}

/// What is admitted between two ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Between some pod or address of the one and some of the other.
    pub ports: ConnectionSet,
    /// Between every pod and address of both; the same as `ports` unless an end is of several kinds.
    pub everywhere: ConnectionSet,
    /// Of `ports` those that hold only for requests which something beyond ports decides about.
    pub conditional: ConnectionSet,
}

/// The network of one environment: its peers, and every policy about them.
#[derive(Debug)]
pub struct Network<'a> {
    pub(super) resources: &'a [Resource],
    pub(super) options: Options,
    pub(super) pods: Pods,
    pub(super) policies: Vec<Policy>,
    /// The policies that each group has to ask, for ingress and for egress.
    pub(super) asked: [Vec<Asked>; 2],
    pub(super) mesh: Mesh,
    pub(super) exposures: Vec<Exposure>,
    /// Where what Ingress, Gateway and Route objects name runs: nothing is known of it.
    pub(super) controller: Pod,
    faults: BTreeMap<usize, Vec<NetworkFault>>,
}

/// The policies that select a pod in one direction, as positions.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) admin: Vec<u32>,
    pub(super) namespace: Vec<u32>,
    pub(super) baseline: Vec<u32>,
}

/// What one rule decided while a side was evaluated.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) policy: u32,
    pub(super) rule: usize,
    pub(super) action: Action,
    pub(super) ports: ConnectionSet,
}

impl<'a> Network<'a> {
    /// Reads all policies of an environment and finds whom they select.
    ///
    /// The cost grows with the number of distinct pods and of policies, and with how many pods each selector of
    /// a policy's own pods selects; pairs are only looked at when they are asked for.
    pub fn derive(
        resources: &'a [Resource],
        workloads: &[Workload<'_>],
        namespaces: &BTreeMap<Arc<str>, Namespace>,
        declared: &Declared,
        options: Options,
    ) -> Self {
        let world = World::new(resources, declared);
        let pods = pods(workloads, namespaces, |workload| mesh::membership(workload, namespaces));
        let mut selections = Selections::new(&pods.groups, namespaces);
        let mut faults = BTreeMap::new();
        let policies = policies(&world, &mut selections, &mut faults);
        in_unknown_namespaces(&world, workloads, namespaces, &mut faults);
        let asked = Direction::BOTH.map(|direction| asked(&policies, &pods.groups, direction, &options));
        let mesh = Mesh::read(&world, &pods.groups, &mut faults);
        let exposures = exposure::exposures(&world, &pods, namespaces);
        drop(selections);
        let controller = exposure::controller();
        Self { resources, options, pods, policies, asked, mesh, exposures, controller, faults }
    }

    /// Every workload, in order of namespace and name.
    pub fn peers(&self) -> &[Peer] {
        &self.pods.peers
    }

    /// A workload.
    pub fn peer(&self, id: PeerId) -> &Peer {
        &self.pods.peers[id.index()]
    }

    /// The peer whose pods come from a resource.
    pub fn peer_of(&self, resource: usize) -> Option<PeerId> {
        self.pods.by_resource.get(&resource).copied()
    }

    /// The pods of a peer; several where they differ for policies.
    pub fn pods_of(&self, id: PeerId) -> impl Iterator<Item = &Pod> {
        self.peer(id).groups.iter().map(|group| &self.pods.groups[*group as usize])
    }

    /// The peers that a name means: `namespace/name[Kind]`, `namespace/name`, or `name` alone.
    pub fn find(&self, name: &str) -> Vec<PeerId> {
        let (name, kind) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, kind)) => (name, Some(kind)),
            None => (name, None),
        };
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, name),
        };
        let is = |wanted: Option<&str>, actual: &str| wanted.is_none_or(|wanted| wanted == actual);
        let peers = self
            .peers()
            .iter()
            .enumerate()
            .filter(|(_, peer)| *peer.name == *name && is(namespace, &peer.namespace) && is(kind, &peer.kind));
        peers.map(|(at, _)| PeerId(position(at))).collect()
    }

    /// What is opened to the outside, and by which objects.
    pub fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    /// What is wrong with policies themselves, by the resource's position.
    pub fn faults(&self) -> &BTreeMap<usize, Vec<NetworkFault>> {
        &self.faults
    }

    /// Whether a policy isolates any of a peer's pods in a direction, of whatever tier it is.
    pub fn is_isolated(&self, id: PeerId, direction: Direction) -> bool {
        let asked = &self.asked[direction as usize];
        self.peer(id).groups.iter().any(|group| !asked[*group as usize].namespace.is_empty())
    }

    /// What is admitted from one end to the other.
    pub fn reach(&self, source: End<'_>, destination: End<'_>) -> Reach {
        let mut reach: Option<Reach> = None;
        for from in self.spots(source) {
            for to in self.spots(destination) {
                for (source, destination) in self.parts(from, to) {
                    let (ports, conditional) = self.between(source, destination);
                    reach = Some(match reach {
                        None => Reach { everywhere: ports.clone(), ports, conditional },
                        Some(before) => Reach {
                            everywhere: before.everywhere.intersection(&ports),
                            ports: before.ports.union(&ports),
                            conditional: before.conditional.union(&conditional),
                        },
                    });
                }
            }
        }
        let mut reach = reach.unwrap_or_default();
        if source == End::IngressController {
            let opened = self.opened(destination);
            reach.ports = reach.ports.intersection(&opened);
            reach.everywhere = reach.everywhere.intersection(&opened);
            reach.conditional = reach.conditional.intersection(&opened);
        }
        reach
    }

    /// What is opened of one peer.
    pub(super) fn exposures_of(&self, peer: PeerId) -> &[Exposure] {
        let first = self.exposures.partition_point(|exposure| exposure.peer < peer);
        let count = self.exposures[first..].partition_point(|exposure| exposure.peer == peer);
        &self.exposures[first..first + count]
    }

    /// The exposures of some peers with what policies admit of each: from a controller of which nothing is known,
    /// or from any address outside.
    pub fn admitted(&self, of: impl Fn(PeerId) -> bool) -> impl Iterator<Item = (&Exposure, ConnectionSet)> {
        // They are in order of peers, and of a peer the controllers' come first: each is asked for once.
        let mut asked: Option<(PeerId, bool, ConnectionSet)> = None;
        self.exposures.iter().filter(move |exposure| of(exposure.peer)).map(move |exposure| {
            let (peer, by_controller) = (exposure.peer, exposure.through.is_controller());
            let known = asked.take().filter(|(known, by, _)| (*known, *by) == (peer, by_controller));
            let (_, _, admitted) = asked.insert(known.unwrap_or_else(|| {
                let from = |end| self.reach(end, End::Peer(peer)).ports;
                let admitted = if by_controller {
                    from(End::IngressController)
                } else {
                    let outside = Family::ALL.map(|family| from(End::Addresses(AddressRange::all(family))));
                    outside[0].union(&outside[1])
                };
                (peer, by_controller, admitted)
            }));
            (exposure, admitted.intersection(&exposure.ports))
        })
    }

    /// What Ingress, Gateway and Route objects open of a destination.
    pub(super) fn opened(&self, destination: End<'_>) -> ConnectionSet {
        let End::Peer(id) = destination else { return ConnectionSet::none() };
        let through = self.exposures_of(id).iter().filter(|exposure| exposure.through.is_controller());
        through.fold(ConnectionSet::none(), |sum, exposure| sum.union(&exposure.ports))
    }

    /// The pods or addresses that an end stands for.
    pub(super) fn spots<'q>(&'q self, end: End<'q>) -> Vec<Other<'q>> {
        match end {
            End::Peer(id) => self.peer(id).groups.iter().map(|group| self.group(*group)).collect(),
            End::Pod(pod) => vec![Other::Pod(pod)],
            End::Addresses(range) => vec![Other::Addresses(range)],
            End::IngressController => vec![Other::Pod(&self.controller)],
        }
    }

    pub(super) fn group(&self, group: u32) -> Other<'_> {
        Other::Group(group, &self.pods.groups[group as usize])
    }

    /// Cuts an end of addresses where a policy of the other end treats them differently.
    pub(super) fn parts<'q>(&self, source: Other<'q>, destination: Other<'q>) -> Vec<(Other<'q>, Other<'q>)> {
        match (source, destination) {
            (Other::Addresses(range), to) => {
                let cut = self.cut(range, to, Direction::Ingress);
                cut.into_iter().map(|part| (Other::Addresses(part), to)).collect()
            }
            (from, Other::Addresses(range)) => {
                let cut = self.cut(range, from, Direction::Egress);
                cut.into_iter().map(|part| (from, Other::Addresses(part))).collect()
            }
            pair => vec![pair],
        }
    }

    fn cut(&self, range: AddressRange, subject: Other<'_>, direction: Direction) -> Vec<AddressRange> {
        let Some(pod) = subject.pod() else { return vec![range] };
        let asked = self.asked_of(subject, pod, direction);
        let whole = AddressSet::from(range);
        let mut parts = Vec::new();
        for piece in pieces(self.address_sets(&asked, direction).chain(self.mesh.address_sets())) {
            parts.extend_from_slice(whole.intersection(&AddressSet::from(piece)).ranges());
        }
        parts
    }

    /// Every set of addresses that policies mention.
    pub(super) fn address_sets<'q>(
        &'q self,
        asked: &'q Asked,
        direction: Direction,
    ) -> impl Iterator<Item = &'q AddressSet> {
        let policies = asked.admin.iter().chain(&asked.namespace).chain(&asked.baseline);
        let rules = policies.flat_map(move |at| self.policies[*at as usize].rules(direction).unwrap_or_default());
        rules
            .flat_map(|rule| match &rule.peers {
                Peers::Anyone => &[][..],
                Peers::Listed(entries) => entries,
            })
            .filter_map(|entry| match entry {
                PeerRule::Addresses(set) => Some(set),
                _ => None,
            })
    }

    /// What is admitted between two pods, or a pod and addresses that are all treated alike, and what of that
    /// depends on more than ports.
    pub(super) fn between(&self, source: Other<'_>, destination: Other<'_>) -> (ConnectionSet, ConnectionSet) {
        let mut ports = ConnectionSet::all();
        if let Some(pod) = source.pod() {
            let asked = self.asked_of(source, pod, Direction::Egress);
            ports = self.side(&asked, Direction::Egress, pod, destination, &mut |_| {});
        }
        if let Some(pod) = destination.pod() {
            if ports.is_empty() {
                return (ports, ConnectionSet::none());
            }
            let asked = self.asked_of(destination, pod, Direction::Ingress);
            ports = ports.intersection(&self.side(&asked, Direction::Ingress, pod, source, &mut |_| {}));
        }
        self.mesh.apply(ports, source, destination)
    }

    /// The policies that a pod has to ask; for one that is in no group they are looked for.
    pub(super) fn asked_of<'q>(
        &'q self,
        spot: Other<'_>,
        pod: &Pod,
        direction: Direction,
    ) -> std::borrow::Cow<'q, Asked> {
        if let Other::Group(group, _) = spot {
            return std::borrow::Cow::Borrowed(&self.asked[direction as usize][group as usize]);
        }
        let mut asked = Asked::default();
        for (at, policy) in self.policies.iter().enumerate() {
            let selects = policy.subject.as_ref().is_some_and(|subject| subject.matches(pod));
            if selects && policy.rules(direction).is_some() && !self.options.is_node(policy.tier, pod) {
                asked.of(policy.tier).push(position(at));
            }
        }
        std::borrow::Cow::Owned(asked)
    }

    /// What one side admits, telling every rule that decides.
    pub(super) fn side(
        &self,
        asked: &Asked,
        direction: Direction,
        subject: &Pod,
        other: Other<'_>,
        tell: &mut dyn FnMut(Step),
    ) -> ConnectionSet {
        if asked.admin.is_empty() && asked.namespace.is_empty() && asked.baseline.is_empty() {
            return ConnectionSet::all();
        }
        let rules = |policies| self.rules(policies, direction);
        let namespace = (!asked.namespace.is_empty()).then(|| rules(&asked.namespace));
        self.asking(direction, subject, other, tell).decided(rules(&asked.admin), namespace, rules(&asked.baseline))
    }

    /// The rules of some policies in order, each with its policy.
    pub(super) fn rules<'q>(
        &'q self,
        policies: &'q [u32],
        direction: Direction,
    ) -> impl Iterator<Item = (u32, &'q Rule)> {
        policies.iter().flat_map(move |at| {
            let rules = self.policies[*at as usize].rules(direction).unwrap_or_default();
            rules.iter().map(move |rule| (*at, rule))
        })
    }

    pub(super) fn asking<'q>(
        &'q self,
        direction: Direction,
        subject: &'q Pod,
        other: Other<'q>,
        tell: &'q mut dyn FnMut(Step),
    ) -> Asking<'q> {
        let destination = if direction == Direction::Ingress { Some(subject) } else { other.pod() };
        Asking { network: self, other, destination, tell }
    }
}

/// One side of one pair while its policies are asked.
pub(super) struct Asking<'q> {
    network: &'q Network<'q>,
    other: Other<'q>,
    destination: Option<&'q Pod>,
    tell: &'q mut dyn FnMut(Step),
}

impl Asking<'_> {
    /// What the rules of the tiers admit together; without NetworkPolicies it is the tier Baseline that is asked.
    pub(super) fn decided<'r>(
        &mut self,
        admin: impl Iterator<Item = (u32, &'r Rule)>,
        namespace: Option<impl Iterator<Item = (u32, &'r Rule)>>,
        baseline: impl Iterator<Item = (u32, &'r Rule)>,
    ) -> ConnectionSet {
        let (allowed, rest) = self.ordered(Tier::Admin, admin, ConnectionSet::all());
        if let Some(namespace) = namespace {
            return allowed.union(&self.granted(namespace, &rest));
        }
        let (baseline, rest) = self.ordered(Tier::Baseline, baseline, rest);
        allowed.union(&baseline).union(&rest)
    }

    /// Rules in order, the first that matches deciding: what is allowed, and what no rule kept from going on.
    fn ordered<'r>(
        &mut self,
        tier: Tier,
        rules: impl Iterator<Item = (u32, &'r Rule)>,
        from: ConnectionSet,
    ) -> (ConnectionSet, ConnectionSet) {
        let (mut allowed, mut passed, mut rest) = (ConnectionSet::none(), ConnectionSet::none(), from);
        for (policy, rule) in rules {
            let Some(hit) = self.hit(tier, rule, &rest) else { continue };
            rest = rest.difference(&hit);
            match rule.action {
                Action::Allow => allowed = allowed.union(&hit),
                Action::Pass => passed = passed.union(&hit),
                Action::Deny => {}
            }
            (self.tell)(Step { policy, rule: rule.at, action: rule.action, ports: hit });
        }
        (allowed, rest.union(&passed))
    }

    /// What any rule of any NetworkPolicy admits.
    fn granted<'r>(&mut self, rules: impl Iterator<Item = (u32, &'r Rule)>, of: &ConnectionSet) -> ConnectionSet {
        let mut granted = ConnectionSet::none();
        for (policy, rule) in rules {
            let Some(hit) = self.hit(Tier::Namespace, rule, of) else { continue };
            granted = granted.union(&hit);
            (self.tell)(Step { policy, rule: rule.at, action: rule.action, ports: hit });
        }
        granted
    }

    fn hit(&self, tier: Tier, rule: &Rule, of: &ConnectionSet) -> Option<ConnectionSet> {
        if !self.network.options.matches(tier, rule, self.other) {
            return None;
        }
        let hit = rule.ports.at(self.destination).intersection(of);
        (!hit.is_empty()).then_some(hit)
    }
}

impl Asked {
    pub(super) fn of(&mut self, tier: Tier) -> &mut Vec<u32> {
        match tier {
            Tier::Admin => &mut self.admin,
            Tier::Namespace => &mut self.namespace,
            Tier::Baseline => &mut self.baseline,
        }
    }
}
