# METADATA
# title: Namespace without bounds
# description: >-
#   A namespace has no ResourceQuota or no LimitRange, so one workload in it may take what its neighbours need.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   unknown: info
#   on: [Namespace]
#   fix: "Render a ResourceQuota for what the namespace may use, and a LimitRange for what a container gets when it says nothing."
package policies.quota["unbounded-namespace"]

import rego.v1

violation contains {"path": "/metadata/name", "message": message} if {
	bounds.known
	count(lacking) > 0
	message := sprintf("no %s is rendered for this namespace, so %s", [alternatives, consequence])
}

violation contains {"path": "/metadata/name", "message": message, "unknown": true} if {
	not bounds.known
	count(lacking) > 0
	message := sprintf("no %s is rendered for this namespace, and others may create one, so whether it is bounded is not known", [alternatives])
}

bounds := found if {
	found := input.facts.bounds
	not found.system
}

lacking := [kind |
	some key, kind in {"quota": "ResourceQuota", "limit_range": "LimitRange"}
	bounds[key] == false
]

alternatives := concat(" and no ", [word | some kind in sort(lacking); word := sprintf("`%s`", [kind])])

consequence := "what its workloads take together has no ceiling" if {
	lacking == ["ResourceQuota"]
}

consequence := "a container that names no resources runs without any" if {
	lacking == ["LimitRange"]
}

consequence := "one workload in it may take what every other needs" if {
	count(lacking) == 2
}
