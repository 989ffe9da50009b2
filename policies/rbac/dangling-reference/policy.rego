# METADATA
# title: Reference to a role or account that does not exist
# description: >-
#   A binding names a role or a ServiceAccount, or a pod names a ServiceAccount, that is not there. Unknown where
#   it may exist without being rendered.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: [RoleBinding, ClusterRoleBinding, Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob]
#   fix: "Correct the name, render the object that is meant, or declare it under `external` if somebody else owns it."
package policies.rbac["dangling-reference"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message} if {
	some reference in references
	reference.state == "absent"
	not incomplete(reference)
	path := reference.path
	consequence := effect(reference)
	hint := prose.nearest(reference.nearest)
	message := sprintf("%s, which does not exist%s: %s%s", [names(reference), where(reference), consequence, hint])
}

violation contains {"path": path, "message": message} if {
	some reference in references
	incomplete(reference)
	path := reference.path
	message := sprintf("%s without a `namespace`, which only a RoleBinding may leave out, so the API server refuses this binding", [names(reference)])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some reference in references
	reference.state == "unknown"
	not incomplete(reference)
	path := reference.path
	hint := prose.nearest(reference.nearest)
	message := sprintf("%s, which is neither rendered nor declared external%s, so whether it exists is not known%s", [names(reference), where(reference), hint])
}

# A HorizontalPodAutoscaler's target and the like belong to other policies.
references contains reference if {
	some reference in object.get(input.facts, "references", [])
	reference.kind in {"Role", "ClusterRole", "ServiceAccount"}
}

names(reference) := text if {
	reference.kind != "ServiceAccount"
	text := sprintf("`roleRef` names the %s `%s`", [reference.kind, reference.name])
}

names(reference) := text if {
	reference.kind == "ServiceAccount"
	subject(reference)
	text := sprintf("subject names the ServiceAccount `%s`", [reference.name])
}

names(reference) := text if {
	reference.kind == "ServiceAccount"
	not subject(reference)
	text := sprintf("`serviceAccountName` is `%s`", [reference.name])
}

where(reference) := text if {
	is_string(reference.namespace)
	text := sprintf(" in namespace `%s`", [reference.namespace])
}

where(reference) := "" if {
	not namespaced(reference)
}

effect(reference) := "the binding grants nothing, and whoever creates that role later decides what it grants" if {
	reference.kind != "ServiceAccount"
}

effect(reference) := "nobody has this grant today, and whoever creates that account inherits it" if {
	reference.kind == "ServiceAccount"
	subject(reference)
}

effect(reference) := "the API server refuses to create its pods" if {
	reference.kind == "ServiceAccount"
	not subject(reference)
}

subject(reference) if {
	startswith(reference.path, "/subjects/")
}

namespaced(reference) if {
	is_string(reference.namespace)
}

# Only the subject of a ClusterRoleBinding has no namespace to fall back on.
incomplete(reference) if {
	reference.kind == "ServiceAccount"
	not namespaced(reference)
}
