# METADATA
# title: Service that leads nowhere
# description: >-
#   A Service selects no pod, or names a target port that none of its pods declares. Unknown where the pods may
#   exist without being rendered.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: [Service]
#   fix: "Make the selector equal to labels of the pod template, and `targetPort` to the name of one of its container ports."
package policies.network["service-unresolved"]

import rego.v1

violation contains {"path": path, "message": message} if {
	pods.selected == 0
	pods.known
	path := "/spec/selector"
	hint := nearest(pods.nearest)
	message := sprintf("selector `%s` matches no pod of namespace `%s`, so every connection to this Service fails%s", [selector, namespace, hint])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	pods.selected == 0
	not pods.known
	path := "/spec/selector"
	hint := nearest(pods.nearest)
	message := sprintf("selector `%s` matches no pod that is rendered for namespace `%s`, so whether this Service has endpoints is not known%s", [selector, namespace, hint])
}

violation contains {"path": path, "message": message} if {
	pods.selected > 0
	some port in pods.ports
	not port.resolved
	port.known
	path := port.path
	message := sprintf("target port `%s` is not the name of any port that the selected pods declare, so connections to this port fail", [port.target])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	pods.selected > 0
	some port in pods.ports
	not port.resolved
	not port.known
	path := port.path
	message := sprintf("target port `%s` is not the name of any port that the rendered pods declare, and other pods may be selected too, so where it leads is not known", [port.target])
}

# Without a selector somebody else writes the endpoints; an ExternalName is only a name.
pods := found if {
	found := input.facts.pods
	not input.resource.spec.type == "ExternalName"
	labels := input.resource.spec.selector
	is_object(labels)
	count(labels) > 0
}

nearest(workload) := "" if {
	not is_string(workload)
}

nearest(workload) := text if {
	is_string(workload)
	text := sprintf("; the nearest is %s", [workload])
}

namespace := input.resource.metadata.namespace

selector := concat(",", [pair |
	some key, value in input.resource.spec.selector
	pair := sprintf("%s=%v", [key, value])
])
