# METADATA
# title: Declaration that the other side does not share
# description: >-
#   One service declares a connection that the other one does not, or on another port, or with a service that is not
#   there. Where both sides do not agree there is no connection.
# custom:
#   severity: {staging: error, production: error, dr: error}
#   unknown: info
#   on: workload
#   needs: [connections]
#   facts: [network]
#   fix: "Say the same on both sides: `calls` of the caller and `callers` of the callee, with the same port."
package policies.network["declaration-disagrees"]

import rego.v1

violation contains {"path": "", "message": message, "source": source} if {
	some found in input.facts.declared.disagreements
	found.state == "present"
	source := found.source
	message := words(found)
}

violation contains {"path": "", "message": message, "source": source} if {
	some found in input.facts.declared.disagreements
	found.state == "absent"
	source := found.source
	message := sprintf("%s, and there is no such service%s", [words(found), nearest(found.nearest)])
}

violation contains {"path": "", "message": message, "source": source, "unknown": true} if {
	some found in input.facts.declared.disagreements
	found.state == "unknown"
	source := found.source
	message := sprintf("%s, and nothing of that name is rendered%s", [words(found), nearest(found.nearest)])
}

words(found) := text if {
	found.problem == "not-a-caller"
	text := sprintf("`%s` calls `%s`%s, which does not name it among its callers", [found.service, found.peer, on(found.said)])
}

words(found) := text if {
	found.problem == "not-called"
	text := sprintf("`%s` names `%s` as a caller%s, which does not call it", [found.service, found.peer, on(found.said)])
}

words(found) := text if {
	found.problem == "ports"
	text := sprintf("`%s` calls `%s` on %s, and is a caller there on %s", [found.service, found.peer, found.said, found.other])
}

words(found) := text if {
	found.problem == "no-such-port"
	text := sprintf("`%s` calls `%s` on its port `%s`, and it has no port of that name%s", [found.service, found.peer, found.said, nearest(found.nearest)])
}

words(found) := text if {
	found.problem == "absent-callee"
	text := sprintf("`%s` calls `%s`", [found.service, found.peer])
}

words(found) := text if {
	found.problem == "absent-caller"
	text := sprintf("`%s` names `%s` as a caller", [found.service, found.peer])
}

words(found) := text if {
	found.problem == "no-pods"
	text := sprintf("`%s` declares connections, and no workload of its namespace has the labels of its pods", [found.service])
}

on(ports) := "" if {
	ports == "No Connections"
}

on(ports) := text if {
	ports != "No Connections"
	text := sprintf(" on %s", [ports])
}

nearest(name) := "" if {
	not is_string(name)
}

nearest(name) := text if {
	is_string(name)
	text := sprintf("; the nearest is `%s`", [name])
}
