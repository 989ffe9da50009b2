# METADATA
# title: Disruption budget missing, blocking or doubled
# description: >-
#   A workload of two pods or more has no PodDisruptionBudget, has one that lets no pod go, or has two that
#   select the same pods. Counted at the floor of its autoscaler. Unknown where a budget may exist unrendered.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   unknown: info
#   on: [apps/Deployment, apps/StatefulSet]
#   fix: "Render one PodDisruptionBudget for the pods with `maxUnavailable: 1`, which holds at every number of replicas."
package policies.release["disruption-budget"]

import rego.v1

import data.lib.prose

violation contains {"path": "/spec/replicas", "message": message} if {
	count(matching) == 0
	budgets.known
	message := sprintf("no PodDisruptionBudget selects its %d pods, so draining nodes may take all of them at once", [budgets.floor])
}

violation contains {"path": "/spec/replicas", "message": message, "unknown": true} if {
	count(matching) == 0
	not budgets.known
	message := sprintf("no PodDisruptionBudget that is rendered selects its %d pods, and others may exist, so whether draining nodes may take all of them at once is not known", [budgets.floor])
}

violation contains {"path": "/spec/replicas", "message": message} if {
	count(matching) == 1
	some budget in matching
	budget.allowed == 0
	budgets.exact
	message := sprintf("PodDisruptionBudget `%s` lets no pod go while there are %d, so a node that runs one of them can never be drained", [budget.name, budgets.floor])
}

violation contains {"path": "/spec/replicas", "message": message, "unknown": true} if {
	count(matching) == 1
	some budget in matching
	budget.allowed == 0
	not budgets.exact
	message := sprintf("PodDisruptionBudget `%s` lets no pod go while there are %d, and how many there are is not known for certain", [budget.name, budgets.floor])
}

violation contains {"path": "/spec/replicas", "message": message, "unknown": true} if {
	count(matching) == 1
	some budget in matching
	budget.allowed == null
	message := sprintf("how many of its pods PodDisruptionBudget `%s` lets go cannot be computed", [budget.name])
}

# The eviction API refuses to choose between two budgets, whatever either of them allows.
violation contains {"path": "/spec/replicas", "message": message} if {
	count(matching) > 1
	names := sort([budget.name | some budget in matching])
	message := sprintf("its pods are selected by the PodDisruptionBudgets %s, and the eviction API refuses pods that more than one selects, so their nodes cannot be drained", [prose.list(names)])
}

budgets := found if {
	found := input.facts.budgets
	found.floor >= 2
}

matching := budgets.matching
