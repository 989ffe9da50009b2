# METADATA
# title: Unmasked /proc, also with users of its own
# description: >-
#   A container of a pod with users of its own mounts `/proc` without masks, which baseline allows since
#   Kubernetes 1.35 and restricted does not.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   fix: "Take `procMount` out."
package policies["pod-security-restricted"]["proc-mount"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.restricted["proc-mount"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s mounts `/proc` as `%s`, which this level refuses also to pods with users of their own", [breach.subject, concat("`, `", breach.values)])
}
