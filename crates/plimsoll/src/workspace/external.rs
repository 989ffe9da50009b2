//! What exists in an environment without being ours: it feeds facts and never receives findings.

use std::collections::{BTreeMap, BTreeSet};

use super::config::read_map;
use super::decode::{Decoder, Text};
use super::pattern::Pattern;
use super::plan::ManifestFile;
use crate::yaml::{Mark, Node};

/// One entry of `external`.
#[derive(Debug, Clone)]
pub struct ExternalConfig {
    /// Where it stands.
    pub mark: Mark,
    /// The environments it holds for; all where it names none.
    pub environments: Option<Vec<Text>>,
    /// Whether the roles that Kubernetes itself brings are there.
    pub bootstrap_roles: bool,
    /// Files, directories or globs of manifests, as `kubectl get -o yaml` writes them.
    pub manifests: Vec<Pattern>,
    /// Namespaces and their labels.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Names that other things provide.
    pub provides: Provides,
    /// Kinds of which nothing exists but what is rendered or external.
    pub complete: BTreeSet<String>,
}

/// Names that other things provide, by what they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provides {
    /// Names of IngressClasses.
    pub ingress_classes: BTreeSet<String>,
    /// Names of StorageClasses.
    pub storage_classes: BTreeSet<String>,
    /// Names of GatewayClasses.
    pub gateway_classes: BTreeSet<String>,
    /// Names of PriorityClasses.
    pub priority_classes: BTreeSet<String>,
    /// Names of RuntimeClasses.
    pub runtime_classes: BTreeSet<String>,
    /// API groups with versions, as `metrics.k8s.io/v1beta1`.
    pub apis: BTreeSet<String>,
}

/// Everything external in one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct External {
    /// Whether anything at all is declared.
    pub declared: bool,
    /// Whether the roles that Kubernetes itself brings are there.
    pub bootstrap_roles: bool,
    /// Manifests of what exists.
    pub manifests: Vec<ManifestFile>,
    /// Namespaces and their labels.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Names that other things provide.
    pub provides: Provides,
    /// Kinds whose world is closed, as written: `namespaces`, `Namespace`.
    pub complete: BTreeSet<String>,
}

impl Provides {
    fn extend(&mut self, other: &Self) {
        self.ingress_classes.extend(other.ingress_classes.iter().cloned());
        self.storage_classes.extend(other.storage_classes.iter().cloned());
        self.gateway_classes.extend(other.gateway_classes.iter().cloned());
        self.priority_classes.extend(other.priority_classes.iter().cloned());
        self.runtime_classes.extend(other.runtime_classes.iter().cloned());
        self.apis.extend(other.apis.iter().cloned());
    }
}

impl External {
    /// Adds one entry; its manifests are resolved by the plan.
    pub(super) fn extend(&mut self, config: &ExternalConfig) {
        self.declared = true;
        self.bootstrap_roles |= config.bootstrap_roles;
        for (name, labels) in &config.namespaces {
            self.namespaces.entry(name.clone()).or_default().extend(labels.clone());
        }
        self.provides.extend(&config.provides);
        self.complete.extend(config.complete.iter().cloned());
    }

    /// Whether nothing of a kind exists but what is rendered or external.
    ///
    /// Takes the kind as objects spell it; the workspace may say `Namespace` or `namespaces`.
    pub fn is_complete(&self, kind: &str) -> bool {
        names_kind(&self.complete, kind)
    }
}

/// Whether a set of kinds as people write them, `Namespace` or `namespaces`, names a kind.
pub(crate) fn names_kind(written: &BTreeSet<String>, kind: &str) -> bool {
    if written.is_empty() {
        return false;
    }
    let kind = kind.to_lowercase();
    written.iter().any(|written| {
        let written = written.to_lowercase();
        written == kind
            || written.strip_suffix('s') == Some(&kind)
            || written.strip_suffix("es") == Some(&kind)
            || written.strip_suffix("ies").is_some_and(|stem| kind.strip_suffix('y') == Some(stem))
    })
}

pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<ExternalConfig> {
    let mut fields = d.fields(node, "an entry of `external`")?;
    let mark = fields.mark;
    let environments = fields.get("environments").map(|node| d.texts(Some(node), "an environment"));
    let bootstrap_roles =
        fields.get("bootstrapRoles").and_then(|node| d.flag(node, "`bootstrapRoles`")).unwrap_or_default();
    let manifests = d.texts(fields.get("manifests"), "a path").iter().map(Pattern::of_path).collect();
    let mut namespaces = BTreeMap::new();
    for entry in d.entries(fields.get("namespaces"), "`namespaces`") {
        let mut labels = BTreeMap::new();
        if !entry.value.is_null()
            && let Some(mut namespace) = d.fields(&entry.value, "an external namespace")
        {
            labels = read_map(d, namespace.get("labels"), "`labels`");
            d.finish(namespace);
        }
        namespaces.insert(entry.key.to_string(), labels);
    }
    let provides = fields.get("provides").and_then(|node| read_provides(d, node)).unwrap_or_default();
    let complete = set(d, fields.get("complete"), "a kind");
    d.finish(fields);
    Some(ExternalConfig { mark, environments, bootstrap_roles, manifests, namespaces, provides, complete })
}

fn set(d: &mut Decoder<'_>, node: Option<&Node>, what: &str) -> BTreeSet<String> {
    d.texts(node, what).iter().map(|text| text.value.to_string()).collect()
}

fn read_provides(d: &mut Decoder<'_>, node: &Node) -> Option<Provides> {
    let mut fields = d.fields(node, "`provides`")?;
    let provides = Provides {
        ingress_classes: set(d, fields.get("ingressClasses"), "a class"),
        storage_classes: set(d, fields.get("storageClasses"), "a class"),
        gateway_classes: set(d, fields.get("gatewayClasses"), "a class"),
        priority_classes: set(d, fields.get("priorityClasses"), "a class"),
        runtime_classes: set(d, fields.get("runtimeClasses"), "a class"),
        apis: set(d, fields.get("apis"), "an API"),
    };
    d.finish(fields);
    Some(provides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_kinds_in_either_spelling() {
        let complete = ["namespaces", "NetworkPolicy", "ingresses", "networkpolicies", "StorageClasses"];
        for (at, kind) in ["Namespace", "NetworkPolicy", "Ingress", "NetworkPolicy", "StorageClass"].iter().enumerate()
        {
            let external = External { complete: [complete[at].to_owned()].into(), ..External::default() };
            assert!(external.is_complete(kind), "{kind}");
            assert!(!external.is_complete("Service"));
        }
    }
}
