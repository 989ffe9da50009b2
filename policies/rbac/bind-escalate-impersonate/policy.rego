# METADATA
# title: Grant that takes the limits off
# description: >-
#   A rule grants `bind`, `escalate` or `impersonate` to somebody who does not run the platform. These verbs are the
#   exceptions to "nobody gives what they do not have".
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: info
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole]
#   facts: [rbac]
#   fix: "Take the verb away, or restrict `bind` to the roles meant by `resourceNames`; if the holder runs the platform, declare its group under `identities`."
package policies.rbac["bind-escalate-impersonate"]

import rego.v1

import data.lib.prose
import data.lib.rbac

violation contains {"path": path, "message": message} if {
	some powers in by_rule
	people := rbac.outsiders(object.get(facts, "holders", []))
	count(people) > 0
	path := powers[0].path
	message := sentence(powers, people)
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some powers in by_rule
	holders := object.get(facts, "holders", [])
	count(rbac.outsiders(holders)) == 0
	people := rbac.strangers(holders)
	count(people) > 0
	path := powers[0].path
	text := sentence(powers, people)
	message := sprintf("%s; whether that is the platform's is not declared", [text])
}

facts := object.get(input.facts, "rbac", {})

limits := {
	"bind-role",
	"bind-cluster-role",
	"escalate-role",
	"escalate-cluster-role",
	"impersonate-user",
	"impersonate-group",
	"impersonate-account",
}

# `bind` on named roles is how delegation is meant to be done.
by_rule contains powers if {
	some one in object.get(facts, "powers", [])
	rule := one.rule
	not everything(rule)
	powers := [power |
		some power in object.get(facts, "powers", [])
		power.rule == rule
		power.power in limits
		not delegated(power)
	]
	count(powers) > 0
}

delegated(power) if {
	power.named == true
	startswith(power.power, "bind-")
}

everything(rule) if {
	some power in object.get(facts, "powers", [])
	power.rule == rule
	power.power == "everything"
}

sentence(powers, people) := text if {
	actions := prose.list(sort({power.action | some power in powers}))
	names := rbac.everybody(people)
	text := sprintf("%s grants %s more than it has itself", [actions, names])
}
