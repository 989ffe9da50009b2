//! Objects by namespace and name, and which use of a power is the first that covers an object.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::bindings::Scope;
use super::graph::Use;

/// Things in namespaces that have names, found by either.
#[derive(Debug)]
pub(super) struct Named<'a, T> {
    all: Vec<T>,
    inside: HashMap<&'a str, Vec<T>>,
    by_name: HashMap<&'a str, Vec<T>>,
    by_both: HashMap<&'a str, HashMap<&'a str, Vec<T>>>,
}

impl<T> Default for Named<'_, T> {
    fn default() -> Self {
        Self { all: Vec::new(), inside: HashMap::new(), by_name: HashMap::new(), by_both: HashMap::new() }
    }
}

impl<'a, T: Copy> Named<'a, T> {
    pub(super) fn add(&mut self, namespace: &'a str, name: &'a str, thing: T) {
        self.all.push(thing);
        self.inside.entry(namespace).or_default().push(thing);
        self.by_name.entry(name).or_default().push(thing);
        self.by_both.entry(namespace).or_default().entry(name).or_default().push(thing);
    }

    /// All in a scope, in the order in which they were added.
    pub(super) fn within(&self, scope: Scope<'_>) -> &[T] {
        match scope {
            Scope::Cluster => &self.all,
            Scope::Namespace(own) => self.inside.get(own).map_or(&[], Vec::as_slice),
        }
    }

    /// Those in a scope that have a name.
    pub(super) fn called(&self, scope: Scope<'_>, name: &str) -> &[T] {
        let found = match scope {
            Scope::Cluster => self.by_name.get(name),
            Scope::Namespace(own) => self.by_both.get(own).and_then(|inside| inside.get(name)),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// Those that may have one of many names, by whichever is less to look through; others may be among them.
    pub(super) fn among(&self, scope: Scope<'_>, names: &[(&str, usize)]) -> Vec<T> {
        let within = self.within(scope);
        if within.len() <= names.len() {
            return within.to_vec();
        }
        names.iter().flat_map(|(name, _)| self.called(scope, name)).copied().collect()
    }
}

/// Of the uses of one power in one scope, by position, the first for each name.
#[derive(Debug)]
pub(super) struct First<'a> {
    /// The first of all.
    pub(super) any: usize,
    /// The first that is not restricted to names.
    pub(super) whole: Option<usize>,
    /// The names in order, and the first use restricted to each.
    pub(super) names: Vec<(&'a str, usize)>,
    by_name: HashMap<&'a str, usize>,
}

impl First<'_> {
    /// The first use restricted to a name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The first use that covers an object of a name.
    pub(super) fn of(&self, name: &str) -> Option<usize> {
        self.whole.into_iter().chain(self.named(name)).min()
    }

    /// Those of the things in a scope that may be covered.
    pub(super) fn among<T: Copy>(&self, things: &Named<'_, T>, scope: Scope<'_>) -> Vec<T> {
        if self.whole.is_some() { things.within(scope).to_vec() } else { things.among(scope, &self.names) }
    }
}

/// What somebody holds of one power: each use that covers something which none before it covers.
#[derive(Debug, Default)]
pub(super) struct Holding<'a> {
    pub(super) uses: Vec<Use<'a>>,
    pub(super) scopes: BTreeMap<Scope<'a>, First<'a>>,
}

impl<'a> Holding<'a> {
    pub(super) fn push(&mut self, used: Use<'a>, names: Option<&[&'a str]>) {
        let at = self.uses.len();
        let new = || First { any: at, whole: None, names: Vec::new(), by_name: HashMap::new() };
        let first = self.scopes.entry(used.scope).or_insert_with(new);
        let before = (first.whole, first.names.len());
        match names {
            None => _ = first.whole.get_or_insert(at),
            Some(names) => {
                for name in names {
                    if let Entry::Vacant(entry) = first.by_name.entry(name) {
                        entry.insert(at);
                        first.names.push((name, at));
                    }
                }
            }
        }
        if before != (first.whole, first.names.len()) {
            self.uses.push(used);
        }
    }

    /// The first use in each scope, paired with another power's wherever both hold.
    pub(super) fn meeting<'h>(&'h self, other: &'h Self) -> Vec<(Scope<'a>, &'h First<'a>, &'h First<'a>)> {
        let mut pairs = Vec::new();
        for (scope, first) in &self.scopes {
            if *scope == Scope::Cluster {
                pairs.extend(other.scopes.iter().map(|(scope, second)| (*scope, first, second)));
            } else {
                let both = [Scope::Cluster, *scope].into_iter().filter_map(|at| other.scopes.get(&at));
                pairs.extend(both.map(|second| (*scope, first, second)));
            }
        }
        pairs
    }

    /// The first use that holds in a scope at least in part.
    pub(super) fn meets(&self, scope: Scope<'a>) -> Option<usize> {
        if scope == Scope::Cluster {
            return (!self.uses.is_empty()).then_some(0);
        }
        [Scope::Cluster, scope].into_iter().filter_map(|at| Some(self.scopes.get(&at)?.any)).min()
    }

    /// The first use that covers an object of a name in a namespace.
    pub(super) fn covers(&self, scope: Scope<'a>, name: &str) -> Option<usize> {
        let scopes = [Some(Scope::Cluster), Some(scope).filter(|scope| *scope != Scope::Cluster)];
        scopes.into_iter().flatten().filter_map(|at| self.scopes.get(&at)?.of(name)).min()
    }
}
