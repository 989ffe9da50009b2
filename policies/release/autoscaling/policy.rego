# METADATA
# title: Autoscaler that cannot do its work
# description: >-
#   A HorizontalPodAutoscaler has a floor above its ceiling or a floor of one behind a Service, a target that is
#   not there, a metric that cannot be measured, or a target whose own `replicas` undoes what it decides.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: info
#   on: [autoscaling/HorizontalPodAutoscaler]
#   fix: "Set 2 ≤ minReplicas ≤ maxReplicas, name a target that is rendered, give its containers a request for each resource that is scaled on, and leave `replicas` out of the target."
package policies.release["autoscaling"]

import rego.v1

import data.lib.prose

violation contains {"path": "/spec/minReplicas", "message": message} if {
	scaler.min > scaler.max
	message := sprintf("`minReplicas` %d is above `maxReplicas` %d, so the API server refuses this autoscaler", [scaler.min, scaler.max])
}

violation contains {"path": "/spec/minReplicas", "message": message} if {
	scaler.min < 2
	scaler.min <= scaler.max
	services := object.get(target, "services", [])
	count(services) > 0
	message := sprintf("`minReplicas` is %d%s behind %s, so in a quiet hour one lost node takes the service down", [scaler.min, by_default, prose.counted("Service", services)])
}

violation contains {"path": "/spec/scaleTargetRef/name", "message": message} if {
	target.state == "absent"
	hint := prose.nearest(target.nearest)
	message := sprintf("target is the %s `%s`, which does not exist in this namespace, so nothing is scaled%s", [target.kind, target.name, hint])
}

violation contains {"path": "/spec/scaleTargetRef/name", "message": message, "unknown": true} if {
	target.state == "unknown"
	hint := prose.nearest(target.nearest)
	message := sprintf("target is the %s `%s`, which is neither rendered nor declared external, so whether anything is scaled is not known%s", [target.kind, target.name, hint])
}

violation contains {"path": path, "message": message} if {
	some missing in object.get(target, "missing_requests", [])
	path := object.get(missing, "path", "/spec/metrics")
	message := sprintf("utilisation of `%s` is a share of the request, and %s `%s` requests none in %s, so the autoscaler cannot compute it and stands still", [missing.resource, target.kind, target.name, prose.counted("container", missing.containers)])
}

violation contains {"path": "/spec/scaleTargetRef/name", "message": message} if {
	target.replicas_set == true
	message := sprintf("%s `%s` sets `replicas` itself, so every release puts the number of pods back, whatever the autoscaler has decided", [target.kind, target.name])
}

scaler := input.facts.autoscaler

target := scaler.target

by_default := "" if {
	input.resource.spec.minReplicas != null
}

by_default := " (the default)" if {
	not written
}

written if {
	input.resource.spec.minReplicas != null
}
