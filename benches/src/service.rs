//! What one service of a workload says: its chart, its values, its values in production and DR.

use std::fmt::Write as _;

use super::{SERVICES_OF_A_TEAM, team};

/// A nightly job beside the service, with a ServiceAccount of its own.
pub(crate) const JOB: &str = r#"{% from "microservice/_names.yaml.j2" import common, image, service %}
{% from "microservice/_security.yaml.j2" import confined_container, confined_pod %}
{% set name = release.name ~ "-nightly" %}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ name }}
  namespace: {{ release.namespace }}
  labels:
    app.kubernetes.io/name: {{ name }}
    app.kubernetes.io/instance: {{ release.name }}
    {{ common }}
spec:
  schedule: {{ values.nightly.schedule | quote }}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        metadata:
          labels:
            app.kubernetes.io/name: {{ name }}
            app.kubernetes.io/instance: {{ release.name }}
            {{ common }}
        spec:
          serviceAccountName: {{ name }}
          automountServiceAccountToken: false
          restartPolicy: Never
          securityContext:
            runAsUser: {{ service.user }}
            runAsGroup: {{ service.user }}
            {{ confined_pod }}
          containers:
            - name: nightly
              image: {{ image(service.image) }}
              args: [nightly]
              resources: {{ values.nightly.resources }}
              securityContext: {{ confined_container }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ name }}
  namespace: {{ release.namespace }}
  labels:
    app.kubernetes.io/name: {{ name }}
    app.kubernetes.io/instance: {{ release.name }}
    {{ common }}
automountServiceAccountToken: false
"#;

pub(crate) fn name(service: usize) -> String {
    format!("service-{service:04}")
}

pub(crate) fn has_job(service: usize) -> bool {
    service % 4 == 2
}

pub(crate) fn chart(service: usize) -> String {
    format!(
        "apiVersion: v2\nname: {}\nversion: 1.{}.0\ntype: application\ndependencies:\n  - name: microservice\n    \
         version: \">=0.0.0-0\"\n    repository: file://../microservice\n",
        name(service),
        service % 17
    )
}

pub(crate) fn values(service: usize, services: usize) -> String {
    let mut text = String::from("microservice:\n");
    let (name, team) = (name(service), team(service));
    let _ = writeln!(text, "  team: {team}\n  partOf: product-{}", service / (3 * SERVICES_OF_A_TEAM));
    let _ = writeln!(text, "  image:\n    repository: registry.example/{team}/{name}");
    let _ = writeln!(text, "    tag: 2.{}.{}", service % 9, service % 31);
    let _ = writeln!(text, "    digest: sha256:{:064x}", service * 7919 + 13);
    peers(&mut text, service, services);
    if has_job(service) {
        let _ = writeln!(text, "  components:\n    nightly:\n      calls:\n        - {{service: {name}, port: 8080}}");
    }
    if service.is_multiple_of(3) {
        text.push_str("  rules:\n    - apiGroups: [\"\"]\n      resources: [configmaps]\n      verbs: [get, watch]\n");
    }
    text.push_str("  config:\n");
    for key in 0..4 + service % 11 {
        let _ = writeln!(text, "    SETTING_{key}: \"value {key} of {name}\"");
    }
    if service.is_multiple_of(2) {
        let _ = writeln!(text, "  secrets:\n    DATABASE_PASSWORD: {{secret: {name}-database, key: password}}");
    }
    let (cpu, memory) = (50 + 25 * (service % 8), 128 + 64 * (service % 5));
    let _ = writeln!(text, "  resources:\n    requests: {{cpu: {cpu}m, memory: {memory}Mi}}");
    let _ = writeln!(text, "    limits: {{memory: {memory}Mi}}");
    if has_job(service) {
        let minute = service % 60;
        let _ = writeln!(text, "nightly:\n  schedule: \"{minute} 2 * * *\"\n  resources:");
        text.push_str("    requests: {cpu: 200m, memory: 256Mi}\n    limits: {memory: 256Mi}\n");
    }
    text
}

/// Services form a tree: each calls the one at half its number, and lets in those that call it.
fn peers(text: &mut String, service: usize, services: usize) {
    text.push_str("  callers:\n    - {role: ingress, port: http}\n");
    for caller in [2 * service, 2 * service + 1].into_iter().filter(|at| *at < services && *at != service) {
        let _ = writeln!(text, "    - {{service: {}, namespace: {}, port: http}}", name(caller), team(caller));
    }
    if has_job(service) {
        let _ = writeln!(text, "    - {{service: {}-nightly, port: http}}", name(service));
    }
    if service > 0 {
        let called = service / 2;
        let _ =
            writeln!(text, "  calls:\n    - {{service: {}, namespace: {}, port: 8080}}", name(called), team(called));
    }
}

pub(crate) fn production(service: usize) -> String {
    let (minimum, maximum) = (2 + service % 4, 6 + service % 9);
    let (cpu, memory) = (200 + 50 * (service % 8), 256 + 128 * (service % 5));
    format!(
        "microservice:\n  autoscaling: {{min: {minimum}, max: {maximum}}}\n  resources:\n    \
         requests: {{cpu: {cpu}m, memory: {memory}Mi}}\n    limits: {{memory: {memory}Mi}}\n"
    )
}

pub(crate) fn recovery() -> String {
    "microservice:\n  config:\n    SITE: west\n".to_owned()
}
