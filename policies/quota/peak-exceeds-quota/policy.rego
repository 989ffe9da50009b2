# METADATA
# title: Peak above a quota
# description: >-
#   With every autoscaler at its maximum, the largest rollout's new pods and the hooks, a namespace needs more than
#   one of its ResourceQuotas allows.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: [ResourceQuota, Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, Rollout]
#   facts: [quota]
#   params:
#     share: {description: "How many per cent of a quota the peak may take.", default: 100}
#   fix: "Raise the quota, or lower the autoscaler's maximum, the surge or the requests, until the sum is within it."
package policies.quota["peak-exceeds-quota"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness} if {
	facts := object.get(input.facts, "quota", {})
	some peak in object.get(facts, "peaks", [])
	peak.share > input.params.share
	# A pod that is too large by itself is never admitted: quota/admission-rejects says so.
	not peak.alone
	path := peak.path
	witness := peak.witness
	message := sprintf("the peak takes more than the quota%s: %s > %s (%s %s)", [allowed, peak.sum, peak.hard, peak.quota, peak.dimension])
}

allowed := "" if {
	input.params.share == 100
}

allowed := text if {
	input.params.share != 100
	text := sprintf(" may give, %d %% of it", [input.params.share])
}
