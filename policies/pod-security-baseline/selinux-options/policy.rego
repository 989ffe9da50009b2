# METADATA
# title: SELinux label of its own
# description: >-
#   A pod or container sets an SELinux type, user or role that may lift the confinement of containers.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   raised: error
#   on: workload
#   fix: "Leave `type`, `user` and `role` out; `level` is free. Allowed types: `container_t`, `container_init_t`, `container_kvm_t`, and `container_engine_t` since Kubernetes 1.31."
package policies["pod-security-baseline"]["selinux-options"]

import rego.v1

violation contains {"path": path, "message": message, "raised": raised, "witness": witness} if {
	some breach in input.facts.pod_security.baseline["selinux-options"]
	path := breach.path
	raised := breach.refused
	witness := breach.witness
	message := sprintf("%s asks SELinux for `%s`, which may lift what confines containers", [breach.subject, concat("`, `", breach.values)])
}
