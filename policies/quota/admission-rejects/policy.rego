# METADATA
# title: Pod that admission refuses
# description: >-
#   A ResourceQuota or a LimitRange of the namespace refuses a workload's pods, or a claim, whatever else runs there.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: [Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, Rollout, PersistentVolumeClaim]
#   facts: [quota]
#   fix: "Set requests and limits that the namespace's ResourceQuota and LimitRange admit, or change those."
package policies.quota["admission-rejects"]

import rego.v1

violation contains {"path": path, "message": message} if {
	facts := object.get(input.facts, "quota", {})
	some refusal in object.get(facts, "refusals", [])
	path := refusal.path
	message := refusal.message
}
