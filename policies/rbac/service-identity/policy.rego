# METADATA
# title: Pods with somebody else's identity
# description: >-
#   A workload runs as the account `default`, or as the account of another service, or holds a token that is good for
#   nothing but being stolen. One finding, the first that holds.
# custom:
#   severity: {staging: info, production: warning, dr: warning}
#   on: workload
#   facts: [rbac]
#   fix: "Give each service a ServiceAccount of its own, with `automountServiceAccountToken: false` unless it talks to the API server."
package policies.rbac["service-identity"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message} if {
	default_used
	path := account.path
	message := sprintf("pods run as `default` with its token mounted%s: whatever is ever granted to that account, every pod without an account of its own receives", [granted])
}

violation contains {"path": path, "message": message} if {
	not default_used
	shared
	path := account.path
	services := prose.counted("service", account.shared)
	message := sprintf("pods run as `%s`, as do those of %s: what one of them needs is granted to all of them", [account.name, services])
}

violation contains {"path": path, "message": message} if {
	not default_used
	not shared
	account.rendered == true
	account.mounted == true
	account.granted == false
	path := account.path
	message := sprintf("the token of `%s` is mounted, and nothing is granted to that account: it serves nobody but who breaks in", [account.name])
}

account := object.get(object.get(input.facts, "rbac", {}), "account", {})

default_used if {
	account.name == "default"
	account.mounted == true
}

# Two services that do not talk to the API server share nothing but a name.
shared if {
	account.name != "default"
	count(account.shared) > 0
	useful
}

useful if {
	account.mounted == true
}

useful if {
	account.granted == true
}

granted := ", and something is granted to it already" if {
	account.granted == true
}

granted := "" if {
	not account.granted == true
}
