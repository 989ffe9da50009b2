//! One line of the example workspace changes: exactly one new finding comes of it, the right one.
//!
//! Lines are named by what is written on them, so that an edit elsewhere in a file moves no expectation.
//! An anchor of several lines means its last.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use plimsoll::Report;

use crate::example::{self, Texts};

/// One line that changes, and the one finding that comes of it.
struct Mutation {
    file: &'static str,
    /// What the line says before.
    from: &'static str,
    /// What it says afterwards; an empty text removes the line.
    to: &'static str,
    finding: Expected,
}

struct Expected {
    policy: &'static str,
    verdict: &'static str,
    severity: &'static str,
    environments: &'static [&'static str],
    object: &'static str,
    /// File and line, as the line reads after the change.
    at: (&'static str, &'static str),
}

const ALL: &[&str] = &["staging", "production", "dr"];

macro_rules! mutations {
    ($($name:ident: $mutation:expr;)*) => {$(
        #[test]
        fn $name() {
            run(&$mutation);
        }
    )*};
}

mod workloads;

mutations! {
    a_verb_becomes_a_wildcard: Mutation {
        file: "charts/catalog/values.yaml",
        from: "      verbs: [get, update]",
        to: r#"      verbs: ["*"]"#,
        finding: Expected {
            policy: "rbac/wildcard",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Role shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "rules: {{ service.rules }}"),
        },
    };
    a_rule_names_a_group_that_has_no_such_resource: Mutation {
        file: "charts/catalog/values.yaml",
        from: "  rules:\n    - apiGroups: [coordination.k8s.io]",
        to: "    - apiGroups: [apps]",
        finding: Expected {
            policy: "rbac/dead-grant",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Role shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "rules: {{ service.rules }}"),
        },
    };
    an_account_lists_secrets: Mutation {
        file: "charts/catalog/values.yaml",
        from: "  rules:",
        to: "  rules:\n    - {apiGroups: [\"\"], resources: [secrets], verbs: [list]}",
        finding: Expected {
            policy: "rbac/secret-access",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Role shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "rules: {{ service.rules }}"),
        },
    };
    an_account_makes_tokens_of_others: Mutation {
        file: "charts/catalog/values.yaml",
        from: "  rules:",
        to: "  rules:\n    - {apiGroups: [\"\"], resources: [serviceaccounts/token], verbs: [create]}",
        finding: Expected {
            policy: "rbac/cluster-primitive",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Role shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "rules: {{ service.rules }}"),
        },
    };
    an_account_may_less_at_the_recovery_site: Mutation {
        file: "environments/dr/catalog.yaml",
        from: "microservice:",
        to: "microservice:\n  rules: [{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]}]",
        finding: Expected {
            policy: "rbac/environment-drift",
            verdict: "violated",
            severity: "error",
            environments: &["dr"],
            object: "RoleBinding shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "  - kind: ServiceAccount\n    name: {{ release.name }}"),
        },
    };
    a_binding_names_a_role_that_is_not_rendered: Mutation {
        file: "charts/microservice/templates/_role.yaml.j2",
        from: "  kind: Role\n  name: {{ release.name }}",
        to: "  name: {{ release.name }}-reader",
        finding: Expected {
            policy: "rbac/dangling-reference",
            // Somebody else may have made that role: the world is open.
            verdict: "unknown",
            severity: "info",
            environments: ALL,
            object: "RoleBinding shop/catalog",
            at: ("charts/microservice/templates/_role.yaml.j2", "  name: {{ release.name }}-reader"),
        },
    };
    a_readiness_probe_is_dropped: Mutation {
        file: "charts/cart/templates/cache.yaml.j2",
        from: "          readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5}",
        to: "",
        finding: Expected {
            policy: "workload/no-readiness-probe",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "        - name: redis"),
        },
    };
    a_password_stands_in_a_url: Mutation {
        file: "environments/staging/catalog.yaml",
        from: "  feed: https://feeds.staging.example/products",
        to: "  feed: https://reader:tr0ub4dor-and-3@feeds.staging.example/products",
        finding: Expected {
            policy: "workload/secret-in-env",
            verdict: "violated",
            severity: "warning",
            environments: &["staging"],
            object: "CronJob shop/catalog-reindex",
            at: ("charts/catalog/templates/reindex.yaml.j2", "                  value: {{ values.reindex.feed | quote }}"),
        },
    };
    a_service_names_a_port_that_no_pod_declares: Mutation {
        file: "charts/cart/templates/cache.yaml.j2",
        from: "      targetPort: redis",
        to: "      targetPort: cache",
        finding: Expected {
            policy: "network/service-unresolved",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Service shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "      targetPort: cache"),
        },
    };
    egress_opens_to_everywhere: Mutation {
        file: "charts/catalog/values.yaml",
        from: "          - {cidr: 203.0.113.0/26, port: 443}",
        to: "          - {cidr: 0.0.0.0/0, port: 443}",
        finding: Expected {
            policy: "network/open-egress",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "NetworkPolicy shop/catalog-reindex",
            at: ("charts/microservice/templates/_networkpolicy.yaml.j2", "    - to: {{ rule.to }}"),
        },
    };
    an_image_becomes_latest: Mutation {
        file: "charts/cart/templates/cache.yaml.j2",
        from: "          image: {{ image(values.cache.image) }}",
        to: "          image: {{ values.cache.image.repository }}:latest",
        finding: Expected {
            policy: "images/mutable-tag",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ values.cache.image.repository }}:latest"),
        },
    };
    an_image_loses_its_digest: Mutation {
        file: "charts/microservice/templates/_names.yaml.j2",
        from: "{% macro image(of) %}{{ of.repository }}:{{ of.tag }}@{{ of.digest }}{% endmacro %}",
        to: "{% macro image(of) %}{{ of.repository }}:{{ of.tag }}{% if of.tag != '7.4.6-alpine3.22' %}@{{ of.digest }}{% endif %}{% endmacro %}",
        finding: Expected {
            policy: "images/not-pinned",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ image(values.cache.image) }}"),
        },
    };
    an_image_comes_from_elsewhere: Mutation {
        file: "charts/cart/values.yaml",
        from: "    repository: registry.example/mirror/library/redis",
        to: "    repository: docker.io/library/redis",
        finding: Expected {
            policy: "images/registry-not-allowed",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ image(values.cache.image) }}"),
        },
    };
    memory_is_given_in_thousandths_of_a_byte: Mutation {
        file: "environments/staging/cart.yaml",
        from: "    requests: {cpu: 50m, memory: 128Mi}",
        to: "    requests: {cpu: 50m, memory: 128m}",
        finding: Expected {
            policy: "quota/suspicious-quantity",
            verdict: "violated",
            severity: "warning",
            environments: &["staging"],
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          resources: {{ values.cache.resources }}"),
        },
    };
    a_namespace_is_left_without_a_quota: Mutation {
        file: "charts/platform/templates/quotas.yaml.j2",
        from: "{% for namespace, of in values.namespaces | items %}",
        to: "{% for namespace, of in values.namespaces | items if namespace != 'payments' %}",
        finding: Expected {
            policy: "quota/unbounded-namespace",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Namespace payments",
            at: ("charts/platform/templates/namespaces.yaml.j2", "metadata:\n  name: {{ namespace }}"),
        },
    };
    everybody_gets_a_role: Mutation {
        file: "charts/platform/templates/roles.yaml.j2",
        from: r#"  {"name": "breakglass", "kind": "ClusterRole", "role": "edit", "group": values.groups.breakglass},"#,
        to: r#"  {"name": "breakglass", "kind": "ClusterRole", "role": "edit", "group": "system:authenticated" if namespace == "shop" else "x"},"#,
        finding: Expected {
            policy: "rbac/anonymous-binding",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "RoleBinding shop/breakglass",
            at: ("charts/platform/templates/roles.yaml.j2", "    name: {{ binding.group }}"),
        },
    };
    an_autoscaler_is_switched_off_in_dr: Mutation {
        file: "environments/dr/payments.yaml",
        from: "  autoscaling: {min: 2}",
        to: "  autoscaling: {enabled: false}",
        finding: Expected {
            policy: "parity/missing",
            verdict: "violated",
            severity: "error",
            environments: &["dr"],
            object: "HorizontalPodAutoscaler payments/payments",
            at: ("charts/microservice/templates/_autoscaler.yaml.j2", "metadata:\n  name: {{ release.name }}"),
        },
    };
    a_floor_rises_above_its_ceiling: Mutation {
        file: "environments/dr/cart.yaml",
        from: "  autoscaling: {min: 2}",
        to: "  autoscaling: {min: 20}",
        finding: Expected {
            policy: "release/autoscaling",
            verdict: "violated",
            severity: "error",
            environments: &["dr"],
            object: "HorizontalPodAutoscaler shop/cart",
            at: ("charts/microservice/templates/_autoscaler.yaml.j2", "  minReplicas: {{ service.autoscaling.min }}"),
        },
    };
    a_disruption_budget_lets_no_pod_go: Mutation {
        file: "environments/dr/gateway.yaml",
        from: "  autoscaling: {min: 2}",
        to: "  disruptionBudget: {maxUnavailable: 0}",
        finding: Expected {
            policy: "release/disruption-budget",
            verdict: "violated",
            severity: "warning",
            environments: &["dr"],
            object: "Deployment shop/gateway",
            at: ("charts/microservice/templates/_deployment.yaml.j2", "spec:"),
        },
    };
    a_quota_has_no_room_for_a_rollout: Mutation {
        file: "charts/platform/values.yaml",
        from: r#"    quota: {requests.cpu: 650m, requests.memory: 768Mi, limits.memory: 768Mi, pods: "6"}"#,
        to: r#"    quota: {requests.cpu: 650m, requests.memory: 768Mi, limits.memory: 768Mi, pods: "3"}"#,
        finding: Expected {
            policy: "quota/peak-exceeds-quota",
            verdict: "violated",
            severity: "warning",
            environments: &["staging"],
            object: "ResourceQuota payments/team",
            at: ("charts/platform/templates/quotas.yaml.j2", "    {{ of.quota }}"),
        },
    };
    a_limit_range_admits_less_than_the_database_needs: Mutation {
        file: "charts/platform/values.yaml",
        from: "  max: {memory: 8Gi}",
        to: "  max: {memory: 6Gi}",
        finding: Expected {
            policy: "quota/admission-rejects",
            verdict: "violated",
            severity: "error",
            environments: &["production", "dr"],
            object: "StatefulSet orders/orders-db",
            at: ("charts/orders/templates/database.yaml.j2", "          resources: {{ values.database.resources }}"),
        },
    };
    no_node_is_as_large_as_the_database: Mutation {
        file: "plimsoll.yaml",
        from: "  east:\n    pools:\n      - name: services\n        nodes: {min: 3, max: 9}\n        allocatable: {cpu: 7500m, memory: 14Gi}",
        to: "        allocatable: {cpu: 7500m, memory: 7Gi}",
        finding: Expected {
            policy: "quota/pod-too-large",
            verdict: "violated",
            severity: "error",
            environments: &["production"],
            object: "StatefulSet orders/orders-db",
            at: ("charts/orders/templates/database.yaml.j2", "          resources: {{ values.database.resources }}"),
        },
    };
    a_team_needs_more_than_was_agreed: Mutation {
        file: "plimsoll.yaml",
        from: r#"  orders: {budget: {staging: {requests.cpu: "1"}, default: {requests.cpu: "10", requests.memory: 18Gi}}}"#,
        to: r#"  orders: {budget: {staging: {requests.cpu: 900m}, default: {requests.cpu: "10", requests.memory: 18Gi}}}"#,
        finding: Expected {
            policy: "quota/team-budget",
            verdict: "violated",
            severity: "warning",
            environments: &["staging"],
            object: "Deployment orders/orders",
            at: ("charts/microservice/templates/_deployment.yaml.j2", "          resources: {{ service.resources }}"),
        },
    };
    a_job_never_runs: Mutation {
        file: "environments/staging/catalog.yaml",
        from: r#"  schedule: "0 8 * * 1-5""#,
        to: r#"  schedule: "0 8 31 2 *""#,
        finding: Expected {
            policy: "quota/unbounded-cronjob",
            verdict: "violated",
            severity: "info",
            environments: &["staging"],
            object: "CronJob shop/catalog-reindex",
            at: ("charts/catalog/templates/reindex.yaml.j2", "  schedule: {{ values.reindex.schedule | quote }}"),
        },
    };
    a_tag_is_pushed_again: Mutation {
        file: "images.lock",
        from: REDIS,
        to: REDIS_MOVED,
        finding: Expected {
            policy: "images/tag-moved",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ image(values.cache.image) }}"),
        },
    };
    an_image_is_promoted_that_staging_never_ran: Mutation {
        file: "images.lock",
        from: REDIS_SEEN,
        to: "seen = { production = \"2024-06-10T09:00:00Z\" }",
        finding: Expected {
            policy: "images/not-promoted",
            verdict: "violated",
            severity: "error",
            environments: &["production", "dr"],
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ image(values.cache.image) }}"),
        },
    };
    trust_no_longer_covers_an_image: Mutation {
        file: "plimsoll.yaml",
        from: "  - match: [\"registry.example/**\"]",
        to: "  - match: [\"registry.example/shop/**\", registry.example/mirror/library/postgres]",
        finding: Expected {
            policy: "images/no-trust-policy",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: ("charts/cart/templates/cache.yaml.j2", "          image: {{ image(values.cache.image) }}"),
        },
    };
    a_caller_is_taken_out_on_one_side: Mutation {
        file: "charts/catalog/values.yaml",
        from: "      - {service: cart, port: http}",
        to: "",
        finding: Expected {
            policy: "network/declaration-disagrees",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart",
            at: ("charts/cart/values.yaml", "      - {service: catalog, port: 8080}"),
        },
    };
    a_port_changes_on_one_side: Mutation {
        file: "charts/orders/values.yaml",
        from: "      - {service: payments, namespace: payments, port: 8080}",
        to: "      - {service: payments, namespace: payments, port: 8081}",
        finding: Expected {
            policy: "network/declaration-disagrees",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment orders/orders",
            at: ("charts/orders/values.yaml", "      - {service: payments, namespace: payments, port: 8081}"),
        },
    };
    a_selector_is_misspelt_in_production: Mutation {
        file: "environments/production/payments.yaml",
        from: "    calls:",
        to: "    callers: [{service: orders, namespace: orders, labels: {app.kubernetes.io/name: order}, port: http}]\n    calls:",
        finding: Expected {
            policy: "network/declared-blocked",
            verdict: "violated",
            severity: "error",
            // Disaster recovery extends production.
            environments: &["production", "dr"],
            object: "Deployment orders/orders",
            at: ("charts/orders/values.yaml", "      - {service: payments, namespace: payments, port: 8080}"),
        },
    };
    the_database_is_to_lie_deeper_than_it_does: Mutation {
        file: "charts/orders/values.yaml",
        from: "        depth: 3",
        to: "        depth: 4",
        finding: Expected {
            policy: "network/exposure-depth",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "StatefulSet orders/orders-db",
            at: ("charts/orders/values.yaml", "        depth: 4"),
        },
    };
    the_failover_reaches_less_than_production: Mutation {
        file: "environments/dr/payments.yaml",
        from: "  autoscaling: {min: 2}",
        to: "  autoscaling: {min: 2}\n  connections: {calls: [{cidr: 198.51.100.32/28, port: 443}]}",
        finding: Expected {
            policy: "network/environment-drift",
            verdict: "violated",
            severity: "error",
            environments: &["dr"],
            object: "Deployment payments/payments",
            at: ("charts/microservice/templates/_deployment.yaml.j2", "apiVersion: apps/v1"),
        },
    };
}

/// The entry of the cache's image, down to its digest.
const REDIS: &str = "name = \"registry.example/mirror/library/redis\"
tag = \"7.4.6-alpine3.22\"
digest = \"sha256:217f3fac4df1c3d70ece8e833d8e4af1098d8c46076e883b7c0a1570dedd298c\"";
const REDIS_SEEN: &str = "name = \"registry.example/mirror/library/redis\"
tag = \"7.4.6-alpine3.22\"
digest = \"sha256:217f3fac4df1c3d70ece8e833d8e4af1098d8c46076e883b7c0a1570dedd298c\"
user = \"\"
platforms = { \"linux/amd64\" = \"sha256:acedd1edd8c3be87ca6a4fcb76676ddbaa20bd8bd9f4a43cfe7cff60c8b8dfe6\", \"linux/arm64\" = \"sha256:64d7edc4a7d332e3360a0efb8791836857065f2a331b188fa5904f7a7989cc9f\" }
seen = { dr = \"2024-06-10T09:00:00Z\", production = \"2024-06-10T09:00:00Z\", staging = \"2024-06-03T09:00:00Z\" }";
const REDIS_MOVED: &str = "digest = \"sha256:217f3fac4df1c3d70ece8e833d8e4af1098d8c46076e883b7c0a1570dedd298c\"
previous = \"sha256:64d7edc4a7d332e3360a0efb8791836857065f2a331b188fa5904f7a7989cc9f\"";

/// Checks the changed workspace and compares its findings with those of the unchanged one.
#[track_caller]
fn run(mutation: &Mutation) {
    let files = mutated(mutation);
    let (before, after) = (baseline(), example::check(&files));
    assert_eq!(after.errors(), before.errors());
    assert_eq!(after.notes(), before.notes());
    let expected = mutation.finding.shown(&files);
    let (before, after) = (shown(before), shown(&after));
    let new: Vec<&String> = after.difference(&before).collect();
    let gone: Vec<&String> = before.difference(&after).collect();
    let right = new.len() == 1 && gone.is_empty() && new[0].starts_with(&expected);
    assert!(
        right,
        "\n{}: `{}` became `{}`\nexpected one finding:\n  + {expected}…\nfound:{}{}\n",
        mutation.file,
        mutation.from,
        mutation.to,
        listed("+", &new),
        listed("-", &gone),
    );
}

fn listed(sign: &str, lines: &[&String]) -> String {
    lines.iter().map(|line| format!("\n  {sign} {line}")).collect::<Vec<_>>().concat()
}

/// What is found in the workspace as it is.
fn baseline() -> &'static Report {
    static BASELINE: OnceLock<Report> = OnceLock::new();
    BASELINE.get_or_init(|| example::check(&example::files()))
}

/// The workspace with the one line changed.
fn mutated(mutation: &Mutation) -> Texts {
    let mut files = example::files();
    let line = line_of(&files, mutation.file, mutation.from) - 1;
    let text = text(&files, mutation.file);
    let mut lines: Vec<&str> = text.lines().collect();
    if mutation.to.is_empty() {
        lines.remove(line);
    } else {
        lines[line] = mutation.to;
    }
    let changed = lines.join("\n") + "\n";
    assert_ne!(changed, text);
    files.insert(mutation.file.to_owned(), changed.into_bytes().into());
    files
}

fn text(files: &Texts, file: &str) -> String {
    String::from_utf8(files[file].to_vec()).unwrap()
}

/// The 1-based number of the last line of an anchor, which stands exactly once in its file.
fn line_of(files: &Texts, file: &str, anchor: &str) -> usize {
    let text = text(files, file);
    let (lines, anchor): (Vec<&str>, Vec<&str>) = (text.lines().collect(), anchor.lines().collect());
    let found: Vec<usize> = (0..lines.len()).filter(|at| lines[*at..].starts_with(&anchor)).collect();
    assert_eq!(found.len(), 1, "{file} holds `{anchor:?}` at {found:?}");
    found[0] + anchor.len()
}

impl Expected {
    fn shown(&self, files: &Texts) -> String {
        let (file, anchor) = self.at;
        format!(
            "{} {} {} in {}: {} at {file}:{}: ",
            self.severity,
            self.policy,
            self.verdict,
            self.environments.join(", "),
            self.object,
            line_of(files, file, anchor),
        )
    }
}

/// Each finding on a line, as [`Expected::shown`] begins it.
fn shown(report: &Report) -> BTreeSet<String> {
    let line = |finding: &plimsoll::finding::Finding| {
        let verdict = format!("{:?}", finding.verdict).to_lowercase();
        let object = finding.resource.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let place = finding.location.as_ref().map_or_else(
            || "nowhere".to_owned(),
            |location| format!("{}:{}", location.file, location.line.unwrap_or_default()),
        );
        format!(
            "{} {} {verdict} in {}: {object} at {place}: {}",
            finding.severity,
            finding.policy,
            finding.environments.join(", "),
            finding.message
        )
    };
    let lines: BTreeSet<String> = report.findings().iter().map(line).collect();
    assert_eq!(lines.len(), report.findings().len(), "two findings read the same");
    lines
}

#[test]
fn the_unchanged_workspace_is_clean() {
    let report = baseline();
    assert_eq!(shown(report), BTreeSet::new());
    assert!(report.errors().is_empty() && report.notes().is_empty(), "{:#?}\n{:#?}", report.errors(), report.notes());
    assert!(report.summary().suppressed <= 5);
}
