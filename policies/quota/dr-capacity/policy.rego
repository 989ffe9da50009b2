# METADATA
# title: Site that cannot carry what it mirrors
# description: >-
#   An environment mirrors another, and its quotas or its nodes do not carry the peak of the one it mirrors.
# custom:
#   severity: {staging: "off", production: "off", dr: error}
#   on: workspace
#   needs: [mirrors]
#   facts: [quota]
#   fix: "Give the mirroring environment quotas and pools for the peak of the environment that it mirrors, not for its own idle state."
package policies.quota["dr-capacity"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness, "resource": id, "environment": mirror, "at": at} if {
	some gap in gaps
	gap.verdict == "no"
	path := gap.path
	id := gap.resource
	mirror := gap.mirror
	at := gap.environment
	witness := gap.witness
	message := sprintf("the peak of the environment that is mirrored does not fit here: %s", [gap.reason])
}

violation contains {"path": path, "message": message, "unknown": true, "resource": id, "environment": mirror, "at": at} if {
	some gap in gaps
	gap.verdict == "unknown"
	path := gap.path
	id := gap.resource
	mirror := gap.mirror
	at := gap.environment
	message := sprintf("whether the nodes here carry the peak of the environment that is mirrored is not known: %s", [gap.reason])
}

gaps := object.get(object.get(data.facts, "quota", {}), "recovery", [])
