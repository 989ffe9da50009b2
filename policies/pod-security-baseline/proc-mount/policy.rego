# METADATA
# title: Unmasked /proc
# description: >-
#   A container mounts `/proc` without the masks that hide what is the node's.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take `procMount` out. To build images in a pod, give it users of its own with `hostUsers: false` (Kubernetes 1.35 allows both together)."
package policies["pod-security-baseline"]["proc-mount"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["proc-mount"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s mounts `/proc` as `%s`, so what is masked there because it belongs to the node is open to it", [breach.subject, concat("`, `", breach.values)])
}
