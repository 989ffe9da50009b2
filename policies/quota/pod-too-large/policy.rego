# METADATA
# title: Pod larger than every node
# description: >-
#   One pod asks for more than any node that it may stand on can give, so it stays pending on an empty cluster.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: workload
#   needs: [pools]
#   facts: [quota]
#   fix: "Lower the request, or declare and use a pool with larger nodes."
package policies.quota["pod-too-large"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness} if {
	facts := object.get(input.facts, "quota", {})
	found := facts.too_large
	path := found.path
	message := found.message
	witness := found.witness
}
