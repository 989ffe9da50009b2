//! Each control at its edges: the versions that change it, who is asked, and what is no pod at all.

use std::sync::Arc;

use super::*;
use crate::facts::namespace::{Namespace, Source};
use crate::facts::selector::Labels;
use crate::facts::tests::workload_of;

const POD: &str = "/spec/template/spec";

fn security(pod: &str, kubernetes: &str, labels: &[(&str, &str)]) -> Option<PodSecurity> {
    let indented = format!("      {}\n", pod.replace('\n', "\n      "));
    let resource = workload_of(&indented);
    let workload = Workload::of(0, &resource)?;
    let labels: Labels = labels.iter().copied().collect();
    let namespaces = [(Arc::from("shop"), Namespace { labels, source: Source::External })].into();
    let declared = Declared { kubernetes: kubernetes.into(), ..Declared::default() };
    of_workload(&workload, &namespaces, &declared)
}

/// The breaches as `control path`, the path below the pod.
fn breaches(pod: &str, kubernetes: &str) -> Vec<String> {
    let security = security(pod, kubernetes, &[]).unwrap_or_default();
    let all = security.baseline.iter().chain(&security.restricted);
    all.flat_map(|(control, breaches)| breaches.iter().map(move |breach| (control, breach)))
        .map(|(control, breach)| format!("{control} {}", breach.path.strip_prefix(POD).unwrap_or(&breach.path)))
        .collect()
}

/// The breaches of a pod that says all that the level restricted asks for, and this.
fn also(pod: &str, container: &str, kubernetes: &str) -> Vec<String> {
    breaches(
        &format!(
            "{pod}\ncontainers:\n- name: app\n  securityContext:\n    runAsNonRoot: true\n    allowPrivilegeEscalation: false\n    \
             seccompProfile: {{type: RuntimeDefault}}\n    capabilities: {{drop: [ALL]}}\n{container}"
        ),
        kubernetes,
    )
}

#[test]
fn nothing_is_said_of_a_pod_that_does_all_that_is_asked() {
    assert_eq!(also("", "", "1.37"), [""; 0]);
    assert_eq!(also("", "", "1.25"), [""; 0]);
}

#[test]
fn every_sort_of_container_is_asked() {
    let containers = "initContainers: [{name: a}, {name: b, restartPolicy: Always}]\ncontainers: [{name: c}]\n\
                      ephemeralContainers: [{name: d, securityContext: {privileged: true}}]";
    let found = security(containers, "1.37", &[]).unwrap();
    let subjects = |breaches: &[Breach]| breaches.iter().map(|breach| breach.subject.clone()).collect::<Vec<_>>();
    assert_eq!(subjects(&found.baseline["privileged-container"]), ["ephemeral container `d`"]);
    let all = ["init container `a`", "sidecar `b`", "container `c`", "ephemeral container `d`"];
    assert_eq!(subjects(&found.restricted["capabilities"]), all);
    assert_eq!(subjects(&found.restricted["may-run-as-root"]), ["the pod"]);
}

#[test]
fn what_versions_change() {
    let sysctl = |name: &str, kubernetes: &str| {
        also(&format!("securityContext: {{sysctls: [{{name: {name}, value: x}}]}}"), "", kubernetes).len()
    };
    for (name, since) in [
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_rmem", 32),
    ] {
        assert_eq!((sysctl(name, &format!("1.{}", since - 1)), sysctl(name, &format!("1.{since}"))), (1, 0), "{name}");
    }
    assert_eq!(sysctl("net.ipv4.tcp_syncookies", "1.25"), 0);
    assert_eq!(sysctl("kernel.sem", "1.37"), 1);

    let engine = "securityContext: {seLinuxOptions: {type: container_engine_t}}";
    assert_eq!(also(engine, "", "1.30"), ["selinux-options /securityContext/seLinuxOptions/type"]);
    assert_eq!(also(engine, "", "1.31"), [""; 0]);

    let probe = "  livenessProbe: {httpGet: {host: 127.0.0.1, port: 80}}";
    assert_eq!(also("", probe, "1.33"), [""; 0]);
    assert_eq!(also("", probe, "1.34"), ["host-probe /containers/0/livenessProbe/httpGet/host"]);
    assert_eq!(also("", &probe.replace("127.0.0.1", "\"\""), "1.34"), [""; 0]);

    let users = |own: bool, kubernetes: &str| {
        let container = "    procMount: Unmasked\n    runAsUser: 0";
        also(&format!("hostUsers: {own}\nsecurityContext: {{runAsNonRoot: false}}"), container, kubernetes)
    };
    let all = [
        "proc-mount /containers/0/securityContext/procMount",
        "may-run-as-root /securityContext/runAsNonRoot",
        "root-user /containers/0/securityContext/runAsUser",
    ];
    assert_eq!(users(true, "1.37"), all);
    assert_eq!(users(false, "1.34"), all);
    assert_eq!(users(false, "1.35"), all[..1]);
    let levels = |kubernetes| {
        let found = security(
            "hostUsers: false\ncontainers: [{name: a, securityContext: {procMount: Unmasked}}]",
            kubernetes,
            &[],
        );
        let found = found.unwrap();
        (found.baseline.contains_key("proc-mount"), found.restricted.contains_key("proc-mount"))
    };
    assert_eq!((levels("1.34"), levels("1.35")), ((true, false), (false, true)));
}

#[test]
fn windows_is_spared_what_linux_has() {
    let pod = |os: &str| breaches(&format!("os: {{name: {os}}}\ncontainers: [{{name: a}}]"), "1.25");
    assert_eq!(pod("windows"), ["may-run-as-root /securityContext/runAsNonRoot"]);
    assert_eq!(pod("linux").len(), 4);
    // Whatever system that is, it is not Windows.
    assert_eq!(pod("plan9").len(), 4);
    assert_eq!(pod("[windows]").len(), 4);
}

#[test]
fn a_line_that_the_pod_may_say_is_missed_once_or_by_the_container() {
    let run_as = |pod: &str, first: &str, second: &str| {
        let text = format!(
            "securityContext: {{{pod}}}\ncontainers: [{{name: a, securityContext: {{{first}}}}}, {{name: b, securityContext: {{{second}}}}}]"
        );
        let found = breaches(&text, "1.37");
        found.iter().filter_map(|breach| breach.strip_prefix("may-run-as-root ").map(str::to_owned)).collect::<Vec<_>>()
    };
    let (yes, no) = ("runAsNonRoot: true", "runAsNonRoot: false");
    let at = |container: usize| format!("/containers/{container}/securityContext/runAsNonRoot");
    assert_eq!(run_as("", "", ""), ["/securityContext/runAsNonRoot"]);
    assert_eq!(run_as(yes, "", ""), [""; 0]);
    assert_eq!(run_as("", yes, ""), [at(1)]);
    assert_eq!(run_as("", yes, yes), [""; 0]);
    assert_eq!(run_as("", yes, no), [at(1)]);
    assert_eq!(run_as(yes, "", no), [at(1)]);
    assert_eq!(run_as(no, yes, yes), ["/securityContext/runAsNonRoot"]);
    assert_eq!(run_as(no, "", ""), ["/securityContext/runAsNonRoot"]);
}

#[test]
fn what_baseline_says_is_not_said_again() {
    let controls = |pod: &str, container: &str| also(pod, container, "1.37");
    assert_eq!(controls("volumes: [{name: a, hostPath: {path: /}}]", ""), ["host-path-volume /volumes/0/hostPath"]);
    let volumes = "volumes: [{name: a, nfs: {server: x}}, {name: b}, {name: c, image: {}}, {name: d, rbd: null}]";
    assert_eq!(controls(volumes, ""), ["volume-type /volumes/0/nfs"]);
    let added = |add: &str| {
        breaches(
            &format!(
                "securityContext: {{runAsNonRoot: true, seccompProfile: {{type: Unconfined}}}}\ncontainers: [{{name: a, \
                  securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL], add: {add}}}}}}}]"
            ),
            "1.37",
        )
    };
    let seccomp = "seccomp-profile /securityContext/seccompProfile/type";
    let at = "/containers/0/securityContext/capabilities/add";
    assert_eq!(added("[NET_BIND_SERVICE]"), [seccomp]);
    assert_eq!(added("[CHOWN]"), [seccomp.to_owned(), format!("capabilities {at}/0")]);
    assert_eq!(added("[NET_BIND_SERVICE, SYS_ADMIN]"), [format!("added-capability {at}/1"), seccomp.to_owned()]);
}

#[test]
fn a_namespace_that_enforces_the_level_refuses() {
    let pod = "hostNetwork: true\ncontainers: [{name: a}]";
    let refused = |labels: &[(&str, &str)]| {
        let found = security(pod, "1.37", labels).unwrap();
        let refused = |breaches: &Breaches| {
            let mut all = breaches.values().flatten();
            assert!(all.clone().all(|breach| breach.refused != breach.witness.is_empty()));
            all.all(|breach| breach.refused)
        };
        (refused(&found.baseline), refused(&found.restricted))
    };
    assert_eq!(refused(&[]), (false, false));
    assert_eq!(refused(&[(ENFORCE, "privileged")]), (false, false));
    assert_eq!(refused(&[(ENFORCE, "baseline")]), (true, false));
    assert_eq!(refused(&[(ENFORCE, "restricted")]), (true, true));
    assert_eq!(refused(&[("pod-security.kubernetes.io/warn", "restricted")]), (false, false));
    let found = security(pod, "1.37", &[(ENFORCE, "baseline")]).unwrap();
    let witness = "Namespace `shop` has the label `pod-security.kubernetes.io/enforce: baseline`";
    assert_eq!(found.baseline["host-namespace"][0].witness, [witness]);
}

#[test]
fn an_older_version_that_the_namespace_pins_counts() {
    let probe = "containers: [{name: a, livenessProbe: {tcpSocket: {host: x, port: 1}}}]";
    let labels = |version| [(ENFORCE, "baseline"), ("pod-security.kubernetes.io/enforce-version", version)];
    let found = |version, kubernetes| security(probe, kubernetes, &labels(version)).unwrap().baseline.len();
    assert_eq!(
        (found("v1.33", "1.37"), found("v1.34", "1.37"), found("latest", "1.37"), found("v1.37", "1.33")),
        (0, 1, 1, 0)
    );
}

#[test]
fn apparmor_in_annotations_of_the_pod() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    \
                container.apparmor.security.beta.kubernetes.io/app: PROFILE\n    other/app: unconfined\nspec:\n  \
                containers: [{name: app}]\n";
    let found = |profile: &str| {
        let resource = crate::facts::tests::resources(&text.replace("PROFILE", profile), None).remove(0);
        let workload = Workload::of(0, &resource).unwrap();
        let security = of_workload(&workload, &Namespaces::new(), &Declared::default()).unwrap();
        security.baseline.get("apparmor-profile").cloned()
    };
    let breach = found("unconfined").unwrap().remove(0);
    assert_eq!(breach.path, "/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1app");
    assert_eq!(breach.subject, "container `app`");
    for fine in ["runtime/default", "localhost/x", "\"\""] {
        assert_eq!(found(fine), None, "{fine}");
    }
}

#[test]
fn nonsense_is_no_reason_to_stop() {
    for pod in [
        "containers:",
        "containers: 3",
        "containers: [3, null, []]",
        "securityContext: 3",
        "securityContext: [a]\ncontainers: [{name: 7, securityContext: text}]",
        "containers: [{securityContext: {capabilities: [ALL], privileged: yes please, runAsUser: root, procMount: {}}}]",
        "containers: [{securityContext: {capabilities: {add: {a: b}, drop: ALL}}}]",
        "containers: [{ports: 80, livenessProbe: [x], lifecycle: {preStop: 1}}]",
        "volumes: {a: b}\nhostNetwork: maybe\nhostUsers: never\nos: windows",
        "volumes: [1, {name: [x], \"a/b~c\": {}}]",
        "securityContext: {sysctls: [1, {name: 2}], seLinuxOptions: x, windowsOptions: [], seccompProfile: RuntimeDefault}",
    ] {
        for kubernetes in ["1.25", "1.37", "", "latest"] {
            let found = security(pod, kubernetes, &[(ENFORCE, "restricted")]).unwrap_or_default();
            let all = found.baseline.values().chain(found.restricted.values()).flatten();
            assert!(all.clone().all(|breach| breach.path.starts_with(POD) && !breach.subject.is_empty()), "{pod}");
        }
    }
    // What is not `false` does not forbid, whatever it is.
    let said = "containers: [{name: a, securityContext: {allowPrivilegeEscalation: \"false\"}}]";
    assert!(breaches(said, "1.37").iter().any(|breach| breach.starts_with("privilege-escalation")));
}
