//! Hostile input: bounded time, memory and stack, and an error that says so.

use super::*;

#[test]
fn endless_loops_and_large_results_are_stopped() {
    for source in [
        "{% for i in range(10**12) %}x{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{{ until(10000000) }}",
        "{{ untilStep(0, 9000000000000000000, 1) }}",
        "{{ 'x' | repeat(1000000000000) }}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ 'x' * 10**12 }}",
        "{% for i in range(100000) %}{{ 'x' | repeat(1000) }}{% endfor %}",
    ] {
        let found = error(source);
        assert_eq!(found.kind(), ErrorKind::Limit, "{source}: {found:?}");
    }
}

#[test]
fn doubling_is_stopped() {
    let set = "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40);
    assert_eq!(error(&format!("{{% set x = 'abcdefgh' %}}{set}")).kind(), ErrorKind::Limit);
    let lists = "{% set x = [x, x] %}".repeat(40);
    assert_eq!(error(&format!("{{% set x = [1] %}}{lists}{{{{ x }}}}")).kind(), ErrorKind::Limit);
}

/// The engine's own filters take one instruction, however much they make.
#[test]
fn filters_of_the_engine_are_bounded() {
    for source in [
        "{{ [1]|batch(1000000000, 1)|list|length }}",
        "{{ [1]|batch(9000000000000000000, 1)|list|length }}",
        "{{ '%9999999999d'|format(1) }}",
        "{{ '%99999999999999999999999d'|format(1) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '%-01000000000d'|format(1) }}",
        "{{ '%(a)1000000000d'|format({'a': 1}) }}",
        "{{ '%.1000000000f'|format(1.0) }}",
        "{{ '%.1000000000e'|format(1.0) }}",
        "{{ ('%(a)1000d' * 4000)|format({'a': 1})|len }}{{ ('%(a)1000d' * 5000)|format({'a': 1})|len }}",
        "{{ ('%(a)s' * 1000)|format({'a': 'x' * 1000000}) }}",
        "{{ '%s'|format(['x' * 4000000] * 100000) }}",
        "{{ range(1000)|map('repeat', 4000000)|list|len }}",
        "{{ range(1000)|map('untilStep', 100000, 1)|list|len }}",
        "{{ range(100000)|chain(range(100000))|sort|len }}",
        "{{ ([1] * 100000 + [1] * 100000)|sum }}",
        "{{ ['x' * 4000000] * 100000 }}",
        "{{ (['x' * 4000000] * 100000)|toJson|len }}",
    ] {
        let found = error(source);
        assert_eq!(found.kind(), ErrorKind::Limit, "{source}: {found:?}");
        assert_eq!(found.location().unwrap().line, Some(1), "{source}");
    }
    for (source, expected) in [
        ("{{ [1]|batch(1000000000)|list|len }}", "1"),
        ("{{ [1, 2, 3]|batch(2, 0) }}", "- - 1\n  - 2\n- - 3\n  - 0"),
        ("{{ '%-5s|%05d|%.2f|%d%%'|format('a', 42, 1.5, 7) }}", "a    |00042|1.50|7%"),
        ("{{ '%(a)s-%(b)3d'|format({'a': 'x', 'b': 1}) }}", "x-  1"),
        ("{{ range(3)|chain([7])|map('string')|join(',') }}", "0,1,2,7"),
    ] {
        assert_eq!(text(source), expected, "{source}");
    }
}

fn on_a_small_stack(templates: &'static [(&str, &str)]) -> Error {
    let body = move || render(templates).errors.remove(0);
    std::thread::Builder::new().stack_size(2 << 20).spawn(body).unwrap().join().unwrap()
}

#[test]
fn deep_recursion_is_an_error_and_no_crash() {
    let found = on_a_small_stack(&[("x.yaml.j2", "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}\n{{ m(0) }}")]);
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
    assert_eq!(found.location().unwrap().line, Some(1));
    let found = on_a_small_stack(&[("_a.j2", "{{ include('_a.j2') }}"), ("x.yaml.j2", "{{ include('_a.j2') }}")]);
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
    let found = on_a_small_stack(&[(
        "x.yaml.j2",
        "{% macro m(n) %}{% if n < 20 %}{{ m(n + 1) }}{% else %}{{ include('x.yaml.j2') }}{% endif %}{% endmacro %}{{ m(0) }}",
    )]);
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
    let found = on_a_small_stack(&[("x.yaml.j2", "{% set t = '{{ tpl(t, {\"t\": t}) }}' %}{{ tpl(t, {'t': t}) }}")]);
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
}

#[test]
fn an_include_cycle_is_named() {
    let found = on_a_small_stack(&[
        ("_a.j2", "a\n{% include '_b.j2' %}"),
        ("_b.j2", "{% include '_a.j2' %}"),
        ("x.yaml.j2", "{% include '_a.j2' %}"),
    ]);
    assert_eq!(found.message(), "templates include each other without end: `_a.j2` → `_b.j2` → `_a.j2`");
    assert_eq!(found.kind(), ErrorKind::Limit);
    assert!(at(&found).starts_with("charts/cart/templates/_"), "{found:?}");
}

#[test]
fn deep_expressions_do_not_compile() {
    // The engine's own bound, then the length of a chain, then that of a line.
    for (depth, kind) in [(200, ErrorKind::Limit), (1_000, ErrorKind::Limit), (50_000, ErrorKind::Limit)] {
        let source = format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(error(&source).kind(), kind, "{depth}");
    }
}

/// Accumulation on every way a value gets a name: an error, no overflow of a small stack, bounded memory.
#[test]
fn nothing_piles_up_under_a_name() {
    let looped = |set: &str| {
        format!(
            "{{% set ns = namespace(x=['abcdefgh'], s='abcdefgh') %}}{{% for i in range(100000) %}}{set}{{% endfor %}}done"
        )
    };
    for source in [
        looped("{% set ns.x = [ns.x] %}"),
        looped("{% set ns.x = {'a': ns.x} %}"),
        looped("{% set ns.x = {ns.x: 1} %}"),
        looped("{% set ns.x = (ns.x, 1) %}"),
        looped("{% set ns.x = dict('a', ns.x) %}"),
        looped("{% set ns.x = ns.x + ns.x %}"),
        looped("{% set ns.s = ns.s ~ ns.s %}"),
        looped("{% set ns.s = ns.s + ns.s -%} "),
        looped("{% set ns.s = ns.s * 9 %}"),
        looped("{% set ns.x = ns.x + ['a' * 1000000] %}"),
        looped("{% set ns.x = ns %}"),
        looped("{% set ns.x = namespace(a=ns.x) %}"),
        looped("{% for k in [ns.x] %}{% set ns.x = loop %}{% endfor %}"),
        looped("{% set x = ns.x %}{% macro m() %}{{ x }}{% endmacro %}{% set ns.x = m %}"),
        "{% macro m(a) %}{{ m(a ~ a) }}{% endmacro %}{{ m('x' * 10000) }}".into(),
        "{% macro m(n, a='') %}{{ m(n, a=a ~ a ~ n) }}{% endmacro %}{{ m('x' * 10000) }}".into(),
        "{% macro m() %}{{ caller('x' * 4000000) }}{% endmacro %}{% call(a) m() %}{% call(b) m() %}{{ a ~ a ~ a ~ b }}{% endcall %}{% endcall %}".repeat(20),
        "{% for a in ['x' * 1000] recursive %}{{ loop([a ~ a]) }}{% endfor %}".into(),
        "{% for (a, b) in [('x' * 1000, 1)] recursive -%}\n{{ loop([(a ~ a, b)]) }}{% endfor %}".into(),
        format!("{{% set x = [1] %}}{}", "{% set x = [x] %}".repeat(30_000)),
        format!("{{% set x = 'x' * 1000000 %}}{{{{ x{} }}}}", " ~ x".repeat(10_000)),
        format!("{{% set c %}}{{% for i in range(100000) %}}{}{{% endfor %}}{{% endset %}}", "literal ".repeat(1_000)),
        format!(
            "{{% macro m() %}}{}{{% endmacro %}}{{% set c %}}{{% for i in range(100000) %}}{{{{ m() }}}}{{% endfor %}}{{% endset %}}",
            "literal ".repeat(1_000)
        ),
    ] {
        let kept: &'static str = source.leak();
        let templates: &'static [(&str, &str)] = vec![("x.yaml.j2", kept)].leak();
        let found = on_a_small_stack(templates);
        let cyclic = found.message().contains("cannot be kept in a namespace");
        assert!(found.kind() == ErrorKind::Limit || cyclic, "{} {found:?}", &kept[..kept.len().min(300)]);
    }
}

#[test]
fn a_partial_included_in_a_capture_counts() {
    let literal: &'static str = "literal ".repeat(10_000).leak();
    let loops = "{% set c %}{% for i in range(100000) %}{% include '_a.j2' %}{% endfor %}{% endset %}";
    let found = on_a_small_stack(vec![("_a.j2", literal), ("x.yaml.j2", loops)].leak());
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
    let with = "{% with a = (a | default('x' * 100000)) ~ (a | default('')) ~ (a | default('')) %}{% include 'x.yaml.j2' %}{% endwith %}";
    let found = on_a_small_stack(vec![("x.yaml.j2", with)].leak());
    assert_eq!(found.kind(), ErrorKind::Limit, "{found:?}");
    let given = "{{ include('x.yaml.j2', {'a': 'x' * 5000000}) }}";
    assert_eq!(on_a_small_stack(vec![("x.yaml.j2", given)].leak()).kind(), ErrorKind::Limit);
}

#[test]
fn what_templates_do_with_names_still_works() {
    assert_eq!(
        text(
            "{% set ns = namespace(l=[], s='') %}\n{% for i in range(3) -%}\n{% set ns.l = ns.l + [i] %}\n{% set ns.s = ns.s ~ i %}\n{% endfor %}\n{{ ns.l | join(',') }} {{ ns.s }}\n"
        ),
        "0,1,2 012\n"
    );
    assert_eq!(text("{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = (1,) %}{{ t | len }}"), "121");
    assert_eq!(text("{% with a = 1, (b, c) = (2, 3) %}{{ a }}{{ b }}{{ c }}{% endwith %}"), "123");
    assert_eq!(
        text("{% macro m(a, b={'x': 1}, c=[1, 2]) %}{{ a }}{{ b.x }}{{ c | len }}{% endmacro %}{{ m(0) }}"),
        "012"
    );
    assert_eq!(text("{% macro m(a) %}{{ 'unset' if a is undefined else a }}{% endmacro %}{{ m() }}"), "unset");
    assert_eq!(
        text("{% for i in [1] %}{% set o = loop %}{% for j in [1, 2] %}{{ o.index }}{{ j }}{% endfor %}{% endfor %}"),
        "1112"
    );
    assert_eq!(
        text("{% for n in [[1], []] recursive %}{{ n | len }}{{ loop(n) if n and n | first is iterable }}{% endfor %}"),
        "10"
    );
    assert_eq!(text("{% set r = range(3) %}{{ r | join('') }}{{ r | join('') }}"), "012012");
    assert_eq!(text("{% set m %}\nkey: {{ values.args }}\n{% endset %}\n{{ m }}"), text("key: {{ values.args }}\n"));
    assert_eq!(text("{% set y = toYaml(values.args) %}\nkey: {{ y }}\n"), text("key: {{ values.args }}\n"));
    let body = "literal text of some length ".repeat(4);
    assert_eq!(text(&format!("{{% for i in [1, 2] %}}\n{body}\n{{% endfor %}}\n")), format!("{body}\n{body}\n"));
}

#[test]
fn columns_are_those_of_the_template_as_written() {
    for (source, wanted) in [
        ("{% set x = values.nope.x %}", "x.yaml.j2:1:12"),
        ("{% set a = 1 %}{% set b = 2 %}k: {{ values.nope.x }}", "x.yaml.j2:1:37"),
        ("{% macro m(a, b) %}{{ a }}{% endmacro %}{{ values.nope.x }}", "x.yaml.j2:1:44"),
        ("{% with a = values.nope.x %}{{ a }}{% endwith %}", "x.yaml.j2:1:13"),
        ("{% for i in [1] %}a literal text that is long enough\n{{ values.nope.x }}{% endfor %}", "x.yaml.j2:2:4"),
    ] {
        let found = error(source);
        assert!(at(&found).ends_with(wanted), "{source}: {}", at(&found));
    }
}

/// The engine reads chains in a loop and walks them by recursion.
#[test]
fn long_chains_are_refused_and_do_not_overflow() {
    for part in
        ["%1", ".a", "[0]", "|abs", "(1)", " is odd", " and 1", " if 1 else 1", " == 1", "-1", "**1", " not in 1"]
    {
        for source in
            [format!("{{{{ 1{} }}}}", part.repeat(20_000)), format!("{{% if 1{} %}}{{% endif %}}", part.repeat(9_000))]
        {
            let found = on_a_small_stack(vec![("x.yaml.j2", &*source.leak())].leak());
            assert!(matches!(found.kind(), ErrorKind::Limit | ErrorKind::Template), "{part} {found:?}");
        }
    }
    let branches = format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(20_000));
    assert_eq!(on_a_small_stack(vec![("x.yaml.j2", &*branches.leak())].leak()).kind(), ErrorKind::Limit);
    // At the bounds, with blocks around as deep as the engine lets them nest.
    for part in ["%1", "|abs", " is odd", " if 1 else 1", "-1", " and 1"] {
        let chain = part.repeat(120);
        let source = format!("{}{{{{ 1{chain} }}}}{}", "{% if 1 %}".repeat(60), "{% endif %}".repeat(60));
        let body = move || render(&[("x.yaml.j2", &*source)]).manifests.len();
        std::thread::Builder::new().stack_size(2 << 20).spawn(body).unwrap().join().unwrap();
    }
    assert_eq!(text(&format!("{{{{ [{}] | len }}}}", "values.image.tag, ".repeat(500))), "500");
}

/// The engine counts columns in 16 bits.
#[test]
fn long_lines_are_refused() {
    let found = error(&format!("a: 1\n{}{{{{ 1 1 }}}}", "x".repeat(70_000)));
    assert_eq!((found.kind(), found.location().unwrap().line), (ErrorKind::Limit, Some(2)));
    let found = error(&format!("{}{{{{ 1 $ }}}}", "{% set a = 1 %}".repeat(3_900)));
    assert!(matches!(found.kind(), ErrorKind::Limit | ErrorKind::Template), "{found:?}");
}
