//! What ten thousand workloads need: sums, quotas, admission, and a cluster to place them on.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plimsoll::facts::world::Declared;
use plimsoll::facts::{Domain, Domains, Facts};
use plimsoll::files::Files;
use plimsoll::view::quota::QuotaView;
use plimsoll::view::{Format, View as _};
use plimsoll::workspace::OpenOptions;
use plimsoll::{Rendered, Workspace};

const WORKLOADS: usize = 10_000;
/// How many workloads share a namespace with a quota and a LimitRange.
const TOGETHER: usize = 8;

/// Deployments with autoscalers, sidecars and init containers, CronJobs and hooks, on a cluster of 900 nodes.
fn workspace() -> Workspace {
    let mut text = String::new();
    for number in 0..WORKLOADS {
        let namespace = format!("team-{:04}", number / TOGETHER);
        if number % TOGETHER == 0 {
            let _ = write!(
                text,
                "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: team, namespace: {namespace}}}\nspec: {{hard: \
                 {{requests.cpu: \"40\", requests.memory: 80Gi, limits.memory: 80Gi, pods: \"200\"}}}}\n---\napiVersion: v1\n\
                 kind: LimitRange\nmetadata: {{name: defaults, namespace: {namespace}}}\nspec: {{limits: [{{type: Container, \
                 default: {{memory: 256Mi}}, defaultRequest: {{cpu: 50m}}, max: {{memory: 8Gi}}}}]}}\n"
            );
        }
        let cpu = 50 + number % 7 * 25;
        let pod = format!(
            "initContainers: [{{name: proxy, restartPolicy: Always, resources: {{requests: {{cpu: 10m, memory: 32Mi}}}}}}, \
             {{name: wait}}], containers: [{{name: main, resources: {{requests: {{cpu: {cpu}m, memory: 128Mi}}, limits: {{memory: \
             256Mi}}}}}}]"
        );
        let meta = format!("metadata: {{name: w{number}, namespace: {namespace}}}");
        let _ = match number % TOGETHER {
            6 => writeln!(
                text,
                "---\napiVersion: batch/v1\nkind: CronJob\n{meta}\nspec: {{schedule: \"{} 3 * * 1\", concurrencyPolicy: Forbid, \
                 jobTemplate: {{spec: {{template: {{spec: {{{pod}}}}}}}}}}}",
                number % 60
            ),
            7 => {
                writeln!(text, "---\napiVersion: batch/v1\nkind: Job\n{meta}\nspec: {{template: {{spec: {{{pod}}}}}}}")
            }
            _ => writeln!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\n{meta}\nspec: {{template: {{spec: {{{pod}}}}}}}\n---\napiVersion: \
                 autoscaling/v2\nkind: HorizontalPodAutoscaler\n{meta}\nspec: {{scaleTargetRef: {{kind: Deployment, name: \
                 w{number}}}, minReplicas: 2, maxReplicas: {}}}",
                2 + number % 5
            ),
        };
    }
    let config = "version: 1\nclusters: {live: {pools: [{name: workers, nodes: {max: 900}, allocatable: {cpu: \"7\", memory: \
                  28Gi}}]}}\nenvironments: {production: {tier: production, cluster: live, manifests: [all.yaml]}}\n";
    let files = Files::memory([("plimsoll.yaml", config.as_bytes().to_vec()), ("all.yaml", text.into_bytes())]);
    Workspace::from_files(files, &OpenOptions::default()).expect("the workload is a workspace")
}

fn quota(criterion: &mut Criterion) {
    let workspace = workspace();
    let rendered: Rendered = workspace.render_all();
    assert!(rendered.errors().is_empty(), "{:?}", rendered.errors());
    let resources: Vec<_> =
        rendered.environments().iter().flat_map(plimsoll::rendered::Environment::resources).cloned().collect();
    let declared = Declared::default();
    let (without, with): (Domains, Domains) = (Domains::new(), [Domain::Quota].into());
    let mut group = criterion.benchmark_group("quota");
    group.sampling_mode(SamplingMode::Flat).sample_size(20).throughput(Throughput::Elements(WORKLOADS as u64));
    group.bench_function("other facts", |bencher| {
        bencher.iter(|| black_box(Facts::derive(&resources, &declared, &without)));
    });
    group.bench_function("with quota", |bencher| {
        bencher.iter(|| black_box(Facts::derive(&resources, &declared, &with)));
    });
    group.bench_function("all sums, placed on nodes", |bencher| bencher.iter(|| black_box(QuotaView::of(&rendered))));
    let view = QuotaView::of(&rendered);
    group.bench_function("table", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::new();
            view.write(Format::Text, &mut out).expect("a vector takes any bytes");
            black_box(out)
        });
    });
    group.finish();
}

criterion_group!(benches, quota);
criterion_main!(benches);
