# METADATA
# title: Tenant that writes its own limits
# description: >-
#   Somebody who is to stay inside of NetworkPolicies, quotas, limits, disruption budgets or the Namespace's own
#   settings may write them.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: info
#   needs: [identities]
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Leave these objects to the platform's group and to pipelines; tenants need to read them."
package policies.rbac["guardrail-write"]

import rego.v1

import data.lib.rbac

violation contains {"path": path, "message": message} if {
	some power in guardrails
	people := [who | some who in rbac.outsiders(holders); within(who, power)]
	count(people) > 0
	path := power.path
	names := rbac.everybody(people)
	what := limits[power.power]
	message := sprintf("%s may write (`%s`) %s", [names, power.action, what])
}

facts := object.get(input.facts, "rbac", {})

holders := found if {
	input.resource.kind != "ClusterRoleBinding"
	found := object.get(facts, "holders", [])
}

holders := found if {
	input.resource.kind == "ClusterRoleBinding"
	found := object.get(facts, "subjects", [])
}

limits := {
	"network-policy": "the NetworkPolicies that it is to stay inside of",
	"quota": "the ResourceQuotas that it is to stay inside of",
	"limit-range": "the LimitRanges that it is to stay inside of",
	"budget": "the PodDisruptionBudgets that node drains wait for",
	"change-namespace": "the Namespace, the Pod Security Standard it enforces included",
	"make-namespace": "Namespaces, with all that is in them",
}

guardrails contains power if {
	some power in object.get(facts, "powers", [])
	limits[power.power]
	not everything
}

everything if {
	some power in object.get(facts, "powers", [])
	power.power == "everything"
}

# A pipeline brings a service's NetworkPolicy and budget along; its limits it does not.
within(who, _) if {
	not who.class == "ci"
}

within(who, power) if {
	who.class == "ci"
	not power.power in {"network-policy", "budget"}
}
