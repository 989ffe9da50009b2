# METADATA
# title: Declared connection that is blocked
# description: >-
#   Both sides declare a connection, and the rendered policies do not let all of it through, on the caller's side, on
#   the callee's, or on both.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: workload
#   needs: [connections]
#   facts: [network]
#   fix: "Admit the connection on the side that blocks it; policies that are generated from the declaration do."
package policies.network["declared-blocked"]

import rego.v1

violation contains {"path": "", "message": message, "source": source, "witness": witness} if {
	some found in input.facts.declared.blocked
	not by_mesh(found)
	source := found.source
	witness := found.witness
	message := sprintf("%s on %s is declared, and %s", [edge(found), found.ports, blocker(found)])
}

# What a mesh refuses has a policy of its own.
by_mesh(found) if {
	is_string(found.mesh)
}

edge(found) := sprintf("from `%s` to `%s`", [found.service, found.peer]) if {
	found.calls
}

edge(found) := sprintf("from `%s` to `%s`", [found.peer, found.service]) if {
	not found.calls
}

blocker(found) := "the caller's egress blocks it" if {
	found.sides == ["egress"]
}

blocker(found) := "the callee's ingress blocks it" if {
	found.sides == ["ingress"]
}

blocker(found) := "both the caller's egress and the callee's ingress block it" if {
	count(found.sides) == 2
}

blocker(found) := "it is blocked" if {
	count(found.sides) == 0
}
