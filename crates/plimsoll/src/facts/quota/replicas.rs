//! How many pods of a workload there are: at rest, at its most, while it is rolled out, at its worst.
//!
//! Sources: `pkg/controller/deployment/util/deployment_util.go` (surge rounds up, unavailable down),
//! `pkg/controller/daemon/util`, `pkg/controller/job`, `pkg/controller/cronjob`.

use serde::Serialize;

use super::cron::{self, Schedule};
use crate::facts::workload::Workload;
use crate::yaml::{Data, Node};

/// What stands in a Deployment that says nothing (`pkg/apis/apps/v1/defaults.go`).
const SURGE: i64 = 25;
/// How long a pod may take to end that says nothing (`pkg/apis/core/v1/defaults.go`).
const GRACE: i64 = 30;
/// KEDA, ScaledObject: `maxReplicaCount`.
const EVENT_SCALED: i64 = 100;

/// Bounds that something else sets on a workload's replicas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scaled {
    /// The fewest.
    pub min: i64,
    /// The most.
    pub max: i64,
}

/// What part of a release's life a workload belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It serves.
    Serving,
    /// It runs to an end.
    Job,
    /// It runs while a release is installed or upgraded.
    Hook,
    /// It does not run by itself: a test, something that is deleted, suspended or only a template.
    Off,
}

/// Pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pods {
    /// When they run.
    pub phase: Phase,
    /// At the autoscaler's lower bound, or the replicas.
    pub steady: i64,
    /// At the autoscaler's upper bound.
    pub peak: i64,
    /// How many more while they are replaced.
    pub surge: i64,
    /// Twice the peak and the surge, where pods on their way out linger.
    pub worst: i64,
    /// Why there may be more than that, as what follows "its pods …".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unbounded: Option<String>,
}

impl Pods {
    fn fixed(phase: Phase, count: i64) -> Self {
        let steady = if phase == Phase::Serving { count } else { 0 };
        Self { phase, steady, peak: count, surge: 0, worst: count, unbounded: None }
    }

    fn rolled(scaled: Scaled, surge: i64) -> Self {
        let (peak, surge) = (scaled.max.max(0), surge.max(0));
        let worst = peak.saturating_mul(2).saturating_add(surge);
        Self { phase: Phase::Serving, steady: scaled.min.clamp(0, peak), peak, surge, worst, unbounded: None }
    }
}

/// The pods of a workload; `nodes` is how many nodes are there for a DaemonSet, at least and at most.
pub fn pods(workload: &Workload<'_>, autoscaled: Option<Scaled>, nodes: Option<Scaled>) -> Pods {
    let node = workload.resource.node();
    let phase = phase(workload);
    let replicas = workload.replicas.unwrap_or(1).max(0);
    let scaled = autoscaled.map_or(Scaled { min: replicas, max: replicas }, |bounds| Scaled {
        min: bounds.min,
        max: bounds.max.max(replicas_written(node)),
    });
    let mut pods = match &*workload.resource.id.kind {
        "Deployment" => Pods::rolled(scaled, surge_of_deployment(node, scaled.max)),
        "Rollout" => Pods::rolled(scaled, surge_of_rollout(node, scaled.max)),
        "DaemonSet" => daemons(node, nodes),
        "StatefulSet" | "ReplicaSet" | "ReplicationController" => {
            Pods { worst: scaled.max.max(0), ..Pods::rolled(scaled, 0) }
        }
        "Job" => Pods::fixed(Phase::Job, parallel(node.get("spec"))),
        "CronJob" => cron_pods(node, workload.pod),
        // What has run to its end is charged for nothing (`pkg/quota/v1/evaluator/core/pods.go`, QuotaV1Pod).
        "Pod" if matches!(node.str_at(&["status", "phase"]), Some("Succeeded" | "Failed")) => {
            Pods::fixed(Phase::Off, 0)
        }
        "Pod" => Pods::fixed(Phase::Serving, 1),
        _ => Pods::fixed(Phase::Off, 0),
    };
    match phase {
        Some(Phase::Off) => return Pods::fixed(Phase::Off, 0),
        Some(phase) => {
            pods.phase = phase;
            pods.steady = 0;
        }
        None => {}
    }
    pods
}

/// Helm's and Argo CD's hooks; what is suspended runs not at all.
fn phase(workload: &Workload<'_>) -> Option<Phase> {
    let suspended = matches!(&*workload.resource.id.kind, "Job" | "CronJob")
        && workload.resource.node().at(&["spec", "suspend"]).and_then(Node::as_bool) == Some(true);
    if suspended {
        return Some(Phase::Off);
    }
    let words = |key: &str| {
        let text = workload.resource.annotation(key)?;
        Some(text.split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>())
    };
    let running = |words: &[String], running: &[&str]| words.iter().any(|word| running.contains(&word.as_str()));
    let helm = words("helm.sh/hook").map(|words| {
        running(
            &words,
            &[
                "pre-install",
                "post-install",
                "pre-upgrade",
                "post-upgrade",
                "pre-rollback",
                "post-rollback",
                "crd-install",
            ],
        )
    });
    let argo = words("argocd.argoproj.io/hook").map(|words| running(&words, &["PreSync", "Sync", "PostSync"]));
    match (helm, argo) {
        (None, None) => None,
        (Some(true), _) | (_, Some(true)) => Some(Phase::Hook),
        _ => Some(Phase::Off),
    }
}

/// What the object itself asks for, where it asks.
fn replicas_written(node: &Node) -> i64 {
    node.at(&["spec", "replicas"]).and_then(Node::as_int).unwrap_or_default()
}

fn surge_of_deployment(node: &Node, replicas: i64) -> i64 {
    let strategy = node.at(&["spec", "strategy"]);
    if strategy.and_then(|strategy| strategy.str_at(&["type"])) == Some("Recreate") {
        return 0;
    }
    let surge = strategy.and_then(|strategy| strategy.at(&["rollingUpdate", "maxSurge"]));
    scaled_up(surge, replicas).unwrap_or_else(|| percent(SURGE, replicas))
}

/// Argo Rollouts: a canary surges as a Deployment does, blue and green stand beside each other.
fn surge_of_rollout(node: &Node, replicas: i64) -> i64 {
    let strategy = node.at(&["spec", "strategy"]);
    if let Some(beside) = strategy.and_then(|strategy| strategy.get("blueGreen")) {
        return beside.get("previewReplicaCount").and_then(Node::as_int).unwrap_or(replicas).max(replicas);
    }
    let surge = strategy.and_then(|strategy| strategy.at(&["canary", "maxSurge"]));
    scaled_up(surge, replicas).unwrap_or_else(|| percent(SURGE, replicas))
}

fn daemons(node: &Node, nodes: Option<Scaled>) -> Pods {
    let counted = nodes.unwrap_or(Scaled { min: 1, max: 1 });
    let on_delete = node.at(&["spec", "updateStrategy", "type"]).and_then(Node::as_str) == Some("OnDelete");
    let surge = node.at(&["spec", "updateStrategy", "rollingUpdate", "maxSurge"]);
    let surge = if on_delete { 0 } else { scaled_up(surge, counted.max).unwrap_or_default() };
    let mut pods = Pods::rolled(counted, surge);
    pods.worst = counted.max.saturating_add(surge.max(0));
    if nodes.is_none() {
        pods.unbounded = Some("are one on each node, and no pools are declared".to_owned());
    }
    pods
}

/// At most `completions` pods have work, where those are counted.
fn parallel(spec: Option<&Node>) -> i64 {
    let member = |name| spec.and_then(|spec| spec.get(name)).and_then(Node::as_int);
    let parallelism = member("parallelism").unwrap_or(1).max(0);
    member("completions").map_or(parallelism, |completions| parallelism.min(completions.max(0)))
}

fn cron_pods(node: &Node, pod: &Node) -> Pods {
    let spec = node.get("spec");
    let job = spec.and_then(|spec| spec.at(&["jobTemplate", "spec"]));
    let each = parallel(job);
    let (jobs, unbounded) = match schedule(node) {
        Ok(Schedule::Every(interval)) => concurrent(spec, job, pod, interval),
        Ok(Schedule::Never) => (0, None),
        Err(fault) => (1, Some(format!("cannot be counted: its schedule {fault}"))),
    };
    Pods { unbounded, ..Pods::fixed(Phase::Job, jobs.saturating_mul(each)) }
}

/// When a CronJob fires.
pub fn schedule(node: &Node) -> Result<Schedule, String> {
    match node.at(&["spec", "schedule"]).and_then(Node::as_str) {
        Some(text) => cron::parse(text),
        None => Err("is missing".to_owned()),
    }
}

/// How many Jobs of one CronJob there are at a time, and why that may be too few.
fn concurrent(spec: Option<&Node>, job: Option<&Node>, pod: &Node, interval: i64) -> (i64, Option<String>) {
    let interval = interval.max(1);
    match spec.and_then(|spec| spec.str_at(&["concurrencyPolicy"])) {
        Some("Forbid") => (1, None),
        Some("Replace") => {
            // Those replaced within the last grace period are still ending.
            let grace = pod.get("terminationGracePeriodSeconds").and_then(Node::as_int).unwrap_or(GRACE).max(0);
            (1i64.saturating_add(grace / interval + i64::from(grace % interval != 0)), None)
        }
        _ => match job.and_then(|job| job.get("activeDeadlineSeconds")).and_then(Node::as_int) {
            Some(deadline) => ((deadline.max(0) / interval).saturating_add(1), None),
            None => (
                1,
                Some(
                    "have no bound: Jobs may overlap (`concurrencyPolicy: Allow`) and none has `activeDeadlineSeconds`"
                        .to_owned(),
                ),
            ),
        },
    }
}

/// A count, or a share of the replicas rounded up; `None` where it is neither.
fn scaled_up(value: Option<&Node>, replicas: i64) -> Option<i64> {
    match &value?.data {
        Data::Int(count) => Some(*count),
        Data::String(text) => Some(percent(text.strip_suffix('%')?.parse().ok()?, replicas)),
        _ => None,
    }
}

fn percent(share: i64, of: i64) -> i64 {
    let product = i128::from(share) * i128::from(of);
    let rounded = product.div_euclid(100) + i128::from(product.rem_euclid(100) != 0);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// The bounds that KEDA sets (`keda.sh`, ScaledObject); nothing where it is no such object.
pub fn event_scaled(node: &Node) -> Option<(&str, &str, Scaled)> {
    let target = node.at(&["spec", "scaleTargetRef"])?;
    let count = |name, usual| node.at(&["spec", name]).and_then(Node::as_int).unwrap_or(usual);
    let scaled = Scaled { min: count("minReplicaCount", 0), max: count("maxReplicaCount", EVENT_SCALED) };
    Some((target.str_at(&["kind"]).unwrap_or("Deployment"), target.str_at(&["name"])?, scaled))
}
