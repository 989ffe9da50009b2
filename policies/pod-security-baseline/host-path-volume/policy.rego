# METADATA
# title: Directory of the node mounted
# description: >-
#   A pod mounts a file or a directory of its node.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Use a PersistentVolumeClaim for what must last, an `emptyDir` for what need not, a `projected` volume for tokens and configuration."
package policies["pod-security-baseline"]["host-path-volume"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["host-path-volume"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("volume `%s` mounts `%s` of the node, whose files are then open to whoever is in the pod", breach.values)
}
