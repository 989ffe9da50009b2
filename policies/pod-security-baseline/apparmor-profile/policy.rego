# METADATA
# title: AppArmor switched off
# description: >-
#   A pod or container asks for an AppArmor profile that does not confine, in a field or in the older
#   annotation.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Leave `appArmorProfile` out, or set its type to `RuntimeDefault` or `Localhost`."
package policies["pod-security-baseline"]["apparmor-profile"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["apparmor-profile"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s asks for the AppArmor profile `%s`, so the one that confines containers by default is off", [breach.subject, concat("`, `", breach.values)])
}
