# METADATA
# title: Role that reads Secrets
# description: >-
#   A rule reads every Secret of its namespace, or of the cluster: it lists or watches them, or gets them without naming
#   which. Only roles of your own; `admin` and `edit` in one's own namespace are normal.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole]
#   facts: [rbac]
#   fix: "Name the Secrets that are needed under `resourceNames` with the verb `get`, or mount them instead of reading them."
package policies.rbac["secret-access"]

import rego.v1

violation contains {"path": path, "message": message} if {
	not trusted
	some powers in by_rule
	path := powers[0].path
	words := concat(" and ", [word | some power in powers; word := said[power.power]])
	message := sprintf("rule %s %s, passwords and tokens of others included", [words, extent])
}

facts := object.get(input.facts, "rbac", {})

said := {"get-secret": "gets any Secret", "list-secrets": "lists every Secret"}

extent := "of the namespace" if {
	input.resource.kind == "Role"
}

extent := "of the namespace or the cluster that it is bound in" if {
	input.resource.kind == "ClusterRole"
}

# The platform, and those who are there for emergencies, may.
trusted if {
	holders := object.get(facts, "holders", [])
	count(holders) > 0
	others := [who | some who in holders; who.platform == false; not who.class == "breakglass"]
	count(others) == 0
}

by_rule contains powers if {
	some one in object.get(facts, "powers", [])
	rule := one.rule
	not everything(rule)
	powers := [power |
		some power in object.get(facts, "powers", [])
		power.rule == rule
		power.power in {"get-secret", "list-secrets"}
		power.named == false
	]
	count(powers) > 0
}

everything(rule) if {
	some power in object.get(facts, "powers", [])
	power.rule == rule
	power.power == "everything"
}
