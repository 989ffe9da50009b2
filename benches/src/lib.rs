//! Workloads for measuring: a workspace of as many services as asked for, in three environments.
//!
//! Every service is a chart of its own over the real library chart `charts/microservice`, and every team
//! has a namespace from the real chart `charts/platform`. Values differ from service to service as real
//! ones do, so that documents are neither all equal nor all different between environments. Owns the
//! files; what one service says is `service`'s.

mod service;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use plimsoll::files::Files;

/// How many services a team has.
const SERVICES_OF_A_TEAM: usize = 8;
/// Resources that a service stands for, over the three environments, its share of the platform included.
const RESOURCES_OF_A_SERVICE: usize = 28;

/// Every service renders all the parts of the library chart, as the example's charts do.
const TEMPLATE: &str = "\
{% include \"microservice/_serviceaccount.yaml.j2\" %}
{% include \"microservice/_role.yaml.j2\" %}
{% include \"microservice/_configmap.yaml.j2\" %}
{% include \"microservice/_deployment.yaml.j2\" %}
{% include \"microservice/_service.yaml.j2\" %}
{% include \"microservice/_autoscaler.yaml.j2\" %}
{% include \"microservice/_disruptionbudget.yaml.j2\" %}
{% include \"microservice/_networkpolicy.yaml.j2\" %}
";

/// The files of a generated workspace, by path.
#[derive(Debug, Clone)]
pub struct Workload {
    files: BTreeMap<String, Vec<u8>>,
}

impl Workload {
    /// A workspace of so many services, each rendered for staging, production and DR.
    ///
    /// # Errors
    ///
    /// Fails where the charts it builds on cannot be read.
    pub fn new(services: usize) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let charts = repository().join("charts");
        for chart in ["microservice", "platform"] {
            copy(&charts.join(chart), &format!("charts/{chart}"), &mut files)?;
        }
        let mut add = |path: String, text: String| files.insert(path, text.into_bytes());
        add("plimsoll.yaml".into(), configuration(services));
        for environment in ["staging", "production", "dr"] {
            add(format!("environments/{environment}.yaml"), environment_values(environment));
        }
        add("environments/staging/platform.yaml".into(), platform_values(services, 10));
        add("environments/production/platform.yaml".into(), platform_values(services, 40));
        for service in 0..services {
            let name = service::name(service);
            let chart = format!("charts/{name}");
            add(format!("{chart}/Chart.yaml"), service::chart(service));
            add(format!("{chart}/values.yaml"), service::values(service, services));
            add(format!("{chart}/templates/service.yaml.j2"), TEMPLATE.to_owned());
            if service::has_job(service) {
                add(format!("{chart}/templates/nightly.yaml.j2"), service::JOB.to_owned());
            }
            add(format!("environments/production/{name}.yaml"), service::production(service));
            if service.is_multiple_of(5) {
                add(format!("environments/dr/{name}.yaml"), service::recovery());
            }
        }
        Ok(Self { files })
    }

    /// A workspace of about so many resources over the three environments.
    ///
    /// # Errors
    ///
    /// Fails where the charts it builds on cannot be read.
    pub fn of_resources(resources: usize) -> io::Result<Self> {
        Self::new(resources.div_ceil(RESOURCES_OF_A_SERVICE))
    }

    /// The workload as files in memory.
    pub fn files(&self) -> Files {
        Files::memory(self.files.iter().map(|(path, bytes)| (path.clone(), bytes.clone())))
    }

    /// Writes the workload below a directory.
    ///
    /// # Errors
    ///
    /// Fails where a file cannot be written.
    pub fn write_to(&self, directory: &Path) -> io::Result<()> {
        for (path, bytes) in &self.files {
            let path = directory.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy(from: &Path, to: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{to}/{name}");
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn team(service: usize) -> String {
    format!("team-{:03}", service / SERVICES_OF_A_TEAM)
}

fn configuration(services: usize) -> String {
    let mut text = String::from("version: 1\nenvironments:\n");
    for (environment, extra) in
        [("staging", ""), ("production", ""), ("dr", ", extends: production, mirrors: production")]
    {
        let _ = writeln!(
            text,
            "  {environment}: {{tier: {environment}, kubernetes: \"1.34\", values: [environments/{environment}.yaml, \
             \"environments/{environment}/{{release}}.yaml?\"]{extra}}}"
        );
    }
    text.push_str("releases:\n  - {name: platform, chart: charts/platform, namespace: kube-system}\n");
    for service in 0..services {
        let (name, team) = (service::name(service), team(service));
        let _ = writeln!(text, "  - {{name: {name}, chart: charts/{name}, namespace: {team}, team: {team}}}");
    }
    text.push_str(
        "external:\n  - environments: [staging, production, dr]\n    namespaces:\n      kube-system: {}\n      \
         ingress-nginx: {labels: {app.kubernetes.io/name: ingress-nginx}}\n      \
         monitoring: {labels: {app.kubernetes.io/name: prometheus}}\n    \
         provides: {ingressClasses: [nginx], apis: [metrics.k8s.io/v1beta1]}\n    complete: [namespaces]\n",
    );
    text.push_str("policies:\n  params:\n    images/registry-not-allowed: {registries: [registry.example]}\n");
    text
}

fn environment_values(environment: &str) -> String {
    let (cidr, level) = match environment {
        "staging" => ("10.16.0.0/28", "debug"),
        "production" => ("10.32.0.0/28", "info"),
        _ => ("10.48.0.0/28", "info"),
    };
    format!(
        "global:\n  config:\n    DEPLOYMENT_ENVIRONMENT: {environment}\n    LOG_LEVEL: {level}\n  roles:\n    \
         kubernetes: {{cidr: {cidr}}}\n"
    )
}

fn platform_values(services: usize, cores: usize) -> String {
    // The chart's own namespaces are those of the example.
    let mut text = String::from("namespaces:\n  shop: null\n  orders: null\n  payments: null\n");
    for first in (0..services).step_by(SERVICES_OF_A_TEAM) {
        let team = team(first);
        let _ = writeln!(
            text,
            "  {team}:\n    team: {team}\n    quota: {{requests.cpu: \"{cores}\", requests.memory: {cores}Gi, \
             limits.memory: {cores}Gi, pods: \"200\"}}"
        );
    }
    text
}
