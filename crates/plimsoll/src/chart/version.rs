//! Version ranges as Helm writes them, decided over [`semver`] versions.
//!
//! The grammar is that of the Go library Masterminds/semver 3, which differs from Cargo's: `1.2` means
//! `1.2.x`, `||` separates alternatives, `1.2 - 2.3` is a hyphen range, `>1.2` starts at `1.3.0`. A
//! pre-release is admitted only by alternatives that name one themselves.

use semver::{BuildMetadata, Prerelease, Version};

/// A set of versions.
#[derive(Debug, Clone)]
pub struct Range(Vec<Alternative>);

#[derive(Debug, Clone, Default)]
struct Alternative {
    bounds: Vec<Bound>,
    prereleases: bool,
}

#[derive(Debug, Clone)]
enum Bound {
    AtLeast(Version),
    Below(Version),
    /// Greater than exactly this one.
    Above(Version),
    AtMost(Version),
    /// Outside `[from, to)`.
    Not(Version, Version),
    Never,
}

/// A version of which the minor or patch number may be missing or a wildcard.
struct Partial {
    parts: [Option<u64>; 3],
    pre: Prerelease,
    /// Whether a part is `x` or `*`.
    wild: bool,
}

/// Reads a version the way Helm does: an optional `v`, one to three numbers.
pub(super) fn parse_version(text: &str) -> Option<Version> {
    Partial::parse(text).filter(|partial| !partial.wild).map(|partial| partial.floor())
}

impl Range {
    /// Reads a range; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        text.split("||").map(alternative).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether the range admits a version.
    pub fn admits(&self, version: &Version) -> bool {
        self.0.iter().any(|alternative| {
            (version.pre.is_empty() || alternative.prereleases)
                && alternative.bounds.iter().all(|bound| bound.admits(version))
        })
    }

    /// Whether the range admits a version given as text, such as `v1.2`.
    pub fn admits_text(&self, version: &str) -> bool {
        parse_version(version).is_some_and(|version| self.admits(&version))
    }
}

impl Bound {
    fn admits(&self, version: &Version) -> bool {
        // `cmp_precedence`: build metadata does not count.
        let against = |other: &Version| version.cmp_precedence(other);
        match self {
            Self::AtLeast(from) => against(from).is_ge(),
            Self::Below(to) => against(to).is_lt(),
            Self::Above(from) => against(from).is_gt(),
            Self::AtMost(to) => against(to).is_le(),
            Self::Not(from, to) => against(from).is_lt() || against(to).is_ge(),
            Self::Never => false,
        }
    }
}

fn alternative(text: &str) -> Option<Alternative> {
    let mut result = Alternative::default();
    if let Some((from, to)) = text.split_once(" - ") {
        clause(">=", from.trim(), &mut result)?;
        clause("<=", to.trim(), &mut result)?;
        return Some(result);
    }
    // Operators may stand apart from their version: `>= 1.2, < 2`.
    let mut operator = "";
    let mut any = false;
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        let split = word.find(|c: char| !"<>=!~^".contains(c)).unwrap_or(word.len());
        let (found, version) = word.split_at(split);
        if !found.is_empty() {
            if !operator.is_empty() {
                return None;
            }
            operator = found;
        }
        if version.is_empty() {
            continue;
        }
        clause(operator, version, &mut result)?;
        (operator, any) = ("", true);
    }
    (any && operator.is_empty()).then_some(result)
}

fn clause(operator: &str, text: &str, into: &mut Alternative) -> Option<()> {
    let version = Partial::parse(text)?;
    into.prereleases |= !version.pre.is_empty();
    let (floor, bounds) = (version.floor(), &mut into.bounds);
    if version.parts[0].is_none() {
        // `*` is everything, whatever stands before it, except what excludes it.
        if matches!(operator, "!=" | ">" | "<") {
            bounds.push(Bound::Never);
        }
        return Some(());
    }
    let whole = version.parts[2].is_some();
    match operator {
        "" | "=" | "==" if whole => bounds.extend([Bound::AtLeast(floor.clone()), Bound::AtMost(floor)]),
        "" | "=" | "==" | "~" | "~>" => bounds.extend([Bound::AtLeast(floor), Bound::Below(version.ceiling())]),
        "!=" if whole => bounds.push(Bound::Not(floor.clone(), after(&floor))),
        "!=" => bounds.push(Bound::Not(floor, version.ceiling())),
        ">" if whole => bounds.push(Bound::Above(floor)),
        ">" => bounds.push(Bound::AtLeast(version.ceiling())),
        ">=" | "=>" => bounds.push(Bound::AtLeast(floor)),
        "<" => bounds.push(Bound::Below(floor)),
        "<=" | "=<" if whole => bounds.push(Bound::AtMost(floor)),
        "<=" | "=<" => bounds.push(Bound::Below(version.ceiling())),
        "^" => bounds.extend([Bound::AtLeast(floor), Bound::Below(version.compatible())]),
        _ => return None,
    }
    Some(())
}

/// The smallest version above this one.
fn after(version: &Version) -> Version {
    let mut next = version.clone();
    if next.pre.is_empty() {
        next.patch = next.patch.saturating_add(1);
        next.pre = lowest();
    } else {
        next.pre = Prerelease::new(&format!("{}.0", next.pre)).unwrap_or_default();
    }
    next
}

/// `0` sorts before every other pre-release.
fn lowest() -> Prerelease {
    Prerelease::new("0").unwrap_or_default()
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        if build.is_some_and(|build| build.is_empty() || BuildMetadata::new(build).is_err()) {
            return None;
        }
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let pre = match pre {
            Some("") => return None,
            Some(pre) => Prerelease::new(pre).ok()?,
            None => Prerelease::EMPTY,
        };
        let (mut parts, mut wild) = ([None; 3], false);
        for (at, part) in numbers.split('.').enumerate() {
            let slot = parts.get_mut(at)?;
            if matches!(part, "x" | "X" | "*") {
                wild = true;
            } else if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            } else if !wild {
                *slot = Some(part.parse().ok()?);
            }
        }
        Some(Self { parts, pre, wild })
    }

    fn floor(&self) -> Version {
        let [major, minor, patch] = self.parts.map(Option::unwrap_or_default);
        Version { major, minor, patch, pre: self.pre.clone(), build: BuildMetadata::EMPTY }
    }

    /// The first version after everything that starts with the numbers given; `~1.2.3` ends at `1.3`.
    fn ceiling(&self) -> Version {
        let [major, minor, _] = self.parts;
        match (major.unwrap_or_default(), minor) {
            (major, Some(minor)) => Version::new(major, minor.saturating_add(1), 0),
            (major, None) => Version::new(major.saturating_add(1), 0, 0),
        }
    }

    /// The first version that may break what this one promises: the leftmost number that is not zero grows.
    fn compatible(&self) -> Version {
        match self.parts {
            [Some(0), Some(0), Some(patch)] => Version::new(0, 0, patch.saturating_add(1)),
            [Some(0), Some(minor), _] => Version::new(0, minor.saturating_add(1), 0),
            [major, ..] => Version::new(major.unwrap_or_default().saturating_add(1), 0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: &str, yes: &[&str], no: &[&str]) {
        let parsed = Range::parse(range).unwrap_or_else(|| panic!("{range}"));
        for version in yes {
            assert!(parsed.admits_text(version), "`{range}` should admit {version}");
        }
        for version in no {
            assert!(!parsed.admits_text(version), "`{range}` should not admit {version}");
        }
    }

    #[test]
    fn ranges_mean_what_helm_means() {
        check("1.2.3", &["1.2.3", "v1.2.3", "1.2.3+build"], &["1.2.4"]);
        check("1.2", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.9"]);
        check("1.x", &["1.0.0", "1.9.9"], &["2.0.0"]);
        check("*", &["0.0.1", "9.9.9"], &["1.0.0-rc.1"]);
        check(">=1 <2", &["1.0.0", "1.99.0"], &["2.0.0", "0.9.9"]);
        check(">= 1.2, < 2.0.0", &["1.2.0"], &["1.1.0", "2.0.0"]);
        check("^1.2", &["1.2.0", "1.9.0"], &["2.0.0", "1.1.0"]);
        check("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0"]);
        check("^0.0.3", &["0.0.3"], &["0.0.4"]);
        check("^0", &["0.9.0"], &["1.0.0"]);
        check("~1", &["1.9.0"], &["2.0.0"]);
        check("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]);
        check("~>2.1", &["2.1.5"], &["2.2.0"]);
        check("1.2 - 1.4", &["1.2.0", "1.4.9"], &["1.5.0"]);
        check("1.2.0 - 1.4.5", &["1.4.5"], &["1.4.6"]);
        check("^1 || ^3", &["1.1.0", "3.0.0"], &["2.0.0"]);
        check(">1.2", &["1.3.0"], &["1.2.9"]);
        check("<=1.2", &["1.2.9"], &["1.3.0"]);
        check("!=1.2.3", &["1.2.4", "1.2.2"], &["1.2.3"]);
        check("!=1.2.x", &["1.3.0"], &["1.2.7"]);
        check("v1.0.0", &["1.0.0"], &["1.0.1"]);
    }

    #[test]
    fn prereleases_are_admitted_only_when_named() {
        check(">=1.0.0", &["1.0.0"], &["1.1.0-beta.1"]);
        check(">=1.0.0-0", &["1.1.0-beta.1", "1.0.0"], &["0.9.0"]);
        check(">=1.0.0-0 <2", &["1.5.0-rc.1"], &["2.0.0"]);
        check("1.0.0-rc.1", &["1.0.0-rc.1"], &["1.0.0-rc.2", "1.0.0"]);
    }

    #[test]
    fn nonsense_is_not_a_range() {
        for text in
            ["", "latest", "1.2.3.4", ">", ">= ", "1..2", "^^1", "1.2.3-", "=>=1", "~ ^1", "18446744073709551616"]
        {
            assert!(Range::parse(text).is_none(), "{text}");
        }
        assert!(Range::parse("18446744073709551615").is_some());
        for text in ["", "x", "1.x", "1.2.3.4", "one"] {
            assert!(parse_version(text).is_none(), "{text}");
        }
        assert_eq!(parse_version("v1.2"), Some(Version::new(1, 2, 0)));
        assert!(parse_version("1.2.3-x").is_some());
    }
}
