//! The container that a service mesh injects: what it costs, and which pods get it.
//!
//! What it costs is a setting of the environment, since no manifest holds it. Who gets it is decided by
//! the labels and annotations that the meshes themselves read.

use std::sync::Arc;

use super::amounts::Amounts;
use super::pod::Share;
use crate::facts::quantity::Quantity;
use crate::facts::selector::Labels;
use crate::facts::workload::Workload;
use crate::yaml::Node;

/// The container that a mesh injects in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// Its name in sums.
    pub name: Arc<str>,
    /// What it asks for and may use where the pod says nothing else.
    pub share: Share,
    /// Whether it is an init container that stays (KEP-753) rather than one container more.
    pub native: bool,
    /// Whether namespaces get it that say nothing.
    pub everywhere: bool,
}

/// What a namespace or a pod says about injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Enabled,
    Disabled,
}

impl Sidecar {
    /// What the sidecar of a workload's pods asks for; `None` where they get none.
    ///
    /// Istio ("Installing the sidecar"): disabled on either side wins, then enabled on either side; pods
    /// of the host's network never get one. Linkerd ("Automatic proxy injection"): the pod's annotation
    /// wins over the namespace's.
    pub fn of(&self, workload: &Workload<'_>, namespace: Option<&NamespaceWords>) -> Option<Share> {
        if workload.pod.get("hostNetwork").and_then(Node::as_bool) == Some(true) {
            return None;
        }
        let annotations = workload
            .resource
            .node()
            .pointer(&format!("{}/metadata/annotations", workload.pointer))
            .map(|node| Labels::from_node(Some(node)))
            .unwrap_or_default();
        let labelled = word(&workload.labels, "sidecar.istio.io/inject", "true", "false")
            .or_else(|| word(&annotations, "sidecar.istio.io/inject", "true", "false"))
            .or_else(|| workload.labels.get("istio.io/rev").map(|_| Word::Enabled));
        let linkerd = word(&annotations, "linkerd.io/inject", "enabled", "disabled");
        let around = namespace.map(|words| (words.istio, words.linkerd)).unwrap_or_default();
        let istio = match (labelled, around.0) {
            (Some(Word::Disabled), _) | (_, Some(Word::Disabled)) => Some(false),
            (Some(Word::Enabled), _) | (_, Some(Word::Enabled)) => Some(true),
            (None, None) => None,
        };
        let linkerd = linkerd.or(around.1).map(|word| word == Word::Enabled);
        istio.or(linkerd).unwrap_or(self.everywhere).then(|| self.share_by(&annotations))
    }

    /// A pod's own annotations replace all of the usual amounts (Istio, "Resource annotations").
    fn share_by(&self, annotations: &Labels) -> Share {
        let amounts = |names: [(&str, &str); 2]| -> Amounts {
            let found = names.into_iter().filter_map(|(resource, suffix)| {
                let text = annotations.get(&format!("sidecar.istio.io/proxy{suffix}"))?;
                Some((resource, Quantity::parse(text).ok()?))
            });
            found.collect()
        };
        let share = Share {
            requests: amounts([("cpu", "CPU"), ("memory", "Memory")]),
            limits: amounts([("cpu", "CPULimit"), ("memory", "MemoryLimit")]),
        };
        if share == Share::default() { self.share.clone() } else { share }
    }
}

/// What a namespace says about injection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NamespaceWords {
    istio: Option<Word>,
    linkerd: Option<Word>,
}

impl NamespaceWords {
    /// Reads the labels and annotations of a namespace.
    pub fn of(labels: &Labels, annotations: &Labels) -> Self {
        Self {
            istio: word(labels, "istio-injection", "enabled", "disabled")
                .or_else(|| labels.get("istio.io/rev").map(|_| Word::Enabled)),
            linkerd: word(annotations, "linkerd.io/inject", "enabled", "disabled"),
        }
    }
}

fn word(labels: &Labels, key: &str, enabled: &str, disabled: &str) -> Option<Word> {
    let value = labels.get(key)?;
    (value == enabled).then_some(Word::Enabled).or_else(|| (value == disabled).then_some(Word::Disabled))
}
