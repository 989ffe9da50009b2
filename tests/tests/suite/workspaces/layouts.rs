//! Three ways in which repositories are laid out.

use super::{findings, objects};
use crate::example::{open, texts};

/// What all three render: one container, whose image is named by a tag alone where `digest` is empty.
const TEMPLATE: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ release.name }}
  namespace: {{ release.namespace }}
spec:
  replicas: {{ values.replicas }}
  selector:
    matchLabels: {app: {{ release.name }}}
  template:
    metadata:
      labels: {app: {{ release.name }}}
    spec:
      containers:
        - name: app
          image: {{ values.image }}
";

const DIGEST: &str = "sha256:53fff83e14d9e80828bd0f9b706eb23bcd10b3fa2474bda7a45488c37ce695a4";

#[test]
fn a_chart_per_service_with_its_values_beside_it() {
    let metadata = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    let pinned = |name: &str| format!("replicas: 1\nimage: registry.example/{name}:1@{DIGEST}\n");
    let workspace = open(&texts(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  staging: {}
  production: {}
  dr: {extends: production, mirrors: production}
releases:
  - each: services/*/
    name: \"{folder}\"
    chart: \"{path}\"
    namespace: {default: \"{folder}\", staging: \"{folder}-stg\"}
    values: [\"{path}/values-{environment}.yaml?\"]
",
        ),
        ("services/cart/Chart.yaml", &metadata("cart")),
        ("services/cart/values.yaml", &pinned("cart")),
        ("services/cart/values-production.yaml", "replicas: 3\nimage: registry.example/cart:1.4\n"),
        ("services/cart/templates/deployment.yaml.j2", TEMPLATE),
        ("services/orders/Chart.yaml", &metadata("orders")),
        ("services/orders/values.yaml", &pinned("orders")),
        ("services/orders/values-staging.yaml", "replicas: 2\n"),
        ("services/orders/templates/deployment.yaml.j2", TEMPLATE),
    ]));
    assert_eq!(
        objects(&workspace),
        [
            "staging: Deployment cart-stg/cart",
            "staging: Deployment orders-stg/orders",
            "production: Deployment cart/cart",
            "production: Deployment orders/orders",
            "dr: Deployment cart/cart",
            "dr: Deployment orders/orders",
        ]
    );
    assert_eq!(
        findings(&workspace, &["images/"]),
        // The second site has no values file of its own and takes the one of the site it extends.
        ["images/not-pinned [production, dr] services/cart/templates/deployment.yaml.j2:16"],
    );
}

#[test]
fn one_chart_for_the_applications_listed_by_each_environment() {
    let workspace = open(&texts(&[
        (
            "plimsoll.yaml",
            "version: 1
environments: {staging: {}, production: {}}
releases:
  - each: {file: \"apps/values-{environment}.yaml\", at: applications}
    name: \"{item.name}\"
    chart: charts/generic-app
    namespace: apps
    values: [{item: helmValues}]
",
        ),
        ("charts/generic-app/Chart.yaml", "apiVersion: v2\nname: generic-app\nversion: 1.0.0\n"),
        ("charts/generic-app/values.yaml", "replicas: 1\nimage: \"\"\n"),
        ("charts/generic-app/templates/deployment.yaml.j2", TEMPLATE),
        (
            "apps/values-staging.yaml",
            "applications:\n- name: web\n  helmValues: {image: registry.example/web:latest}\n",
        ),
        (
            "apps/values-production.yaml",
            &format!(
                "applications:
- name: web
  helmValues: {{image: registry.example/web:2@{DIGEST}, replicas: 4}}
- name: mail
  helmValues: {{image: registry.example/mail:7}}
"
            ),
        ),
    ]));
    assert_eq!(
        objects(&workspace),
        ["staging: Deployment apps/web", "production: Deployment apps/web", "production: Deployment apps/mail"]
    );
    assert_eq!(
        findings(&workspace, &["images/"]),
        [
            "images/mutable-tag [staging] charts/generic-app/templates/deployment.yaml.j2:16",
            "images/not-pinned [production] charts/generic-app/templates/deployment.yaml.j2:16",
        ],
    );
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: \"registry.example/web:1\", ports: [{name: http, containerPort: 8080}]}
";

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: tools}
rules:
  - {apiGroups: [\"\"], resources: [pods], verbs: [\"*\"]}
";

fn service(port: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports:
    - port: 80
      targetPort: {port}
"
    )
}

#[test]
fn a_tree_of_plain_manifests_for_each_environment() {
    let workspace = open(&texts(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  staging: {manifests: [{path: \"raw/{environment}/**\", namespace: shop-staging}]}
  production: {manifests: [{path: \"raw/{environment}/**\", namespace: shop-production}]}
align: {namespaces: \"{prefix}-{environment}\"}
",
        ),
        ("raw/staging/web/service.yaml", &service("http")),
        ("raw/staging/web/deployment.yaml", DEPLOYMENT),
        ("raw/staging/kustomization.yaml", "resources: [web]\n"),
        ("raw/production/web/service.yaml", &service("https")),
        ("raw/production/web/deployment.yaml", DEPLOYMENT),
        ("raw/production/role.yaml", ROLE),
    ]));
    assert_eq!(
        objects(&workspace),
        [
            "staging: Deployment shop-staging/web",
            "staging: Service shop-staging/web",
            "production: Role tools/web",
            "production: Deployment shop-production/web",
            "production: Service shop-production/web",
        ]
    );
    assert_eq!(
        findings(&workspace, &["network/service-unresolved", "rbac/wildcard", "images/"]),
        [
            "rbac/wildcard [production] raw/production/role.yaml:5",
            "network/service-unresolved [production] raw/production/web/service.yaml:8",
            "images/not-pinned [staging, production] raw/staging/web/deployment.yaml:10",
        ],
    );
}

/// What a release brings goes by its own namespace, wherever others are moved.
#[test]
fn a_release_that_moves_takes_no_other_with_it() {
    let chart = "apiVersion: v2\nname: app\nversion: 1.0.0\n";
    let settings = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n\
                    metadata: {name: settings, namespace: {{ release.namespace }}}\n\
                    rules: [{apiGroups: [apps], resources: [deployments], verbs: [\"*\"]}]\n";
    let workspace = open(&texts(&[
        (
            "plimsoll.yaml",
            "version: 1
environments: {staging: {}, production: {}, dr: {extends: production, mirrors: production}}
releases:
  - {name: cart, chart: app, namespace: shop}
  - {name: web, chart: app, namespace: {default: shop, staging: shop-stg}}
  - {name: one, chart: settings, namespace: shop, only: [staging]}
  - {name: two, chart: settings, namespace: {default: shop, staging: shop-stg}, only: [staging]}
",
        ),
        ("app/Chart.yaml", chart),
        ("app/values.yaml", "replicas: 1\nimage: registry.example/app:1\n"),
        ("app/templates/deployment.yaml.j2", TEMPLATE),
        ("settings/Chart.yaml", chart),
        ("settings/templates/role.yaml.j2", settings),
    ]));
    let linter = plimsoll::Linter::for_workspace(&workspace).unwrap();
    let linter = linter.select(&["images/not-pinned", "rbac/wildcard", "parity/"]).unwrap();
    let report = linter.check(&workspace.render_all());
    let line = |finding: &plimsoll::finding::Finding| {
        let resource = finding.resource.as_ref().unwrap();
        format!("{} {} [{}]", finding.policy, resource.name, finding.environments.join(", "))
    };
    assert_eq!(
        report.findings().iter().map(line).collect::<Vec<_>>(),
        [
            "images/not-pinned cart [staging, production, dr]",
            "images/not-pinned web [staging, production, dr]",
            // Two objects of staging stay two, although both would be one in production.
            "rbac/wildcard settings [staging]",
            "rbac/wildcard settings [staging]",
        ]
    );
}
