//! Facts for people and programs: what the commands print that print facts instead of findings.
//!
//! One folder per domain, each with a [`View`] that can be serialised, written as text and, where it has
//! ends and ways between them, drawn by [`graph`]. Deriving is [`facts`](crate::facts)'.

mod graph;
pub mod images;
pub mod network;
pub mod quota;
pub mod rbac;

use std::io;

use serde::Serialize;

use crate::nearest::nearest;
use crate::printable::Lines;
use crate::{Error, ErrorKind, Result};
pub use graph::Drawing;

/// How facts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text,
    /// For programs; the shape is a contract.
    Json,
    /// For Graphviz.
    Dot,
    /// For pages that draw Mermaid diagrams.
    Mermaid,
}

/// Facts that can be written.
pub trait View: Serialize {
    /// The formats it has.
    const FORMATS: &'static [Format] = &[Format::Text, Format::Json];

    /// Writes it for a person, each line by one `writeln!`, so that [`write`](Self::write) knows where lines end.
    ///
    /// # Errors
    ///
    /// Where `out` takes no more.
    fn text(&self, out: &mut dyn io::Write) -> io::Result<()>;

    /// What there is to be drawn, one for each environment; nothing where [`FORMATS`](Self::FORMATS) has no graph.
    fn drawings(&self) -> Vec<Drawing> {
        Vec::new()
    }

    /// Writes it in one of its formats.
    ///
    /// # Errors
    ///
    /// Where `out` takes no more.
    fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Text => self.text(&mut Lines(out)),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, self)?;
                writeln!(out)
            }
            Format::Dot => graph::dot(&self.drawings(), out),
            Format::Mermaid => graph::mermaid(&self.drawings(), out),
        }
    }
}

impl Format {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
        }
    }

    /// The format of that name, where a view has it.
    ///
    /// # Errors
    ///
    /// Where it has not; the help lists those that it has.
    pub fn of<V: View>(name: &str) -> Result<Self> {
        V::FORMATS.iter().copied().find(|format| format.name() == name).ok_or_else(|| {
            let names: Vec<&str> = V::FORMATS.iter().map(|format| format.name()).collect();
            let help = nearest(name, names.iter().copied()).map_or_else(
                || format!("formats are {}", names.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            Error::new(ErrorKind::Argument, format!("`{name}` is not a format of this command")).with_help(help)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Names(&'static str);

    impl View for Names {
        fn text(&self, out: &mut dyn io::Write) -> io::Result<()> {
            writeln!(out, "{}", self.0)
        }

        fn drawings(&self) -> Vec<Drawing> {
            let mut drawing = Drawing::new(self.0);
            drawing.link(self.0, "b", self.0, false);
            vec![drawing]
        }
    }

    #[test]
    fn names_are_spelled_out_for_people_and_stay_for_programs() {
        let written = |format| {
            let mut out = Vec::new();
            Names("x\n::warning::\u{1b}[31m\u{202e}").write(format, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Format::Text), "x\\u{a}::warning::\\u{1b}[31m\\u{202e}\n");
        for format in [Format::Dot, Format::Mermaid] {
            let text = written(format);
            assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\n::"), "{text}");
        }
        assert_eq!(written(Format::Json), "\"x\\n::warning::\\u001b[31m\u{202e}\"\n");
    }
}
