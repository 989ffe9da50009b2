# METADATA
# title: Port of the node taken
# description: >-
#   A container takes a port of its node.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take `hostPort` out and put a Service, an Ingress or a Gateway before the pods."
package policies["pod-security-baseline"]["host-port"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["host-port"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s takes port `%s` of its node, where no second pod of its kind fits and callers come in past every Service", [breach.subject, concat("`, `", breach.values)])
}
