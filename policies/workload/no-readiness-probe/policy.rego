# METADATA
# title: Container behind a Service without readiness probe
# description: >-
#   A Service sends requests to a container that never says whether it can answer them, so a rollout sends traffic
#   to pods that are still starting.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: workload
#   fix: "Give the container a `readinessProbe` that fails while it cannot serve; a `startupProbe` alone does not, since the pod is ready as soon as it has passed."
package policies.workload["no-readiness-probe"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message} if {
	not input.workload.kind in {"Job", "CronJob"}
	some index, names in serving
	container := input.workload.containers[index]
	unprobed(container)
	path := sprintf("%s/readinessProbe", [container.pointer])
	message := sprintf("container `%s` answers for %s without a `readinessProbe`, so it is sent requests from the moment its process starts, and goes on being sent them while it fails", [container.name, prose.counted("Service", names)])
}

# The port leads to no declared container port and there are several containers: whichever serves has no probe.
violation contains {"path": path, "message": message} if {
	not input.workload.kind in {"Job", "CronJob"}
	names := sort([service.name | some service in services; some port in service.ports; port.container == null])
	count(names) > 0
	count(regular) > 1
	probed := [index | some index in regular; not unprobed_at(index)]
	count(probed) == 0
	path := sprintf("%s/containers", [input.workload.pod_pointer])
	unique := sort({name | some name in names})
	message := sprintf("none of its %d containers has a `readinessProbe`, so the pods get requests of %s from the moment they start, and go on getting them while they fail", [count(regular), prose.counted("Service", unique)])
}

services := object.get(input.facts, "services", [])

# serving maps the index of a container to the Services that reach it.
serving := {index: names |
	some index in reached
	names := sort({service.name |
		some service in services
		some port in service.ports
		resolved(port) == index
	})
}

reached contains index if {
	some service in services
	some port in service.ports
	index := resolved(port)
}

resolved(port) := index if {
	port.container != null
	index := port.container
}

# A port need not be declared to be open: with one container there is no doubt whose it is.
resolved(port) := index if {
	port.container == null
	count(regular) == 1
	index := regular[0]
}

regular := [index |
	some index, container in input.workload.containers
	container.type == "container"
]

unprobed(container) if {
	object.get(container.spec, "readinessProbe", null) == null
}

unprobed_at(index) if {
	container := input.workload.containers[index]
	unprobed(container)
}
