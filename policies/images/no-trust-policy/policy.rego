# METADATA
# title: Image that no entry of trust covers
# description: Nothing in `trust` matches an image, so nothing is demanded of it. What nobody thought of is not trusted.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   yields: [images/registry-not-allowed]
#   on: workload
#   needs: [trust]
#   facts: [images]
#   fix: "Add an entry to `trust` whose `match` covers the image and that says who has to sign it."
package policies.images["no-trust-policy"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	use.fact.trusts == 0
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s`, and no entry of `trust` matches `%s`", [subject, use.text, use.fact.name])
}
