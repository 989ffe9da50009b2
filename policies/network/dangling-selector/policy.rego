# METADATA
# title: Network policy that misses what it names
# description: >-
#   A selector of a NetworkPolicy selects nothing, a named port is the name of no port, or the policy has a mistake
#   for which the API server would refuse it. Unknown where something that is not rendered may be selected.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   unknown: info
#   on:
#   - networking.k8s.io/NetworkPolicy
#   - policy.networking.k8s.io/AdminNetworkPolicy
#   - policy.networking.k8s.io/BaselineAdminNetworkPolicy
#   - policy.networking.k8s.io/ClusterNetworkPolicy
#   - security.istio.io/AuthorizationPolicy
#   facts: [network]
#   fix: "Write the labels and names that the pods and namespaces really have, or take the rule out."
package policies.network["dangling-selector"]

import rego.v1

violation contains {"path": path, "message": message} if {
	some fault in input.facts.network_faults
	not is_unknown(fault)
	not is_refused(fault)
	path := fault.path
	message := fault.message
}

violation contains {"path": path, "message": message, "fix": correct} if {
	some fault in input.facts.network_faults
	not is_unknown(fault)
	is_refused(fault)
	path := fault.path
	message := fault.message
}

correct := "Correct what is written here: the API server refuses the whole policy as it is, so nothing of it holds."

violation contains {"path": path, "message": message, "unknown": true} if {
	some fault in input.facts.network_faults
	is_unknown(fault)
	path := fault.path

	# A namespace of which nothing else is rendered is the usual case where policies have a repository of their own.
	path != "/metadata/namespace"
	message := fault.message
}

violation contains {"path": path, "message": message} if {
	some dangling in input.facts.rules.dangling
	dangling.known
	path := dangling.path
	message := sprintf("%s%s", [what(dangling), nearest(dangling.nearest)])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some dangling in input.facts.rules.dangling
	not dangling.known
	path := dangling.path
	message := sprintf("%s, as far as is rendered%s", [what(dangling), nearest(dangling.nearest)])
}

is_unknown(fault) if {
	object.get(fault, "unknown", false) == true
}

is_refused(fault) if {
	object.get(fault, "refused", false) == true
}

what(dangling) := text if {
	dangling.subject == "policy"
	text := sprintf("`%s` selects no pod of namespace `%s`, so this policy does nothing", [dangling.selector, concat("`, `", dangling.namespaces)])
}

what(dangling) := text if {
	dangling.subject == "pods"
	text := sprintf("`%s` selects no pod of namespace `%s`, so this entry admits nobody", [dangling.selector, concat("`, `", dangling.namespaces)])
}

what(dangling) := text if {
	dangling.subject == "namespaces"
	text := sprintf("`%s` selects no namespace, so this entry admits nobody", [dangling.selector])
}

what(dangling) := text if {
	dangling.subject == "port"
	text := sprintf("`%s` is not the name of any port of the pods that this rule is about, so it admits nothing there", [dangling.selector])
}

nearest(name) := "" if {
	not is_string(name)
}

nearest(name) := text if {
	is_string(name)
	text := sprintf("; the nearest is %s", [name])
}
