//! Which groups of pods a selector selects, found through an index and remembered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::pod::{Pod, position};
use super::rule::Scope;
use crate::facts::namespace::Namespace;
use crate::facts::selector::{Labels, Selector};

/// Groups of pods that a selector selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    /// Every group there is.
    All,
    /// These, in ascending order.
    Some(Vec<u32>),
}

impl Selection {
    pub(super) fn contains(&self, group: u32) -> bool {
        match self {
            Self::All => true,
            Self::Some(groups) => groups.binary_search(&group).is_ok(),
        }
    }
}

/// Groups by namespace and by label, with what was selected before.
pub(super) struct Selections<'a> {
    groups: &'a [Pod],
    /// The labels of each namespace that is known.
    namespaces: BTreeMap<&'a str, &'a Labels>,
    by_namespace: HashMap<&'a str, Vec<u32>>,
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<u32>>,
    /// What was selected in one namespace.
    own: HashMap<Arc<str>, HashMap<Selector, Arc<Selection>>>,
    /// What was selected in the namespaces that a selector selects.
    matching: HashMap<Selector, HashMap<Selector, Arc<Selection>>>,
    /// The namespaces that a selector selects.
    selected_namespaces: HashMap<Selector, Arc<[&'a str]>>,
}

impl<'a> Selections<'a> {
    pub(super) fn new(groups: &'a [Pod], namespaces: &'a BTreeMap<Arc<str>, Namespace>) -> Self {
        let mut by_namespace: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut by_label: HashMap<(&str, &str, &str), Vec<u32>> = HashMap::new();
        for (at, group) in groups.iter().enumerate() {
            let at = position(at);
            by_namespace.entry(&group.namespace).or_default().push(at);
            for (key, value) in group.labels.iter() {
                by_label.entry((&group.namespace, key, value)).or_default().push(at);
            }
        }
        let namespaces = namespaces.iter().map(|(name, namespace)| (&**name, &namespace.labels)).collect();
        Self {
            groups,
            namespaces,
            by_namespace,
            by_label,
            own: HashMap::new(),
            matching: HashMap::new(),
            selected_namespaces: HashMap::new(),
        }
    }

    /// The groups of the namespaces in scope that a selector selects.
    pub(super) fn select(&mut self, scope: &Scope, pods: &Selector) -> Arc<Selection> {
        let known = match scope {
            Scope::Own(name) => self.own.get(name),
            Scope::Matching(selector) => self.matching.get(selector),
        };
        if let Some(selected) = known.and_then(|known| known.get(pods)) {
            return selected.clone();
        }
        let selected = Arc::new(self.find(scope, pods));
        let known = match scope {
            Scope::Own(name) => self.own.entry(name.clone()).or_default(),
            Scope::Matching(selector) => self.matching.entry(selector.clone()).or_default(),
        };
        known.insert(pods.clone(), selected.clone());
        selected
    }

    fn find(&mut self, scope: &Scope, pods: &Selector) -> Selection {
        let mut found = Vec::new();
        match scope {
            Scope::Own(name) => self.within(name, pods, &mut found),
            Scope::Matching(selector) if selector.selects_everything() && pods.selects_everything() => {
                return Selection::All;
            }
            Scope::Matching(selector) => {
                for name in &*self.matching(selector) {
                    self.within(name, pods, &mut found);
                }
            }
        }
        found.sort_unstable();
        Selection::Some(found)
    }

    fn matching(&mut self, selector: &Selector) -> Arc<[&'a str]> {
        if let Some(names) = self.selected_namespaces.get(selector) {
            return names.clone();
        }
        let names = self.namespaces.iter().filter(|(_, labels)| selector.matches(labels)).map(|(name, _)| *name);
        let names: Arc<[&str]> = names.collect();
        self.selected_namespaces.insert(selector.clone(), names.clone());
        names
    }

    /// Only groups with the rarest of the labels that are demanded are looked at.
    fn within(&self, namespace: &str, pods: &Selector, found: &mut Vec<u32>) {
        let all = || self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        let candidates = pods
            .equalities()
            .map(|(key, value)| self.by_label.get(&(namespace, key, value)).map_or(&[][..], Vec::as_slice))
            .min_by_key(|candidates| candidates.len())
            .unwrap_or_else(all);
        found.extend(candidates.iter().filter(|at| pods.matches(&self.groups[**at as usize].labels)));
    }
}
