# METADATA
# title: Application on its node's network
# description: >-
#   The pods of an application share the network of their node, so no NetworkPolicy applies to them, and everything
#   that listens on the node's own addresses is open to them.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   fix: "Take `hostNetwork` away and expose the ports through a Service; if it is an agent of the node, run it as a DaemonSet."
#   params:
#     kinds: {description: "Kinds of workload that may: agents of the node.", default: [DaemonSet]}
#     namespaces: {description: "Namespaces whose workloads may, as globs.", default: [kube-system]}
package policies.network["host-network"]

import rego.v1

violation contains {"path": path, "message": message} if {
	input.workload.pod.hostNetwork == true
	kind := input.workload.kind
	not kind in input.params.kinds
	namespace := input.workload.namespace
	not excepted(namespace)
	path := sprintf("%s/hostNetwork", [input.workload.pod_pointer])
	message := "shares the network of its node, so no NetworkPolicy applies to its pods and they reach whatever listens on the node itself"
}

excepted(namespace) if {
	some pattern in input.params.namespaces
	glob.match(pattern, [], namespace)
}
