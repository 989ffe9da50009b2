//! Input without `plimsoll.yaml`.

use super::*;

fn environments(workspace: &Workspace) -> Vec<String> {
    let plans = &workspace.plan().environments;
    plans.iter().map(|plan| format!("{} {}", plan.environment.name, plan.environment.tier)).collect()
}

#[test]
fn a_charts_values_files_name_its_environments() {
    let workspace = open(&[
        ("Chart.yaml", "name: cart\nversion: 1.0.0"),
        ("values.yaml", ""),
        ("values-canary.yaml", ""),
        ("values-prod.yaml", ""),
        ("values.uat.yaml", ""),
        ("environments/dr.yaml", ""),
        ("templates/x.yaml.j2", ""),
    ]);
    assert_eq!(environments(&workspace), ["uat staging", "prod production", "dr dr"]);
    assert_eq!(releases(&workspace, "prod"), ["default/cart : release-environment values-prod.yaml"]);
    assert_eq!(workspace.plan().environment("dr").unwrap().environment.mirrors, None);
}

#[test]
fn a_chart_without_known_names_is_one_environment() {
    let files = [("Chart.yaml", "name: cart"), ("values-canary.yaml", ""), ("values-production-eu.yaml", "")];
    assert_eq!(environments(&open(&files)), ["default production"]);
    let options = OpenOptions {
        environments: vec!["blue".into(), "staging".into()],
        namespace: Some("shop".into()),
        ..OpenOptions::default()
    };
    let workspace = open_with(&files, &options).unwrap();
    assert_eq!(environments(&workspace), ["blue production", "staging staging"]);
    assert_eq!(releases(&workspace, "blue"), ["shop/cart : "]);
    let options = OpenOptions { tier: Some(Tier::Dr), ..OpenOptions::default() };
    assert_eq!(environments(&open_with(&files, &options).unwrap()), ["default dr"]);
}

#[test]
fn folders_that_all_end_in_known_names_are_environments() {
    let workspace = open(&[
        ("cart-dev/a.yaml", ""),
        ("cart-dev/deep/b.yaml", ""),
        ("cart-prod/a.yaml", ""),
        ("shared.yaml", ""),
        ("LICENSE", ""),
        (".github/workflow.yaml", ""),
    ]);
    assert_eq!(environments(&workspace), ["dev staging", "prod production"]);
    assert_eq!(manifests(&workspace, "dev"), ["shared.yaml", "cart-dev/a.yaml", "cart-dev/deep/b.yaml"]);
    let align = &workspace.plan().align;
    assert_eq!(align.logical("dev", "cart-dev"), align.logical("prod", "cart-prod"));
    assert_ne!(align.logical("dev", "cart"), align.logical("dev", "cart-dev"));
}

#[test]
fn otherwise_a_directory_is_one_environment() {
    let workspace = open(&[("cart-dev/a.yaml", ""), ("docs/a.yaml", ""), ("b.json", "")]);
    assert_eq!(environments(&workspace), ["default production"]);
    assert_eq!(manifests(&workspace, "default"), ["b.json", "cart-dev/a.yaml", "docs/a.yaml"]);
    assert_eq!(workspace.plan().align.logical("default", "cart-dev"), "cart-dev");
}

#[test]
fn a_directory_of_charts_is_a_release_each() {
    let workspace = open(&[
        ("cart/Chart.yaml", "name: app"),
        ("cart/values-prod.yaml", ""),
        ("cart/charts/sub/Chart.yaml", "name: sub"),
        ("orders/Chart.yaml", "name: app"),
        ("base/Chart.yaml", "name: base\ntype: library"),
        ("raw.yaml", ""),
    ]);
    assert_eq!(environments(&workspace), ["prod production"]);
    assert_eq!(
        releases(&workspace, "prod"),
        ["default/app cart: release-environment cart/values-prod.yaml", "default/orders orders: ",]
    );
    assert_eq!(manifests(&workspace, "prod"), ["raw.yaml"]);
    assert_eq!(workspace.plan().notes.len(), 1);
}

#[test]
fn standard_input_is_a_named_file() {
    let workspace = Workspace::from_manifests("<stdin>", b"kind: X".to_vec(), &OpenOptions::default()).unwrap();
    let plan = &workspace.plan().environments[0];
    assert_eq!((&*plan.manifests[0].file, plan.manifests[0].origin), ("<stdin>", Origin::Named));
    assert_eq!(&*workspace.files().read("<stdin>").unwrap(), b"kind: X");
}

#[test]
fn nothing_to_check_is_an_error() {
    assert_eq!(errors(&open(&[("README.md", "")])), ["there is nothing to check here"]);
}
