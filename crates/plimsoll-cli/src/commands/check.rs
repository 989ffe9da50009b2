//! `plimsoll check`: render every environment and check what comes out.

use plimsoll::finding::Severity;
use plimsoll::rendered::Overrides;
use plimsoll::report::{Format, Report};
use plimsoll::{Error, Linter, Moment};

use super::Outcome;
use crate::args::{CheckArgs, FailOn};
use crate::{clock, input, output};

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome, Error> {
    // What cannot be written is said before the work, not after it.
    let _: Format = args.output.format.parse()?;
    let now = match &args.now {
        Some(text) => Moment::parse(text)?,
        None => Moment::from_unix(clock::now()),
    };
    input::threads(&args.input)?;
    let workspace = input::open(&args.input)?;
    let linter = Linter::for_workspace(&workspace)?.now(now).select(&args.select)?.ignore(&args.ignore)?;
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    let report = linter.check(&rendered);
    output::write(&report, &args.output)?;
    let outcome = outcome(&report, args.fail_on);
    // The process ends here; taking its trees apart piece by piece would only make the caller wait.
    std::mem::forget((workspace, linter, rendered, report));
    Ok(outcome)
}

fn outcome(report: &Report, fail_on: FailOn) -> Outcome {
    let level = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
        FailOn::Never => Severity::Off,
    };
    if !report.errors().is_empty() {
        Outcome::Failed
    } else if report.fails_at(level) {
        Outcome::Found
    } else {
        Outcome::Clean
    }
}
