# METADATA
# title: Images of a workload
# description: One list of everything a workload pulls, so that the image policies never disagree on where to look.
package lib.images

import rego.v1

# used is one entry for each image reference that could be read. A reference that cannot be read is the
# engine's to report: no policy can say anything about it.
used(workload) := entries if {
	volumes := object.get(workload, "image_volumes", [])
	holders := array.concat(workload.containers, volumes)
	entries := [entry |
		some holder in holders
		image := holder.image
		is_object(image)
		entry := {"holder": holder, "image": image}
	]
}

# subject says whose image it is; only what is reported pays for its words.
subject(holder) := text if {
	noun := nouns[object.get(holder, "type", "volume")]
	text := sprintf("%s `%s`", [noun, holder.name])
}

# path is where the reference is written.
path(holder) := text if {
	member := members[object.get(holder, "type", "volume")]
	text := sprintf("%s/%s", [holder.pointer, member])
}

nouns := {
	"container": "container",
	"init": "init container",
	"sidecar": "sidecar",
	"ephemeral": "ephemeral container",
	"volume": "image volume",
}

members := {
	"container": "image",
	"init": "image",
	"sidecar": "image",
	"ephemeral": "image",
	"volume": "image/reference",
}

# known is the same with what the lock and its evidence say: the facts of a domain that the policy asks for.
known(workload, facts) := entries if {
	uses := object.get(facts, "images", [])
	by_path := {fact.path: fact | some fact in uses}
	entries := [entry |
		some use in used(workload)
		place := path(use.holder)
		fact := by_path[place]
		entry := {"holder": use.holder, "path": place, "text": use.image.text, "image": use.image, "fact": fact}
	]
}
