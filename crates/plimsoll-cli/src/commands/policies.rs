//! `plimsoll policies`: list them, show one, test a folder of them.

use std::fmt::Write as _;

use plimsoll::files::Files;
use plimsoll::policy::{Policies, Policy};
use plimsoll::workspace::Tier;
use plimsoll::{Error, ErrorKind, Linter, Workspace};

use super::Outcome;
use crate::args::{ListArgs, ShowArgs, TestArgs};
use crate::output;

/// The built-in policies and those of the workspace, and the workspace if there is one.
fn policies(path: &std::path::Path) -> Result<(Policies, Option<Workspace>), Error> {
    match Workspace::open(path) {
        Ok(workspace) => Ok((Linter::for_workspace(&workspace)?.policies().clone(), Some(workspace))),
        // Outside a workspace the built-in policies are there all the same.
        Err(error) if path.as_os_str() != "." => Err(error),
        Err(_) => Ok((Policies::builtin()?, None)),
    }
}

/// Prints every policy with its severities, and why it is silent if it is.
pub(crate) fn list(args: &ListArgs) -> Result<Outcome, Error> {
    let (policies, workspace) = policies(&args.path)?;
    let settings = workspace.as_ref().map(Workspace::settings).unwrap_or_default();
    let silent = |policy: &Policy| settings.missing(policy).iter().map(ToString::to_string).collect::<Vec<_>>();
    let text = match args.format.as_str() {
        "text" => list_text(&policies, silent),
        "json" => list_json(&policies, silent)?,
        other => {
            return Err(Error::new(ErrorKind::Argument, format!("`{other}` is not a format"))
                .with_help("formats are text and json"));
        }
    };
    output::place(None, text.as_bytes())?;
    policies.errors().iter().for_each(output::complain);
    Ok(if policies.errors().is_empty() { Outcome::Clean } else { Outcome::Failed })
}

fn list_text(policies: &Policies, silent: impl Fn(&Policy) -> Vec<String>) -> String {
    let width = policies.iter().map(|policy| policy.id.len()).max().unwrap_or(0);
    let mut text = format!("{:width$}  {:10} {:10} {:10} \n", "policy", "staging", "production", "dr");
    for policy in policies.iter() {
        let _ = write!(text, "{:width$}", policy.id);
        for (at, tier) in Tier::ALL.into_iter().enumerate() {
            let _ = write!(text, "{}{:10}", if at == 0 { "  " } else { " " }, policy.severity(tier).name());
        }
        let needs = silent(policy);
        let _ = if needs.is_empty() {
            writeln!(text, " {}", policy.title)
        } else {
            writeln!(text, " {} (silent until declared: {})", policy.title, needs.join(", "))
        };
    }
    text
}

fn list_json(policies: &Policies, silent: impl Fn(&Policy) -> Vec<String>) -> Result<String, Error> {
    let listed: Vec<plimsoll::policy::Listed> =
        policies.iter().map(|policy| plimsoll::policy::Listed::new(policy, silent(policy))).collect();
    plimsoll::report::to_json(&listed)
}

/// Prints one policy as its README describes it.
pub(crate) fn show(args: &ShowArgs) -> Result<Outcome, Error> {
    let (policies, _) = policies(&args.path)?;
    policies.check(&args.id)?;
    let Some(policy) = policies.get(&args.id) else {
        return Err(Error::new(ErrorKind::Argument, format!("`{}` is a category", args.id))
            .with_help("name one policy, as `category/name`"));
    };
    let mut text = format!("{}\n{}\n\n", policy.id, policy.description);
    for tier in Tier::ALL {
        let _ = writeln!(text, "{:11} {}", tier.name(), policy.severity(tier).name());
    }
    if let Some(raised) = policy.raised {
        let _ = writeln!(text, "{:11} {}", "raised to", raised.name());
    }
    let _ = writeln!(text, "{:11} {}\n{:11} {}", "looks at", policy.on, "fix", policy.fix);
    if !policy.needs.is_empty() {
        let needs: Vec<String> = policy.needs.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{:11} {}", "needs", needs.join(", "));
    }
    if !policy.suppressible {
        let _ = writeln!(text, "{:11} not possible", "suppressing");
    }
    let _ = writeln!(text, "\n{}", policy.readme.trim());
    output::place(None, text.as_bytes())?;
    Ok(Outcome::Clean)
}

/// Runs the examples in the READMEs of a folder of policies.
pub(crate) fn test(args: &TestArgs) -> Result<Outcome, Error> {
    let shown = args.directory.display().to_string();
    let files = Files::directory(&args.directory)?;
    let policies = Policies::load(&files, "").map_err(|error| named(error, &shown))?;
    let outcome = plimsoll::examples::run(&policies);
    let mut text = String::new();
    for failure in &outcome.failures {
        let _ = writeln!(text, "{failure}\n");
    }
    let _ = writeln!(text, "{} passed, {} failed", outcome.passed, outcome.failures.len());
    output::place(None, text.as_bytes())?;
    outcome.errors.iter().for_each(output::complain);
    Ok(match (outcome.errors.is_empty(), outcome.failures.is_empty()) {
        (false, _) => Outcome::Failed,
        (true, false) => Outcome::Found,
        (true, true) => Outcome::Clean,
    })
}

/// Names the directory in an error about it as a whole: from inside it has no name.
fn named(error: Error, shown: &str) -> Error {
    if error.location().is_none_or(|location| !location.file.is_empty()) {
        return error;
    }
    let message = error.message().replace("``", &format!("`{shown}`"));
    let help = error.help().map(str::to_owned);
    let named = Error::new(error.kind(), message).with_location(plimsoll::Location::file(shown));
    match help {
        Some(help) => named.with_help(help),
        None => named,
    }
}
