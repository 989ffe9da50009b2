# METADATA
# title: Image user that must not be root, and may be
# description: >-
#   A container must not run as root and does not say as whom it runs, while its image runs as root or as a
#   name. The kubelet starts neither.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   on: workload
#   needs: [lock]
#   facts: [images]
#   fix: "Set `runAsUser` to a number other than 0 that the image can run as, or give the image a numeric `USER`."
package policies.images["user-mismatch"]

import rego.v1

import data.lib.images

violation contains {"path": path, "message": message} if {
	some use in images.known(input.workload, input.facts)
	spec := object.get(use.holder, "spec", {})
	setting(spec, "runAsNonRoot") == true
	setting(spec, "runAsUser") == null
	user := use.fact.user
	why := because(user)
	path := use.path
	subject := images.subject(use.holder)
	message := sprintf("%s must not run as root, and its image `%s` %s", [subject, use.text, why])
}

# A container's own setting goes before its pod's (PodSecurityContext and SecurityContext of core/v1).
setting(spec, name) := own if {
	own := object.get(spec, ["securityContext", name], null)
	own != null
}

setting(spec, name) := common if {
	object.get(spec, ["securityContext", name], null) == null
	common := object.get(input.workload, ["pod", "securityContext", name], null)
}

because(user) := "names no user, which means root" if {
	user.kind == "root"
	user.text == ""
}

because(user) := text if {
	user.kind == "root"
	user.text != ""
	text := sprintf("runs as `%s`, which is root", [user.text])
}

because(user) := text if {
	user.kind == "named"
	text := sprintf("runs as `%s`, a name that may stand for any number", [user.text])
}
