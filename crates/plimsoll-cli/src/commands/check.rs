//! `plimsoll check`: render every environment and check what comes out.

use std::path::Path;

use plimsoll::finding::{Baseline, Severity};
use plimsoll::rendered::Overrides;
use plimsoll::report::{Format, Report};
use plimsoll::{Error, Linter, Moment};

use super::Outcome;
use crate::args::{CheckArgs, FailOn};
use crate::baseline::{self, Pending};
use crate::repository::Repository;
use crate::{clock, git, input, output};

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome, Error> {
    // What cannot be written is said before the work, not after it.
    let format: Format = args.output.format.parse()?;
    let (report, pending) = match against_baseline(args) {
        Ok(done) => done,
        // A program that reads the report reads there, too, that nothing could be done.
        Err(error) if format != Format::Text => {
            let mut report = Report::default();
            report.extend_errors([error]);
            (locate(report, input::root(&args.input).as_deref(), args), None)
        }
        Err(error) => return Err(error),
    };
    output::write(&report, &args.output)?;
    let Some(pending) = pending else { return Ok(outcome(&report, args.fail_on)) };
    pending.commit()?;
    Ok(Outcome::Clean)
}

/// The report without what a baseline holds, and the baseline to be written when the report is.
fn against_baseline(args: &CheckArgs) -> Result<(Report, Option<Pending>), Error> {
    let known = args.baseline.as_deref().map(baseline::read).transpose()?;
    let Some(path) = &args.write_baseline else {
        let report = check(args)?;
        return Ok((known.iter().fold(report, Report::without), None));
    };
    let replaced = baseline::replaced(path)?;
    let mut report = check(args)?;
    if !report.errors().is_empty() {
        report.extend_errors([baseline::unwritten(path)]);
        return Ok((known.iter().fold(report, Report::without), None));
    }
    let mut found = Baseline::of(&report);
    if let Some(earlier) = replaced.filter(|_| !report.is_whole()) {
        found.keep(earlier);
    }
    match Pending::write(&found, path) {
        Ok(pending) => Ok((report.without(&found), Some(pending))),
        Err(error) => {
            report.extend_errors([error]);
            Ok((known.iter().fold(report, Report::without), None))
        }
    }
}

fn check(args: &CheckArgs) -> Result<Report, Error> {
    let now = match &args.now {
        Some(text) => Moment::parse(text)?,
        None => Moment::from_unix(clock::now()),
    };
    input::threads(&args.input)?;
    let workspace = input::open(&args.input)?;
    let linter = Linter::for_workspace(&workspace)?.now(now).select(&args.select)?.ignore(&args.ignore)?;
    let linter = match &args.changed_since {
        Some(revision) => linter.changed(git::changed(&workspace, revision)?),
        None => linter,
    };
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    let report = locate(linter.check(&rendered), workspace.files().root(), args);
    // The process ends soon; taking its trees apart piece by piece would only make the caller wait.
    std::mem::forget((workspace, linter, rendered));
    Ok(report)
}

/// Tells a report where in their repository its files lie, those of the workspace and the baselines.
fn locate(report: Report, root: Option<&Path>, args: &CheckArgs) -> Report {
    let Some((root, repository)) = root.and_then(|root| Some((root, Repository::around(root)?))) else { return report };
    let report = match repository.path(root) {
        Some(path) => report.lying_in(&path),
        None => report,
    };
    args.baseline.iter().chain(&args.write_baseline).fold(report, |report, path| {
        let shown = path.display().to_string();
        let place = repository.path(path).unwrap_or_else(|| shown.clone());
        report.naming(shown, place)
    })
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
