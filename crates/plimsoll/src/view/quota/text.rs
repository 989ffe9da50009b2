//! The facts as tables for people, at most 100 columns wide.

use std::fmt::Write as _;
use std::io;

use super::{Allowed, Group, QuotaView, Row};
use crate::facts::quantity::Quantity;
use crate::facts::quota::capacity::{Budget, Cluster, Judged};
use crate::facts::quota::fit::Verdict;
use crate::facts::quota::words::Unit;

/// The widest line.
const WIDTH: usize = 100;
/// The width of what is counted.
const NAME: usize = 24;
/// The least width of an amount. An amount is never cut: where it is longer, so is its line.
const AMOUNT: usize = 8;
/// The width of a bar.
const BAR: i64 = 14;

pub(super) fn write(quota: &QuotaView, out: &mut dyn io::Write) -> io::Result<()> {
    for (at, needs) in quota.environments.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", needs.name)?;
        if needs.namespaces.is_empty() {
            writeln!(out, "  nothing that needs anything")?;
            continue;
        }
        table(out, "namespace", &needs.namespaces)?;
        table(out, "team", &needs.teams)?;
        header(out, "all of it", false)?;
        rows(out, &needs.total)?;
    }
    for cluster in &quota.capacity.clusters {
        self::cluster(out, cluster)?;
        for budget in quota.capacity.overcommit.iter().filter(|budget| budget.name == cluster.name) {
            promised(out, budget)?;
        }
    }
    for gap in &quota.capacity.recovery {
        let verb = if gap.verdict == Verdict::No { "cannot carry" } else { "is not known to carry" };
        writeln!(out)?;
        writeln!(out, "{} {verb} the peak of {} ({})", gap.mirror, gap.of, gap.what)?;
        wrapped(out, &gap.reason)?;
    }
    Ok(())
}

fn table(out: &mut dyn io::Write, sort: &str, groups: &[Group]) -> io::Result<()> {
    for group in groups.iter().filter(|group| !group.needs.is_empty()) {
        let bounded = group.needs.iter().any(|row| row.allowed.is_some());
        header(out, &format!("{sort} {}", group.name), bounded)?;
        rows(out, &group.needs)?;
    }
    Ok(())
}

fn header(out: &mut dyn io::Write, title: &str, bounded: bool) -> io::Result<()> {
    let title = cut(title, NAME);
    let allowed = if bounded { "allowed" } else { "" };
    let line = format!(
        "  {title:<NAME$} {:>AMOUNT$} {:>AMOUNT$} {:>AMOUNT$} {:>AMOUNT$} {allowed:>AMOUNT$}",
        "steady", "peak", "rollout", "worst"
    );
    writeln!(out)?;
    writeln!(out, "{}", line.trim_end())
}

fn rows(out: &mut dyn io::Write, rows: &[Row]) -> io::Result<()> {
    for row in rows {
        let hard = row.allowed.as_ref().map(|allowed| allowed.hard);
        let unit = Unit::of([row.steady, row.peak, row.rollout, row.worst].into_iter().chain(hard));
        let name = cut(&row.dimension, NAME - 3);
        let mut line = format!("    {name:<width$}", width = NAME - 2);
        for amount in [row.steady, row.peak, row.rollout, row.worst] {
            let _ = write!(line, " {:>AMOUNT$}", unit.write(amount));
        }
        if let Some(allowed) = &row.allowed {
            let _ = write!(line, " {:>AMOUNT$}  {}", unit.write(allowed.hard), bar(row, allowed));
        }
        writeln!(out, "{}", line.trim_end())?;
        for (label, reason) in &row.unbounded {
            wrapped(out, &format!("or more: the pods of {label} {reason}"))?;
        }
    }
    Ok(())
}

/// How much of what is allowed a rollout at the peak takes.
fn bar(row: &Row, allowed: &Allowed) -> String {
    let share = share(row.rollout, allowed.hard);
    let Some(share) = share else {
        return if row.rollout.is_zero() { String::new() } else { format!("{} nothing is allowed", full(BAR)) };
    };
    let filled = (share.min(100) * BAR).div_euclid(100).max(i64::from(share > 0));
    let over = if share > 100 { " over" } else { "" };
    format!("{}{} {share:>4} %{over}", full(filled), "·".repeat(usize::try_from(BAR - filled).unwrap_or_default()))
}

fn full(count: i64) -> String {
    "█".repeat(usize::try_from(count).unwrap_or_default())
}

/// Per cent, rounded up.
fn share(part: Quantity, whole: Quantity) -> Option<i64> {
    if whole.is_zero() {
        return None;
    }
    let product = part.nanos().checked_mul(100)?;
    i64::try_from(product / whole.nanos() + i128::from(product % whole.nanos() != 0)).ok()
}

fn cluster(out: &mut dyn io::Write, cluster: &Cluster) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "cluster {} ({})", cluster.name, cluster.environments.join(", "))?;
    judged(out, "peak, at the pools' most nodes", &cluster.peak)?;
    for loss in &cluster.losses {
        judged(out, &format!("steady, without {}", loss.lost), &loss.judged)?;
    }
    Ok(())
}

fn judged(out: &mut dyn io::Write, what: &str, judged: &Judged) -> io::Result<()> {
    let verdict = match judged.verdict {
        Verdict::Yes => "fits",
        Verdict::No => "does not fit",
        Verdict::Unknown => "unknown",
    };
    writeln!(out, "  {:<46}{verdict}", cut(what, 45))?;
    if judged.reason.is_empty() { Ok(()) } else { wrapped(out, &judged.reason) }
}

/// How much of what nodes can give at most the quotas promise.
fn promised(out: &mut dyn io::Write, budget: &Budget) -> io::Result<()> {
    let all = budget.sum.rsplit_once(" = ").map_or(budget.sum.as_str(), |(_, all)| all);
    let what = format!("quotas promise, of {}", budget.dimension);
    writeln!(out, "  {what:<46}{all} of {} ({} %)", budget.hard, budget.share)
}

/// A text below what it belongs to, broken between words.
fn wrapped(out: &mut dyn io::Write, text: &str) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 7 > WIDTH {
            writeln!(out, "      {line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "      {line}")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width { text.to_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(amount: &str, hard: &str) -> String {
        let [amount, hard] = [amount, hard].map(|text| Quantity::parse(text).unwrap());
        let row = Row {
            dimension: "requests.memory".into(),
            steady: amount,
            peak: amount,
            rollout: amount,
            worst: amount,
            allowed: Some(Allowed { by: "q".into(), hard, room: hard }),
            terms: Vec::new(),
            unbounded: Vec::new(),
        };
        let mut out = Vec::new();
        rows(&mut out, &[row]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn amounts_are_told_apart_however_long_they_are() {
        for (amount, hard) in [("250m", "1"), ("4500000003", "6000000001"), ("999999999999999999n", "1")] {
            let line = written(amount, hard);
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[1..5].iter().filter(|word| **word == words[1]).count(), 4, "{line}");
            assert!(words.len() > 6, "{line}");
        }
        assert!(written("99999Mi", "99999Mi").lines().all(|line| line.chars().count() <= WIDTH));
    }
}
