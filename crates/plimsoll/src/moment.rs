//! A moment in time as the caller gives it; the library reads no clock.

use crate::workspace::Date;
use crate::{Error, ErrorKind, Result};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

const DAY: i64 = 86_400;

impl Moment {
    /// A moment by its distance from 1970-01-01T00:00:00Z.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Reads RFC 3339 (`2026-11-22T10:00:00Z`, with an offset, or a date alone, which is its first second).
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            Error::new(ErrorKind::Argument, format!("`{text}` is not a moment"))
                .with_help("write RFC 3339, as in `2026-11-22T10:00:00Z`")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let date = Date::parse(text.get(..10)?)?;
        let midnight = days(date) * DAY;
        let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else { return Some(Self(midnight)) };
        let time = rest.strip_prefix(['T', 't', ' '])?;
        let (hour, minute, second) = (number(time, 0)?, number(time, 3)?, number(time, 6)?);
        let separated = time.get(2..3)? == ":" && time.get(5..6)? == ":";
        if !separated || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let zone = time.get(8..)?;
        let zone =
            zone.strip_prefix('.').map_or(zone, |fraction| fraction.trim_start_matches(|c: char| c.is_ascii_digit()));
        Some(Self(midnight + hour * 3600 + minute * 60 + second - offset(zone)?))
    }

    /// How many seconds ago another moment was; negative for one that is yet to come.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day in UTC.
    ///
    /// The civil calendar from a day count: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    pub fn date(self) -> Date {
        let shifted = self.0.div_euclid(DAY) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date {
            year: u16::try_from(year).unwrap_or(if year < 0 { 0 } else { u16::MAX }),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(31),
        }
    }
}

/// RFC 3339 in UTC, to the second.
impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let second = self.0.rem_euclid(DAY);
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), second / 3600, second / 60 % 60, second % 60)
    }
}

/// Days from 1970-01-01.
fn days(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Two digits at a position.
fn number(text: &str, at: usize) -> Option<i64> {
    let digits = text.get(at..at + 2)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    (zone.len() == 6 && zone.get(3..4)? == ":").then_some(())?;
    Some(sign * (number(zone, 1)? * 3600 + number(zone, 4)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_days_agree() {
        for (text, seconds, day) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01"),
            ("2026-11-22T10:30:00Z", 1_795_343_400, "2026-11-22"),
            ("2026-11-22T00:30:00+01:00", 1_795_303_800, "2026-11-21"),
            ("2000-02-29T23:59:59.999Z", 951_868_799, "2000-02-29"),
            ("1969-12-31", -86_400, "1969-12-31"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment, Moment::from_unix(seconds), "{text}");
            assert_eq!(moment.date().to_string(), day, "{text}");
            assert_eq!(Moment::parse(&moment.to_string()).unwrap(), moment);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "2026-13-01",
            "2026-11-22T25:00:00Z",
            "2026-11-22T10:00:00",
            "2026-11-22T10:00:00+1",
            "2026-11-22Ü",
        ] {
            assert_eq!(Moment::parse(text).unwrap_err().kind(), ErrorKind::Argument, "{text}");
        }
    }
}
