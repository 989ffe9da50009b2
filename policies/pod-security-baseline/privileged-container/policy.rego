# METADATA
# title: Privileged container
# description: >-
#   A container is privileged, which switches off nearly everything that separates it from its node.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take `privileged` out, and find the one capability, device or mount that is really needed."
package policies["pod-security-baseline"]["privileged-container"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["privileged-container"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s is privileged, so root in it is root on the node", [breach.subject])
}
