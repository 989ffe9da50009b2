# METADATA
# title: No seccomp profile
# description: >-
#   Neither the pod nor the container asks for a seccomp profile. Not asked of pods for Windows.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Write `securityContext: {seccompProfile: {type: RuntimeDefault}}` in the pod, once for all its containers."
package policies["pod-security-restricted"]["no-seccomp-profile"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["no-seccomp-profile"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s has no seccomp profile, so on nodes that set no default every system call is open to its processes", [breach.subject])
}
