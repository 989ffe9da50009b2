# METADATA
# title: Image that skipped staging
# description: >-
#   The digest of an image was locked for production and never for an environment of tier staging, or an
#   environment runs another digest than the one it mirrors.
# custom:
#   severity: {staging: off, production: error, dr: error}
#   unknown: warning
#   on: workload
#   needs: [lock]
#   facts: [images]
#   fix: "Put the digest into staging and run `plimsoll images lock`, then promote it; give a mirror the digest of what it mirrors."
package policies.images["not-promoted"]

import rego.v1

import data.lib.images
import data.lib.prose

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	promotion := use.fact.promotion
	promotion.state == "unseen"
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, a digest that was never locked for %s", [subject, use.text, prose.either(promotion.staging)])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some use in images.known(input.workload, input.facts)
	promotion := use.fact.promotion
	promotion.state == "unrecorded"
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and images.lock does not say where that digest has been", [subject, use.text])
}

violation contains {"path": path, "message": message, "witness": witness} if {
	some use in images.known(input.workload, input.facts)
	mirrored := use.fact.mirrored
	digest := use.fact.digest
	path := use.path
	subject := images.subject(use.holder)
	witness := [sprintf("`%s` in %s", [mirrored.digest, mirrored.environment]), sprintf("`%s` here", [digest])]
	message := sprintf("%s runs another build than the same container in %s, which this environment mirrors", [subject, mirrored.environment])
}
