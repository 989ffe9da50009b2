//! Layouts of real repositories, described without moving a file.

use super::*;

#[test]
fn a_chart_per_service_with_values_files_beside_it() {
    let workspace = open(&[
        (
            "plimsoll.yaml",
            "version: 1
values: [globals.yaml]
environments:
  staging: {values: ['env/{environment}.yaml']}
  production: {values: ['env/{environment}.yaml'], vars: {site: east}}
releases:
- each: services/*/
  name: '{folder}'
  chart: services/{folder}/chart
  namespace: {default: '{folder}', staging: '{folder}-stg'}
  team: checkout
  values: ['services/{folder}/values.yaml', 'services/{folder}/values-{environment}.yaml?', {file: 'tags/{environment}/{release}', pick: {image_tag: image.tag}}]
  environments:
    production: {values: ['services/{folder}/peak.yaml?']}
",
        ),
        ("globals.yaml", ""),
        ("env/staging.yaml", ""),
        ("env/production.yaml", ""),
        ("services/cart/chart/Chart.yaml", ""),
        ("services/cart/values.yaml", ""),
        ("services/cart/values-production.yaml", ""),
        ("services/cart/peak.yaml", ""),
        ("services/orders/chart/Chart.yaml", ""),
        ("services/orders/values.yaml", ""),
        ("tags/staging/cart", ""),
        ("tags/staging/orders", ""),
        ("tags/production/cart", ""),
        ("tags/production/orders", ""),
    ]);
    assert_eq!(errors(&workspace), Vec::<String>::new());
    assert_eq!(
        releases(&workspace, "staging"),
        [
            "cart-stg/cart services/cart/chart: workspace globals.yaml, release services/cart/values.yaml, \
         release tags/staging/cart[image_tag>image.tag], environment env/staging.yaml",
            "orders-stg/orders services/orders/chart: workspace globals.yaml, release services/orders/values.yaml, \
         release tags/staging/orders[image_tag>image.tag], environment env/staging.yaml",
        ]
    );
    assert_eq!(
        releases(&workspace, "production"),
        [
            "cart/cart services/cart/chart: workspace globals.yaml, release services/cart/values.yaml, \
         release services/cart/values-production.yaml, release tags/production/cart[image_tag>image.tag], \
         environment env/production.yaml, release-environment services/cart/peak.yaml",
            "orders/orders services/orders/chart: workspace globals.yaml, release services/orders/values.yaml, \
         release tags/production/orders[image_tag>image.tag], environment env/production.yaml",
        ]
    );
    let plan = workspace.plan();
    let cart = |environment: &str| plan.environment(environment).unwrap().releases[0].clone();
    assert_eq!(cart("staging").logical_namespace, cart("production").logical_namespace);
    assert_eq!(cart("staging").team.as_deref(), Some("checkout"));
    assert_eq!(cart("staging").location.unwrap().to_string(), "plimsoll.yaml:7:3");
    let globals = |environment| plan.environment(environment).unwrap().releases[1].layers[0].clone();
    assert!(Arc::ptr_eq(&globals("staging"), &globals("production")), "equal layers are one allocation");
}

#[test]
fn one_chart_for_applications_listed_in_each_environments_values() {
    let config = "version: 1
environments: {staging: {}, production: {}, dr: {extends: production}}
releases:
- each: {file: 'apps/values-{environment}.yaml', at: platform.applications}
  name: '{item.name}'
  chart: charts/generic-app
  namespace: '{item.namespace}'
  team: '{item.team}'
  values: ['apps/values-{environment}.yaml', {item: helmValues}]
- each: {file: jobs.yaml}
  name: 'job-{key}'
  chart: charts/generic-app
  values: [{item: values}]
";
    let staging = "platform:
  applications:
  - {name: a, namespace: x, team: t, helmValues: {replicas: 1}}
  - {name: b, namespace: z}
";
    let production = "platform: {applications: [{name: a, namespace: x, helmValues: {}}]}";
    let workspace = open(&[
        ("plimsoll.yaml", config),
        ("apps/values-staging.yaml", staging),
        ("apps/values-production.yaml", production),
        ("jobs.yaml", "nightly: {values: {a: 1}}\nweekly/2: {values: {a: 2}}\nodd: {values: {}}"),
        ("charts/generic-app/Chart.yaml", ""),
    ]);
    assert_eq!(errors(&workspace), ["plimsoll.yaml:11:9: `job-weekly/2` is no name for a release"]);
    let jobs = [
        "default/job-nightly charts/generic-app: release jobs.yaml#/nightly/values",
        "default/job-odd charts/generic-app: release jobs.yaml#/odd/values",
    ];
    assert_eq!(
        releases(&workspace, "staging"),
        [
            "x/a charts/generic-app: release apps/values-staging.yaml, \
         release apps/values-staging.yaml#/platform/applications/0/helmValues",
            "z/b charts/generic-app: release apps/values-staging.yaml",
            jobs[0],
            jobs[1],
        ]
    );
    let first = "x/a charts/generic-app: release apps/values-production.yaml, \
                 release apps/values-production.yaml#/platform/applications/0/helmValues";
    assert_eq!(releases(&workspace, "dr"), [first, jobs[0], jobs[1]], "dr has no list of its own");
    let plan = workspace.plan().environment("staging").unwrap();
    assert_eq!(plan.releases[0].team.as_deref(), Some("t"));
    assert_eq!(plan.releases[1].team, None);
    assert_eq!(plan.releases[1].item.as_ref().unwrap().to_string(), "apps/values-staging.yaml:4:5");
}

#[test]
fn plain_manifests_per_environment() {
    let workspace = open(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  staging: {manifests: ['raw/{environment}']}
  production: {manifests: [{path: 'raw/{environment}/**', namespace: shop}, raw/extra.yaml]}
external:
- {environments: [production], manifests: ['facts/{environment}/*.yaml']}
",
        ),
        ("raw/staging/b/a.yaml", ""),
        ("raw/staging/a.json", ""),
        ("raw/staging/notes.txt", ""),
        ("raw/production/x.yml", ""),
        ("raw/production/chart/Chart.yaml", ""),
        ("raw/production/chart/templates/x.yaml", ""),
        ("raw/extra.yaml", ""),
        ("facts/production/nodes.yaml", ""),
    ]);
    assert_eq!(errors(&workspace), Vec::<String>::new());
    assert_eq!(manifests(&workspace, "staging"), ["raw/staging/a.json", "raw/staging/b/a.yaml"]);
    let production = workspace.plan().environment("production").unwrap();
    let (shop, extra) = (&production.manifests[0], &production.manifests[1]);
    assert_eq!(
        (&*shop.file, shop.namespace.as_deref(), shop.origin),
        ("raw/production/x.yml", Some("shop"), Origin::Scanned)
    );
    assert_eq!((&*extra.file, extra.namespace.as_deref(), extra.origin), ("raw/extra.yaml", None, Origin::Named));
    assert_eq!(&*production.external.manifests[0].file, "facts/production/nodes.yaml");
    assert!(production.external.declared && !workspace.plan().environment("staging").unwrap().external.declared);
    assert_eq!(workspace.plan().notes.len(), 1, "{:?}", workspace.plan().notes);
}

#[test]
fn an_extended_environments_values_come_first_within_each_layer() {
    let workspace = open(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  production: {vars: {site: east, ring: a}, kubernetes: '1.33', values: ['sites/{site}.yaml', 'env/{environment}.yaml?']}
  dr: {extends: production, mirrors: production, vars: {site: west}, values: ['sites/{site}.yaml', 'env/{environment}.yaml?']}
releases:
- name: cart
  chart: {default: charts/a, production: charts/b}
  values: ['v/{environment}.yaml', 'r/{ring}.yaml']
  environments:
    production: {values: [peak.yaml], namespace: shop}
    dr: {values: [small.yaml]}
- {name: gone, chart: charts/a, environments: {production: {enabled: false}}}
- {name: back, chart: charts/a, environments: {production: {enabled: false}, dr: {enabled: true}}}
- {name: not, chart: charts/a, except: [dr]}
",
        ),
        ("charts/a/Chart.yaml", ""),
        ("charts/b/Chart.yaml", ""),
        ("sites/east.yaml", ""),
        ("sites/west.yaml", ""),
        ("env/dr.yaml", ""),
        ("v/production.yaml", ""),
        ("r/a.yaml", ""),
        ("peak.yaml", ""),
        ("small.yaml", ""),
    ]);
    assert_eq!(
        errors(&workspace),
        ["plimsoll.yaml:3:95: `env/{environment}.yaml` is there in no environment and no release"]
    );
    assert_eq!(
        releases(&workspace, "dr"),
        [
            "shop/cart charts/b: release v/production.yaml, release r/a.yaml, environment sites/east.yaml, \
         environment sites/west.yaml, environment env/dr.yaml, release-environment peak.yaml, \
         release-environment small.yaml",
            "default/back charts/a: environment sites/east.yaml, environment sites/west.yaml, environment env/dr.yaml",
        ]
    );
    assert_eq!(releases(&workspace, "production").len(), 2);
    let dr = &workspace.plan().environment("dr").unwrap().environment;
    assert_eq!((&*dr.kubernetes, dr.vars["ring"].as_str(), dr.vars["site"].as_str()), ("1.33", "a", "west"));
    assert_eq!((dr.extends.as_deref(), dr.mirrors.as_deref()), (Some("production"), Some("production")));
}

#[test]
fn globs_for_files_mean_their_folders() {
    let workspace = open(&[
        (
            "plimsoll.yaml",
            "version: 1
environments: {production: {}}
releases:
- {each: 'teams/*/*/Chart.yaml', name: '{folder}', chart: '{path}', namespace: '{chart}'}
",
        ),
        ("teams/b/orders/Chart.yaml", ""),
        ("teams/a/cart/Chart.yaml", ""),
        ("teams/a/README/x", ""),
    ]);
    assert_eq!(errors(&workspace), Vec::<String>::new());
    assert_eq!(releases(&workspace, "production"), ["cart/cart teams/a/cart: ", "orders/orders teams/b/orders: "]);
}
