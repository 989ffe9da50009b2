//! The same input gives the same bytes: at any number of threads, twice in a row, from anywhere inside.

use std::path::Path;

use plimsoll::finding::Finding;
use plimsoll::rendered::Rendered;
use plimsoll::yaml::Node;

use crate::example::{self, NOW, Texts};
use crate::run::plimsoll;

/// The example workspace with something wrong in most of its charts, in many templates at once.
fn broken() -> Texts {
    let mut files = example::files();
    for (file, from, to) in [
        ("charts/catalog/values.yaml", "verbs: [get, update]", r#"verbs: ["*"]"#),
        ("charts/catalog/values.yaml", "cidr: 203.0.113.0/26", "cidr: 0.0.0.0/0"),
        ("charts/microservice/templates/_names.yaml.j2", "@{{ of.digest }}", ""),
        ("charts/microservice/templates/_deployment.yaml.j2", "readinessProbe:", "lateProbe:"),
        ("charts/microservice/templates/_service.yaml.j2", "targetPort: {{ port }}", "targetPort: {{ port }}-x"),
        ("charts/microservice/values.yaml", "maxUnavailable: 1", "maxUnavailable: 0"),
        ("environments/dr/cart.yaml", "{min: 2}", "{min: 20}"),
        ("environments/dr/payments.yaml", "{min: 2}", "{enabled: false}"),
        ("environments/dr/orders.yaml", "class: ssd", "class: {{ssd"),
    ] {
        let text = String::from_utf8(files[file].to_vec()).unwrap();
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{file} holds no `{from}`");
        files.insert(file.to_owned(), changed.into_bytes().into());
    }
    files
}

fn on_disk(files: &Texts) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    example::write(directory.path(), files);
    directory
}

fn json(directory: &Path, jobs: &str) -> String {
    let run = plimsoll(directory, &["check", "--format", "json", "--now", NOW, "-j", jobs]).ended(2);
    assert_eq!(run.stderr, "");
    run.stdout
}

#[test]
fn a_report_is_the_same_at_any_number_of_threads() {
    let directory = on_disk(&broken());
    let report = json(directory.path(), "1");
    assert!(report.matches("\"fingerprint\"").count() > 20, "there is too little in it: {report}");
    assert!(report.contains("environments/dr/orders.yaml"), "the broken file is missing: {report}");
    for jobs in ["1", "2", "8"] {
        assert!(json(directory.path(), jobs) == report, "-j {jobs} says something else");
    }
}

#[test]
fn manifests_are_the_same_at_any_number_of_threads() {
    let render = |jobs| plimsoll(&example::root(), &["render", "-j", jobs]).ended(0).stdout;
    let manifests = render("1");
    assert!(manifests.matches("\n# Source: ").count() > 20);
    for jobs in ["1", "2", "8"] {
        assert!(render(jobs) == manifests, "-j {jobs} renders something else");
    }
}

#[test]
fn rendering_twice_gives_equal_bytes() {
    let workspace = example::open(&example::files());
    let texts = |rendered: &Rendered| -> Vec<(String, String)> {
        let environments = rendered.environments().iter();
        environments
            .flat_map(|environment| {
                environment.manifests().map(|manifest| (environment.name().to_owned(), manifest.text.to_string()))
            })
            .collect()
    };
    assert_eq!(texts(&workspace.render_all()), texts(&workspace.render_all()));
}

#[test]
fn a_sub_directory_means_the_whole_workspace() {
    let directory = on_disk(&broken());
    let report = json(directory.path(), "2");
    for below in ["charts/cart", "charts/cart/templates", "environments"] {
        assert!(json(&directory.path().join(below), "2") == report, "from {below} it says something else");
    }
}

#[test]
fn every_pointer_leads_to_what_is_there_or_to_where_it_is_missing() {
    let rendered = example::open(&broken()).render_all();
    let report = example::check(&broken());
    let mut exact = 0;
    for finding in report.findings() {
        let node = object(&rendered, finding).to_json();
        let parent = finding.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(node.pointer(parent).is_some(), "{} leads nowhere in {node:#}", finding.pointer);
        exact += usize::from(node.pointer(&finding.pointer).is_some());
        let location = finding.location.as_ref().unwrap();
        assert!(location.line.is_some(), "{} at {location} has no line", finding.policy);
    }
    assert!(exact > 10 && report.findings().len() > 20, "{exact} of {}", report.findings().len());
}

/// The object a finding is about, in the first environment that has it.
fn object<'a>(rendered: &'a Rendered, finding: &Finding) -> &'a Node {
    let wanted = finding.resource.as_ref().unwrap();
    let mut resources = rendered
        .environments()
        .iter()
        .filter(|environment| finding.policy.starts_with("parity/") || environment.name() == &*finding.environments[0])
        .flat_map(plimsoll::rendered::Environment::resources);
    let found = resources.find(|resource| {
        (&resource.id.kind, &resource.id.name, &resource.id.namespace)
            == (&wanted.kind, &wanted.name, &wanted.namespace)
    });
    found.unwrap_or_else(|| panic!("there is no {wanted}")).node()
}
