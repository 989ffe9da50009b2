//! How severe a breach of the Pod Security Standards is, and what is no breach but nonsense.

use std::collections::BTreeMap;

use plimsoll::files::Files;
use plimsoll::finding::Severity;
use plimsoll::workspace::OpenOptions;
use plimsoll::{Linter, Report, Workspace};

const WORKSPACE: &str = "version: 1\nenvironments:\n  staging: {tier: staging, manifests: [{path: staging.yaml, namespace: shop}]}\n  \
                         production: {tier: production, manifests: [{path: production.yaml, namespace: shop}]}\n";

/// A pod that lacks a line which the level restricted asks for, and takes a port that baseline refuses.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: cart}\nspec:\n  securityContext: {runAsNonRoot: true}\n  \
                   containers: [{name: cart, ports: [{hostPort: 80}], securityContext: {allowPrivilegeEscalation: false, \
                   capabilities: {drop: [ALL]}}}]\n---\n";

const CONTROLS: [&str; 2] = ["pod-security-baseline/host-port", "pod-security-restricted/no-seccomp-profile"];

fn namespace(label: &str, level: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/{label}: {level}}}}}\n---\n"
    )
}

fn check(workspace: &str, staging: &str, production: &str, own: &[(&str, &str)]) -> Report {
    let texts = [("plimsoll.yaml", workspace), ("staging.yaml", staging), ("production.yaml", production)];
    let files = Files::memory(texts.iter().chain(own).map(|(path, text)| (*path, text.as_bytes().to_vec())));
    let workspace = Workspace::from_files(files, &OpenOptions::default()).unwrap();
    Linter::for_workspace(&workspace).unwrap().check(&workspace.render_all())
}

/// The severity of each control in staging and in production.
fn severities(report: &Report) -> BTreeMap<&'static str, Vec<Severity>> {
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    let of = |policy: &str| {
        let mut findings = report.findings().iter().filter(|finding| &*finding.policy == policy);
        let severities = findings.next().map(|finding| finding.occurrences.iter().map(|hit| hit.severity).collect());
        assert!(findings.next().is_none(), "{policy} is one finding");
        severities.unwrap_or_default()
    };
    CONTROLS.iter().map(|policy| (*policy, of(policy))).collect()
}

fn both(pods: &str) -> [Vec<Severity>; 2] {
    let found = severities(&check(WORKSPACE, pods, pods, &[]));
    CONTROLS.map(|control| found[control].clone())
}

#[test]
fn what_the_namespace_enforces_is_an_error_in_every_tier() {
    use Severity::{Error, Warning};
    let plain = [vec![Warning, Error], vec![Warning, Warning]];
    assert_eq!(both(POD), plain);
    assert_eq!(both(&(namespace("enforce", "privileged") + POD)), plain);
    assert_eq!(both(&(namespace("warn", "restricted") + POD)), plain);
    assert_eq!(both(&(namespace("enforce", "baseline") + POD)), [vec![Error, Error], vec![Warning, Warning]]);
    assert_eq!(both(&(namespace("enforce", "restricted") + POD)), [vec![Error, Error], vec![Error, Error]]);
    for absurd in ["[restricted]", "Restricted", "{a: b}", "3", "null", "\"\""] {
        assert_eq!(both(&(namespace("enforce", absurd) + POD)), plain, "{absurd}");
    }
}

#[test]
fn a_namespace_that_is_only_declared_refuses_too_and_only_where_it_is() {
    use Severity::{Error, Warning};
    let declared = format!(
        "{WORKSPACE}external:\n- environments: [production]\n  namespaces: {{shop: {{labels: {{pod-security.kubernetes.io/enforce: restricted}}}}}}\n"
    );
    let report = check(&declared, POD, POD, &[]);
    let found: Vec<_> = report.findings().iter().filter(|finding| &*finding.policy == CONTROLS[1]).collect();
    assert_eq!(found.len(), 1, "where it stands, it is one finding");
    assert_eq!(found[0].occurrences.iter().map(|hit| hit.severity).collect::<Vec<_>>(), [Warning, Error]);
}

#[test]
fn what_the_workspace_says_of_a_policy_is_not_raised() {
    use Severity::{Error, Info, Warning};
    let pods = namespace("enforce", "restricted") + POD;
    let set = |severity: &str| {
        let workspace = format!("{WORKSPACE}policies: {{severity: {{{}: {severity}}}}}\n", CONTROLS[1]);
        severities(&check(&workspace, &pods, &pods, &[]))[CONTROLS[1]].clone()
    };
    assert_eq!(set("{staging: info}"), [Info, Error]);
    assert_eq!(set("warning"), [Warning, Warning]);
    assert_eq!(set("\"off\""), []);
}

#[test]
fn a_policy_raises_as_far_as_its_metadata_says() {
    let policy = |raised: &str| {
        format!(
            "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: info\n{raised}#   on: [Pod]\n#   fix: F\n\
             package policies.own[\"p\"]\n\nimport rego.v1\n\nviolation contains {{\"path\": \"\", \"message\": \"m\", \"raised\": true}} if {{\n\ttrue\n}}\n"
        )
    };
    let workspace = format!("{WORKSPACE}policies: {{paths: [mine]}}\n");
    let check = |raised: &str| check(&workspace, POD, POD, &[("mine/own/p/policy.rego", &policy(raised))]);
    let report = check("#   raised: warning\n");
    let found: Vec<_> = report.findings().iter().filter(|finding| &*finding.policy == "own/p").collect();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    let message = check("").errors()[0].to_string();
    assert!(message.contains("own/p: a violation is `raised`, for which METADATA has no severity"), "{message}");
}

#[test]
fn nonsense_is_judged_without_errors() {
    let pods = [
        "spec: {template: {spec: {containers: [{name: [a], securityContext: [b], livenessProbe: 3, readinessProbe: x}], volumes: 7}}}",
        "spec: {template: {metadata: {annotations: [a]}, spec: {os: {name: [windows]}, securityContext: text, containers: {a: b}}}}",
        "spec: {template: {spec: {initContainers: 1, priorityClassName: 3, hostUsers: {}, ephemeralContainers: [null]}}}",
        "spec: {template: {spec: {containers: [{livenessProbe: {periodSeconds: 1e30, httpGet: {host: 7, port: {}}}, readinessProbe: {}}]}}}",
        "spec: {template: {spec: 3}}",
        "spec: {template: [a]}",
    ];
    let documents = pods.iter().enumerate().map(|(at, spec)| {
        format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{at}, labels: [a]}}\n{spec}\n---\n")
    });
    let odd = "apiVersion: v1\nkind: Namespace\nmetadata: {name: odd, labels: [enforce]}\n---\napiVersion: networking.k8s.io/v1\n\
               kind: Ingress\nmetadata: {name: i, annotations: 3}\nspec: {ingressClassName: [nginx]}\n---\napiVersion: autoscaling/v2\n\
               kind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {metrics: {a: b}}\n";
    let text: String = documents.chain([odd.to_owned()]).collect();
    let workspace = format!(
        "{WORKSPACE}external: [{{provides: {{ingressClasses: [nginx], apis: [x]}}}}]\nidentities: {{groups: {{g: {{class: human, team: t}}}}}}\n\
         policies: {{params: {{workload/no-owner: {{labels: [1, {{a: b}}]}}, workload/probe-sanity: {{start: {{a: soon}}}}}}}}\n"
    );
    let report = check(&workspace, &text, &text, &[]);
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    assert!(report.findings().iter().any(|finding| &*finding.policy == "workload/enforce-label"));
}
