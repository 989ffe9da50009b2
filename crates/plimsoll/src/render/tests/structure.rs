//! Which templates of a tree render, and what they find.

use super::*;

#[test]
fn statements_leave_no_blank_lines() {
    assert_eq!(text("a:\n  {% if values.enabled %}\n  b: 1\n  {% endif %}\n  c: 2\n"), "a:\n  b: 1\n  c: 2\n");
}

#[test]
fn partials_blank_output_and_library_charts_give_no_manifest() {
    let mut parent = chart(&[("_p.j2", "x"), ("blank.yaml.j2", "{% if false %}a{% endif %}\n"), ("s.yaml", "a: 1\n")]);
    let mut library = dependency("lib", &[("x.yaml.j2", "never: 1")]);
    library.library = true;
    parent.dependencies.push(library);
    let (_, output) = render_with(&parent, &values(VALUES));
    assert!(output.errors.is_empty());
    let texts: Vec<_> = output.manifests.iter().map(|manifest| &*manifest.text).collect();
    assert_eq!(texts, ["a: 1\n"]);
}

#[test]
fn partials_of_a_library_see_the_caller() {
    let mut parent = chart(&[
        ("x.yaml.j2", "{% import 'lib/_m.j2' as lib %}\n{% include 'lib/_p.j2' %} {{ lib.name() }}"),
        ("sub/y.yaml.j2", "{% include '_own.j2' %}{% include '_top.j2' %}"),
        ("sub/_own.j2", "own "),
        ("_top.j2", "top"),
    ]);
    let mut library = dependency(
        "lib",
        &[
            ("_p.j2", "{{ values.name }} {{ chart.name }} {% include '_inner.j2' %}"),
            ("_inner.j2", "inner"),
            ("_m.j2", "{% macro name() %}{{ release.name }}-{{ values.name }}{% endmacro %}"),
        ],
    );
    library.library = true;
    parent.dependencies.push(library);
    let (_, output) = render_with(&parent, &values(VALUES));
    assert!(output.errors.is_empty(), "{:?}", output.errors);
    assert_eq!(&*output.manifests[0].text, "own top");
    assert_eq!(&*output.manifests[1].text, "cart cart inner shop-cart");
}

#[test]
fn subcharts_see_their_own_values_and_shared_partials() {
    let mut parent = chart(&[("x.yaml.j2", "a: {{ values.redis.port }}")]);
    parent.dependencies.push(dependency(
        "redis",
        &[("y.yaml.j2", "{{ values.port }} {{ values.global.site }} {{ chart.name }} {% include 'lib/_l.j2' %}")],
    ));
    parent.dependencies.push(dependency("lib", &[("_l.j2", "shared {{ values.port }}")]));
    let mut extra = dependency("extra", &[("z.yaml.j2", "never: 1")]);
    extra.condition = Some("extra.enabled");
    parent.dependencies.push(extra);
    let (_, output) =
        render_with(&parent, &values("redis: {port: 6379, global: {site: west}}\nextra: {enabled: false}"));
    assert!(output.errors.is_empty(), "{:?}", output.errors);
    let texts: Vec<_> = output.manifests.iter().map(|manifest| (&*manifest.chart, &*manifest.text)).collect();
    assert_eq!(texts, [("cart", "a: 6379"), ("redis", "6379 west redis shared 6379")]);
    assert_eq!(&*output.manifests[1].template, "charts/cart/charts/redis/templates/y.yaml.j2");
}

#[test]
fn a_program_renders_the_same_on_every_thread() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (program, first) = render_with(
        &chart(&[("x.yaml.j2", "a: {{ values.resources }}\n"), ("_m.j2", ""), ("y.yaml.j2", "{{ values.env }}\n")]),
        &values(VALUES),
    );
    shared(&program);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (release, environment, values) = (release(), environment(), values(VALUES));
                let again = program.render(&Context { release: &release, environment: &environment, values: &values });
                let texts = |output: &Output| output.manifests.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
                assert_eq!(texts(&again), texts(&first));
            });
        }
    });
}

#[test]
fn extends_and_blocks() {
    let output = render(&[
        ("_base.j2", "kind: {% block kind %}X{% endblock %}\nname: {{ values.name }}\n"),
        ("x.yaml.j2", "{% extends '_base.j2' %}{% block kind %}Y{{ super() }}{% endblock %}"),
    ]);
    assert!(output.errors.is_empty(), "{:?}", output.errors);
    assert_eq!(&*output.manifests[0].text, "kind: YX\nname: cart\n");
}
