# METADATA
# title: Words for messages
# description: Turns lists and near misses into the words of a sentence, so that all messages read alike.
package lib.prose

import rego.v1

# list writes names in backticks: "`a`", "`a` and `b`", "`a`, `b` and `c`", "`a`, `b`, `c` and 4 more".
list(names) := joined(names, "and")

# either is the same with "or".
either(names) := joined(names, "or")

# counted puts the noun before the names, with an s where there are several.
counted(noun, names) := text if {
	count(names) == 1
	text := sprintf("%s %s", [noun, list(names)])
}

counted(noun, names) := text if {
	count(names) > 1
	text := sprintf("%ss %s", [noun, list(names)])
}

# nearest is the end of a sentence about a name that is not there; nothing when no name is near (null).
nearest(name) := "" if {
	not is_string(name)
}

nearest(name) := text if {
	is_string(name)
	text := sprintf("; the nearest name is `%s`", [name])
}

joined(names, _) := text if {
	count(names) == 1
	text := quoted(names)
}

joined(names, conjunction) := text if {
	count(names) > 1
	count(names) <= 4
	last := count(names) - 1
	head := quoted(array.slice(names, 0, last))
	tail := quoted(array.slice(names, last, last + 1))
	text := sprintf("%s %s %s", [head, conjunction, tail])
}

# A message is shown on one line, so a long list is cut.
joined(names, conjunction) := text if {
	count(names) > 4
	head := quoted(array.slice(names, 0, 3))
	text := sprintf("%s %s %d more", [head, conjunction, count(names) - 3])
}

quoted(names) := concat(", ", [word | some name in names; word := sprintf("`%v`", [name])])
