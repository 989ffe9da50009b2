# METADATA
# title: Peak above the nodes
# description: >-
#   The peak of a cluster's environments does not fit its declared pools at their most nodes.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workspace
#   needs: [pools]
#   facts: [quota]
#   fix: "Let the pool grow further, choose larger nodes, or lower the autoscalers' maxima and the requests."
package policies.quota["pool-overflow"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness, "resource": id, "environment": environment, "at": at} if {
	some peak in peaks
	peak.verdict == "no"
	path := peak.path
	id := peak.resource
	some environment in peak.environments
	at := peak.environment
	witness := peak.witness
	message := sprintf("the peak does not fit the cluster at its most nodes: %s", [peak.reason])
}

violation contains {"path": path, "message": message, "unknown": true, "resource": id, "environment": environment, "at": at} if {
	some peak in peaks
	peak.verdict == "unknown"
	path := peak.path
	id := peak.resource
	some environment in peak.environments
	at := peak.environment
	message := sprintf("whether the peak fits the cluster is not known: %s", [peak.reason])
}

# What does not fit concerns everybody in the cluster.
peaks := [peak |
	some cluster in object.get(object.get(data.facts, "quota", {}), "clusters", [])
	cluster.peak.resource
	peak := object.union(cluster.peak, {"environments": cluster.environments})
]
