//! Suppressions in annotations: the object they stand on, and no other.

use super::listed;
use crate::example::{check, check_workspace, open, texts};

fn pod(name: &str, annotation: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
  annotations:
    {annotation}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - {{name: app, image: \"registry.example/{name}:latest\"}}
        - {{name: log, image: \"registry.example/log:latest\"}}
"
    )
}

const TAG: &str = "images/mutable-tag";

/// Findings of one policy and those about suppressions, as `policy object`.
fn about(report: &plimsoll::Report, policy: &str) -> Vec<String> {
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    let wanted = |id: &str| id == policy || id.starts_with("suppression/");
    let findings = report.findings().iter().filter(|finding| wanted(&finding.policy));
    findings
        .map(|finding| {
            let object = finding.resource.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            format!("{} {object} {}", finding.policy, finding.pointer)
        })
        .collect()
}

#[test]
fn it_covers_its_object() {
    let annotated = pod("a", "plimsoll.dev/ignore: images/mutable-tag reason=\"built on the spot\" owner=shop");
    let report = check(&texts(&[("all.yaml", &format!("{annotated}---\n{}", pod("b", "x: y")))]));
    let expected = ["0", "1"].map(|at| format!("{TAG} Deployment shop/b /spec/template/spec/containers/{at}/image"));
    assert_eq!(about(&report, TAG), expected);
    assert_eq!(report.summary().suppressed, 2);
}

#[test]
fn a_container_a_pointer_and_several_lines_narrow_it_down() {
    let log = format!("{TAG} Deployment shop/a /spec/template/spec/containers/1/image");
    for narrow in ["container=app", "pointer=/spec/template/spec/containers/0"] {
        let report = check(&texts(&[("a.yaml", &pod("a", &format!("plimsoll.dev/ignore: {TAG} reason=x {narrow}")))]));
        assert_eq!(about(&report, TAG), [log.as_str()], "{narrow}");
    }
    let lines =
        format!("plimsoll.dev/ignore: |\n      {TAG} reason=x container=app\n\n      {TAG} reason=y container=log\n");
    let report = check(&texts(&[("a.yaml", &pod("a", lines.trim_end()))]));
    assert_eq!(about(&report, TAG), Vec::<String>::new());
    assert_eq!(report.summary().suppressed, 2);
}

#[test]
fn unused_and_expired_ones_are_named_at_their_line() {
    let text = pod("a", &format!("plimsoll.dev/ignore: {TAG} reason=x expires=2026-12-31 container=init"));
    let workspace = open(&texts(&[("a.yaml", &text)]));
    let report = check_workspace(&workspace, "2026-11-01T00:00:00Z");
    let unused: Vec<String> = listed(&report).into_iter().filter(|line| line.starts_with("suppression/")).collect();
    assert_eq!(unused, ["suppression/unused [default] a.yaml:7"]);
    let report = check_workspace(&workspace, "2027-01-01T00:00:00Z");
    assert_eq!(
        report.findings()[0].message,
        format!("the suppression of `{TAG}` for `shop/Deployment/a` expired after 2026-12-31")
    );
}

#[test]
fn one_that_a_template_writes_into_many_is_one() {
    let template = "{% for name in [\"a\", \"b\"] %}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ name }}
  annotations: {plimsoll.dev/ignore: rbac/wildcard reason=x}
rules: [{apiGroups: [''], resources: [pods], verbs: [{{ \"'*'\" if name == \"a\" else \"get\" }}]}]
{% endfor %}
";
    let chart = |template: &str| {
        texts(&[
            (
                "plimsoll.yaml",
                "version: 1\nenvironments: {staging: {tier: staging}, production: {}}\nreleases: [{name: c, chart: c, namespace: shop}]\n",
            ),
            ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            ("c/templates/roles.yaml.j2", template),
        ])
    };
    let report = check(&chart(template));
    assert_eq!((listed(&report), report.summary().suppressed), (Vec::new(), 1));
    let nothing = check(&chart(&template.replace("'*'", "list")));
    assert_eq!(listed(&nothing), ["suppression/unused [staging, production] c/templates/roles.yaml.j2:7"]);
    assert!(
        nothing.findings()[0].message.contains("for `shop/Role/a` and 1 more"),
        "{}",
        nothing.findings()[0].message
    );
}
