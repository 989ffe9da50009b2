# METADATA
# title: Pod open to the whole cluster
# description: >-
#   No NetworkPolicy selects the pods of a workload, so every pod of the cluster may connect to them. Unknown
#   where the namespace belongs to somebody else and its policies are not rendered.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   unknown: info
#   on: workload
#   fix: "Render a NetworkPolicy that denies by default in the namespace, and one that admits the callers of this workload."
#   params:
#     egress: {description: "Whether pods that may connect to anything are findings too.", default: false}
#     jobs: {description: "Whether the pods of Jobs and CronJobs count too.", default: false}
package policies.network["not-isolated"]

import rego.v1

violation contains {"path": path, "message": message} if {
	open.ingress
	open.known
	path := labels
	message := sprintf("no NetworkPolicy of namespace `%s` selects its pods for ingress, so any pod of the cluster may connect to every port they open", [input.workload.namespace])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	open.ingress
	not open.known
	path := labels
	message := sprintf("no NetworkPolicy is rendered for namespace `%s`, and the namespace is not rendered either, so whether its pods accept every connection is not known", [input.workload.namespace])
}

violation contains {"path": path, "message": message} if {
	input.params.egress == true
	open.egress
	open.known
	path := labels
	message := sprintf("no NetworkPolicy of namespace `%s` selects its pods for egress, so they may connect to anything, the internet included", [input.workload.namespace])
}

open := {"ingress": ingress, "egress": egress, "known": known} if {
	isolation := input.facts.isolation
	judged
	ingress := isolation.ingress == false
	egress := isolation.egress == false
	known := isolation.known
}

# Selection is by label: there is where a policy and a workload miss each other.
labels := sprintf("%s/metadata/labels", [input.workload.pointer])

judged if {
	not short_lived
	not on_host
}

short_lived if {
	input.workload.kind in {"Job", "CronJob"}
	not input.params.jobs == true
}

# A hook runs once and is gone, like a Job.
short_lived if {
	hook := input.resource.metadata.annotations["helm.sh/hook"]
	is_string(hook)
	not input.params.jobs == true
}

# No NetworkPolicy has a defined effect on a pod in the network of its node, so no fix exists here.
on_host if {
	input.workload.pod.hostNetwork == true
}
