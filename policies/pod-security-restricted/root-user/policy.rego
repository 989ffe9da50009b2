# METADATA
# title: Runs as root
# description: >-
#   A pod or container says that it runs as user 0.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Name another user, one that the files of the image are readable for, or leave `runAsUser` to the image."
package policies["pod-security-restricted"]["root-user"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["root-user"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s runs as user `0`, which is root", [breach.subject])
}
