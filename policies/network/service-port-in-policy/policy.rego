# METADATA
# title: Service port in a network policy
# description: >-
#   A rule admits the port of a Service, and the pods behind it listen on another one, which the rule does not admit.
#   Policies see the ports of pods, so nothing gets through.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: [networking.k8s.io/NetworkPolicy]
#   facts: [network]
#   fix: "Write the pods' own port, by number or by its name."
package policies.network["service-port-in-policy"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some found in input.facts.rules.service_ports
	path := found.path
	message := sprintf("%s %d is the port of the Service `%s`, whose pods (`%s`) listen on %d, and a policy sees the port of the pods, so the rule lets nothing through to them", [found.protocol, found.port, found.service, found.workload, found.target])
}
