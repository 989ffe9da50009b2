//! Writes a workspace of about so many resources, to measure the whole command on: `generate -- N DIR`.

use std::path::Path;
use std::process::ExitCode;

use plimsoll_benches::Workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [resources, directory] = arguments.as_slice() else {
        eprintln!("usage: generate RESOURCES DIRECTORY");
        return ExitCode::FAILURE;
    };
    let Ok(resources) = resources.parse() else {
        eprintln!("`{resources}` is no number of resources");
        return ExitCode::FAILURE;
    };
    let written = Workload::of_resources(resources).and_then(|workload| workload.write_to(Path::new(directory)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the workload cannot be written to {directory}: {error}");
            ExitCode::FAILURE
        }
    }
}
