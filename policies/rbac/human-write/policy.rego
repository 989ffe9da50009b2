# METADATA
# title: People who change production by hand
# description: >-
#   A group of people may create, change or delete what runs here, every day and not only in an emergency: what they
#   change is in no review and in no repository.
# custom:
#   severity: {staging: "off", production: warning, dr: warning}
#   needs: [identities]
#   on: [rbac.authorization.k8s.io/RoleBinding, rbac.authorization.k8s.io/ClusterRoleBinding]
#   facts: [rbac]
#   fix: "Let the pipeline write and people read (`view`); keep a group of class `breakglass` for the emergency."
package policies.rbac["human-write"]

import rego.v1

import data.lib.rbac

violation contains {"path": path, "message": message} if {
	writes := facts.role.writes
	is_string(writes)
	not facts.role.everything == true
	some subject in rbac.humans(object.get(facts, "subjects", []))
	path := subject.path
	name := rbac.named(subject)
	role := facts.role
	kind := role.kind
	rolename := role.name
	message := sprintf("%s changes what runs here (`%s` by the %s `%s`)", [name, writes, kind, rolename])
}

facts := object.get(input.facts, "rbac", {})
