//! The examples in policies' READMEs, run as tests.
//!
//! Each fence becomes a workspace in memory and goes the whole way: plan, parsing, facts, the one policy,
//! findings with their lines. It goes it twice, once for each executor of Rego, and any difference
//! between the two is a failure.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::files::Files;
use crate::policy::{self, Fence, Found, Policies, Policy};
use crate::report::Report;
use crate::workspace::{OpenOptions, Tier, Workspace};
use crate::{Error, Linter, Moment};

/// What running examples gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many fences agree with what they say.
    pub passed: usize,
    /// Those that do not.
    pub failures: Vec<Failure>,
    /// Policies and fences that could not be run.
    pub errors: Vec<Error>,
}

/// A fence that does not do what it says.
#[derive(Debug)]
pub struct Failure {
    /// The policy.
    pub policy: Arc<str>,
    /// The README.
    pub file: Arc<str>,
    /// 1-based line of the fence in it.
    pub line: u32,
    /// In which way.
    pub difference: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n{}", self.file, self.line, self.policy, self.difference.trim_end())
    }
}

/// Runs every fence of every policy.
pub fn run(policies: &Policies) -> Outcome {
    let mut outcome = Outcome { errors: policies.errors().to_vec(), ..Outcome::default() };
    for policy in policies.iter() {
        match policy::fences(policy) {
            Ok(fences) => fences.iter().for_each(|fence| run_fence(policies, policy, fence, &mut outcome)),
            Err(error) => outcome.errors.push(error),
        }
    }
    outcome
}

fn run_fence(policies: &Policies, policy: &Policy, fence: &Fence, outcome: &mut Outcome) {
    let difference = match (check(policies, policy, fence, None), check(policies, policy, fence, Some("interpreter"))) {
        (Ok(report), Ok(interpreted)) => difference(fence, &report, &interpreted),
        (Err(error), _) | (_, Err(error)) => {
            outcome.errors.push(error);
            return;
        }
    };
    match difference {
        None => outcome.passed += 1,
        Some(difference) => outcome.failures.push(Failure {
            policy: policy.id.clone(),
            file: policy.readme_file.clone(),
            line: fence.line,
            difference,
        }),
    }
}

fn difference(fence: &Fence, report: &Report, interpreted: &Report) -> Option<String> {
    if let Some(error) = report.errors().first() {
        return Some(format!("- the example could not be checked: {error}"));
    }
    if report.findings() != interpreted.findings() {
        return Some("- the two executors of Rego disagree about it".to_owned());
    }
    let found: Vec<Found> = report
        .findings()
        .iter()
        .map(|finding| Found {
            line: finding.location.as_ref().and_then(|location| location.line).unwrap_or(0),
            verdict: finding.verdict,
            message: finding.message.clone(),
        })
        .collect();
    policy::compare(fence, &found)
}

fn check(policies: &Policies, policy: &Policy, fence: &Fence, engine: Option<&str>) -> Result<Report, Error> {
    let workspace = Workspace::from_files(files(policy, fence, engine), &OpenOptions::default())?;
    let mut linter = Linter::new(policies.clone()).select(&[&*policy.id])?;
    if let Some(now) = &fence.scene.now {
        linter = linter.now(Moment::parse(now)?);
    }
    Ok(linter.check(&workspace.render_all()))
}

/// The fence as a workspace: a `plimsoll.yaml` that sets its scene, and a file for each environment.
fn files(policy: &Policy, fence: &Fence, engine: Option<&str>) -> Files {
    let scene = &fence.scene;
    let mut texts = Vec::new();
    let mut environments = Map::new();
    for environment in &fence.environments {
        let known = crate::workspace::KNOWN_ENVIRONMENTS.iter().find(|(name, _)| *name == environment.name);
        let tier = scene.tier.or(known.map(|(_, tier)| *tier)).unwrap_or(Tier::Production);
        let name = if environment.name == "default" { "example" } else { &environment.name };
        let path = format!("{name}.yaml");
        let mut manifests = json!({"path": path});
        set(&mut manifests, "namespace", scene.namespace.as_ref());
        let mut declared = json!({"tier": tier, "manifests": [manifests]});
        set(&mut declared, "kubernetes", scene.kubernetes.as_ref());
        let mirrored = fence.environments.iter().find(|other| other.name == "production");
        set(&mut declared, "mirrors", mirrored.filter(|_| tier == Tier::Dr).map(|other| &other.name));
        environments.insert(name.to_owned(), declared);
        texts.push((path, environment.source.clone()));
    }
    let mut external = json!({"complete": scene.complete});
    if let Some(manifests) = &scene.external {
        set(&mut external, "manifests", Some(&vec!["external.yaml"]));
        texts.push(("external.yaml".to_owned(), manifests.clone()));
    }
    let mut policies = json!({});
    if !scene.params.is_empty() {
        set(&mut policies, "params", Some(&json!({&*policy.id: scene.params})));
    }
    set(&mut policies, "engine", engine.as_ref());
    let mut workspace =
        json!({"version": 1, "environments": environments, "external": [external], "policies": policies});
    for (key, value) in &scene.workspace {
        set(&mut workspace, key, Some(value));
    }
    texts.extend(scene.files.iter().map(|(path, text)| (path.clone(), text.clone())));
    texts.push((crate::workspace::FILE.to_owned(), beside(&fence.workspace, &workspace)));
    Files::memory(texts.into_iter().map(|(path, text)| (path, text.into_bytes())))
}

/// What the fence says about the workspace at the lines where it says it, and everything else below.
fn beside(text: &str, workspace: &Value) -> String {
    if text.is_empty() {
        // JSON is YAML.
        return workspace.to_string();
    }
    let mut whole = text.to_owned();
    for (key, value) in workspace.as_object().into_iter().flatten() {
        let _ = writeln!(whole, "{key}: {value}");
    }
    whole
}

fn set<T: serde::Serialize>(object: &mut Value, key: &str, value: Option<&T>) {
    if let (Some(value), Some(members)) = (value, object.as_object_mut()) {
        members.insert(key.to_owned(), json!(value));
    }
}
