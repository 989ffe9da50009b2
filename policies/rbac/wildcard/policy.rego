# METADATA
# title: Wildcard in a role
# description: >-
#   A rule grants `*` as verb, API group, resource or URL, and with it what nobody has read: subresources,
#   kinds that are installed later, verbs that a later Kubernetes adds.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: [rbac.authorization.k8s.io/Role, rbac.authorization.k8s.io/ClusterRole]
#   fix: "Name the verbs, API groups and resources that are really used; `kubectl auth can-i --list` shows the verbs and resources there are."
package policies.rbac["wildcard"]

import rego.v1

import data.lib.prose

# All three at once is one decision of one person: one finding.
violation contains {"path": path, "message": message} if {
	some index, rule in rules
	everything(rule)
	path := sprintf("/rules/%d", [index])
	message := sprintf("rule grants every verb (`*`) on every resource (`*`) of every API group (`*`), so whoever is bound to it owns %s", [extent])
}

violation contains {"path": path, "message": message} if {
	some index, rule in rules
	some position, verb in list_of(rule, "verbs")
	verb == "*"
	not everything(rule)
	path := sprintf("/rules/%d/verbs/%d", [index, position])
	message := sprintf("verb `*` on %s grants every verb: `%s` today, and whatever verb a later version adds", [target(rule), worst(rule)])
}

violation contains {"path": path, "message": message} if {
	some index, rule in rules
	some position, group in list_of(rule, "apiGroups")
	group == "*"
	not everything(rule)
	path := sprintf("/rules/%d/apiGroups/%d", [index, position])
	message := sprintf("API group `*` grants %s in every group, those of custom resources installed later included", [target(rule)])
}

violation contains {"path": path, "message": message} if {
	some index, rule in rules
	some position, resource in list_of(rule, "resources")
	resource == "*"
	not everything(rule)
	path := sprintf("/rules/%d/resources/%d", [index, position])
	message := sprintf("resource `*` grants %s on every resource and subresource of %s, kinds that do not exist yet included", [verbs(rule), groups(rule)])
}

violation contains {"path": path, "message": message} if {
	some index, rule in rules
	some position, resource in list_of(rule, "resources")
	is_string(resource)
	startswith(resource, "*/")
	not everything(rule)
	path := sprintf("/rules/%d/resources/%d", [index, position])
	message := sprintf("resource `%s` grants %s on that subresource of every resource of %s", [resource, verbs(rule), groups(rule)])
}

violation contains {"path": path, "message": message} if {
	some index, rule in rules
	some position, url in list_of(rule, "nonResourceURLs")
	url in {"*", "/*"}
	path := sprintf("/rules/%d/nonResourceURLs/%d", [index, position])
	message := sprintf("URL `%s` grants %s on every path of the API server that is not a resource, `/metrics`, `/logs` and `/debug/pprof` included", [url, verbs(rule)])
}

# With an aggregationRule the control plane overwrites the rules: what is written here grants nothing.
rules := found if {
	found := input.resource.rules
	is_array(found)
	not aggregated
}

aggregated if {
	is_object(input.resource.aggregationRule)
}

extent := "this namespace" if {
	input.resource.kind == "Role"
}

extent := "the namespace or the cluster that it is bound in" if {
	input.resource.kind == "ClusterRole"
}

everything(rule) if {
	"*" in list_of(rule, "verbs")
	"*" in list_of(rule, "apiGroups")
	"*" in list_of(rule, "resources")
}

list_of(rule, member) := items if {
	items := rule[member]
	is_array(items)
}

verbs(rule) := text if {
	items := list_of(rule, "verbs")
	count(items) > 0
	text := prose.list(items)
}

worst(rule) := "deletecollection" if {
	list_of(rule, "resources")
}

worst(rule) := "delete" if {
	not list_of(rule, "resources")
}

target(rule) := text if {
	items := list_of(rule, "resources")
	count(items) > 0
	text := prose.list(items)
}

target(rule) := text if {
	not list_of(rule, "resources")
	items := list_of(rule, "nonResourceURLs")
	count(items) > 0
	text := prose.list(items)
}

groups(rule) := text if {
	items := list_of(rule, "apiGroups")
	not "" in items
	text := prose.counted("API group", items)
}

groups(rule) := text if {
	items := list_of(rule, "apiGroups")
	"" in items
	named := [item | some item in items; item != ""]
	count(named) == 0
	text := "the core API group"
}

groups(rule) := text if {
	items := list_of(rule, "apiGroups")
	"" in items
	named := [item | some item in items; item != ""]
	count(named) > 0
	text := sprintf("the core API group and %s", [prose.list(named)])
}
