# METADATA
# title: Data too near to the internet
# description: >-
#   A service declares how many connections lie at least between the internet and its pods, and the policies admit a
#   shorter way.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   needs: [connections]
#   facts: [network]
#   fix: "Take away a connection of the way, or declare the depth that is meant."
package policies.network["exposure-depth"]

import rego.v1

violation contains {"path": "", "message": message, "source": source, "witness": witness} if {
	some found in input.facts.declared.too_near
	source := found.source
	witness := found.witness
	message := sprintf("`%s` is %d %s away from the internet, and declares that it is at least %d", [found.service, found.actual, connections(found.actual), found.declared])
}

connections(1) := "connection"

connections(many) := "connections" if {
	many != 1
}
