# METADATA
# title: Unsafe sysctl
# description: >-
#   A pod sets a kernel parameter that is not on the list of those that reach no other pod. The list
#   grows with Kubernetes.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take the sysctl out, set it on the nodes, or wait for the version of Kubernetes that calls it safe."
package policies["pod-security-baseline"]["unsafe-sysctl"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["unsafe-sysctl"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("sysctl `%s` is not on the list of those that reach no other pod of the node", breach.values)
}
