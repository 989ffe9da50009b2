//! Which account a workload runs as, and what the token in its pods is good for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Rbac;
use super::bindings::account_of;
use super::roles::Origin;
use super::subject::Subject;
use crate::facts::workload::Workload;
use crate::manifest::Resource;
use crate::yaml::Node;

/// The account of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its name; `default` where the workload names none.
    pub name: String,
    /// JSON pointer of the name, or of the pod's specification where it is not named.
    pub path: String,
    /// Whether the account is rendered, so that what it says of tokens is known.
    pub rendered: bool,
    /// Whether its token is put into the containers.
    pub mounted: bool,
    /// Whether any binding beside the API server's own grants it something; null where it may be one that could not
    /// be rendered.
    pub granted: Option<bool>,
    /// Other services of the environment whose pods run as the same account.
    pub shared: Vec<String>,
}

/// The account of each own workload, by its position. `whole` says whether everything could be rendered.
pub(super) fn of_workloads(rbac: &Rbac<'_>, workloads: &[Workload<'_>], whole: bool) -> Vec<(usize, Account)> {
    let mut services: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for workload in workloads {
        services.entry((workload.resource.namespace(), account_of(workload))).or_default().extend(service(workload));
    }
    let rendered: BTreeMap<(&str, &str), &Resource> = rbac
        .resources
        .iter()
        .filter(|resource| resource.is("", "ServiceAccount"))
        .map(|resource| ((resource.namespace(), &*resource.id.name), resource))
        .collect();
    let own = workloads.iter().filter(|workload| !workload.resource.is_external());
    own.map(|workload| {
        let (namespace, name) = (workload.resource.namespace(), account_of(workload));
        let account = rendered.get(&(namespace, name));
        let automount = |node: &Node| node.get("automountServiceAccountToken").and_then(Node::as_bool);
        let mounted = automount(workload.pod).or_else(|| account.and_then(|account| automount(account.node())));
        let this = service(workload);
        let others = services.get(&(namespace, name)).into_iter().flatten();
        let others = others.filter(|other| this.as_ref().is_some_and(|this| this != *other));
        let account = Account {
            name: name.to_owned(),
            path: path(workload),
            rendered: account.is_some(),
            // An account that could not be rendered may say that it is not.
            mounted: mounted.unwrap_or(whole || account.is_some()),
            granted: Some(is_bound(rbac, &Subject::Account { namespace, name })).filter(|bound| *bound || whole),
            shared: others.cloned().collect(),
        };
        (workload.at, account)
    })
    .collect()
}

/// Whether any binding beside the API server's own names an account or a group that it is in. A role that is not known
/// may grant something.
fn is_bound(rbac: &Rbac<'_>, account: &Subject<'_>) -> bool {
    let Some(at) = rbac.subjects.find(account) else { return false };
    let holders = std::iter::once(&at).chain(&rbac.groups[at]);
    let mut bindings = holders.flat_map(|holder| &rbac.bound[*holder]);
    bindings.any(|(binding, _)| rbac.bindings[*binding].origin != Origin::Bootstrap)
}

fn path(workload: &Workload<'_>) -> String {
    let named = ["serviceAccountName", "serviceAccount"].into_iter().find(|key| workload.pod.get(key).is_some());
    named.map_or_else(|| workload.pod_pointer.clone(), |key| format!("{}/{key}", workload.pod_pointer))
}

/// The labels that say of which service a pod is, the widest first.
const LABELS: [&str; 5] =
    ["app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"];

/// The service that a workload belongs to: its release, or what its labels say. Without either it is not known.
fn service(workload: &Workload<'_>) -> Option<String> {
    let resource = workload.resource;
    if let Some(release) = &resource.manifest.release {
        return Some(release.to_string());
    }
    let label = LABELS.iter().find_map(|label| workload.labels.get(label))?;
    Some(format!("{}/{label}", resource.namespace()))
}
