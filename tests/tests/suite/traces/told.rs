//! What reports say about the values behind a finding.

use plimsoll::Report;
use plimsoll::finding::ValueOrigin;
use plimsoll::rendered::Spot;
use plimsoll::report::Format;

use crate::example;

const PLIMSOLL: &str = "version: 1\n\
environments:\n  staging: {tier: staging, values: [staging.yaml]}\n  production: {tier: production}\n\
releases:\n- {name: app, chart: chart, namespace: shop, values: [app.yaml]}\n\
policies:\n  params:\n    images/registry-not-allowed: {registries: [good.example]}\n";

fn check(values: &str, app: &str, staging: &str, template: &str) -> Report {
    let report = example::check(&example::texts(&[
        ("plimsoll.yaml", PLIMSOLL),
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/values.yaml", values),
        ("app.yaml", app),
        ("staging.yaml", staging),
        ("chart/templates/x.yaml.j2", template),
    ]));
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    report
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {a: b}}\n\
\x20 template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: app\n";

/// The values behind the only finding of a policy: environment, `key file:line layer`.
fn behind(report: &Report, policy: &str) -> Vec<(String, Vec<String>)> {
    let finding = report.findings().iter().find(|finding| &*finding.policy == policy).unwrap();
    let word = |value: &ValueOrigin| {
        let place = match (&value.file, value.line) {
            (Some(file), Some(line)) => format!(" {file}:{line}"),
            _ => String::new(),
        };
        format!("{}{place} {}", value.key, value.layer)
    };
    let occurrences = finding.occurrences.iter();
    occurrences.map(|one| (one.environment.to_string(), one.values.iter().map(word).collect())).collect()
}

fn each(staging: &[&str], production: &[&str]) -> Vec<(String, Vec<String>)> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    vec![("staging".to_owned(), words(staging)), ("production".to_owned(), words(production))]
}

#[test]
fn each_environment_names_its_own_layer() {
    let template = format!("{DEPLOYMENT}        image: {{{{ values.image }}}}\n");
    let report = check("image: bad.example/a:1\n", "x: 1\n", "image: bad.example/a:1\n", &template);
    let found = behind(&report, "images/registry-not-allowed");
    assert_eq!(found, each(&["image staging.yaml:1 environment"], &["image chart/values.yaml:1 chart"]));
}

#[test]
fn what_is_missing_names_the_key_that_would_set_it() {
    let template = format!("{DEPLOYMENT}        image: a\n        resources: {{{{ values.resources }}}}\n");
    let rendered = example::open(&example::texts(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/values.yaml", "a: 1\nresources:\n  limits: {memory: 1Gi}\n"),
        ("chart/templates/x.yaml.j2", &template),
    ]))
    .render_all();
    let environment = &rendered.environments()[0];
    let resource = environment.resources().next().unwrap();
    let resources = "/spec/template/spec/containers/0/resources";
    for (missing, key, line) in [
        ("/requests/cpu", "resources.requests.cpu", 2),
        ("/limits/cpu", "resources.limits.cpu", 3),
        ("/claims", "resources.claims", 2),
    ] {
        let pointer = format!("{resources}{missing}");
        let trace = rendered.trace(&[Spot { environment, resource, pointer: &pointer }]).remove(0);
        let [value] = &trace.values[..] else { panic!("{trace:#?}") };
        assert_eq!((&*value.key, value.line, value.is_unset()), (key, Some(line), true));
        assert_eq!(trace.location.line, Some(12));
    }
}

#[test]
fn a_condition_that_is_off_is_the_key_to_what_is_missing() {
    let template = format!(
        "{DEPLOYMENT}        image: good.example/a:1\n{{% if values.probes.ready %}}\n        readinessProbe: {{httpGet: {{port: 80}}}}\n{{% endif %}}\n\
         ---\napiVersion: v1\nkind: Service\nmetadata: {{name: app}}\nspec: {{selector: {{a: b}}, ports: [{{port: 80}}]}}\n"
    );
    let report = check("probes: {ready: false}\n", "", "", &template);
    let key = ["probes.ready chart/values.yaml:1 chart"];
    assert_eq!(behind(&report, "workload/no-readiness-probe"), each(&key, &key));
}

#[test]
fn only_the_half_of_a_choice_that_counts_is_named() {
    let template = format!("{DEPLOYMENT}        image: {{{{ values.own | default(values.shared) }}}}:1\n");
    let report = check("shared: bad.example/a\nother: 1\n", "own: bad.example/b\n", "own: ''\n", &template);
    let findings: Vec<_> =
        report.findings().iter().filter(|finding| &*finding.policy == "images/registry-not-allowed").collect();
    assert_eq!(findings.len(), 2);
    for finding in findings {
        let [occurrence] = &finding.occurrences[..] else { panic!("{finding:#?}") };
        let keys: Vec<&str> = occurrence.values.iter().map(|value| &*value.key).collect();
        let expected: &[&str] = if &*occurrence.environment == "staging" { &["own", "shared"] } else { &["own"] };
        assert_eq!(keys, expected, "{finding:#?}");
    }
}

#[test]
fn every_format_names_the_key_and_its_place() {
    let template = format!("{DEPLOYMENT}        image: {{{{ values.image }}}}\n");
    let report = check("image: bad.example/a:1\n", "", "image: bad.example/a:1\n", &template);
    for (format, said) in [
        (Format::Text, "values in staging: `image` (staging.yaml:1, environment)"),
        (Format::Json, r#""layer": "environment""#),
        (Format::Sarif, "`image`, set by the layer environment, in staging"),
        (Format::Github, "values in production: `image` (chart/values.yaml:1, chart)"),
    ] {
        let mut bytes = Vec::new();
        report.write(format, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(said), "{format:?} lacks {said}:\n{text}");
    }
}

#[test]
fn what_no_value_decides_names_none() {
    let template = format!("{DEPLOYMENT}        image: bad.example/a:1\n        command: [{{{{ values.word }}}}]\n");
    let report = check("word: x\n", "", "", &template);
    assert_eq!(behind(&report, "images/registry-not-allowed"), each(&[], &[]));
}
