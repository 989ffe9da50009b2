# METADATA
# title: Reachability that differs between two sites
# description: >-
#   An environment mirrors another, and who reaches a workload, or whom it reaches, is not the same in both.
# custom:
#   severity: {staging: "off", production: "off", dr: error}
#   unknown: info
#   on: workspace
#   needs: [mirrors]
#   facts: [network]
#   fix: "Let both render the same policies; bind what differs between the sites, like addresses, to roles."
package policies.network["environment-drift"]

import rego.v1

import data.lib.prose

violation contains {"path": "", "message": message, "resource": id, "environment": mirror, "at": mirror} if {
	some drift in object.get(data.facts, "drift", [])
	not drift.unlisted
	id := drift.id
	mirror := drift.mirror
	message := sprintf("%s %s here, and %s in the environment that is mirrored", [subject(drift), ports(drift.here), ports(drift.there)])
}

violation contains {"path": "", "message": message, "resource": id, "environment": mirror, "at": mirror, "unknown": true} if {
	some drift in object.get(data.facts, "drift", [])
	drift.unlisted
	id := drift.id
	mirror := drift.mirror
	message := "the policies admit more connections than can be listed, so whether they are those of the environment that is mirrored is not known"
}

subject(drift) := text if {
	drift.direction == "ingress"
	text := sprintf("from %s", [others(drift)])
}

subject(drift) := text if {
	drift.direction == "egress"
	text := sprintf("to %s", [others(drift)])
}

others(drift) := text if {
	count(drift.peers) == drift.count
	text := prose.list(drift.peers)
}

others(drift) := text if {
	count(drift.peers) < drift.count
	text := sprintf("`%s` and %d more", [drift.peers[0], drift.count - 1])
}

ports(admitted) := "nothing is admitted" if {
	admitted == ""
}

ports(admitted) := text if {
	admitted != ""
	text := sprintf("%s is admitted", [admitted])
}
