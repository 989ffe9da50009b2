//! Who reaches whom, at three sizes: workloads with three policies each, in namespaces of fifty.
//!
//! Growth is read off the sizes. `derive` reads all policies, `list` makes the text of all connections as the
//! command prints them as JSON, `explain` answers for one pair, and `command` begins at the manifests' text.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plimsoll::facts::{Domain, Domains, Facts};
use plimsoll::files::Files;
use plimsoll::view::network::{Wanted, network};
use plimsoll::view::{Format, View as _};
use plimsoll::workspace::OpenOptions;
use plimsoll::{Rendered, Workspace};

const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// How many workloads stand in one namespace.
const NAMESPACE: usize = 50;

/// A workload that three others call, that calls three others and DNS, and that Prometheus scrapes.
fn manifests(workloads: usize) -> String {
    let mut text = String::new();
    let place = |at: usize| format!("team-{}", at / NAMESPACE);
    for at in 0..workloads {
        let namespace = place(at);
        if at % NAMESPACE == 0 {
            let _ = write!(
                text,
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{team: t{}}}}}\n",
                at / NAMESPACE
            );
        }
        let peer = |step: usize| {
            let other = (at + step) % workloads;
            format!(
                "{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}, podSelector: {{matchLabels: {{app: s{other}}}}}}}",
                place(other)
            )
        };
        let around = |steps: [usize; 3]| steps.map(peer).join(", ");
        // The callers are those that call: whoever is called by s is s + 1, s + 7 and s + 113.
        let (called, calling) =
            (around([1, 7, 113]), around([workloads - 1, workloads - 7, (workloads * 2 - 113) % workloads]));
        let _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: s{at}, namespace: {namespace}}}\n\
             spec:\n  template:\n    metadata: {{labels: {{app: s{at}}}}}\n    spec: {{containers: [{{name: main, image: x, ports: [{{name: http, containerPort: 8080}}, {{name: metrics, containerPort: 9090}}]}}]}}\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: s{at}-in, namespace: {namespace}}}\n\
             spec:\n  podSelector: {{matchLabels: {{app: s{at}}}}}\n  ingress: [{{from: [{calling}], ports: [{{port: http}}]}}]\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: s{at}-out, namespace: {namespace}}}\n\
             spec:\n  podSelector: {{matchLabels: {{app: s{at}}}}}\n  policyTypes: [Egress]\n  egress: [{{to: [{called}], ports: [{{port: http}}]}}, {{ports: [{{port: 53, protocol: UDP}}]}}]\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: s{at}-scrape, namespace: {namespace}}}\n\
             spec:\n  podSelector: {{matchLabels: {{app: s{at}}}}}\n  ingress: [{{from: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: s0}}}}}}], ports: [{{port: metrics}}]}}]\n"
        );
    }
    text
}

fn render(text: &str) -> Rendered {
    let files = Files::memory([("all.yaml", text.as_bytes())]);
    let workspace = Workspace::from_files(files, &OpenOptions::default()).expect("a file of manifests is a workspace");
    let rendered = workspace.render_all();
    assert!(rendered.errors().is_empty(), "{:?}", rendered.errors());
    rendered
}

fn list(rendered: &Rendered) -> usize {
    let view = network(rendered, &Wanted::default()).expect("there are not too many connections");
    let mut out = Vec::new();
    view.write(Format::Json, &mut out).expect("a vector takes any bytes");
    black_box(out);
    view.environments.iter().map(|environment| environment.connections.len()).sum()
}

fn sizes(criterion: &mut Criterion) {
    for size in SIZES {
        let text = manifests(size);
        let rendered = render(&text);
        eprintln!("{size} workloads, {} bytes of YAML, {} connections", text.len(), list(&rendered));
        let resources: Vec<_> = rendered.environments()[0].resources().cloned().collect();
        let mut group = criterion.benchmark_group("network");
        group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(500));
        group.throughput(Throughput::Elements(size as u64));
        let mut bench = |what: &str, run: &mut dyn FnMut()| {
            group.bench_function(BenchmarkId::new(what, size), |bencher| bencher.iter(&mut *run));
        };
        let domains = Domains::from([Domain::Network]);
        bench("all facts, network too", &mut || {
            black_box(Facts::derive(&resources, &plimsoll::facts::world::Declared::default(), &domains));
        });
        bench("list", &mut || {
            black_box(list(&rendered));
        });
        bench("explain", &mut || {
            let wanted = Wanted { from: Some("s1".into()), to: Some("s2".into()), ..Wanted::default() };
            black_box(network(&rendered, &wanted).expect("both are there"));
        });
        bench("command", &mut || {
            black_box(list(&render(&text)));
        });
        group.finish();
    }
}

criterion_group!(benches, sizes);
criterion_main!(benches);
