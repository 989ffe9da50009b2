//! Templates in, manifests and places out.

use std::sync::Arc;

use super::*;
use crate::ErrorKind;
use crate::files::Files;
use crate::values::{Layer, LayerKind, MergeOptions};
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

/// A chart as a test describes it; it is written to memory and loaded.
struct Spec {
    name: String,
    library: bool,
    condition: Option<&'static str>,
    templates: Vec<(String, String)>,
    files: Vec<(&'static str, &'static [u8])>,
    dependencies: Vec<Spec>,
}

impl Spec {
    fn write(&self, directory: &str, out: &mut Vec<(String, Vec<u8>)>) {
        let kind = if self.library { "library" } else { "application" };
        let mut metadata = format!(
            "apiVersion: v2\nname: {}\nversion: 0.1.0\nappVersion: '2.0'\ntype: {kind}\ndependencies:\n",
            self.name
        );
        for dependency in &self.dependencies {
            metadata.extend(["- name: ", &dependency.name, "\n  version: 0.1.0\n"]);
            if let Some(condition) = dependency.condition {
                metadata.extend(["  condition: ", condition, "\n"]);
            }
            dependency.write(&format!("{directory}/charts/{}", dependency.name), out);
        }
        out.push((format!("{directory}/Chart.yaml"), metadata.into_bytes()));
        for (path, text) in &self.templates {
            out.push((format!("{directory}/templates/{path}"), text.clone().into_bytes()));
        }
        for (path, bytes) in &self.files {
            out.push((format!("{directory}/{path}"), bytes.to_vec()));
        }
    }

    fn load(&self) -> Arc<Chart> {
        let mut files = Vec::new();
        self.write("charts/cart", &mut files);
        Chart::load(&Files::memory(files), "charts/cart").unwrap()
    }
}

fn chart(templates: &[(&str, &str)]) -> Spec {
    dependency("cart", templates)
}

fn dependency(name: &str, templates: &[(&str, &str)]) -> Spec {
    Spec {
        name: name.into(),
        library: false,
        condition: None,
        templates: templates.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect(),
        files: Vec::new(),
        dependencies: Vec::new(),
    }
}

fn values(text: &str) -> Values {
    let mut values = Values::new();
    let node = yaml::parse(text, 0).unwrap().node;
    values.merge(Layer::file(LayerKind::Chart, "charts/cart/values.yaml"), &node, &MergeOptions::default());
    let nothing = yaml::parse("{}", 0).unwrap().node;
    values.merge(Layer::file(LayerKind::Environment, "environments/dr.yaml"), &nothing, &MergeOptions::default());
    values
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

fn render_with(chart: &Spec, values: &Values) -> (Program, Output) {
    let (program, mut errors) = Program::compile(&chart.load());
    let mut output = program.render(&Context { release: &release(), environment: &environment(), values });
    errors.append(&mut output.errors);
    output.errors = errors;
    (program, output)
}

fn render(templates: &[(&str, &str)]) -> Output {
    render_with(&chart(templates), &values(VALUES)).1
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
