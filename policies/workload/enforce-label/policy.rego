# METADATA
# title: Namespace that enforces no pod security level
# description: >-
#   A tenant's Namespace has no label `pod-security.kubernetes.io/enforce`, or one that is no level, so the API server
#   admits privileged pods into it.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   on: [Namespace]
#   fix: "Label the Namespace `pod-security.kubernetes.io/enforce: restricted`, or `baseline` while its workloads are not ready for that."
package policies.workload["enforce-label"]

import rego.v1

label := "pod-security.kubernetes.io/enforce"

violation contains {"path": path, "message": message} if {
	not input.facts.bounds.system
	level := object.get(input.resource, ["metadata", "labels", label], null)
	not level in {"privileged", "baseline", "restricted"}
	path := "/metadata/labels/pod-security.kubernetes.io~1enforce"
	message := fault(level)
}

fault(level) := text if {
	is_null(level)
	text := sprintf("no label `%s` is set, so unless the cluster sets a default the API server admits privileged pods", [label])
}

fault(level) := text if {
	not is_null(level)
	text := sprintf("the label `%s` is `%v`, which is no level of the Pod Security Standards", [label, level])
}
