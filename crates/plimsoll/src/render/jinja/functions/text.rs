//! Text: case, cutting, joining, asking.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::{MAX_TEXT, Outcome, bounded, count, fault, int, items, text};
use crate::render::jinja::convert::float_text;
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

const MANY: usize = usize::MAX;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["quote"], Piped::First, (1, MANY), |_, args| joined(args, quoted)),
    Function::new(&["squote"], Piped::First, (1, MANY), |_, args| {
        joined(args, |text| format!("'{}'", text.replace('\'', "''")))
    }),
    Function::new(&["upper"], Piped::First, (1, 1), |_, args| bounded(text(&args[0])?.to_uppercase())),
    Function::new(&["lower"], Piped::First, (1, 1), |_, args| bounded(text(&args[0])?.to_lowercase())),
    Function::new(&["title"], Piped::First, (1, 1), |_, args| bounded(title(&text(&args[0])?))),
    Function::new(&["untitle"], Piped::First, (1, 1), |_, args| bounded(untitle(&text(&args[0])?))),
    Function::new(&["trunc"], Piped::Last, (2, 2), |_, args| {
        bounded(trunc(&text(&args[1])?, int(&args[0], "the length")?))
    }),
    Function::new(&["trimSuffix", "trim_suffix"], Piped::Last, (2, 2), |_, args| {
        let (suffix, text) = (text(&args[0])?, text(&args[1])?);
        bounded(text.strip_suffix(&*suffix).unwrap_or(&text).to_owned())
    }),
    Function::new(&["trimPrefix", "trim_prefix"], Piped::Last, (2, 2), |_, args| {
        let (prefix, text) = (text(&args[0])?, text(&args[1])?);
        bounded(text.strip_prefix(&*prefix).unwrap_or(&text).to_owned())
    }),
    Function::new(&["trimAll", "trim_all"], Piped::Last, (2, 2), |_, args| {
        let set: Vec<char> = text(&args[0])?.chars().collect();
        bounded(text(&args[1])?.trim_matches(set.as_slice()).to_owned())
    }),
    Function::new(&["contains"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(text(&args[1])?.contains(&*text(&args[0])?)))
    }),
    Function::new(&["hasPrefix", "has_prefix"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(text(&args[1])?.starts_with(&*text(&args[0])?)))
    }),
    Function::new(&["hasSuffix", "has_suffix"], Piped::Last, (2, 2), |_, args| {
        Ok(Value::from(text(&args[1])?.ends_with(&*text(&args[0])?)))
    }),
    Function::new(&["replace"], Piped::Last, (3, 3), replace),
    Function::new(&["split", "splitList", "split_list"], Piped::Last, (1, 2), split),
    Function::new(&["lines"], Piped::First, (1, 1), |_, args| {
        Ok(text(&args[0])?.lines().map(|line| Value::from(line.to_owned())).collect())
    }),
    Function::new(&["join"], Piped::Last, (1, 2), join),
    Function::new(&["cat"], Piped::First, (1, MANY), |_, args| {
        let texts = args.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        bounded(texts.join(" "))
    }),
    Function::new(&["print"], Piped::First, (1, MANY), |_, args| {
        let texts = args.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        bounded(texts.concat())
    }),
    Function::new(&["println"], Piped::First, (1, MANY), |_, args| {
        let texts = args.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        bounded(texts.join(" ") + "\n")
    }),
    Function::new(&["printf"], Piped::Last, (1, MANY), printf),
    Function::new(&["toString", "to_string", "string"], Piped::First, (1, 1), |_, args| {
        bounded(text(&args[0])?.into_owned())
    }),
    Function::new(&["toStrings", "to_strings"], Piped::First, (1, 1), |_, args| {
        let texts = items(&args[0], "the argument of `toStrings`")?;
        texts.iter().map(|item| text(item).map(|text| Value::from(text.into_owned()))).collect::<Result<Value, _>>()
    }),
    Function::new(&["snakecase", "snake_case"], Piped::First, (1, 1), |_, args| bounded(words(&text(&args[0])?, '_'))),
    Function::new(&["kebabcase", "kebab_case"], Piped::First, (1, 1), |_, args| bounded(words(&text(&args[0])?, '-'))),
    Function::new(&["camelcase", "camel_case"], Piped::First, (1, 1), |_, args| bounded(camel(&text(&args[0])?))),
    Function::new(&["nospace"], Piped::First, (1, 1), |_, args| {
        bounded(text(&args[0])?.chars().filter(|c| !c.is_whitespace()).collect())
    }),
    Function::new(&["plural"], Piped::Last, (3, 3), |_, args| {
        Ok(args[usize::from(int(&args[2], "the count")? != 1)].clone())
    }),
    Function::new(&["substr"], Piped::Last, (3, 3), |_, args| {
        let (start, end) = (int(&args[0], "the start")?, int(&args[1], "the end")?);
        let text = text(&args[2])?;
        let length = text.chars().count();
        let start = usize::try_from(start).unwrap_or(0).min(length);
        let end = usize::try_from(end).unwrap_or(length).min(length);
        bounded(text.chars().skip(start).take(end.saturating_sub(start)).collect())
    }),
    Function::new(&["repeat"], Piped::Last, (2, 2), |_, args| {
        let (times, text) = (count(&args[0], "the count")?, text(&args[1])?);
        if text.len().saturating_mul(times) > MAX_TEXT {
            return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
        }
        Ok(Value::from(text.repeat(times)))
    }),
];

fn joined(args: &[Value], wrap: fn(&str) -> String) -> Outcome {
    let mut out = Vec::new();
    // Helm leaves out nulls, so that `quote` of nothing prints nothing.
    for arg in args.iter().filter(|arg| !arg.is_none()) {
        out.push(wrap(&text(arg)?));
    }
    bounded(out.join(" "))
}

/// Text in double quotes, escaped as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn title(text: &str) -> String {
    let mut begins = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if begins && c.is_alphabetic() {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        begins = c.is_whitespace();
    }
    out
}

fn untitle(text: &str) -> String {
    let mut begins = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if begins {
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
        begins = c.is_whitespace();
    }
    out
}

/// The first characters, or the last for a negative length.
fn trunc(text: &str, length: i64) -> String {
    let wanted = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    if length >= 0 {
        return text.chars().take(wanted).collect();
    }
    let all = text.chars().count();
    text.chars().skip(all.saturating_sub(wanted)).collect()
}

fn replace(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let (old, new, text) = (text(&args[0])?, text(&args[1])?, text(&args[2])?);
    let found = text.matches(&*old).count();
    if text.len().saturating_add(found.saturating_mul(new.len())) > MAX_TEXT {
        return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
    }
    Ok(Value::from(text.replace(&*old, &new)))
}

fn split(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let parts = |parts: &mut dyn Iterator<Item = &str>| parts.map(|part| Value::from(part.to_owned())).collect();
    match args {
        [text_arg] => Ok(parts(&mut text(text_arg)?.split_whitespace())),
        [separator, text_arg] => Ok(parts(&mut text(text_arg)?.split(&*text(separator)?))),
        _ => Err(fault("`split` takes a separator and a text")),
    }
}

fn join(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let (separator, list) = match args {
        [separator, list] => (text(separator)?, list),
        [list] => ("".into(), list),
        _ => return Err(fault("`join` takes a separator and a list")),
    };
    if !matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return bounded(text(list)?.into_owned());
    }
    let list = items(list, "the argument of `join`")?;
    let mut out = String::new();
    for (at, item) in list.iter().filter(|item| !item.is_none()).enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        out.push_str(&text(item)?);
        if out.len() > MAX_TEXT {
            break;
        }
    }
    bounded(out)
}

/// Words in lower case with a separator; a word begins at an upper case letter or after a separator.
fn words(text: &str, separator: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in chars.iter().copied().enumerate() {
        if c == '_' || c == '-' || c == '.' || c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(separator) {
                out.push(separator);
            }
            continue;
        }
        let previous = at.checked_sub(1).map(|at| chars[at]);
        let follows = previous.is_some_and(|p| p.is_lowercase() || p.is_numeric());
        let leads =
            previous.is_some_and(char::is_uppercase) && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (follows || leads) && !out.ends_with(separator) {
            out.push(separator);
        }
        out.extend(c.to_lowercase());
    }
    out.trim_end_matches(separator).to_owned()
}

fn camel(text: &str) -> String {
    words(text, '_')
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        })
        .collect()
}

/// Go's verbs that charts use: `%s %d %v %q %t %f %.2f %x %05d %-10s %%`.
fn printf(_: &mut State<'_, '_>, args: &[Value]) -> Outcome {
    let pattern = text(&args[0])?;
    let mut values = args[1..].iter();
    let mut out = String::with_capacity(pattern.len());
    let mut rest = &*pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '#' | '.' | ' ')).unwrap_or(rest.len());
        let (flags, verb) = (&rest[..length], rest[length..].chars().next());
        let Some(verb) = verb else { return Err(fault("`printf`: the format ends in the middle of a verb")) };
        rest = &rest[length + verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| fault(format!("`printf`: no argument for `%{flags}{verb}`")))?;
        out.push_str(&verb_text(flags, verb, value)?);
        if out.len() > MAX_TEXT {
            break;
        }
    }
    out.push_str(rest);
    if values.next().is_some() {
        return Err(fault("`printf` has more arguments than its format has verbs"));
    }
    bounded(out)
}

fn verb_text(flags: &str, verb: char, value: &Value) -> Result<String, Error> {
    let (size, precision) = flags.split_once('.').map_or((flags, None), |(size, precision)| (size, Some(precision)));
    let precision = precision.map(|digits| digits.parse::<usize>().unwrap_or(0).min(300));
    let shown = match verb {
        's' | 'v' => {
            let text = text(value)?;
            precision.map_or_else(|| text.to_string(), |length| text.chars().take(length).collect())
        }
        'q' => quoted(&text(value)?),
        'd' => int(value, "the argument of `%d`")?.to_string(),
        't' if value.kind() == ValueKind::Bool => value.is_true().to_string(),
        't' => return Err(fault("the argument of `%t` must be true or false")),
        'x' | 'X' | 'o' | 'b' => radix(verb, value)?,
        'f' | 'F' => format!("{:.*}", precision.unwrap_or(6), number(value)?),
        'g' => float_text(number(value)?),
        _ => return Err(fault(format!("`printf` does not know the verb `%{verb}`"))),
    };
    Ok(sized(&shown, size, verb))
}

fn radix(verb: char, value: &Value) -> Result<String, Error> {
    if let (Some(text), 'x') = (value.as_str(), verb) {
        return Ok(super::encoding::hexadecimal(text.as_bytes()));
    }
    let int = int(value, "the argument")?;
    Ok(match verb {
        'x' => format!("{int:x}"),
        'X' => format!("{int:X}"),
        'o' => format!("{int:o}"),
        _ => format!("{int:b}"),
    })
}

fn sized(text: &str, size: &str, verb: char) -> String {
    let width: usize = size.trim_start_matches(['-', '+', '#', ' ', '0']).parse().unwrap_or(0).min(1_000);
    let missing = width.saturating_sub(text.chars().count());
    if size.contains('-') {
        return format!("{text}{}", " ".repeat(missing));
    }
    let zeros = size.trim_start_matches(['+', '#', ' ']).starts_with('0') && !matches!(verb, 's' | 'v' | 'q');
    if !zeros {
        return format!("{}{text}", " ".repeat(missing));
    }
    match text.strip_prefix('-') {
        Some(digits) => format!("-{}{digits}", "0".repeat(missing)),
        None => format!("{}{text}", "0".repeat(missing)),
    }
}

fn number(value: &Value) -> Result<f64, Error> {
    super::numbers::float(value)
}
