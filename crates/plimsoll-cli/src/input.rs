//! What the command reads: paths, standard input, values of the caller.

use std::io::Read as _;
use std::path::PathBuf;

use plimsoll::files::MAX_FILE;
use plimsoll::workspace::{OpenOptions, Tier, Workspace};
use plimsoll::{Error, ErrorKind};

use crate::args::InputArgs;

/// The name of standard input in messages.
const STDIN: &str = "-";

/// Opens what the arguments name: one workspace, or plain input.
pub(crate) fn open(args: &InputArgs) -> Result<Workspace, Error> {
    let options = options(args)?;
    match args.paths.as_slice() {
        [path] if path.as_os_str() == STDIN => Workspace::from_manifests(STDIN, read_stdin()?, &options),
        paths if paths.iter().any(|path| path.as_os_str() == STDIN) => {
            Err(Error::new(ErrorKind::Argument, "standard input is checked alone")
                .with_help("give either `-` or paths"))
        }
        paths => Workspace::open_with(paths, &options),
    }
}

/// The directory that messages about the input name files from, whether it can be opened or not.
pub(crate) fn root(args: &InputArgs) -> Option<PathBuf> {
    Workspace::root_of(args.paths.first()?)
}

/// Whether the environments given are those to keep, or the name of the one that plain input is.
pub(crate) fn selected<'a>(workspace: &Workspace, args: &'a InputArgs) -> &'a [String] {
    let known = &workspace.plan().environments;
    let names_input = args.environments.len() == known.len()
        && known.iter().zip(&args.environments).all(|(known, given)| *known.environment.name == **given);
    if names_input { &[] } else { &args.environments }
}

/// Uses as many threads as asked for.
pub(crate) fn threads(args: &InputArgs) -> Result<(), Error> {
    let Some(jobs) = args.jobs else { return Ok(()) };
    plimsoll::use_threads(jobs)
}

fn options(args: &InputArgs) -> Result<OpenOptions, Error> {
    let tier = args.tier.as_deref().map(|name| {
        Tier::from_name(name).ok_or_else(|| {
            Error::new(ErrorKind::Argument, format!("`{name}` is not a tier"))
                .with_help("tiers are staging, production and dr")
        })
    });
    Ok(OpenOptions {
        environments: args.environments.clone(),
        tier: tier.transpose()?,
        namespace: args.namespace.clone(),
        kubernetes: args.kubernetes.clone(),
    })
}

fn read_stdin() -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::new(ErrorKind::File, format!("standard input cannot be read: {error}")))?;
    // A pipe from a command that failed is empty, and is not to be taken for clean manifests.
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::new(ErrorKind::Argument, "standard input is empty")
            .with_help("see whether the command before the pipe failed"));
    }
    Ok(bytes)
}
