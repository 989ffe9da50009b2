//! Charts from directories and archives, and what is wrong with them.

use super::*;
use crate::ErrorKind;

fn files(entries: &[(&str, &str)]) -> Files {
    Files::memory(entries.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())))
}

fn chart(entries: &[(&str, &str)], directory: &str) -> Arc<Chart> {
    Chart::load(&files(entries), directory).unwrap()
}

fn failure(entries: &[(&str, &str)], directory: &str) -> Error {
    let mut errors = Chart::load(&files(entries), directory).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

fn place(error: &Error) -> String {
    error.location().unwrap().to_string()
}

const CART: &str = "apiVersion: v2\nname: cart\nversion: 1.2.3\n";
const LIB: &str = "apiVersion: v2\nname: lib\nversion: 0.4.0\ntype: library\n";

fn dependent(name: &str, dependencies: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n{dependencies}")
}

/// A gzipped tar; kind `b'0'` is a file.
fn tgz(entries: &[(&str, &[u8], u8)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, content, kind) in entries {
        let mut header = tar::Header::new_ustar();
        // Written raw: the crate itself refuses to write the paths tested here.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn sorts_the_files_of_a_chart() {
    let chart = chart(
        &[
            (
                "charts/cart/Chart.yaml",
                "\u{feff}apiVersion: v2\r\nname: cart\r\nversion: 1.2.3\r\nappVersion: \"7\"\r\n",
            ),
            ("charts/cart/values.yaml", "replicas: 2\r\n"),
            ("charts/cart/templates/a.yaml.j2", "a: {{ values.replicas }}\n"),
            ("charts/cart/templates/deep/_lib.j2", "{% macro m() %}{% endmacro %}"),
            ("charts/cart/templates/plain.yaml", "kind: ConfigMap\n"),
            ("charts/cart/templates/NOTES.txt", "{{ .Values.x }}"),
            ("charts/cart/templates/NOTES.txt.j2", "hello"),
            ("charts/cart/crds/x.yaml", "description: '{{ not a template }}'\n"),
            ("charts/cart/crds/README.md", "read"),
            ("charts/cart/files/app.ini", "x=1"),
            ("charts/cart/drop.bak", "x"),
            ("charts/cart/.helmignore", "*.bak\n"),
            ("charts/cart/Chart.lock", "x"),
        ],
        "charts/cart",
    );
    assert_eq!(
        (chart.name.as_str(), chart.version.as_str(), chart.app_version.as_deref()),
        ("cart", "1.2.3", Some("7"))
    );
    let templates: Vec<_> = chart.templates.iter().map(|template| (template.path.as_str(), template.kind)).collect();
    assert_eq!(
        templates,
        [
            ("templates/a.yaml.j2", TemplateKind::Template),
            ("templates/deep/_lib.j2", TemplateKind::Partial),
            ("templates/plain.yaml", TemplateKind::Static),
        ]
    );
    assert_eq!(&*chart.templates[0].file, "charts/cart/templates/a.yaml.j2");
    assert_eq!(chart.crds.len(), 1);
    assert_eq!(chart.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["files/app.ini"]);
    assert_eq!(&*chart.files[0].bytes().unwrap(), b"x=1");
    assert_eq!(chart.values.get("replicas").and_then(Node::as_int), Some(2));
    assert_eq!(chart.values_file.as_deref(), Some("charts/cart/values.yaml"));
}

#[test]
fn metadata_is_complained_about_at_its_line() {
    let load = |text: &str| failure(&[("c/Chart.yaml", text)], "c");
    let error = load("apiVersion: v2\nname: a/b\nversion: 1.0.0\n");
    assert_eq!((place(&error).as_str(), error.kind()), ("c/Chart.yaml:2:1", ErrorKind::Chart));
    let error = load("apiVersion: v2\nname: c\nversion: latest\n");
    assert_eq!(place(&error), "c/Chart.yaml:3:1");
    let error = load("apiVersion: v2\nname: c\nversion: [1]\n");
    assert!(place(&error).starts_with("c/Chart.yaml:3:"), "{error}");
    assert!(!error.message().contains(" at line "), "{error}");
    assert!(load("apiVersion: v3\nname: c\nversion: 1.0.0\n").message().contains("v3"));
    assert!(load("apiVersion: v2\nname: c\nversion: 1.0.0\ntype: service\n").message().contains("service"));
    assert!(load("apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: new\n").message().contains("new"));
    let error = load("apiVersion: v2\nname: [\n");
    assert_eq!(error.location().unwrap().file.as_ref(), "c/Chart.yaml");
    let error = load(&dependent("c", "- name: x\n  version: newest\n"));
    assert_eq!(place(&error), "c/Chart.yaml:6:3");
    let errors = Chart::load(&files(&[("c/Chart.yaml", "description: x\n")]), "c").unwrap_err();
    assert_eq!(errors.len(), 3, "every missing field: {errors:?}");
    assert!(failure(&[("c/values.yaml", "")], "c").message().contains("no Chart.yaml"));
}

#[test]
fn file_dependencies_load_once_and_share() {
    let service = |name: &str| dependent(name, "- {name: lib, version: ^0.4, repository: 'file://../../charts/lib'}\n");
    let (a, b) = (service("a"), service("b"));
    let loader = Loader::new(files(&[
        ("services/a/Chart.yaml", &a),
        ("services/b/Chart.yaml", &b),
        ("charts/lib/Chart.yaml", LIB),
    ]));
    let (a, b) = (loader.load("services/a").unwrap(), loader.load("services/b").unwrap());
    assert!(Arc::ptr_eq(&a.dependencies[0].chart, &b.dependencies[0].chart));
    assert!(a.dependencies[0].chart.library);
    assert!(Arc::ptr_eq(&a, &loader.load("./services//a").unwrap()));
}

#[test]
fn aliases_use_one_chart_twice() {
    let parent = dependent(
        "p",
        "- {name: lib, version: '*', repository: 'file://../lib', alias: one}\n\
         - {name: lib, version: '>=0', repository: 'file://../lib', alias: two, condition: two.enabled, tags: [t]}\n",
    );
    let chart = chart(&[("p/Chart.yaml", &parent), ("lib/Chart.yaml", LIB)], "p");
    let names: Vec<_> = chart.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    let twice = parent.replace("two", "one");
    let error = failure(&[("p/Chart.yaml", &twice), ("lib/Chart.yaml", LIB)], "p");
    assert_eq!(place(&error), "p/Chart.yaml:6:3");
    assert!(error.message().contains("two dependencies are called `one`"));
}

#[test]
fn dependencies_stay_in_the_workspace() {
    let parent = dependent("p", "- name: lib\n  version: '*'\n  repository: file://../../lib\n");
    let error = failure(&[("p/Chart.yaml", &parent)], "p");
    assert_eq!((error.kind(), place(&error).as_str()), (ErrorKind::OutsideWorkspace, "p/Chart.yaml:7:3"));
    let absolute = dependent("p", "- {name: lib, repository: 'file:///etc'}\n");
    assert_eq!(failure(&[("p/Chart.yaml", &absolute)], "p").kind(), ErrorKind::OutsideWorkspace);
}

#[test]
fn missing_and_unfitting_dependencies_say_what_to_do() {
    let remote = dependent("p", "- {name: redis, version: ^1, repository: 'https://charts.example'}\n");
    let error = failure(&[("p/Chart.yaml", &remote)], "p");
    assert_eq!(place(&error), "p/Chart.yaml:5:3");
    assert!(error.help().unwrap().contains("charts/redis/"), "{:?}", error.help());
    let redis = "apiVersion: v2\nname: redis\nversion: 2.0.0\n";
    let error = failure(&[("p/Chart.yaml", &remote), ("p/charts/redis/Chart.yaml", redis)], "p");
    assert!(error.message().contains("`^1`") && error.message().contains("2.0.0"), "{error}");
    let wrong = dependent("p", "- {name: lib, repository: 'file://../cart'}\n");
    let error = failure(&[("p/Chart.yaml", &wrong), ("cart/Chart.yaml", CART)], "p");
    assert!(error.message().contains("called `cart`"), "{error}");
}

#[test]
fn vendored_charts_are_subcharts_declared_or_not() {
    let redis = |version: &str| format!("apiVersion: v2\nname: redis\nversion: {version}\n");
    let parent = dependent("p", "- {name: redis, version: 2.x, alias: cache}\n");
    let chart = chart(
        &[
            ("p/Chart.yaml", &parent),
            ("p/charts/redis-1/Chart.yaml", &redis("1.0.0")),
            ("p/charts/redis-2/Chart.yaml", &redis("2.3.0")),
            ("p/charts/_draft/Chart.yaml", "broken: ["),
            ("p/charts/.hidden/Chart.yaml", "broken: ["),
            ("p/charts/README.md", "x"),
        ],
        "p",
    );
    let found: Vec<_> = chart.dependencies.iter().map(|d| (d.name.as_str(), d.chart.version.as_str())).collect();
    assert_eq!(found, [("cache", "2.3.0"), ("redis", "1.0.0")]);
}

#[test]
fn version_one_charts_read_requirements() {
    let chart = chart(
        &[
            ("p/Chart.yaml", "apiVersion: v1\nname: p\nversion: 1.0.0\n"),
            ("p/requirements.yaml", "dependencies:\n- name: lib\n  version: 0.4.x\n  repository: file://../lib\n"),
            ("lib/Chart.yaml", LIB),
        ],
        "p",
    );
    assert_eq!(chart.dependencies[0].name, "lib");
    assert!(chart.files.is_empty());
}

#[test]
fn cycles_are_printed_the_same_from_every_start() {
    let link = |name: &str, to: &str| dependent(name, &format!("- {{name: {to}, repository: 'file://../{to}'}}\n"));
    let entries =
        [("a/Chart.yaml", link("a", "b")), ("b/Chart.yaml", link("b", "c")), ("c/Chart.yaml", link("c", "a"))];
    let files = Files::memory(entries.iter().map(|(path, text)| (*path, text.clone().into_bytes())));
    for start in ["a", "b", "c"] {
        let errors = Chart::load(&files, start).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message().ends_with("a → b → c → a"), "{}", errors[0]);
        assert_eq!(place(&errors[0]), "a/Chart.yaml:5:13");
    }
}

#[test]
fn nesting_and_diamonds_are_bounded() {
    let mut entries: Vec<(String, String)> = Vec::new();
    for at in 0..40 {
        let next = format!("- {{name: c{0}, repository: 'file://../c{0}'}}\n", at + 1);
        entries.push((format!("c{at}/Chart.yaml"), dependent(&format!("c{at}"), &next)));
    }
    entries.push(("c40/Chart.yaml".into(), "apiVersion: v2\nname: c40\nversion: 1.0.0\n".into()));
    // Each of these uses the next one twice: 2^12 instances from twelve files.
    for at in 0..12 {
        let next = |alias: &str| format!("- {{name: d{0}, alias: {alias}, repository: 'file://../d{0}'}}\n", at + 1);
        entries.push((format!("d{at}/Chart.yaml"), dependent(&format!("d{at}"), &(next("l") + &next("r")))));
    }
    entries.push(("d12/Chart.yaml".into(), "apiVersion: v2\nname: d12\nversion: 1.0.0\n".into()));
    let loader = Loader::new(Files::memory(entries.into_iter().map(|(path, text)| (path, text.into_bytes()))));
    for start in ["c0", "d0"] {
        let errors = loader.load(start).unwrap_err();
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Limit), "{errors:?}");
        assert_eq!(errors, loader.load(start).unwrap_err());
    }
    assert!(loader.load("c25").is_ok());
}

#[test]
fn archives_are_read_in_memory() {
    let inner = tgz(&[("lib/Chart.yaml", LIB.as_bytes(), b'0'), ("lib/templates/_l.j2", b"x", b'0')]);
    let outer = tgz(&[
        ("cart/Chart.yaml", CART.as_bytes(), b'0'),
        ("cart/values.yaml", b"a: [\n", b'0'),
        ("cart/charts/lib-0.4.0.tgz", &inner, b'0'),
    ]);
    let parent = dependent("p", "- {name: cart, version: ~1.2}\n");
    let with = |archive: Vec<u8>| {
        Chart::load(
            &Files::memory([("p/Chart.yaml", parent.clone().into_bytes()), ("p/charts/cart-1.2.3.tgz", archive)]),
            "p",
        )
    };
    let errors = with(outer).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(place(&errors[0]).starts_with("p/charts/cart-1.2.3.tgz!cart/values.yaml:"), "{}", errors[0]);
    let outer = tgz(&[("cart/Chart.yaml", CART.as_bytes(), b'0'), ("cart/charts/lib-0.4.0.tgz", &inner, b'0')]);
    let chart = with(outer).unwrap();
    let lib = &chart.dependencies[0].chart.dependencies[0].chart;
    assert_eq!(&*lib.templates[0].file, "p/charts/cart-1.2.3.tgz!cart/charts/lib-0.4.0.tgz!lib/templates/_l.j2");
    for (entries, kind) in [
        (vec![("cart/../../x", &b"x"[..], b'0')], ErrorKind::OutsideWorkspace),
        (vec![("/etc/x", &b"x"[..], b'0')], ErrorKind::OutsideWorkspace),
        (vec![("cart/link", &b""[..], b'2')], ErrorKind::Chart),
        (vec![("cart/Chart.yaml", CART.as_bytes(), b'0'), ("other/x", b"", b'0')], ErrorKind::Chart),
        (vec![], ErrorKind::Chart),
    ] {
        let errors = with(tgz(&entries)).unwrap_err();
        assert_eq!((errors.len(), errors[0].kind()), (1, kind), "{errors:?}");
        assert_eq!(place(&errors[0]), "p/charts/cart-1.2.3.tgz");
    }
    assert_eq!(with(b"not gzip".to_vec()).unwrap_err()[0].kind(), ErrorKind::Chart);
}

#[test]
fn archive_bombs_hit_limits() {
    let large = vec![0_u8; 6 << 20];
    let large = tgz(&[("cart/big", &large, b'0')]);
    let zeros = vec![0_u8; 5 << 20];
    let names: Vec<String> = (0..24).map(|at| format!("cart/f{at}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &zeros[..], b'0')).collect();
    let names: Vec<String> = (0..10_050).map(|at| format!("cart/f{at}")).collect();
    let countless: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..], b'0')).collect();
    for bomb in [large, tgz(&many), tgz(&countless)] {
        let files = Files::memory([("p/Chart.yaml", CART.as_bytes().to_vec()), ("p/charts/x.tgz", bomb)]);
        let errors = Chart::load(&files, "p").unwrap_err();
        assert_eq!((errors.len(), errors[0].kind()), (1, ErrorKind::Limit), "{errors:?}");
    }
}

#[test]
fn go_templates_are_one_error_with_the_way_out() {
    let error = failure(
        &[
            ("c/Chart.yaml", CART),
            ("c/templates/_helpers.tpl", "{{- define \"x\" -}}{{- end }}"),
            ("c/templates/a.yaml", "a: b\nname: {{ .Values.name }}\n"),
        ],
        "c",
    );
    assert_eq!(place(&error), "c/templates/_helpers.tpl:1:1");
    assert!(error.message().contains("Go templates") && error.message().contains("1 more"), "{error}");
    assert!(error.help().unwrap().contains("helm template"));
}

#[test]
fn broken_texts_name_file_and_line() {
    let bad =
        Files::memory([("c/Chart.yaml", CART.as_bytes().to_vec()), ("c/templates/a.yaml.j2", b"a\nb\xff".to_vec())]);
    let errors = Chart::load(&bad, "c").unwrap_err();
    assert_eq!(place(&errors[0]), "c/templates/a.yaml.j2:2:2");
    for path in ["c/templates/a.yaml.j2", "c/values.yaml"] {
        let error = failure(&[("c/Chart.yaml", CART), (path, "a: 1\nb: \u{fdd0}\n")], "c");
        assert_eq!(place(&error), format!("{path}:2:4"));
        assert!(error.message().contains("U+FDD0"));
    }
    let error = failure(&[("c/Chart.yaml", CART), ("c/values.yaml", "- a\n")], "c");
    assert_eq!((place(&error).as_str(), error.kind()), ("c/values.yaml:1:1", ErrorKind::Values));
    // Everything that is wrong is said at once.
    let errors = Chart::load(
        &files(&[("c/Chart.yaml", CART), ("c/values.yaml", "- a\n"), ("c/templates/a.yaml.j2", "\u{fdef}")]),
        "c",
    );
    assert_eq!(errors.unwrap_err().len(), 2);
}

#[test]
fn conditions_overrule_tags() {
    let parent = dependent(
        "p",
        "- {name: a, condition: 'a.enabled, global.a', tags: [back]}\n\
         - {name: b, tags: [back, front]}\n\
         - {name: c}\n",
    );
    let sub = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    let (a, b, c) = (sub("a"), sub("b"), sub("c"));
    let mut entries = vec![
        ("p/Chart.yaml", parent.as_str()),
        ("p/charts/a/Chart.yaml", &a),
        ("p/charts/b/Chart.yaml", &b),
        ("p/charts/c/Chart.yaml", &c),
    ];
    let names = |chart: &Chart, values: serde_json::Value| {
        let values = Node::from_json(&values);
        chart.enabled(&values).iter().map(|dependency| dependency.name.clone()).collect::<String>()
    };
    let loaded = chart(&entries, "p");
    for (values, expected) in [
        (serde_json::json!({}), "abc"),
        (serde_json::json!({"tags": {"back": false}}), "c"),
        (serde_json::json!({"tags": {"back": false, "front": true}}), "bc"),
        (serde_json::json!({"tags": {"back": false}, "a": {"enabled": true}}), "ac"),
        (serde_json::json!({"a": {"enabled": false}}), "bc"),
        (serde_json::json!({"a": {"enabled": "no"}, "global": {"a": false}}), "bc"),
    ] {
        assert_eq!(names(&loaded, values.clone()), expected, "{values}");
    }
    entries.push(("p/charts/a/values.yaml", "enabled: false\n"));
    let loaded = chart(&entries, "p");
    assert_eq!(names(&loaded, serde_json::json!({})), "bc", "the subchart's own default answers");
}
