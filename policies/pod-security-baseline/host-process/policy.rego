# METADATA
# title: Process of a Windows node
# description: >-
#   A pod or container is a HostProcess, which runs on a Windows node without a container around it.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take `windowsOptions.hostProcess` out. What must run on the node itself belongs into a namespace that enforces `privileged`."
package policies["pod-security-baseline"]["host-process"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["host-process"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s is a HostProcess, which runs with the rights of its Windows node and without a container around it", [breach.subject])
}
