//! A dependency vendored as an archive, used twice under two names.

use std::io::Write as _;

use crate::example::{Texts, open, texts};

const TEMPLATE: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ release.name }}-{{ values.role }}
data:
  size: {{ values.size | quote }}
  site: {{ values.global.site | quote }}
";

const METADATA: (&str, &str) = ("store/Chart.yaml", "apiVersion: v2\nname: store\nversion: 1.2.0\n");

const ROLE: &str = r#"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: store}
rules:
  - {apiGroups: [""], resources: [pods], verbs: ["*"]}
"#;

/// A chart as it is packed into an archive.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

fn workspace(production: &str) -> Texts {
    let mut files = texts(&[
        (
            "plimsoll.yaml",
            "version: 1
environments:
  staging: {}
  production: {values: [production.yaml]}
releases: [{name: shop, chart: charts/shop, namespace: shop}]
",
        ),
        (
            "charts/shop/Chart.yaml",
            "apiVersion: v2
name: shop
version: 1.0.0
dependencies:
  - {name: store, version: ^1.0, alias: cache, condition: cache.enabled, repository: https://charts.example}
  - {name: store, version: ^1.0, alias: session, tags: [sessions], repository: https://charts.example}
",
        ),
        (
            "charts/shop/values.yaml",
            "global: {site: east}
cache: {enabled: true, role: cache, size: 2}
session: {role: session}
tags: {sessions: false}
",
        ),
        (
            "charts/shop/templates/own.yaml.j2",
            &TEMPLATE.replace("values.role", "'own'").replace("values.size", "values.cache.size"),
        ),
        ("production.yaml", production),
    ]);
    files.insert(
        "charts/shop/charts/store-1.2.0.tgz".to_owned(),
        packed(&[
            METADATA,
            ("store/values.yaml", "role: store\nsize: 1\n"),
            ("store/templates/settings.yaml.j2", TEMPLATE),
        ])
        .into(),
    );
    files
}

/// The ConfigMaps of an environment, as `name size site`.
fn settings(files: &Texts, environment: &str) -> Vec<String> {
    let rendered = open(files).render_all();
    assert!(rendered.errors().is_empty(), "{:#?}", rendered.errors());
    let environment = rendered.environments().iter().find(|found| found.name() == environment).unwrap();
    let mut settings: Vec<String> = environment
        .resources()
        .map(|resource| {
            let data = |key: &str| resource.node().str_at(&["data", key]).unwrap_or("-");
            format!("{} {} {}", resource.id.name, data("size"), data("site"))
        })
        .collect();
    settings.sort();
    settings
}

#[test]
fn an_alias_has_values_of_its_own_and_shares_what_is_global() {
    let files = workspace("{}");
    assert_eq!(settings(&files, "staging"), ["shop-cache 2 east", "shop-own 2 east"]);
}

#[test]
fn tags_and_conditions_are_read_after_every_layer() {
    let files = workspace("tags: {sessions: true}\ncache: {enabled: false}\nglobal: {site: west}\n");
    assert_eq!(settings(&files, "staging"), ["shop-cache 2 east", "shop-own 2 east"]);
    assert_eq!(settings(&files, "production"), ["shop-own 2 west", "shop-session 1 west"]);
}

#[test]
fn a_finding_in_an_archive_names_the_file_in_it() {
    let mut files = workspace("{}");
    let role = packed(&[METADATA, ("store/templates/role.yaml.j2", ROLE)]);
    files.insert("charts/shop/charts/store-1.2.0.tgz".to_owned(), role.into());
    assert_eq!(
        super::findings(&open(&files), &["rbac/wildcard"]),
        ["rbac/wildcard [staging, production] charts/shop/charts/store-1.2.0.tgz!store/templates/role.yaml.j2:5"]
    );
}
