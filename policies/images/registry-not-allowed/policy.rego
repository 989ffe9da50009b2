# METADATA
# title: Image from a registry that is not allowed
# description: An image comes from a registry, or a part of one, that is not on the list of this environment.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   needs: [params.registries]
#   fix: "Copy the image to a registry on the list and name it there, or add its registry to `params.registries`."
#   params:
#     registries:
#       description: "Registries and repositories that images may come from: `registry.example`, `registry.example/shop`, `*.registry.example/**`."
#       default: []
package policies.images["registry-not-allowed"]

import rego.v1

import data.lib.images
import data.lib.prose

violation contains {"path": path, "message": message} if {
	registries := input.params.registries
	count(registries) > 0
	some use in images.used(input.workload)
	name := sprintf("%s/%s", [use.image.domain, use.image.path])
	not allowed(name)
	path := images.path(use.holder)
	subject := images.subject(use.holder)
	message := sprintf("%s runs `%s` from `%s`, and images may come from %s only", [subject, use.image.text, name, prose.either(registries)])
}

# An entry ends with a segment, so `registry.example` never admits `registry.example.net`.
allowed(name) if {
	strings.any_prefix_match(sprintf("%s/", [name]), prefixes)
}

allowed(name) if {
	some entry in input.params.registries
	is_string(entry)
	contains(entry, "*")
	glob.match(entry, ["/"], name)
}

prefixes := [prefix |
	some entry in input.params.registries
	is_string(entry)
	not contains(entry, "*")
	prefix := sprintf("%s/", [trim_suffix(entry, "/")])
]
