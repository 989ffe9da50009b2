//! Values derived from the resources of one environment.

pub mod image;
pub mod quantity;
pub mod selector;
