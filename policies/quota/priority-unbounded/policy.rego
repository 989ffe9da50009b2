# METADATA
# title: High priority without a quota of its own
# description: >-
#   A workload has a PriorityClass above the default, and no quota of its namespace is scoped to that class: it may
#   push out everybody else, as often as it likes.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   on: workload
#   facts: [quota]
#   fix: "Add a ResourceQuota with a `scopeSelector` for the PriorityClass, or use the default priority."
package policies.quota["priority-unbounded"]

import rego.v1

violation contains {"path": path, "message": message} if {
	priority := found
	value := priority.value
	is_number(value)
	value > priority.default
	path := priority.path
	message := sprintf("PriorityClass `%s` (%d) is above the default (%d), and no quota of the namespace is scoped to it, so its pods may push out every other", [priority.class, value, priority.default])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	priority := found
	value := priority.value
	not is_number(value)
	path := priority.path
	message := sprintf("PriorityClass `%s` is not rendered, and no quota of the namespace is scoped to it, so whether its pods may push out others is not known", [priority.class])
}

# Only where the namespace has a quota, so that somebody bounds what it takes.
found := priority if {
	facts := object.get(input.facts, "quota", {})
	priority := facts.priority
	not priority.covered
}
