# METADATA
# title: Image tag that moves
# description: An image is named by `latest`, or by nothing at all, which means `latest`.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   fix: "Name the version that was tested, best with its digest: `name:2.14.3@sha256:…`."
package policies.images["mutable-tag"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message} if {
	some use in images.used(input.workload)
	use.image.digest == null
	use.image.tag == null
	path := images.path(use.holder)
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, which has neither tag nor digest and so means `latest`: two pods may run two builds, and there is no build to roll back to", [subject, use.image.text])
}

violation contains {"path": path, "message": message} if {
	some use in images.used(input.workload)
	use.image.digest == null
	use.image.tag == "latest"
	path := images.path(use.holder)
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and `latest` moves with every push: two pods may run two builds, and there is no build to roll back to", [subject, use.image.text])
}
