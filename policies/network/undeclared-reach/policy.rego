# METADATA
# title: Connection that nobody declared
# description: >-
#   The rendered policies let something through to or from a service that declares its connections, and this is none of
#   them.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: info
#   on:
#   - networking.k8s.io/NetworkPolicy
#   - policy.networking.k8s.io/AdminNetworkPolicy
#   - policy.networking.k8s.io/BaselineAdminNetworkPolicy
#   - policy.networking.k8s.io/ClusterNetworkPolicy
#   - Deployment
#   - StatefulSet
#   - DaemonSet
#   - ReplicaSet
#   - ReplicationController
#   - Rollout
#   - Job
#   - CronJob
#   - Pod
#   needs: [connections]
#   facts: [network]
#   fix: "Narrow the rule to what the service declares, or declare the connection on both sides."
package policies.network["undeclared-reach"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message, "witness": witness} if {
	some found in input.facts.declared.undeclared
	not found.open
	not found.unlisted
	found.direction == "ingress"
	path := found.path
	witness := found.witness
	message := sprintf("lets %s reach `%s` on %s, which it does not declare", [others(found), found.service, found.ports])
}

violation contains {"path": path, "message": message, "witness": witness} if {
	some found in input.facts.declared.undeclared
	not found.open
	not found.unlisted
	found.direction == "egress"
	path := found.path
	witness := found.witness
	message := sprintf("lets `%s` reach %s on %s, which it does not declare", [found.service, others(found), found.ports])
}

violation contains {"path": path, "message": message} if {
	some found in input.facts.declared.undeclared
	found.open
	found.direction == "ingress"
	path := found.path
	message := sprintf("no policy selects the pods of `%s` for ingress, so everybody reaches it, and not only the callers that it declares", [found.service])
}

violation contains {"path": path, "message": message} if {
	some found in input.facts.declared.undeclared
	found.open
	found.direction == "egress"
	path := found.path
	message := sprintf("no policy selects the pods of `%s` for egress, so it reaches everything, and not only what it declares to call", [found.service])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some found in input.facts.declared.undeclared
	found.unlisted
	path := found.path
	message := sprintf("the policies admit more connections than can be listed, so which of `%s` are not declared is not known", [found.service])
}

others(found) := prose.list(found.peers) if {
	count(found.peers) == found.count
}

others(found) := text if {
	count(found.peers) < found.count
	text := sprintf("`%s` and %d more", [found.peers[0], found.count - 1])
}
