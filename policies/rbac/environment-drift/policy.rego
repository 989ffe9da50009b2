# METADATA
# title: Permissions that differ between environments
# description: >-
#   A group may do in production what it may not in staging, or at a site what it may not at the one it mirrors; or an
#   account's grants are not the same in both, so that what was tried there fails here.
# custom:
#   severity: {staging: "off", production: warning, dr: error}
#   on: workspace
#   facts: [rbac]
#   fix: "Grant the same in both environments, or take the grant away where it is not needed."
package policies.rbac["environment-drift"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message, "resource": resource, "environment": environment, "at": at, "witness": witness} if {
	some drift in data.facts.rbac.drift
	path := drift.path
	resource := drift.resource
	environment := drift.environment
	at := drift.at
	witness := drift.grants
	grants := prose.list(drift.grants)
	where := direction(drift)
	message := sprintf("%s may %s %s %s", [drift.subject, grants, drift.scope, where])
}

direction(drift) := "here, and not in the environment that this one is compared with" if {
	drift.at == drift.environment
}

direction(drift) := "in the environment that this one is compared with, and not here: what was tried there fails here" if {
	drift.at != drift.environment
}
