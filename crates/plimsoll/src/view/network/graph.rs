//! Graphs: Graphviz and Mermaid. An edge is dashed where more than ports decides.

use std::collections::BTreeMap;
use std::io;

use super::{EnvironmentView, NetworkView};

pub(super) fn dot(view: &NetworkView, out: &mut dyn io::Write) -> io::Result<()> {
    for environment in &view.environments {
        writeln!(out, "digraph {} {{", quoted(&environment.name))?;
        writeln!(out, "  rankdir=LR;\n  node [shape=box];")?;
        for connection in &environment.connections {
            let style = if connection.conditional.is_empty() { "" } else { ", style=dashed" };
            writeln!(
                out,
                "  {} -> {} [label={}{style}];",
                quoted(&connection.source),
                quoted(&connection.destination),
                quoted(&connection.ports.to_string())
            )?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

/// A string of Graphviz' language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " "))
}

pub(super) fn mermaid(view: &NetworkView, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (at, environment) in view.environments.iter().enumerate() {
        let grouped = view.environments.len() > 1;
        if grouped {
            writeln!(out, "  subgraph e{at}[\"{}\"]", escaped(&environment.name))?;
        }
        flow(environment, at, out)?;
        if grouped {
            writeln!(out, "  end")?;
        }
    }
    Ok(())
}

fn flow(environment: &EnvironmentView, number: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for connection in &environment.connections {
        for name in [&connection.source, &connection.destination] {
            let next = ids.len();
            if let std::collections::btree_map::Entry::Vacant(free) = ids.entry(name) {
                free.insert(next);
                writeln!(out, "  e{number}n{next}[\"{}\"]", escaped(name))?;
            }
        }
    }
    for connection in &environment.connections {
        let arrow = if connection.conditional.is_empty() { "-->" } else { "-.->" };
        let [from, to] = [&connection.source, &connection.destination].map(|name| ids[&**name]);
        writeln!(out, "  e{number}n{from} {arrow}|\"{}\"| e{number}n{to}", connection.ports)?;
    }
    Ok(())
}

/// Text inside the quotes of a Mermaid label.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace(['\n', '\r'], " ")
}
