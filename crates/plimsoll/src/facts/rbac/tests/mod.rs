//! Tests of the facts about permissions: other people's tables as data, laws, hand-made clusters.

mod aggregation;
mod closure;
mod growth;
mod laws;
mod tables;

use std::sync::Arc;

use super::Rbac;
use crate::facts::workload;
use crate::facts::world::Declared;
use crate::manifest::{self, Manifest, Resource};
use crate::yaml::{self, Node};

fn data(text: &str) -> Node {
    yaml::parse(text, 0).unwrap().node
}

fn resources(text: &str) -> Vec<Resource> {
    let manifest = Manifest { file: "test.yaml".into(), text: text.into(), strict: true, ..Manifest::default() };
    let parsed = manifest::parse(&[Arc::new(manifest)]).remove(0);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.resources
}

fn derive<'a>(resources: &'a [Resource], kubernetes: &str) -> Rbac<'a> {
    let declared = Declared { kubernetes: kubernetes.into(), ..Declared::default() };
    Rbac::derive(resources, &workload::workloads(resources), &declared)
}
