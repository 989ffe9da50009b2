//! What is odd about the probes of a container, as the kubelet acts on them.
//!
//! Defaults are those of the API: a period of ten seconds, three failures, no delay
//! (pkg/apis/core/v1/defaults.go).

use serde::Serialize;

use super::workload::{Container, ContainerType, Workload};
use crate::yaml::Node;

/// The probes of one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probes {
    /// The container's position in its workload.
    pub container: usize,
    /// Whether the liveness probe asks what the readiness probe asks, and gives up no later.
    pub repeated: bool,
    /// Ports that are probed and not declared.
    pub undeclared: Vec<UndeclaredPort>,
    /// How long it may take to start before it is restarted; absent where nothing restarts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<StartBudget>,
}

/// A port that a probe names and the container does not declare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndeclaredPort {
    /// JSON pointer of the port.
    pub path: String,
    /// `livenessProbe`…
    pub probe: &'static str,
    /// As written.
    pub port: String,
    /// Whether it is a name, which then leads nowhere; a number does, whoever listens.
    pub named: bool,
}

/// How long a container may take to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartBudget {
    /// JSON pointer of the probe that gives up.
    pub path: String,
    /// `startupProbe`, or `livenessProbe` where there is none.
    pub probe: &'static str,
    /// In seconds.
    pub seconds: i64,
}

const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];
const ACTIONS: [&str; 4] = ["httpGet", "tcpSocket", "grpc", "exec"];

/// The probes of a workload's containers, of those that have any.
pub(super) fn of_workload(workload: &Workload<'_>) -> Vec<Probes> {
    let lasting = workload
        .containers
        .iter()
        .enumerate()
        .filter(|(_, container)| matches!(container.r#type, ContainerType::Container | ContainerType::Sidecar));
    lasting.filter_map(|(at, container)| of_container(at, container)).collect()
}

fn of_container(at: usize, container: &Container<'_>) -> Option<Probes> {
    let probe = |name: &str| container.spec.get(name).filter(|probe| probe.as_map().is_some());
    if PROBES.iter().all(|name| probe(name).is_none()) {
        return None;
    }
    let repeated = match (probe("livenessProbe"), probe("readinessProbe")) {
        (Some(liveness), Some(readiness)) => repeats(liveness, readiness),
        _ => false,
    };
    let undeclared = PROBES.iter().filter_map(|name| undeclared(container, name, probe(name)?)).collect();
    let start = ["startupProbe", "livenessProbe"].into_iter().find_map(|name| {
        let path = format!("{}/{name}", container.pointer);
        Some(StartBudget { path, probe: name, seconds: gives_up_after(probe(name)?)? })
    });
    Some(Probes { container: at, repeated, undeclared, start })
}

/// Whether one asks the same as the other, and fails at the same time or before.
fn repeats(liveness: &Node, readiness: &Node) -> bool {
    let action = |probe: &Node| {
        let actions = ACTIONS.iter().filter_map(|name| Some((*name, probe.get(name)?.clone())));
        actions.collect::<Vec<_>>()
    };
    let asked = action(liveness);
    if asked.is_empty() || asked != action(readiness) {
        return false;
    }
    match (patience(liveness), patience(readiness)) {
        (Some(liveness), Some(readiness)) => liveness <= readiness,
        _ => false,
    }
}

/// How long a probe fails before something is done about it; `None` for what the API refuses.
fn patience(probe: &Node) -> Option<i64> {
    number(probe, "periodSeconds", 10)?.checked_mul(number(probe, "failureThreshold", 3)?)
}

fn gives_up_after(probe: &Node) -> Option<i64> {
    number(probe, "initialDelaySeconds", 0)?.checked_add(patience(probe)?)
}

/// A number of a probe; zero is the default, as for the API.
fn number(probe: &Node, key: &str, default: i64) -> Option<i64> {
    match probe.get(key).filter(|node| !node.is_null()) {
        None => Some(default),
        Some(node) => match node.as_int()? {
            0 => Some(default),
            number => (number > 0).then_some(number),
        },
    }
}

/// A probe's port that its container does not declare. A number counts only beside declared ones: to declare
/// none at all is allowed, and common. A probe of another host says nothing about this container.
fn undeclared(container: &Container<'_>, name: &'static str, probe: &Node) -> Option<UndeclaredPort> {
    let action = ["httpGet", "tcpSocket", "grpc"].into_iter().find(|action| probe.get(action).is_some())?;
    let asked = probe.get(action)?;
    if asked.str_at(&["host"]).is_some_and(|host| !host.is_empty()) {
        return None;
    }
    let ports = container.spec.get("ports").map(Node::items).unwrap_or_default();
    let port = asked.get("port")?;
    let found = |text: String, named| {
        let path = format!("{}/{name}/{action}/port", container.pointer);
        Some(UndeclaredPort { path, probe: name, port: text, named })
    };
    let declares =
        |number: i64| ports.iter().any(|port| port.get("containerPort").and_then(Node::as_int) == Some(number));
    match (port.as_int(), port.as_str()) {
        (Some(number), _) if !ports.is_empty() && !declares(number) => found(number.to_string(), false),
        // A number in quotes is refused as a name, and schemas say so.
        (_, Some(text)) if !text.is_empty() && text.parse::<u16>().is_err() => {
            let named = ports.iter().any(|port| port.str_at(&["name"]) == Some(text));
            if named { None } else { found(text.to_owned(), true) }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tests::workload_of;

    fn probes(container: &str) -> serde_json::Value {
        let resource = workload_of(&format!("      containers:\n      - name: app\n        {container}\n"));
        let workload = Workload::of(0, &resource).unwrap();
        serde_json::to_value(of_workload(&workload)).unwrap()[0].clone()
    }

    #[test]
    fn the_same_question_with_no_more_patience() {
        let repeated = |liveness: &str, readiness: &str| {
            probes(&format!("livenessProbe: {{{liveness}}}\n        readinessProbe: {{{readiness}}}"))["repeated"]
                .clone()
        };
        let get = "httpGet: {path: /health, port: 8080}";
        assert_eq!(repeated(get, get), true);
        assert_eq!(repeated(&format!("{get}, failureThreshold: 6"), get), false);
        assert_eq!(repeated(&format!("{get}, failureThreshold: 6"), &format!("{get}, periodSeconds: 20")), true);
        assert_eq!(repeated(get, &format!("{get}, failureThreshold: 2")), false);
        assert_eq!(repeated(get, "httpGet: {path: /ready, port: 8080}"), false);
        assert_eq!(repeated("httpGet: {port: 8080, path: /health}", get), true);
        assert_eq!(repeated("periodSeconds: 5", "periodSeconds: 5"), false);
        for absurd in ["failureThreshold: 9223372036854775807", "periodSeconds: often", "failureThreshold: -1"] {
            assert_eq!(repeated(&format!("{get}, {absurd}"), get), false, "{absurd}");
        }
    }

    #[test]
    fn ports_that_are_not_declared() {
        let undeclared = |ports: &str, action: &str| {
            probes(&format!("ports: {ports}\n        startupProbe: {{{action}}}"))["undeclared"].clone()
        };
        let ports = "[{name: http, containerPort: 8080}]";
        let one = |port: &str, named: bool| {
            serde_json::json!([{"path": "/spec/template/spec/containers/0/startupProbe/httpGet/port",
                "probe": "startupProbe", "port": port, "named": named}])
        };
        assert_eq!(undeclared(ports, "httpGet: {port: grpc}"), one("grpc", true));
        assert_eq!(undeclared("[]", "httpGet: {port: http}"), one("http", true));
        assert_eq!(undeclared(ports, "httpGet: {port: 9090}"), one("9090", false));
        for fine in [
            "httpGet: {port: http}",
            "httpGet: {port: 8080}",
            "tcpSocket: {port: \"8080\"}",
            "exec: {command: [x]}",
            "httpGet: {port: 9090, host: other.example}",
            "grpc: {port: 8080}",
            "httpGet: {}",
            "httpGet: 3",
            "httpGet: {port: [1]}",
        ] {
            assert_eq!(undeclared(ports, fine), serde_json::json!([]), "{fine}");
        }
        assert_eq!(undeclared("[]", "httpGet: {port: 9090}"), serde_json::json!([]));
        assert_eq!(undeclared("{a: b}", "httpGet: {port: 9090}"), serde_json::json!([]));
    }

    #[test]
    fn the_time_to_start() {
        let budget = |probe: &str| probes(probe)["start"]["seconds"].clone();
        assert_eq!(budget("livenessProbe: {exec: {command: [x]}}"), 30);
        assert_eq!(budget("livenessProbe: {initialDelaySeconds: 15, periodSeconds: 5, failureThreshold: 2}"), 25);
        let both = "startupProbe: {periodSeconds: 5, failureThreshold: 60}\n        livenessProbe: {periodSeconds: 1}";
        assert_eq!(budget(both), 300);
        assert_eq!(budget("readinessProbe: {}"), serde_json::Value::Null);
        assert_eq!(budget("livenessProbe: {initialDelaySeconds: soon}"), serde_json::Value::Null);
    }
}
