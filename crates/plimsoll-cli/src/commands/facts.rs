//! What the commands do alike that print facts instead of findings.

use std::mem::ManuallyDrop;

use plimsoll::rendered::{Overrides, Rendered};
use plimsoll::view::{Format, View};
use plimsoll::{Error, ErrorKind, Workspace};

use super::Outcome;
use crate::args::ViewArgs;
use crate::{input, output};

/// Renders what the arguments name, and writes what is to be seen of it.
///
/// The process ends soon; taking the trees apart piece by piece would only make the caller wait.
pub(crate) fn print<V: View>(
    args: &ViewArgs,
    open: impl FnOnce() -> Result<Workspace, Error>,
    view: impl FnOnce(&Rendered) -> Result<V, Error>,
) -> Result<(ManuallyDrop<V>, Outcome), Error> {
    // What cannot be written is said before the work, not after it.
    let format = Format::of::<V>(&args.format)?;
    input::threads(&args.input)?;
    let workspace = ManuallyDrop::new(open()?);
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    let rendered = ManuallyDrop::new(rendered);
    rendered.errors().iter().for_each(output::complain);
    let view = ManuallyDrop::new(view(&rendered)?);
    let mut written = Vec::new();
    view.write(format, &mut written)
        .map_err(|error| Error::new(ErrorKind::File, format!("the view cannot be written: {error}")))?;
    output::place(args.output.as_deref(), &written)?;
    let outcome = if rendered.errors().is_empty() { Outcome::Clean } else { Outcome::Failed };
    Ok((view, outcome))
}
