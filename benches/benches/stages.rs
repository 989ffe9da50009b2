//! Every stage of the main job by itself, and the whole of it, at two sizes.
//!
//! Growth is read off the two sizes; the bare event parse of the same rendered bytes is what any reader
//! of them would pay.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plimsoll::facts::{Domains, Facts, world::Declared};
use plimsoll::files::Files;
use plimsoll::manifest::{self, Manifest, Resource};
use plimsoll::policy::{Compiled, Options};
use plimsoll::report::{Json, Text, Writer as _};
use plimsoll::workspace::OpenOptions;
use plimsoll::{Linter, Moment, Rendered, Report, Workspace};
use plimsoll_benches::Workload;
use saphyr_parser::Parser;

const SIZES: [usize; 2] = [1_000, 10_000];

/// Everything one stage hands to the next, made once.
struct Stages {
    files: Files,
    workspace: Workspace,
    linter: Linter,
    rendered: Rendered,
    manifests: Vec<Arc<Manifest>>,
    resources: Vec<Vec<Resource>>,
    report: Report,
}

impl Stages {
    fn new(resources: usize) -> Self {
        let files = Workload::of_resources(resources).expect("the charts of this repository can be read").files();
        let workspace = open(&files);
        let linter = linter(&workspace);
        let rendered = workspace.render_all();
        assert!(rendered.errors().is_empty(), "{:?}", rendered.errors());
        let environments = rendered.environments();
        let manifests: Vec<_> =
            environments.iter().flat_map(plimsoll::rendered::Environment::manifests).cloned().map(Arc::new).collect();
        let resources =
            environments.iter().map(|environment| environment.resources().cloned().collect::<Vec<_>>()).collect();
        let report = linter.check(&rendered);
        Self { files, workspace, linter, rendered, manifests, resources, report }
    }

    fn bytes(&self) -> usize {
        self.manifests.iter().map(|manifest| manifest.text.len()).sum()
    }
}

fn open(files: &Files) -> Workspace {
    Workspace::from_files(files.clone(), &OpenOptions::default()).expect("the workload is a workspace")
}

fn linter(workspace: &Workspace) -> Linter {
    let linter = Linter::for_workspace(workspace).expect("the built-in policies load");
    linter.now(Moment::parse("2026-01-01").expect("a date is a moment"))
}

/// What an event parser needs for the same bytes and nothing else, one document after the other.
fn events(manifests: &[Arc<Manifest>]) -> usize {
    manifests.iter().flat_map(|manifest| Parser::new_from_str(&manifest.text)).flatten().count()
}

fn stages(criterion: &mut Criterion) {
    for size in SIZES {
        let made = Stages::new(size);
        let count: usize = made.resources.iter().map(Vec::len).sum();
        let (bytes, findings) = (made.bytes(), made.report.findings().len());
        eprintln!("{count} resources in {bytes} bytes of YAML, {findings} findings");
        let mut group = criterion.benchmark_group("stages");
        group.sampling_mode(SamplingMode::Flat).sample_size(20).throughput(Throughput::Elements(count as u64));
        let mut bench = |stage: &str, run: &mut dyn FnMut()| {
            group.bench_function(BenchmarkId::new(stage, size), |bencher| bencher.iter(&mut *run));
        };
        bench("open and plan", &mut || drop(black_box(open(&made.files))));
        bench("values, render, parse", &mut || drop(black_box(made.workspace.render_all())));
        bench("parse", &mut || drop(black_box(manifest::parse(&made.manifests))));
        bench("facts", &mut || {
            for resources in &made.resources {
                black_box(Facts::derive(resources, &Declared::default(), &Domains::new()));
            }
        });
        bench("load policies", &mut || drop(black_box(linter(&made.workspace))));
        bench("compile policies", &mut || {
            black_box(Compiled::new(made.linter.policies(), Options::default()));
        });
        bench("check", &mut || drop(black_box(made.linter.check(&made.rendered))));
        bench("report", &mut || {
            let mut out = Vec::new();
            Json.write(&made.report, &mut out).expect("a vector takes any bytes");
            Text::default().write(&made.report, &mut out).expect("a vector takes any bytes");
            black_box(out);
        });
        bench("whole job", &mut || {
            let workspace = open(&made.files);
            let report = linter(&workspace).check(&workspace.render_all());
            let mut out = Vec::new();
            Text::default().write(&report, &mut out).expect("a vector takes any bytes");
            black_box(out);
        });
        bench("bare event parse", &mut || {
            black_box(events(&made.manifests));
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
