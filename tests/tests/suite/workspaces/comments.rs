//! Suppressions in comments of templates and manifests: the line they are about, and no other.

use plimsoll::{Linter, Moment, Report};

use super::listed;
use crate::example::{NOW, Texts, check, check_workspace, open, texts};

const CONFIG: &str = "version: 1
environments: {staging: {}, production: {values: [production.yaml]}}
releases: [{name: cart, chart: chart, namespace: shop}]
";

/// Two rules and so two findings, at lines 6 and 7 of the template that renders them.
const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ release.name }}}
rules:
  - {apiGroups: [''], resources: [pods], verbs: [get]}
  - {apiGroups: [''], resources: [pods], verbs: ['*']}
  - {apiGroups: [''], resources: [secrets], verbs: ['*']}
";

const WILD: &str = "plimsoll: ignore=rbac/wildcard reason=\"for now\"";

fn files(template: &str) -> Texts {
    texts(&[
        ("plimsoll.yaml", CONFIG),
        ("production.yaml", "x: 1\n"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n"),
        ("chart/values.yaml", "verbs: ['*']\n"),
        ("chart/templates/role.yaml.j2", template),
    ])
}

/// The template with something behind one of its lines, or above it.
fn with(line: usize, behind: &str, above: &str) -> String {
    let lines = ROLE
        .lines()
        .enumerate()
        .map(|(at, text)| if at + 1 == line { format!("{above}{text}{behind}\n") } else { format!("{text}\n") });
    lines.collect()
}

#[test]
fn a_comment_takes_out_what_is_found_at_its_line() {
    assert_eq!(listed(&check(&files(ROLE))).len(), 2);
    for comment in [
        format!(" # {WILD}"),
        format!(" {{# {WILD} #}}"),
        format!(" {{#- {WILD} owner=platform expires=2027-01-01 #}}"),
        format!(" # {WILD} object=shop/Role/cart pointer=/rules"),
    ] {
        let report = check(&files(&with(6, &comment, "")));
        let expected = ["rbac/wildcard [staging, production] chart/templates/role.yaml.j2:7"];
        assert_eq!(listed(&report), expected, "{comment}");
        assert_eq!(report.summary().suppressed, 1);
    }
    for above in [format!("  # {WILD}\n"), format!("{{# {WILD} #}}\n"), format!("{{# {WILD}\n   owner=me #}}\n")] {
        let report = check(&files(&with(7, "", &above)));
        assert_eq!(listed(&report), ["rbac/wildcard [staging, production] chart/templates/role.yaml.j2:6"], "{above}");
    }
    let report = check(&files(&with(6, &format!(" # {WILD} environments=staging"), "")));
    assert_eq!(
        listed(&report),
        [
            "rbac/wildcard [production] chart/templates/role.yaml.j2:6",
            "rbac/wildcard [staging, production] chart/templates/role.yaml.j2:7",
        ]
    );
    assert_eq!(report.summary().suppressed, 0);
}

#[test]
fn what_it_does_not_cover_stays_and_it_is_unused() {
    let unused = "suppression/unused [staging, production] chart/templates/role.yaml.j2";
    for (line, comment) in [
        (5, WILD.to_owned()),
        (6, WILD.replace("rbac/wildcard", "rbac/anonymous-binding")),
        (6, format!("{WILD} object=shop/Role/other")),
        (6, format!("{WILD} pointer=/metadata")),
        (6, format!("{WILD} container=app")),
    ] {
        let report = check(&files(&with(line, &format!(" # {comment}"), "")));
        let listed = listed(&report);
        assert_eq!(listed.len(), 3, "{comment}: {listed:?}");
        assert!(listed.contains(&format!("{unused}:{line}")), "{comment}: {listed:?}");
    }
}

#[test]
fn several_policies_and_several_comments() {
    let both = "plimsoll: ignore=rbac/wildcard,rbac/anonymous-binding reason=x";
    let report = check(&files(&with(6, &format!(" # {both}"), "")));
    assert_eq!(
        listed(&report),
        [
            "rbac/wildcard [staging, production] chart/templates/role.yaml.j2:7",
            "suppression/unused [staging, production] chart/templates/role.yaml.j2:6",
        ]
    );
    assert!(report.findings()[1].message.contains("`rbac/anonymous-binding` at line 6"));
    let one = format!("# {WILD}\n");
    let report =
        check(&files(&with(6, "", &format!("{one}{}", one.replace("rbac/wildcard", "rbac/dangling-reference")))));
    assert_eq!(report.summary().suppressed, 1);
    // The same twice: the second suppresses nothing.
    let report = check(&files(&with(6, &format!(" # {WILD}"), &one)));
    assert_eq!(report.summary().suppressed, 1);
    assert_eq!(report.findings().iter().filter(|finding| &*finding.policy == "suppression/unused").count(), 1);
}

#[test]
fn expired_it_hides_nothing_and_is_an_error_at_its_line() {
    let workspace = open(&files(&with(6, &format!(" # {WILD} owner=platform expires=2027-03-31"), "")));
    let listed_at = |now| listed(&check_workspace(&workspace, now));
    assert_eq!(listed_at("2027-03-31T23:59:59Z").len(), 1);
    let late = listed_at("2027-04-01T00:00:00Z");
    assert_eq!(late.len(), 3);
    assert!(late.contains(&"suppression/expired [staging, production] chart/templates/role.yaml.j2:6".to_owned()));
    let report = check_workspace(&workspace, "2027-04-01T00:00:00Z");
    let finding = report.findings().iter().find(|finding| &*finding.policy == "suppression/expired").unwrap();
    assert_eq!(finding.message, "the suppression of `rbac/wildcard` at line 6 expired after 2027-03-31");
    assert_eq!(finding.fix, "fix what it hid, or have `platform` decide on a new date");
    assert_eq!(finding.location.as_ref().unwrap().column, Some(56));
}

#[test]
fn a_line_of_a_library_stands_for_all_who_use_it() {
    let partial = format!(
        "{{% macro rules() %}}\n  - {{apiGroups: [''], resources: [pods], verbs: ['*']}} # {WILD}\n{{% endmacro %}}\n"
    );
    let user = "{% from \"lib/_rules.j2\" import rules %}\napiVersion: rbac.authorization.k8s.io/v1
kind: Role\nmetadata: {name: {{ release.name }}}\nrules:\n{{ rules() }}\n";
    let chart = |name: &str| {
        format!(
            "apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies: [{{name: lib, version: 1.0.0, repository: \"file://../lib\"}}]\n"
        )
    };
    let config = "version: 1\nenvironments: {staging: {}}\nreleases:
  - {name: a, chart: a, namespace: shop}\n  - {name: b, chart: b, namespace: shop}\n";
    let library = "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n";
    let mut files = texts(&[
        ("plimsoll.yaml", config),
        ("lib/Chart.yaml", library),
        ("lib/templates/_rules.j2", &partial),
        ("a/Chart.yaml", &chart("a")),
        ("a/templates/role.yaml.j2", user),
        ("b/Chart.yaml", &chart("b")),
        ("b/templates/role.yaml.j2", user),
    ]);
    let report = check(&files);
    assert_eq!((listed(&report), report.summary().suppressed), (Vec::new(), 2));
    let narrow = partial.replace("now\"", "now\" object=Role/a");
    files.extend(texts(&[("lib/templates/_rules.j2", &narrow)]));
    let report = check(&files);
    assert_eq!((report.findings().len(), report.summary().suppressed), (1, 1));
    assert_eq!(&*report.findings()[0].resource.as_ref().unwrap().name, "b");
}

const PLAIN: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: cart, namespace: shop}
rules:
  - {apiGroups: [''], resources: [pods], verbs: ['*']}";

#[test]
fn plain_manifests_and_static_templates_have_comments_too() {
    let suppressed = format!("{PLAIN} # {WILD}\n");
    let report = check(&texts(&[("role.yaml", &suppressed)]));
    assert_eq!((listed(&report), report.summary().suppressed), (Vec::new(), 1));
    let mut chart = files("");
    chart.remove("chart/templates/role.yaml.j2");
    chart.extend(texts(&[("chart/templates/role.yaml", &suppressed)]));
    let report = check(&chart);
    assert_eq!((listed(&report), report.summary().suppressed), (Vec::new(), 1));
    // What Helm rendered is at no line of a template, and yet the comment it took over counts.
    let helm = format!("---\n# Source: cart/templates/role.yaml\n{suppressed}");
    let report = check(&texts(&[("all.yaml", &helm)]));
    assert_eq!((listed(&report), report.summary().suppressed), (Vec::new(), 1));
}

#[test]
fn what_is_not_checked_is_not_unused() {
    let workspace = open(&files(&with(5, &format!(" # {WILD}"), "")));
    let now = Moment::parse(NOW).unwrap();
    let linter = || Linter::for_workspace(&workspace).unwrap().now(now);
    let unused = |report: &Report| report.findings().iter().any(|finding| &*finding.policy == "suppression/unused");
    assert!(unused(&linter().check(&workspace.render_all())));
    assert!(!unused(&linter().select(&["rbac/"]).unwrap().check(&workspace.render_all())));
    let one = workspace.render(&["staging"], &plimsoll::rendered::Overrides::default()).unwrap();
    assert!(!unused(&linter().check(&one)));
    // Nor where something that it may be for could not be rendered.
    let mut broken = files(&with(5, &format!(" # {WILD}"), ""));
    broken.extend(texts(&[("chart/templates/broken.yaml.j2", "{{ values.nothing }}\n")]));
    assert!(!unused(&check(&broken)));
}
