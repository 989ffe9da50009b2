# METADATA
# title: Image not pinned by digest
# description: >-
#   An image is named by a tag alone. Whoever may push to the registry may change what runs under that tag.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   raised: error
#   on: workload
#   facts: [images]
#   fix: "Append the digest that was tested: `name:tag@sha256:…`."
package policies.images["not-pinned"]

import rego.v1

import data.lib.images

# `latest`, written or meant, is images/mutable-tag's: one cause, one finding.
violation contains {"path": path, "message": message, "raised": raised} if {
	some use in images.used(input.workload)
	use.image.digest == null
	is_string(use.image.tag)
	use.image.tag != "latest"
	path := images.path(use.holder)
	raised := has_lock(path)
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, a tag without digest, so what is tested and what runs are the same only until somebody pushes that tag again", [subject, use.image.text])
}

# Where there is a lock, the image's digest is known, and appending it costs nothing.
has_lock(path) := true if {
	some fact in object.get(input.facts, "images", [])
	fact.path == path
	is_object(object.get(fact, "locked", null))
}

has_lock(path) := false if {
	locked := [fact.path |
		some fact in object.get(input.facts, "images", [])
		is_object(object.get(fact, "locked", null))
	]
	not path in locked
}
