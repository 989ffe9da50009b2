//! `plimsoll network`: print who reaches whom.

use plimsoll::rendered::Overrides;
use plimsoll::view::network::{Format, Wanted, network};
use plimsoll::{Error, ErrorKind};

use super::Outcome;
use crate::args::NetworkArgs;
use crate::{input, output};

pub(crate) fn run(args: &NetworkArgs) -> Result<Outcome, Error> {
    // What cannot be written is said before the work, not after it.
    let format: Format = args.format.parse()?;
    input::threads(&args.input)?;
    let workspace = input::open(&args.input)?;
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    rendered.errors().iter().for_each(output::complain);
    let wanted = Wanted { from: args.from.clone(), to: args.to.clone(), ..Wanted::default() };
    let view = network(&rendered, &wanted)?;
    let mut written = Vec::new();
    view.write(format, &mut written)
        .map_err(|error| Error::new(ErrorKind::File, format!("the view cannot be written: {error}")))?;
    output::place(args.output.as_deref(), &written)?;
    let failed = !rendered.errors().is_empty();
    // The process ends soon; taking its trees apart piece by piece would only make the caller wait.
    std::mem::forget((workspace, rendered, view));
    Ok(if failed { Outcome::Failed } else { Outcome::Clean })
}
