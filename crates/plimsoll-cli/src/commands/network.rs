//! `plimsoll network`: print who reaches whom.

use plimsoll::Error;
use plimsoll::view::network::{Wanted, network};

use super::{Outcome, facts};
use crate::args::NetworkArgs;
use crate::input;

pub(crate) fn run(args: &NetworkArgs) -> Result<Outcome, Error> {
    let wanted = Wanted { from: args.from.clone(), to: args.to.clone(), ..Wanted::default() };
    let open = || input::open(&args.view.input);
    let (_, outcome) = facts::print(&args.view, open, |rendered| network(rendered, &wanted))?;
    Ok(outcome)
}
