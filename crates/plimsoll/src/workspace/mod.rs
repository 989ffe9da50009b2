//! Workspaces: environments, releases, and what is declared about them.

mod tier;

pub use tier::Tier;
