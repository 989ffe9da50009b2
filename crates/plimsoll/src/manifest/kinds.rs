//! What is known of a kind without asking a cluster: its scope, and where its pod template lies.
//!
//! The tables hold the built-in API groups as of Kubernetes 1.37 (API reference, "resource scope").

/// Kinds that live outside namespaces.
const CLUSTER_SCOPED: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "ComponentStatus",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "StorageVersion",
    "StorageVersionMigration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// Cluster-scoped kinds of widely used extensions whose name does not say so.
const CLUSTER_SCOPED_EXTENSIONS: &[(&str, &str)] = &[
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotContent"),
];

/// Whether an object of this kind lives in a namespace.
///
/// A kind nobody knows is taken as namespaced unless its name begins with `Cluster`, the convention
/// that extensions follow.
pub fn is_namespaced(group: &str, kind: &str) -> bool {
    if is_built_in_group(group) {
        return !CLUSTER_SCOPED.contains(&kind);
    }
    !kind.starts_with("Cluster") && !CLUSTER_SCOPED_EXTENSIONS.contains(&(group, kind))
}

/// Groups that every API server serves, apart from those without a dot.
const GROUPS: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Whether every API server serves a group, so that nobody has to provide it.
pub fn is_served_everywhere(group: &str) -> bool {
    !group.contains('.') || GROUPS.contains(&group)
}

/// Whether a group belongs to Kubernetes itself.
fn is_built_in_group(group: &str) -> bool {
    match group {
        "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions" => true,
        "gateway.networking.k8s.io" | "policy.networking.k8s.io" | "snapshot.storage.k8s.io" => false,
        group => group.ends_with(".k8s.io") && group.split('.').count() == 3,
    }
}

/// The group of an `apiVersion`: what stands before the slash, or nothing for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Where the pod template of a built-in workload kind lies, as keys from the object's root.
///
/// A Pod is its own template. `None` for kinds that carry none.
pub fn pod_template(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    match (group, kind) {
        ("", "Pod") => Some(&[]),
        ("", "PodTemplate") => Some(&["template"]),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("", "ReplicationController")
        | ("argoproj.io", "Rollout") => Some(&["spec", "template"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_follows_group_and_kind() {
        assert!(is_namespaced("apps", "Deployment"));
        assert!(!is_namespaced("", "Namespace"));
        assert!(!is_namespaced("rbac.authorization.k8s.io", "ClusterRole"));
        assert!(is_namespaced("rbac.authorization.k8s.io", "Role"));
        assert!(!is_namespaced("cert-manager.io", "ClusterIssuer"));
        assert!(is_namespaced("cert-manager.io", "Certificate"));
        assert!(!is_namespaced("policy.networking.k8s.io", "AdminNetworkPolicy"));
        // A custom resource that happens to be called Node is not the core one.
        assert!(is_namespaced("example.com", "Node"));
    }

    #[test]
    fn every_workload_kind_has_its_template() {
        assert_eq!(pod_template("batch", "CronJob").map(<[_]>::len), Some(4));
        assert_eq!(pod_template("", "Pod"), Some(&[][..]));
        assert_eq!(pod_template("", "Service"), None);
    }
}
