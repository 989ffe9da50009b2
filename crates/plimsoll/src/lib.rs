//! Renders microservice charts for every environment at once and checks what comes out against
//! policies written in Rego, before anything reaches a cluster.
//!
//! The unit of work is the environment, not the file. The smallest useful program:
//!
//! ```
//! use plimsoll::files::Files;
//! use plimsoll::workspace::OpenOptions;
//! use plimsoll::{Linter, Policies, Workspace};
//!
//! # fn main() -> plimsoll::Result<()> {
//! let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: all}\n\
//!             rules:\n- {apiGroups: [\"\"], resources: [pods], verbs: [\"*\"]}\n";
//! let files = Files::memory([("role.yaml", role.as_bytes())]); // or Workspace::open("deploy")
//! let workspace = Workspace::from_files(files, &OpenOptions::default())?;
//! let rendered = workspace.render_all(); // stop here if rendering is all you need
//! let report = Linter::new(Policies::builtin()?).check(&rendered);
//! let finding = &report.findings()[0];
//! assert_eq!(&*finding.policy, "rbac/wildcard");
//! assert_eq!(finding.location.as_ref().and_then(|location| location.line), Some(5));
//! # Ok(())
//! # }
//! ```
//!
//! # Modules, in the order in which data flows
//!
//! - [`files`], [`error`]: the only way files are read; what could not be done
//! - [`workspace`]: from a path to a plan of environments and releases
//! - [`chart`], [`values`]: what a release is made of, and who wrote each value
//! - [`render`]: templates to text, and from a line of text back to the template
//! - [`yaml`], [`manifest`]: text to objects with identity and places
//! - [`rendered`]: all of that together: environments full of objects
//! - [`facts`]: what is derived about them
//! - [`images`]: the lock of images and the evidence for them
//! - [`policy`], [`examples`]: what decides, and the tests in its documentation
//! - [`lint`], [`finding`], [`report`]: what was found, once for all environments
//! - [`view`]: facts for people and programs that ask for them
//!
//! Nothing here prints, reads the clock, the environment or the network, or a file outside the workspace.

mod base64;
mod changed;
pub mod chart;
pub mod error;
pub mod examples;
pub mod facts;
pub mod files;
pub mod finding;
pub mod images;
pub mod lint;
pub mod manifest;
mod moment;
mod nearest;
mod note;
pub mod policy;
pub mod printable;
mod problems;
pub mod render;
pub mod rendered;
pub mod report;
pub mod values;
pub mod view;
pub mod workspace;
pub mod yaml;

pub use changed::Changed;
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
