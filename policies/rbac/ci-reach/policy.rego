# METADATA
# title: Pipeline of staging that writes in production
# description: >-
#   A group or account of class `ci` may write in staging and in production or at the recovery site: whoever changes what staging's pipeline
#   runs changes production.
# custom:
#   severity: {staging: "off", production: error, dr: error}
#   needs: [identities]
#   on: workspace
#   facts: [rbac]
#   fix: "Give each environment a pipeline identity of its own, and bind only that one in production."
package policies.rbac["ci-reach"]

import rego.v1

violation contains {"path": path, "message": message, "resource": resource, "environment": environment, "at": environment} if {
	some reach in data.facts.rbac.ci
	path := reach.path
	resource := reach.resource
	environment := reach.environment
	message := sprintf("%s writes here (`%s` %s) and is a pipeline that writes in a staging environment, too", [reach.subject, reach.action, reach.scope])
}
