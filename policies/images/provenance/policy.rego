# METADATA
# title: Image from another builder or source
# description: >-
#   The SLSA provenance that `trust` demands is missing, does not verify, or names another builder or source.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   unknown: warning
#   yields: [images/mutable-tag, images/registry-not-allowed, images/not-locked]
#   on: workload
#   needs: [trust.slsa]
#   facts: [images]
#   fix: "Build with the builder and from the source that `trust` names, and run `plimsoll images lock` to fetch the provenance."
package policies.images["provenance"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.provenance
	verdict.state in {"missing", "rejected", "denied"}
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}

violation contains {"path": path, "message": message, "witness": witness, "unknown": true} if {
	some use in images.known(input.workload, input.facts)
	verdict := use.fact.provenance
	verdict.state == "unknown"
	path := use.path
	subject := images.subject(use.holder)
	witness := object.get(verdict, "witness", [])
	message := sprintf("%s runs `%s`, and %s", [subject, use.text, verdict.reason])
}
