//! Rendering: a template, and values after the first NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::chart::Chart;
use plimsoll::files::Files;
use plimsoll::render::{Context, Environment, Program, Release};
use plimsoll::values::{Values, coalesce};

fuzz_target!(|text: &str| {
    let (template, values) = text.split_once('\0').unwrap_or((text, "{}"));
    let files = Files::memory([
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n".as_bytes()),
        ("chart/values.yaml", values.as_bytes()),
        ("chart/templates/x.yaml.j2", template.as_bytes()),
    ]);
    let Ok(chart) = Chart::load(&files, "chart") else { return };
    let values = coalesce(&chart, &Values::new());
    let (program, _) = Program::compile(&chart);
    let (release, environment) = (Release::default(), Environment::default());
    let context = Context { release: &release, environment: &environment, values: &values };
    for manifest in program.render(&context).manifests {
        program.trace(&context, &manifest).locate(1, 1);
    }
});
