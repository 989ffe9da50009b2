//! The `plimsoll` command: reads arguments, calls the library, prints, and exits.

mod args;
mod baseline;
mod clock;
mod commands;
mod git;
mod input;
mod locking;
mod output;
mod registry;
mod repository;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, ImagesCommand, PoliciesCommand};
use commands::Outcome;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.command {
        Command::Check(check) => commands::check::run(&check),
        Command::Render(render) => commands::render::run(&render),
        Command::Images { command: ImagesCommand::Verify(verify) } => commands::images::verify(&verify),
        Command::Images { command: ImagesCommand::Lock(lock) } => commands::images::lock(&lock),
        Command::Rbac(rbac) => commands::rbac::run(&rbac),
        Command::Network(network) => commands::network::run(&network),
        Command::Quota(quota) => commands::quota::run(&quota),
        Command::Policies { command: PoliciesCommand::List(list) } => commands::policies::list(&list),
        Command::Policies { command: PoliciesCommand::Show(show) } => commands::policies::show(&show),
        Command::Policies { command: PoliciesCommand::Test(test) } => commands::policies::test(&test),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            output::complain(&error);
            Outcome::Failed.into()
        }
    }
}
