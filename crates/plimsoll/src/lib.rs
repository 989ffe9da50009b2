//! Renders microservice charts for every environment at once and checks what comes out against
//! policies written in Rego, before anything reaches a cluster.

pub mod chart;
pub mod error;
pub mod examples;
pub mod facts;
pub mod files;
pub mod finding;
pub mod lint;
pub mod manifest;
mod moment;
mod nearest;
mod note;
pub mod policy;
mod problems;
pub mod render;
pub mod rendered;
pub mod report;
pub mod values;
pub mod workspace;
pub mod yaml;

pub use error::{Error, ErrorKind, Location, Result};
pub use files::PathPattern;
pub use lint::Linter;
pub use moment::Moment;
pub use note::Note;
pub use policy::Policies;
pub use rendered::Rendered;
pub use report::Report;
pub use workspace::Workspace;

/// The most threads that [`use_threads`] starts; more do not make anything faster.
const MAX_THREADS: usize = 1024;

/// Uses so many threads for everything from here on; reports do not depend on the number.
///
/// Fails where threads are in use already, and for none or an absurd number of them.
pub fn use_threads(count: usize) -> Result<()> {
    if !(1..=MAX_THREADS).contains(&count) {
        return Err(Error::new(ErrorKind::Argument, format!("nothing can be done with {count} threads"))
            .with_help(format!("give a number from 1 to {MAX_THREADS}")));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()
        .map_err(|error| Error::new(ErrorKind::Argument, format!("{count} threads cannot be used: {error}")))
}
