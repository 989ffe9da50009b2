//! Sums as people check them by hand: every term, all in one unit.

use std::fmt::Write as _;

use super::sums::{Role, Sum, Term};
use crate::facts::quantity::{Format, Quantity};

/// How many terms a message has room for; the witness has all.
const ROOM: usize = 9;

/// A unit that amounts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    nanos: i128,
    suffix: &'static str,
}

const BINARY: [(u32, &str); 7] = [(60, "Ei"), (50, "Pi"), (40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki"), (0, "")];
const DECIMAL: [(u32, &str); 10] =
    [(27, "E"), (24, "P"), (21, "T"), (18, "G"), (15, "M"), (12, "k"), (9, ""), (6, "m"), (3, "u"), (0, "n")];
const UNIT: i128 = 1_000_000_000;

impl Unit {
    /// The largest unit that all amounts are whole numbers of: `Mi` for 1Gi and 256Mi, `m` for 2 and 250m.
    pub fn of(amounts: impl IntoIterator<Item = Quantity>) -> Self {
        let amounts: Vec<Quantity> = amounts.into_iter().filter(|amount| !amount.is_zero()).collect();
        let whole = |nanos: i128| amounts.iter().all(|amount| amount.nanos() % nanos == 0);
        let find = |units: Vec<(i128, &'static str)>| {
            units.into_iter().find(|(nanos, _)| whole(*nanos)).map(|(nanos, suffix)| Self { nanos, suffix })
        };
        let is_binary = amounts.iter().any(|amount| amount.format() == Format::Binary);
        // Numbers of things are not written in thousands.
        let most = if amounts.iter().all(|amount| amount.to_string().ends_with(['k', 'M', 'G', 'T', 'P', 'E'])) {
            27
        } else {
            9
        };
        let binary = || find(BINARY.iter().map(|(bits, suffix)| (UNIT << bits, *suffix)).collect());
        let decimal = || {
            let units = DECIMAL.iter().filter(|(power, _)| *power <= most);
            find(units.map(|(power, suffix)| (10i128.pow(*power), *suffix)).collect())
        };
        let found = if is_binary { binary().or_else(decimal) } else { decimal() };
        found.unwrap_or(Self { nanos: UNIT, suffix: "" })
    }

    /// An amount in this unit.
    pub fn write(&self, amount: Quantity) -> String {
        if amount.nanos() % self.nanos == 0 && !amount.is_zero() {
            format!("{}{}", amount.nanos() / self.nanos, self.suffix)
        } else {
            amount.to_string()
        }
    }
}

/// A sum in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `orders 10×250m + surge 3×250m + migrate 1×100m = 3350m`.
    pub sum: String,
    /// What it is compared with, in the same unit.
    pub hard: String,
    /// Every term on a line of its own.
    pub lines: Vec<String>,
}

/// Writes a sum and the bound it is compared with.
pub fn words(sum: &Sum, hard: Quantity) -> Words {
    let amounts = sum.terms.iter().map(|term| term.each);
    let unit = Unit::of(amounts.chain([sum.rollout, hard]));
    let mut text = String::new();
    let shown = if sum.terms.len() > ROOM { ROOM - 1 } else { sum.terms.len() };
    for (at, part) in sum.terms[..shown].iter().enumerate() {
        let _ = write!(text, "{}{}", if at == 0 { "" } else { " + " }, term(part, &unit));
    }
    if let Some(rest) = sum.terms.get(shown..).filter(|rest| !rest.is_empty()) {
        let amount = rest.iter().fold(Quantity::default(), |amount, term| amount.saturating_add(term.amount()));
        let _ = write!(text, " + {} more {}", rest.len(), unit.write(amount));
    }
    if sum.terms.is_empty() {
        text.push_str("nothing");
    }
    let more = if sum.unbounded.is_empty() { "" } else { " or more" };
    let _ = write!(text, " = {}{more}", unit.write(sum.rollout));
    let mut lines: Vec<String> = sum
        .terms
        .iter()
        .map(|part| match part.role {
            Role::Surge => format!("{} {} = {}", part.label, term(part, &unit), unit.write(part.amount())),
            _ => format!("{} = {}", term(part, &unit), unit.write(part.amount())),
        })
        .collect();
    lines.extend(sum.unbounded.iter().map(|(label, reason)| format!("{label}: its pods {reason}")));
    Words { sum: text, hard: unit.write(hard), lines }
}

fn term(term: &Term, unit: &Unit) -> String {
    let label = if term.role == Role::Surge { "surge" } else { &*term.label };
    format!("{label} {}×{}", term.count, unit.write(term.each))
}
