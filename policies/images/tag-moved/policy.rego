# METADATA
# title: Tag that was moved
# description: The same tag had another digest when images were locked before, so what was tested under it is not what runs now.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   needs: [lock]
#   facts: [images]
#   fix: "Find out who pushed the tag again and why. Then delete the line `previous` from images.lock, or go back to the digest it names."
package policies.images["tag-moved"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	previous := use.fact.previous
	digest := use.fact.digest
	path := use.path
	subject := images.subject(use.holder)
	witness := [sprintf("before `%s`", [previous]), sprintf("now `%s`", [digest])]
	message := sprintf("%s runs `%s`, and its tag had another digest when images were locked before", [subject, use.text])
}
