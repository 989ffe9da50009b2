//! One case for each error: what it says, where, and the way out.

use super::*;

#[test]
fn a_missing_key_is_named_in_full() {
    let found = error("a: 1\nimage: {{ values.image.tgg }}\n");
    assert_eq!(found.message(), "`values.image.tgg` is not set");
    assert_eq!(at(&found), "charts/cart/templates/x.yaml.j2:2:11");
    assert_eq!(
        found.help(),
        Some(
            "did you mean `tag`? layers searched: chart (charts/cart/values.yaml), environment (environments/dr.yaml)"
        )
    );
    assert_eq!(found.kind(), ErrorKind::Template);
}

#[test]
fn looked_into_iterated_and_passed_on() {
    assert_eq!(error("{{ values.imag.tag }}").message(), "`values.imag` is not set");
    assert_eq!(error("{% for x in values.envs %}{{ x }}{% endfor %}").message(), "`values.envs` is not set");
    assert_eq!(error("{{ values.nam | upper }}").message(), "`values.nam` is not set");
    assert_eq!(error("{{ values['nam'] }}").message(), "`values.nam` is not set (written as `values['nam']`)");
    assert_eq!(error("{{ release.nmae }}").help(), Some("did you mean `name`?"));
    assert_eq!(error("{{ values.nothing.x }}").help(), Some("`values.nothing` is null, or not a map"));
}

#[test]
fn tested_and_defaulted_keys_may_be_missing() {
    assert_eq!(text("{% if values.nope %}a{% else %}b{% endif %}{{ values.nope2 | default('c') }}"), "bc");
}

#[test]
fn a_key_behind_a_variable_is_named_by_its_path() {
    let found = error("{% for e in values.env %}\n{{ e.valu }}\n{% endfor %}");
    assert_eq!(found.message(), "`values.env[0].valu` is not set (written as `e.valu`)");
    assert!(found.help().unwrap().starts_with("did you mean `value`?"));
}

#[test]
fn unknown_names() {
    let found = error("{{ toYml(values) }}");
    assert_eq!((found.message(), found.help()), ("there is no function `toYml`", Some("did you mean `toYaml`?")));
    let found = error("a: 1\nb: {{ values.name | quotee }}");
    assert_eq!((found.message(), found.help()), ("there is no filter `quotee`", Some("did you mean `quote`?")));
    assert_eq!(at(&found), "charts/cart/templates/x.yaml.j2:2:21");
    assert_eq!(error("{{ 1 is numbr }}").help(), Some("did you mean `number`?"));
    let found = error("{{ valuse.name }}");
    assert_eq!((found.message(), found.help()), ("there is no variable `valuse`", Some("did you mean `values`?")));
}

#[test]
fn an_unknown_template_names_the_nearest() {
    let output = render(&[("_labels.j2", "a"), ("x.yaml.j2", "a: 1\n{% include '_label.j2' %}")]);
    let found = &output.errors[0];
    assert_eq!(found.message(), "there is no template `_label.j2`");
    assert_eq!(found.help(), Some("did you mean `_labels.j2`?"));
    assert_eq!(at(found), "charts/cart/templates/x.yaml.j2:2:4");
    let output = render(&[("_labels.j2", "a"), ("x.yaml.j2", "{% import '_label.j2' as x %}")]);
    assert_eq!(output.errors[0].message(), "there is no template `_label.j2`");
    let output = render(&[("_labels.j2", "a"), ("x.yaml.j2", "{{ include('_label.j2') }}")]);
    assert_eq!(output.errors[0].help(), Some("did you mean `_labels.j2`?"));
}

#[test]
fn syntax_errors_know_go_templates() {
    for (source, help) in [
        ("a: {{ .Values.x }}", "values.x"),
        ("a: {{- include \"x\" . }}", "{% include"),
        ("{{ if eq .Values.a 1 }}", "this looks like a Go template"),
        ("{{ range $i := x }}", "{% for"),
        ("{{ end }}{{ default 1 x }}", "{% if"),
        ("{{ default 1 x }}", "parentheses"),
    ] {
        let found = error(source);
        assert!(found.help().is_some_and(|text| text.contains(help)), "{source}: {found:?}");
    }
    let found = error("a: 1\n\nb: {{ values.x ) }}\n");
    assert_eq!(at(&found), "charts/cart/templates/x.yaml.j2:3:16");
}

#[test]
fn errors_lie_in_the_innermost_template() {
    let mut parent = chart(&[
        ("x.yaml.j2", "a: 1\n{% import 'lib/_m.j2' as lib %}\nb: {{ lib.m(values.image) }}\n"),
        ("y.yaml.j2", "a: 1\n{% include 'lib/_p.j2' %}\n"),
        ("z.yaml.j2", "{{ include('lib/_p.j2') }}"),
    ]);
    parent.dependencies.push(dependency(
        "lib",
        &[("_m.j2", "{% macro m(image) %}\n{{ image.tga }}{% endmacro %}"), ("_p.j2", "\n\nx: {{ values.nmae }}")],
    ));
    let (_, output) = render_with(&parent, &values(VALUES));
    assert_eq!(at(&output.errors[0]), "charts/cart/charts/lib/templates/_m.j2:2:4");
    assert_eq!(output.errors[0].message(), "`values.image.tga` is not set (written as `image.tga`)");
    assert_eq!(at(&output.errors[1]), "charts/cart/charts/lib/templates/_p.j2:3:7");
    assert_eq!(at(&output.errors[2]), "charts/cart/charts/lib/templates/_p.j2:3:7");
}

#[test]
fn one_broken_template_does_not_hide_the_others() {
    let output = render(&[
        ("a.yaml.j2", "{{ x ) }}"),
        ("b.yaml.j2", "{{ values.nope }}"),
        ("c.yaml.j2", "ok: 1"),
        ("_d.j2", "{% if %}"),
        ("e.yaml.j2", "{% include '_d.j2' %}"),
    ]);
    assert_eq!(output.manifests.len(), 1);
    assert_eq!(output.errors.len(), 4, "{:?}", output.errors);
    assert_eq!(output.errors[3].message(), "`charts/cart/templates/_d.j2` does not compile");
}

#[test]
fn templates_can_fail_by_themselves() {
    assert_eq!(error("a\n{{ fail('set the host') }}").message(), "set the host");
    assert_eq!(error("{{ required('the name is needed', values.nope) }}").message(), "the name is needed");
    assert_eq!(error("{{ values.nothing | required('x') }}").message(), "x");
}

#[test]
fn what_differs_each_time_is_refused() {
    for source in [
        "{{ now() }}",
        "{{ randAlphaNum(10) }}",
        "{{ uuidv4() }}",
        "{{ env('HOME') }}",
        "{{ genCA('x', 1) }}",
        "{{ 3 | randAlpha }}",
    ] {
        let found = error(source);
        assert!(found.message().contains("is not deterministic"), "{source}: {found:?}");
        assert!(found.help().is_some());
    }
}

#[test]
fn bad_arguments() {
    for (source, message) in [
        ("{{ trunc('x', 'y') }}", "the length must be an integer, got text"),
        ("{{ 'x' | trunc }}", "`trunc` takes 2 arguments (the piped one counts), got 1"),
        ("{{ div(1, 0) }}", "division by zero"),
        ("{{ 'x' | int }}", "text is not a number"),
        ("{{ regexMatch('(', 'x') }}", "is not a regular expression"),
        ("{{ 'a' | b64dec }}", "not base64"),
        ("{{ fromYaml('a: [') }}", "not YAML"),
        ("{{ fromJson('{') }}", "not JSON"),
        ("{{ semverCompare('>=abc', '1.2.3') }}", "not a version constraint"),
        ("{{ tpl('{{ values.nope }}') }}", "`values.nope` is not set"),
        ("{{ tpl('{% if %}') }}", "no template"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "call it"),
        ("{{ values.env.append(1) }}", "no method"),
    ] {
        let found = error(source);
        assert!(found.message().contains(message), "{source}: {found:?}");
        assert_eq!(found.location().unwrap().line, Some(1), "{source}: {found:?}");
    }
}
