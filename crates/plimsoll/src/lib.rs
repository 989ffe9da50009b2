//! Renders microservice charts for every environment at once and checks what comes out against
//! policies written in Rego, before anything reaches a cluster.

pub mod chart;
pub mod error;
pub mod facts;
pub mod files;
pub mod render;
pub mod values;
pub mod yaml;

pub use error::{Error, ErrorKind, Location, Result};
