# METADATA
# title: Steady state that does not survive a node
# description: >-
#   With one node of a pool, or one zone, lost, what runs on an ordinary day does not fit the rest of the cluster.
# custom:
#   severity: {staging: info, production: error, dr: error}
#   on: workspace
#   needs: [pools]
#   facts: [quota]
#   fix: "Add a node, or spread over more zones, so that the rest carries the autoscalers' lower bounds."
package policies.quota["node-loss"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness, "resource": id, "environment": environment, "at": at} if {
	some loss in losses
	loss.verdict == "no"
	path := loss.path
	id := loss.resource
	some environment in loss.environments
	at := loss.environment
	witness := loss.witness
	message := sprintf("without %s the steady state does not fit: %s", [loss.lost, loss.reason])
}

violation contains {"path": path, "message": message, "unknown": true, "resource": id, "environment": environment, "at": at} if {
	some loss in losses
	loss.verdict == "unknown"
	path := loss.path
	id := loss.resource
	some environment in loss.environments
	at := loss.environment
	message := sprintf("whether the steady state fits without %s is not known: %s", [loss.lost, loss.reason])
}

# What is lost is lost to everybody in the cluster.
losses := [loss |
	some cluster in object.get(object.get(data.facts, "quota", {}), "clusters", [])
	some found in cluster.losses
	found.resource
	loss := object.union(found, {"environments": cluster.environments})
]
