# METADATA
# title: Images of a workload
# description: One list of everything a workload pulls, so that the image policies never disagree on where to look.
package lib.images

import rego.v1

# used holds one entry for each image reference that could be read. A reference that cannot be read is the
# engine's to report: no policy can say anything about it.
used contains entry if {
	some container in input.workload.containers
	image := container.image
	is_object(image)
	subject := sprintf("%s `%s`", [noun[container.type], container.name])
	path := sprintf("%s/image", [container.pointer])
	entry := {"path": path, "subject": subject, "image": image}
}

used contains entry if {
	some volume in object.get(input.workload, "image_volumes", [])
	image := volume.image
	is_object(image)
	subject := sprintf("image volume `%s`", [volume.name])
	path := sprintf("%s/image/reference", [volume.pointer])
	entry := {"path": path, "subject": subject, "image": image}
}

noun := {
	"container": "container",
	"init": "init container",
	"sidecar": "sidecar",
	"ephemeral": "ephemeral container",
}
