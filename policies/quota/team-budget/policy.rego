# METADATA
# title: Team above its budget
# description: >-
#   A team's releases need more at their peak than its budget, or a cluster's quotas promise more than its nodes can
#   give.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workspace
#   needs: [budgets]
#   facts: [quota]
#   params:
#     overcommit: {description: "How many per cent of what a cluster's nodes can give at most its quotas may promise.", default: 100}
#   fix: "Agree on a larger budget, or lower the team's maxima and requests; for quotas, grow the pools or promise less."
package policies.quota["team-budget"]

import rego.v1

violation contains {"path": path, "message": message, "witness": witness, "resource": id, "environment": environment} if {
	some budget in object.get(quota, "budgets", [])
	budget.share > 100
	path := budget.path
	id := budget.resource
	environment := budget.environment
	witness := budget.witness
	message := sprintf("team `%s` needs more than its budget: %s > %s (%s)", [budget.name, budget.sum, budget.hard, budget.dimension])
}

violation contains {"path": path, "message": message, "witness": witness, "resource": id, "environment": environment, "at": at} if {
	some promise in object.get(quota, "overcommit", [])
	promise.share > input.params.overcommit
	path := promise.path
	id := promise.resource
	some environment in promise.environments
	at := promise.environment
	witness := promise.witness
	message := sprintf("the quotas of cluster `%s` promise %d %% of its %s, and %d %% are allowed: %s, of %s", [promise.name, promise.share, promise.dimension, input.params.overcommit, promise.sum, promise.hard])
}

quota := object.get(data.facts, "quota", {})
