//! `plimsoll quota`: what namespaces, teams and clusters need, against what they are allowed.

use plimsoll::Error;
use plimsoll::view::quota::QuotaView;

use super::{Outcome, facts};
use crate::args::QuotaArgs;
use crate::input;

pub(crate) fn run(args: &QuotaArgs) -> Result<Outcome, Error> {
    let open = || input::open(&args.view.input);
    let (_, outcome) = facts::print(&args.view, open, |rendered| Ok(QuotaView::of(rendered)))?;
    Ok(outcome)
}
