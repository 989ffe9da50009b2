//! Where two sides of a declared connection say different things.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::directory::{Directory, Entry, is_inhabited, select};
use super::{Connection, Peer, Port};
use crate::Location;
use crate::facts::Derivation;
use crate::facts::world::State;
use crate::nearest::nearest;

/// Something a service declares that nothing answers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreement {
    /// What is wrong.
    pub problem: Problem,
    /// The service that says it.
    pub service: String,
    /// The other side, as it is named.
    pub peer: String,
    /// What it says about ports.
    pub said: String,
    /// What the other side says about them; empty where it says nothing.
    pub other: String,
    /// Whether the other side exists.
    pub state: State,
    /// The name that may have been meant.
    pub nearest: Option<String>,
    /// Where it is declared.
    pub source: Option<Location>,
}

/// How two sides disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// It calls a service that does not name it as a caller.
    NotACaller,
    /// It names a caller that does not call it.
    NotCalled,
    /// Both name each other, on different ports.
    Ports,
    /// The callee has no port of the name.
    NoSuchPort,
    /// It calls a service that is not there.
    AbsentCallee,
    /// It names a caller that is not there.
    AbsentCaller,
    /// No pods are rendered that are its own.
    NoPods,
}

/// Every disagreement, by the position of the service that says something.
pub(super) fn disagreements(
    directory: &Directory<'_>,
    derivation: &Derivation<'_>,
) -> BTreeMap<usize, Vec<Disagreement>> {
    let mut found: BTreeMap<usize, Vec<Disagreement>> = BTreeMap::new();
    for (at, entry) in directory.entries.iter().enumerate() {
        let finder = Finder { directory, derivation, at, entry };
        let mut own = finder.unanswered();
        finder.pairs(&mut own);
        if entry.workloads.is_empty() && is_inhabited(derivation, &entry.service.namespace) {
            let title = entry.service.title();
            own.push(finder.disagreement(Problem::NoPods, title, None));
        }
        own.sort();
        own.dedup();
        if !own.is_empty() {
            found.insert(at, own);
        }
    }
    found
}

struct Finder<'f, 'a> {
    directory: &'f Directory<'a>,
    derivation: &'f Derivation<'a>,
    at: usize,
    entry: &'f Entry<'a>,
}

impl Finder<'_, '_> {
    /// What names services that are not there, or ports that they do not have.
    fn unanswered(&self) -> Vec<Disagreement> {
        let mut found = Vec::new();
        let entry = self.entry;
        for (connection, absent) in entry
            .calls
            .iter()
            .map(|call| (call, Problem::AbsentCallee))
            .chain(entry.callers.iter().map(|caller| (caller, Problem::AbsentCaller)))
        {
            let Peer::Service { namespace, name, labels } = &connection.peer else { continue };
            let title = format!("{namespace}/{name}");
            let Some(other) = self.directory.find(namespace, name) else {
                if select(self.derivation, namespace, labels).is_empty() {
                    let mut disagreement = self.disagreement(absent, title, Some(connection));
                    let known = is_inhabited(self.derivation, namespace);
                    disagreement.state = if known { State::Absent } else { State::Unknown };
                    disagreement.nearest = nearest(name, self.directory.names(namespace)).map(str::to_owned);
                    found.push(disagreement);
                }
                continue;
            };
            let callee = &self.directory.entries[other];
            let is_call = absent == Problem::AbsentCallee;
            if let Port::Named(port, _) = &connection.port
                && is_call
                && !callee.workloads.is_empty()
                && self.directory.ports(entry, connection, Some(callee)).is_none()
            {
                let mut disagreement = self.disagreement(Problem::NoSuchPort, title, Some(connection));
                disagreement.said = port.to_string();
                let ports = callee.service.exposes.keys().map(|name| &**name);
                disagreement.nearest = nearest(port, ports).map(str::to_owned);
                found.push(disagreement);
            }
        }
        found
    }

    /// Compares what the service calls with what each callee says, and what it lets call with each caller.
    ///
    /// One disagreement a pair: at the call, or, where there is none, at the caller.
    fn pairs(&self, found: &mut Vec<Disagreement>) {
        let callees = self.named(&self.entry.calls);
        for other in callees {
            let callee = &self.directory.entries[other];
            let (calls, entries) = self.directory.sum(self.entry, &self.entry.calls, callee, callee);
            let (admits, answers) = self.directory.sum(callee, &callee.callers, self.entry, callee);
            let title = callee.service.title();
            if answers.is_empty() {
                found.push(self.pair(Problem::NotACaller, title, &entries, &calls.to_string(), ""));
            } else if calls != admits && !calls.is_empty() && !admits.is_empty() {
                found.push(self.pair(Problem::Ports, title, &entries, &calls.to_string(), &admits.to_string()));
            }
        }
        for other in self.named(&self.entry.callers) {
            let caller = &self.directory.entries[other];
            let (_, calls) = self.directory.sum(caller, &caller.calls, self.entry, self.entry);
            if calls.is_empty() {
                let (admits, entries) = self.directory.sum(self.entry, &self.entry.callers, caller, self.entry);
                let title = caller.service.title();
                found.push(self.pair(Problem::NotCalled, title, &entries, &admits.to_string(), ""));
            }
        }
    }

    /// The services that connections name by name. A role stands for whatever provides it, which owes no answer.
    fn named(&self, list: &[Connection]) -> BTreeSet<usize> {
        let peers = list.iter().filter_map(|connection| match &connection.peer {
            Peer::Service { namespace, name, .. } => self.directory.find(namespace, name),
            _ => None,
        });
        peers.filter(|other| *other != self.at).collect()
    }

    fn pair(&self, problem: Problem, peer: String, of: &[&Connection], said: &str, other: &str) -> Disagreement {
        let mut disagreement = self.disagreement(problem, peer, of.first().copied());
        said.clone_into(&mut disagreement.said);
        other.clone_into(&mut disagreement.other);
        disagreement
    }

    fn disagreement(&self, problem: Problem, peer: String, of: Option<&Connection>) -> Disagreement {
        Disagreement {
            problem,
            service: self.entry.service.title(),
            peer,
            said: String::new(),
            other: String::new(),
            state: State::Present,
            nearest: None,
            source: of.map_or_else(|| self.entry.service.location.clone(), |of| of.location.clone()),
        }
    }
}
