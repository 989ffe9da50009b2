//! The parts of declarations: ports, blocks, labels, and the roles of an environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::block::{self, Block};
use super::{Ports, Role, RolePods};
use crate::facts::namespace::NAME_LABEL;
use crate::facts::network::Protocol;
use crate::facts::selector::Labels;
use crate::workspace::decode::{Decoder, Fields};
use crate::yaml::{Data, Entry, Node};

/// What every service of an environment shares.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) roles: BTreeMap<Arc<str>, Role>,
    /// What namespaces are called here.
    pub(super) namespaces: BTreeMap<Arc<str>, Arc<str>>,
}

/// Reads `global.connections`.
pub(super) fn shared(d: &mut Decoder<'_>, node: &Node) -> Shared {
    let mut shared = Shared::default();
    let Some(mut fields) = d.fields(node, "`global.connections`") else { return shared };
    for entry in d.entries(fields.get("roles"), "`roles`") {
        // A layer takes a role away by null.
        if !entry.value.is_null() {
            shared.roles.extend(role(d, entry).map(|role| (entry.key.clone(), role)));
        }
    }
    for entry in d.entries(fields.get("namespaces"), "`namespaces`") {
        let name = d.text(&entry.value, "the namespace");
        shared.namespaces.extend(name.map(|name| (entry.key.clone(), name.value)));
    }
    d.finish(fields);
    shared
}

/// Reads a role; what stands for nothing is none.
pub(super) fn role(d: &mut Decoder<'_>, entry: &Entry) -> Option<Role> {
    let mut fields = d.fields(&entry.value, "a role")?;
    let namespace = fields.get("namespace").and_then(|node| d.text(node, "`namespace`"));
    let more = labels(d, fields.get("namespaceLabels"), "`namespaceLabels`");
    let own = labels(d, fields.get("labels"), "`labels`");
    let pods = (namespace.is_some() || more.is_some() || own.is_some()).then(|| {
        let more = more.unwrap_or_default();
        let more = more.iter().map(|(key, value)| (Arc::from(key), Arc::from(value)));
        let name = namespace.map(|name| (Arc::from(NAME_LABEL), name.value));
        RolePods { namespace: more.chain(name).collect(), labels: own.unwrap_or_default() }
    });
    let except = fields.get("except");
    let blocks = match fields.get("cidr") {
        Some(node) => blocks(d, node, except),
        None => Vec::new(),
    };
    let listening = d.list(fields.get("ports"), "`ports`", ports);
    let called_by_all = fields.get("calledByAll").and_then(|node| d.flag(node, "`calledByAll`")).unwrap_or_default();
    let calls_port = fields.get("callsPort").and_then(|node| d.text(node, "`callsPort`")).map(|text| text.value);
    d.finish(fields);
    if pods.is_none() && blocks.is_empty() {
        let message = format!("the role `{}` stands for nothing", entry.key);
        d.fail(entry.mark, message, "give it `namespace` and `labels`, or `cidr`");
        return None;
    }
    if called_by_all && listening.is_empty() {
        let message = format!("the role `{}` is called by all, on no port", entry.key);
        d.fail(entry.mark, message, "say on which: `ports: [{port: 53, protocol: UDP}]`");
        return None;
    }
    let location = (d.place)(entry.mark);
    Some(Role { pods, blocks, ports: listening, called_by_all, calls_port, location })
}

/// Reads labels; their values are text.
pub(super) fn labels(d: &mut Decoder<'_>, node: Option<&Node>, what: &str) -> Option<Labels> {
    let node = node?;
    let entries = d.entries(Some(node), what).iter().filter(|entry| !entry.value.is_null());
    Some(entries.filter_map(|entry| Some((entry.key.clone(), d.text(&entry.value, "a label")?.value))).collect())
}

/// Reads one block, or a list of blocks; each exception goes to the block it lies in.
fn blocks(d: &mut Decoder<'_>, node: &Node, except: Option<&Node>) -> Vec<Block> {
    let one = std::slice::from_ref(node);
    let list = if let Data::Seq(items) = &node.data { items.as_slice() } else { one };
    let mut blocks: Vec<Block> =
        list.iter().filter_map(|node| Some(Block { cidr: cidr(d, node)?, except: Vec::new() })).collect();
    for (node, except) in exceptions(d, except) {
        match blocks.iter().position(|block| block::contains(&block.cidr, &except)) {
            Some(at) => blocks[at].except.push(except),
            // Then the block itself could not be read, which is said already.
            None if blocks.is_empty() => {}
            None => outside(d, &node, &except),
        }
    }
    blocks
}

/// Reads one block and what is taken out of it.
pub(super) fn block(d: &mut Decoder<'_>, node: &Node, except: Option<&Node>) -> Option<Block> {
    let found = cidr(d, node);
    let exceptions = exceptions(d, except);
    let found = found?;
    let (inside, other): (Vec<_>, Vec<_>) =
        exceptions.into_iter().partition(|(_, except)| block::contains(&found, except));
    for (node, except) in &other {
        outside(d, node, except);
    }
    Some(Block { cidr: found, except: inside.into_iter().map(|(_, except)| except).collect() })
}

fn exceptions(d: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Node, Arc<str>)> {
    d.list(node, "`except`", |d, node| Some((node.clone(), cidr(d, node)?)))
}

fn outside(d: &mut Decoder<'_>, node: &Node, except: &str) {
    let message = format!("`{except}` does not lie in the block that it is taken out of");
    d.fail(node.mark, message, "an exception is a part of its block");
}

fn cidr(d: &mut Decoder<'_>, node: &Node) -> Option<Arc<str>> {
    let text = d.text(node, "a block")?;
    if !block::is_block(&text) {
        d.fail(text.mark, format!("`{}` is no block of addresses", text.value), "write `10.0.0.0/8` or `fd00::/8`");
        return None;
    }
    Some(text.value)
}

/// Reads a port as a number, or as a map of `port`, `endPort` and `protocol`.
pub(super) fn ports(d: &mut Decoder<'_>, node: &Node) -> Option<Ports> {
    if node.as_map().is_none() {
        let first = number(d, node, "a port")?;
        return Some(Ports { protocol: Protocol::Tcp, first, last: first });
    }
    let mut fields = d.fields(node, "a port")?;
    let found = d.required(&mut fields, "port").and_then(|node| port_and_end(d, &mut fields, node));
    d.finish(fields);
    found
}

/// Reads a numbered `port` with the `endPort` and `protocol` beside it.
pub(super) fn port_and_end(d: &mut Decoder<'_>, fields: &mut Fields<'_>, node: &Node) -> Option<Ports> {
    let first = number(d, node, "`port`");
    let end = fields.get("endPort");
    let last = end.map(|node| number(d, node, "`endPort`"));
    let protocol = protocol(d, fields);
    let first = first?;
    let last = last.map_or(Some(first), |last| last)?;
    if let Some(node) = end.filter(|_| last < first) {
        d.fail(node.mark, format!("the ports from {first} to {last} are none"), "`endPort` is not below `port`");
        return None;
    }
    Some(Ports { protocol: protocol?, first, last })
}

/// Reads `protocol`; TCP where it says nothing.
pub(super) fn protocol(d: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Protocol> {
    const PROTOCOLS: [(&str, Protocol); 3] = [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];
    match fields.get("protocol") {
        Some(node) => d.word(node, "protocol", &PROTOCOLS).map(|protocol| protocol.value),
        None => Some(Protocol::Tcp),
    }
}

fn number(d: &mut Decoder<'_>, node: &Node, what: &str) -> Option<u16> {
    let number = node.as_int().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0);
    if number.is_none() {
        let shown = match &node.data {
            Data::Int(number) => number.to_string(),
            _ => crate::workspace::decode::a_type(node),
        };
        d.fail(node.mark, format!("{what} is {shown}, not a number from 1 to 65535"), "write the number of the port");
    }
    number
}
