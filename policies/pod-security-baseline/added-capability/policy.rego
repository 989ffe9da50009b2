# METADATA
# title: Capability added beyond the default
# description: >-
#   A container adds Linux capabilities beyond those that containers get by default, and with them ways
#   out of the container.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Leave `capabilities.add` out. A server that must listen below port 1024 listens on another port, or adds `NET_BIND_SERVICE` alone."
package policies["pod-security-baseline"]["added-capability"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["added-capability"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s adds `%s`, with which its processes reach beyond the container", [breach.subject, concat("`, `", breach.values)])
}
