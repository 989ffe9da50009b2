//! Who reaches whom, environment by environment: everything, what one end reaches, or why one pair can.
//!
//! Owns how ends are named by people and what is told of each environment; `text` and `shape` write it.
//! What is admitted is [`facts::network`](crate::facts::network)'s.

mod ends;
mod shape;
mod text;

use std::io;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use crate::facts::namespace::namespaces;
use crate::facts::network::{self, ConnectionSet, Direction, Effect, End, Endpoint, Filter, LIMIT, Network, Through};
use crate::facts::workload::workloads;
use crate::nearest::nearest;
use crate::rendered::places::{Place, Places};
use crate::rendered::{Environment, Rendered};
use crate::view::{Drawing, Format, View};
use crate::{Error, ErrorKind, Location, Result};
use ends::{Ends, resolve};

/// What is wanted: everything where neither end is given, an explanation where both are.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A workload, `{ingress-controller}`, or addresses: only connections from it.
    pub from: Option<String>,
    /// The same, for the other end.
    pub to: Option<String>,
    /// How ambiguous cases are taken.
    pub options: network::Options,
}

/// The network of every environment, as far as it was asked for.
#[derive(Debug, Clone)]
pub struct NetworkView {
    /// The environments, in the workspace's order.
    pub environments: Vec<EnvironmentView>,
    /// Whether one end or both were asked for.
    pub partial: bool,
}

/// The network of one environment.
#[derive(Debug, Clone)]
pub struct EnvironmentView {
    /// Its name.
    pub name: Arc<str>,
    /// Who reaches whom, in order.
    pub connections: Vec<ConnectionView>,
    /// What objects open to the outside.
    pub exposed: Vec<ExposedView>,
    /// Why a pair can exchange what it can; where both ends were asked for.
    pub explanation: Option<ExplanationView>,
    /// What cannot be decided, and how it was taken.
    pub notes: Vec<String>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// Where it comes from: `namespace/name[Kind]`, a range of addresses, or `{ingress-controller}`.
    pub source: Arc<str>,
    /// Where it goes to.
    pub destination: Arc<str>,
    /// What is admitted.
    pub ports: ConnectionSet,
    /// Of that, what depends on more than ports.
    #[serde(skip_serializing_if = "ConnectionSet::is_empty")]
    pub conditional: ConnectionSet,
}

/// Ports of a workload that an object opens to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExposedView {
    /// The workload.
    pub destination: Arc<str>,
    /// The object: `Ingress shop/web`.
    pub by: String,
    /// How it opens them.
    pub through: Through,
    /// The Service it goes through; itself, where a Service does it.
    pub service: Arc<str>,
    /// The ports that are opened.
    pub ports: ConnectionSet,
    /// Of those what policies admit: from a controller that is not named, or from any address outside.
    pub admitted: ConnectionSet,
}

/// Why a pair can exchange what it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplanationView {
    /// Where it comes from.
    pub source: Arc<str>,
    /// Where it goes to.
    pub destination: Arc<str>,
    /// What is admitted.
    pub ports: ConnectionSet,
    /// The reasons, those of the source's side first.
    pub because: Vec<BecauseView>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BecauseView {
    /// `egress` is the source's side, `ingress` the destination's.
    pub side: Direction,
    /// What it does.
    pub effect: Effect,
    /// One sentence.
    pub words: String,
    /// JSON pointer of the rule in its object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The place in the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Derives the network of every environment and picks what is wanted.
///
/// Fails where an end names nothing in any environment, where a pair is not one, and where there are more
/// connections than anybody can read.
pub fn network(rendered: &Rendered, wanted: &Wanted) -> Result<NetworkView> {
    let environments = rendered.environments();
    let networks: Vec<Network<'_>> = environments.par_iter().map(|one| derive(one, &wanted.options)).collect();
    let from = wanted.from.as_deref().map(|name| resolve(name, &networks)).transpose()?;
    let to = wanted.to.as_deref().map(|name| resolve(name, &networks)).transpose()?;
    let mut places = Places::new(environments);
    let mut views = Vec::new();
    for (at, (environment, network)) in environments.iter().zip(&networks).enumerate() {
        let (from, to) = (from.as_ref().map(|ends| &ends[at]), to.as_ref().map(|ends| &ends[at]));
        let mut view = listed(environment, network, from, to)?;
        if let (Some(from), Some(to)) = (from, to) {
            view.explanation = explained(network, from, to, &mut places, at)?;
        }
        views.push(view);
    }
    Ok(NetworkView { environments: views, partial: wanted.from.is_some() || wanted.to.is_some() })
}

fn derive<'e>(environment: &'e Environment, options: &network::Options) -> Network<'e> {
    let workloads = workloads(&environment.resources);
    let namespaces = namespaces(&environment.resources, &environment.declared);
    Network::derive(&environment.resources, &workloads, &namespaces, &environment.declared, options.clone())
}

fn listed(
    environment: &Environment,
    network: &Network<'_>,
    from: Option<&Ends>,
    to: Option<&Ends>,
) -> Result<EnvironmentView> {
    let points = |ends: Option<&Ends>| ends.map(|ends| ends.points.clone());
    let filter = Filter { from: points(from), to: points(to), ..Filter::default() };
    let connections = network.connections(&filter).map_err(|_| {
        let message = format!("`{}` has more than {LIMIT} connections", environment.name());
        Error::new(ErrorKind::Limit, message)
            .with_help("ask for those of one workload with `--from` or `--to`, or isolate pods with a NetworkPolicy")
    })?;
    let names: Vec<Arc<str>> = network.peers().iter().map(|peer| Arc::from(peer.to_string())).collect();
    let name = |end: Endpoint| match end {
        Endpoint::Peer(peer) => names[peer.index()].clone(),
        end => network.name(end).into(),
    };
    let connections = connections
        .into_iter()
        .map(|one| ConnectionView {
            source: name(one.source),
            destination: name(one.destination),
            ports: one.ports,
            conditional: one.conditional,
        })
        .collect();
    let is_wanted = |peer| from.is_none() && to.is_none_or(|ends| ends.points.contains(&Endpoint::Peer(peer)));
    let exposed = network.admitted(is_wanted).map(|(one, admitted)| {
        let [by, service] = [one.resource, one.service].map(|at| &environment.resources[at].id);
        ExposedView {
            destination: names[one.peer.index()].clone(),
            by: format!("{} {}/{}", by.kind, by.namespace.as_deref().unwrap_or(""), by.name),
            through: one.through,
            service: service.name.clone(),
            admitted,
            ports: one.ports.clone(),
        }
    });
    Ok(EnvironmentView {
        name: environment.name().into(),
        connections,
        exposed: exposed.collect(),
        explanation: None,
        notes: network.notes(),
    })
}

fn explained(
    network: &Network<'_>,
    from: &Ends,
    to: &Ends,
    places: &mut Places<'_>,
    environment: usize,
) -> Result<Option<ExplanationView>> {
    let (Some(source), Some(destination)) = (from.one(network)?, to.one(network)?) else { return Ok(None) };
    let explanation = network.explain(end(source), end(destination));
    let because = explanation.because.into_iter().map(|one| BecauseView {
        side: one.side,
        effect: one.effect,
        words: one.words,
        location: one.resource.map(|resource| places.location(Place { environment, resource }, &one.pointer)),
        pointer: one.pointer,
    });
    Ok(Some(ExplanationView {
        source: network.name(source).into(),
        destination: network.name(destination).into(),
        ports: explanation.reach.ports,
        because: because.collect(),
    }))
}

fn end<'q>(point: Endpoint) -> End<'q> {
    match point {
        Endpoint::Peer(peer) => End::Peer(peer),
        Endpoint::Addresses(range) => End::Addresses(range),
        Endpoint::IngressController => End::IngressController,
    }
}

/// An edge is dashed where more than ports decides.
impl View for NetworkView {
    const FORMATS: &'static [Format] = &[Format::Text, Format::Json, Format::Dot, Format::Mermaid];

    fn text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        text::write(self, out)
    }

    fn drawings(&self) -> Vec<Drawing> {
        let drawn = |environment: &EnvironmentView| {
            let mut drawing = Drawing::new(environment.name.clone());
            for one in &environment.connections {
                drawing.link(&one.source, &one.destination, one.ports.to_string(), !one.conditional.is_empty());
            }
            drawing
        };
        self.environments.iter().map(drawn).collect()
    }
}
