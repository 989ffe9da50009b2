# METADATA
# title: Probe that does harm, or nothing
# description: >-
#   A liveness probe repeats the readiness probe, a probe asks at a port that the container does not declare, or a
#   container is restarted before it can have started.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: workload
#   fix: "Let the liveness probe ask for less than the readiness probe, and later; name declared ports; give the start a `startupProbe` with time enough."
#   params:
#     start: {description: "Seconds that containers need to start, by the container's name", default: {}}
package policies.workload["probe-sanity"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some probes in input.facts.probes
	probes.repeated
	container := input.workload.containers[probes.container]
	path := sprintf("%s/livenessProbe", [container.pointer])
	message := sprintf("the liveness probe of container `%s` asks what its readiness probe asks and gives up no later, so a container that should get fewer requests is restarted", [container.name])
}

violation contains {"path": path, "message": message} if {
	some probes in input.facts.probes
	some port in probes.undeclared
	container := input.workload.containers[probes.container]
	path := port.path
	effect := effects[port.named]
	message := sprintf("the `%s` of container `%s` asks at port `%s`, which the container does not declare%s", [port.probe, container.name, port.port, effect])
}

violation contains {"path": path, "message": message} if {
	some probes in input.facts.probes
	container := input.workload.containers[probes.container]
	needed := input.params.start[container.name]
	is_number(needed)
	probes.start.seconds < needed
	path := probes.start.path
	message := sprintf("the `%s` of container `%s` gives up after %d seconds, and it needs %v to start, so it is restarted for ever", [probes.start.probe, container.name, probes.start.seconds, needed])
}

effects := {
	true: ", so the probe fails for ever",
	false: "",
}
