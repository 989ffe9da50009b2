# METADATA
# title: Network policy across teams or environments
# description: >-
#   A rule takes in every namespace, all of another team's namespace, or the namespace of another environment, so who
#   is let through is decided by somebody else. Unknown for a namespace of nobody's that is declared for another environment, and
#   that this one may have, too.
# custom:
#   severity: {staging: warning, production: error, dr: error}
#   unknown: info
#   on: [networking.k8s.io/NetworkPolicy]
#   needs: [teams]
#   facts: [network]
#   fix: "Name the pods that are meant by a `podSelector` beside the `namespaceSelector`, in namespaces of this environment only."
package policies.network["cross-boundary"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message} if {
	some crossing in input.facts.rules.crossings
	crossing.selector == ""
	not crossing.dns
	path := crossing.path
	message := sprintf("%s every namespace of the cluster, those of other teams and those to come included%s", [verb(crossing), pods(crossing)])
}

violation contains {"path": path, "message": message} if {
	some crossing in input.facts.rules.crossings
	crossing.selector != ""
	count(crossing.foreign) > 0
	path := crossing.path
	message := sprintf("`%s` %s %s, which only another environment has", [crossing.selector, verb(crossing), prose.counted("namespace", crossing.foreign)])
}

violation contains {"path": path, "message": message, "unknown": true} if {
	some crossing in input.facts.rules.crossings
	crossing.selector != ""
	count(crossing.shared) > 0
	path := crossing.path
	message := sprintf("`%s` %s %s, which another environment has, and whether this one has it too is not known", [crossing.selector, verb(crossing), prose.counted("namespace", crossing.shared)])
}

violation contains {"path": path, "message": message} if {
	some crossing in input.facts.rules.crossings
	crossing.selector != ""
	count(crossing.teams) > 0
	not crossing.pods
	path := crossing.path
	message := sprintf("`%s` %s all pods of %s, which %s to %s", [crossing.selector, verb(crossing), prose.counted("namespace", crossing.namespaces), belongs(crossing.namespaces), prose.counted("team", crossing.teams)])
}

verb(crossing) := "lets in" if {
	crossing.direction == "ingress"
}

verb(crossing) := "lets out to" if {
	crossing.direction == "egress"
}

belongs(namespaces) := "belongs" if {
	count(namespaces) == 1
}

belongs(namespaces) := "belong" if {
	count(namespaces) != 1
}

pods(crossing) := ", for whoever gives a pod those labels" if {
	crossing.pods
}

pods(crossing) := "" if {
	not crossing.pods
}
