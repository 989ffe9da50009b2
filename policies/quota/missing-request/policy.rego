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
	container := input.workload.containers[entry.container]
	container.type != "ephemeral"
	lacking := [name |
		some name in ["requests.cpu", "requests.memory", "limits.memory"]
		absent(entry, name)
		not for_whole_pod[name]
	]
	count(lacking) > 0
	path := sprintf("%s/resources", [container.pointer])
	message := sprintf("container `%s` sets no %s, so %s", [container.name, prose.list(lacking), effect(lacking)])
}

absent(entry, name) if {
	[list, resource] := split(name, ".")
	amounts := object.get(entry, list, {})
	object.get(amounts, resource, null) == null
}

# Resources of the pod as a whole stand for those of its containers; its limits default its requests.
for_whole_pod contains name if {
	resources := input.workload.pod.resources
	some name, lists in {
		"requests.cpu": ["requests", "limits"],
		"requests.memory": ["requests", "limits"],
		"limits.memory": ["limits"],
	}
	some list in lists
	[_, resource] := split(name, ".")
	resources[list][resource] != null
}

effect(lacking) := "a leak in it may take the memory of the whole node" if {
	lacking == ["limits.memory"]
}

effect(lacking) := "the scheduler counts nothing for it and may place it on a full node" if {
	not "limits.memory" in lacking
}

effect(lacking) := "the scheduler counts too little for it, and a leak in it may take the memory of the whole node" if {
	"limits.memory" in lacking
	count(lacking) > 1
}
