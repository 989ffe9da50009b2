//! The one reading of YAML: events to a tree that knows where every value was written.
//!
//! Values files, chart metadata and rendered manifests all become [`Node`]s. The parser crate is named
//! in `load.rs` only.

mod node;

pub use node::{Data, Entry, Map, Mark, Node};
