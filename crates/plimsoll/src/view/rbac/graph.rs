//! The ways to cluster-admin, or the grants that were asked about, as a graph to be drawn.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Answer, Step, View};
use crate::facts::rbac::witness::words_of;

/// What is drawn of one environment, each once and in the order in which it is met.
#[derive(Default)]
struct Drawing {
    nodes: Vec<String>,
    by_name: BTreeMap<String, usize>,
    edges: Vec<(usize, usize, String)>,
}

impl Drawing {
    fn of(answer: &Answer) -> Self {
        let mut drawing = Self::default();
        for somebody in answer.subjects.iter().flatten() {
            drawing.way(&somebody.subject, &somebody.admin);
        }
        if let Some(person) = &answer.subject {
            drawing.way(&person.subject, &person.admin);
        }
        for allowed in answer.can.iter().flat_map(|can| &can.allowed) {
            let question = answer.can.as_ref().map(|can| can.question.clone()).unwrap_or_default();
            let role = allowed.used.role.clone();
            drawing.link(&words_of(&allowed.subject), &role, allowed.used.binding.as_deref().unwrap_or_default());
            drawing.link(&role, &question, &allowed.used.rule);
        }
        drawing
    }

    fn way(&mut self, subject: &str, steps: &[Step]) {
        let mut from = words_of(subject);
        for (at, step) in steps.iter().enumerate() {
            // Who only gets more stays who it is: then what it gets is the node.
            let next = steps.get(at + 1).filter(|next| next.actor != step.actor);
            let to = next.map_or_else(|| step.yields.clone(), |next| words_of(&next.actor));
            let by: Vec<String> = step
                .grants
                .iter()
                .map(|used| format!("{} {}", used.binding.as_deref().unwrap_or(&used.role), used.rule))
                .collect();
            self.link(&from, &to, &format!("{} by {}", step.action, by.join(", ")));
            from = to;
        }
    }

    fn node(&mut self, name: &str) -> usize {
        let next = self.nodes.len();
        let node = *self.by_name.entry(name.to_owned()).or_insert(next);
        if node == next {
            self.nodes.push(name.to_owned());
        }
        node
    }

    fn link(&mut self, from: &str, to: &str, label: &str) {
        let edge = (self.node(from), self.node(to), label.to_owned());
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }
}

pub(super) fn dot(view: &View, out: &mut dyn Write) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph rbac {{\n  rankdir=LR\n  node [shape=box]")?;
    for (at, (name, answer)) in view.environments.iter().enumerate() {
        let drawing = Drawing::of(answer);
        writeln!(out, "  subgraph cluster_{at} {{\n    label={}", quoted(name))?;
        for (node, name) in drawing.nodes.iter().enumerate() {
            writeln!(out, "    e{at}n{node} [label={}]", quoted(name))?;
        }
        for (from, to, label) in &drawing.edges {
            writeln!(out, "    e{at}n{from} -> e{at}n{to} [label={}]", quoted(label))?;
        }
        writeln!(out, "  }}")?;
    }
    writeln!(out, "}}")
}

pub(super) fn mermaid(view: &View, out: &mut dyn Write) -> io::Result<()> {
    // Mermaid knows no escapes but entities.
    let quoted = |text: &str| format!("\"{}\"", text.replace('#', "#35;").replace('"', "#quot;").replace('`', "'"));
    writeln!(out, "flowchart LR")?;
    for (at, (name, answer)) in view.environments.iter().enumerate() {
        let drawing = Drawing::of(answer);
        writeln!(out, "  subgraph e{at} [{}]", quoted(name))?;
        for (node, name) in drawing.nodes.iter().enumerate() {
            writeln!(out, "    e{at}n{node}[{}]", quoted(name))?;
        }
        for (from, to, label) in &drawing.edges {
            writeln!(out, "    e{at}n{from} -->|{}| e{at}n{to}", quoted(label))?;
        }
        writeln!(out, "  end")?;
    }
    Ok(())
}
