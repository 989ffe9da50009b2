# METADATA
# title: Binding to anonymous or to everybody
# description: >-
#   A binding grants a role to callers without a login, to everybody with one, or to every ServiceAccount of the
#   cluster. The bindings Kubernetes itself creates so are excepted.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: [rbac.authorization.k8s.io/RoleBinding, rbac.authorization.k8s.io/ClusterRoleBinding]
#   fix: "Bind the groups or ServiceAccounts that need the role; for the accounts of one namespace, `system:serviceaccounts:<namespace>`."
package policies.rbac["anonymous-binding"]

import rego.v1

violation contains {"path": path, "message": message} if {
	subjects := input.resource.subjects
	is_array(subjects)
	some index, subject in subjects
	who := everybody[subject.kind][subject.name]
	role := input.resource.roleRef
	not bootstrap(role, subject)
	path := sprintf("/subjects/%d/name", [index])
	message := sprintf("%s `%s` receives the %s `%s`: that is %s", [subject.kind, subject.name, role.kind, role.name, who])
}

everybody := {
	"User": {"system:anonymous": "every caller who shows no credentials at all"},
	"Group": {
		"system:unauthenticated": "every caller who shows no credentials at all",
		"system:authenticated": "everybody with any login to this cluster, every ServiceAccount included",
		"system:serviceaccounts": "every ServiceAccount of every namespace, so every pod of the cluster",
	},
}

# The bindings that every API server creates for itself.
bootstrap(role, subject) if {
	role.kind == "ClusterRole"
	subject.kind == "Group"
	subject.name in defaults[role.name]
}

defaults := {
	"system:basic-user": {"system:authenticated"},
	"system:discovery": {"system:authenticated"},
	"system:public-info-viewer": {"system:authenticated", "system:unauthenticated"},
	"system:service-account-issuer-discovery": {"system:serviceaccounts"},
}
