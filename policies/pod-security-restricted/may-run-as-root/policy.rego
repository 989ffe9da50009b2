# METADATA
# title: Nothing keeps it from running as root
# description: >-
#   Neither the pod nor the container requires a user other than root, or one of them says that none is
#   required.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Write `securityContext: {runAsNonRoot: true}` in the pod, once for all its containers."
package policies["pod-security-restricted"]["may-run-as-root"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["may-run-as-root"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("nothing keeps %s from running as root: %s", [breach.subject, reasons[breach.missing]])
}

reasons := {
	true: "`runAsNonRoot` is not set",
	false: "`runAsNonRoot` is false",
}
