//! Values: two layers and a `--set` expression, apart by NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::values::{Layer, LayerKind, MergeOptions, SetKind, Values};
use plimsoll::yaml;

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\0');
    let mut values = Values::new();
    for (kind, file) in [(LayerKind::Chart, "values.yaml"), (LayerKind::Environment, "environment.yaml")] {
        let Ok(parsed) = yaml::parse(parts.next().unwrap_or_default(), 0) else { return };
        values.merge(Layer::file(kind, file), &parsed.node, &MergeOptions::default());
    }
    if let Some(expression) = parts.next() {
        for kind in [SetKind::Typed, SetKind::String, SetKind::Json, SetKind::Literal] {
            let _ = values.clone().set(kind, expression);
        }
    }
    let _ = yaml::emit(values.root());
});
