//! The one reading of YAML: events to a tree that knows where every value was written.
//!
//! Values files, chart metadata and rendered manifests all become [`Node`]s, by the scalar rules of
//! Kubernetes. [`split`] cuts a stream into documents, [`parse`] reads one, [`emit`] writes one. The
//! parser crate is named in `load.rs` only.

mod emit;
mod fault;
mod load;
mod node;
mod scalar;
mod split;

pub use emit::emit;
pub use fault::{Fault, Warning};
pub use load::{MAX_DEPTH, MAX_DOCUMENT, MAX_NODES, MAX_REPEATED, Parsed, parse};
pub use node::{Data, Entry, Map, Mark, Node};
pub use split::{Slice, split};
