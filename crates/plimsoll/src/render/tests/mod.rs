use std::sync::Arc;

use super::*;
use crate::ErrorKind;
use crate::chart::{ChartFile, Dependency, Template};
use crate::values::{Layer, LayerKind};
use crate::yaml;

mod blocks;
mod errors;
mod functions;
mod limits;
mod source_map;
mod structure;

const VALUES: &str = "
name: cart
replicas: 3
port: 8080
big: 1000000
ratio: 0.5
enabled: true
nothing: null
empty: {}
none: []
image: {repository: registry.example/cart, tag: '1.2.3'}
resources: {limits: {cpu: 500m}, requests: {cpu: 100m, memory: 64Mi}}
env: [{name: A, value: '1'}, {name: B, value: '2'}]
args: [serve, --port]
script: |
  one
  two
";

fn template(path: &str, text: &str) -> Template {
    let name = path.rsplit('/').next().unwrap();
    let kind = if name.starts_with('_') {
        TemplateKind::Partial
    } else if path.ends_with(".j2") {
        TemplateKind::Template
    } else {
        TemplateKind::Static
    };
    let path = format!("templates/{path}");
    Template { file: format!("charts/cart/{path}").into(), path, text: text.into(), kind }
}

fn chart(templates: &[(&str, &str)]) -> Chart {
    Chart {
        name: "cart".into(),
        version: "0.1.0".into(),
        app_version: Some("2.0".into()),
        directory: "charts/cart".into(),
        templates: templates.iter().map(|(path, text)| template(path, text)).collect(),
        ..Chart::default()
    }
}

fn dependency(name: &str, templates: &[(&str, &str)]) -> Dependency {
    let mut chart = chart(templates);
    chart.name = name.into();
    for template in &mut chart.templates {
        template.file = format!("charts/{name}/{}", template.path).into();
    }
    Dependency { name: name.into(), condition: Vec::new(), tags: Vec::new(), chart: Arc::new(chart) }
}

fn values(text: &str) -> Values {
    Values::of(
        yaml::parse(text, 0).unwrap().node,
        vec![
            Layer { kind: LayerKind::Chart, file: Some("charts/cart/values.yaml".into()), chart: None },
            Layer { kind: LayerKind::Environment, file: Some("environments/dr.yaml".into()), chart: None },
        ],
    )
}

fn environment() -> Environment {
    Environment {
        name: "dr".into(),
        tier: "dr".into(),
        kubernetes: "1.34".into(),
        vars: [("site".to_owned(), "west".to_owned())].into(),
        api_versions: vec!["monitoring.coreos.com/v1".into()],
    }
}

fn release() -> Release {
    Release { name: "shop".into(), namespace: "shop-dr".into(), ..Release::default() }
}

fn render_with(chart: Chart, values: &Values) -> (Program, Output) {
    let (program, mut errors) = Program::compile(&Arc::new(chart));
    let mut output = program.render(&Context { release: &release(), environment: &environment(), values });
    errors.append(&mut output.errors);
    output.errors = errors;
    (program, output)
}

fn render(templates: &[(&str, &str)]) -> Output {
    render_with(chart(templates), &values(VALUES)).1
}

/// What one template writes; an error is a failed test.
fn text(source: &str) -> String {
    let output = render(&[("x.yaml.j2", source)]);
    assert!(output.errors.is_empty(), "{source}\n{:?}", output.errors);
    output.manifests.first().map_or(String::new(), |manifest| manifest.text.to_string())
}

/// The one error a template gives.
fn error(source: &str) -> Error {
    let output = render(&[("x.yaml.j2", source)]);
    assert_eq!(output.errors.len(), 1, "{source}\n{:?} {:?}", output.errors, output.manifests);
    output.errors[0].clone()
}

fn at(error: &Error) -> String {
    error.location().unwrap().to_string()
}
