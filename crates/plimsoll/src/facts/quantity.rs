//! Kubernetes quantities, exact.
//!
//! Owns parsing, arithmetic and the canonical form of apimachinery's `resource.Quantity`
//! (`pkg/api/resource/{quantity,suffix,amount}.go`). What is asked of which resource is left to the
//! facts that add quantities up; spellings that are surely mistakes are in `suspicious.rs`.

use std::cmp::Ordering;
use std::fmt;

mod suspicious;

pub use suspicious::{inspect, suspicious};

/// Nanos in one unit: no quantity is finer, what is finer rounds up.
const NANOS: i128 = 1_000_000_000;
/// The largest amount with a binary suffix, in nanos; apimachinery caps there.
const MOST_BINARY: i128 = i64::MAX as i128 * NANOS;

/// How a quantity was written, and is written again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `n u m k M G T P E` or nothing.
    #[default]
    Decimal,
    /// `Ki Mi Gi Ti Pi Ei`.
    Binary,
    /// `e3`, `E-2`.
    Exponent,
}

/// An exact amount: a whole number of billionths.
///
/// Quantities compare by amount; the format decides only how they print.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// Why a text is no quantity; prints as one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError(String);

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for QuantityError {}

struct Suffix {
    /// Powers of two and of ten to multiply by.
    binary: u32,
    decimal: i64,
    format: Format,
}

impl Quantity {
    /// Reads a quantity; amounts finer than a billionth round away from zero.
    ///
    /// Stricter than apimachinery in one point: a text without any digit (`m`, `-`, `.`) is an error,
    /// where its scanner reads zero.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError("the quantity is empty".into()));
        }
        if text.trim() != text {
            return Err(QuantityError(format!("the quantity `{}` has spaces around it", excerpt(text))));
        }
        let (negative, rest) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, rest) = digits(rest);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(QuantityError(format!("the quantity `{}` does not start with a number", excerpt(text))));
        }
        let suffix = interpret(suffix).ok_or_else(|| bad_suffix(text, suffix))?;
        let nanos = match scale(whole, fraction, &suffix) {
            Some(nanos) if suffix.format == Format::Binary => nanos.min(MOST_BINARY),
            Some(nanos) => nanos,
            None if suffix.format == Format::Binary => MOST_BINARY,
            None => return Err(QuantityError(format!("the quantity `{}` is too large", excerpt(text)))),
        };
        let format =
            if suffix.format == Format::Binary && nanos > 0 && nanos < NANOS { Format::Decimal } else { suffix.format };
        Ok(Self { nanos: if negative { -nanos } else { nanos }, format })
    }

    /// A whole number of units.
    pub fn from_units(units: i64) -> Self {
        Self { nanos: i128::from(units) * NANOS, format: Format::Decimal }
    }

    /// A whole number of thousandths, as CPU is counted.
    pub fn from_millis(millis: i64) -> Self {
        Self { nanos: i128::from(millis) * (NANOS / 1000), format: Format::Decimal }
    }

    /// The amount in billionths.
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// The amount in units, fractions rounded away from zero, as the API's `Value()`.
    pub fn units(self) -> i128 {
        ceil(self.nanos, NANOS)
    }

    /// The amount in thousandths, fractions rounded away from zero, as the API's `MilliValue()`.
    pub fn millis(self) -> i128 {
        ceil(self.nanos, NANOS / 1000)
    }

    /// How it prints.
    pub fn format(self) -> Format {
        self.format
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum, in the format of the first that is not zero; `None` beyond 128 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self { nanos: self.nanos.checked_add(other.nanos)?, format: self.format_with(other) })
    }

    /// The difference; `None` beyond 128 bits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self { nanos: self.nanos.checked_sub(other.nanos)?, format: self.format_with(other) })
    }

    /// The product with a whole number; `None` beyond 128 bits.
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        Some(Self { nanos: self.nanos.checked_mul(i128::from(factor))?, format: self.format })
    }

    /// The sum, held at the largest amount there is: far above what any cluster has.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), format: self.format_with(other) }
    }

    /// The difference, held at the bounds.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_sub(other.nanos), format: self.format_with(other) }
    }

    /// The product with a whole number, held at the bounds.
    #[must_use]
    pub fn saturating_mul(self, factor: i64) -> Self {
        Self { nanos: self.nanos.saturating_mul(i128::from(factor)), format: self.format }
    }

    fn format_with(self, other: Self) -> Format {
        if self.is_zero() { other.format } else { self.format }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The canonical form: no fraction, and the largest suffix that loses nothing.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let whole = self.nanos % NANOS == 0;
        if self.format == Format::Binary && whole && self.nanos.unsigned_abs() >= 1024 * NANOS.unsigned_abs() {
            let (mut amount, mut times) = (self.nanos / NANOS, 0);
            while amount % 1024 == 0 && times < 6 {
                amount /= 1024;
                times += 1;
            }
            return write!(f, "{amount}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][times]);
        }
        // A power of 1,000 at a time keeps the exponent a multiple of three.
        let (mut amount, mut exponent) = (self.nanos, -9i32);
        while amount % 1000 == 0 && (self.format == Format::Exponent || exponent < 18) {
            amount /= 1000;
            exponent += 3;
        }
        match (self.format, exponent) {
            (_, 0) => write!(f, "{amount}"),
            (Format::Exponent, _) => write!(f, "{amount}e{exponent}"),
            _ => {
                let at = usize::try_from((exponent + 9) / 3).unwrap_or_default();
                write!(f, "{amount}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][at])
            }
        }
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn ceil(nanos: i128, unit: i128) -> i128 {
    let rest = nanos % unit;
    nanos / unit + rest.signum()
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn interpret(suffix: &str) -> Option<Suffix> {
    let decimal = |decimal| Some(Suffix { binary: 0, decimal, format: Format::Decimal });
    let binary = |binary| Some(Suffix { binary, decimal: 0, format: Format::Binary });
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            // Beyond 32 bits apimachinery wraps around; nothing real is written so.
            let decimal = i64::from(exponent.parse::<i32>().ok()?);
            Some(Suffix { binary: 0, decimal, format: Format::Exponent })
        }
    }
}

/// `whole.fraction` times the suffix in nanos, exactly, then rounded up; `None` beyond 128 bits.
///
/// Works on decimal digits, so that no length of input is cut short before rounding.
fn scale(whole: &str, fraction: &str, suffix: &Suffix) -> Option<i128> {
    let fraction = fraction.trim_end_matches('0');
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).rev().map(|byte| byte - b'0').collect();
    let mut carry = 0u128;
    if suffix.binary > 0 {
        for digit in &mut digits {
            carry += u128::from(*digit) << suffix.binary;
            *digit = u8::try_from(carry % 10).unwrap_or_default();
            carry /= 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    let shift = 9 + suffix.decimal - i64::try_from(fraction.len()).ok()?;
    let (dropped, zeros) = match usize::try_from(shift) {
        Ok(zeros) => (0, zeros),
        Err(_) => (usize::try_from(-shift).ok()?.min(digits.len()), 0),
    };
    let rounds = digits[..dropped].iter().any(|digit| *digit != 0);
    let mut nanos = 0i128;
    for digit in digits[dropped..].iter().rev() {
        nanos = nanos.checked_mul(10)?.checked_add(i128::from(*digit))?;
    }
    if nanos != 0 && zeros > 0 {
        nanos = nanos.checked_mul(10i128.checked_pow(u32::try_from(zeros).ok()?)?)?;
    }
    nanos.checked_add(i128::from(rounds))
}

fn bad_suffix(text: &str, suffix: &str) -> QuantityError {
    let text = excerpt(text);
    let corrected = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "k", "M", "G", "T", "P", "E", "m"]
        .into_iter()
        .find(|known| suffix.eq_ignore_ascii_case(known) || suffix.eq_ignore_ascii_case(&format!("{known}B")));
    QuantityError(match corrected {
        Some(known) => format!("the quantity `{text}` has no unit Kubernetes knows; `{known}` is meant, it seems"),
        None if suffix.starts_with([' ', '.', '+', '-', ',']) => {
            format!("the quantity `{text}` is not a number and a unit, as in `100m`, `0.5` or `128Mi`")
        }
        None => format!(
            "the quantity `{text}` ends in `{}`, no unit Kubernetes knows (n u m k M G T P E, Ki Mi Gi Ti Pi Ei)",
            excerpt(suffix)
        ),
    })
}

fn excerpt(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
#[path = "quantity_tests.rs"]
mod tests;
