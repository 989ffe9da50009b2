# METADATA
# title: People with a way into running pods
# description: >-
#   A group of people may run commands in pods, attach to them, add containers, forward ports or talk to them through
#   the API server, every day and not only in an emergency.
# custom:
#   severity: {staging: info, production: error, dr: error}
#   needs: [identities]
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Leave the grant to a group of class `breakglass`, whose membership is given for an hour and announced."
package policies.rbac["human-exec"]

import rego.v1

import data.lib.prose
import data.lib.rbac

violation contains {"path": path, "message": message} if {
	some powers in by_rule
	people := rbac.humans(object.get(facts, "holders", []))
	count(people) > 0
	path := powers[0].path
	actions := prose.list(sort({power.action | some power in powers}))
	names := rbac.everybody(people)
	message := sprintf("%s reaches into running pods: %s", [names, actions])
}

# A default role for the whole cluster; inside of a namespace they are normal.
violation contains {"path": path, "message": message} if {
	input.resource.kind == "ClusterRoleBinding"
	not facts.role.everything == true
	actions := {power.action | some power in object.get(facts, "powers", []); power.power in reaching}
	count(actions) > 0
	people := rbac.humans(object.get(facts, "subjects", []))
	count(people) > 0
	path := "/roleRef/name"
	names := rbac.everybody(people)
	said := prose.list(sort(actions))
	message := sprintf("%s reaches into the running pods of every namespace: %s", [names, said])
}

facts := object.get(input.facts, "rbac", {})

reaching := {"exec", "attach", "debug", "port-forward", "proxy"}

by_rule contains powers if {
	some one in object.get(facts, "powers", [])
	rule := one.rule
	not everything(rule)
	input.resource.kind != "ClusterRoleBinding"
	powers := [power | some power in object.get(facts, "powers", []); power.rule == rule; power.power in reaching]
	count(powers) > 0
}

# All of everything is one finding, and another policy's.
everything(rule) if {
	some power in object.get(facts, "powers", [])
	power.rule == rule
	power.power == "everything"
}
