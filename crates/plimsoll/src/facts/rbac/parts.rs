//! What is left of a role's powers once every thing is said only once.
//!
//! Rules that grant one power on the same objects are interchangeable, so of them the first is kept. What is derived
//! from a role grows with what it grants that way, however many rules repeat it.

use std::collections::HashSet;

use super::power::{Held, Power};
use super::roles::Roles;

/// A power of a role, for the objects for which no rule before grants it.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// The role that wrote the rule.
    pub(super) writer: usize,
    /// The rule's position there.
    pub(super) rule: usize,
    pub(super) held: Held,
    /// The names of these objects; none for every object.
    pub(super) names: Option<Vec<&'a str>>,
}

/// The powers that a role has in the end, in the order of its rules.
pub(super) fn parts<'a>(roles: &Roles<'a>, role: usize) -> Vec<Part<'a>> {
    let mut said: HashSet<(Power, &'static str, Option<&'a str>)> = HashSet::new();
    let mut parts = Vec::new();
    for (writer, rule, held) in roles.held(role) {
        let written = &roles.all[writer].rules[rule].names;
        let names = if written.is_empty() {
            said.insert((held.power, held.resource, None)).then_some(None)
        } else {
            let new = |name: &&&'a str| said.insert((held.power, held.resource, Some(**name)));
            let names: Vec<&'a str> = written.iter().filter(new).copied().collect();
            (!names.is_empty()).then_some(Some(names))
        };
        if let Some(names) = names {
            parts.push(Part { writer, rule, held: *held, names });
        }
    }
    parts
}
