//! `plimsoll network`.

use serde_json::json;
use tempfile::TempDir;

use crate::example;
use crate::run::{plimsoll, with_input};

/// A shop of a web server and its cache, behind an Ingress, in two environments of which one admits less.
const SHOP: [(&str, &str); 5] = [
    (
        "plimsoll.yaml",
        "version: 1
environments:
  staging: {}
  production: {values: [closed.yaml]}
releases: [{name: shop, chart: charts/shop, namespace: shop}]
",
    ),
    ("closed.yaml", "from: {matchLabels: {app: web}}\n"),
    ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("charts/shop/values.yaml", "from: {}\n"),
    ("charts/shop/templates/shop.yaml.j2", OBJECTS),
];

const OBJECTS: &str = "{% for app in ['web', 'cache', 'job'] %}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ app }}}
spec:
  selector: {matchLabels: {app: {{ app }}}}
  template:
    metadata: {labels: {app: {{ app }}}}
    spec: {containers: [{name: main, image: x/y:1, ports: [{name: http, containerPort: 8080}]}]}
{% endfor %}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cache}
spec:
  podSelector: {matchLabels: {app: cache}}
  ingress:
    - from:
        - podSelector: {{ values.from }}
      ports: [{port: 6379}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [web, cache]}]}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app: cache}}}]}]
";

fn shop(different: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut files = example::texts(&SHOP);
    files.extend(example::texts(different));
    example::write(directory.path(), &files);
    directory
}

fn network(args: &[&str]) -> crate::run::Run {
    plimsoll(shop(&[]).path(), &[&["network"], args].concat())
}

#[test]
fn json_has_every_connection_of_every_environment() {
    let found = network(&["--format", "json", "--to", "cache"]).ended(0).json();
    let one = |source: &str| json!({"source": source, "destination": "shop/cache[Deployment]", "ports": "TCP 6379"});
    assert_eq!(
        found,
        json!({"environments": {
            "staging": {"connections": [one("shop/job[Deployment]"), one("shop/web[Deployment]")]},
            "production": {"connections": [one("shop/web[Deployment]")]},
        }})
    );
}

#[test]
fn external_peers_are_ranges_of_both_families_and_the_controller_has_its_name() {
    let found = network(&["-e", "production", "--format", "json", "--to", "shop/web"]).ended(0).json();
    let environment = &found["environments"]["production"];
    let sources: Vec<(&str, &str)> = environment["connections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["source"].as_str().unwrap(), one["ports"].as_str().unwrap()))
        .collect();
    assert_eq!(
        sources,
        [
            ("0.0.0.0-255.255.255.255[External]", "All Connections"),
            ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]", "All Connections"),
            ("shop/job[Deployment]", "All Connections"),
            ("{ingress-controller}", "TCP 8080"),
        ]
    );
    assert_eq!(
        environment["exposed"],
        json!([{"destination": "shop/web[Deployment]", "by": "Ingress shop/web", "through": "Ingress", "service": "web",
                "ports": "TCP 8080", "admitted": "TCP 8080"}])
    );
}

#[test]
fn text_is_for_people() {
    let text = network(&["-e", "production"]).ended(0).stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!("network_listing", text);
}

#[test]
fn a_pair_is_explained_with_the_lines_of_the_templates() {
    let text = network(&["-e", "production", "--from", "job", "--to", "cache"]).ended(0).stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!("network_pair", text);
    let found = network(&["-e", "production", "--from", "web", "--to", "cache", "--format", "json"]).ended(0).json();
    let explanation = &found["environments"]["production"]["explanation"];
    assert_eq!((&explanation["ports"], &explanation["source"]), (&json!("TCP 6379"), &json!("shop/web[Deployment]")));
    let admits: Vec<_> =
        explanation["because"].as_array().unwrap().iter().filter(|one| one["effect"] == "admits").collect();
    assert_eq!(admits[1]["pointer"], "/spec/ingress/0");
    let file = "charts/shop/templates/shop.yaml.j2";
    assert_eq!(admits[1]["location"], json!({"file": file, "line": 29, "column": 7}));
}

#[test]
fn graphs_are_drawn() {
    let dot = network(&["--format", "dot", "--to", "cache"]).ended(0).stdout;
    assert!(dot.starts_with("digraph \"staging\" {\n") && dot.contains("\ndigraph \"production\" {\n"), "{dot}");
    assert!(dot.contains("  \"shop/job[Deployment]\" -> \"shop/cache[Deployment]\" [label=\"TCP 6379\"];\n"), "{dot}");
    let mermaid = network(&["--format", "mermaid", "--to", "cache", "-e", "production"]).ended(0).stdout;
    assert_eq!(
        mermaid,
        "flowchart LR\n  e0n0[\"shop/web[Deployment]\"]\n  e0n1[\"shop/cache[Deployment]\"]\n  e0n0 -->|\"TCP 6379\"| e0n1\n"
    );
}

#[test]
fn what_names_nothing_is_said() {
    let run = network(&["--from", "cahce"]).ended(2);
    assert!(
        run.stderr.contains("`cahce` is no workload, and no address") && run.stderr.contains("did you mean `cache`?"),
        "{}",
        run.stderr
    );
    let run = network(&["--format", "yaml"]).ended(2);
    assert!(run.stderr.contains("formats are text, json, dot, mermaid"), "{}", run.stderr);
    let two = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a}\nspec: {containers: []}\n---\n\
               apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: b}\nspec: {containers: []}\n";
    let run = with_input(shop(&[]).path(), &["network", "-", "--from", "web", "--to", "10.0.0.1"], two).ended(2);
    assert!(
        run.stderr.contains("`web` names more than one end") && run.stderr.contains("`a/web[Pod]`, `b/web[Pod]`"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_can_be_read_is_listed_beside_what_cannot() {
    let broken = ("charts/shop/templates/broken.yaml.j2", "a: {{ values.nothing.here }}\n");
    let run = plimsoll(shop(&[broken]).path(), &["network", "-e", "production", "--format", "json"]).ended(2);
    assert!(run.stderr.contains("values.nothing"), "{}", run.stderr);
    assert!(!run.json()["environments"]["production"]["connections"].as_array().unwrap().is_empty());
}

#[test]
fn lists_and_owners_and_objects_without_namespace_are_read() {
    let list = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a-1, ownerReferences: [{kind: ReplicaSet, name: a, controller: true}]}\n  spec: {containers: []}\n\
                - metadata: {name: a-2, ownerReferences: [{kind: ReplicaSet, name: a, controller: true}]}\n  spec: {containers: []}\n\
                ---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: []}}\n\
                - {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {matchLabels: {not: there}}}}\n\
                ---\napiVersion: route.openshift.io/v1\nkind: RouteList\nitems: []\n";
    let run = with_input(shop(&[]).path(), &["network", "-", "--format", "json"], list).ended(0);
    let found = run.json();
    let connections = found["environments"]["default"]["connections"].as_array().unwrap();
    let inside: Vec<_> = connections
        .iter()
        .filter(|one| !one.to_string().contains("External"))
        .map(|one| format!("{} {}", one["source"].as_str().unwrap(), one["destination"].as_str().unwrap()))
        .collect();
    assert_eq!(inside, ["default/a[ReplicaSet] default/b[Pod]", "default/b[Pod] default/a[ReplicaSet]"]);
    assert_eq!(connections.len(), 2 + 8);
}
