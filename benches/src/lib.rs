//! Workloads for measuring: a workspace of as many services as asked for, in three environments.
//!
//! Every service is a chart of its own over the real library chart `charts/microservice`, with values
//! that differ from service to service as real ones do, so that documents are neither all equal nor all
//! different between environments.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use plimsoll::files::Files;

/// How many teams share the services.
const TEAMS: usize = 8;

/// What every service of the workload is rendered by: all the parts of the library chart.
const TEMPLATE: &str = "\
{% include \"microservice/_serviceaccount.yaml.j2\" %}\n
{% include \"microservice/_role.yaml.j2\" %}\n
{% include \"microservice/_configmap.yaml.j2\" %}\n
{% include \"microservice/_deployment.yaml.j2\" %}\n
{% include \"microservice/_service.yaml.j2\" %}\n
{% include \"microservice/_autoscaler.yaml.j2\" %}\n
{% include \"microservice/_disruptionbudget.yaml.j2\" %}\n
{% include \"microservice/_networkpolicy.yaml.j2\" %}\n";

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
    /// Fails where the library chart cannot be read.
    pub fn new(services: usize) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let charts = repository().join("charts");
        copy(&charts.join("microservice"), "charts/microservice", &mut files)?;
        let mut add = |path: String, text: String| files.insert(path, text.into_bytes());
        add("plimsoll.yaml".into(), configuration());
        for environment in ["staging", "production", "dr"] {
            add(format!("environments/{environment}.yaml"), environment_values(environment));
        }
        for service in 0..services {
            let chart = format!("charts/{}", name(service));
            add(format!("{chart}/Chart.yaml"), chart_metadata(service));
            add(format!("{chart}/values.yaml"), values(service));
            add(format!("{chart}/templates/service.yaml.j2"), TEMPLATE.to_owned());
            add(format!("values/production/{}.yaml", name(service)), production_values(service));
        }
        Ok(Self { files })
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

fn name(service: usize) -> String {
    format!("service-{service:04}")
}

fn team(service: usize) -> String {
    format!("team-{}", service % TEAMS)
}

fn configuration() -> String {
    let mut text = String::from("version: 1\nenvironments:\n");
    for (environment, extra) in
        [("staging", ""), ("production", ""), ("dr", ", extends: production, mirrors: production")]
    {
        let _ = writeln!(
            text,
            "  {environment}: {{tier: {environment}, kubernetes: \"1.34\", values: [environments/{environment}.yaml, \
             \"values/{{environment}}/{{release}}.yaml?\"]{extra}}}"
        );
    }
    text.push_str("releases:\n  - each: charts/service-*/\n    name: \"{folder}\"\n    chart: \"charts/{folder}\"\n");
    text.push_str("    namespace: workload\n");
    text.push_str("policies:\n  params:\n    images/registry-not-allowed: {registries: [registry.example]}\n");
    text
}

fn environment_values(environment: &str) -> String {
    let cidr = match environment {
        "staging" => "10.16.0.0/28",
        "production" => "10.32.0.0/28",
        _ => "10.48.0.0/28",
    };
    format!(
        "global:\n  config:\n    DEPLOYMENT_ENVIRONMENT: {environment}\n  roles:\n    kubernetes: {{cidr: {cidr}}}\n"
    )
}

fn chart_metadata(service: usize) -> String {
    format!(
        "apiVersion: v2\nname: {}\nversion: 1.{}.0\ntype: application\ndependencies:\n  - name: microservice\n    \
         version: \">=0.0.0-0\"\n    repository: file://../microservice\n",
        name(service),
        service % 17
    )
}

fn values(service: usize) -> String {
    let mut text = String::new();
    let digest = format!("{:064x}", service * 7919 + 13);
    let _ = writeln!(text, "microservice:\n  team: {}", team(service));
    let _ = writeln!(text, "  image:\n    repository: registry.example/{}/{}", team(service), name(service));
    let _ = writeln!(text, "    tag: 2.{}.{}\n    digest: sha256:{digest}", service % 9, service % 31);
    let _ = writeln!(text, "  replicas: {}", 2 + service % 3);
    let _ = writeln!(text, "  callers:\n    - {{service: {}, port: http}}", name((service + 1) % (service + 2)));
    let _ = writeln!(text, "  calls:\n    - {{service: {}, port: 8080}}", name(service / 2));
    if service.is_multiple_of(3) {
        text.push_str("  rules:\n    - apiGroups: [\"\"]\n      resources: [configmaps]\n      verbs: [get, watch]\n");
    }
    text.push_str("  config:\n");
    for key in 0..4 + service % 11 {
        let _ = writeln!(text, "    SETTING_{key}: \"value {key} of {}\"", name(service));
    }
    let (cpu, memory) = (50 + 25 * (service % 8), 128 + 64 * (service % 5));
    let _ = writeln!(text, "  resources:\n    requests: {{cpu: {cpu}m, memory: {memory}Mi}}");
    let _ = writeln!(text, "    limits: {{memory: {memory}Mi}}");
    text
}

fn production_values(service: usize) -> String {
    let (minimum, maximum) = (2 + service % 4, 6 + service % 9);
    format!("microservice:\n  autoscaling: {{min: {minimum}, max: {maximum}}}\n")
}
