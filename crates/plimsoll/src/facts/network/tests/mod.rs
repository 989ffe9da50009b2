//! Every clause of the semantics by an example, and laws by chance.

mod admin;
mod exposure;
mod faults;
mod laws;
mod mesh;
mod peers;
mod policies;
mod witness;

use std::fmt::Write as _;
use std::sync::Arc;

use super::{AddressRange, End, Filter, Network, Options};
use crate::facts::namespace::namespaces;
use crate::facts::selector::Labels;
use crate::facts::workload::workloads;
use crate::facts::world::Declared;
use crate::manifest::{Manifest, Resource, parse};

fn resources(text: &str) -> Vec<Resource> {
    let manifest = Manifest {
        text: text.into(),
        file: "all.yaml".into(),
        namespace: Some("default".into()),
        ..Manifest::default()
    };
    let parsed = parse(&[Arc::new(manifest)]).remove(0);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.resources
}

/// Asks the network of some manifests.
fn with<R>(text: &str, options: Options, ask: impl FnOnce(&Network<'_>) -> R) -> R {
    let resources = resources(text);
    let labels: Labels = [("zone", "dmz")].into_iter().collect();
    let declared = Declared { namespaces: [("edge".into(), labels)].into(), ..Declared::default() };
    let (workloads, namespaces) = (workloads(&resources), namespaces(&resources, &declared));
    ask(&Network::derive(&resources, &workloads, &namespaces, &declared, options))
}

fn end<'n>(network: &Network<'_>, name: &str) -> End<'n> {
    if name == "{ingress-controller}" {
        return End::IngressController;
    }
    if let Ok(range) = AddressRange::parse(name) {
        return End::Addresses(range);
    }
    let [peer] = network.find(name)[..] else { panic!("`{name}` is not one peer") };
    End::Peer(peer)
}

/// What one end reaches of another.
fn reach(text: &str, from: &str, to: &str) -> String {
    reach_with(text, Options::default(), from, to)
}

fn reach_with(text: &str, options: Options, from: &str, to: &str) -> String {
    with(text, options, |network| {
        let reach = network.reach(end(network, from), end(network, to));
        let conditional =
            if reach.conditional.is_empty() { String::new() } else { format!(" ? {}", reach.conditional) };
        format!("{}{conditional}", reach.ports)
    })
}

/// Every connection, one a line.
fn listing(text: &str) -> Vec<String> {
    with(text, Options::default(), |network| {
        let connections = network.connections(&Filter::default()).unwrap();
        let line = |one: &super::Connection| {
            format!("{} => {} : {}", network.name(one.source), network.name(one.destination), one.ports)
        };
        connections.iter().map(line).collect()
    })
}

/// Pods: `namespace/name` with the label `app` of the name, and the ports `name:number` of its container.
fn pods(names: &[(&str, &[&str])]) -> String {
    let mut text = String::new();
    for (name, ports) in names {
        let (namespace, name) = name.split_once('/').unwrap();
        let ports: Vec<String> = ports
            .iter()
            .map(|port| {
                let mut parts = port.split(':');
                let (name, number) = (parts.next().unwrap(), parts.next().unwrap());
                format!("{{name: {name}, containerPort: {number}, protocol: {}}}", parts.next().unwrap_or("TCP"))
            })
            .collect();
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}\n\
             spec: {{containers: [{{name: main, image: x, ports: [{}]}}]}}\n",
            ports.join(", ")
        );
    }
    text
}

/// A NetworkPolicy of a namespace with that specification.
fn policy(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

/// A cluster-wide policy of a kind with that specification.
fn cluster(kind: &str, name: &str, spec: &str) -> String {
    let version = if kind == "ClusterNetworkPolicy" { "v1alpha2" } else { "v1alpha1" };
    format!(
        "---\napiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )
}
