//! Text for people: every source with what it reaches, at most 100 columns wide.

use std::io;

use super::{BecauseView, ConnectionView, EnvironmentView, ExplanationView, NetworkView};
use crate::facts::network::{Direction, Effect};

/// How wide a line may be.
const WIDTH: usize = 100;

/// Where ports begin, unless a name is longer.
const PORTS: usize = 56;

pub(super) fn write(view: &NetworkView, out: &mut dyn io::Write) -> io::Result<()> {
    for (at, environment) in view.environments.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", environment.name)?;
        match &environment.explanation {
            Some(explanation) => explained(explanation, out)?,
            None => listed(environment, out)?,
        }
    }
    Ok(())
}

fn listed(environment: &EnvironmentView, out: &mut dyn io::Write) -> io::Result<()> {
    let mut source = "";
    let mut rest = environment.connections.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first.source != *source {
            source = &first.source;
            writeln!(out, "\n  {source}")?;
        }
        let mut destination = &*first.destination;
        if let [next, after @ ..] = rest
            && is_anywhere(first, next)
        {
            destination = "anywhere outside, IPv4 and IPv6";
            rest = after;
        }
        row(&format!("    → {destination}"), first, out)?;
    }
    if !environment.exposed.is_empty() {
        writeln!(out, "\n  opened to the outside")?;
        for exposed in &environment.exposed {
            writeln!(out, "    {} {}", exposed.destination, exposed.ports)?;
            wrapped(&format!("by {} through the Service {}", exposed.by, exposed.service), "      ", out)?;
        }
    }
    let count = environment.connections.len();
    writeln!(out, "\n  {count} connection{}", if count == 1 { "" } else { "s" })?;
    for note in &environment.notes {
        wrapped(&format!("note: {note}"), "  ", out)?;
    }
    Ok(())
}

/// Whether two rows are every address of both families, with the same ports.
fn is_anywhere(one: &ConnectionView, next: &ConnectionView) -> bool {
    &*one.destination == "0.0.0.0-255.255.255.255[External]"
        && &*next.destination == "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]"
        && (&one.source, &one.ports, &one.conditional) == (&next.source, &next.ports, &next.conditional)
}

/// A name and its ports, on one line where both fit.
fn row(name: &str, connection: &ConnectionView, out: &mut dyn io::Write) -> io::Result<()> {
    let mut ports = connection.ports.to_string().replace(',', ", ");
    if !connection.conditional.is_empty() {
        ports = format!("{ports} (requests decide about {})", connection.conditional);
    }
    let length = name.chars().count();
    if length < PORTS && PORTS + ports.chars().count() <= WIDTH {
        return writeln!(out, "{name:PORTS$}{ports}");
    }
    if length + 2 + ports.chars().count() <= WIDTH {
        return writeln!(out, "{name}  {ports}");
    }
    writeln!(out, "{name}")?;
    wrapped(&ports, "        ", out)
}

fn explained(explanation: &ExplanationView, out: &mut dyn io::Write) -> io::Result<()> {
    let ports = explanation.ports.to_string().replace(',', ", ");
    wrapped(&format!("{} → {}: {ports}", explanation.source, explanation.destination), "  ", out)?;
    for (side, title, of) in [
        (Direction::Egress, "leaving", &explanation.source),
        (Direction::Ingress, "entering", &explanation.destination),
    ] {
        let reasons: Vec<&BecauseView> = explanation.because.iter().filter(|one| one.side == side).collect();
        if reasons.is_empty() {
            continue;
        }
        writeln!(out, "\n  {title} {of}")?;
        for reason in reasons {
            let mark = match reason.effect {
                Effect::Admits => "+",
                Effect::Blocks => "-",
                Effect::Notes => "·",
            };
            wrapped(&format!("{mark} {}", reason.words), "    ", out)?;
            if let Some(location) = &reason.location {
                wrapped(&format!("{location}, {}", reason.pointer), "        ", out)?;
            }
        }
    }
    Ok(())
}

/// Breaks at spaces; lines after the first are indented by two more. A word that is too long keeps its line.
fn wrapped(text: &str, indent: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let mut line = indent.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = format!("{indent}  ");
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}
