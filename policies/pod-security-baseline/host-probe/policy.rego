# METADATA
# title: Probe or hook that goes elsewhere
# description: >-
#   A probe or a lifecycle hook names a host, so the kubelet connects to that instead of the pod. Since
#   Kubernetes 1.34.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Take `host` out: a probe without it goes to the pod. For another name in the request write `httpHeaders: [{name: Host, value: …}]`."
package policies["pod-security-baseline"]["host-probe"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["host-probe"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("a probe or hook of %s goes to `%s` instead of the pod, so the node calls where the pod itself may not", [breach.subject, concat("`, `", breach.values)])
}
