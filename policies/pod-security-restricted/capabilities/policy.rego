# METADATA
# title: Capabilities kept or added
# description: >-
#   A container does not drop all Linux capabilities, or adds another than `NET_BIND_SERVICE`. Not asked
#   of pods for Windows.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Write `securityContext: {capabilities: {drop: [ALL]}}`, and add `NET_BIND_SERVICE` if it must listen below port 1024."
package policies["pod-security-restricted"]["capabilities"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted.capabilities
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s %s", [breach.subject, fault(breach.missing, breach.values)])
}

fault(missing, added) := "does not drop the capability `ALL`, so its processes keep powers that they hardly need" if {
	missing
	count(added) == 0
}

fault(missing, added) := text if {
	missing
	count(added) > 0
	text := sprintf("does not drop the capability `ALL`, and adds `%s`", [concat("`, `", added)])
}

fault(missing, added) := text if {
	not missing
	text := sprintf("adds `%s`, where nothing but `NET_BIND_SERVICE` may be added", [concat("`, `", added)])
}
