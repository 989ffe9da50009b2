//! Recorded exceptions as `plimsoll.yaml` writes them. Applying them to findings is `finding`'s business.

use std::fmt;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use super::decode::{Decoder, Marked, Text};
use crate::yaml::{Mark, Node};

/// A recorded exception from one policy.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Where it stands.
    pub mark: Mark,
    /// The policy's id.
    pub policy: Text,
    /// Which objects.
    pub object: ObjectPattern,
    /// Why.
    pub reason: Text,
    /// Who answers for it; a group, not a person.
    pub owner: Text,
    /// The last day on which it holds.
    pub expires: Marked<Date>,
    /// The only container it holds for.
    pub container: Option<Text>,
    /// The only JSON pointer it holds for, itself and below.
    pub pointer: Option<Text>,
    /// The only environments it holds in.
    pub environments: Option<Vec<Text>>,
}

/// `namespace/Kind/name` or `Kind/name`, each part a glob.
///
/// Without a namespace it means objects of any namespace and of none.
#[derive(Debug, Clone)]
pub struct ObjectPattern {
    /// As written.
    pub text: Text,
    namespace: Option<GlobMatcher>,
    kind: GlobMatcher,
    name: GlobMatcher,
}

/// A calendar day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year, as 2027.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// Reads `2027-03-31`; nothing if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return None };
        if (year.len(), month.len(), day.len()) != (4, 2, 2) || ![year, month, day].into_iter().all(digits) {
            return None;
        }
        let (year, month, day) = (year.parse::<u16>().ok()?, month.parse().ok()?, day.parse().ok()?);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        (1..=last).contains(&day).then_some(Self { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl ObjectPattern {
    /// Whether the object is meant.
    pub fn matches(&self, namespace: Option<&str>, kind: &str, name: &str) -> bool {
        self.kind.is_match(kind)
            && self.name.is_match(name)
            && self.namespace.as_ref().is_none_or(|glob| namespace.is_some_and(|namespace| glob.is_match(namespace)))
    }

    pub(crate) fn parse(text: &Text) -> Result<Self, String> {
        let glob = |part: &str| {
            let built = GlobBuilder::new(part).literal_separator(true).build();
            built.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
        };
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, kind, name) = match parts[..] {
            [kind, name] => (None, kind, name),
            [namespace, kind, name] => (Some(namespace), kind, name),
            _ => return Err("it has neither two nor three parts".to_owned()),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err("a part is empty".to_owned());
        }
        let namespace = namespace.map(glob).transpose()?;
        Ok(Self { text: text.clone(), namespace, kind: glob(kind)?, name: glob(name)? })
    }
}

pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<Suppression> {
    let mut fields = d.fields(node, "a suppression")?;
    let mark = fields.mark;
    let mut required = |d: &mut Decoder<'_>, key: &'static str| {
        let node = d.required(&mut fields, key)?;
        d.text(node, &format!("`{key}`"))
    };
    let policy = required(d, "policy");
    let object = required(d, "object");
    let reason = required(d, "reason");
    let owner = required(d, "owner");
    let expires = required(d, "expires");
    let container = fields.get("container").and_then(|node| d.text(node, "`container`"));
    let pointer = fields.get("pointer").and_then(|node| d.text(node, "`pointer`"));
    let environments = fields.get("environments").map(|node| d.texts(Some(node), "an environment"));
    d.finish(fields);
    let object = object.and_then(|text| match ObjectPattern::parse(&text) {
        Ok(object) => Some(object),
        Err(why) => {
            let help = "write `namespace/Kind/name` or `Kind/name`; each part may be a glob";
            d.fail(text.mark, format!("`{}` names no objects: {why}", text.value), help);
            None
        }
    });
    let expires = expires.and_then(|text| {
        let date = Date::parse(&text);
        if date.is_none() {
            d.fail(text.mark, format!("`{}` is no day", text.value), "write the last day as in `2027-03-31`");
        }
        date.map(|value| Marked { value, mark: text.mark })
    });
    if let Some(pointer) = pointer.as_ref().filter(|pointer| !pointer.starts_with('/')) {
        d.fail(pointer.mark, "the pointer does not begin with `/`", "write a JSON pointer as in `/spec/replicas`");
    }
    Some(Suppression {
        mark,
        policy: policy?,
        object: object?,
        reason: reason?,
        owner: owner?,
        expires: expires?,
        container,
        pointer,
        environments,
    })
}

impl Suppression {
    /// Whether it holds in an environment.
    pub fn holds_in(&self, environment: &str) -> bool {
        self.environments.as_ref().is_none_or(|names| names.iter().any(|name| name.as_str() == environment))
    }

    /// The day as text, for messages.
    pub fn expiry(&self) -> Arc<str> {
        self.expires.value.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_exist() {
        assert_eq!(Date::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
        for bad in
            ["2027-02-29", "2027-13-01", "2027-00-10", "2027-04-31", "27-04-01", "2027-4-1", "tomorrow", "+027-04-01"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert!(Date::parse("2027-03-31") < Date::parse("2027-04-01"));
    }

    #[test]
    fn objects_by_glob() {
        let parse = |text: &str| ObjectPattern::parse(&Marked { value: text.into(), mark: Mark::default() });
        let exact = parse("shop/Deployment/payments").unwrap();
        assert!(exact.matches(Some("shop"), "Deployment", "payments"));
        assert!(!exact.matches(Some("other"), "Deployment", "payments"));
        assert!(!exact.matches(None, "Deployment", "payments"));
        let any = parse("Cluster*/*-reader").unwrap();
        assert!(any.matches(None, "ClusterRole", "log-reader"));
        assert!(any.matches(Some("x"), "ClusterRole", "log-reader"));
        for bad in ["Deployment", "a/b/c/d", "a//b", "", "[/x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
