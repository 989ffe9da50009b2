# METADATA
# title: Quantity that says something else than was meant
# description: >-
#   An amount is valid for the API server and almost certainly a slip: thousandths of a byte, or a
#   number of bytes that was meant as mebibytes.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: [Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ResourceQuota, LimitRange, PersistentVolumeClaim]
#   fix: "Write memory and storage with the suffix that is meant, mostly `Mi` or `Gi`; `m` is for CPU."
package policies.quota["suspicious-quantity"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some quantity in object.get(input.facts, "quantities", [])
	path := quantity.path
	message := sprintf("`%s` of %s %s", [quantity.text, quantity.resource, quantity.problem])
}
