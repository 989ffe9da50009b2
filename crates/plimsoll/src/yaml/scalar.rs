//! What a plain scalar means to Kubernetes.
//!
//! Owns the scalar rules of sigs.k8s.io/yaml, which reads YAML by go-yaml v2 (`resolve.go`) before it
//! becomes JSON, and the doubts: spellings that readers of YAML 1.1 and 1.2 take for different values.
//! Events and positions are left to `load.rs`, spellings that must be quoted on the way out to `emit.rs`.

/// What a scalar is; the text itself stays with the caller, who need not allocate to ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
}

/// Reads an untagged plain scalar.
pub(super) fn resolve(text: &str) -> Scalar {
    match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => dotted(text),
        Some(b'+' | b'-' | b'0'..=b'9') => number(text),
        Some(_) => Scalar::Text,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text,
    }
}

fn dotted(text: &str) -> Scalar {
    match text {
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" => Scalar::Float(f64::INFINITY),
        _ => decimal(text),
    }
}

fn number(text: &str) -> Scalar {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if text.contains('_') {
        let plain = text.replace('_', "");
        return numeric(&plain);
    }
    numeric(text)
}

/// Go's `strconv.ParseInt(s, 0, 64)`, then `ParseUint`, then go-yaml's float pattern.
fn numeric(text: &str) -> Scalar {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, body) = radix(digits);
    // `from_str_radix` accepts a sign of its own; a second sign is no number.
    if body.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && let Ok(magnitude) = i128::from_str_radix(body, radix)
    {
        let value = if negative { -magnitude } else { magnitude };
        if let Ok(value) = i64::try_from(value) {
            return Scalar::Int(value);
        }
        if u64::try_from(value).is_ok() {
            #[expect(clippy::cast_precision_loss, reason = "a tree holds what exceeds 64 signed bits as a float")]
            return Scalar::Float(value as f64);
        }
    }
    decimal(text)
}

fn radix(digits: &str) -> (u32, &str) {
    let bytes = digits.as_bytes();
    if bytes.len() >= 3 && bytes[0] == b'0' {
        match bytes[1] {
            b'x' | b'X' => return (16, &digits[2..]),
            b'o' | b'O' => return (8, &digits[2..]),
            b'b' | b'B' => return (2, &digits[2..]),
            _ => {}
        }
    }
    if bytes.len() >= 2 && bytes[0] == b'0' { (8, &digits[1..]) } else { (10, digits) }
}

/// The pattern `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`; what overflows stays text, as in Go.
fn decimal(text: &str) -> Scalar {
    if !is_decimal(text.as_bytes()) {
        return Scalar::Text;
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Scalar::Float(value),
        _ => Scalar::Text,
    }
}

fn is_decimal(bytes: &[u8]) -> bool {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if whole + fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    } else if whole == 0 {
        return false;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == bytes.len()
}

/// Reads a scalar with a tag of the YAML core (`str` for `!!str`), however it was quoted.
///
/// A tag that is not one of the core's leaves the text as it is, as go-yaml does. `None` where the
/// text is not what the tag promises.
pub(super) fn tagged(tag: &str, text: &str) -> Option<Scalar> {
    let value = resolve(text);
    match (tag, value) {
        ("bool", Scalar::Bool(_)) | ("int", Scalar::Int(_)) | ("float", Scalar::Float(_)) | ("null", Scalar::Null) => {
            Some(value)
        }
        #[expect(clippy::cast_precision_loss, reason = "`!!float` on an integer is Go's float64 conversion")]
        ("float", Scalar::Int(integer)) => Some(Scalar::Float(integer as f64)),
        // Whole numbers beyond 63 bits are integers to go-yaml, and floats in this tree.
        ("int", Scalar::Float(number)) if number.fract() == 0.0 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(value)
        }
        ("bool" | "int" | "float" | "null", _) => None,
        _ => Some(Scalar::Text),
    }
}

/// The text of a `!!binary` scalar; bytes that are no UTF-8 become U+FFFD, as Go's JSON writes them.
pub(super) fn binary(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut digits, mut padding) = (0u32, 0u32, 0u32);
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        let value = match byte {
            b'=' if digits >= 2 => {
                padding += 1;
                0
            }
            _ => crate::base64::digit(byte)?,
        };
        if padding > 0 && byte != b'=' {
            return None;
        }
        group = group << 6 | u32::from(value);
        digits += 1;
        if digits == 4 {
            let [_, a, b, c] = group.to_be_bytes();
            bytes.extend_from_slice(&[a, b, c][..3 - padding.min(3) as usize]);
            (group, digits) = (0, if padding > 0 { 5 } else { 0 });
        }
    }
    matches!(digits, 0 | 5).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Why two readers may disagree about a plain scalar, for a warning; `None` for what all read alike.
///
/// Base-60 numbers (`12:30`) and dates are text to Kubernetes, which is what their authors mean: no doubt.
pub(super) fn doubt(text: &str, value: Scalar) -> Option<String> {
    let reading = match value {
        Scalar::Null | Scalar::Text => return None,
        Scalar::Bool(value) => {
            if text.eq_ignore_ascii_case(if value { "true" } else { "false" }) {
                return None;
            }
            format!("the boolean {value}")
        }
        Scalar::Int(value) => {
            if !is_doubtful_integer(text, value) {
                return None;
            }
            format!("the number {value}")
        }
        Scalar::Float(value) => {
            let digits = text.trim_start_matches(['+', '-']);
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
            let exponent = !digits.contains('.') && digits.bytes().any(|byte| matches!(byte, b'e' | b'E'));
            if whole && !digits.starts_with('0') {
                return Some(format!("`{text}` does not fit 64 bits, so digits are lost; quote it to keep it as text"));
            }
            if !(whole || exponent || digits.contains('_')) {
                return None;
            }
            format!("the number {}", super::emit::float(value))
        }
    };
    Some(format!("Kubernetes reads `{text}` as {reading}, other YAML readers do not; quote it, or write what you mean"))
}

fn is_doubtful_integer(text: &str, value: i64) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    if text.contains('_') {
        return true;
    }
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => false,
        [b'0', b'o' | b'O' | b'b' | b'B', ..] => true,
        // `07` is seven to everyone; `010` is eight here and ten there.
        [b'0', _, ..] => digits.parse::<u64>().ok() != Some(value.unsigned_abs()),
        _ => false,
    }
}

/// The text a key becomes in JSON; Go writes float keys with the digits of a 32-bit float.
pub(super) fn key(value: Scalar) -> Option<String> {
    match value {
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Int(value) => Some(value.to_string()),
        Scalar::Float(value) => {
            #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml formats keys with bit size 32")]
            let value = value as f32;
            Some(super::emit::go_float(format!("{value}"), &format!("{value:e}")))
        }
        Scalar::Null | Scalar::Text => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_go_yaml_v2_reads() {
        let cases = [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("Null", Scalar::Null),
            ("nULL", Scalar::Text),
            ("y", Scalar::Bool(true)),
            ("On", Scalar::Bool(true)),
            ("oN", Scalar::Text),
            ("no", Scalar::Bool(false)),
            ("OFF", Scalar::Bool(false)),
            ("0", Scalar::Int(0)),
            ("-0", Scalar::Int(0)),
            ("00", Scalar::Int(0)),
            ("0755", Scalar::Int(493)),
            ("-0755", Scalar::Int(-493)),
            ("0o755", Scalar::Int(493)),
            ("0x1F", Scalar::Int(31)),
            ("-0x1f", Scalar::Int(-31)),
            ("0b101", Scalar::Int(5)),
            ("-0b11", Scalar::Int(-3)),
            ("1_000", Scalar::Int(1000)),
            ("0_", Scalar::Int(0)),
            ("+12", Scalar::Int(12)),
            ("+-12", Scalar::Text),
            ("--12", Scalar::Text),
            ("0x", Scalar::Text),
            ("0x-1", Scalar::Text),
            ("0b12", Scalar::Text),
            ("089", Scalar::Float(89.0)),
            ("9223372036854775807", Scalar::Int(i64::MAX)),
            ("-9223372036854775808", Scalar::Int(i64::MIN)),
            ("18446744073709551615", Scalar::Float(18_446_744_073_709_551_615.0)),
            ("18446744073709551616", Scalar::Float(18_446_744_073_709_551_616.0)),
            ("1e3", Scalar::Float(1000.0)),
            ("1.", Scalar::Float(1.0)),
            (".5", Scalar::Float(0.5)),
            ("-.5", Scalar::Float(-0.5)),
            (".5_0", Scalar::Text),
            (".", Scalar::Text),
            ("-", Scalar::Text),
            ("1e", Scalar::Text),
            ("1e999", Scalar::Text),
            (".inf", Scalar::Float(f64::INFINITY)),
            ("-.INF", Scalar::Float(f64::NEG_INFINITY)),
            ("inf", Scalar::Text),
            ("1.2.3", Scalar::Text),
            ("12:30:45", Scalar::Text),
            ("2024-01-01", Scalar::Text),
            ("100m", Scalar::Text),
            ("1é", Scalar::Text),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text}");
        }
        assert!(matches!(resolve(".NaN"), Scalar::Float(value) if value.is_nan()));
    }

    #[test]
    fn doubts_are_about_readings_that_differ() {
        for text in ["yes", "on", "N", "0755", "0o7", "0b1", "1_000", "1e3", "089", "99999999999999999999"] {
            assert!(doubt(text, resolve(text)).is_some(), "{text}");
        }
        for text in
            ["true", "False", "TRUE", "07", "0", "10", "0x1F", "1.5", "1.5e3", "12:30", "~", "null", ".inf", "yess"]
        {
            assert_eq!(doubt(text, resolve(text)), None, "{text}");
        }
        assert!(doubt("0755", resolve("0755")).unwrap().contains("the number 493"));
    }

    #[test]
    fn tags_decide_and_disagree() {
        assert_eq!(tagged("str", "5"), Some(Scalar::Text));
        assert_eq!(tagged("int", "5"), Some(Scalar::Int(5)));
        assert_eq!(tagged("float", "5"), Some(Scalar::Float(5.0)));
        assert_eq!(tagged("bool", "yes"), Some(Scalar::Bool(true)));
        assert_eq!(tagged("int", "1.5"), None);
        assert_eq!(tagged("null", "x"), None);
        assert_eq!(tagged("timestamp", "2024-01-01"), Some(Scalar::Text));
    }

    #[test]
    fn binary_is_base64() {
        assert_eq!(binary("aGVs\nbG8=").as_deref(), Some("hello"));
        assert_eq!(binary("aGk=").as_deref(), Some("hi"));
        assert_eq!(binary("aA==").as_deref(), Some("h"));
        assert_eq!(binary("").as_deref(), Some(""));
        for bad in ["a", "aa", "aaa", "a===", "====", "aA==aA==", "a b=", "aA=a"] {
            assert_eq!(binary(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_become_json_text() {
        assert_eq!(key(Scalar::Bool(true)).as_deref(), Some("true"));
        assert_eq!(key(Scalar::Int(-3)).as_deref(), Some("-3"));
        assert_eq!(key(Scalar::Float(0.1)).as_deref(), Some("0.1"));
        assert_eq!(key(Scalar::Float(1e21)).as_deref(), Some("1e+21"));
        assert_eq!(key(Scalar::Float(f64::INFINITY)).as_deref(), Some(".inf"));
    }
}
