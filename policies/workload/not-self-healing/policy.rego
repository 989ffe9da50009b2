# METADATA
# title: Pod or ReplicaSet that nobody owns
# description: >-
#   A Pod without a controller is not replaced when its node goes; a ReplicaSet without a Deployment replaces its
#   pods and never updates them.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: [Pod, apps/ReplicaSet]
#   fix: "Put the pod template into a Deployment, a StatefulSet, a DaemonSet, or a Job for work that ends."
package policies.workload["not-self-healing"]

import rego.v1

violation contains {"path": "/kind", "message": message} if {
	not owned
	not hook
	message := harm[input.resource.kind]
}

harm := {
	"Pod": "no controller owns this Pod, so nothing starts it again when it is evicted or its node goes",
	"ReplicaSet": "no Deployment owns this ReplicaSet, so a changed template never reaches the pods that run and nothing can be rolled back",
}

owned if {
	owners := input.resource.metadata.ownerReferences
	is_array(owners)
	count(owners) > 0
}

# A hook is run once by the release and is meant to end.
hook if {
	kind := input.resource.metadata.annotations["helm.sh/hook"]
	is_string(kind)
}
