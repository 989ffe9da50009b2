# METADATA
# title: Secret written into an environment variable
# description: >-
#   The literal value of an environment variable looks like a secret: it has the shape of a known credential, or
#   the name of the variable says so. The value itself is in no report.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   on: workload
#   sensitive: true
#   fix: "Replace the credential, which is known to whoever can read the repository, and take the new one from a Secret: `valueFrom.secretKeyRef`."
package policies.workload["secret-in-env"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some secret in object.get(input.facts, "secrets", [])
	path := secret.path
	message := sprintf("variable `%s` holds %s as plain text, so whoever can read the repository or the workload has it", [secret.name, secret.reason])
}
