//! `plimsoll rbac`: print who may do what, and how somebody becomes cluster-admin.

use plimsoll::view::rbac::{Can, Wanted, rbac};
use plimsoll::workspace::Kind;
use plimsoll::{Error, Workspace};

use super::{Outcome, facts};
use crate::args::{InputArgs, RbacArgs};
use crate::input;

pub(crate) fn run(args: &RbacArgs) -> Result<Outcome, Error> {
    let can = args.can.as_deref().and_then(|can| match can {
        [verb, resource] => Some(Can::new(verb, resource, args.view.input.namespace.as_deref())),
        _ => None,
    });
    let wanted = Wanted { subject: args.subject.clone(), can };
    let (_, outcome) = facts::print(&args.view, || open(args), |rendered| rbac(rendered, &wanted))?;
    Ok(outcome)
}

/// With a question, `-n` asks about a namespace; only plain input takes it for its own as well.
fn open(args: &RbacArgs) -> Result<Workspace, Error> {
    let stdin = args.view.input.paths.iter().any(|path| path.as_os_str() == "-");
    if args.can.is_some() && args.view.input.namespace.is_some() && !stdin {
        let workspace = input::open(&InputArgs { namespace: None, ..args.view.input.clone() })?;
        if workspace.kind() == Kind::Declared {
            return Ok(workspace);
        }
    }
    input::open(&args.view.input)
}
