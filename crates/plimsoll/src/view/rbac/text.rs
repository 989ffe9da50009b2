//! Permissions for people to read.

use std::io::{self, Write};

use super::{Allowance, Granted, Person, RbacView, RuleView, Somebody, Step, Used};
use crate::facts::rbac::witness::words_of;

/// How many identities are listed by name.
const LISTED: usize = 20;

pub(super) fn write(view: &RbacView, out: &mut dyn Write) -> io::Result<()> {
    for (at, answer) in view.environments.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", answer.name)?;
        if let Some(subjects) = &answer.subjects {
            everybody(subjects, out)?;
        }
        if let Some(person) = &answer.subject {
            one(person, out)?;
        }
        if let Some(can) = &answer.can {
            allowance(can, out)?;
        }
    }
    Ok(())
}

fn everybody(subjects: &[Somebody], out: &mut dyn Write) -> io::Result<()> {
    if subjects.is_empty() {
        return writeln!(out, "  nobody is granted anything");
    }
    for somebody in subjects {
        writeln!(out, "  {}", words_of(&somebody.subject))?;
        for granted in &somebody.grants {
            writeln!(out, "    {}", grant(granted))?;
        }
        if !somebody.admin.is_empty() {
            writeln!(out, "    becomes cluster-admin in {}:", counted(somebody.admin.len()))?;
            steps(&somebody.admin, "      ", out)?;
        }
    }
    Ok(())
}

fn one(person: &Person, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {}{}", words_of(&person.subject), if person.named { "" } else { ", whom nothing here names" })?;
    for granted in &person.grants {
        writeln!(out, "    {}", grant(granted))?;
        for text in &granted.rules {
            writeln!(out, "      {}", rule(text))?;
        }
    }
    let others = person.becomes.len();
    if others > 0 {
        writeln!(out, "    can become:")?;
    }
    for becomes in person.becomes.iter().take(LISTED) {
        writeln!(out, "      {} in {}", words_of(&becomes.subject), counted(becomes.steps as usize))?;
    }
    if others > LISTED {
        writeln!(out, "      and {} more; --format json lists them all", others - LISTED)?;
    }
    if person.admin.is_empty() {
        writeln!(out, "    cannot become cluster-admin by what is known")
    } else {
        writeln!(out, "    becomes cluster-admin in {}:", counted(person.admin.len()))?;
        steps(&person.admin, "      ", out)
    }
}

fn allowance(can: &Allowance, out: &mut dyn Write) -> io::Result<()> {
    if can.allowed.is_empty() {
        return writeln!(out, "  nobody asked about can {}", can.question);
    }
    writeln!(out, "  {} is granted to", can.question)?;
    for allowed in &can.allowed {
        let scope = scope(allowed.namespace.as_deref());
        let names = match allowed.names.len() {
            0 => String::new(),
            _ => format!(", only for {}", allowed.names.join(", ")),
        };
        writeln!(out, "    {} {scope}{names}", words_of(&allowed.subject))?;
        writeln!(out, "      {}", used(&allowed.used))?;
    }
    Ok(())
}

fn steps(steps: &[Step], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    for (at, step) in steps.iter().enumerate() {
        writeln!(out, "{indent}{}. {} {}", at + 1, words_of(&step.actor), step.action)?;
        for grant in &step.grants {
            writeln!(out, "{indent}   by {}", used(grant))?;
        }
        writeln!(out, "{indent}   yields {}", step.yields)?;
    }
    Ok(())
}

fn grant(granted: &Granted) -> String {
    let through = granted.through.as_ref().map_or(String::new(), |group| format!(", as {}", words_of(group)));
    let location = granted.location.as_ref().map_or(String::new(), |location| format!(" ({location})"));
    let scope = scope(granted.namespace.as_deref());
    format!("{} {scope} by {}{location}{through}", granted.role, granted.binding)
}

fn used(used: &Used) -> String {
    let binding = used.binding.as_ref().map_or(String::new(), |binding| format!("{binding}, "));
    let writer = used.writer.as_ref().map_or(String::new(), |writer| format!(" of {writer}"));
    let location = used.location.as_ref().map_or(String::new(), |location| format!(" ({location})"));
    format!("{binding}{}, {}{writer}{location}", used.role, used.rule)
}

fn scope(namespace: Option<&str>) -> String {
    match namespace {
        None => "in the whole cluster".to_owned(),
        Some("") => "in its namespace".to_owned(),
        Some(namespace) => format!("in {namespace}"),
    }
}

fn rule(rule: &RuleView) -> String {
    let verbs = rule.verbs.join(",");
    if rule.resources.is_empty() {
        return format!("{verbs} {}", rule.urls.join(","));
    }
    let groups: Vec<&str> =
        rule.api_groups.iter().map(|group| if group.is_empty() { "core" } else { group.as_str() }).collect();
    let names = match rule.resource_names.len() {
        0 => String::new(),
        _ => format!(" named {}", rule.resource_names.join(",")),
    };
    format!("{verbs} {} of {}{names}", rule.resources.join(","), groups.join(","))
}

fn counted(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}
