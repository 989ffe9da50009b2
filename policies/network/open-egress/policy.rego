# METADATA
# title: Egress to everywhere or to the metadata service
# description: >-
#   A NetworkPolicy explicitly admits egress to every address, or to a block that holds the metadata service of
#   the cloud, from which a pod reads the credentials of its node.
# custom:
#   severity: {staging: warning, production: warning, dr: warning}
#   on: [networking.k8s.io/NetworkPolicy]
#   fix: "Name the blocks that are called. If it must be the whole internet, put `169.254.169.254/32` and the private ranges under `except`, and suppress with a reason."
#   params:
#     metadata:
#       description: "Addresses of metadata services that no block may hold."
#       default: ["169.254.169.254", "fd00:ec2::254"]
package policies.network["open-egress"]

import rego.v1

import data.lib.prose

violation contains {"path": path, "message": message} if {
	some block in blocks
	universal(block.cidr)
	path := block.path
	reached := metadata(block)
	count(reached) == 0
	message := sprintf("`%s` admits egress to %s on %s", [block.cidr, extent(block), block.ports])
}

violation contains {"path": path, "message": message} if {
	some block in blocks
	universal(block.cidr)
	path := block.path
	reached := metadata(block)
	count(reached) > 0
	message := sprintf("`%s` admits egress to %s on %s, the metadata service %s included, which hands out the node's credentials", [block.cidr, extent(block), block.ports, prose.list(reached)])
}

violation contains {"path": path, "message": message} if {
	some block in blocks
	not universal_block(block)
	path := block.path
	reached := metadata(block)
	count(reached) > 0
	message := sprintf("`%s` admits egress to the metadata service %s on %s, which hands out the node's credentials", [block.cidr, prose.list(reached), block.ports])
}

blocks contains block if {
	admits_egress
	rules := input.resource.spec.egress
	is_array(rules)
	some index, rule in rules
	peers := rule.to
	is_array(peers)
	some position, peer in peers
	cidr := peer.ipBlock.cidr
	valid(cidr)
	path := sprintf("/spec/egress/%d/to/%d/ipBlock/cidr", [index, position])
	carved := except(peer)
	admitted := ports(rule)
	block := {"path": path, "cidr": cidr, "except": carved, "ports": admitted}
}

# Where policyTypes is written without Egress, the egress rules have no effect.
admits_egress if {
	not is_array_types
}

admits_egress if {
	"Egress" in input.resource.spec.policyTypes
}

is_array_types if {
	types := input.resource.spec.policyTypes
	is_array(types)
	count(types) > 0
}

except(peer) := [cidr |
	some cidr in peer.ipBlock.except
	valid(cidr)
] if {
	is_array(peer.ipBlock.except)
}

except(peer) := [] if {
	not has_except(peer)
}

has_except(peer) if {
	is_array(peer.ipBlock.except)
}

ports(rule) := "every port" if {
	not has_ports(rule)
}

ports(rule) := text if {
	has_ports(rule)
	named := [text | some port in rule.ports; is_object(port); text := port_text(port)]
	text := concat(", ", named)
}

has_ports(rule) if {
	is_array(rule.ports)
	count(rule.ports) > 0
}

port_text(port) := text if {
	from := object.get(port, "port", null)
	from != null
	to := object.get(port, "endPort", null)
	to == null
	text := sprintf("%v %v", [object.get(port, "protocol", "TCP"), from])
}

port_text(port) := text if {
	from := object.get(port, "port", null)
	from != null
	to := object.get(port, "endPort", null)
	to != null
	text := sprintf("%v %v-%v", [object.get(port, "protocol", "TCP"), from, to])
}

port_text(port) := text if {
	object.get(port, "port", null) == null
	text := sprintf("every %v port", [object.get(port, "protocol", "TCP")])
}

valid(cidr) if {
	is_string(cidr)
	net.cidr_is_valid(cidr)
}

# `10.0.0.0/0` is everywhere too: only the length counts.
universal(cidr) if {
	net.cidr_contains(cidr, "0.0.0.0/0")
}

universal(cidr) if {
	net.cidr_contains(cidr, "::/0")
}

universal_block(block) if {
	universal(block.cidr)
}

extent(block) := "every address" if {
	count(block.except) == 0
}

extent(block) := text if {
	count(block.except) > 0
	text := sprintf("every address but %s", [prose.list(block.except)])
}

metadata(block) := [address |
	some address in input.params.metadata
	net.cidr_contains(block.cidr, address)
	not excepted(block, address)
]

excepted(block, address) if {
	some cidr in block.except
	net.cidr_contains(cidr, address)
}
