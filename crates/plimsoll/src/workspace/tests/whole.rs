//! Every key of the workspace format at once.

use super::*;

pub(super) const EVERYTHING: &str = r#"version: 1
values: [globals.yaml]
clusters:
  live: {pools: [{name: workers, nodes: {min: 2, max: 2}, allocatable: {cpu: 900m, memory: 700Mi},
                  zones: [a, b], labels: {disk: ssd}, taints: [{key: gpu, effect: NoSchedule}]}]}
environments:
  staging:    {tier: staging, cluster: live, kubernetes: "1.34", values: ["environments/{environment}.yaml"]}
  production: {tier: production, cluster: prod, vars: {site: east}, values: ["sites/{site}.yaml?"],
               manifests: [{path: "raw/{environment}/**", namespace: shop}]}
  dr:
    tier: dr
    cluster: dr
    extends: production
    mirrors: production
    site: {foreign: ["**.east.example", "s3://shop-east/**"]}
releases:
  - each: services/*/
    name: "{folder}"
    chart: charts/microservice
    namespace: {default: "{folder}", staging: "{folder}-stg"}
    team: checkout
    values: ["services/{folder}/values.yaml", "values/{release}/{environment}.yaml?",
             {file: "image-tags/{environment}/{release}", pick: {image_tag: image.tag}}]
  - each: {file: "apps/values-{environment}.yaml", at: applications}
    name: "{item.name}"
    chart: charts/generic-app
    namespace: apps
    values: [{item: helmValues}]
  - {name: drill, chart: charts/restore-drill, namespace: backup, only: [dr]}
external:
  - environments: [production, dr]
    bootstrapRoles: true
    manifests: ["cluster-facts/{environment}/*.yaml?"]
    namespaces: {ingress: {labels: {component: ingress-controllers}}}
    provides: {ingressClasses: [nginx], storageClasses: [gp3], apis: [metrics.k8s.io/v1beta1]}
    complete: [namespaces]
identities: {groups: {"github:platform": {class: platform}, "github:checkout": {class: human, team: checkout}}}
align: {namespaces: "{prefix}-{environment}"}
trust: [{match: ["registry.example/**"], authorities: [{key: trust/release.pub}]}]
policies:
  paths: [policies-of-ours]
  severity: {images/not-pinned: {staging: info}, rbac/wildcard: off, network/open-egress: {default: info, dr: error}}
  params: {images/registry-not-allowed: {registries: [a, b], limit: {default: 1, production: 2}, shape: {any: 1}}}
  engine: interpreter
suppressions:
  - {policy: network/open-egress, object: shop/Deployment/payments, reason: "card network by IP",
     owner: payments, expires: 2027-03-31}
  - {policy: a/b, object: ClusterRole/x, reason: r, owner: o, expires: "2027-03-31", container: c,
     pointer: /rules, environments: [dr]}
"#;

fn everything() -> Workspace {
    open(&[
        ("plimsoll.yaml", EVERYTHING),
        ("globals.yaml", ""),
        ("environments/staging.yaml", ""),
        ("sites/east.yaml", ""),
        ("raw/production/x.yaml", ""),
        ("charts/microservice/Chart.yaml", ""),
        ("charts/generic-app/Chart.yaml", ""),
        ("charts/restore-drill/Chart.yaml", ""),
        ("services/cart/values.yaml", ""),
        ("values/cart/dr.yaml", ""),
        ("image-tags/staging/cart", ""),
        ("image-tags/production/cart", ""),
        ("apps/values-staging.yaml", "applications: []"),
        ("apps/values-production.yaml", "applications: [{name: a, helmValues: {}}]"),
        ("cluster-facts/dr/nodes.yaml", ""),
    ])
}

#[test]
fn every_key_is_accepted_and_typed() {
    let workspace = everything();
    assert_eq!(errors(&workspace), Vec::<String>::new());
    let config = workspace.config();
    let pool = &config.clusters["live"].pools[0];
    assert_eq!((pool.min, pool.max, &*pool.allocatable.of("memory").to_string()), (2, 2, "700Mi"));
    assert_eq!((pool.zones.len(), pool.labels["disk"].as_str(), pool.taints[0].effect), (2, "ssd", "NoSchedule"));
    assert_eq!(config.identities.groups["github:checkout"].class, Class::Human);
    assert_eq!(config.identities.groups["github:checkout"].team.as_ref().unwrap().as_str(), "checkout");
    assert_eq!(config.trust.len(), 1);
    assert_eq!(config.policies.engine, Some(Engine::Interpreter));
    let severity = |id: &str, environment, tier| config.policies.severity[id].of(environment, tier);
    assert_eq!(severity("images/not-pinned", "staging", Tier::Staging), Some("info"));
    assert_eq!(severity("images/not-pinned", "qa", Tier::Staging), Some("info"), "by tier");
    assert_eq!(severity("images/not-pinned", "dr", Tier::Dr), None);
    assert_eq!(severity("rbac/wildcard", "dr", Tier::Dr), Some("off"));
    assert_eq!(severity("network/open-egress", "production", Tier::Production), Some("info"));
    let params = &config.policies.params["images/registry-not-allowed"].values;
    assert_eq!(params["registries"].of("dr", Tier::Dr).unwrap().items().len(), 2);
    assert_eq!(params["limit"].of("production", Tier::Production).unwrap().as_int(), Some(2));
    assert_eq!(params["limit"].of("dr", Tier::Dr).unwrap().as_int(), Some(1));
    assert!(params["shape"].of("dr", Tier::Dr).unwrap().get("any").is_some());
    let suppression = &config.suppressions[1];
    assert_eq!(config.location(config.suppressions[0].mark).line, Some(46));
    assert_eq!(suppression.expires.to_string(), "2027-03-31");
    assert!(suppression.holds_in("dr") && !suppression.holds_in("staging"));
}

#[test]
fn the_plan_of_everything() {
    let workspace = everything();
    assert_eq!(
        releases(&workspace, "dr"),
        [
            "cart/cart charts/microservice: workspace globals.yaml, release services/cart/values.yaml, \
         release values/cart/dr.yaml, release image-tags/production/cart[image_tag>image.tag], \
         environment sites/east.yaml",
            "apps/a charts/generic-app: workspace globals.yaml, \
         release apps/values-production.yaml#/applications/0/helmValues, environment sites/east.yaml",
            "backup/drill charts/restore-drill: workspace globals.yaml, environment sites/east.yaml",
        ]
    );
    let external = &workspace.plan().environment("dr").unwrap().external;
    assert!(external.bootstrap_roles && external.is_complete("Namespace") && !external.is_complete("Secret"));
    assert_eq!(external.namespaces["ingress"]["component"], "ingress-controllers");
    assert!(external.provides.apis.contains("metrics.k8s.io/v1beta1"));
    assert_eq!(external.manifests.len(), 1);
    let align = &workspace.plan().align;
    assert_eq!(align.logical("staging", "cart-stg"), "cart");
    assert_eq!(align.logical("production", "db-production"), align.logical("dr", "db-dr"));
    // Two clusters are named without being declared: no error, since silence is for what is not declared.
    assert_eq!(workspace.plan().notes.len(), 2);
}

#[test]
fn the_command_line_version_of_kubernetes_wins() {
    let options = OpenOptions { kubernetes: Some("v1.35.1".into()), ..OpenOptions::default() };
    let files = [("plimsoll.yaml", "version: 1\nenvironments: {dr: {kubernetes: '1.33'}}")];
    let workspace = open_with(&files, &options).unwrap();
    assert_eq!(&*workspace.plan().environments[0].environment.kubernetes, "1.35");
    let options = OpenOptions { kubernetes: Some("1.99".into()), ..OpenOptions::default() };
    assert_eq!(open_with(&files, &options).unwrap_err().kind(), ErrorKind::Argument);
}
