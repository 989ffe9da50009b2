//! Whether rules include others, by looking up instead of trying each rule for each.

use std::collections::{BTreeSet, HashSet};

use super::rule::{ALL, Atom, Rule};

/// How many atoms a rule may have to be taken apart; a larger one is tried as a whole.
const FEW: usize = 64;

/// Rules, ready to be asked what they cover.
#[derive(Debug, Default)]
pub struct Cover<'r, 'a> {
    same: HashSet<&'r Rule<'a>>,
    atoms: HashSet<Atom<'a>>,
    /// Verbs and the beginnings of paths that URLs ending in `*` cover, and the lengths of these beginnings.
    prefixes: HashSet<(&'a str, &'a str)>,
    lengths: BTreeSet<usize>,
    large: Vec<&'r Rule<'a>>,
}

impl<'r, 'a> Cover<'r, 'a> {
    /// Takes rules apart.
    pub fn new(rules: impl IntoIterator<Item = &'r Rule<'a>>) -> Self {
        let mut cover = Self::default();
        for rule in rules {
            if cover.same.insert(rule) {
                cover.add(rule);
            }
        }
        cover
    }

    fn add(&mut self, rule: &'r Rule<'a>) {
        if rule.size() > FEW {
            self.large.push(rule);
            return;
        }
        for atom in rule.atoms() {
            if let Atom::Url(verb, url) = atom
                && url.ends_with(ALL)
            {
                let beginning = url.trim_end_matches(ALL);
                self.prefixes.insert((verb, beginning));
                self.lengths.insert(beginning.len());
            }
            self.atoms.insert(atom);
        }
    }

    /// Whether one of the rules covers an atom.
    pub fn covers(&self, atom: &Atom<'_>) -> bool {
        let small = match *atom {
            Atom::Resource(verb, group, resource, name) => self.resource(verb, group, resource, name),
            Atom::Url(verb, url) => self.url(verb, url),
        };
        small || self.large.iter().any(|rule| rule.covers(atom))
    }

    /// Of the atoms of other rules those that none of these covers, each once.
    pub fn uncovered<'w>(&self, wanted: &[Rule<'w>]) -> Vec<Atom<'w>> {
        let mut said = HashSet::new();
        let others = wanted.iter().filter(|rule| !self.same.contains(rule));
        others.flat_map(Rule::atoms).filter(|atom| !self.covers(atom) && said.insert(*atom)).collect()
    }

    fn resource(&self, verb: &str, group: &str, resource: &str, name: Option<&str>) -> bool {
        // As `Rule::resource` matches: `*/sub` is that subresource of everything.
        let sub = resource.split_once('/').map(|(_, sub)| sub).filter(|sub| !sub.is_empty());
        let sub = sub.map(|sub| format!("*/{sub}"));
        let resources = [Some(resource), Some(ALL), sub.as_deref()];
        resources.into_iter().flatten().any(|resource| {
            [verb, ALL].into_iter().any(|verb| {
                [group, ALL].into_iter().any(|group| {
                    [None, name]
                        .into_iter()
                        .any(|name| self.atoms.contains(&Atom::Resource(verb, group, resource, name)))
                })
            })
        })
    }

    fn url(&self, verb: &str, url: &str) -> bool {
        [verb, ALL].into_iter().any(|verb| {
            let begins = |length: &usize| url.get(..*length).is_some_and(|part| self.prefixes.contains(&(verb, part)));
            self.atoms.contains(&Atom::Url(verb, url)) || self.lengths.range(..=url.len()).any(begins)
        })
    }
}

/// Whether rules include others: the atoms of `wanted` that no single one of `owned` covers.
pub fn uncovered<'w>(owned: &[Rule<'_>], wanted: &[Rule<'w>]) -> Vec<Atom<'w>> {
    Cover::new(owned).uncovered(wanted)
}

/// Whether every action of `wanted` is one of `owned`.
pub fn covers(owned: &[Rule<'_>], wanted: &[Rule<'_>]) -> bool {
    let cover = Cover::new(owned);
    wanted.iter().filter(|rule| !cover.same.contains(rule)).flat_map(Rule::atoms).all(|atom| cover.covers(&atom))
}
