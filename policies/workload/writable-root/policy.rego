# METADATA
# title: Writable root file system
# description: >-
#   A container may write to the files of its image, so whoever gets into it may change what runs there and leave tools
#   behind.
# custom:
#   severity: {staging: info, production: info, dr: info}
#   on: workload
#   fix: "Set `securityContext.readOnlyRootFilesystem: true` and mount an `emptyDir` where the program does write, often `/tmp`."
package policies.workload["writable-root"]

import rego.v1

violation contains {"path": path, "message": message} if {
	not windows
	some container in input.workload.containers
	container.type in {"container", "sidecar"}
	not container.spec.securityContext.readOnlyRootFilesystem == true
	path := sprintf("%s/securityContext/readOnlyRootFilesystem", [container.pointer])
	message := sprintf("container `%s` may write to the files of its own image, and so may whoever gets into it", [container.name])
}

# Windows cannot do without writing there.
windows if {
	input.workload.pod.os.name == "windows"
}
