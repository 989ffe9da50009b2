# METADATA
# title: Grant that never applies
# description: >-
#   A rule or subject grants nothing: there is no such resource or verb, the control plane overwrites it, a path cannot
#   be reached through a RoleBinding, or the API server refuses the object.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on:
#     - rbac.authorization.k8s.io/Role
#     - rbac.authorization.k8s.io/ClusterRole
#     - rbac.authorization.k8s.io/RoleBinding
#     - rbac.authorization.k8s.io/ClusterRoleBinding
#   facts: [rbac]
#   fix: "Correct the name or take the grant away; `kubectl api-resources` shows the resources, groups and verbs there are."
package policies.rbac["dead-grant"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some dead in object.get(object.get(input.facts, "rbac", {}), "dead", [])
	path := dead.path
	message := dead.reason
}
