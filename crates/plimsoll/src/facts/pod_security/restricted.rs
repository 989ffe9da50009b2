//! The controls of the level restricted (Kubernetes documentation, "Pod Security Standards", "Restricted").
//!
//! Restricted is everything of baseline and this. What baseline already says of a field is not said again.

use super::{Breach, Breaches, Holder, Pod, baseline, by_control, profile_type, set};
use crate::yaml::Node;

/// The types of volumes that are allowed. `image` is not in the documentation's table: every version of the
/// standards allows it, in clusters that have it (kubernetes/kubernetes#130394).
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(super) fn breaches(pod: &Pod<'_>) -> Breaches {
    by_control([
        ("capabilities", capabilities(pod)),
        ("may-run-as-root", may_run_as_root(pod)),
        ("no-seccomp-profile", no_seccomp_profile(pod)),
        ("privilege-escalation", privilege_escalation(pod)),
        ("proc-mount", proc_mounts(pod)),
        ("root-user", root_users(pod)),
        ("volume-type", volume_types(pod)),
    ])
}

/// Linux only ("OS-specific policy controls").
fn capabilities(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.windows {
        return Vec::new();
    }
    let of_container = |container| {
        let holder = Holder::of(container);
        let dropped = holder.get(&["capabilities", "drop"]).map(Node::items).unwrap_or_default();
        let missing = !dropped.iter().any(|capability| capability.as_str() == Some("ALL"));
        let added = baseline::added(&holder);
        let refused = |capability: &&String| *capability != "NET_BIND_SERVICE" && baseline::may_be_added(capability);
        let first = added.iter().position(|capability| refused(&capability));
        let values = added.iter().filter(refused).cloned().collect();
        match first {
            _ if missing => Some(Breach { missing, ..holder.breach("capabilities/drop", values) }),
            Some(first) => Some(holder.breach(&format!("capabilities/add/{first}"), values)),
            None => None,
        }
    };
    pod.containers().filter_map(of_container).collect()
}

/// Required of every container, unless the pod requires it; a pod or container that says `false` is refused
/// whatever the others say.
fn may_run_as_root(pod: &Pod<'_>) -> Vec<Breach> {
    const FIELD: &str = "runAsNonRoot";
    if pod.own_users {
        return Vec::new();
    }
    let said = |holder: &Holder<'_>| holder.get(&[FIELD]).and_then(Node::as_bool);
    let denied = pod.holders().filter(|holder| said(holder) == Some(false));
    let mut breaches: Vec<Breach> = denied.map(|holder| holder.breach(FIELD, Vec::new())).collect();
    breaches.extend(lacking(pod, FIELD, |holder| said(holder).is_some()));
    breaches
}

/// Required of every container, unless the pod sets one. Linux only ("OS-specific policy controls").
fn no_seccomp_profile(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.windows {
        return Vec::new();
    }
    // One that is set and does not confine is for baseline to say, also for those that inherit it.
    lacking(pod, "seccompProfile", |holder| profile_type(holder, "seccompProfile").is_some())
}

/// The holders that lack what the pod may set for all of its containers.
///
/// Where nobody sets it, that is one breach of the pod: one line is missing.
fn lacking(pod: &Pod<'_>, field: &str, has: impl Fn(&Holder<'_>) -> bool) -> Vec<Breach> {
    let mut holders = pod.holders();
    let Some(whole) = holders.next().filter(|whole| !has(whole)) else { return Vec::new() };
    let containers: Vec<Holder<'_>> = holders.collect();
    let lacking: Vec<&Holder<'_>> = containers.iter().filter(|holder| !has(holder)).collect();
    if !lacking.is_empty() && lacking.len() == containers.len() {
        return vec![whole.missing(field)];
    }
    lacking.into_iter().map(|holder| holder.missing(field)).collect()
}

/// Linux only ("OS-specific policy controls").
fn privilege_escalation(pod: &Pod<'_>) -> Vec<Breach> {
    const FIELD: &str = "allowPrivilegeEscalation";
    if pod.windows {
        return Vec::new();
    }
    let of_container = |container| {
        let holder = Holder::of(container);
        match holder.get(&[FIELD]) {
            None => Some(holder.missing(FIELD)),
            Some(node) if node.as_bool() == Some(false) => None,
            Some(_) => Some(holder.breach(FIELD, Vec::new())),
        }
    };
    pod.containers().filter_map(of_container).collect()
}

/// Where baseline leaves `procMount` alone, restricted does not (kubernetes/kubernetes#132157).
fn proc_mounts(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.own_users { baseline::unmasked(pod) } else { Vec::new() }
}

fn root_users(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.own_users {
        return Vec::new();
    }
    let of_holder = |holder: Holder<'_>| {
        let root = holder.get(&["runAsUser"])?.as_int()? == 0;
        root.then(|| holder.breach("runAsUser", Vec::new()))
    };
    pod.holders().filter_map(of_holder).collect()
}

/// A volume without any source is an empty directory. `hostPath` is for baseline to say.
fn volume_types(pod: &Pod<'_>) -> Vec<Breach> {
    let volumes = pod.spec().get("volumes").map(Node::items).unwrap_or_default().iter().enumerate();
    let of_volume = |(at, volume): (usize, &Node)| {
        let sources =
            volume.entries().iter().filter(|entry| &*entry.key != "name" && set(Some(&entry.value)).is_some());
        let mut refused = sources.filter(|entry| &*entry.key != "hostPath" && !VOLUMES.contains(&&*entry.key));
        let kind = refused.next()?.key.to_string();
        let values = vec![volume.str_at(&["name"]).unwrap_or_default().to_owned(), kind.clone()];
        let kind = kind.replace('~', "~0").replace('/', "~1");
        Some(pod.breach(&format!("volumes/{at}/{kind}"), values))
    };
    volumes.filter_map(of_volume).collect()
}
