//! What a suppression in a comment or an annotation says: `<id>[,<id>…] reason="…" [key=value …]`.
//!
//! Owns the grammar and the keys. Where such text is found, and what it covers, is left to
//! [`inline`](super::inline) and [`annotations`](super::annotations).

use std::sync::Arc;

use crate::nearest::suggest;
use crate::workspace::{Date, Marked, ObjectPattern};
use crate::yaml::Mark;

/// The keys after the ids.
const KEYS: [&str; 7] = ["reason", "owner", "expires", "container", "pointer", "object", "environments"];

/// One suppression as written, of one or more policies.
#[derive(Debug, Clone, Default)]
pub(super) struct Directive {
    /// The ids, each with its place in the text.
    pub(super) policies: Vec<(Arc<str>, usize)>,
    pub(super) reason: Arc<str>,
    pub(super) owner: Option<Arc<str>>,
    pub(super) expires: Option<Date>,
    pub(super) container: Option<Arc<str>>,
    pub(super) pointer: Option<Arc<str>>,
    pub(super) object: Option<ObjectPattern>,
    /// The only environments, each with its place in the text.
    pub(super) environments: Option<Vec<(Arc<str>, usize)>>,
}

/// What is wrong with the text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Byte offset in the text.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) help: String,
}

impl Directive {
    /// The same, its places counted from further ahead.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let environments = self.environments.iter_mut().flatten();
        self.policies.iter_mut().chain(environments).for_each(|(_, at)| *at += by);
        self
    }
}

impl Mistake {
    /// The same, its place counted from further ahead.
    pub(super) fn moved(mut self, by: usize) -> Self {
        self.at += by;
        self
    }
}

/// A value and where it begins.
struct Value {
    text: String,
    at: usize,
}

impl Directive {
    /// Reads the text that follows `ignore=`, or the line of an annotation.
    pub(super) fn read(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader { text, at: 0 };
        reader.skip_space();
        let ids = reader.value("the policy")?;
        let mut directive = Self { policies: words(&ids, "a policy")?, ..Self::default() };
        let mut seen: Vec<String> = Vec::new();
        while let Some((key, key_at)) = reader.key()? {
            if !KEYS.contains(&key.as_str()) {
                let help = suggest(&key, KEYS);
                return Err(mistake(key_at, format!("a suppression has no key `{key}`"), help));
            }
            if seen.contains(&key) {
                return Err(mistake(key_at, format!("`{key}` is given twice"), "take one of them out"));
            }
            let value = reader.value(&format!("`{key}`"))?;
            directive.set(&key, &value)?;
            seen.push(key);
        }
        if directive.reason.is_empty() {
            let help = "say why the finding may stay: `reason=\"…\"`";
            return Err(mistake(ids.at, "a suppression needs `reason`".to_owned(), help));
        }
        Ok(directive)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Mistake> {
        let text: Arc<str> = value.text.trim().into();
        let wrong = |message: String, help: &str| Err(mistake(value.at, message, help));
        match key {
            "reason" => self.reason = text,
            "owner" => self.owner = Some(text),
            "container" => self.container = Some(text),
            "environments" => self.environments = Some(words(value, "an environment")?),
            "expires" => match Date::parse(&text) {
                Some(date) => self.expires = Some(date),
                None => return wrong(format!("`{text}` is no day"), "write the last day as in `2027-03-31`"),
            },
            "pointer" if !text.starts_with('/') => {
                let help = "write a JSON pointer as in `/spec/replicas`";
                return wrong("the pointer does not begin with `/`".to_owned(), help);
            }
            "pointer" => self.pointer = Some(text),
            // The last of the keys.
            _ => match ObjectPattern::parse(&Marked { value: text.clone(), mark: Mark::default() }) {
                Ok(object) => self.object = Some(object),
                Err(why) => {
                    let help = "write `namespace/Kind/name` or `Kind/name`; each part may be a glob";
                    return wrong(format!("`{text}` names no objects: {why}"), help);
                }
            },
        }
        Ok(())
    }
}

/// The parts of a value between commas.
fn words(value: &Value, what: &str) -> Result<Vec<(Arc<str>, usize)>, Mistake> {
    let mut at = value.at;
    let mut words = Vec::new();
    for word in value.text.split(',') {
        if word.trim().is_empty() {
            let help = "separate them by commas without spaces";
            return Err(mistake(at, format!("the name of {what} is missing"), help));
        }
        words.push((word.trim().into(), at));
        at += word.len() + 1;
    }
    Ok(words)
}

fn mistake(at: usize, message: String, help: impl Into<String>) -> Mistake {
    Mistake { at, message, help: help.into() }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// The next key, with its `=` behind it; nothing at the end.
    fn key(&mut self) -> Result<Option<(String, usize)>, Mistake> {
        self.skip_space();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let start = self.at;
        let end = self.rest().find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(self.rest().len());
        let key = self.rest()[..end].to_owned();
        if key.is_empty() || !self.rest()[end..].starts_with('=') {
            let word: String = self.rest().split_whitespace().next().unwrap_or_default().chars().take(40).collect();
            let help = "write `key=value`, and put a value with spaces into quotes: `reason=\"…\"`";
            return Err(mistake(start, format!("`{word}` is not `key=value`"), help));
        }
        self.at += end + 1;
        Ok(Some((key, start)))
    }

    /// A bare word, or text in quotes, in which a backslash keeps a quote or a backslash from counting.
    fn value(&mut self, what: &str) -> Result<Value, Mistake> {
        let start = self.at;
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            let end = self.rest().find(char::is_whitespace).unwrap_or(self.rest().len());
            let text = self.rest()[..end].to_owned();
            self.at += end;
            return if text.is_empty() { Err(empty(start, what)) } else { Ok(Value { text, at: start }) };
        };
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character == quote {
                let end = self.at + at + 1;
                if self.text[end..].chars().next().is_some_and(|next| !next.is_whitespace()) {
                    let help = "leave a space behind the quote, or write `\\` before a quote that belongs to the text";
                    return Err(mistake(end, "something follows the closing quote".to_owned(), help));
                }
                self.at = end;
                let blank = text.trim().is_empty();
                return if blank { Err(empty(start, what)) } else { Ok(Value { text, at: start + 1 }) };
            }
            match characters.next_if(|(_, next)| character == '\\' && (*next == quote || *next == '\\')) {
                Some((_, escaped)) => text.push(escaped),
                None => text.push(character),
            }
        }
        Err(mistake(
            start,
            format!("the quote before the value of {what} is not closed"),
            format!("close it with {quote}"),
        ))
    }
}

fn empty(at: usize, what: &str) -> Mistake {
    mistake(at, format!("{what} is empty"), "write a value behind the `=`, or take the key out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let text = r#"rbac/wildcard,images/not-pinned reason="the \"card\" network" owner=payments expires=2027-03-31
            container='a b' pointer=/spec object=shop/Role/* environments=staging,dr"#;
        let directive = Directive::read(text).unwrap();
        let names = |list: &[(Arc<str>, usize)]| list.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&directive.policies), ["rbac/wildcard", "images/not-pinned"]);
        assert_eq!(directive.policies[1].1, 14);
        assert_eq!((&*directive.reason, directive.owner.as_deref()), ("the \"card\" network", Some("payments")));
        assert_eq!(directive.expires.unwrap().to_string(), "2027-03-31");
        assert_eq!((directive.container.as_deref(), directive.pointer.as_deref()), (Some("a b"), Some("/spec")));
        assert!(directive.object.unwrap().matches(Some("shop"), "Role", "cart"));
        let environments = directive.environments.unwrap();
        assert_eq!(names(&environments), ["staging", "dr"]);
        assert_eq!(&text[environments[1].1..], "dr");
    }

    #[test]
    fn a_mistake_has_its_place_and_a_way_out() {
        for (text, at, message) in [
            ("", 0, "the policy is empty"),
            ("a/b", 0, "a suppression needs `reason`"),
            ("a/b reason=", 11, "`reason` is empty"),
            ("a/b reason=\"  \"", 11, "`reason` is empty"),
            ("a/b reason=\"open", 11, "the quote before the value of `reason` is not closed"),
            ("a/b reason='it\\'", 11, "is not closed"),
            ("a/b reason=\"a\"b", 14, "something follows the closing quote"),
            ("a/b reason=card network", 16, "`network` is not `key=value`"),
            ("a/b =x", 4, "`=x` is not `key=value`"),
            ("a/b resaon=x", 4, "a suppression has no key `resaon`"),
            ("a/b reason=x reason=y", 13, "`reason` is given twice"),
            ("a/b reason=x expires=2027-02-31", 21, "`2027-02-31` is no day"),
            ("a/b reason=x expires=soon", 21, "`soon` is no day"),
            ("a/b reason=x pointer=spec", 21, "does not begin with `/`"),
            ("a/b reason=x object=cart", 20, "`cart` names no objects"),
            ("a/b,,c/d reason=x", 4, "the name of a policy is missing"),
            ("a/b reason=x environments=dr,", 29, "the name of an environment is missing"),
        ] {
            let mistake = Directive::read(text).unwrap_err();
            assert!(mistake.message.contains(message), "{text}: {mistake:?}");
            assert_eq!(mistake.at, at, "{text}: {mistake:?}");
            assert!(!mistake.help.is_empty());
        }
        assert_eq!(Directive::read("a/b resaon=x").unwrap_err().help, "did you mean `reason`?");
    }
}
