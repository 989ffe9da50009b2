# METADATA
# title: CronJob without bound
# description: >-
#   How many pods of a CronJob run at the same time has no bound, or cannot be told from its schedule.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   on: [CronJob]
#   facts: [quota]
#   fix: "Set `concurrencyPolicy: Forbid` or `Replace`, or `activeDeadlineSeconds` in the job template; correct a schedule that cannot fire."
package policies.quota["unbounded-cronjob"]

import rego.v1

violation contains {"path": path, "message": message} if {
	facts := object.get(input.facts, "quota", {})
	found := facts.uncounted
	path := found.path
	message := found.message
}
