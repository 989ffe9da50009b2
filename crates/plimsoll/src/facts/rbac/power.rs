//! The few things a rule may grant that matter beyond themselves: by which one becomes somebody else, looks
//! into what is secret, or lifts a limit.
//!
//! Everything else of a rule is only looked at when somebody asks for it.

use super::rule::Rule;

/// Something a rule may grant that matters beyond itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Every verb on every resource of every group.
    Everything,
    /// Creating what runs pods.
    CreateWorkload,
    /// Changing the pod template of what runs pods.
    ChangeWorkload,
    /// Changing the image of a pod that runs.
    ChangePod,
    /// Running a command in a container.
    Exec,
    /// Attaching to a container.
    Attach,
    /// Adding a container to a pod that runs.
    Debug,
    /// Forwarding a port of a pod.
    PortForward,
    /// Talking to pods or services through the API server.
    Proxy,
    /// Making tokens of accounts.
    Token,
    /// Reading a Secret by name.
    GetSecret,
    /// Reading every Secret there is.
    ListSecrets,
    /// Creating Secrets.
    CreateSecret,
    /// Acting as a user.
    ImpersonateUser,
    /// Acting as a member of a group.
    ImpersonateGroup,
    /// Acting as an account.
    ImpersonateAccount,
    /// Binding Roles that one does not have.
    BindRole,
    /// Binding ClusterRoles that one does not have.
    BindClusterRole,
    /// Putting into Roles what one does not have.
    EscalateRole,
    /// Putting into ClusterRoles what one does not have.
    EscalateClusterRole,
    /// Creating RoleBindings.
    CreateRoleBinding,
    /// Changing RoleBindings.
    ChangeRoleBinding,
    /// Creating ClusterRoleBindings.
    CreateClusterRoleBinding,
    /// Changing ClusterRoleBindings.
    ChangeClusterRoleBinding,
    /// Changing Roles.
    ChangeRole,
    /// Creating ClusterRoles.
    CreateClusterRole,
    /// Changing ClusterRoles.
    ChangeClusterRole,
    /// Talking to kubelets, which run commands in every pod.
    NodeProxy,
    /// Asking for certificates.
    CreateRequest,
    /// Approving requests for certificates.
    ApproveRequest,
    /// Approving for a signer.
    ApproveSigner,
    /// Changing what every request for the API server is changed by.
    MutatingWebhook,
    /// Changing who sees every request for the API server.
    ValidatingWebhook,
    /// Creating volumes, of a node's disk for instance.
    CreateVolume,
    /// Claiming volumes.
    ClaimVolume,
    /// Changing what the scheduler believes of nodes.
    NodeStatus,
    /// Changing a Namespace, the Pod Security Standard it enforces included.
    ChangeNamespace,
    /// Creating and deleting Namespaces.
    MakeNamespace,
    /// Sending the traffic of a Service elsewhere.
    Redirect,
    /// Writing NetworkPolicies.
    NetworkPolicy,
    /// Writing ResourceQuotas.
    Quota,
    /// Writing LimitRanges.
    LimitRange,
    /// Writing PodDisruptionBudgets.
    Budget,
}

impl Power {
    /// The word that policies know it by.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether it exists for the cluster as a whole only, so that a RoleBinding never grants it.
    pub fn is_of_cluster(self) -> bool {
        matches!(
            self,
            Self::ImpersonateUser
                | Self::ImpersonateGroup
                | Self::EscalateClusterRole
                | Self::CreateClusterRoleBinding
                | Self::ChangeClusterRoleBinding
                | Self::CreateClusterRole
                | Self::ChangeClusterRole
                | Self::NodeProxy
                | Self::CreateRequest
                | Self::ApproveRequest
                | Self::ApproveSigner
                | Self::MutatingWebhook
                | Self::ValidatingWebhook
                | Self::CreateVolume
                | Self::NodeStatus
                | Self::MakeNamespace
        )
    }
}

/// One line of the table: a power, and any of these verbs on any of these resources that gives it.
struct Line(Power, &'static [&'static str], &'static str, &'static [&'static str]);

const CREATE: &[&str] = &["create"];
const CHANGE: &[&str] = &["update", "patch"];
const WRITE: &[&str] = &["create", "update", "patch"];
const ANY_WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

/// Of the sources: Kubernetes documentation, "Role Based Access Control Good Practices" (escalation risks), "Using RBAC
/// Authorization" (restrictions on role creation and binding), "Kubelet authentication/authorization".
const TABLE: &[Line] = &[
    Line(Power::CreateWorkload, CREATE, "", &["pods", "replicationcontrollers"]),
    Line(Power::CreateWorkload, CREATE, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"]),
    Line(Power::CreateWorkload, CREATE, "batch", &["jobs", "cronjobs"]),
    // The template of a Job cannot be changed.
    Line(Power::ChangeWorkload, CHANGE, "", &["replicationcontrollers"]),
    Line(Power::ChangeWorkload, CHANGE, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"]),
    Line(Power::ChangeWorkload, CHANGE, "batch", &["cronjobs"]),
    Line(Power::ChangePod, CHANGE, "", &["pods"]),
    Line(Power::Exec, CREATE, "", &["pods/exec"]),
    Line(Power::Attach, CREATE, "", &["pods/attach"]),
    Line(Power::Debug, CHANGE, "", &["pods/ephemeralcontainers"]),
    Line(Power::PortForward, CREATE, "", &["pods/portforward"]),
    Line(Power::Proxy, &["get", "create", "update", "patch", "delete"], "", &["pods/proxy", "services/proxy"]),
    Line(Power::Token, CREATE, "", &["serviceaccounts/token"]),
    Line(Power::GetSecret, &["get"], "", &["secrets"]),
    Line(Power::ListSecrets, &["list", "watch"], "", &["secrets"]),
    Line(Power::CreateSecret, CREATE, "", &["secrets"]),
    Line(Power::ImpersonateUser, &["impersonate"], "", &["users"]),
    Line(Power::ImpersonateGroup, &["impersonate"], "", &["groups"]),
    Line(Power::ImpersonateAccount, &["impersonate"], "", &["serviceaccounts"]),
    Line(Power::BindRole, &["bind"], RBAC, &["roles"]),
    Line(Power::BindClusterRole, &["bind"], RBAC, &["clusterroles"]),
    Line(Power::EscalateRole, &["escalate"], RBAC, &["roles"]),
    Line(Power::EscalateClusterRole, &["escalate"], RBAC, &["clusterroles"]),
    Line(Power::CreateRoleBinding, CREATE, RBAC, &["rolebindings"]),
    Line(Power::ChangeRoleBinding, CHANGE, RBAC, &["rolebindings"]),
    Line(Power::CreateClusterRoleBinding, CREATE, RBAC, &["clusterrolebindings"]),
    Line(Power::ChangeClusterRoleBinding, CHANGE, RBAC, &["clusterrolebindings"]),
    Line(Power::ChangeRole, CHANGE, RBAC, &["roles"]),
    Line(Power::CreateClusterRole, CREATE, RBAC, &["clusterroles"]),
    Line(Power::ChangeClusterRole, CHANGE, RBAC, &["clusterroles"]),
    // `get` runs commands, too: the kubelet's endpoints take WebSockets.
    Line(Power::NodeProxy, &["get", "create", "update", "patch", "delete"], "", &["nodes/proxy"]),
    Line(Power::CreateRequest, CREATE, CERTIFICATES, &["certificatesigningrequests"]),
    Line(Power::ApproveRequest, CHANGE, CERTIFICATES, &["certificatesigningrequests/approval"]),
    Line(Power::ApproveSigner, &["approve"], CERTIFICATES, &["signers"]),
    Line(Power::MutatingWebhook, WRITE, ADMISSION, &["mutatingwebhookconfigurations"]),
    Line(Power::ValidatingWebhook, WRITE, ADMISSION, &["validatingwebhookconfigurations"]),
    Line(Power::CreateVolume, CREATE, "", &["persistentvolumes"]),
    Line(Power::ClaimVolume, CREATE, "", &["persistentvolumeclaims"]),
    Line(Power::ClaimVolume, CREATE, "apps", &["statefulsets"]),
    Line(Power::NodeStatus, CHANGE, "", &["nodes/status"]),
    Line(Power::ChangeNamespace, CHANGE, "", &["namespaces"]),
    Line(Power::MakeNamespace, &["create", "delete"], "", &["namespaces"]),
    Line(Power::Redirect, CHANGE, "", &["services/status"]),
    Line(Power::Redirect, WRITE, "discovery.k8s.io", &["endpointslices"]),
    Line(Power::NetworkPolicy, ANY_WRITE, "networking.k8s.io", &["networkpolicies"]),
    Line(Power::Quota, ANY_WRITE, "", &["resourcequotas"]),
    Line(Power::LimitRange, ANY_WRITE, "", &["limitranges"]),
    Line(Power::Budget, ANY_WRITE, "policy", &["poddisruptionbudgets"]),
];

/// Until Kubernetes 1.35, `get` was enough for what is opened as a WebSocket (KEP-4006, "Synthetic RBAC CREATE
/// Authorization Check").
const UNTIL_1_34: &[Line] = &[
    Line(Power::Exec, &["get"], "", &["pods/exec"]),
    Line(Power::Attach, &["get"], "", &["pods/attach"]),
    Line(Power::PortForward, &["get"], "", &["pods/portforward"]),
];

/// A power that a rule grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// What it grants.
    pub power: Power,
    /// The verb that gives it.
    pub verb: &'static str,
    /// The group of the resource.
    pub group: &'static str,
    /// The resource that it is granted on.
    pub resource: &'static str,
    /// The position of the entry in the rule's `resources`.
    pub entry: usize,
    /// The position of the entry in the rule's `verbs`.
    pub verb_entry: usize,
}

/// Whether `get` opens a session in a pod in a version of Kubernetes.
pub fn get_opens(kubernetes: &str) -> bool {
    let minor = kubernetes.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor < 35)
}

/// The powers that a rule grants.
pub fn powers(rule: &Rule<'_>, get_opens: bool) -> Vec<Held> {
    let mut held = Vec::new();
    if rule.resources.is_empty() || rule.verbs.is_empty() {
        return held;
    }
    if rule.is_everything() {
        let entry = rule.resources.iter().position(|entry| *entry == "*").unwrap_or(0);
        let verb_entry = rule.verbs.iter().position(|entry| *entry == "*").unwrap_or(0);
        held.push(Held { power: Power::Everything, verb: "*", group: "*", resource: "*", entry, verb_entry });
    }
    let table = TABLE.iter().chain(if get_opens { UNTIL_1_34 } else { &[] });
    for Line(power, verbs, group, resources) in table {
        if !rule.group(group) {
            continue;
        }
        for resource in *resources {
            let Some(entry) = rule.resource(resource) else { continue };
            let granted =
                |verb: &&'static str| Some((*verb, rule.verb(verb).filter(|_| reaches(rule, verb, resource))?));
            let Some((verb, verb_entry)) = verbs.iter().find_map(granted) else { continue };
            if !held.iter().any(|known: &Held| known.power == *power && known.resource == *resource) {
                held.push(Held { power: *power, verb, group, resource, entry, verb_entry });
            }
        }
    }
    held
}

/// Whether a verb can be used at all where the rule names objects.
///
/// A request to create carries a name only as server-side apply, which needs `patch`; `deletecollection` never
/// carries one (Kubernetes documentation, "Using RBAC Authorization", "Referring to resources").
fn reaches(rule: &Rule<'_>, verb: &str, resource: &str) -> bool {
    match verb {
        _ if rule.names.is_empty() => true,
        // A subresource is created of an object that has a name.
        "create" => resource.contains('/') || rule.verb("patch").or(rule.verb("update")).is_some(),
        "deletecollection" => false,
        _ => true,
    }
}

/// Whether a rule changes anything at all: what people do in production that is more than looking.
pub fn writes(rule: &Rule<'_>) -> Option<&'static str> {
    const VERBS: [&str; 8] = ["create", "update", "patch", "delete", "deletecollection", "bind", "escalate", "approve"];
    /// Asking what one may do changes nothing; sessions in pods are another matter than changing objects.
    const HARMLESS: [&str; 11] = [
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "selfsubjectreviews",
        "subjectaccessreviews",
        "tokenreviews",
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/proxy",
        "services/proxy",
    ];
    let changed = || rule.resources.iter().filter(|resource| !HARMLESS.contains(resource));
    VERBS.into_iter().find(|verb| {
        !rule.groups.is_empty() && rule.verb(verb).is_some() && changed().any(|resource| reaches(rule, verb, resource))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<'a>(verbs: &[&'a str], group: &'a str, resources: &[&'a str], names: &[&'a str]) -> Rule<'a> {
        Rule {
            verbs: verbs.to_vec(),
            groups: vec![group],
            resources: resources.to_vec(),
            names: names.to_vec(),
            urls: vec![],
        }
    }

    fn names(rule: &Rule<'_>, get_opens: bool) -> Vec<String> {
        let mut names: Vec<_> = powers(rule, get_opens).iter().map(|held| held.power.name()).collect();
        names.dedup();
        names
    }

    #[test]
    fn powers_follow_the_verbs_and_resources() {
        assert_eq!(names(&rule(&["get", "list"], "", &["pods", "configmaps"], &[]), false), [""; 0]);
        assert_eq!(names(&rule(&["create"], "", &["pods"], &[]), false), ["create-workload"]);
        assert_eq!(names(&rule(&["create"], "", &["pods/*"], &[]), false), [""; 0]);
        assert_eq!(names(&rule(&["create"], "", &["*/exec"], &[]), false), ["exec"]);
        assert_eq!(names(&rule(&["get", "watch"], "", &["secrets"], &[]), false), ["get-secret", "list-secrets"]);
        assert_eq!(names(&rule(&["get"], "", &["nodes/proxy"], &[]), false), ["node-proxy"]);
        assert_eq!(names(&rule(&["update"], "batch", &["jobs"], &[]), false), [""; 0]);
        assert_eq!(names(&rule(&["*"], "rbac.authorization.k8s.io", &["roles"], &[]), false).len(), 3);
    }

    #[test]
    fn get_opened_sessions_until_1_35() {
        let rule = rule(&["get"], "", &["pods/exec"], &[]);
        assert_eq!(names(&rule, get_opens("1.34")), ["exec"]);
        assert_eq!(names(&rule, get_opens("1.35")), [""; 0]);
        assert!(!get_opens("") && !get_opens("nonsense"));
    }

    #[test]
    fn names_take_some_verbs_away() {
        assert_eq!(names(&rule(&["create"], "", &["secrets"], &["a"]), false), [""; 0]);
        assert_eq!(names(&rule(&["create", "patch"], "", &["secrets"], &["a"]), false), ["create-secret"]);
        assert_eq!(names(&rule(&["create"], "", &["serviceaccounts/token"], &["a"]), false), ["token"]);
        assert_eq!(names(&rule(&["deletecollection"], "", &["resourcequotas"], &["a"]), false), [""; 0]);
    }

    #[test]
    fn looking_is_not_writing() {
        assert_eq!(writes(&rule(&["get", "list"], "", &["pods"], &[])), None);
        assert_eq!(writes(&rule(&["create"], "", &["pods/exec", "pods/portforward"], &[])), None);
        assert_eq!(writes(&rule(&["get", "patch"], "apps", &["deployments"], &[])), Some("patch"));
        assert_eq!(writes(&rule(&["*"], "*", &["*"], &[])), Some("create"));
    }
}
