//! Numbers and versions. Arithmetic on integers stays on integers and fails where it would overflow.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};
use semver::Version;

use crate::chart::version::Range;

use super::{Outcome, fault, int, items, shown, text};
use crate::render::jinja::register::{Function, Piped};

const MANY: usize = usize::MAX;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["int", "int64", "atoi", "toInt"], Piped::First, (1, 2), to_int),
    Function::new(&["float64", "float", "toFloat64"], Piped::First, (1, 2), |_, args| {
        float(&args[0]).map(Value::from).or_else(|error| args.get(1).cloned().ok_or(error))
    }),
    Function::new(&["add"], Piped::First, (1, MANY), |_, args| fold(args, i64::checked_add, |a, b| a + b)),
    Function::new(&["add1"], Piped::First, (1, 1), |_, args| {
        fold(&[args[0].clone(), Value::from(1)], i64::checked_add, |a, b| a + b)
    }),
    Function::new(&["sub"], Piped::First, (2, 2), |_, args| fold(args, i64::checked_sub, |a, b| a - b)),
    Function::new(&["mul"], Piped::First, (1, MANY), |_, args| fold(args, i64::checked_mul, |a, b| a * b)),
    Function::new(&["div"], Piped::First, (2, 2), |_, args| fold(args, i64::checked_div, |a, b| a / b)),
    Function::new(&["mod"], Piped::First, (2, 2), |_, args| fold(args, i64::checked_rem, |a, b| a % b)),
    Function::new(&["max"], Piped::First, (1, MANY), |_, args| extreme(args, std::cmp::Ordering::Greater)),
    Function::new(&["min"], Piped::First, (1, MANY), |_, args| extreme(args, std::cmp::Ordering::Less)),
    Function::new(&["ceil"], Piped::First, (1, 1), |_, args| Ok(whole(float(&args[0])?.ceil()))),
    Function::new(&["floor"], Piped::First, (1, 1), |_, args| Ok(whole(float(&args[0])?.floor()))),
    Function::new(&["round"], Piped::First, (1, 2), |_, args| {
        let digits = args.get(1).map_or(Ok(0), |digits| int(digits, "the precision"))?.clamp(-300, 300);
        let factor = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
        let value = float(&args[0])?;
        let rounded = (value * factor).round() / factor;
        Ok(whole(if rounded.is_finite() { rounded } else { value }))
    }),
    Function::new(&["semver"], Piped::First, (1, 1), |_, args| {
        let version = version(&text(&args[0])?)?;
        Ok(Value::from_pairs([
            ("Major", Value::from(version.major)),
            ("Minor", Value::from(version.minor)),
            ("Patch", Value::from(version.patch)),
            ("major", Value::from(version.major)),
            ("minor", Value::from(version.minor)),
            ("patch", Value::from(version.patch)),
            ("Prerelease", Value::from(version.pre.as_str())),
            ("prerelease", Value::from(version.pre.as_str())),
            ("Metadata", Value::from(version.build.as_str())),
        ]))
    }),
    Function::new(&["semverCompare", "semver_compare"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(satisfies(&text(&args[0])?, &text(&args[1])?)?))
    }),
];

/// An integer; a fraction is cut off. What is no number gives the default, or an error.
fn to_int(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    if let Ok(found) = int(&args[0], "the argument") {
        return Ok(Value::from(found));
    }
    match (args[0].kind(), float(&args[0]), args.get(1)) {
        (ValueKind::Bool, ..) => Ok(Value::from(i64::from(args[0].is_true()))),
        (ValueKind::None, _, None) => Ok(Value::from(0)),
        (_, Ok(found), _) if found.is_finite() => Ok(whole(found.trunc())),
        (_, _, Some(fallback)) => Ok(fallback.clone()),
        _ => Err(fault(format!("{} is not a number", shown(&args[0])))),
    }
}

/// An argument as a float; text of a number counts.
pub(super) fn float(value: &Value) -> Result<f64, Error> {
    let found = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(|text| text.trim().parse().ok()),
        _ => None,
    };
    found.ok_or_else(|| fault(format!("{} is not a number", shown(value))))
}

/// A float, as an integer where it is one.
fn whole(value: f64) -> Value {
    // Every integer below 2^53 is exact in a float.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        return Value::from(value as i64);
    }
    Value::from(value)
}

fn fold(args: &[Value], exact: fn(i64, i64) -> Option<i64>, inexact: fn(f64, f64) -> f64) -> Outcome {
    if let Ok(ints) = args.iter().map(|arg| int(arg, "")).collect::<Result<Vec<_>, _>>() {
        let mut ints = ints.into_iter();
        let first = ints.next().unwrap_or(0);
        return ints
            .try_fold(first, exact)
            .map(Value::from)
            .ok_or_else(|| fault("the result is no 64-bit integer: division by zero or overflow"));
    }
    let floats = args.iter().map(float).collect::<Result<Vec<_>, _>>()?;
    let result = floats.into_iter().reduce(inexact).unwrap_or(0.0);
    if result.is_finite() { Ok(whole(result)) } else { Err(fault("the result is not a finite number")) }
}

fn extreme(args: &[Value], wanted: std::cmp::Ordering) -> Outcome {
    let list = match args {
        [one] if matches!(one.kind(), ValueKind::Seq | ValueKind::Iterable) => items(one, "the argument")?,
        _ => args.to_vec(),
    };
    let mut best: Option<(f64, &Value)> = None;
    for value in &list {
        let number = float(value)?;
        if best.is_none_or(|(found, _)| number.total_cmp(&found) == wanted) {
            best = Some((number, value));
        }
    }
    best.map(|(_, value)| value.clone()).ok_or_else(|| fault("the list is empty"))
}

/// A version, with the leading `v` and the missing parts people write.
fn version(text: &str) -> Result<Version, Error> {
    let plain = text.trim().trim_start_matches('v');
    let end = plain.find(['-', '+']).unwrap_or(plain.len());
    let (numbers, rest) = plain.split_at(end);
    let padded = match numbers.matches('.').count() {
        0 => format!("{numbers}.0.0{rest}"),
        1 => format!("{numbers}.0{rest}"),
        _ => plain.to_owned(),
    };
    Version::parse(&padded).map_err(|_| fault(format!("`{text}` is not a version")))
}

/// Whether a version lies in one of Helm's ranges, which the chart loader reads too.
fn satisfies(constraint: &str, candidate: &str) -> Result<bool, Error> {
    version(candidate)?;
    let range = Range::parse(constraint).ok_or_else(|| fault(format!("`{constraint}` is not a version constraint")))?;
    Ok(range.admits_text(candidate))
}
