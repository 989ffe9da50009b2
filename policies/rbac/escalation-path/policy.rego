# METADATA
# title: Way to cluster-admin
# description: >-
#   Somebody who does not run the platform becomes cluster-admin: by what is granted directly, or by becoming another
#   account, step by step. The shortest way is the witness.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: [rbac.authorization.k8s.io/RoleBinding, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Take one grant of the way away: the first is this binding. If this is the platform's own, declare its group under `identities`."
package policies.rbac["escalation-path"]

import rego.v1

import data.lib.rbac

violation contains {"path": path, "message": message, "witness": witness} if {
	some subject in subjects
	subject.known == true
	path := subject.path
	witness := subject.way
	message := sentence(subject)
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	facts.declared == true
	some subject in subjects
	subject.known == false
	path := subject.path
	witness := subject.way
	text := sentence(subject)
	message := sprintf("%s; whether that group is the platform's is not declared", [text])
}

facts := object.get(input.facts, "rbac", {})

subjects contains subject if {
	some subject in object.get(facts, "subjects", [])
	count(subject.way) > 0
	not subject.class == "breakglass"
}

sentence(subject) := text if {
	count(subject.way) == 1
	name := rbac.named(subject)
	text := sprintf("%s may do everything in the whole cluster", [name])
	facts.role.everything == true
}

sentence(subject) := text if {
	count(subject.way) == 1
	not facts.role.everything == true
	name := rbac.named(subject)
	text := sprintf("%s becomes cluster-admin in one step", [name])
}

sentence(subject) := text if {
	count(subject.way) > 1
	name := rbac.named(subject)
	text := sprintf("%s becomes cluster-admin in %d steps", [name, count(subject.way)])
}
