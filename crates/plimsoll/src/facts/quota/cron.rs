//! Cron expressions as CronJobs read them, and how close two firings come.
//!
//! The CronJob controller parses with robfig/cron v3, `ParseStandard`: five fields, names of months and
//! days, `@daily` and the like, `@every`. Days of the month and of the week are alternatives unless one of
//! them begins with a bare `*`. Sunday is 0 only.

/// Months of the cycle after which dates and weekdays repeat (1901 to 2099), and of four years more, so that
/// the gap back to its first day is seen.
const MONTHS_OF_A_CYCLE: u32 = (28 + 4) * 12;
const MINUTES_OF_A_DAY: u32 = 24 * 60;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When a CronJob fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Again and again; the least seconds from one firing to the next.
    Every(i64),
    /// Its fields can be read, and no date fits them.
    Never,
}

/// The values a field stands for, as bits, and whether it is a bare star.
struct Field {
    bits: u64,
    star: bool,
}

impl Field {
    fn has(&self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }

    fn values(&self) -> impl Iterator<Item = u32> {
        let mut bits = self.bits;
        std::iter::from_fn(move || {
            let value = bits.trailing_zeros();
            bits &= bits.checked_sub(1)?;
            Some(value)
        })
    }
}

/// Reads a schedule; the error says what is wrong with it, as what follows "the schedule …".
pub fn parse(text: &str) -> Result<Schedule, String> {
    let text = text.trim();
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        return Err("names a time zone, which belongs into `timeZone`".to_owned());
    }
    if let Some(word) = text.strip_prefix('@') {
        return descriptor(word);
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(format!("has {} fields and not five", fields.len()));
    };
    let minutes = field(minute, "minute", 0, 59, &[])?;
    let hours = field(hour, "hour", 0, 23, &[])?;
    let days = field(day, "day of the month", 1, 31, &[])?;
    let months = field(month, "month", 1, 12, &MONTHS)?;
    let weekdays = field(weekday, "day of the week", 0, 6, &DAYS)?;
    let (first, last, within) = times(&minutes, &hours);
    // Two firings on neighbouring days are closest together across midnight.
    let across = |days: u32| i64::from(days * MINUTES_OF_A_DAY + first) - i64::from(last);
    let on_one_day = within.map(i64::from);
    let Some(gap) = gap_of_days(&days, &months, &weekdays) else { return Ok(Schedule::Never) };
    let shortest = on_one_day.map_or(across(gap), |minutes| minutes.min(across(gap)));
    Ok(Schedule::Every(shortest * 60))
}

fn descriptor(word: &str) -> Result<Schedule, String> {
    const DAY: i64 = 86_400;
    let seconds = match word {
        "hourly" => 3600,
        "daily" | "midnight" => DAY,
        "weekly" => 7 * DAY,
        "monthly" => 28 * DAY,
        "yearly" | "annually" => 365 * DAY,
        _ => match word.strip_prefix("every ") {
            // `Every` of robfig/cron v3 cuts fractions of a second off and makes less than one one, also of
            // nothing and of less than that (constantdelay.go).
            Some(text) => duration(text).ok_or("has a duration that cannot be read, unlike `@every 1h30m`")?.max(1),
            None => return Err(format!("begins with `@{word}`, which is no schedule")),
        },
    };
    Ok(Schedule::Every(seconds))
}

/// Whole seconds of a duration as Go's `time.ParseDuration` reads it: a sign, and numbers with units, such
/// as `1h30m` or `1.5h`; only `0` needs none.
fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i128); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("\u{b5}s", 1_000),
        ("\u{3bc}s", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    match rest {
        "" => return None,
        "0" => return Some(0),
        _ => {}
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        nanos = nanos.checked_add(scaled(number, unit)?)?;
        rest = after;
    }
    // Go counts nanoseconds in 64 bits.
    i64::try_from(sign * nanos).ok().map(|nanos| nanos / 1_000_000_000)
}

/// A number of digits and at most one dot, times a unit.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // More digits than these are less than a nanosecond, of hours too.
    let digits = &fraction[..fraction.len().min(18)];
    let parts: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    whole.checked_mul(unit)?.checked_add(parts * unit / scale)
}

fn field(text: &str, what: &str, min: u32, max: u32, names: &[&str]) -> Result<Field, String> {
    let mut field = Field { bits: 0, star: false };
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let fault = || format!("has `{}` for the {what}, which is no value from {min} to {max}", super::excerpt(part));
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(fault)?)),
            None => (part, None),
        };
        let number = |text: &str| -> Option<u32> {
            let position = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            let number = match position {
                // Months count from one, days from zero.
                Some(at) => u32::try_from(at).ok()? + min,
                None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
                None => return None,
            };
            (min..=max).contains(&number).then_some(number)
        };
        let (from, to) = match range {
            "*" | "?" => {
                field.star |= step.is_none_or(|step| step == 1);
                (min, max)
            }
            _ => {
                if let Some((from, to)) = range.split_once('-') {
                    (number(from).ok_or_else(fault)?, number(to).ok_or_else(fault)?)
                } else {
                    // `5/15` goes on to the end of the range.
                    let from = number(range).ok_or_else(fault)?;
                    (from, if step.is_some() { max } else { from })
                }
            }
        };
        if from > to {
            return Err(fault());
        }
        let step = usize::try_from(step.unwrap_or(1)).map_err(|_| fault())?;
        (from..=to).step_by(step).for_each(|value| field.bits |= 1 << value);
    }
    if field.bits == 0 {
        return Err(format!("has nothing for the {what}"));
    }
    Ok(field)
}

/// The first and the last minute of a day that fires, and the least minutes between two on one day.
fn times(minutes: &Field, hours: &Field) -> (u32, u32, Option<u32>) {
    let (mut first, mut last, mut closest) = (None, 0, None::<u32>);
    for hour in hours.values() {
        for minute in minutes.values() {
            let time = hour * 60 + minute;
            if first.is_some() {
                let gap = time - last;
                closest = Some(closest.map_or(gap, |known| known.min(gap)));
            }
            first.get_or_insert(time);
            last = time;
        }
    }
    (first.unwrap_or_default(), last, closest)
}

/// The least days from one day that fires to the next; `None` where no day ever does.
fn gap_of_days(days: &Field, months: &Field, weekdays: &Field) -> Option<u32> {
    // Bits of the days of a month on which a weekday fires, by the weekday of its first.
    let by_weekday = [0, 1, 2, 3, 4, 5, 6].map(|first: u32| -> u64 {
        (1..=31).filter(|day| weekdays.has((first + day - 1) % 7)).map(|day| 1 << day).sum()
    });
    let (mut previous, mut least): (Option<u32>, Option<u32>) = (None, None);
    // Days before the month. Any cycle will do; this one begins on Sunday, the first of January 2023.
    let mut before: u32 = 0;
    for number in 0..MONTHS_OF_A_CYCLE {
        let (year, month) = (2023 + number / 12, number % 12 + 1);
        let length = length(month, year);
        let by_weekday = by_weekday[before as usize % 7];
        let fits = if days.star || weekdays.star { days.bits & by_weekday } else { days.bits | by_weekday };
        let fits = if months.has(month) { fits & ((2 << length) - 1) } else { 0 };
        for day in (Field { bits: fits, star: false }).values() {
            let now = before + day;
            let gap = previous.map(|previous| now - previous);
            least = least.into_iter().chain(gap).min();
            previous = Some(now);
        }
        if least == Some(1) {
            break;
        }
        before += length;
    }
    least
}

fn length(month: u32, year: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least(text: &str) -> i64 {
        match parse(text) {
            Ok(Schedule::Every(seconds)) => seconds,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_least_time_between_two_firings() {
        for (text, minutes) in [
            ("* * * * *", 1),
            ("*/5 * * * *", 5),
            ("*/7 * * * *", 4),
            ("0 * * * *", 60),
            ("0 9-17 * * *", 60),
            ("0,10 * * * *", 10),
            ("0 0,23 * * *", 60),
            ("30 4 * * *", 24 * 60),
            ("0 4 * * 1", 7 * 24 * 60),
            ("0 4 * * MON-fri", 24 * 60),
            ("0 4 * * mon,thu", 3 * 24 * 60),
            ("0 4 1 * *", 28 * 24 * 60),
            ("0 4 29 2 *", 1461 * 24 * 60),
            ("0 4 1 jan ?", 365 * 24 * 60),
            ("5/20 * * * *", 20),
            ("@hourly", 60),
            ("@monthly", 28 * 24 * 60),
            ("@every 1h30m", 90),
        ] {
            assert_eq!(least(text), minutes * 60, "{text}");
        }
        assert_eq!(least("@every 90s"), 90);
        for text in ["1ms", "0s", "0", "-0", "-1s", "+0h", "-2h30m", "1us", "1\u{b5}s", "1\u{3bc}s", ".5s", "1.9s"] {
            assert_eq!(least(&format!("@every {text}")), 1, "{text}");
        }
        assert_eq!(least("@every 1.5h"), 5400);
        assert_eq!(least("@every 1h.5m"), 3630);
    }

    #[test]
    fn days_of_month_and_week_are_alternatives_unless_one_is_a_star() {
        // The 13th, or any Friday: a Friday the 12th is followed by the 13th.
        assert_eq!(least("0 0 13 * 5"), 24 * 3600);
        // `*/2` counts as a restriction, so that every second day or every Monday fires.
        assert_eq!(least("0 0 */2 * 1"), 24 * 3600);
        assert_eq!(least("0 0 * * 1"), 7 * 24 * 3600);
    }

    #[test]
    fn what_never_fires() {
        for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb *"] {
            assert_eq!(parse(text), Ok(Schedule::Never), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for (text, part) in [
            ("", "0 fields"),
            ("* * * *", "4 fields"),
            ("0 0 * * * *", "6 fields"),
            ("60 * * * *", "`60` for the minute"),
            ("* 24 * * *", "`24` for the hour"),
            ("* * 0 * *", "`0` for the day of the month"),
            ("* * * 13 *", "month"),
            ("* * * * 7", "day of the week"),
            ("5-1 * * * *", "`5-1`"),
            ("*/0 * * * *", "`*/0`"),
            ("+5 * * * *", "`+5`"),
            (", * * * *", "nothing for the minute"),
            ("@sometimes", "`@sometimes`"),
            ("@every", "no schedule"),
            ("@every often", "duration"),
            ("@every ", "no schedule"),
            ("@every  1h", "duration"),
            ("@every -", "duration"),
            ("@every 1", "duration"),
            ("@every .s", "duration"),
            ("@every 1..5s", "duration"),
            ("@every 1d", "duration"),
            ("@every 2562048h", "duration"),
            ("@every 99999999999999999999999999999999999999999h", "duration"),
            ("TZ=UTC * * * * *", "time zone"),
            ("*/99999999999 * * * *", "`*/99999999999`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
