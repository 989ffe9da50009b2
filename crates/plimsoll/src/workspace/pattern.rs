//! Text with `{placeholders}`, and paths among them that may be absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Text, a_type, scalar_text};
use super::environment::Environment;
use super::tier::Tier;
use crate::nearest::{nearest, suggest};
use crate::yaml::{Mark, Node};

/// The placeholders that have a meaning of their own; every other one is a variable of the environment.
pub const PLACEHOLDERS: [&str; 8] = ["environment", "tier", "release", "chart", "folder", "path", "key", "item"];

/// Text with placeholders such as `values/{release}/{environment}.yaml?`.
///
/// Braces around anything that is not a name, such as the alternatives `{a,b}` of a glob, stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As written, without the `?`.
    pub text: Arc<str>,
    /// Whether it ends in `?`: nothing may be there.
    pub optional: bool,
    /// Where it was written.
    pub mark: Mark,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(Arc<str>),
    Placeholder(Arc<str>),
}

/// What placeholders stand for at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) environment: &'a str,
    pub(super) tier: Tier,
    pub(super) vars: &'a BTreeMap<String, String>,
    pub(super) release: Option<&'a str>,
    pub(super) chart: Option<&'a str>,
    pub(super) folder: Option<&'a str>,
    pub(super) path: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) item: Option<&'a Node>,
}

/// Why a placeholder stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unbound {
    pub(super) message: String,
    pub(super) help: String,
    /// Whether an optional pattern may simply be absent for this reason.
    pub(super) absent: bool,
    /// Whether the item is at fault, not the pattern.
    pub(super) at_item: bool,
}

/// What happens to the characters that mean something in a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    Nothing,
    Glob,
}

impl Pattern {
    /// Text in which `?` means nothing in particular.
    pub(super) fn of_text(text: &Text) -> Self {
        Self { text: text.value.clone(), optional: false, mark: text.mark, pieces: pieces(text) }
    }

    /// A path; a `?` at its end makes it optional.
    pub(super) fn of_path(text: &Text) -> Self {
        let (path, optional) = text.strip_suffix('?').map_or((text.as_str(), false), |path| (path, true));
        Self { text: path.into(), optional, mark: text.mark, pieces: pieces(path) }
    }

    /// The text with `*` for every placeholder.
    pub(super) fn wildcards(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Placeholder(_) => "*".into(),
        };
        self.pieces.iter().map(|piece| text(piece).to_string()).collect()
    }

    /// The text with every placeholder replaced.
    pub(super) fn expand(&self, scope: &Scope<'_>, escape: Escape) -> Result<String, Unbound> {
        let mut out = String::with_capacity(self.text.len() + 16);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Placeholder(name) => {
                    let value = scope.lookup(name)?;
                    if escape == Escape::Glob {
                        out.push_str(&globset::escape(&value));
                    } else {
                        out.push_str(&value);
                    }
                }
            }
        }
        Ok(out)
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        literal.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let close = inside.find(['{', '}']).filter(|at| inside[*at..].starts_with('}') && is_name(&inside[..*at]));
        if let Some(close) = close {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
            }
            pieces.push(Piece::Placeholder(inside[..close].into()));
            rest = &inside[close + 1..];
        } else {
            literal.push('{');
            rest = inside;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal.into()));
    }
    pieces
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_alphanumeric() || "_.-".contains(letter))
}

impl<'a> Scope<'a> {
    /// What an environment binds by itself.
    pub(super) fn of(environment: &'a Environment) -> Self {
        Self {
            environment: &environment.name,
            tier: environment.tier,
            vars: &environment.vars,
            release: None,
            chart: None,
            folder: None,
            path: None,
            key: None,
            item: None,
        }
    }

    /// The same bindings in another environment.
    pub(super) fn within(self, environment: &'a Environment) -> Self {
        Self { environment: &environment.name, tier: environment.tier, vars: &environment.vars, ..self }
    }

    fn lookup(&self, name: &str) -> Result<std::borrow::Cow<'a, str>, Unbound> {
        let bound = |value: Option<&'a str>, from: &str| {
            value.map(Into::into).ok_or_else(|| Unbound {
                message: format!("`{{{name}}}` stands for nothing here"),
                help: format!("{from} binds it"),
                absent: true,
                at_item: false,
            })
        };
        match name {
            "environment" => Ok(self.environment.into()),
            "tier" => Ok(self.tier.name().into()),
            "release" => bound(self.release, "only a release's values, once its name is known,"),
            "chart" => bound(self.chart, "only a release's namespace and values, once its chart is known,"),
            "folder" | "path" => {
                let value = if name == "folder" { self.folder } else { self.path };
                bound(value, "only a release with a glob in `each`")
            }
            "key" => bound(self.key, "only a release whose `each` names a map in a file"),
            "item" => match self.item {
                None => bound(None, "only a release whose `each` names a list in a file"),
                Some(item) => scalar_text(item).map(Into::into).ok_or_else(|| Unbound {
                    message: format!("`{{item}}` is {}, which is no text", a_type(item)),
                    help: "name one of its members, as in `{item.name}`".into(),
                    absent: false,
                    at_item: false,
                }),
            },
            _ => match (name.strip_prefix("item."), self.vars.get(name)) {
                (Some(path), _) => self.member(path).map(Into::into),
                (None, Some(value)) => Ok(value.as_str().into()),
                (None, None) => Err(self.unknown(name)),
            },
        }
    }

    fn member(&self, path: &str) -> Result<String, Unbound> {
        let Some(item) = self.item else {
            return Err(Unbound {
                message: format!("`{{item.{path}}}` stands for nothing here"),
                help: "only a release whose `each` names a list in a file binds it".into(),
                absent: true,
                at_item: false,
            });
        };
        let mut node = item;
        for key in path.split('.') {
            let Some(next) = node.get(key).filter(|next| !next.is_null()) else {
                let keys: Vec<&str> = node.entries().iter().map(|entry| &*entry.key).collect();
                return Err(Unbound {
                    message: format!("the item has no `{path}`"),
                    help: suggest(key, keys),
                    absent: true,
                    at_item: true,
                });
            };
            node = next;
        }
        scalar_text(node).ok_or_else(|| Unbound {
            message: format!("the item's `{path}` is {}, which is no text", a_type(node)),
            help: "name a member that is a string, a number or a boolean".into(),
            absent: false,
            at_item: true,
        })
    }

    fn unknown(&self, name: &str) -> Unbound {
        let known: Vec<&str> = PLACEHOLDERS.into_iter().chain(self.vars.keys().map(String::as_str)).collect();
        let list = known.iter().map(|known| format!("`{{{known}}}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(name, known.iter().copied()) {
            Some(known) => format!("did you mean `{{{known}}}`? There is {list}"),
            None => format!("there is {list}; more come from the environment's `vars`"),
        };
        Unbound { message: format!("`{{{name}}}` is no known placeholder"), help, absent: false, at_item: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::decode::Marked;

    fn text(text: &str) -> Text {
        Marked { value: text.into(), mark: Mark::default() }
    }

    fn scope<'a>(vars: &'a BTreeMap<String, String>, item: Option<&'a Node>) -> Scope<'a> {
        Scope {
            environment: "dr",
            tier: Tier::Dr,
            vars,
            release: Some("cart"),
            chart: None,
            folder: None,
            path: None,
            key: None,
            item,
        }
    }

    #[test]
    fn expands_and_keeps_other_braces() {
        let vars = BTreeMap::from([("site".to_owned(), "we*st".to_owned())]);
        let expand = |pattern: &str, escape| Pattern::of_path(&text(pattern)).expand(&scope(&vars, None), escape);
        assert_eq!(expand("a/{environment}/{release}.yaml?", Escape::Nothing).unwrap(), "a/dr/cart.yaml");
        assert_eq!(expand("{site}/{a,b}/{{tier}}/{", Escape::Nothing).unwrap(), "we*st/{a,b}/{dr}/{");
        assert_eq!(expand("{site}/*", Escape::Glob).unwrap(), "we[*]st/*");
        assert!(Pattern::of_path(&text("a?")).optional);
        assert!(!Pattern::of_text(&text("a?")).optional);
    }

    #[test]
    fn unknown_placeholders_list_the_known_ones() {
        let vars = BTreeMap::from([("site".to_owned(), "west".to_owned())]);
        let error = Pattern::of_text(&text("{sitte}")).expand(&scope(&vars, None), Escape::Nothing).unwrap_err();
        assert_eq!(error.message, "`{sitte}` is no known placeholder");
        assert!(error.help.starts_with("did you mean `{site}`?"), "{}", error.help);
        let error = Pattern::of_text(&text("{folder}")).expand(&scope(&vars, None), Escape::Nothing).unwrap_err();
        assert!(error.absent);
    }

    #[test]
    fn items_bind_their_members() {
        let vars = BTreeMap::new();
        let item = Node::from_json(&serde_json::json!({"name": "a", "deep": {"port": 80}, "list": []}));
        let expand =
            |pattern: &str| Pattern::of_text(&text(pattern)).expand(&scope(&vars, Some(&item)), Escape::Nothing);
        assert_eq!(expand("{item.name}-{item.deep.port}").unwrap(), "a-80");
        assert_eq!(expand("{item.nam}").unwrap_err().help, "did you mean `name`?");
        assert!(expand("{item.list}").unwrap_err().message.contains("is a list"));
        assert!(expand("{item}").unwrap_err().message.contains("is a map"));
    }
}
