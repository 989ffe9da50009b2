//! `plimsoll quota`: what namespaces, teams and clusters need, against what they are allowed.

use plimsoll::Error;
use plimsoll::rendered::Overrides;
use plimsoll::view::quota::{Format, Quota};

use super::Outcome;
use crate::args::QuotaArgs;
use crate::{input, output};

pub(crate) fn run(args: &QuotaArgs) -> Result<Outcome, Error> {
    let format: Format = args.format.parse()?;
    input::threads(&args.input)?;
    let workspace = input::open(&args.input)?;
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    let mut buffer = Vec::new();
    // A vector takes any bytes.
    let _ = Quota::of(&rendered).write(format, &mut buffer);
    output::place(args.output.as_deref(), &buffer)?;
    rendered.errors().iter().for_each(output::complain);
    Ok(if rendered.errors().is_empty() { Outcome::Clean } else { Outcome::Failed })
}
