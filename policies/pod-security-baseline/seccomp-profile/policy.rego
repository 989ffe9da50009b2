# METADATA
# title: Seccomp switched off
# description: >-
#   A pod or container asks for a seccomp profile that does not confine.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Set `seccompProfile.type` to `RuntimeDefault`, or to `Localhost` with a profile of your own."
package policies["pod-security-baseline"]["seccomp-profile"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["seccomp-profile"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s asks for the seccomp profile `%s`, so every system call is open to its processes", [breach.subject, concat("`, `", breach.values)])
}
