# METADATA
# title: Namespace of the node shared
# description: >-
#   A pod shares the network, the processes or the shared memory of its node.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take the field out. An agent that needs it belongs into a namespace of its own that enforces `privileged`, with a suppression that says why."
package policies["pod-security-baseline"]["host-namespace"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["host-namespace"]
	some field in breach.values
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := effects[field]
}

effects := {
	"hostNetwork": "the pod uses the network of its node, where no NetworkPolicy holds and everything that listens on the node's loopback is open to it",
	"hostPID": "the pod sees the processes of its node, their arguments and environments, and may signal them",
	"hostIPC": "the pod shares the shared memory of its node with the processes there",
}
