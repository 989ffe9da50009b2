# METADATA
# title: Grant that is worth the cluster
# description: >-
#   A rule makes tokens, approves certificates, changes admission webhooks, creates volumes of nodes, or talks to or
#   changes nodes, and somebody holds it who does not run the platform.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Take the rule away or narrow it by `resourceNames`; if the holder runs the platform, declare its group under `identities`, for an account `system:serviceaccounts:<namespace>`."
package policies.rbac["cluster-primitive"]

import rego.v1

import data.lib.rbac

violation contains {"path": path, "message": message} if {
	some power in primitives
	people := rbac.outsiders(holders)
	count(people) > 0
	path := power.path
	message := sentence(power, people)
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some power in primitives
	count(rbac.outsiders(holders)) == 0
	people := rbac.strangers(holders)
	count(people) > 0
	path := power.path
	text := sentence(power, people)
	message := sprintf("%s; whether that is the platform's is not declared", [text])
}

facts := object.get(input.facts, "rbac", {})

holders := found if {
	input.resource.kind != "ClusterRoleBinding"
	found := object.get(facts, "holders", [])
}

# Who becomes cluster-admin by this binding is another policy's finding.
holders := found if {
	input.resource.kind == "ClusterRoleBinding"
	found := [who | some who in object.get(facts, "subjects", []); count(who.way) == 0]
}

worth := {
	"token": "makes tokens of ServiceAccounts and is whoever it likes",
	"approve-request": "approves requests for certificates, which are logins",
	"approve-signer": "approves certificates for signers, which are logins",
	"mutating-webhook": "changes what every request to the API server becomes",
	"validating-webhook": "decides who sees and refuses every request to the API server",
	"create-volume": "creates volumes, of a node's disk for instance",
	"node-proxy": "talks to kubelets, which run commands in every pod",
	"node-status": "changes what the scheduler believes of nodes",
}

# A power that is restricted to names, but for approving, is restricted to what was meant.
primitives contains power if {
	some power in object.get(facts, "powers", [])
	worth[power.power]
	power.named == false
	rule := power.rule
	not everything(rule)
}

primitives contains power if {
	some power in object.get(facts, "powers", [])
	power.power == "approve-signer"
	power.named == true
}

everything(rule) if {
	some power in object.get(facts, "powers", [])
	power.rule == rule
	power.power == "everything"
}

sentence(power, people) := text if {
	names := rbac.everybody(people)
	what := worth[power.power]
	text := sprintf("%s, by `%s`, %s", [names, power.action, what])
}
