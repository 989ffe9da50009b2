//! Templates that do not compile, do not render, do not end, or render what is no manifest.

use super::{Case, TEMPLATE, WHOLE};

fn at(line: u32) -> String {
    format!("{TEMPLATE}:{line}")
}

/// A policy whose pods could not be rendered is not one that selects nothing.
#[test]
fn what_a_broken_template_would_have_rendered_is_not_missed() {
    let mut files = crate::example::files();
    let file = "charts/cart/templates/cache.yaml.j2";
    let text =
        String::from_utf8(files[file].to_vec()).unwrap().replacen("values.cache.image.tag", "values.cache.imge.tag", 1);
    files.insert(file.to_owned(), text.into_bytes().into());
    let report = crate::example::check(&files);
    assert_eq!(report.errors().len(), 1, "{:#?}", report.errors());
    assert!(report.findings().is_empty(), "{:#?}", report.findings());
}

/// Nor does anything else follow from it, whichever template it is: no verdict rests on what is not there.
#[test]
fn nothing_follows_from_a_broken_template() {
    let files = crate::example::files();
    let templates = files.keys().filter(|file| file.ends_with(".yaml.j2") && !file.contains("/_"));
    for file in templates {
        for mistake in ["{{ values.nosuch.key }}", "{% if %}"] {
            let mut files = files.clone();
            let text = format!("{}\n{mistake}\n", String::from_utf8(files[file].to_vec()).unwrap());
            files.insert(file.clone(), text.into_bytes().into());
            let report = crate::example::check(&files);
            assert!(!report.errors().is_empty(), "{file}");
            let violated =
                report.findings().iter().filter(|found| found.verdict == plimsoll::finding::Verdict::Violated);
            assert_eq!(violated.map(|found| (&found.policy, &found.message)).collect::<Vec<_>>(), [], "{file}");
        }
    }
    let mut files = files;
    let file = "charts/microservice/templates/_deployment.yaml.j2";
    let text = String::from_utf8(files[file].to_vec()).unwrap().replace("service.image", "service.imge");
    files.insert(file.to_owned(), text.into_bytes().into());
    let report = crate::example::check(&files);
    assert!(!report.errors().is_empty() && report.findings().is_empty(), "{:#?}", report.findings());
}

/// A file that cannot be read may hold what is missed: here the account, the pods and the policy for them.
#[test]
fn nothing_follows_from_a_plain_file_that_cannot_be_read() {
    let config = "version: 1
environments: {production: {manifests: [{path: k8s}]}}
external: [{environments: [production], complete: [serviceaccounts, pods, networkpolicies, poddisruptionbudgets]}]
";
    let web = "apiVersion: v1\nkind: Service\nmetadata: {name: cache, namespace: shop}\nspec: {selector: {app: cache}, \
               ports: [{port: 6379}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n\
               spec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
               spec: {serviceAccountName: web, containers: [{name: web, image: \"registry.example/web:1\"}]}\n";
    let missed = ["service-unresolved", "dangling-reference", "not-isolated", "disruption-budget", "missing-request"];
    for (rest, whole) in [("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", true), ("a: [\n", false)] {
        let files = [("plimsoll.yaml", config), ("k8s/web.yaml", web), ("k8s/rest.yaml", rest)];
        let report = crate::example::check(&crate::example::texts(&files));
        assert_eq!(report.errors().is_empty(), whole, "{:#?}", report.errors());
        for policy in missed {
            let found = report.findings().iter().find(|found| found.policy.ends_with(policy));
            let violated = found.is_some_and(|found| found.verdict == plimsoll::finding::Verdict::Violated);
            assert_eq!(violated, whole, "{policy}: {found:#?}");
        }
    }
}

#[test]
fn a_syntax_error() {
    Case::template("{% if %}\n").fails("template", &at(8), "unexpected end of block");
}

#[test]
fn an_undefined_variable_names_key_layers_and_the_nearest_key() {
    let case = Case::template("  x: {{ values.lebel }}\n");
    case.fails("template", &at(8), "`values.lebel` is not set");
    let outcome = case.run(&["check", "--format", "json"]);
    let help = outcome.errors()[0]["help"].as_str().unwrap().to_owned();
    assert!(help.contains("did you mean `level`?"), "{help}");
    assert!(help.contains("chart (charts/web/values.yaml), release (web.yaml)"), "{help}");
    assert_eq!(outcome.environments(), serde_json::json!(["staging", "production"]));
}

#[test]
fn unknown_functions_and_filters() {
    Case::template("  x: {{ frobnicate(1) }}\n").fails("template", &at(8), "no function `frobnicate`");
    Case::template("  x: {{ values.level | upperr }}\n").fails("template", &at(8), "no filter `upperr`");
}

#[test]
fn an_infinite_loop() {
    let nested = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}\n";
    Case::template(nested).fails("limit", &at(8), "steps");
}

#[test]
fn a_recursive_macro() {
    let text = "{% macro f(x) %}{{ f(x) }}{% endmacro %}\n{{ f(1) }}\n";
    Case::template(text).fails("limit", &at(8), "too deep");
}

#[test]
fn templates_that_include_each_other() {
    let case = Case::with(TEMPLATE, "{% include \"_a.j2\" %}\n")
        .and("charts/web/templates/_a.j2", "{% include \"_b.j2\" %}")
        .and("charts/web/templates/_b.j2", "{% include \"_a.j2\" %}");
    case.fails("limit", "charts/web/templates/_a.j2:1", "`_a.j2` → `_b.j2` → `_a.j2`");
}

#[test]
fn a_template_outside_the_chart() {
    Case::with(TEMPLATE, "{% include \"../../../secret\" %}\n").fails("template", &at(1), "there is no template");
}

#[test]
fn a_rendered_manifest_that_is_no_yaml_is_shown_at_the_line_of_the_template() {
    let text = "{% if true %}\n  x: \"y\n{% endif %}\n";
    Case::template(text).fails("manifest", &at(9), "a quoted text is not closed");
}

#[test]
fn in_a_macro_of_a_library_chart_it_is_the_line_of_the_library() {
    let macros = "{% macro data(level) -%}\nlevel: {{ level }}\nbroken: \"x\n{% endmacro %}\n";
    let calls = WHOLE.replace("  level: {{ values.level }}\n", "  {{ m.data(values.level) }}\n");
    let case = Case::with("charts/lib/templates/_m.j2", macros)
        .and("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")
        .and(
            "charts/web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../lib\"}\n",
        )
        .and(TEMPLATE, format!("{{% import \"lib/_m.j2\" as m %}}\n{calls}"));
    case.fails("manifest", "charts/lib/templates/_m.j2:3", "a quoted text is not closed");
}

#[test]
fn an_object_without_kind() {
    Case::with(TEMPLATE, "apiVersion: v1\nmetadata: {name: x}\n").fails("manifest", &at(1), "no `kind`");
}

#[test]
fn empty_documents_are_nothing() {
    for text in ["", "\n", "---\n---\n", "# only a comment\n---\n", "{% if false %}x{% endif %}\n"] {
        Case::with(TEMPLATE, text).passes();
    }
}

#[test]
fn bytes_that_are_no_text() {
    Case::with(TEMPLATE, b"a: 1\nb: \xff\xfe\n").fails("file", &at(2), "not valid UTF-8");
    Case::template("  x: \0\n").fails("manifest", &at(8), "control character U+0000");
}

#[test]
fn chains_that_no_stack_bears() {
    let chains = [("", "not ", "1"), ("1", "+1", ""), ("values", ".a", ""), ("1", "|string", "")];
    for (first, link, last) in chains {
        for (bytes, told) in [(40_000, "operators"), (400_000, "the line is longer than 60000 bytes")] {
            let chain = link.repeat(bytes / link.len());
            Case::template(&format!("  x: {{{{ {first}{chain}{last} }}}}\n")).fails("limit", &at(8), told);
        }
        // Within the bounds the engine copes, whatever it says.
        let chain = link.repeat(90);
        let outcome =
            Case::template(&format!("  x: {{{{ {first}{chain}{last} }}}}\n")).run(&["check", "--format", "json"]);
        assert!(outcome.code == 1 || outcome.code == 2, "{}", outcome.stderr);
    }
    let alternatives = "{% elif false %}\n".repeat(3_000);
    Case::template(&format!("{{% if true %}}{alternatives}{{% endif %}}\n")).fails("limit", &at(258), "branches");
    let brackets = "(".repeat(400);
    Case::template(&format!("{{{{ {brackets}1 }}}}\n")).fails("limit", &at(8), "operators and brackets");
    let blocks = "{% if true %}".repeat(3_000);
    Case::template(&blocks).fails("limit", &at(8), "nest too deep");
    let cycle = Case::with(TEMPLATE, "{% extends \"_a.j2\" %}\n")
        .and("charts/web/templates/_a.j2", "{% extends \"_b.j2\" %}")
        .and("charts/web/templates/_b.j2", "{% extends \"_a.j2\" %}");
    cycle.fails("limit", "charts/web/templates/_b.j2:1", "extend or include each other too often");
}
