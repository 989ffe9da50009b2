# METADATA
# title: Image with vulnerabilities, or without a scan that counts
# description: >-
#   The scan that `trust` demands is missing, does not verify, is too old, or found what is not accepted. Age is
#   measured at `--now`.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: error
#   yields: [images/mutable-tag, images/registry-not-allowed, images/not-locked]
#   on: workload
#   needs: [trust.vuln]
#   facts: [images]
#   fix: "Build on a patched base, scan the digest, attest the result with the key or identity that is trusted, and run `plimsoll images lock`."
package policies.images["vulnerable"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.scan
	verdict.state in {"missing", "rejected", "stale", "denied"}
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.scan
	verdict.state == "unknown"
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}
