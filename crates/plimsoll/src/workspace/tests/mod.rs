//! The workspace from the outside: files in, plan out.

mod broken;
mod disk;
mod inferred;
mod layouts;
mod whole;

use super::*;

/// A workspace of `path: text` pairs in memory.
fn open(files: &[(&str, &str)]) -> Workspace {
    open_with(files, &OpenOptions::default()).unwrap()
}

fn open_with(files: &[(&str, &str)], options: &OpenOptions) -> Result<Workspace> {
    Workspace::from_files(memory(files), options)
}

fn memory(files: &[(&str, &str)]) -> Files {
    Files::memory(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())))
}

/// `namespace/name chart: layer kind file part, …` for each release of an environment.
fn releases(workspace: &Workspace, environment: &str) -> Vec<String> {
    let plan = workspace.plan().environment(environment).unwrap();
    plan.releases
        .iter()
        .map(|release| format!("{}/{} {}: {}", release.namespace, release.name, release.chart, layers(release)))
        .collect()
}

fn layers(release: &PlannedRelease) -> String {
    let layer = |layer: &Arc<LayerSource>| {
        let part = match &layer.part {
            Part::Whole => String::new(),
            Part::Subtree(pointer) => format!("#{pointer}"),
            Part::Pick(pick) => {
                let each = pick.iter().map(|pick| format!("{}>{}", pick.from.join("."), pick.to.join(".")));
                format!("[{}]", each.collect::<Vec<_>>().join(" "))
            }
        };
        format!("{} {}{part}", layer.kind, layer.file)
    };
    release.layers.iter().map(layer).collect::<Vec<_>>().join(", ")
}

/// `location: message` of each error.
fn errors(workspace: &Workspace) -> Vec<String> {
    workspace.plan().errors.iter().map(ToString::to_string).collect()
}

fn manifests(workspace: &Workspace, environment: &str) -> Vec<String> {
    let plan = workspace.plan().environment(environment).unwrap();
    plan.manifests.iter().map(|manifest| manifest.file.to_string()).collect()
}
