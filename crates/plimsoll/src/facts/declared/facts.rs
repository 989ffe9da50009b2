//! What declarations come to for single resources, as policies see it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::blocked::{Blocked, blocked};
use super::depth::{TooNear, too_near};
use super::directory::Directory;
use super::disagreement::{Disagreement, disagreements};
use super::edges::Edges;
use super::undeclared::{Undeclared, undeclared};
use crate::facts::Derivation;
use crate::facts::network::{Connection, Network};

/// What was found about one resource when declarations were compared with each other and with the policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeclaredFacts {
    /// Where its service and another one say different things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// What its service declares and policies block.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Blocked>,
    /// What it admits and nobody declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undeclared: Vec<Undeclared>,
    /// Where its service is nearer to the internet than it declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub too_near: Vec<TooNear>,
}

/// Compares every declaration, by the position of the resource that something is found about: with each other, and
/// with what is admitted, where all policies are known.
pub(in crate::facts) fn derive(
    derivation: &Derivation<'_>,
    directory: &Directory<'_>,
    admitted: Option<(&Network<'_>, Option<&[Connection]>)>,
) -> BTreeMap<usize, DeclaredFacts> {
    let mut facts: BTreeMap<usize, DeclaredFacts> = BTreeMap::new();
    for (at, found) in disagreements(directory, derivation) {
        if let Some(resource) = carrier(derivation, directory, at) {
            facts.entry(resource).or_default().disagreements.extend(found);
        }
    }
    let Some((network, connections)) = admitted else { return facts };
    let edges = Edges::new(directory, network);
    for (at, entry) in directory.entries.iter().enumerate() {
        let found = blocked(&edges, entry);
        if let Some(resource) = carrier(derivation, directory, at).filter(|_| !found.is_empty()) {
            facts.entry(resource).or_default().blocked.extend(found);
        }
    }
    for (resource, found) in undeclared(&edges, connections) {
        facts.entry(resource).or_default().undeclared.push(found);
    }
    for (resource, found) in too_near(&edges, connections.unwrap_or_default()) {
        facts.entry(resource).or_default().too_near.push(found);
    }
    facts
}

/// The resource that findings about a service are about: its workload, else something of its name or namespace.
fn carrier(derivation: &Derivation<'_>, directory: &Directory<'_>, at: usize) -> Option<usize> {
    let entry = &directory.entries[at];
    let own = entry.workloads.iter().map(|at| derivation.workloads[*at].at);
    let own = own.filter(|at| !derivation.world.resources[*at].is_external());
    own.min().or_else(|| {
        let mut candidates = derivation
            .world
            .resources
            .iter()
            .enumerate()
            .filter(|(_, resource)| resource.namespace() == &*entry.service.namespace && !resource.is_external());
        let first = candidates.next()?;
        let named =
            std::iter::once(first).chain(candidates).find(|(_, resource)| resource.id.name == entry.service.name);
        Some(named.unwrap_or(first).0)
    })
}
