//! The order of the layers, proved key by key.

use plimsoll::Workspace;
use plimsoll::rendered::Overrides;
use plimsoll::values::SetKind;

use crate::example::{open, texts};

/// The layers, lowest first.
const LAYERS: [&str; 11] = [
    "chart",
    "workspace",
    "release-1",
    "release-2",
    "extended",
    "environment-1",
    "environment-2",
    "release-environment",
    "file-1",
    "file-2",
    "set",
];

/// A layer that sets the keys of itself and of all layers above: each of those must take its own back.
fn layer(name: &str) -> String {
    let at = LAYERS.iter().position(|layer| *layer == name).unwrap();
    LAYERS[at..].iter().map(|key| format!("{key}: {name}\n")).collect::<Vec<_>>().concat()
}

fn workspace() -> Workspace {
    let config = "version: 1
values: [workspace.yaml]
environments:
  production: {values: [\"extended.yaml\"]}
  dr: {extends: production, values: [\"environment-1.yaml\", \"environment-2.yaml\"]}
releases:
  - name: shop
    chart: charts/shop
    values: [release-1.yaml, release-2.yaml]
    environments: {dr: {values: [release-environment.yaml]}}
";
    let template = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: layers}}\ndata:\n{}",
        LAYERS.iter().map(|key| format!("  {key}: {{{{ values[{key:?}] }}}}\n")).collect::<Vec<_>>().concat()
    );
    let files: Vec<(String, String)> = LAYERS[1..8].iter().map(|name| (format!("{name}.yaml"), layer(name))).collect();
    let chart = layer("chart");
    let mut all = vec![
        ("plimsoll.yaml", config),
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("charts/shop/values.yaml", &chart),
        ("charts/shop/templates/layers.yaml.j2", &template),
    ];
    all.extend(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    open(&texts(&all))
}

/// What each key ended as.
fn rendered(overrides: &Overrides) -> Vec<String> {
    let rendered = workspace().render(&["dr"], overrides).unwrap();
    assert!(rendered.errors().is_empty(), "{:#?}", rendered.errors());
    let resource = rendered.environments()[0].resources().next().unwrap();
    LAYERS.iter().map(|key| resource.node().str_at(&["data", key]).unwrap_or("nothing").to_owned()).collect()
}

#[test]
fn each_layer_wins_over_the_ones_below_it() {
    let mut overrides = Overrides::default();
    overrides.file("file-1.yaml", &layer("file-1")).unwrap();
    overrides.file("file-2.yaml", &layer("file-2")).unwrap();
    overrides.set(SetKind::Typed, "set=set").unwrap();
    assert_eq!(rendered(&overrides), LAYERS);
}

#[test]
fn without_the_callers_layers_the_workspaces_highest_wins() {
    let mut expected = LAYERS;
    expected[8..].fill("release-environment");
    assert_eq!(rendered(&Overrides::default()), expected);
}

#[test]
fn a_later_set_wins_whatever_the_files_say() {
    let mut overrides = Overrides::default();
    overrides.set(SetKind::Typed, "chart=first,set=first").unwrap();
    overrides.set(SetKind::String, "set=last").unwrap();
    overrides.file("file-1.yaml", "chart: file\nset: file\n").unwrap();
    let rendered = rendered(&overrides);
    assert_eq!((rendered[0].as_str(), rendered[10].as_str()), ("first", "last"));
}

#[test]
fn lists_merge_by_key_only_where_asked() {
    let names = |merge: &str| {
        let config = format!(
            "version: 1\n{merge}environments:\n  production: {{values: [production.yaml]}}\nreleases:\n  \
             - {{name: shop, chart: charts/shop}}\n"
        );
        let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lists}\ndata:\n  env: {{ values.env | toJson | quote }}\n";
        let workspace = open(&texts(&[
            ("plimsoll.yaml", config.as_str()),
            ("production.yaml", "env: [{name: B, value: high}, {name: C}]\n"),
            ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
            ("charts/shop/values.yaml", "env: [{name: A}, {name: B, value: low, extra: kept}]\n"),
            ("charts/shop/templates/lists.yaml.j2", template),
        ]));
        let rendered = workspace.render_all();
        assert!(rendered.errors().is_empty(), "{:#?}", rendered.errors());
        let resource = rendered.environments()[0].resources().next().unwrap();
        resource.node().str_at(&["data", "env"]).unwrap().to_owned()
    };
    assert_eq!(names(""), r#"[{"name":"B","value":"high"},{"name":"C"}]"#);
    let merged = r#"[{"name":"A"},{"name":"B","value":"high","extra":"kept"},{"name":"C"}]"#;
    assert_eq!(names("mergeLists: {env: name}\n"), merged);
}
