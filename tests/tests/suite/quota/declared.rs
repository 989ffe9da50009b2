//! What a workspace declares about capacity, and what is said of declarations that are wrong.

use plimsoll::Report;
use plimsoll::view::quota::QuotaView;
use plimsoll::view::{Format, View as _};

use crate::example::{self, NOW};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ release.name }}
  namespace: {{ release.namespace }}
spec:
  replicas: {{ values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.0.0
          resources:
            requests:
              cpu: {{ values.cpu }}
              memory: 64Mi
";

/// A workspace with two releases of one team, and some more text in `plimsoll.yaml`.
fn workspace(environments: &str, more: &str) -> plimsoll::Workspace {
    let config = format!(
        "version: 1\nenvironments:\n{environments}releases:\n\
         - {{name: cart, chart: charts/web, namespace: shop, team: shop}}\n\
         - {{name: search, chart: charts/web, namespace: find, team: shop}}\n{more}"
    );
    example::open(&example::texts(&[
        ("plimsoll.yaml", &config),
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", "replicas: 4\ncpu: 500m\n"),
        ("charts/web/templates/web.yaml.j2", DEPLOYMENT),
    ]))
}

/// What the policies on quota say, as policy, severity, environments and message.
fn findings(report: &Report) -> Vec<String> {
    assert!(report.errors().is_empty(), "{:?}", report.errors());
    let ours = report
        .findings()
        .iter()
        .filter(|finding| finding.policy.starts_with("quota/") && !matches!(&*finding.policy, "quota/missing-request"));
    ours.map(|finding| {
        let environments: Vec<&str> = finding.occurrences.iter().map(|occurrence| &*occurrence.environment).collect();
        format!("{} {} {}: {}", finding.policy, finding.severity, environments.join(","), finding.message)
    })
    .collect()
}

#[test]
fn what_does_not_fit_a_cluster_concerns_every_environment_in_it() {
    let environments = "  staging: {cluster: live}\n  production: {cluster: live}\n  dr: {cluster: other}\n";
    let pools =
        "clusters:\n  live: {pools: [{name: all, nodes: {min: 4, max: 4}, allocatable: {cpu: 900m, memory: 8Gi}}]}\n";
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: {{ release.namespace }}}\nspec: {hard: {requests.cpu: \"9\"}}\n";
    let config = format!(
        "version: 1\nenvironments:\n{environments}releases: [{{name: cart, chart: charts/web, namespace: {{default: shop, staging: stg}}, team: shop}}]\n\
         {pools}teams: {{shop: {{budget: {{requests.cpu: \"99\"}}}}}}\n"
    );
    let report = example::check(&example::texts(&[
        ("plimsoll.yaml", &config),
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", "replicas: 4\ncpu: 500m\n"),
        ("charts/web/templates/web.yaml.j2", DEPLOYMENT),
        ("charts/web/templates/quota.yaml.j2", quota),
    ]));
    let found = findings(&report);
    for policy in ["quota/pool-overflow", "quota/node-loss", "quota/team-budget"] {
        let of: Vec<&String> = found.iter().filter(|line| line.starts_with(policy)).collect();
        assert_eq!(of.len(), 1, "{found:#?}");
        assert!(of[0].starts_with(&format!("{policy} error staging,production: ")), "{found:#?}");
    }
}

fn errors(environments: &str, more: &str) -> Vec<String> {
    let workspace = workspace(environments, more);
    workspace.plan().errors.iter().map(ToString::to_string).collect()
}

const ONE: &str = "  production: {tier: production, cluster: live}\n";

#[test]
fn a_team_is_added_up_over_its_namespaces() {
    let more =
        "teams: {shop: {budget: {staging: {requests.cpu: \"1\"}, production: {requests.cpu: \"4\", pods: \"10\"}}}}\n";
    let report = example::check_workspace(&workspace(ONE, more), NOW);
    assert_eq!(
        findings(&report),
        ["quota/team-budget error production: team `shop` needs more than its budget: cart 4×500m + surge 1×500m + \
          search 4×500m = 4500m > 4000m (requests.cpu)"]
    );
    let finding = report.findings().iter().find(|finding| &*finding.policy == "quota/team-budget").unwrap();
    let location = finding.location.as_ref().unwrap();
    assert_eq!((&*location.file, location.line), ("charts/web/templates/web.yaml.j2", Some(17)));
    assert_eq!(finding.witness, ["cart 4×500m = 2000m", "cart surge 1×500m = 500m", "search 4×500m = 2000m"]);
}

#[test]
fn environments_of_one_cluster_share_its_nodes() {
    let pools =
        "clusters: {live: {pools: [{name: workers, nodes: {max: 5}, allocatable: {cpu: 1100m, memory: 4Gi}}]}}\n";
    let two = format!("  staging: {{tier: staging, cluster: live}}\n{ONE}");
    let report = example::check_workspace(&workspace(&two, pools), NOW);
    let found = findings(&report);
    let sum = "cart 4×500m + surge 1×500m + search 4×500m + surge 1×500m + cart 4×500m";
    assert!(found.iter().all(|finding| !finding.contains(sum)), "{found:#?}");
    assert!(
        found.iter().any(|finding| finding.starts_with("quota/pool-overflow") && finding.contains("= 9000m > 5500m"))
    );
    // Either by itself fits, which is not known while the other is left out.
    let workspace = workspace(&two, pools);
    let rendered = workspace.render(&["production"], &plimsoll::rendered::Overrides::default()).unwrap();
    let report = plimsoll::Linter::for_workspace(&workspace).unwrap().check(&rendered);
    let found = findings(&report);
    let unknown = "whether the peak fits the cluster is not known: the environment staging runs in the same cluster";
    assert!(
        found.iter().any(|finding| finding.starts_with("quota/pool-overflow info") && finding.contains(unknown)),
        "{found:#?}"
    );
}

#[test]
fn all_rollouts_at_once_need_more_than_one() {
    for (rollouts, sum) in [("one", "4500m"), ("all", "5")] {
        let environments = format!("  production: {{tier: production, concurrentRollouts: {rollouts}}}\n");
        let rendered = workspace(&environments, "").render_all();
        let mut out = Vec::new();
        QuotaView::of(&rendered).write(Format::Json, &mut out).unwrap();
        let view: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(view["environments"]["production"]["total"][0]["rollout"], sum);
    }
}

#[test]
fn what_is_wrong_with_declarations_is_said_at_its_line() {
    for (environments, more, expected) in [
        (
            ONE,
            "clusters: {live: {pools: [{name: p, nodes: {max: 1}, allocatable: {cpu: 900q}}]}}\n",
            "plimsoll.yaml:7:73: the quantity `900q` ends in `q`",
        ),
        (
            ONE,
            "clusters: {live: {pools: [{name: p, nodes: {max: 1}, allocatable: {cpu: -1}}]}}\n",
            "plimsoll.yaml:7:73: `cpu` in `allocatable` is below zero",
        ),
        (
            ONE,
            "clusters: {live: {pools: [{name: p, nodes: {max: 1}, allocatable: {cpu: 1}, capacity: {cpu: 2}}]}}\n",
            "plimsoll.yaml:7:87: a pool says both what its nodes have and what they can give",
        ),
        (
            ONE,
            "clusters: {live: {pools: [{name: p, nodes: {max: 1}}, {name: p, nodes: {max: 1}}]}}\n",
            "plimsoll.yaml:7:55: there are two pools `p`",
        ),
        (
            "  production: {tier: production, sidecar: {requests: {cpu: many}}}\n",
            "",
            "plimsoll.yaml:3:60: the quantity `many` does not start with a number",
        ),
        (
            "  production: {tier: production, concurrentRollouts: some}\n",
            "",
            "plimsoll.yaml:3:54: `some` is no number of rollouts at the same time",
        ),
        (
            ONE,
            "teams: {shop: {budget: {request.cpu: 1}}}\n",
            "plimsoll.yaml:7:25: `request.cpu` in `budget` is nothing",
        ),
        (
            ONE,
            "teams: {shop: {budget: {prod: {pods: 1}}}}\n",
            "plimsoll.yaml:7:25: there is no environment or tier `prod`",
        ),
        (ONE, "teams: {shop: {budgets: {}}}\n", "a team has no key `budgets`"),
    ] {
        let errors = errors(environments, more);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert!(errors[0].contains(expected), "{expected}: {errors:#?}");
    }
}

#[test]
fn the_table_is_at_most_a_hundred_columns_wide() {
    let rendered = example::open(&example::files()).render_all();
    let mut out = Vec::new();
    QuotaView::of(&rendered).write(Format::Text, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100).collect();
    assert_eq!(long, Vec::<&str>::new());
    for part in
        ["namespace shop", "team payments", "all of it", "cluster small (staging)", "steady, without zone east-a"]
    {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn absurd_manifests_are_findings_and_no_crash() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec:
  replicas: 9223372036854775807
  strategy: {rollingUpdate: {maxSurge: 99999%, maxUnavailable: -4}}
  template:
    spec:
      topologySpreadConstraints: [{maxSkew: -9223372036854775808, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}]
      overhead: {cpu: 9999999999999999999999999999E}
      containers:
      - {name: a, resources: {requests: {cpu: -1, memory: 12Q}, limits: [1]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: a, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 9, maxReplicas: -3}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c, namespace: shop}
spec: {schedule: \"@every 1ns\", jobTemplate: {spec: {parallelism: 9223372036854775807, activeDeadlineSeconds: 9223372036854775807, template: {spec: {containers: [{name: c}]}}}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: shop}
spec: {hard: {cpu: 1e999999999, count/: x, pods: null, \"/\": 1}, scopes: [Nope, 3], scopeSelector: {matchExpressions: 4}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: l, namespace: shop}
spec: {limits: [{type: Container, maxLimitRequestRatio: {cpu: 1n}, min: 3}, {type: 9}, 4]}
";
    let files = example::texts(&[
        (
            "plimsoll.yaml",
            "version: 1\nclusters: {c: {pools: [{name: p, nodes: {max: 4294967295}, allocatable: {cpu: 1n, memory: 9Ei}}]}}\nenvironments: {production: {tier: production, cluster: c, manifests: [a.yaml]}}\n",
        ),
        ("a.yaml", text),
    ]);
    let report = example::check(&files);
    let said = |part: &str| report.findings().iter().any(|finding| finding.message.contains(part));
    for part in ["`-1` of cpu is below zero", "`12Q` of memory cannot be read", "99999%", "`-4` of maxUnavailable"] {
        assert!(said(part), "{part}: {:#?}", findings(&report));
    }
    let mut out = Vec::new();
    QuotaView::of(&example::open(&files).render_all()).write(Format::Text, &mut out).unwrap();
    assert!(!out.is_empty());
}
