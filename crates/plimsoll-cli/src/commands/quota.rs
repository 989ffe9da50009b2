//! `plimsoll quota`: what namespaces, teams and clusters need, against what they are allowed.

use plimsoll::Error;
use plimsoll::view::quota::QuotaView;

use super::{Outcome, facts};
use crate::args::QuotaArgs;
use crate::input;

pub(crate) fn run(args: &QuotaArgs) -> Result<Outcome, Error> {
    let to = (&*args.format, args.output.as_deref());
    let view = |rendered: &_| Ok(QuotaView::of(rendered));
    let (_, outcome) = facts::print(&args.input, to, || input::open(&args.input), view)?;
    Ok(outcome)
}
