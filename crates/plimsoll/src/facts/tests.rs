//! Facts of small environments, each with the near miss that must differ.

use std::sync::Arc;

use super::*;
use crate::manifest::{Manifest, parse};

pub(super) fn resources(text: &str, release: Option<&str>) -> Vec<Resource> {
    let manifest = Manifest {
        text: text.into(),
        release: release.map(Arc::from),
        namespace: Some("shop".into()),
        ..Manifest::default()
    };
    let parsed = parse(&[Arc::new(manifest)]).remove(0);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.resources
}

/// The facts of the object of that name, as policies see them.
fn facts_of(text: &str, release: Option<&str>, declared: &Declared, name: &str) -> serde_json::Value {
    let resources = resources(text, release);
    let facts = Facts::derive(&resources, declared, &Domains::new());
    let at = resources.iter().position(|resource| &*resource.id.name == name).unwrap();
    serde_json::to_value(facts.of(at)).unwrap()
}

fn deployment(extra: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: {{app: cart}}}}\n  \
         template:\n    metadata: {{labels: {{app: cart}}}}\n    spec:\n      containers:\n      - name: app\n        image: x\n        ports: \
         [{{name: http, containerPort: 8080}}]\n{extra}---\n"
    )
}

fn policy(spec: &str) -> String {
    deployment("") + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: " + spec
}

#[test]
fn policy_types_default_to_ingress_and_to_egress_only_with_rules() {
    let isolation = |spec: &str| {
        let facts = facts_of(&policy(spec), None, &Declared::default(), "cart");
        (facts["isolation"]["ingress"].as_bool().unwrap(), facts["isolation"]["egress"].as_bool().unwrap())
    };
    assert_eq!(isolation("{podSelector: {}}"), (true, false));
    assert_eq!(isolation("{podSelector: {}, egress: [{}]}"), (true, true));
    assert_eq!(isolation("{podSelector: {}, egress: []}"), (true, false));
    assert_eq!(isolation("{podSelector: {}, policyTypes: [Egress]}"), (false, true));
    assert_eq!(isolation("{podSelector: {matchLabels: {app: other}}}"), (false, false));
    assert_eq!(
        isolation("{podSelector: {matchExpressions: [{key: app, operator: In, values: [cart]}]}}"),
        (true, false)
    );
    // An invalid selector is refused by the API server: the policy never exists.
    assert_eq!(isolation("{podSelector: {matchExpressions: [{key: app, operator: Is}]}}"), (false, false));
}

#[test]
fn isolation_is_known_where_the_namespace_is_ours() {
    let known = |text: &str| facts_of(text, None, &Declared::default(), "cart")["isolation"]["known"].clone();
    assert_eq!(known(&deployment("")), false);
    assert_eq!(known(&(deployment("") + "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")), true);
    assert_eq!(known(&(deployment("") + "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n")), false);
}

fn service(spec: &str) -> String {
    deployment("") + "apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: " + spec
}

#[test]
fn target_ports_resolve_by_name_and_protocol() {
    let resolved = |port: &str| {
        let text = service(&format!("{{selector: {{app: cart}}, ports: [{port}]}}"));
        facts_of(&text, None, &Declared::default(), "front")["pods"]["ports"][0]["resolved"].clone()
    };
    assert_eq!(resolved("{port: 80, targetPort: http}"), true);
    assert_eq!(resolved("{port: 80, targetPort: http, protocol: UDP}"), false);
    assert_eq!(resolved("{port: 80, targetPort: grpc}"), false);
    assert_eq!(resolved("{port: 80}"), true);
    assert_eq!(resolved("{port: 80, targetPort: 9999}"), true);
}

#[test]
fn a_chart_is_expected_to_bring_the_pods_of_its_service() {
    let text = service("{selector: {app: card}}");
    let pods = |release, declared: &Declared| facts_of(&text, release, declared, "front")["pods"].clone();
    let open = Declared::default();
    assert_eq!(pods(None, &open)["known"], false);
    assert_eq!(pods(Some("shop/cart"), &open)["known"], true);
    assert!(pods(None, &open)["nearest"].as_str().unwrap().contains("app=cart"));
    let closed = Declared { complete: ["pods".to_owned()].into(), ..Declared::default() };
    assert_eq!(pods(None, &closed)["known"], true);
    // Without a selector, and for ExternalName, endpoints come from elsewhere.
    assert_eq!(facts_of(&service("{ports: [{port: 80}]}"), None, &open, "front").get("pods"), None);
    assert_eq!(facts_of(&service("{type: ExternalName, selector: {a: b}}"), None, &open, "front").get("pods"), None);
}

#[test]
fn requests_follow_limits_then_limit_ranges() {
    let range = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [{type: Container, max: {memory: 1Gi}, defaultRequest: {cpu: 50m}}]}\n";
    let resources = |extra: &str, more: &str| {
        let facts = facts_of(&(deployment(extra) + more), None, &Declared::default(), "cart");
        facts["resources"][0].clone()
    };
    let limits = "        resources: {limits: {cpu: 500m}}\n";
    assert_eq!(resources("", "")["requests"], serde_json::json!({}));
    assert_eq!(resources(limits, "")["requests"], serde_json::json!({"cpu": "500m"}));
    assert_eq!(resources(limits, range)["requests"], serde_json::json!({"cpu": "500m", "memory": "1Gi"}));
    assert_eq!(resources("", range)["requests"], serde_json::json!({"cpu": "50m", "memory": "1Gi"}));
    assert_eq!(resources("", range)["limits"], serde_json::json!({"memory": "1Gi"}));
    assert_eq!(resources("      resources: {requests: {cpu: 1}}\n", "")["requests"], serde_json::json!({"cpu": "1"}));
}

#[test]
fn budgets_count_from_the_autoscalers_floor() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {minAvailable: 2, selector: {matchLabels: {app: cart}}}\n---\n";
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {minReplicas: 2, maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}}\n---\n";
    let budgets =
        |more: &str| facts_of(&(deployment("") + more), None, &Declared::default(), "cart")["budgets"].clone();
    assert_eq!(budgets(budget)["matching"][0]["allowed"], 1);
    assert_eq!(budgets(&(budget.to_owned() + scaler))["matching"][0]["allowed"], 0);
    assert_eq!(budgets(&(budget.to_owned() + scaler))["floor"], 2);
    assert_eq!(budgets("")["known"], false);
    let keda =
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: k}\nspec: {scaleTargetRef: {name: cart}}\n";
    assert_eq!(budgets(&(budget.to_owned() + keda))["exact"], false);
}

#[test]
fn autoscalers_know_what_they_lack() {
    let scaler = |target: &str| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: h}}\nspec: {{maxReplicas: 4, scaleTargetRef: \
             {{apiVersion: apps/v1, kind: Deployment, name: {target}}}, metrics: [{{type: Resource, resource: {{name: cpu, target: \
             {{type: Utilization, averageUtilization: 70}}}}}}]}}\n"
        )
    };
    let facts = |target: &str, release| {
        facts_of(&(deployment("") + &scaler(target)), release, &Declared::default(), "h")["autoscaler"].clone()
    };
    let found = facts("cart", None);
    assert_eq!((&found["min"], &found["target"]["replicas_set"]), (&1.into(), &true.into()));
    assert_eq!(found["target"]["missing_requests"][0]["path"], "/spec/metrics/0/resource/name");
    assert_eq!(facts("card", None)["target"]["state"], "unknown");
    assert_eq!(facts("card", Some("shop/cart"))["target"]["state"], "absent");
    assert_eq!(facts("card", None)["target"]["nearest"], "cart");
}

#[test]
fn subjects_without_namespace_take_a_role_bindings() {
    let binding = |kind: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: b}}\nroleRef: {{kind: ClusterRole, name: view}}\nsubjects:\n\
             - {{kind: ServiceAccount, name: cart}}\n- {{kind: Group, name: g}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: cart}}\n"
        )
    };
    let references = |kind: &str| facts_of(&binding(kind), None, &Declared::default(), "b")["references"].clone();
    assert_eq!(references("RoleBinding")[0]["state"], "builtin");
    assert_eq!(references("RoleBinding")[1]["state"], "present");
    assert_eq!(references("RoleBinding")[2], serde_json::Value::Null);
    assert_eq!(references("ClusterRoleBinding")[1]["namespace"], serde_json::Value::Null);
    assert_eq!(references("ClusterRoleBinding")[1]["state"], "unknown");
}

#[test]
fn scopes_that_no_pod_matches_are_suspicious() {
    let quota = |spec: &str| {
        let text = format!("apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {spec}\n");
        facts_of(&text, None, &Declared::default(), "q").get("quantities").cloned().unwrap_or_default()
    };
    assert_eq!(quota("{hard: {pods: 5}, scopes: [BestEffort, NotBestEffort]}")[0]["path"], "/spec/scopes");
    assert_eq!(quota("{hard: {pods: 5}, scopes: [BestEffort, NotTerminating]}"), serde_json::Value::Null);
    assert_eq!(quota("{hard: {cpu: 1000, requests.memory: 100Gi}}"), serde_json::Value::Null);
    assert_eq!(quota("{hard: {requests.memory: 64m}}")[0]["resource"], "requests.memory");
    assert_eq!(quota("{hard: {requests.memory: lots}}")[0]["path"], "/spec/hard/requests.memory");
}

/// A Deployment whose pod specification is the text, indented by six.
pub(super) fn workload_of(pod: &str) -> Resource {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cart}}\nspec:\n  template:\n    metadata: {{labels: {{app: \
         cart}}}}\n    spec:\n{pod}"
    );
    resources(&text, None).remove(0)
}
