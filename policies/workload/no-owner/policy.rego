# METADATA
# title: Workload of no team
# description: Neither the release of a workload names a team, nor one of its labels does.
# custom:
#   severity: {staging: info, production: info, dr: info}
#   on: workload
#   needs: [teams]
#   fix: "Write `team` at the release in `plimsoll.yaml`, or label the workload."
#   params:
#     labels: {description: "Labels that name the team, of the object or of its pods", default: [team, app.kubernetes.io/team]}
package policies.workload["no-owner"]

import rego.v1

violation contains {"path": "/metadata/labels", "message": message} if {
	not input.facts.team
	not labelled
	labels := concat(", ", [text | some label in input.params.labels; text := sprintf("`%v`", [label])])
	message := sprintf("its release has no `team` and no label says whose it is (%s), so nobody is asked when it fails", [labels])
}

labelled if {
	some label in input.params.labels
	some labels in [object.get(input.resource, ["metadata", "labels"], {}), input.workload.labels]
	is_object(labels)
	team := object.get(labels, label, "")
	team != ""
}
