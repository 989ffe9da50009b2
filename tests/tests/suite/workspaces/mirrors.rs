//! Environments that mirror each other: what is missing is found, what could not be rendered is not missing.

use plimsoll::{Linter, Policies};

use crate::example::{open, texts};

fn missing_in_dr(dr_values: &str, template: &str) -> (Vec<String>, usize) {
    let workspace = open(&texts(&[
        (
            "plimsoll.yaml",
            "version: 1\nenvironments:\n  production: {values: [production.yaml]}\n  \
             dr: {mirrors: production, values: [dr.yaml]}\nreleases:\n  - {name: shop, chart: charts/shop}\n  \
             - {name: drill, chart: charts/drill, only: [dr]}\n",
        ),
        ("production.yaml", "cache: true\nname: a\n"),
        ("dr.yaml", dr_values),
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("charts/shop/templates/a.yaml.j2", template),
        ("charts/drill/Chart.yaml", "apiVersion: v2\nname: drill\nversion: 1.0.0\n"),
        ("charts/drill/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: drill}\n"),
    ]));
    let linter = Linter::new(Policies::builtin().unwrap()).select(&["parity/"]).unwrap();
    let report = linter.check(&workspace.render_all());
    let names = report.findings().iter().map(|finding| finding.resource.as_ref().unwrap().name.to_string());
    (names.collect(), report.errors().len())
}

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {name: {{ values.name }}}\n---\n\
                        {% if values.cache %}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n{% endif %}\n";

#[test]
fn what_is_missing_is_found_once() {
    assert_eq!(missing_in_dr("cache: true\nname: b\n", TEMPLATE), (vec![], 0));
    assert_eq!(missing_in_dr("cache: false\nname: b\n", TEMPLATE), (vec!["cache".to_owned()], 0));
}

#[test]
fn what_could_not_be_rendered_is_an_error_and_not_missing() {
    assert_eq!(missing_in_dr("cache: false\n", TEMPLATE), (vec![], 1));
    assert_eq!(missing_in_dr("cache: false\nname: \"} {\"\n", TEMPLATE), (vec![], 1));
}
