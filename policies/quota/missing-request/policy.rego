# METADATA
# title: Container without request or memory limit
# description: >-
#   A container has no CPU request, no memory request or no memory limit, after the defaults of the API server and
#   of the namespace's LimitRange.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: workload
#   fix: "Set `resources.requests.cpu`, `resources.requests.memory` and `resources.limits.memory` to what the container is seen to use, or render a LimitRange that does."
package policies.quota["missing-request"]

import rego.v1

import data.lib.prose

# One finding for a container, however much it lacks: the fix is one block of YAML.
violation contains {"path": path, "message": message} if {
	some entry in object.get(input.facts, "resources", [])
	not complete(entry)
	container := input.workload.containers[entry.container]
	container.type != "ephemeral"
	lacking := [member.name |
		some member in members
		absent(entry, member)
		not for_whole_pod[member.name]
	]
	count(lacking) > 0
	path := sprintf("%s/resources", [container.pointer])
	message := sprintf("container `%s` sets no %s, so %s", [container.name, prose.either(lacking), effect(lacking)])
}

complete(entry) if {
	entry.requests.cpu
	entry.requests.memory
	entry.limits.memory
}

members := [
	{"name": "requests.cpu", "list": "requests", "resource": "cpu"},
	{"name": "requests.memory", "list": "requests", "resource": "memory"},
	{"name": "limits.memory", "list": "limits", "resource": "memory"},
]

absent(entry, member) if {
	not entry[member.list][member.resource]
}

# Resources of the pod as a whole stand for those of its containers; its limits default its requests.
for_whole_pod contains name if {
	resources := input.workload.pod.resources
	some member in members
	some list in [member.list, "limits"]
	resources[list][member.resource] != null
	name := member.name
}

effect(lacking) := "a leak in it may take the memory of the whole node" if {
	lacking == ["limits.memory"]
}

effect(lacking) := "its node is chosen as if it used none" if {
	not "limits.memory" in lacking
}

effect(lacking) := "its node is chosen as if it used none, and a leak in it may take the memory of the whole node" if {
	"limits.memory" in lacking
	count(lacking) > 1
}
