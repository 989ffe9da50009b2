# METADATA
# title: Privileges may be gained
# description: >-
#   A container does not say that its processes may not gain privileges. Not asked of pods for Windows.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Write `securityContext: {allowPrivilegeEscalation: false}` in each container."
package policies["pod-security-restricted"]["privilege-escalation"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["privilege-escalation"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("processes of %s may gain privileges that it was not started with: `allowPrivilegeEscalation` is not `false`", [breach.subject])
}
