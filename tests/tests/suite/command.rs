//! The command as people and pipelines use it: exit codes, flags, formats, files.

mod broken;
mod check;
mod network;
mod policies;
mod rbac;
mod render;

use std::path::Path;

use tempfile::TempDir;

use crate::example;

/// A workspace of one chart, with a finding of each severity and an environment of its own for some.
const FILES: [(&str, &str); 5] = [
    (
        "plimsoll.yaml",
        "version: 1
environments:
  staging: {}
  production: {values: [production.yaml]}
releases: [{name: cart, chart: charts/cart, namespace: shop}]
suppressions:
  - policy: network/open-egress
    object: shop/NetworkPolicy/cart
    reason: card network by IP
    owner: payments
    expires: 2027-03-31
",
    ),
    ("production.yaml", "verbs: ['*']\n"),
    ("charts/cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n"),
    ("charts/cart/values.yaml", "verbs: [get]\ncidr: 0.0.0.0/0\nmemory: 128Mi\n"),
    ("charts/cart/templates/objects.yaml.j2", OBJECTS),
];

const OBJECTS: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ release.name }}}
rules:
  - apiGroups: ['']
    resources: [pods]
    verbs: {{ values.verbs }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: {{ release.name }}}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: {{ values.cidr }}, except: [169.254.0.0/16]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: {{ release.name }}}
spec:
  limits:
    - type: Container
      default: {memory: {{ values.memory }}}
";

/// The workspace on disk, with some files different.
fn workspace(different: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut files = example::texts(&FILES);
    files.extend(example::texts(different));
    example::write(directory.path(), &files);
    directory
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
