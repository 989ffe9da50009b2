# METADATA
# title: Image that nobody who counts has signed
# description: >-
#   No signature of an image verifies under an entry of `trust` that matches it. Signatures are verified for real,
#   offline, against the evidence that is locked with the image.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: error
#   yields: [images/mutable-tag, images/registry-not-allowed, images/not-locked]
#   on: workload
#   needs: [trust]
#   facts: [images]
#   fix: "Sign the digest, run `plimsoll images lock` to fetch the signature, and commit both; or run a build that is signed."
package policies.images["unsigned"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.signature
	verdict.state in {"missing", "rejected"}
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.signature
	verdict.state == "unknown"
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}
