# METADATA
# title: Image that is not in the lock
# description: >-
#   An image is absent from `images.lock`, or is used with another digest or tag than the lock has for it.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: warning
#   yields: [images/mutable-tag, images/registry-not-allowed]
#   on: workload
#   needs: [lock]
#   facts: [images]
#   fix: "Run `plimsoll images lock` and commit the lock with the change that brings the image, or name the digest that is locked."
package policies.images["not-locked"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	locked := use.fact.locked
	locked.state == "absent"
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, which is not in images.lock, so nobody has written down what it is", [subject, use.text])
}

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	locked := use.fact.locked
	locked.state == "other-digest"
	path := use.path
	subject := images.subject(use.holder)
	digest := locked.digest
	witness := [sprintf("images.lock has `%s`", [digest])]
	message := sprintf("%s runs `%s`, and images.lock has another digest for that tag", [subject, use.text])
}

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	locked := use.fact.locked
	locked.state == "other-tag"
	path := use.path
	subject := images.subject(use.holder)
	tag := object.get(locked, "tag", "")
	message := sprintf("%s runs `%s`, and images.lock has that digest %s", [subject, use.text, under(tag)])
}

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	locked := use.fact.locked
	locked.state == "ambiguous"
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and images.lock has several digests for that tag: the one that is meant has to be named", [subject, use.text])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some use in images.known(input.workload, input.facts)
	locked := use.fact.locked
	locked.state == "unknown"
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and images.lock could not be read as a whole", [subject, use.text])
}

under(tag) := text if {
	tag != ""
	text := sprintf("under the tag `%s`", [tag])
}

under(tag) := text if {
	tag == ""
	text := "without a tag"
}
