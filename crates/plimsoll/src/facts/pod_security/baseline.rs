//! The controls of the level baseline (Kubernetes documentation, "Pod Security Standards", "Baseline").

use super::{Breach, Breaches, Holder, Pod, by_control, confines, profile_type, set, subject};
use crate::facts::workload::Container;
use crate::yaml::Node;

/// What containers get by default, less NET_RAW.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Types that confine a container, each with the minor version that first allowed it
/// (`container_engine_t`: kubernetes/kubernetes#126165).
const SELINUX_TYPES: [(&str, u32); 4] =
    [("container_t", 0), ("container_init_t", 0), ("container_kvm_t", 0), ("container_engine_t", 31)];

/// Sysctls that are namespaced and reach no other pod, each with the minor version that first allowed it
/// (`tcp_rmem` and `tcp_wmem`: kubernetes/kubernetes#127489).
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

/// The annotation of AppArmor before it had fields, with the name of a container behind it.
const APPARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn breaches(pod: &Pod<'_>) -> Breaches {
    by_control([
        ("added-capability", added_capabilities(pod)),
        ("apparmor-profile", apparmor_profiles(pod)),
        ("host-namespace", host_namespaces(pod)),
        ("host-path-volume", host_path_volumes(pod)),
        ("host-port", host_ports(pod)),
        ("host-probe", host_probes(pod)),
        ("host-process", host_processes(pod)),
        ("privileged-container", privileged_containers(pod)),
        ("proc-mount", proc_mounts(pod)),
        ("seccomp-profile", seccomp_profiles(pod)),
        ("selinux-options", selinux_options(pod)),
        ("unsafe-sysctl", unsafe_sysctls(pod)),
    ])
}

/// Whether a capability may be added at this level.
pub(super) fn may_be_added(capability: &str) -> bool {
    CAPABILITIES.contains(&capability)
}

/// The capabilities that a container adds, as written.
pub(super) fn added(holder: &Holder<'_>) -> Vec<String> {
    let added = holder.get(&["capabilities", "add"]).map(Node::items).unwrap_or_default();
    added.iter().filter_map(|capability| capability.as_str().map(str::to_owned)).collect()
}

/// What each container that unmasks `/proc` says.
pub(super) fn unmasked(pod: &Pod<'_>) -> Vec<Breach> {
    let unmasked = |container| {
        let holder = Holder::of(container);
        let mount = holder.get(&["procMount"])?.as_str().filter(|mount| !matches!(*mount, "" | "Default"))?;
        Some(holder.breach("procMount", vec![mount.to_owned()]))
    };
    pod.containers().filter_map(unmasked).collect()
}

fn added_capabilities(pod: &Pod<'_>) -> Vec<Breach> {
    let refused = |container| {
        let holder = Holder::of(container);
        let added = added(&holder);
        let first = added.iter().position(|capability| !may_be_added(capability))?;
        let values = added.into_iter().filter(|capability| !may_be_added(capability)).collect();
        Some(holder.breach(&format!("capabilities/add/{first}"), values))
    };
    pod.containers().filter_map(refused).collect()
}

/// The fields are of 1.30. An older cluster drops them, and an older version of the standards counts them all the
/// same (KEP-2579, "Versioning": of a new field the default and what is stricter).
fn apparmor_profiles(pod: &Pod<'_>) -> Vec<Breach> {
    let of_holder = |holder: Holder<'_>| {
        let kind = profile_type(&holder, "appArmorProfile").filter(|kind| !confines(kind))?;
        Some(holder.breach("appArmorProfile/type", vec![kind.to_owned()]))
    };
    let mut breaches: Vec<Breach> = pod.holders().filter_map(of_holder).collect();
    let mut path: Vec<&str> = pod.workload.pointer.split('/').skip(1).collect();
    path.extend(["metadata", "annotations"]);
    let annotations = pod.workload.resource.node().at(&path).map(Node::entries).unwrap_or_default();
    for annotation in annotations {
        let Some(name) = annotation.key.strip_prefix(APPARMOR_ANNOTATION) else { continue };
        let profile = annotation.value.as_str().unwrap_or_default();
        if profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/") {
            continue;
        }
        breaches.push(Breach {
            path: format!(
                "{}/metadata/annotations/{}",
                pod.workload.pointer,
                annotation.key.replace('~', "~0").replace('/', "~1")
            ),
            subject: subject(pod.containers().find(|container| container.name == name)),
            values: vec![profile.to_owned()],
            ..Breach::default()
        });
    }
    breaches
}

fn host_namespaces(pod: &Pod<'_>) -> Vec<Breach> {
    let shared = |field: &&str| pod.spec().get(field).and_then(Node::as_bool) == Some(true);
    let breach = |field| pod.breach(field, vec![str::to_owned(field)]);
    ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(shared).map(breach).collect()
}

fn host_path_volumes(pod: &Pod<'_>) -> Vec<Breach> {
    let volumes = pod.spec().get("volumes").map(Node::items).unwrap_or_default().iter().enumerate();
    let of_volume = |(at, volume): (usize, &Node)| {
        let host_path = set(volume.get("hostPath"))?;
        let values = [volume.str_at(&["name"]), host_path.str_at(&["path"])];
        let values = values.map(|value| value.unwrap_or_default().to_owned()).into();
        Some(pod.breach(&format!("volumes/{at}/hostPath"), values))
    };
    volumes.filter_map(of_volume).collect()
}

fn host_ports(pod: &Pod<'_>) -> Vec<Breach> {
    let taken = |container: &Container<'_>| {
        let ports = container.spec.get("ports").map(Node::items).unwrap_or_default().iter().enumerate();
        let mut taken = ports.filter_map(|(index, port)| {
            let number = port.get("hostPort").and_then(Node::as_int).filter(|number| *number != 0)?;
            Some((index, number.to_string()))
        });
        let (first, port) = taken.next()?;
        let path = format!("{}/ports/{first}/hostPort", container.pointer);
        let values = std::iter::once(port).chain(taken.map(|(_, port)| port)).collect();
        Some(Breach { path, subject: subject(Some(container)), values, ..Breach::default() })
    };
    pod.containers().filter_map(taken).collect()
}

/// Since 1.34 (KEP-4940); `tcpSocket` of a hook never did anything and counts all the same.
fn host_probes(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.minor < 34 {
        return Vec::new();
    }
    let handlers: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let of_container = |container: &Container<'_>| {
        let hosts = handlers.iter().flat_map(|handler| {
            ["httpGet", "tcpSocket"].into_iter().filter_map(move |action| {
                let host = container.spec.at(handler)?.str_at(&[action, "host"]).filter(|host| !host.is_empty())?;
                Some((format!("{}/{action}/host", handler.join("/")), host.to_owned()))
            })
        });
        let (paths, mut values): (Vec<String>, Vec<String>) = hosts.unzip();
        let path = format!("{}/{}", container.pointer, paths.first()?);
        values.sort();
        values.dedup();
        Some(Breach { path, subject: subject(Some(container)), values, ..Breach::default() })
    };
    pod.lasting().filter_map(of_container).collect()
}

/// Whatever the operating system that the pod names (KEP-2579, "Windows Host Process").
fn host_processes(pod: &Pod<'_>) -> Vec<Breach> {
    let of_holder = |holder: Holder<'_>| {
        let is_process = holder.get(&["windowsOptions", "hostProcess"])?.as_bool()?;
        is_process.then(|| holder.breach("windowsOptions/hostProcess", Vec::new()))
    };
    pod.holders().filter_map(of_holder).collect()
}

fn privileged_containers(pod: &Pod<'_>) -> Vec<Breach> {
    let privileged = |container| {
        let holder = Holder::of(container);
        holder.get(&["privileged"])?.as_bool()?.then(|| holder.breach("privileged", Vec::new()))
    };
    pod.containers().filter_map(privileged).collect()
}

fn proc_mounts(pod: &Pod<'_>) -> Vec<Breach> {
    if pod.own_users { Vec::new() } else { unmasked(pod) }
}

fn seccomp_profiles(pod: &Pod<'_>) -> Vec<Breach> {
    let of_holder = |holder: Holder<'_>| {
        let kind = profile_type(&holder, "seccompProfile").filter(|kind| !confines(kind))?;
        Some(holder.breach("seccompProfile/type", vec![kind.to_owned()]))
    };
    pod.holders().filter_map(of_holder).collect()
}

fn selinux_options(pod: &Pod<'_>) -> Vec<Breach> {
    let allowed = |kind: &str| SELINUX_TYPES.iter().any(|(name, since)| *name == kind && pod.minor >= *since);
    let of_holder = |holder: Holder<'_>| {
        let option = |name: &'static str| {
            let value = holder.get(&["seLinuxOptions", name])?.as_str().filter(|value| !value.is_empty())?;
            Some((name, value))
        };
        let kind = option("type").filter(|(_, kind)| !allowed(kind));
        let refused: Vec<_> = [kind, option("user"), option("role")].into_iter().flatten().collect();
        let (first, _) = refused.first()?;
        let values = refused.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Some(holder.breach(&format!("seLinuxOptions/{first}"), values))
    };
    pod.holders().filter_map(of_holder).collect()
}

fn unsafe_sysctls(pod: &Pod<'_>) -> Vec<Breach> {
    let safe = |name: &str| SYSCTLS.iter().any(|(safe, since)| *safe == name && pod.minor >= *since);
    let sysctls = pod.context(&["sysctls"]).map(Node::items).unwrap_or_default().iter().enumerate();
    let of_sysctl = |(at, sysctl): (usize, &Node)| {
        let name = sysctl.str_at(&["name"]).filter(|name| !safe(name))?;
        Some(pod.breach(&format!("securityContext/sysctls/{at}/name"), vec![name.to_owned()]))
    };
    sysctls.filter_map(of_sysctl).collect()
}
