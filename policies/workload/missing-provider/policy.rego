# METADATA
# title: Class or API that nobody provides
# description: >-
#   An object names an IngressClass, StorageClass, GatewayClass, PriorityClass or RuntimeClass, or is of an API, that
#   is neither rendered nor provided. Unknown where the workspace does not say what there is of its sort.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: environment
#   needs: [provides]
#   fix: "Correct the name, render what is meant, or add it to `external[].provides` for the environments that have it."
package policies.workload["missing-provider"]

import rego.v1

violation contains {"resource": resource, "path": path, "message": message} if {
	some provider in data.facts.providers
	provider.state == "absent"
	some use in provider.uses
	resource := use.resource
	path := use.path
	effect := effects[provider.kind]
	hint := near(provider.nearest)
	message := sprintf("%s `%s` is neither rendered nor provided, so %s%s", [provider.kind, provider.name, effect, hint])
}

# Said once, where it is first needed: what is missing is one declaration.
violation contains {"resource": resource, "path": path, "message": message, "witness": witness, "unknown": true} if {
	some provider in data.facts.providers
	provider.state == "unknown"
	resource := provider.uses[0].resource
	path := provider.uses[0].path
	member := members[provider.kind]
	hint := near(provider.nearest)
	message := sprintf("%s `%s` is neither rendered nor declared under `provides.%s`, so whether there is one is not known%s", [provider.kind, provider.name, member, hint])
	witness := [line | some use in array.slice(provider.uses, 1, 6); line := sprintf("needed by %s, too", [use.resource])]
}

near(name) := "" if {
	not is_string(name)
}

near(name) := text if {
	is_string(name)
	text := sprintf("; there is `%s`", [name])
}

effects := {
	"IngressClass": "no controller serves it",
	"StorageClass": "the claim stays pending, and the pods that mount it with it",
	"GatewayClass": "no controller serves it",
	"PriorityClass": "the API server refuses the pods",
	"RuntimeClass": "the API server refuses the pods",
	"API": "the API server cannot serve it",
}

members := {
	"IngressClass": "ingressClasses",
	"StorageClass": "storageClasses",
	"GatewayClass": "gatewayClasses",
	"PriorityClass": "priorityClasses",
	"RuntimeClass": "runtimeClasses",
	"API": "apis",
}
