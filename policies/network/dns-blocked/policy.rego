# METADATA
# title: Pod without name resolution
# description: >-
#   The pods of a workload are isolated for egress and connect to other pods, and the policies do not let them ask for
#   names. Over TCP, which only long answers need, unknown.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: workload
#   facts: [network]
#   fix: "Admit egress to the cluster's resolver on UDP and TCP, port 53; declare where it is as the role `dns` if it is elsewhere."
package policies.network["dns-blocked"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness} if {
	dns := input.facts.infrastructure.dns
	dns.udp
	dns.declared
	path := labels
	witness := dns.witness
	message := "cannot reach what the role `dns` stands for over UDP, so its pods find no other by name"
}

violation contains {"path": path, "message": message} if {
	dns := input.facts.infrastructure.dns
	dns.udp
	not dns.declared
	path := labels
	message := "no egress rule admits UDP 53 or 5353 to anything, so its pods find no other by name"
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	dns := input.facts.infrastructure.dns
	dns.tcp
	not dns.udp
	path := labels
	witness := dns.witness
	message := "cannot reach what the role `dns` stands for over TCP, so whether it gets answers that are too long for UDP is not known"
}

labels := sprintf("%s/metadata/labels", [input.workload.pointer])
