# METADATA
# title: Volume of a type that is not allowed
# description: >-
#   A pod mounts storage directly, of a type that only a PersistentVolume should name.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Put the storage behind a PersistentVolumeClaim."
package policies["pod-security-restricted"]["volume-type"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["volume-type"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("volume `%s` is of the type `%s`, which is not among those that a pod may name itself", breach.values)
}
