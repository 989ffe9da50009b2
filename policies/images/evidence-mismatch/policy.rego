# METADATA
# title: Evidence that is not what was locked
# description: A file of evidence has another hash than the lock says, is about another image, or is broken.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: workload
#   needs: [lock]
#   facts: [images]
#   fix: "Take the file back from version control, or run `plimsoll images lock` to fetch it again; find out who changed it."
package policies.images["evidence-mismatch"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	some mismatch in use.fact.mismatches
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and its evidence `%s` %s", [subject, use.text, mismatch.file, mismatch.problem])
}
