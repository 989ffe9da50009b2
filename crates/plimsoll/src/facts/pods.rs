//! Which workloads a selector selects, without looking at every pod for every selector.

use std::collections::HashMap;

use super::selector::Selector;
use super::workload::Workload;

/// Workloads by namespace and by label, as positions in the list of workloads.
#[derive(Debug, Default)]
pub(crate) struct PodIndex<'a> {
    by_namespace: HashMap<&'a str, Vec<usize>>,
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
}

impl<'a> PodIndex<'a> {
    /// Indexes workloads; the cost is the number of their labels.
    pub(crate) fn new(workloads: &'a [Workload<'a>]) -> Self {
        let mut index = Self::default();
        for (at, workload) in workloads.iter().enumerate() {
            let namespace = workload.resource.namespace();
            index.by_namespace.entry(namespace).or_default().push(at);
            for (key, value) in workload.labels.iter() {
                index.by_label.entry((namespace, key, value)).or_default().push(at);
            }
        }
        index
    }

    /// The workloads of a namespace.
    pub(crate) fn namespace(&self, namespace: &str) -> &[usize] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The workloads of a namespace that a label selector selects; an empty selector selects all.
    ///
    /// Only those that carry the rarest of the labels the selector demands are looked at.
    pub(crate) fn select(&self, workloads: &[Workload<'_>], namespace: &str, selector: &Selector) -> Vec<usize> {
        let candidates = selector
            .equalities()
            .map(|(key, value)| self.by_label.get(&(namespace, key, value)).map_or(&[][..], Vec::as_slice))
            .min_by_key(|candidates| candidates.len())
            .unwrap_or_else(|| self.namespace(namespace));
        candidates.iter().copied().filter(|at| selector.matches(&workloads[*at].labels)).collect()
    }
}
