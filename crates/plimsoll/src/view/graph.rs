//! Graphs in the languages of Graphviz and of Mermaid.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use crate::printable::spelled;

/// What is drawn of one environment.
#[derive(Debug, Clone)]
pub struct Drawing {
    name: Arc<str>,
    /// Each once, in the order in which they are met.
    nodes: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, usize>,
    edges: BTreeSet<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: usize,
    to: usize,
    label: String,
    dashed: bool,
}

impl Drawing {
    /// An empty drawing of an environment.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), nodes: Vec::new(), numbers: HashMap::new(), edges: BTreeSet::new() }
    }

    /// Draws an edge; one that is there already stays one.
    pub fn link(&mut self, from: &str, to: &str, label: impl Into<String>, dashed: bool) {
        let edge = Edge { from: self.node(from), to: self.node(to), label: label.into(), dashed };
        self.edges.insert(edge);
    }

    fn node(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (number, name) = (self.nodes.len(), Arc::<str>::from(name));
        self.nodes.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

/// One graph for each drawing.
pub(super) fn dot(drawings: &[Drawing], out: &mut dyn io::Write) -> io::Result<()> {
    // A string of Graphviz' language.
    let quoted = |text: &str| {
        let text = spelled(text).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{text}\"")
    };
    for drawing in drawings {
        writeln!(out, "digraph {} {{", quoted(&drawing.name))?;
        writeln!(out, "  rankdir=LR;")?;
        writeln!(out, "  node [shape=box];")?;
        for Edge { from, to, label, dashed } in &drawing.edges {
            let [from, to] = [from, to].map(|node| quoted(&drawing.nodes[*node]));
            let style = if *dashed { ", style=dashed" } else { "" };
            writeln!(out, "  {from} -> {to} [label={}{style}];", quoted(label))?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

/// One flow chart, with a box for each drawing where there are several.
pub(super) fn mermaid(drawings: &[Drawing], out: &mut dyn io::Write) -> io::Result<()> {
    // Mermaid knows no escapes but entities, and takes backticks for Markdown.
    let quoted = |text: &str| {
        let text = spelled(text).replace('#', "#35;").replace('"', "#quot;").replace('`', "'");
        format!("\"{text}\"")
    };
    writeln!(out, "flowchart LR")?;
    for (at, drawing) in drawings.iter().enumerate() {
        if drawings.len() > 1 {
            writeln!(out, "  subgraph e{at}[{}]", quoted(&drawing.name))?;
        }
        for (node, name) in drawing.nodes.iter().enumerate() {
            writeln!(out, "  e{at}n{node}[{}]", quoted(name))?;
        }
        for Edge { from, to, label, dashed } in &drawing.edges {
            let arrow = if *dashed { "-.->" } else { "-->" };
            writeln!(out, "  e{at}n{from} {arrow}|{}| e{at}n{to}", quoted(label))?;
        }
        if drawings.len() > 1 {
            writeln!(out, "  end")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Drawing, dot, mermaid};

    fn written(write: impl Fn(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_names_hold_ends_no_string() {
        let mut drawing = Drawing::new("a \"b\"");
        drawing.link("x\\", "y\n#1", "`TCP`", true);
        drawing.link("x\\", "y\n#1", "`TCP`", true);
        let drawings = [drawing];
        assert_eq!(
            written(|out| dot(&drawings, out)),
            "digraph \"a \\\"b\\\"\" {\n  rankdir=LR;\n  node [shape=box];\n  \"x\\\\\" -> \"y\\\\u{a}#1\" [label=\"`TCP`\", \
             style=dashed];\n}\n"
        );
        assert_eq!(
            written(|out| mermaid(&drawings, out)),
            "flowchart LR\n  e0n0[\"x\\\"]\n  e0n1[\"y\\u{a}#35;1\"]\n  e0n0 -.->|\"'TCP'\"| e0n1\n"
        );
    }
}
