//! `plimsoll rbac`: print who may do what, and how somebody becomes cluster-admin.

use plimsoll::rendered::Overrides;
use plimsoll::view::rbac::{Can, Format, Options, view};
use plimsoll::workspace::Kind;
use plimsoll::{Error, ErrorKind, Workspace};

use super::Outcome;
use crate::args::{InputArgs, RbacArgs};
use crate::{input, output};

pub(crate) fn run(args: &RbacArgs) -> Result<Outcome, Error> {
    // What cannot be written is said before the work, not after it.
    let format: Format = args.format.parse()?;
    input::threads(&args.input)?;
    let workspace = open(args)?;
    let rendered = workspace.render(input::selected(&workspace, &args.input), &Overrides::default())?;
    rendered.errors().iter().for_each(output::complain);
    let can = args.can.as_deref().and_then(|can| match can {
        [verb, resource] => Some(Can::new(verb, resource, args.input.namespace.as_deref())),
        _ => None,
    });
    let view = view(&rendered, &Options { subject: args.subject.clone(), can })?;
    let mut written = Vec::new();
    view.write(format, &mut written)
        .map_err(|error| Error::new(ErrorKind::File, format!("the view cannot be written: {error}")))?;
    output::place(args.output.as_deref(), &written)?;
    let failed = !rendered.errors().is_empty();
    // The process ends soon; taking its trees apart piece by piece would only make the caller wait.
    std::mem::forget((workspace, rendered, view));
    Ok(if failed { Outcome::Failed } else { Outcome::Clean })
}

/// With a question, `-n` asks about a namespace; only plain input takes it for its own as well.
fn open(args: &RbacArgs) -> Result<Workspace, Error> {
    let stdin = args.input.paths.iter().any(|path| path.as_os_str() == "-");
    if args.can.is_some() && args.input.namespace.is_some() && !stdin {
        let workspace = input::open(&InputArgs { namespace: None, ..args.input.clone() })?;
        if workspace.kind() == Kind::Declared {
            return Ok(workspace);
        }
    }
    input::open(&args.input)
}
