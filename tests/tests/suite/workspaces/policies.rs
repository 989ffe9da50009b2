//! Policies of the workspace's own: on environments, and with parameters.

use plimsoll::Linter;

use crate::example::{open, texts};

const POLICY: &str = "# METADATA
# title: Account that nothing runs as
# description: A ServiceAccount is rendered and no workload names it.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: environment
#   params: {spared: {description: Names that are fine., default: []}}
#   fix: Remove it.
package policies.ours[\"idle-account\"]

import rego.v1

violation contains {\"resource\": id, \"path\": \"/metadata/name\", \"message\": message} if {
	some id, account in data.facts.objects
	account.resource.kind == \"ServiceAccount\"
	not account.external
	name := account.resource.metadata.name
	not name in input.params.spared
	not name in used
	message := sprintf(\"nothing in `%s` runs as it\", [account.resource.metadata.namespace])
}

used contains name if {
	some _, object in data.facts.objects
	name := object.workload.pod.serviceAccountName
}
";

fn findings(parameters: &str) -> Vec<(String, String, u32)> {
    let config = format!(
        "version: 1\nenvironments: {{production: {{manifests: [{{path: all.yaml, namespace: shop}}]}}}}\n\
         policies: {{paths: [ours]{parameters}}}\n"
    );
    let manifests = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: used\n---\n\
                     apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: idle\n---\n\
                     apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {serviceAccountName: used, containers: []}\n";
    let workspace = open(&texts(&[
        ("plimsoll.yaml", config.as_str()),
        ("all.yaml", manifests),
        ("ours/ours/idle-account/policy.rego", POLICY),
        ("ours/ours/idle-account/README.md", "# ours/idle-account\n"),
    ]));
    let linter = Linter::for_workspace(&workspace).unwrap().select(&["ours/"]).unwrap();
    let report = linter.check(&workspace.render_all());
    assert!(report.errors().is_empty(), "{:#?}", report.errors());
    let found = report.findings().iter();
    found
        .map(|finding| {
            let line = finding.location.as_ref().and_then(|location| location.line).unwrap();
            (finding.severity.to_string(), finding.message.clone(), line)
        })
        .collect()
}

#[test]
fn a_policy_on_environments_sees_all_objects() {
    assert_eq!(findings(""), [("error".to_owned(), "nothing in `shop` runs as it".to_owned(), 9)]);
}

#[test]
fn parameters_reach_the_workspaces_own_policies() {
    assert_eq!(findings(", params: {ours/idle-account: {spared: [idle]}}"), []);
}

/// What the API server refuses is not mended by labels; and one mistake is one finding.
#[test]
fn a_network_policy_that_is_refused_has_a_fix_of_its_own() {
    let pods = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Pod\n\
                metadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: web, image: a/b:1}]}\n";
    for (spec, is_refused) in [
        ("{podSelector: {}, ingress: [{ports: [{port: \"80\"}]}]}", true),
        ("{podSelector: {}, ingress: [{ports: [{port: 80, protocol: ICMP}]}]}", true),
        ("{podSelector: {}, ingress: [{ports: [{port: 65536}]}]}", true),
        ("{podSelector: {}, ingress: [{from: [{}]}]}", true),
        ("{podSelector: {matchExpressions: [{key: app, operator: Gt, values: [web]}]}}", true),
        ("{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}", true),
        ("{podSelector: {}, ingress: [{ports: [{port: http}]}]}", false),
        ("{podSelector: {matchLabels: {app: wbe}}}", false),
    ] {
        let policy = format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {spec}\n"
        );
        let report = crate::example::check(&texts(&[("a.yaml", &format!("{pods}{policy}"))]));
        let found = report.findings().iter().filter(|finding| &*finding.policy == "network/dangling-selector");
        let fixes: Vec<bool> = found.map(|finding| finding.fix.contains("the API server refuses")).collect();
        assert_eq!(fixes, [is_refused], "{spec}");
    }
}
