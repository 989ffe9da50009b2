//! `plimsoll render`.

use super::{read, workspace};
use crate::run::{plimsoll, with_input};

#[test]
fn everything_goes_to_standard_output_under_its_source() {
    let run = plimsoll(workspace(&[]).path(), &["render", "-e", "production"]).ended(0);
    let start = "---
# Environment: production
# Source: charts/cart/templates/objects.yaml.j2
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: cart}
rules:
  - apiGroups: ['']
    resources: [pods]
";
    assert!(run.stdout.starts_with(start), "{}", run.stdout);
    assert_eq!((run.stdout.matches("# Source: ").count(), run.stderr.as_str()), (1, ""));
}

#[test]
fn what_is_rendered_can_be_checked() {
    let rendered = plimsoll(workspace(&[]).path(), &["render", "-e", "production"]).ended(0).stdout;
    let elsewhere = tempfile::tempdir().unwrap();
    let run = with_input(elsewhere.path(), &["check", "-", "--format", "json"], &rendered).ended(1);
    assert_eq!(run.json()["findings"][0]["location"]["file"], "charts/cart/templates/objects.yaml.j2");
}

#[test]
fn one_file_for_each_template() {
    let directory = workspace(&[]);
    let run = plimsoll(directory.path(), &["render", "-o", "out"]).ended(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let file = |environment: &str| {
        read(&directory.path().join(format!("out/{environment}/shop/cart/charts/cart/templates/objects.yaml")))
    };
    assert!(file("staging").starts_with("apiVersion: ") && file("staging").ends_with('\n'));
    assert!(file("production").contains("'*'") || file("production").contains("\"*\""));
    assert!(!file("staging").contains('*'));
}

#[test]
fn only_the_templates_asked_for() {
    let directory = workspace(&[(
        "charts/cart/templates/extra.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
    )]);
    let sources = |glob: &str| {
        let run = plimsoll(directory.path(), &["render", "-e", "staging", "--show-only", glob]).ended(0);
        run.stdout.lines().filter_map(|line| line.strip_prefix("# Source: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (extra, objects) = ("charts/cart/templates/extra.yaml.j2", "charts/cart/templates/objects.yaml.j2");
    assert_eq!(sources(extra), [extra]);
    assert_eq!(sources("**/obj*"), [objects]);
    assert_eq!(sources("charts/**"), [extra, objects]);
    let run = plimsoll(directory.path(), &["render", "--show-only", "extra.yaml.j2"]).ended(2);
    assert!(run.stderr.contains("no template matches"), "{}", run.stderr);
}

#[test]
fn values_of_the_caller_lie_on_top() {
    let directory = workspace(&[("one.yaml", "memory: 1Gi\ncidr: 10.1.0.0/16\n"), ("two.yaml", "memory: 2Gi\n")]);
    let rendered =
        |args: &[&str]| plimsoll(directory.path(), &[&["render", "-e", "production"], args].concat()).ended(0).stdout;
    let stacked = rendered(&["-f", "one.yaml", "-f", "two.yaml"]);
    assert!(stacked.contains("memory: 2Gi") && stacked.contains("cidr: 10.1.0.0/16"), "{stacked}");
    let set = rendered(&["--set", "memory=3Gi,verbs={get,list}", "-f", "one.yaml"]);
    assert!(set.contains("memory: 3Gi") && !set.contains('*'), "{set}");
    assert!(set.contains("list"), "{set}");
    // As text it is a word; typed it takes the key away.
    assert!(rendered(&["--set-string", "memory=null"]).contains("memory: null"));
    let run = plimsoll(directory.path(), &["render", "--set", "memory=null"]).ended(2);
    assert!(run.stderr.contains("`values.memory` is not set"), "{}", run.stderr);
    let json = rendered(&["--set-json", r#"verbs=["watch"]"#]);
    assert!(json.contains("watch") && !json.contains('*'), "{json}");
    for (args, message) in
        [(["--set", "memory"], "memory"), (["--set-json", "verbs=["], "verbs"), (["-f", "none.yaml"], "none.yaml")]
    {
        let run = plimsoll(directory.path(), &["render", args[0], args[1]]).ended(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn a_template_that_fails_hides_no_other() {
    let directory = workspace(&[("charts/cart/templates/more.yaml.j2", "kind: {{ values.memry }}\n")]);
    let run = plimsoll(directory.path(), &["render", "-e", "staging"]).ended(2);
    assert!(run.stdout.contains("kind: LimitRange"), "{}", run.stdout);
    assert!(run.stderr.starts_with("error: charts/cart/templates/more.yaml.j2:1:"), "{}", run.stderr);
    assert!(run.stderr.contains("memory"), "the nearest key is named: {}", run.stderr);
}
