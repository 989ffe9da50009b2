# METADATA
# title: Quantity that says something else than was meant
# description: >-
#   An amount is almost certainly a slip: thousandths of a byte, bytes that were meant as mebibytes, a quota on
#   something that nothing counts, scopes that no pod has.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: [Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, Rollout, ResourceQuota, LimitRange, PersistentVolumeClaim]
#   facts: [quota]
#   fix: "Write memory and storage with the suffix that is meant, mostly `Mi` or `Gi`; `m` is for CPU."
package policies.quota["suspicious-quantity"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some quantity in object.get(input.facts, "quantities", [])
	path := quantity.path
	message := sprintf("`%s` of %s %s", [quantity.text, quantity.resource, quantity.problem])
}

# The pods are those of the namespace that are rendered or external; others may have the scopes.
violation contains {"path": path, "message": message} if {
	unmatched.known
	path := unmatched.path
	message := sprintf("no pod of the namespace has the scope %s, so this quota counts nothing", [unmatched.scopes])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	not unmatched.known
	path := unmatched.path
	message := sprintf("no pod that is known in the namespace has the scope %s, so this quota may count nothing", [unmatched.scopes])
}

unmatched := found if {
	facts := object.get(input.facts, "quota", {})
	found := facts.unmatched
}
