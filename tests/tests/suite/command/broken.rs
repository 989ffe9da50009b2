//! What a person sees of a workspace with everything wrong at once.

use super::workspace;
use crate::example::NOW;
use crate::run::plimsoll;

const RAW: &str = "apiVersion: v1
kind: Service
metadata: {name: cache, namespace: shop}
spec:
  selector: {app: cache}
  ports:
    - port: 6379
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.4
          env:
            - name: API_TOKEN
              value: 9f8e7d6c5b4a39281706f5e4d3c2b1a0
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
";

#[test]
fn the_report_of_a_broken_workspace() {
    let config = "version: 1
environments:
  staging: {manifests: [{path: \"raw/**\"}]}
  production: {values: [production.yaml], manifests: [{path: \"raw/**\"}]}
releases: [{name: cart, chart: charts/cart, namespace: shop}]
suppressions:
  - {policy: rbac/wildcard, object: shop/Role/gone, reason: was needed once, owner: shop, expires: 2026-05-31}
";
    let directory = workspace(&[
        ("plimsoll.yaml", config),
        ("raw/web.yaml", RAW),
        ("raw/kustomization.yaml", "resources: [web.yaml]\n"),
        (
            "charts/cart/templates/more.yaml.j2",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ values.memry }}\n",
        ),
    ]);
    let run = plimsoll(directory.path(), &["check", "--now", NOW, "--color", "never"]).ended(2);
    assert!(!run.stdout.contains("9f8e7d6c"), "a secret is shown");
    insta::assert_snapshot!("broken_workspace", run.stdout);
    assert_eq!(run.stderr, "");
}
