//! Text for people: every source with what it reaches, at most 100 columns wide.

use std::io;

use super::{BecauseView, ConnectionView, EnvironmentView, ExplanationView, NetworkView};
use crate::facts::network::{AddressRange, Direction, Effect, Family, Through};

/// What both families of addresses are called together.
const ANYWHERE: &str = "anywhere outside, IPv4 and IPv6";

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
    let mut sources = environment.connections.chunk_by(|one, next| one.source == next.source).peekable();
    while let Some(rows) = sources.next() {
        let mut source = &*rows[0].source;
        let same = |next: &&[ConnectionView]| is_anywhere(source, &next[0].source) && are_equal(rows, next);
        if sources.next_if(same).is_some() {
            source = ANYWHERE;
        }
        writeln!(out)?;
        writeln!(out, "  {source}")?;
        let mut rows = rows.iter().peekable();
        while let Some(first) = rows.next() {
            let other =
                rows.next_if(|next| is_anywhere(&first.destination, &next.destination) && is_equal(first, next));
            let destination = if other.is_some() { ANYWHERE } else { &*first.destination };
            row(&format!("    → {destination}"), first, out)?;
        }
    }
    if !environment.exposed.is_empty() {
        writeln!(out)?;
        writeln!(out, "  opened to the outside")?;
        for exposed in &environment.exposed {
            writeln!(out, "    {}  {}", exposed.destination, exposed.ports.to_string().replace(',', ", "))?;
            let by = match exposed.through {
                Through::LoadBalancer | Through::NodePort => format!("by {} of type {}", exposed.by, exposed.through),
                _ => format!("by {} through the Service {}", exposed.by, exposed.service),
            };
            let admitted = match (exposed.admitted == exposed.ports, exposed.admitted.is_empty()) {
                (true, _) => String::new(),
                (false, true) if exposed.through.is_controller() => {
                    "; policies admit none of it from a controller of which nothing is known".to_owned()
                }
                (false, true) => "; policies admit none of it".to_owned(),
                (false, false) => format!("; policies admit {} of it", exposed.admitted),
            };
            wrapped(&format!("{by}{admitted}"), "      ", out)?;
        }
    }
    let count = environment.connections.len();
    writeln!(out)?;
    writeln!(out, "  {count} connection{}", if count == 1 { "" } else { "s" })?;
    for note in &environment.notes {
        wrapped(&format!("note: {note}"), "  ", out)?;
    }
    Ok(())
}

/// Whether two ends are every address of one family, and every one of the other.
fn is_anywhere(one: &str, next: &str) -> bool {
    if !one.starts_with("0.0.0.0-") || !next.starts_with("::-") {
        return false;
    }
    let [four, six] = Family::ALL.map(|family| format!("{}[External]", AddressRange::all(family)));
    one == four && next == six
}

fn is_equal(one: &ConnectionView, other: &ConnectionView) -> bool {
    (&one.ports, &one.conditional) == (&other.ports, &other.conditional)
}

fn are_equal(rows: &[ConnectionView], others: &[ConnectionView]) -> bool {
    rows.len() == others.len()
        && rows.iter().zip(others).all(|(one, other)| one.destination == other.destination && is_equal(one, other))
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
        writeln!(out)?;
        writeln!(out, "  {title} {of}")?;
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
