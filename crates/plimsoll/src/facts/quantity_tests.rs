//! Facts of apimachinery's `quantity_test.go`, carried over as data, and laws of arithmetic.

use proptest::prelude::*;

use super::*;

const D: Format = Format::Decimal;
const B: Format = Format::Binary;
const X: Format = Format::Exponent;

/// Text, digits and power of ten of the amount, format.
const PARSED: &[(&str, i128, i32, Format)] = &[
    ("0", 0, 0, D),
    ("0n", 0, 0, D),
    ("0u", 0, 0, D),
    ("0m", 0, 0, D),
    ("0Ki", 0, 0, B),
    ("0k", 0, 0, D),
    ("0Ti", 0, 0, B),
    ("1", 1, 0, D),
    ("1Ki", 1024, 0, B),
    ("8Ki", 8 << 10, 0, B),
    ("7Mi", 7 << 20, 0, B),
    ("6Gi", 6 << 30, 0, B),
    ("5Ti", 5 << 40, 0, B),
    ("4Pi", 4 << 50, 0, B),
    ("3Ei", 3 << 60, 0, B),
    ("100Ti", 100 << 40, 0, B),
    ("5n", 5, -9, D),
    ("4u", 4, -6, D),
    ("3m", 3, -3, D),
    ("9", 9, 0, D),
    ("8k", 8, 3, D),
    ("50k", 5, 4, D),
    ("7M", 7, 6, D),
    ("6G", 6, 9, D),
    ("40T", 4, 13, D),
    ("300T", 3, 14, D),
    ("2P", 2, 15, D),
    ("1E", 1, 18, D),
    ("1E-3", 1, -3, X),
    ("1e3", 1, 3, X),
    ("1E6", 1, 6, X),
    ("1E18", 1, 18, X),
    ("1e14", 1, 14, X),
    ("100.035k", 100_035, 0, D),
    ("0.001", 1, -3, D),
    ("0.0005k", 5, -1, D),
    ("0.00050k", 5, -1, D),
    ("0.50000", 5, -1, D),
    ("0.5e0", 5, -1, X),
    ("0.5e-2", 5, -3, X),
    ("10.035M", 10_035, 3, D),
    ("1.2e3", 12, 2, X),
    ("1.3E+6", 13, 5, X),
    ("1.53E12", 153, 10, X),
    ("1.7E18", 17, 17, X),
    ("9.01", 901, -2, D),
    ("6.987654321G", 6_987_654_321, 0, D),
    ("300.2T", 3002, 11, D),
    ("1.01E", 101, 16, D),
    ("3.001n", 4, -9, D),
    ("1.1E-9", 2, -9, X),
    ("0.0000000001", 1, -9, D),
    ("0.00000000050", 1, -9, D),
    ("0.5e-9", 1, -9, X),
    ("0.9n", 1, -9, D),
    ("0.00000012345", 124, -9, D),
    ("0.00000012354", 124, -9, D),
    ("9Ei", i64::MAX as i128, 0, B),
    ("9223372036854775807Ki", i64::MAX as i128, 0, B),
    ("12E", 12, 18, D),
    ("100.035Ki", 10_243_584, -2, B),
    ("0.5Mi", 512 << 10, 0, B),
    ("0.05Gi", 536_870_912, -1, B),
    ("0.025Ti", 274_877_906_944, -1, B),
    ("0.000000000001Ki", 2, -9, D),
    (".001", 1, -3, D),
    (".0001k", 100, -3, D),
    ("1.", 1, 0, D),
    ("1.G", 1, 9, D),
];

fn parse(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn amounts_and_formats_are_apimachinery_s() {
    for (text, digits, power, format) in PARSED {
        let nanos = digits * 10i128.pow(u32::try_from(power + 9).unwrap());
        for (text, nanos) in [((*text).to_owned(), nanos), (format!("+{text}"), nanos), (format!("-{text}"), -nanos)] {
            let quantity = parse(&text);
            assert_eq!(quantity.nanos(), nanos, "{text}");
            assert_eq!(quantity.format(), *format, "{text}");
        }
    }
}

#[test]
fn malformed_texts_are_refused_with_a_reason() {
    let cases = [
        "",
        "1.1.M",
        "1+1.0M",
        "0.1mi",
        "0.1am",
        "aoeu",
        ".5i",
        "1i",
        "-3.01i",
        "-3.01e-",
        " 1",
        "1 ",
        "1e",
        "1e+",
        "m",
        "-",
        ".",
        "Ki",
        "1 Mi",
        "1,5",
        "1__0",
        "0x10",
        "1e99999999999",
        "1٣",
        "--1",
        "1Kib",
        "５",
    ];
    for text in cases {
        assert!(Quantity::parse(text).is_err(), "{text:?}");
    }
    assert!(Quantity::parse("128mi").unwrap_err().to_string().contains("`Mi` is meant"));
    assert!(Quantity::parse("128MB").unwrap_err().to_string().contains("`M` is meant"));
    assert!(Quantity::parse("1e40").unwrap_err().to_string().contains("too large"));
    assert!(Quantity::parse(&"9".repeat(100_000)).unwrap_err().to_string().len() < 200);
    assert_eq!(parse(&format!("0.{}1", "0".repeat(100_000))).nanos(), 1);
    assert_eq!(parse(&format!("{}1", "0".repeat(100_000))).nanos(), NANOS);
    assert_eq!(parse("1e-2000000000").nanos(), 1);
    assert_eq!(parse("0e2000000000").nanos(), 0);
}

#[test]
fn canonical_forms() {
    let cases = [
        ("1.5", "1500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("0.5Mi", "512Ki"),
        ("1000m", "1"),
        ("2000m", "2"),
        ("0.1", "100m"),
        ("1000", "1k"),
        ("100", "100"),
        ("1e3", "1e3"),
        ("12000e3", "12e6"),
        ("1500e-3", "1500e-3"),
        ("0Gi", "0"),
        ("512Ki", "512Ki"),
        ("0.5Ki", "512"),
        ("1.0001Ki", "1024102400u"),
        ("-1Gi", "-1Gi"),
        ("1000E", "1000E"),
        ("3.001n", "4n"),
        ("1024", "1024"),
        ("128974848", "128974848"),
        ("129e6", "129e6"),
        ("129M", "129M"),
        ("123Mi", "123Mi"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).to_string(), expected, "{text}");
        assert_eq!(parse(expected), parse(text), "{text}");
    }
}

#[test]
fn zero_takes_the_other_s_format_and_nothing_overflows() {
    let zero = Quantity::default();
    for text in ["100m", "1Gi"] {
        assert_eq!(zero.saturating_add(parse(text)).to_string(), text);
        assert_eq!(parse(text).saturating_add(zero).to_string(), text);
        assert_eq!(zero.saturating_sub(parse(text)).to_string(), format!("-{text}"));
    }
    let most = parse("100000000000E");
    assert!(most.checked_mul(i64::MAX).is_none());
    assert_eq!(most.saturating_mul(i64::MAX).nanos(), i128::MAX);
    assert!(most.saturating_mul(i64::MAX).checked_add(most).is_none());
    assert_eq!(parse("250m").saturating_mul(3).to_string(), "750m");
    assert_eq!((parse("0.0015").millis(), parse("-1.5").units(), parse("1Ki").units()), (2, -2, 1024));
    assert!(parse("10000T") > parse("100Gi") && parse("50m") < parse("100m"));
}

proptest! {
    #[test]
    fn what_prints_reads_back(digits in any::<i32>(), point in 0usize..4, suffix in proptest::sample::select(vec![
        "", "n", "u", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "e3", "E-2", "e-9", "e0",
    ])) {
        let mut text = format!("{digits:05}");
        text.insert(text.len() - point, '.');
        let quantity = parse(&format!("{text}{suffix}"));
        prop_assert_eq!(parse(&quantity.to_string()), quantity);
    }

    #[test]
    fn no_text_panics(text in "[-+]?[0-9.]{0,50}[a-zA-Z]{0,3}[-+]?[0-9]{0,12}\\PC{0,2}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }
        let _ = suspicious("cpu", &text);
        let _ = suspicious("memory", &text);
    }
}
