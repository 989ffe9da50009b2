# METADATA
# title: People and accounts in messages
# description: Who counts as an outsider of the platform, and how somebody is named, for all policies on permissions.
package lib.rbac

import rego.v1

# named writes somebody as a person names it.
named(who) := text if {
	is_string(who.namespace)
	text := sprintf("%s `%s/%s`", [who.kind, who.namespace, who.name])
}

named(who) := text if {
	namespace := who.namespace
	not is_string(namespace)
	text := sprintf("%s `%s`", [who.kind, who.name])
}

# everybody names the first few of several, each once.
everybody(people) := text if {
	names := sort({name | some who in people; name := named(who)})
	count(names) <= 3
	text := concat(", ", names)
}

everybody(people) := text if {
	names := sort({name | some who in people; name := named(who)})
	count(names) > 3
	head := concat(", ", array.slice(names, 0, 2))
	text := sprintf("%s and %d more", [head, count(names) - 2])
}

# outsiders are those who are known to be neither the platform nor there for emergencies.
outsiders(people) := found if {
	found := [who | some who in people; who.known == true; who.platform == false; not who.class == "breakglass"]
}

# strangers are groups that nobody declares: what they are is not known.
strangers(people) := found if {
	found := [who | some who in people; who.known == false]
}

# humans are groups of people, and those who are there for emergencies are not among them.
humans(people) := found if {
	found := [who | some who in people; who.class == "human"]
}
