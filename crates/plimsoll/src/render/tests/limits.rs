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
fn deep_expressions_run_into_a_limit() {
    let source = format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000));
    assert_eq!(error(&source).kind(), ErrorKind::Limit);
}
