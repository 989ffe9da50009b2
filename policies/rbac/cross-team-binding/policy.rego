# METADATA
# title: Binding across teams or environments
# description: >-
#   A binding gives somebody of one team something in a namespace of another, or binds an account of another
#   environment's namespace.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   needs: [identities, teams]
#   on: [rbac.authorization.k8s.io/RoleBinding, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Bind the team's own group or account; for what teams share, a group of class `platform` or an API between the services."
package policies.rbac["cross-team-binding"]

import rego.v1

import data.lib.rbac

violation contains {"path": path, "message": message} if {
	some subject in subjects
	elsewhere := subject.elsewhere
	not is_string(elsewhere)
	is_string(subject.team)
	is_string(subject.scope_team)
	subject.team != subject.scope_team
	path := subject.path
	name := rbac.named(subject)
	message := sprintf("%s is of team `%s`, and namespace `%s` is of team `%s`", [name, subject.team, subject.scope, subject.scope_team])
}

violation contains {"path": path, "message": message} if {
	some subject in subjects
	is_string(subject.elsewhere)
	path := subject.path
	name := rbac.named(subject)
	message := sprintf("%s is of a namespace that only another environment has: whoever owns that environment acts in this one", [name])
}

subjects contains subject if {
	some subject in object.get(object.get(input.facts, "rbac", {}), "subjects", [])
	subject.platform == false
	not subject.class == "breakglass"
}
