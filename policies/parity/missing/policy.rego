# METADATA
# title: Object missing in one of two sites
# description: >-
#   An environment mirrors another, and an object stands in only one of the two: the failover starts without it,
#   or starts something that was never tried.
# custom:
#   severity: {staging: "off", production: "off", dr: error}
#   on: workspace
#   needs: [mirrors]
#   fix: "Enable the release or render the object in both, or suppress it with the reason why the two differ."
package policies.parity["missing"]

import rego.v1

violation contains {"path": "/metadata/name", "message": message, "resource": id, "environment": mirror, "at": at} if {
	some gap in object.get(data.facts, "parity", [])
	gap.missing_in == gap.mirror
	id := gap.id
	mirror := gap.mirror
	at := gap.present_in
	message := "stands in the environment that is mirrored and is missing here, so a failover has to do without it"
}

violation contains {"path": "/metadata/name", "message": message, "resource": id, "environment": mirror, "at": at} if {
	some gap in object.get(data.facts, "parity", [])
	gap.missing_in == gap.of
	id := gap.id
	mirror := gap.mirror
	at := gap.present_in
	message := "stands here only and is missing in the environment that is mirrored, so a failover runs what has never run there"
}
