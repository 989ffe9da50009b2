//! From a tree that a person wrote to typed values, with every mistake at its line.
//!
//! Reads `plimsoll.yaml` and `images.lock`, and what values declare to the library.
//!
//! A derived deserializer stops at the first mistake and forgets where things stood. Here every mistake
//! of the file is found in one go, and what is right is kept: the keys of a mapping are asked for one by
//! one, and those nobody asked for are unknown.

use std::ops::Deref;
use std::sync::Arc;

use crate::nearest::suggest;
use crate::problems::Problems;
use crate::yaml::{Data, Entry, Map, Mark, Node};
use crate::{Error, ErrorKind, Location};

/// A value and where it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marked<T> {
    /// The value.
    pub value: T,
    /// Where it starts.
    pub mark: Mark,
}

impl<T> Deref for Marked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Text of a configuration with its place.
pub type Text = Marked<Arc<str>>;

impl Marked<Arc<str>> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

/// Makes a location from a mark in `file`.
pub(crate) fn location(file: &Arc<str>, mark: Mark) -> Location {
    if mark.line == 0 { Location::file(file.clone()) } else { Location::at(file.clone(), mark.line, mark.column) }
}

/// Reads one tree and collects what is wrong with it.
pub(crate) struct Decoder<'a> {
    /// Where a mark of the tree stands.
    pub(crate) place: &'a dyn Fn(Mark) -> Option<Location>,
    /// What kind of mistake it is.
    pub(crate) kind: ErrorKind,
    pub(crate) problems: &'a mut Problems,
}

/// A mapping that is being read: remembers which keys were asked for.
pub(crate) struct Fields<'n> {
    map: &'n Map,
    asked: Vec<&'static str>,
    what: &'static str,
    pub(crate) mark: Mark,
}

impl<'n> Fields<'n> {
    /// The value of a key; null counts as not written.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.map.get(key).filter(|node| !node.is_null())
    }
}

impl Decoder<'_> {
    pub(crate) fn fail(&mut self, mark: Mark, message: impl Into<String>, help: impl Into<String>) {
        let error = Error::new(self.kind, message).with_help(help);
        self.problems.add(match (self.place)(mark) {
            Some(location) => error.with_location(location),
            None => error,
        });
    }

    fn mistyped(&mut self, node: &Node, what: &str, expected: &str) {
        let help = match node.data {
            Data::Bool(_) | Data::Int(_) | Data::Float(_) if expected == "text" => {
                "without quotes it reads as something else: put it in quotes".to_owned()
            }
            _ => format!("write {expected} here"),
        };
        self.fail(node.mark, format!("{what} is {}, not {expected}", a_type(node)), help);
    }

    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        let Some(map) = node.as_map() else {
            self.mistyped(node, what, "a map");
            return None;
        };
        Some(Fields { map, asked: Vec::new(), what, mark: node.mark })
    }

    /// Complains about the keys nobody asked for.
    #[expect(clippy::needless_pass_by_value, reason = "no key may be asked for afterwards")]
    pub(crate) fn finish(&mut self, fields: Fields<'_>) {
        for entry in fields.map {
            if !fields.asked.iter().any(|key| *key == &*entry.key) {
                let help = suggest(&entry.key, fields.asked.iter().copied());
                self.fail(entry.mark, format!("{} has no key `{}`", fields.what, entry.key), help);
            }
        }
    }

    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        match node.as_str() {
            Some("") => {
                self.fail(node.mark, format!("{what} is empty"), "write a text, or leave the key out");
                None
            }
            Some(text) => Some(Marked { value: text.into(), mark: node.mark }),
            None => {
                self.mistyped(node, what, "text");
                None
            }
        }
    }

    /// Text, or a number or boolean as its JSON text: for what only ever is put into other text.
    pub(crate) fn scalar(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = scalar_text(node);
        if text.is_none() {
            self.mistyped(node, what, "text");
        }
        text
    }

    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        let flag = node.as_bool();
        if flag.is_none() {
            self.mistyped(node, what, "true or false");
        }
        flag
    }

    pub(crate) fn count(&mut self, node: &Node, what: &str) -> Option<u32> {
        let count = node.as_int().and_then(|value| u32::try_from(value).ok());
        if count.is_none() {
            self.mistyped(node, what, "a whole number from 0");
        }
        count
    }

    pub(crate) fn list<T>(
        &mut self,
        node: Option<&Node>,
        what: &str,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        match node.map(|node| (node, &node.data)) {
            None => Vec::new(),
            Some((_, Data::Seq(items))) => items.iter().filter_map(|item| read(self, item)).collect(),
            Some((node, _)) => {
                self.mistyped(node, what, "a list");
                Vec::new()
            }
        }
    }

    pub(crate) fn texts(&mut self, node: Option<&Node>, what: &str) -> Vec<Text> {
        self.list(node, what, |decoder, item| decoder.text(item, what))
    }

    /// The entries of a mapping with keys of the user's own choice.
    pub(crate) fn entries<'n>(&mut self, node: Option<&'n Node>, what: &str) -> &'n [Entry] {
        match node {
            None => &[],
            Some(node) if node.as_map().is_some() => node.entries(),
            Some(node) => {
                self.mistyped(node, what, "a map");
                &[]
            }
        }
    }

    /// One of a fixed set of words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&'static str, T)]) -> Option<Marked<T>> {
        let text = self.text(node, what)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.as_str()) {
            return Some(Marked { value: *value, mark: node.mark });
        }
        let help = suggest(&text, words.iter().map(|(word, _)| *word));
        self.fail(node.mark, format!("`{}` is no {what}", text.as_str()), help);
        None
    }

    /// The value of a key that must be there.
    pub(crate) fn required<'n>(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Option<&'n Node> {
        let node = fields.get(key);
        self.require(node, fields.mark, fields.what, key)
    }

    /// Complains that something that must be there is not.
    pub(crate) fn require<T>(&mut self, value: Option<T>, mark: Mark, what: &str, key: &str) -> Option<T> {
        if value.is_none() {
            self.fail(mark, format!("{what} needs `{key}`"), format!("add `{key}`"));
        }
        value
    }
}

/// What JSON calls its type, with an article.
pub(crate) fn a_type(node: &Node) -> String {
    let name = node.type_name();
    format!("{} {name}", if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

/// The key and its place.
pub(crate) fn key(entry: &Entry) -> Text {
    Marked { value: entry.key.clone(), mark: entry.mark }
}

/// A scalar as its JSON text, a string as it is.
pub(crate) fn scalar_text(node: &Node) -> Option<String> {
    match &node.data {
        Data::String(text) => Some(text.to_string()),
        Data::Bool(value) => Some(value.to_string()),
        Data::Int(value) => Some(value.to_string()),
        Data::Float(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The keys of a dotted path; `\.` is a dot inside a key, as in `--set`.
pub(crate) fn dotted(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '.' => keys.push(String::new()),
            '\\' => keys.last_mut().map(|key| key.extend(letters.next())).unwrap_or_default(),
            letter => keys.last_mut().map(|key| key.push(letter)).unwrap_or_default(),
        }
    }
    keys.retain(|key| !key.is_empty());
    keys
}

/// The JSON pointer (RFC 6901) of a path of keys.
pub(crate) fn pointer<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    keys.into_iter().fold(String::new(), |mut pointer, key| {
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        pointer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_paths_and_pointers() {
        assert_eq!(dotted("a.b\\.c.d"), ["a", "b.c", "d"]);
        assert_eq!(dotted(""), Vec::<String>::new());
        assert_eq!(pointer(["a/b", "c~d"]), "/a~1b/c~0d");
    }
}
