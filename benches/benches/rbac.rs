//! Who may do what, and become whom: 10,000 roles and bindings with 2,000 subjects, the closure included.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll::facts::rbac::Rbac;
use plimsoll::facts::workload;
use plimsoll::facts::world::Declared;
use plimsoll::manifest::{self, Manifest, Resource};

/// Roles and bindings together, at which growth is read off, too.
const SIZES: [usize; 2] = [1_000, 10_000];

/// A cluster of many teams: in each namespace a Role and a ClusterRole, bound to one of the subjects, a fifth of
/// them groups. Every tenth namespace holds a way to cluster-admin, so that the closure has something to find.
fn cluster(size: usize) -> Vec<Resource> {
    let pairs = size / 4;
    let subjects = size / 5;
    let mut text = String::new();
    for at in 0..pairs {
        let (namespace, subject) = (at % (pairs / 5), at % subjects);
        let rules = match at % 10 {
            0 => "{apiGroups: [\"\"], resources: [pods], verbs: [create, get]}",
            1 => "{apiGroups: [\"\"], resources: [serviceaccounts/token], verbs: [create]}",
            2 => {
                "{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings, clusterroles], verbs: [bind, create]}"
            }
            _ => "{apiGroups: [\"\", apps], resources: [configmaps, deployments], verbs: [get, list, watch]}",
        };
        let who = if subject % 5 == 0 {
            format!("{{kind: Group, name: team-{subject}}}")
        } else {
            let home = subject % (pairs / 5);
            format!("{{kind: ServiceAccount, name: service-{subject}, namespace: ns-{home}}}")
        };
        let version = "apiVersion: rbac.authorization.k8s.io/v1";
        let written = write!(
            text,
            "---\n{version}\nkind: Role\nmetadata: {{name: r{at}, namespace: ns-{namespace}}}\nrules: [{rules}]\n\
             ---\n{version}\nkind: RoleBinding\nmetadata: {{name: b{at}, namespace: ns-{namespace}}}\n\
             roleRef: {{kind: Role, name: r{at}}}\nsubjects: [{who}]\n\
             ---\n{version}\nkind: ClusterRole\nmetadata: {{name: c{at}}}\n\
             rules: [{{apiGroups: [\"*\"], resources: [jobs], verbs: [get]}}, {rules}]\n\
             ---\n{version}\nkind: RoleBinding\nmetadata: {{name: d{at}, namespace: ns-{namespace}}}\n\
             roleRef: {{kind: ClusterRole, name: c{at}}}\nsubjects: [{who}]\n"
        );
        assert!(written.is_ok(), "text can be written to");
        if at % 100 == 0 {
            let written = write!(
                text,
                "---\n{version}\nkind: ClusterRoleBinding\nmetadata: {{name: a{at}}}\n\
                 roleRef: {{kind: ClusterRole, name: cluster-admin}}\nsubjects: [{{kind: ServiceAccount, name: robot, namespace: ns-{namespace}}}]\n"
            );
            assert!(written.is_ok(), "text can be written to");
        }
    }
    let manifest = Manifest { file: "rbac.yaml".into(), text: text.into(), strict: true, ..Manifest::default() };
    let parsed = manifest::parse(&[Arc::new(manifest)]);
    parsed.into_iter().flat_map(|parsed| parsed.resources).collect()
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rbac");
    group.sample_size(10);
    for size in SIZES {
        let resources = cluster(size);
        let workloads = workload::workloads(&resources);
        let declared = Declared::default();
        let rbac = Rbac::derive(&resources, &workloads, &declared);
        let admins = (0..rbac.subjects.all.len()).filter(|at| rbac.distance(*at).is_some()).count();
        assert!((10..size / 10).contains(&admins), "{admins} of {}", rbac.subjects.all.len());
        group.throughput(Throughput::Elements(resources.len() as u64));
        group.bench_function(BenchmarkId::new("closure", size), |bencher| {
            bencher.iter(|| black_box(Rbac::derive(black_box(&resources), &workloads, &declared)));
        });
        group.bench_function(BenchmarkId::new("ways", size), |bencher| {
            bencher.iter(|| {
                let all = 0..rbac.subjects.all.len();
                black_box(all.map(|at| rbac.way_to_admin(at).len()).sum::<usize>())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
