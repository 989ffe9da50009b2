//! The way back from rendered text to the template.

use super::*;

struct Traced {
    text: String,
    map: SourceMap,
}

fn trace_with(chart: &Spec) -> Traced {
    let values = values(VALUES);
    let (program, output) = render_with(chart, &values);
    assert!(output.errors.is_empty(), "{:?}", output.errors);
    let manifest = &output.manifests[0];
    let map = program.trace(&Context { release: &release(), environment: &environment(), values: &values }, manifest);
    Traced { text: manifest.text.to_string(), map }
}

impl Traced {
    /// Where the first occurrence of some rendered text comes from: `file:line:column`, the file's last part.
    fn of(&self, needle: &str) -> String {
        let offset = self.text.find(needle).unwrap_or_else(|| panic!("{needle} in {}", self.text));
        let line = self.text[..offset].matches('\n').count() + 1;
        let column = self.text[..offset].rsplit('\n').next().unwrap().chars().count() + 1;
        match self.map.locate(line.try_into().unwrap(), column.try_into().unwrap()) {
            Mapping::Exact(location) => location.to_string().rsplit('/').next().unwrap().to_owned(),
            Mapping::Unmapped => "unmapped".into(),
        }
    }
}

fn trace(templates: &[(&str, &str)]) -> Traced {
    trace_with(&chart(templates))
}

#[test]
fn literals_values_and_blocks() {
    let traced = trace(&[(
        "x.yaml.j2",
        "kind: A\n{% if values.enabled %}\nspec:\n  name: {{ values.name }} # end\n  r: {{ values.resources }}\n{% endif %}\nlast: {{ values.port }}{{ values.big }}\n",
    )]);
    assert_eq!(traced.of("kind"), "x.yaml.j2:1:1");
    assert_eq!(traced.of("A\n"), "x.yaml.j2:1:7");
    assert_eq!(traced.of("spec"), "x.yaml.j2:3:1");
    assert_eq!(traced.of("name"), "x.yaml.j2:4:3");
    assert_eq!(traced.of("art"), "x.yaml.j2:4:9");
    assert_eq!(traced.of("# end"), "x.yaml.j2:4:27");
    assert_eq!(traced.of("r:"), "x.yaml.j2:5:3");
    assert_eq!(traced.of("limits"), "x.yaml.j2:5:6");
    assert_eq!(traced.of("memory"), "x.yaml.j2:5:6");
    assert_eq!(traced.of("last"), "x.yaml.j2:7:1");
    assert_eq!(traced.of("1000000"), "x.yaml.j2:7:24");
}

#[test]
fn loops_macros_includes_and_filters() {
    let traced = trace(&[
        ("_p.j2", "{% macro m(x) %}\nname: {{ x }}\nfrom: macro\n{% endmacro %}"),
        ("_q.j2", "\nincluded: 1\n"),
        (
            "x.yaml.j2",
            "{% import '_p.j2' as p %}\n{% for e in values.env %}\n- n: {{ e.name }}\n{% endfor %}\n{{ p.m('z') | indent(2) }}\n{% filter indent(4) %}\ninside: 1\n{% include '_q.j2' %}\n{% endfilter %}\n{% set c %}\ncaptured: {{ values.name }}\n{% endset %}\n{{ c }}\n{% filter upper %}\nshout: 1\n{% endfilter %}\nend: 1\n",
        ),
    ]);
    assert_eq!(traced.of("- n: B"), "x.yaml.j2:3:1");
    assert_eq!(traced.of("B\n"), "x.yaml.j2:3:6");
    assert_eq!(traced.of("name: z"), "_p.j2:2:1");
    assert_eq!(traced.of("z\n"), "_p.j2:2:7");
    assert_eq!(traced.of("from"), "_p.j2:3:1");
    assert_eq!(traced.of("inside"), "x.yaml.j2:7:1");
    assert_eq!(traced.of("included"), "_q.j2:2:1");
    assert_eq!(traced.of("captured"), "x.yaml.j2:11:1");
    assert_eq!(traced.of("SHOUT"), "x.yaml.j2:14:1");
    assert_eq!(traced.of("end: 1"), "x.yaml.j2:17:1");
}

#[test]
fn partials_of_a_library_chart() {
    let mut parent = chart(&[("x.yaml.j2", "a: 1\n{% include 'lib/_p.j2' %}\nz: 1\n")]);
    parent.dependencies.push(dependency("lib", &[("_p.j2", "# lib\nb: {{ values.image }}")]));
    let traced = trace_with(&parent);
    assert_eq!(traced.of("b:"), "_p.j2:2:1");
    assert_eq!(traced.of("tag"), "_p.j2:2:4");
    assert_eq!(traced.of("z:"), "x.yaml.j2:3:1");
}

#[test]
fn measured_text_does_not_give_a_wrong_line() {
    let traced = trace(&[(
        "x.yaml.j2",
        "a: 1\n{% set c %}\ntext\n{% endset %}\n{% if c == 'text\\n' %}\nb: 1\nb2: 1\n{% else %}\nc: 1\n{% endif %}\nd: {{ c | length }}\ne: 1\n",
    )]);
    assert_eq!(traced.of("a: 1"), "x.yaml.j2:1:1");
    assert_eq!(traced.of("b: 1"), "unmapped");
    assert_eq!(traced.of("d: 5"), "x.yaml.j2:11:1");
    assert_eq!(traced.of("e: 1"), "x.yaml.j2:12:1");
}

#[test]
fn captured_emptiness_stays_empty() {
    let traced =
        trace(&[("x.yaml.j2", "{% set c %}{{ '' }}{% endset %}\n{% if c %}\na: 1\n{% else %}\nb: 1\n{% endif %}\n")]);
    assert_eq!(traced.of("b: 1"), "x.yaml.j2:5:1");
}

#[test]
fn braces_raw_blocks_and_white_space_control() {
    let traced = trace(&[(
        "x.yaml.j2",
        "a: {% raw %}{{ x }}{% endraw %}\n{#- note #}\nb: {{- values.name -}}\n  , c\nd: '{'{% if true %}\n  e{% endif %}\n",
    )]);
    assert_eq!(traced.of("{{ x }}"), "x.yaml.j2:1:13");
    assert_eq!(traced.of("cart"), "x.yaml.j2:3:4");
    assert_eq!(traced.of(", c"), "x.yaml.j2:4:3");
    assert_eq!(traced.of("d: "), "x.yaml.j2:5:1");
}

#[test]
fn static_files_map_to_themselves() {
    let traced = trace(&[("x.yaml", "a: 1\n  b: 2\n")]);
    assert_eq!(traced.of("2\n"), "x.yaml:2:6");
}
