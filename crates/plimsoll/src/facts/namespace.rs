//! The namespaces of an environment: rendered, declared external, or only seen through their objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::selector::Labels;
use super::world::Declared;
use crate::manifest::Resource;

/// The label that the API server gives every namespace (Kubernetes documentation, "Namespaces").
pub(super) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace and how it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespace {
    /// Its labels, the one with its name included.
    pub labels: Labels,
    /// How it is known.
    pub source: Source,
}

/// How a namespace is known; a later one says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Objects stand in it; of its labels only the name is known.
    Seen,
    /// It is declared or read as external.
    External,
    /// The workspace renders it.
    Rendered,
}

/// The namespaces of an environment, by name.
pub type Namespaces = BTreeMap<Arc<str>, Namespace>;

/// The namespaces of an environment, by name.
pub fn namespaces(resources: &[Resource], declared: &Declared) -> Namespaces {
    let mut found = Namespaces::new();
    let mut add = |name: &Arc<str>, labels: Labels, source: Source| {
        let known = found.get(name).map(|namespace| namespace.source);
        if known.is_none_or(|known| known < source) {
            let own = [(Arc::from(NAME_LABEL), name.clone())];
            let all = labels.iter().map(|(key, value)| (Arc::from(key), Arc::from(value))).chain(own);
            found.insert(name.clone(), Namespace { labels: all.collect(), source });
        }
    };
    for resource in resources {
        if resource.is("", "Namespace") {
            let labels = Labels::from_node(resource.node().at(&["metadata", "labels"]));
            add(&resource.id.name, labels, if resource.is_external() { Source::External } else { Source::Rendered });
        } else if let Some(namespace) = &resource.id.namespace {
            add(namespace, Labels::default(), Source::Seen);
        }
    }
    for (name, labels) in &declared.namespaces {
        add(name, labels.clone(), Source::External);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, parse};

    #[test]
    fn each_is_known_by_the_best_there_is() {
        let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n---\n\
                    apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: shop}\n---\n\
                    apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: ingress}\n---\n\
                    apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: other}\n";
        let manifest = Arc::new(Manifest { text: text.into(), ..Manifest::default() });
        let resources = parse(&[manifest]).remove(0).resources;
        let ingress: Labels = [("role", "ingress")].into_iter().collect();
        let declared = Declared { namespaces: [("ingress".into(), ingress)].into(), ..Declared::default() };
        let found = namespaces(&resources, &declared);
        let of = |name: &str| {
            (found[name].source, found[name].labels.len(), found[name].labels.get(NAME_LABEL).map(str::to_owned))
        };
        assert_eq!(of("shop"), (Source::Rendered, 2, Some("shop".into())));
        assert_eq!(of("ingress"), (Source::External, 2, Some("ingress".into())));
        assert_eq!(of("other"), (Source::Seen, 1, Some("other".into())));
    }
}
