//! From a workspace's plan to rendered environments: charts, values, templates, plain files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::layers::Layers;
use super::{Environment, Installation, Overrides, Rendered};
use super::{assemble, declared};
use crate::chart::{Chart, Loader, Template};
use crate::facts::declared::Connections;
use crate::facts::selector::Labels;
use crate::facts::world::Declared;
use crate::lint::Settings;
use crate::manifest::{Manifest, Rendering};
use crate::policy::Need;
use crate::problems::Problems;
use crate::render::{self, Compiler, Program};
use crate::values::{self, Values};
use crate::workspace::{
    Config, EnvironmentPlan, ManifestFile, Origin, Plan, PlannedRelease, Provides, Team, Workspace, setting,
};
use crate::{Error, Note};

/// A chart that was loaded and compiled, or everything that is wrong with it.
struct Compiled {
    chart: Arc<Chart>,
    program: Arc<Program>,
    errors: Vec<Error>,
}

type Charts = BTreeMap<Arc<str>, Result<Compiled, Vec<Error>>>;

/// One release in one environment, rendered.
struct Installed {
    installation: Installation,
    manifests: Vec<render::Manifest>,
    errors: Vec<Error>,
    notes: Vec<Note>,
    connections: Vec<Connections>,
}

/// Renders the environments of a plan.
pub(crate) fn render(workspace: &Workspace, plan: &Plan, overrides: &Overrides) -> Rendered {
    let mut problems = Problems::default();
    plan.errors.iter().for_each(|error| problems.add(error.clone()));
    plan.notes.iter().for_each(|note| problems.note(note.message.clone(), note.location.clone()));
    let charts = charts(workspace, plan);
    let layers = Layers::read(workspace.files(), plan);
    report_layers(&layers, plan, &mut problems);

    let jobs: Vec<(usize, &PlannedRelease)> = plan
        .environments
        .iter()
        .enumerate()
        .flat_map(|(at, environment)| environment.releases.iter().map(move |release| (at, release)))
        .collect();
    let options = values::MergeOptions { list_keys: workspace.config().merge_lists.clone() };
    let contexts: Vec<Arc<render::Environment>> = plan.environments.iter().map(context).collect();
    let installed: Vec<Option<Installed>> = jobs
        .par_iter()
        .map(|(at, release)| match charts.get(&release.chart) {
            Some(Ok(compiled)) => Some(install(
                compiled,
                release,
                &contexts[*at],
                &Sources { layers: &layers, options: &options, overrides },
            )),
            _ => None,
        })
        .collect();
    report_charts(&charts, plan, &mut problems);

    let mut environments = planned(workspace, plan, &mut problems);
    for ((at, release), installed) in jobs.iter().zip(installed) {
        match installed {
            Some(installed) => adopt(&mut environments[*at], release, installed, &mut problems),
            None => environments[*at].unread = true,
        }
    }
    for (environment, plan) in environments.iter_mut().zip(&plan.environments) {
        definitions(environment, plan, &charts);
        plain(workspace, environment, &plan.manifests, false, &mut problems);
        plain(workspace, environment, &plan.external.manifests, true, &mut problems);
    }
    assemble::parse(&mut environments, &plan.align, &mut problems);
    declared::settle(&mut environments, plan);
    super::people::teams(&mut environments);
    super::people::elsewhere(&mut environments);
    let (errors, notes) = problems.finish();
    let mut settings = settings(workspace, plan);
    settings.declared.extend(declared::needs(&environments));
    Rendered {
        environments,
        errors,
        notes,
        files: workspace.files().clone(),
        inputs: workspace.inputs().clone(),
        settings: Arc::new(settings),
    }
}

/// The environments of a plan, with what is declared about them and nothing in them yet.
fn planned(workspace: &Workspace, plan: &Plan, problems: &mut Problems) -> Vec<Environment> {
    let mut environments: Vec<Environment> =
        plan.environments.iter().map(|plan| environment(workspace.config(), plan)).collect();
    declared::of_workspace(workspace, &mut environments, problems);
    environments
}

/// Loads and compiles every chart of the plan once, in parallel.
fn charts(workspace: &Workspace, plan: &Plan) -> Charts {
    let names: BTreeSet<&Arc<str>> = plan
        .environments
        .iter()
        .flat_map(|environment| environment.releases.iter().map(|release| &release.chart))
        .collect();
    let loader = Loader::new(workspace.files().clone());
    let shared = Compiler::default();
    let names: Vec<&Arc<str>> = names.into_iter().collect();
    names
        .into_par_iter()
        .map(|name| {
            let outcome = loader.load(name).map(|chart| {
                let (program, errors) = shared.compile(&chart);
                Compiled { chart, program: Arc::new(program), errors }
            });
            (name.clone(), outcome)
        })
        .collect()
}

/// A chart's own errors, once, with every environment that has a release of it.
fn report_charts(charts: &Charts, plan: &Plan, problems: &mut Problems) {
    for environment in &plan.environments {
        for release in &environment.releases {
            let errors = match charts.get(&release.chart) {
                Some(Ok(compiled)) => &compiled.errors,
                Some(Err(errors)) => errors,
                None => continue,
            };
            for error in errors {
                problems.add_in(&environment.environment.name, error.clone());
            }
        }
    }
}

/// What is wrong with a values file, once, with every environment that a release has it in.
fn report_layers(layers: &Layers, plan: &Plan, problems: &mut Problems) {
    for environment in &plan.environments {
        let mut said = BTreeSet::new();
        for source in environment.releases.iter().flat_map(|release| &release.layers) {
            if let Some(error) = layers.error(source).filter(|_| said.insert(&source.file)) {
                problems.add_in(&environment.environment.name, error.clone());
            }
        }
    }
}

fn context(plan: &EnvironmentPlan) -> Arc<render::Environment> {
    let environment = &plan.environment;
    Arc::new(render::Environment {
        name: environment.name.to_string(),
        tier: environment.tier.name().to_owned(),
        kubernetes: environment.kubernetes.to_string(),
        vars: environment.vars.clone(),
        api_versions: plan.external.provides.apis.iter().cloned().collect(),
    })
}

/// Where the values of releases come from, and how they merge.
struct Sources<'a> {
    layers: &'a Layers,
    options: &'a values::MergeOptions,
    overrides: &'a Overrides,
}

fn install(
    compiled: &Compiled,
    planned: &PlannedRelease,
    environment: &Arc<render::Environment>,
    sources: &Sources<'_>,
) -> Installed {
    let mut user = Values::new();
    for source in &planned.layers {
        if let Some((layer, node)) = sources.layers.layer(source) {
            user.merge(layer, node, sources.options);
        }
    }
    let mut errors = sources.overrides.apply(&mut user, sources.options);
    let values = values::coalesce_with(&compiled.chart, &user, sources.options);
    errors.extend(values::validate(&compiled.chart, &values));
    let connections = declared::of_release(&compiled.chart, &values, planned, &mut errors);
    let notes = values.notes().to_vec();
    let release = render::Release {
        name: planned.name.to_string(),
        namespace: planned.namespace.to_string(),
        ..render::Release::default()
    };
    let item = planned.item.iter().map(|item| item.file.clone());
    let installation = Installation {
        release,
        logical_namespace: planned.logical_namespace.clone(),
        files: planned.layers.iter().map(|source| source.file.clone()).chain(item).collect(),
        environment: environment.clone(),
        program: compiled.program.clone(),
        values,
        partial: planned.partial,
        whole: !planned.incomplete && compiled.errors.is_empty(),
    };
    // What a missing values file would have said is not known: what else is wrong may follow from that.
    let output =
        if planned.incomplete { render::Output::default() } else { compiled.program.render(&installation.context()) };
    errors.extend(output.errors);
    Installed { installation, manifests: output.manifests, errors, notes, connections }
}

/// A release as manifests name it.
fn full_name(planned: &PlannedRelease) -> Arc<str> {
    Arc::from(format!("{}/{}", planned.namespace, planned.name))
}

/// What lies in the `crds/` of charts is installed as it is: it is there, and not for policies to judge.
fn definitions(environment: &mut Environment, plan: &EnvironmentPlan, charts: &Charts) {
    let names: BTreeSet<&Arc<str>> = plan.releases.iter().map(|release| &release.chart).collect();
    let mut found: BTreeMap<&Arc<str>, &Template> = BTreeMap::new();
    let mut waiting: Vec<&Chart> =
        names.into_iter().filter_map(|name| Some(&*charts.get(name)?.as_ref().ok()?.chart)).collect();
    while let Some(chart) = waiting.pop() {
        found.extend(chart.crds.iter().map(|definition| (&definition.file, definition)));
        waiting.extend(chart.dependencies.iter().map(|dependency| &*dependency.chart));
    }
    environment.manifests.extend(found.into_values().map(|definition| {
        let (file, text) = (definition.file.clone(), definition.text.clone());
        Arc::new(Manifest { file, text, external: true, ..Manifest::default() })
    }));
}

fn adopt(environment: &mut Environment, planned: &PlannedRelease, installed: Installed, problems: &mut Problems) {
    let number = environment.installations.len();
    let name = full_name(planned);
    for manifest in installed.manifests {
        environment.manifests.push(Arc::new(Manifest {
            file: manifest.template.clone(),
            text: manifest.text.clone(),
            release: Some(name.clone()),
            namespace: Some(planned.namespace.clone()),
            rendering: Some(Rendering { manifest, installation: number }),
            strict: true,
            external: false,
        }));
    }
    let mut installation = installed.installation;
    installation.whole &= installed.errors.is_empty();
    for error in installed.errors {
        problems.add_in(&environment.name, error);
    }
    for note in installed.notes {
        problems.note(note.message, note.location);
    }
    environment.installations.push(installation);
    let connections = installed.connections.into_iter();
    let of_release = connections.map(|one| Connections { installation: Some(number), ..one });
    environment.declared.connections.extend(of_release);
}

fn environment(config: &Config, plan: &EnvironmentPlan) -> Environment {
    let external = &plan.external;
    let labels = |labels: &BTreeMap<String, String>| -> Labels {
        labels.iter().map(|(key, value)| (Arc::from(key.as_str()), Arc::from(value.as_str()))).collect()
    };
    Environment {
        name: plan.environment.name.clone(),
        tier: plan.environment.tier,
        kubernetes: plan.environment.kubernetes.clone(),
        mirrors: plan.environment.mirrors.clone(),
        manifests: Vec::new(),
        resources: Vec::new(),
        identities: Vec::new(),
        declared: Declared {
            complete: external.complete.clone(),
            namespaces: external.namespaces.iter().map(|(name, own)| (Arc::from(name.as_str()), labels(own))).collect(),
            capacity: setting(config, plan),
            kubernetes: plan.environment.kubernetes.clone(),
            provides: external.provides.clone(),
            teams: plan
                .releases
                .iter()
                .filter_map(|release| Some((full_name(release), release.team.clone()?)))
                .collect(),
            rbac: super::people::setting(config, plan),
            ..Declared::default()
        },
        installations: Vec::new(),
        unread: false,
    }
}

/// Reads plain manifests; a file that several environments name is read once for each.
fn plain(
    workspace: &Workspace,
    environment: &mut Environment,
    files: &[ManifestFile],
    external: bool,
    problems: &mut Problems,
) {
    let read: Vec<_> = files.par_iter().map(|file| workspace.files().read_text(&file.file)).collect();
    for (file, text) in files.iter().zip(read) {
        match text {
            Ok(text) => environment.manifests.push(Arc::new(Manifest {
                file: file.file.clone(),
                text,
                namespace: file.namespace.clone(),
                strict: file.origin == Origin::Named,
                external,
                ..Manifest::default()
            })),
            Err(error) => {
                environment.unread = true;
                problems.add_in(&environment.name, error);
            }
        }
    }
}

/// What the workspace says about policies.
pub(super) fn settings(workspace: &Workspace, plan: &Plan) -> Settings {
    let config = workspace.shared_config();
    let mut declared = BTreeSet::new();
    let mut declare = |is: bool, need: Need| {
        if is {
            declared.insert(need);
        }
    };
    declare(plan.environments.iter().any(|plan| plan.environment.mirrors.is_some()), Need::Mirrors);
    declare(plan.environments.iter().any(|plan| !plan.external.complete.is_empty()), Need::Complete);
    declare(!config.identities.groups.is_empty(), Need::Identities);
    declare(!config.trust.is_empty(), Need::Trust);
    declare(config.trust.iter().any(|trust| trust.vuln.is_some()), Need::TrustVuln);
    declare(config.trust.iter().any(|trust| trust.slsa.is_some()), Need::TrustSlsa);
    declare(config.lock.is_some(), Need::Lock);
    declare(config.teams.values().any(Team::has_budget), Need::Budgets);
    declare(!config.connections.is_empty(), Need::Connections);
    declare(plan.environments.iter().any(|plan| plan.external.provides != Provides::default()), Need::Provides);
    let owned = |plan: &EnvironmentPlan| plan.releases.iter().any(|release| release.team.is_some());
    let groups = config.identities.groups.values();
    let teams = plan.environments.iter().any(owned) || groups.clone().any(|group| group.team.is_some());
    declare(teams, Need::Teams);
    declare(config.clusters.values().any(|cluster| !cluster.pools.is_empty()), Need::Pools);
    let all = &workspace.plan().environments;
    let tiers = all.iter().map(|plan| (plan.environment.name.clone(), plan.environment.tier)).collect();
    let open = workspace.plan().named;
    Settings { config: Some(config), declared, tiers, open, whole: plan.environments.len() == all.len() }
}
