//! Auto-indentation through the engine.

use super::*;

#[test]
fn a_map_after_a_key_goes_below_it() {
    assert_eq!(
        text("spec:\n  resources: {{ values.resources }}\n  x: 1\n"),
        "spec:\n  resources:\n    limits:\n      cpu: 500m\n    requests:\n      cpu: 100m\n      memory: 64Mi\n  x: 1\n"
    );
    assert_eq!(
        text("image: {{ values.image | toYaml }}\n"),
        "image:\n  repository: registry.example/cart\n  tag: 1.2.3\n"
    );
}

#[test]
fn a_map_on_a_line_of_its_own_takes_that_column() {
    assert_eq!(text("a:\n    {{ values.image }}\n"), "a:\n    repository: registry.example/cart\n    tag: 1.2.3\n");
}

#[test]
fn list_items() {
    assert_eq!(
        text("{% for item in values.env %}\n- {{ item }}\n{% endfor %}\n"),
        "- name: A\n  value: \"1\"\n- name: B\n  value: \"2\"\n"
    );
    assert_eq!(text("  - env: {{ values.args }}\n"), "  - env:\n      - serve\n      - --port\n");
    assert_eq!(text("args: {{ values.args }}\n"), "args:\n  - serve\n  - --port\n");
}

#[test]
fn scalars_and_empty_containers_stay_on_the_line() {
    assert_eq!(
        text("a: {{ values.empty }}\nb: {{ values.none }}\nc: {{ values.name | toYaml }}\nd: {{ values.replicas }}"),
        "a: {}\nb: []\nc: cart\nd: 3"
    );
}

#[test]
fn explicit_indentation_wins() {
    let wanted = "a:\n    repository: registry.example/cart\n    tag: 1.2.3\n";
    assert_eq!(text("a: {{- values.image | toYaml | nindent(4) }}\n"), wanted);
    assert_eq!(text("a:\n{{ values.image | toYaml | indent(4) }}\n"), wanted);
    assert_eq!(text("a:\n    {{ values.image | toYaml | indent(4) }}\n"), wanted);
    assert_eq!(text("a:\n{{ indent(4, toYaml(values.image)) }}\n"), wanted);
}

#[test]
fn literal_block_scalars() {
    assert_eq!(
        text("data:\n  app.yaml: |\n    {{ values.resources }}\n  b: 1\n"),
        "data:\n  app.yaml: |\n    limits:\n      cpu: 500m\n    requests:\n      cpu: 100m\n      memory: 64Mi\n  b: 1\n"
    );
    let parsed = yaml::parse(&text("data:\n  run.sh: {{ values.script | toYaml }}\n"), 0).unwrap().node;
    assert_eq!(parsed.str_at(&["data", "run.sh"]), Some("one\ntwo\n"));
}

#[test]
fn blocks_survive_macros_sets_filters_and_calls() {
    let wanted = "a:\n  b:\n    repository: registry.example/cart\n    tag: 1.2.3\n";
    for source in [
        "{% macro m(x) %}{{ x }}{% endmacro %}\na:\n  b: {{ m(values.image) }}\n",
        "{% set x %}{{ values.image }}{% endset %}\na:\n  b: {{ x }}\n",
        "{% macro m() %}{{ caller() }}{% endmacro %}\na:\n  b: {% call m() %}{{ values.image }}{% endcall %}\n\n",
        "a:\n{% filter indent(2) %}\nb: {{ values.image }}\n{% endfilter %}\n",
        "a: {% filter nindent(2) %}b: {{ values.image }}{% endfilter %}\n\n",
        "a: {{ {'b': values.image} }}\n",
    ] {
        assert_eq!(text(source).replace(": \n", ":\n").trim_end(), wanted.trim_end(), "{source}");
    }
}

#[test]
fn blocks_survive_includes_in_each_other() {
    let output = render(&[
        ("_inner.j2", "image: {{ values.image }}\n"),
        ("_outer.j2", "{% filter indent(2) %}{% include '_inner.j2' %}{% endfilter %}\n"),
        ("x.yaml.j2", "spec:\n{% include '_outer.j2' %}\nother: {{ include('_inner.j2') | trim | nindent(2) }}\n"),
    ]);
    assert!(output.errors.is_empty(), "{:?}", output.errors);
    let image = "  image:\n    repository: registry.example/cart\n    tag: 1.2.3\n";
    assert_eq!(&*output.manifests[0].text, format!("spec:\n{image}other: \n{image}"));
}

#[test]
fn functions_see_text_without_markers() {
    assert_eq!(
        text("{{ values.image | toYaml | sha256sum }}"),
        text("{{ 'repository: registry.example/cart\\ntag: 1.2.3' | sha256sum }}")
    );
    assert_eq!(text("{{ values.image | toYaml | length }}"), "44");
    assert_eq!(text("{{ values.image | toYaml | b64enc | b64dec }}"), "repository: registry.example/cart\ntag: 1.2.3");
    assert_eq!(text("{{ values.image | toYaml | upper | split(':') | first }}"), "REPOSITORY");
    assert_eq!(text("{{ [toYaml(values.image)] | join(',') | len }}"), "44");
    assert_eq!(
        text("{{ values.image | toYaml | fromYaml | toJson }}"),
        r#"{"repository":"registry.example/cart","tag":"1.2.3"}"#
    );
    assert_eq!(text("{{ {'a': toYaml(values.image)} | toJson | len }}"), "53");
}

#[test]
fn line_ends_of_windows() {
    assert_eq!(
        text("{% if values.enabled %}\r\na: {{ values.image }}\r\n{% endif %}\r\nb: 1\r\n"),
        "a:\n  repository: registry.example/cart\n  tag: 1.2.3\nb: 1\n"
    );
}

#[test]
fn reserved_characters_are_refused() {
    let (_, output) = render_with(&chart(&[("x.yaml.j2", "a")]), &values("a: {b: \"\\ufdd2\"}"));
    assert_eq!(output.errors[0].message(), "`values.a.b` contains a reserved character");
}
