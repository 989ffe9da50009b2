//! Repositories as they are, described by `plimsoll.yaml` without moving a file, rendered and checked.

mod annotations;
mod comments;
mod dependencies;
mod layers;
mod layouts;
mod mirrors;
mod policies;
mod suppressions;

use plimsoll::{Linter, Report, Workspace};

/// Every object as `environment: Kind namespace/name`.
fn objects(workspace: &Workspace) -> Vec<String> {
    let rendered = workspace.render_all();
    assert!(rendered.errors().is_empty(), "{:#?}", rendered.errors());
    let environments = rendered.environments().iter();
    environments
        .flat_map(|environment| {
            environment.resources().map(|resource| {
                let namespace = resource.id.namespace.as_deref().unwrap_or("-");
                format!("{}: {} {namespace}/{}", environment.name(), resource.id.kind, resource.id.name)
            })
        })
        .collect()
}

/// The findings of some policies as `policy [environments] file:line`.
fn findings(workspace: &Workspace, select: &[&str]) -> Vec<String> {
    let linter = Linter::for_workspace(workspace).unwrap().select(select).unwrap();
    listed(&linter.check(&workspace.render_all()))
}

fn listed(report: &Report) -> Vec<String> {
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    let line = |finding: &plimsoll::finding::Finding| {
        let location = finding.location.as_ref().unwrap();
        let line = location.line.map_or_else(|| "?".to_owned(), |line| line.to_string());
        format!("{} [{}] {}:{line}", finding.policy, finding.environments.join(", "), location.file)
    };
    report.findings().iter().map(line).collect()
}
