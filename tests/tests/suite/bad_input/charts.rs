//! Charts that cannot be loaded.

use super::{Case, TEMPLATE};

const FILE: &str = "charts/web/Chart.yaml";
const HEAD: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

fn depends(name: &str, repository: &str) -> String {
    format!("dependencies:\n  - {{name: {name}, version: 1.0.0, repository: \"{repository}\"}}\n")
}

#[test]
fn no_chart_where_one_is_named() {
    Case::new().without(FILE).fails("workspace", "plimsoll.yaml:7", "`charts/web` is no chart");
    let config = |chart: &str| super::CONFIG.replace("charts/web", chart);
    Case::with("plimsoll.yaml", config("charts/wob")).fails("workspace", "plimsoll.yaml:7", "no chart at");
    Case::with("plimsoll.yaml", config("web.yaml")).fails("workspace", "plimsoll.yaml:7", "is a file, not a chart");
}

#[test]
fn chart_yaml_that_says_too_little() {
    Case::with(FILE, "apiVersion: v2\nname: [\n").fails("chart", &format!("{FILE}:3"), "a value is missing");
    Case::with(FILE, "apiVersion: v2\nversion: 1.0.0\n").fails("chart", &format!("{FILE}:1"), "`name` is missing");
}

#[test]
fn charts_that_depend_on_each_other() {
    let case = Case::with(FILE, format!("{HEAD}{}", depends("other", "file://../other"))).and(
        "charts/other/Chart.yaml",
        format!("apiVersion: v2\nname: other\nversion: 1.0.0\n{}", depends("web", "file://../web")),
    );
    case.fails("chart", "charts/other/Chart.yaml:5", "charts depend on each other in a circle");
}

#[test]
fn a_dependency_outside_the_workspace() {
    for repository in ["file://../../../lib", "file:///etc"] {
        let case = Case::with(FILE, format!("{HEAD}{}", depends("lib", repository)));
        case.fails("outside-workspace", &format!("{FILE}:5"), "leaves the workspace");
    }
}

#[test]
fn a_dependency_that_is_not_there() {
    let case = Case::with(FILE, format!("{HEAD}{}", depends("lib", "file://../lib")));
    let outcome = case.run(&["check", "--format", "json"]);
    assert_eq!((outcome.code, outcome.errors().len()), (2, 1), "{}", outcome.stdout);
    assert_eq!(outcome.errors()[0]["location"]["file"], FILE);
}

#[test]
fn a_helm_chart_of_go_templates() {
    let file = "charts/web/templates/config.yaml";
    let case = Case::new().without(TEMPLATE).and(file, "a: 1\nb: {{ .Values.x }}\n");
    case.fails("chart", &format!("{file}:2"), "this is a Helm chart of Go templates");
    case.says(&format!("{file}:2"), "helm template NAME CHART | plimsoll check -");
}
