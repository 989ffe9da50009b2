//! Merging, `--set` and scoping, as Helm does them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::chart::Chart;

fn tree(yaml: &str) -> Node {
    parse(&"t.yaml".into(), yaml).unwrap()
}

fn merged(layers: &[&str], options: &MergeOptions) -> Values {
    let mut values = Values::new();
    for (at, layer) in layers.iter().enumerate() {
        values.merge(Layer::file(LayerKind::File, format!("{at}.yaml")), &tree(layer), options);
    }
    values
}

fn user(layers: &[&str]) -> Values {
    merged(layers, &MergeOptions::default())
}

fn chart(entries: &[(&str, &str)]) -> Arc<Chart> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (path, text) in entries {
        all.push(((*path).to_owned(), text.as_bytes().to_vec()));
        // Every directory with values is a chart unless it says what it is.
        let Some(directory) = path.strip_suffix("/values.yaml") else { continue };
        let meta = format!("{directory}/Chart.yaml");
        if !entries.iter().any(|(path, _)| *path == meta) {
            let name = directory.rsplit('/').next().unwrap();
            all.push((meta, format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n").into_bytes()));
        }
    }
    Chart::load(&Files::memory(all), "p").unwrap()
}

fn place(values: &Values, path: &[&str]) -> String {
    let origin = values.origin(path).unwrap();
    format!("{} {}:{}", origin.layer, origin.file.as_deref().unwrap_or("-"), origin.line)
}

#[test]
fn layers_merge_as_helm_does() {
    let values = user(&[
        "image: {repository: a, tag: '1'}\nargs: [a, b]\nport: 80\nkeep: 1\n",
        "image:\n  tag: '2'\nargs: [c]\nport: {name: web}\nkeep: null\n",
    ]);
    assert_eq!(
        values.root().to_json(),
        json!({"image": {"repository": "a", "tag": "2"}, "args": ["c"], "port": {"name": "web"}, "keep": null})
    );
    assert_eq!(place(&values, &["image", "repository"]), "file 0.yaml:1");
    assert_eq!(place(&values, &["image", "tag"]), "file 1.yaml:2");
    assert_eq!(place(&values, &["image"]), "file 1.yaml:1");
    assert_eq!(place(&values, &["args", "0"]), "file 1.yaml:3");
    assert!(values.origin(&["image", "nope"]).is_none());
}

#[test]
fn lists_merge_by_key_only_where_asked() {
    let options = MergeOptions {
        list_keys: [("containers", "name"), ("containers.*.env", "name"), ("*.hosts", "host")]
            .map(|(path, field)| (path.to_owned(), field.to_owned()))
            .into(),
    };
    let lower =
        "containers:\n- {name: a, env: [{name: X, value: 1}]}\n- {name: b}\nargs: [1]\ning: {hosts: [{host: x}]}\n";
    let upper =
        "containers:\n- name: a\n  env: [{name: Z}, {name: X, value: 2}]\n- name: c\nargs: [2]\ning: {hosts: [h]}\n";
    let values = merged(&[lower, upper], &options);
    assert_eq!(
        values.root().to_json(),
        json!({
            "containers": [
                {"name": "a", "env": [{"name": "X", "value": 2}, {"name": "Z"}]},
                {"name": "b"},
                {"name": "c"}
            ],
            "args": [2],
            "ing": {"hosts": ["h"]}
        })
    );
    assert_eq!(place(&values, &["containers", "1", "name"]), "file 0.yaml:3");
    assert_eq!(place(&values, &["containers", "0", "env", "0", "value"]), "file 1.yaml:3");
    let chart = chart(&[("p/values.yaml", lower)]);
    let result = coalesce_with(&chart, &merged(&[upper], &options), &options);
    assert_eq!(result.root().to_json(), values.root().to_json());
    assert_eq!(place(&result, &["containers", "0", "env", "0", "value"]), "file 0.yaml:3");
    assert_eq!(place(&result, &["containers", "1", "name"]), "chart p/values.yaml:3");
}

#[test]
fn a_users_null_removes_a_default() {
    let chart = chart(&[("p/values.yaml", "a: {b: 1, c: 2}\nd: 3\nempty: null\nlist: [null]\n")]);
    let values =
        coalesce(&chart, &user(&["a: {b: null, x: null}\nd: null\nunknown: null\nnew: {y: null, l: [null]}\n"]));
    assert_eq!(values.root().to_json(), json!({"a": {"c": 2}, "empty": null, "list": [null], "new": {"l": [null]}}));
    assert_eq!(place(&values, &["a", "c"]), "chart p/values.yaml:1");
    assert_eq!(values.layers()[0].chart.as_deref(), Some("p"));
}

#[test]
fn the_user_wins_across_types_and_it_is_noted() {
    let chart = chart(&[("p/values.yaml", "port: 80\nimage: {tag: x}\nlist: [1]\nnothing:\n")]);
    let values = coalesce(&chart, &user(&["port: {name: web}\nimage: text\nlist: 5\nnothing: {a: 1}\n"]));
    assert_eq!(
        values.root().to_json(),
        json!({"port": {"name": "web"}, "image": "text", "list": 5, "nothing": {"a": 1}})
    );
    let notes: Vec<_> = values.notes().iter().map(|note| note.location.clone().unwrap().to_string()).collect();
    assert_eq!(notes, ["0.yaml:1:7", "0.yaml:2:8"]);
    assert!(values.notes()[0].message.contains("`port` is a map here and an integer"), "{:?}", values.notes());
}

#[test]
fn subcharts_see_their_section_and_global() {
    let chart = chart(&[
        (
            "p/values.yaml",
            "sub: {from: parent, gone: null, map: {x: 1}}\nglobal: {env: prod, map: {p: 1}, declared: null}\n",
        ),
        (
            "p/charts/sub/values.yaml",
            "from: sub\ngone: 1\nstay: 2\nmap: {z: 2}\nglobal: {env: dev, map: {s: 2}, own: 1}\n",
        ),
        ("p/charts/sub/charts/deep/values.yaml", "a: 1\nglobal: {deep: 1}\n"),
    ]);
    let values = coalesce(&chart, &user(&["sub: {stay: null, map: {z: null}, deep: {a: 9}}\nglobal: {map: {u: 3}}\n"]));
    assert_eq!(
        values.root().get("sub").unwrap().to_json(),
        json!({
            "from": "parent",
            "map": {"x": 1},
            "global": {"env": "prod", "map": {"s": 2, "p": 1, "u": 3}, "own": 1, "declared": null},
            "deep": {
                "a": 9,
                "global": {"deep": 1, "env": "prod", "map": {"s": 2, "p": 1, "u": 3}, "own": 1, "declared": null}
            }
        })
    );
    assert_eq!(place(&values, &["sub", "from"]), "chart p/values.yaml:1");
    assert_eq!(place(&values, &["sub", "global", "own"]), "chart p/charts/sub/values.yaml:5");
    assert_eq!(place(&values, &["sub", "global", "map", "u"]), "file 0.yaml:2");
    assert_eq!(place(&values, &["sub", "deep", "a"]), "file 0.yaml:1");
    let names: Vec<_> = values.layers().iter().filter_map(|layer| layer.chart.as_deref()).collect();
    assert_eq!(names, ["p", "sub", "sub/deep"]);
    assert!(validate(&chart, &values).is_empty());
}

#[test]
fn a_section_must_be_a_map_and_null_resets_it() {
    let chart = chart(&[("p/values.yaml", "sub: {a: 2}\n"), ("p/charts/sub/values.yaml", "a: 1\n")]);
    let reset = coalesce(&chart, &user(&["sub: null\n"]));
    assert_eq!(reset.root().to_json(), json!({"sub": {"a": 1, "global": {}}}));
    let wrong = coalesce(&chart, &user(&["sub: text\n"]));
    let errors = validate(&chart, &wrong);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].location().unwrap().to_string(), "0.yaml:1:6");
    assert!(errors[0].message().contains("`sub` is a string"), "{}", errors[0]);
}

#[test]
fn disabled_subcharts_bring_no_defaults() {
    let chart = chart(&[
        (
            "p/Chart.yaml",
            "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies: [{name: sub, alias: db, condition: db.live}]\n",
        ),
        ("p/values.yaml", "db: {live: false}\n"),
        ("p/charts/sub/values.yaml", "a: 1\n"),
    ]);
    assert_eq!(coalesce(&chart, &user(&[])).root().to_json(), json!({"db": {"live": false}}));
    let on = coalesce(&chart, &user(&["db: {live: true}\n"]));
    assert_eq!(on.root().to_json(), json!({"db": {"a": 1, "live": true, "global": {}}}));
}

#[test]
fn imported_values_rank_below_the_parents() {
    let chart = chart(&[
        (
            "p/Chart.yaml",
            "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n- name: sub\n  import-values:\n  - data\n  \
             - {child: default.db, parent: my.db}\n  - {child: missing, parent: x}\n",
        ),
        ("p/values.yaml", "port: 1\nsub: {default: {db: {user: parent}}}\n"),
        ("p/charts/sub/values.yaml", "exports:\n  data: {port: 2, host: h}\ndefault: {db: {user: sub, name: n}}\n"),
    ]);
    let values = coalesce(&chart, &user(&["host: null\nmy: {db: {name: mine}}\n"]));
    let root = values.root().to_json();
    assert_eq!((&root["port"], root.get("host")), (&json!(1), None));
    assert_eq!(root["my"], json!({"db": {"user": "parent", "name": "mine"}}));
    let values = coalesce(&chart, &user(&[]));
    assert_eq!(place(&values, &["host"]), "chart p/charts/sub/values.yaml:2");
    assert_eq!(place(&values, &["my", "db", "user"]), "chart p/values.yaml:2");
    assert_eq!(values.notes().len(), 1, "{:?}", values.notes());
}

fn set(kind: SetKind, expressions: &[&str]) -> serde_json::Value {
    let mut values = user(&["map: {a: 1}\nlist: [1, {x: 1}]\ntext: t\nnothing: null\n"]);
    for expression in expressions {
        values.set(kind, expression).unwrap();
    }
    let mut json = values.root().to_json();
    // Only what changed is of interest.
    let before = json!({"map": {"a": 1}, "list": [1, {"x": 1}], "text": "t", "nothing": null});
    json.as_object_mut().unwrap().retain(|key, value| before.get(key) != Some(value));
    json
}

#[test]
fn set_reads_helms_grammar() {
    for (expression, expected) in [
        ("a.b[1].c=1,d=2", json!({"a": {"b": [null, {"c": 1}]}, "d": 2})),
        ("a={x,y\\,z}", json!({"a": ["x", "y,z"]})),
        ("a={1,true},b=2", json!({"a": [1, true], "b": 2})),
        ("a\\.b=c\\=d", json!({"a.b": "c=d"})),
        (
            "a=TRUE,b=False,c=Null,d=0,e=007,f=1.5,g=-3,h=1e3",
            json!({
                "a": true, "b": false, "c": null, "d": 0, "e": "007", "f": "1.5", "g": -3, "h": "1e3"
            }),
        ),
        ("a=,b=", json!({"a": "", "b": ""})),
        ("a=x=y", json!({"a": "x=y"})),
        ("a=1,", json!({"a": 1})),
        ("a=99999999999999999999", json!({"a": "99999999999999999999"})),
        ("map.b=2", json!({"map": {"a": 1, "b": 2}})),
        ("list[1].y=2", json!({"list": [1, {"x": 1, "y": 2}]})),
        ("list[0].y=2", json!({"list": [{"y": 2}, {"x": 1}]})),
        ("nothing.a=1", json!({"nothing": {"a": 1}})),
        ("a[0][1]=x", json!({"a": [[null, "x"]]})),
        ("ключ=значение", json!({"ключ": "значение"})),
        ("", json!({})),
    ] {
        assert_eq!(set(SetKind::Typed, &[expression]), expected, "{expression}");
    }
    assert_eq!(set(SetKind::String, &["a=1,b={true,0}"]), json!({"a": "1", "b": ["true", "0"]}));
    assert_eq!(set(SetKind::Literal, &["a.b[0]=x,y={z}\\"]), json!({"a": {"b": ["x,y={z}\\"]}}));
    assert_eq!(
        set(SetKind::Json, &["a={\"b\": [1, 2.5]} , c[0]=\"x,y\",d=", "{\"map\": {\"z\": null}}"]),
        json!({"a": {"b": [1, 2.5]}, "c": ["x,y"], "d": null, "map": {"a": 1, "z": null}})
    );
}

#[test]
fn set_faults_name_the_column() {
    for (kind, expression, column, part) in [
        (SetKind::Typed, "a", 1, "no value"),
        (SetKind::Typed, "a=1,b.c", 7, "no value"),
        (SetKind::Typed, "a..b=1", 3, "key is missing"),
        (SetKind::Typed, "=1", 1, "key is missing"),
        (SetKind::Typed, "a[x]=1", 3, "`x` is not an index"),
        (SetKind::Typed, "a[-1]=1", 3, "not an index"),
        (SetKind::Typed, "a[65537]=1", 3, "above 65536"),
        (SetKind::Typed, "a[1=1", 3, "`]` is missing"),
        (SetKind::Typed, "a[0]b=1", 5, "after `]`"),
        (SetKind::Typed, "a={x,y", 3, "does not end"),
        (SetKind::Typed, "a={x}y=1", 6, "after a list"),
        (SetKind::Typed, "text.a=1", 6, "below a string"),
        (SetKind::Typed, "map[0]=1", 5, "in a map"),
        (SetKind::Json, "a={\"b\": }", 9, "not JSON"),
        (SetKind::Json, "a=1 2", 5, "after a JSON value"),
    ] {
        let mut values = user(&["map: {a: 1}\ntext: t\n"]);
        let before = values.root().clone();
        let error = values.set(kind, expression).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Values);
        let expected = format!("`{} {expression}`, column {column}: ", kind.flag());
        assert!(error.message().starts_with(&expected) && error.message().contains(part), "{}", error.message());
        assert_eq!(values.root(), &before, "nothing changes");
    }
    let deep = vec!["a"; 32].join(".") + "=1";
    assert!(user(&[]).set(SetKind::Typed, &deep).unwrap_err().message().contains("30 deep"));
    let wide: Vec<String> = (0..40).map(|at| format!("k{at}[65536]=1")).collect();
    assert!(user(&[]).set(SetKind::Typed, &wide.join(",")).is_err());
    let indexes = format!("a{}=1", "[0]".repeat(10_000));
    assert!(user(&[]).set(SetKind::Typed, &indexes).is_err());
    let bomb = format!("a={}", "[".repeat(100_000));
    assert!(user(&[]).set(SetKind::Json, &bomb).is_err());
}

#[test]
fn set_values_have_a_layer_without_a_file() {
    let mut values = user(&["image: {tag: a}\n"]);
    values.set(SetKind::Typed, "image.tag=b").unwrap();
    values.set_file("cert=x.pem", &mut |path| Ok(format!("content of {path}").into())).unwrap();
    assert_eq!(place(&values, &["image", "tag"]), "set -:0");
    assert_eq!(place(&values, &["image"]), "file 0.yaml:1");
    assert_eq!(values.root().str_at(&["cert"]), Some("content of x.pem"));
    assert_eq!(values.layers().len(), 3);
    let chart = chart(&[("p/values.yaml", "image: {tag: c}\ncert: no\n")]);
    let mut removing = user(&[]);
    removing.set(SetKind::Typed, "image.tag=null,cert=null").unwrap();
    assert_eq!(coalesce(&chart, &removing).root().to_json(), json!({"image": {}}));
    let error =
        values.set_file("a=nope", &mut |path| Err(Error::new(ErrorKind::File, format!("no {path}")))).unwrap_err();
    assert_eq!(error.message(), "no nope");
}

#[test]
fn values_files_are_maps_of_one_or_more_documents() {
    assert_eq!(tree("").to_json(), json!({}));
    assert_eq!(tree("# nothing\n---\na: 1\n---\n# again\nb: {c: 2}\na: 3\n").to_json(), json!({"a": 3, "b": {"c": 2}}));
    let several = tree("a: 1\n---\n\nb: 2\n");
    assert_eq!(several.as_map().unwrap().entry("b").unwrap().mark.line, 4);
    let error = parse(&"v.yaml".into(), "a: 1\n---\n- b\n").unwrap_err();
    assert_eq!(error.location().unwrap().to_string(), "v.yaml:3:1");
    let error = parse(&"v.yaml".into(), "a: 1\na: 2\n").unwrap_err();
    assert_eq!(error.location().unwrap().line, Some(2));
    assert!(parse(&"v.yaml".into(), &"[".repeat(200_000)).is_err());
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (0..5_i64).prop_map(|n| json!(n)),
        "[ab]".prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_map() -> impl Strategy<Value = Node> {
    prop::collection::btree_map("[a-d]", any_json(), 0..5).prop_map(|map| Node::from_json(&json!(map)))
}

/// Maps of one shape: every layer has maps where another has maps.
fn any_shaped() -> impl Strategy<Value = Node> {
    let leaves = || prop::collection::btree_map("[x-z]", 0..5_i64, 0..4);
    prop::collection::btree_map("[a-d]", leaves(), 0..5).prop_map(|map| Node::from_json(&json!(map)))
}

fn over(lower: &Node, upper: &Node) -> Node {
    let mut values = Values::new();
    for node in [lower, upper] {
        values.merge(Layer::bare(LayerKind::File), node, &MergeOptions::default());
    }
    values.root().clone()
}

proptest! {
    #[test]
    fn an_empty_layer_changes_nothing(node in any_map()) {
        let empty = tree("");
        prop_assert_eq!(&over(&node, &empty), &node);
        prop_assert_eq!(&over(&empty, &node), &node);
        prop_assert_eq!(&over(&node, &node), &node);
    }

    #[test]
    fn merging_maps_of_one_shape_is_associative(a in any_shaped(), b in any_shaped(), c in any_shaped()) {
        prop_assert_eq!(over(&over(&a, &b), &c), over(&a, &over(&b, &c)));
    }

    #[test]
    fn coalescing_nothing_gives_the_defaults(node in any_map()) {
        let chart = chart(&[("p/values.yaml", &crate::yaml::emit(&node))]);
        let once = coalesce(&chart, &Values::new());
        prop_assert_eq!(once.root(), &node);
        prop_assert!(once.notes().is_empty());
    }

    #[test]
    fn every_mark_points_into_the_layers(node in any_map(), upper in any_map()) {
        let chart = chart(&[("p/values.yaml", &crate::yaml::emit(&node)), ("p/charts/a/values.yaml", &crate::yaml::emit(&upper))]);
        let mut values = Values::new();
        values.merge(Layer::bare(LayerKind::File), &upper, &MergeOptions::default());
        let result = coalesce(&chart, &values);
        let mut pending = vec![result.root()];
        while let Some(node) = pending.pop() {
            prop_assert!((node.mark.source as usize) < result.layers().len());
            pending.extend(node.items());
            pending.extend(node.entries().iter().map(|entry| &entry.value));
        }
        validate(&chart, &result);
    }

    #[test]
    fn set_never_panics(expression in "[a-c.=,{}\\[\\]\\\\0-9\"ä ]{0,40}", kind in 0..4_usize) {
        let kind = [SetKind::Typed, SetKind::String, SetKind::Json, SetKind::Literal][kind];
        let mut values = user(&["a: {b: [1]}\n"]);
        let _ = values.set(kind, &expression);
        prop_assert!(values.root().as_map().is_some());
    }
}
