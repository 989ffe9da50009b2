# METADATA
# title: Mesh that policies cut off
# description: >-
#   Pods that are in a mesh cannot reach its control plane, or cannot be reached through the port that the mesh uses,
#   or an AuthorizationPolicy refuses a connection that both sides declare.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: workload
#   facts: [network]
#   fix: "Admit TCP 15012 to istiod for proxies, TCP 15008 between ambient pods, and the declared callers in the AuthorizationPolicy."
package policies.network["mesh-port-blocked"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness} if {
	istiod := input.facts.infrastructure.istiod
	istiod.known
	path := labels
	witness := istiod.witness
	message := "a proxy is injected, and the egress policies do not let it reach istiod on TCP 15012, so it gets neither certificates nor configuration and the pods do not start"
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	istiod := input.facts.infrastructure.istiod
	not istiod.known
	path := labels
	witness := istiod.witness
	message := "a proxy is injected, and the egress policies do not let it reach TCP 15012 in `istio-system`; whether istiod is there is not known"
}

violation contains {"path": path, "message": message} if {
	input.facts.infrastructure.tunnel
	path := labels
	message := "the pods are ambient, and no ingress rule admits TCP 15008, through which other ambient pods reach them whatever the port"
}

violation contains {"path": "", "message": message, "source": source, "witness": witness} if {
	some found in input.facts.declared.blocked
	found.mesh == "authorization"
	source := found.source
	witness := found.witness
	message := sprintf("%s on %s is declared and admitted by the network policies, and an AuthorizationPolicy refuses it", [edge(found), found.ports])
}

violation contains {"path": "", "message": message, "source": source, "witness": witness} if {
	some found in input.facts.declared.blocked
	found.mesh == "tunnel"
	source := found.source
	witness := found.witness
	message := sprintf("%s on %s is declared, and both ends are ambient, so it needs TCP 15008, which the network policies do not admit", [edge(found), found.ports])
}

edge(found) := sprintf("from `%s` to `%s`", [found.service, found.peer]) if {
	found.calls
}

edge(found) := sprintf("from `%s` to `%s`", [found.peer, found.service]) if {
	not found.calls
}

labels := sprintf("%s/metadata/labels", [input.workload.pointer])
