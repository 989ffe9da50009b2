//! Which resources and verbs there are: the built-in API groups, Kubernetes 1.25 to 1.37.
//!
//! Of the groups of extensions nothing is known, so about those nothing is said.

use super::rule::Rule;
use crate::nearest::nearest;

/// By group: resources that live in namespaces, then those that do not; subresources in brackets.
///
/// API reference 1.25 to 1.37. Some exist for authorization alone: `signers` (certificate signing requests),
/// `users`, `groups`, `uids`, `userextras` (user impersonation), `endpoints/restricted`, subresources of `nodes`
/// (kubelet authorization).
const GROUPS: [(&str, &str, &str); 24] = [
    (
        "",
        "bindings configmaps endpoints[restricted] events limitranges persistentvolumeclaims[status] \
         pods[attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status] podtemplates \
         replicationcontrollers[scale,status] resourcequotas[status] secrets serviceaccounts[token] \
         services[externalips,proxy,status] namespaces[finalize,status]",
        "componentstatuses groups nodes[checkpoint,configz,healthz,log,metrics,pods,proxy,spec,stats,status] \
         persistentvolumes[status] users",
    ),
    (
        "admissionregistration.k8s.io",
        "",
        "mutatingadmissionpolicies[status] mutatingadmissionpolicybindings mutatingwebhookconfigurations \
         validatingadmissionpolicies[status] validatingadmissionpolicybindings validatingwebhookconfigurations",
    ),
    ("apiextensions.k8s.io", "", "customresourcedefinitions[status]"),
    ("apiregistration.k8s.io", "", "apiservices[status]"),
    (
        "apps",
        "controllerrevisions daemonsets[status] deployments[scale,status] replicasets[scale,status] \
         statefulsets[scale,status]",
        "",
    ),
    ("authentication.k8s.io", "", "selfsubjectreviews tokenreviews uids userextras[*]"),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews",
    ),
    ("autoscaling", "horizontalpodautoscalers[status]", ""),
    ("batch", "cronjobs[status] jobs[status]", ""),
    (
        "certificates.k8s.io",
        "podcertificaterequests[status]",
        "certificatesigningrequests[approval,nodeclient,selfnodeclient,selfnodeserver,status] clustertrustbundles signers",
    ),
    ("coordination.k8s.io", "leases leasecandidates", ""),
    ("discovery.k8s.io", "endpointslices", ""),
    ("events.k8s.io", "events", ""),
    ("extensions", "", ""),
    ("flowcontrol.apiserver.k8s.io", "", "flowschemas[status] prioritylevelconfigurations[status]"),
    ("internal.apiserver.k8s.io", "", "storageversions[status]"),
    (
        "networking.k8s.io",
        "ingresses[status] networkpolicies[status]",
        "clustercidrs ingressclasses ipaddresses servicecidrs[status]",
    ),
    ("node.k8s.io", "", "runtimeclasses"),
    ("policy", "poddisruptionbudgets[status]", ""),
    ("rbac.authorization.k8s.io", "rolebindings roles", "clusterrolebindings clusterroles"),
    (
        "resource.k8s.io",
        "podschedulingcontexts[status] resourceclaims[binding,driver,status] resourceclaimtemplates",
        "deviceclasses devicetaintrules[status] resourceclasses resourcepoolstatusrequests[status] resourceslices",
    ),
    ("scheduling.k8s.io", "podgroups[status] workloads[status]", "priorityclasses"),
    (
        "storage.k8s.io",
        "csistoragecapacities",
        "csidrivers csinodes storageclasses volumeattachments[status] volumeattributesclasses",
    ),
    ("storagemigration.k8s.io", "", "storageversionmigrations[status]"),
];

/// Verbs of requests for resources, the ones that only authorization knows included (Kubernetes documentation,
/// "Authorization", "Request verbs"; `attest` from the ClusterTrustBundle admission, `proxy` from the kubelet).
const VERBS: [&str; 17] = [
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "use",
    "proxy",
];
/// Verbs of requests for URLs: the methods of HTTP in small letters.
const URL_VERBS: [&str; 8] = ["*", "get", "head", "post", "put", "patch", "delete", "options"];

/// Whether a resource exists in a group, and lives in namespaces.
fn find(group: &str, resource: &str) -> Option<bool> {
    let (_, namespaced, cluster) = GROUPS.iter().find(|(name, ..)| *name == group)?;
    if names(namespaced, resource) { Some(true) } else { names(cluster, resource).then_some(false) }
}

fn names(table: &str, resource: &str) -> bool {
    let (kind, subresource) = resource.split_once('/').map_or((resource, None), |(kind, sub)| (kind, Some(sub)));
    table.split_whitespace().any(|entry| {
        let (name, subresources) = entry.split_once('[').unwrap_or((entry, ""));
        let known = |wanted: &str| {
            // Whoever sets owner references that block deletion needs `finalizers` of any kind.
            wanted == "finalizers"
                || subresources.trim_end_matches(']').split(',').any(|known| known == wanted || known == "*")
        };
        (kind == "*" || kind == name) && subresource.is_none_or(known)
    })
}

/// Whether a group belongs to Kubernetes, so that all its resources are known.
pub fn is_known_group(group: &str) -> bool {
    GROUPS.iter().any(|(name, ..)| *name == group)
}

/// The group that serves a resource, where it is one of Kubernetes' own.
pub fn served_in(resource: &str) -> Option<&'static str> {
    GROUPS.iter().map(|(name, ..)| *name).find(|group| find(group, resource).is_some())
}

/// The known resource of these groups that is spelled most like one that does not exist.
pub fn nearest_resource(groups: &[&str], resource: &str) -> Option<&'static str> {
    let tables = GROUPS.iter().filter(|(name, ..)| groups.contains(name));
    let entries =
        tables.flat_map(|(_, namespaced, cluster)| namespaced.split_whitespace().chain(cluster.split_whitespace()));
    nearest(resource, entries.map(|entry| entry.split('[').next().unwrap_or(entry)))
}

/// The same over all groups.
pub fn nearest_resource_of_all(resource: &str) -> Option<&'static str> {
    nearest_resource(&GROUPS.map(|(name, ..)| name), resource)
}

/// Resources of a rule that no group of the rule has, with the first of these groups.
pub fn unknown_resources<'a>(rule: &Rule<'a>) -> Vec<(&'a str, &'a str)> {
    if rule.groups.is_empty() || !rule.groups.iter().all(|group| is_known_group(group)) {
        return Vec::new();
    }
    let exists = |resource: &str| resource == "*" || rule.groups.iter().any(|group| find(group, resource).is_some());
    let unknown = rule.resources.iter().filter(|resource| !exists(resource));
    unknown.map(|resource| (rule.groups[0], *resource)).collect()
}

/// Whether every group of a rule that has the resource has it outside namespaces.
pub fn is_cluster_scoped(rule: &Rule<'_>, resource: &str) -> bool {
    let all_known = !rule.groups.is_empty() && rule.groups.iter().all(|group| is_known_group(group));
    let mut scopes = rule.groups.iter().filter_map(|group| find(group, resource)).peekable();
    all_known && !resource.starts_with('*') && scopes.peek().is_some() && scopes.all(|namespaced| !namespaced)
}

/// Whether a verb means anything for the built-in resources; verbs with a colon belong to impersonation.
pub fn is_verb(verb: &str) -> bool {
    VERBS.contains(&verb) || verb.contains(':')
}

/// Whether a verb means anything for URLs.
pub fn is_url_verb(verb: &str) -> bool {
    URL_VERBS.contains(&verb)
}

/// The verb that was probably meant.
pub fn nearest_verb(verb: &str, url: bool) -> Option<&'static str> {
    const MEANT: [(&str, &str); 6] = [
        ("read", "get"),
        ("view", "get"),
        ("write", "update"),
        ("edit", "update"),
        ("remove", "delete"),
        ("add", "create"),
    ];
    let lower = verb.to_lowercase();
    let list: &[&str] = if url { &URL_VERBS } else { &VERBS };
    let same = list.iter().find(|known| **known == lower).copied();
    let meant = || MEANT.iter().find(|(word, _)| *word == lower).map(|(_, verb)| *verb);
    same.or_else(meant).or_else(|| nearest(verb, list.iter().copied().skip(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<'a>(groups: &[&'a str], resources: &[&'a str]) -> Rule<'a> {
        Rule { groups: groups.to_vec(), resources: resources.to_vec(), ..Rule::default() }
    }

    #[test]
    fn resources_are_known_by_group() {
        let unknown = |groups: &[&'static str], resources: &[&'static str]| -> Vec<&str> {
            unknown_resources(&rule(groups, resources)).into_iter().map(|(_, resource)| resource).collect()
        };
        assert_eq!(unknown(&[""], &["pods", "pods/exec", "deployments", "pod"]), ["deployments", "pod"]);
        assert_eq!(unknown(&["apps", "extensions"], &["deployments"]), [""; 0]);
        assert_eq!(unknown(&["", "extensions"], &["services", "ingresses"]), ["ingresses"]);
        assert_eq!(unknown(&["cert-manager.io", ""], &["certificates"]), [""; 0]);
        assert_eq!(unknown(&["*"], &["anything"]), [""; 0]);
        assert_eq!(unknown(&["apps"], &["*", "*/scale", "deployments/finalizers", "*/nope"]), ["*/nope"]);
        assert_eq!(unknown(&["authentication.k8s.io"], &["userextras/scopes"]), [""; 0]);
        assert_eq!(served_in("deployments"), Some("apps"));
        assert_eq!(nearest_resource(&[""], "pod"), Some("pods"));
    }

    #[test]
    fn scope_is_known() {
        assert!(is_cluster_scoped(&rule(&[""], &[]), "nodes"));
        assert!(!is_cluster_scoped(&rule(&[""], &[]), "namespaces"), "one's own namespace is asked for inside it");
        assert!(!is_cluster_scoped(&rule(&["", "example.com"], &[]), "nodes"));
        assert!(!is_cluster_scoped(&rule(&[""], &[]), "*"));
    }

    #[test]
    fn verbs_are_known() {
        assert!(is_verb("deletecollection") && is_verb("impersonate:user-info") && !is_verb("read"));
        assert_eq!(nearest_verb("read", false), Some("get"));
        assert_eq!(nearest_verb("List", false), Some("list"));
        assert_eq!(nearest_verb("updte", false), Some("update"));
        assert_eq!(nearest_verb("POST", true), Some("post"));
    }
}
