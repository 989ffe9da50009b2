# METADATA
# title: Label that widens a default role
# description: >-
#   A label adds a ClusterRole's rules to `admin`, `edit` or `view` wherever these are bound, and the rules grant more
#   of Kubernetes' own resources than those roles have. Rules for custom resources are what the label is for.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: [rbac.authorization.k8s.io/ClusterRole]
#   facts: [rbac]
#   fix: "Take the label away and bind the ClusterRole to those who need it, or keep only rules for custom resources under the label."
package policies.rbac["aggregation-widening"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message, "witness": witness} if {
	some widened in object.get(object.get(input.facts, "rbac", {}), "widens", [])
	path := widened.path
	witness := widened.adds
	adds := prose.list(widened.adds)
	message := sprintf("everybody who is bound to `%s` anywhere receives %s as well", [widened.role, adds])
}
