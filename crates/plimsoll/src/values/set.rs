//! `--set` and its siblings: Helm's grammar, read whole before anything changes.
//!
//! `a.b[0].c=1,d={x,y}`; a backslash takes the next character literally. What Helm drops in silence
//! (an empty key, text after a list) is an error here.

use std::sync::Arc;

use crate::yaml::{Data, Entry, Map, Mark, Node};
use crate::{Error, ErrorKind, Result};

/// The largest list index, as in Helm.
const MAX_INDEX: usize = 65_536;
/// How many dots a key may have, as in Helm.
const MAX_NESTING: usize = 30;
/// How many keys and indexes a path may have.
const MAX_STEPS: usize = 64;
/// How many list items one expression may create without naming them.
const MAX_FILLED: usize = 1 << 20;

/// Which flag an expression was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// `--set`: true, false, null and whole numbers have their type, the rest is text.
    Typed,
    /// `--set-string`: everything is text.
    String,
    /// `--set-json`: values are JSON; a single object merges as a layer does.
    Json,
    /// `--set-literal`: everything after the first `=` is text.
    Literal,
    /// `--set-file`: values are paths of files, whose content is set.
    File,
}

impl SetKind {
    /// The flag.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Typed => "--set",
            Self::String => "--set-string",
            Self::Json => "--set-json",
            Self::Literal => "--set-literal",
            Self::File => "--set-file",
        }
    }

    fn stops(self) -> &'static [char] {
        if self == Self::Literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] }
    }
}

/// One `path=value`.
#[derive(Debug)]
pub(super) struct Assignment {
    steps: Vec<(Step, usize)>,
    value: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(Arc<str>),
    Index(usize),
}

/// What is wrong, and the 0-based character.
struct Fault(String, usize);

type Parsed<T> = std::result::Result<T, Fault>;

/// Reads an expression; `read` gives the content of the files that `--set-file` names.
pub(super) fn parse(
    kind: SetKind,
    expression: &str,
    read: &mut dyn FnMut(&str) -> Result<Arc<str>>,
) -> Result<Vec<Assignment>> {
    let mut parser = Parser { kind, text: expression.chars().collect(), at: 0, read, failed: None };
    match parser.assignments() {
        Ok(assignments) => Ok(assignments),
        Err(fault) => Err(parser.failed.unwrap_or_else(|| error(kind, expression, &fault))),
    }
}

fn error(kind: SetKind, expression: &str, Fault(message, at): &Fault) -> Error {
    let mut shown: String = expression.chars().take(80).collect();
    if shown.len() < expression.len() {
        shown.push('…');
    }
    Error::new(ErrorKind::Values, format!("`{} {shown}`, column {}: {message}", kind.flag(), at + 1))
        .with_help("the form is `key.other[0].name=value,next=value`; a backslash takes `,`, `.`, `=` or `[` literally")
}

struct Parser<'a> {
    kind: SetKind,
    text: Vec<char>,
    at: usize,
    read: &'a mut dyn FnMut(&str) -> Result<Arc<str>>,
    /// The error of a file that could not be read.
    failed: Option<Error>,
}

impl Parser<'_> {
    fn assignments(&mut self) -> Parsed<Vec<Assignment>> {
        let mut result = Vec::new();
        if self.kind == SetKind::Json && self.rest().trim_start().starts_with('{') {
            let value = self.json()?;
            return Ok(vec![Assignment { steps: Vec::new(), value }]);
        }
        while self.at < self.text.len() {
            let steps = self.path()?;
            let value = self.value()?;
            result.push(Assignment { steps, value });
        }
        Ok(result)
    }

    /// Characters up to one of `stops`, which is consumed and returned; nothing at the end.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut found = String::new();
        while let Some(character) = self.text.get(self.at).copied() {
            self.at += 1;
            if stops.contains(&character) {
                return (found, Some(character));
            }
            if character == '\\' && self.kind != SetKind::Literal {
                found.extend(self.text.get(self.at));
                self.at += 1;
            } else {
                found.push(character);
            }
        }
        self.at = self.text.len();
        (found, None)
    }

    fn path(&mut self) -> Parsed<Vec<(Step, usize)>> {
        let (mut steps, mut dots) = (Vec::new(), 0);
        loop {
            let start = self.at;
            let (key, mut stop) = self.until(self.kind.stops());
            if key.is_empty() {
                return Err(Fault("a key is missing".to_owned(), start));
            }
            steps.push((Step::Key(key.as_str().into()), start));
            while stop == Some('[') {
                let at = self.at;
                steps.push((Step::Index(self.index()?), at));
                if steps.len() > MAX_STEPS {
                    return Err(Fault(format!("a path has more than {MAX_STEPS} parts"), start));
                }
                stop = self.text.get(self.at).copied();
                match stop {
                    Some('[' | '.' | '=') => self.at += 1,
                    Some(_) => return Err(Fault("after `]` come `.`, `[` or `=`".to_owned(), self.at)),
                    None => {}
                }
            }
            match stop {
                Some('=') => return Ok(steps),
                Some('.') => dots += 1,
                _ => return Err(Fault(format!("the key `{key}` has no value"), start)),
            }
            if dots > MAX_NESTING {
                return Err(Fault(format!("keys are nested more than {MAX_NESTING} deep"), start));
            }
        }
    }

    fn index(&mut self) -> Parsed<usize> {
        let start = self.at;
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            return Err(Fault("`]` is missing".to_owned(), start));
        }
        match text.parse::<usize>() {
            Ok(index) if index <= MAX_INDEX => Ok(index),
            Ok(index) => Err(Fault(format!("the index {index} is above {MAX_INDEX}"), start)),
            Err(_) => Err(Fault(format!("`{text}` is not an index"), start)),
        }
    }

    fn value(&mut self) -> Parsed<Node> {
        match self.kind {
            SetKind::Literal => {
                let text = self.rest();
                self.at = self.text.len();
                Ok(Node::from(Data::String(text.into())))
            }
            SetKind::Json => self.json(),
            _ if self.text.get(self.at) == Some(&'{') => self.list(),
            _ => {
                let start = self.at;
                let (text, _) = self.until(&[',']);
                self.scalar(&text, start)
            }
        }
    }

    fn list(&mut self) -> Parsed<Node> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let start = self.at;
            let (text, stop) = self.until(&[',', '}']);
            if stop.is_none() {
                return Err(Fault("the list does not end with `}`".to_owned(), open));
            }
            items.push(self.scalar(&text, start)?);
            if stop == Some('}') {
                break;
            }
        }
        self.comma("after a list comes `,`")?;
        Ok(Node::from(Data::Seq(items)))
    }

    fn comma(&mut self, otherwise: &str) -> Parsed<()> {
        match self.text.get(self.at) {
            None => Ok(()),
            Some(',') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Fault(otherwise.to_owned(), self.at)),
        }
    }

    fn scalar(&mut self, text: &str, start: usize) -> Parsed<Node> {
        match self.kind {
            SetKind::Typed => Ok(typed(text)),
            SetKind::File => match (self.read)(text) {
                Ok(content) => Ok(Node::from(Data::String(content))),
                Err(error) => {
                    self.failed = Some(error);
                    Err(Fault(format!("`{text}` cannot be read"), start))
                }
            },
            _ => Ok(Node::from(Data::String(text.into()))),
        }
    }

    fn rest(&self) -> String {
        self.text[self.at..].iter().collect()
    }

    fn json(&mut self) -> Parsed<Node> {
        let (start, rest) = (self.at, self.rest());
        let trimmed = rest.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(',') {
            self.at += rest.chars().take_while(|c| *c != ',').count();
            self.comma("")?;
            return Ok(Node::default());
        }
        let mut stream = serde_json::Deserializer::from_str(&rest).into_iter::<serde_json::Value>();
        let value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                let column = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                return Err(Fault(format!("this is not JSON: {message}"), start + column));
            }
            None => return Err(Fault("a value is missing".to_owned(), start)),
        };
        self.at += rest[..stream.byte_offset()].chars().count();
        self.at += self.text[self.at..].iter().take_while(|c| c.is_whitespace()).count();
        self.comma("after a JSON value comes `,`")?;
        self.at += self.text[self.at..].iter().take_while(|c| c.is_whitespace()).count();
        Ok(Node::from_json(&value))
    }
}

/// The type of a value: floats stay text, and so does what starts with a zero.
fn typed(text: &str) -> Node {
    Node::from(if text.eq_ignore_ascii_case("true") {
        Data::Bool(true)
    } else if text.eq_ignore_ascii_case("false") {
        Data::Bool(false)
    } else if text.eq_ignore_ascii_case("null") {
        Data::Null
    } else if text == "0" {
        Data::Int(0)
    } else {
        match text.parse() {
            Ok(value) if !text.starts_with('0') => Data::Int(value),
            _ => Data::String(text.into()),
        }
    })
}

/// Carries out what was read; every mark gets the source.
pub(super) fn apply(
    root: &mut Node,
    assignments: Vec<Assignment>,
    source: u32,
    kind: SetKind,
    expression: &str,
) -> Result<()> {
    let mark = Mark { source, line: 0, column: 0 };
    let mut budget = MAX_FILLED;
    for Assignment { steps, mut value } in assignments {
        super::merge::stamp(&mut value, source);
        if steps.is_empty() {
            if let (Data::Map(lower), Data::Map(upper)) = (&mut root.data, &value.data) {
                super::merge::merge_maps(lower, upper, None, &super::merge::ListKeys::default());
            }
            continue;
        }
        assign(root, &steps, value, mark, &mut budget).map_err(|fault| error(kind, expression, &fault))?;
    }
    Ok(())
}

fn assign(root: &mut Node, steps: &[(Step, usize)], value: Node, mark: Mark, budget: &mut usize) -> Parsed<()> {
    let mut node = root;
    for (position, (step, at)) in steps.iter().enumerate() {
        let in_list = position.checked_sub(1).is_some_and(|before| matches!(steps[before].0, Step::Index(_)));
        // What the layers below removed, or never had, becomes what the path needs; so does, as in
        // Helm, an item of a list.
        let replaceable = node.is_null() || in_list;
        match step {
            Step::Key(key) => {
                if replaceable && !matches!(node.data, Data::Map(_)) {
                    *node = Node { data: Data::Map(Map::new()), mark };
                }
                let name = super::merge::article(node);
                let Data::Map(map) = &mut node.data else {
                    return Err(Fault(format!("`{key}` cannot be set below {name}"), *at));
                };
                if map.get(key).is_none() {
                    map.insert(Entry { key: key.clone(), mark, value: Node { data: Data::Null, mark } });
                }
                let Some((entry_mark, slot)) = map.parts_mut(key) else { return Ok(()) };
                if position + 1 == steps.len() {
                    *entry_mark = mark;
                }
                node = slot;
            }
            Step::Index(index) => {
                if node.is_null() {
                    *node = Node { data: Data::Seq(Vec::new()), mark };
                }
                let name = super::merge::article(node);
                let Data::Seq(items) = &mut node.data else {
                    return Err(Fault(format!("[{index}] cannot be set in {name}"), *at));
                };
                if items.len() <= *index {
                    let missing = index + 1 - items.len();
                    *budget = budget
                        .checked_sub(missing)
                        .ok_or_else(|| Fault(format!("more than {MAX_FILLED} list items would be created"), *at))?;
                    items.resize(index + 1, Node { data: Data::Null, mark });
                }
                node = &mut items[*index];
            }
        }
    }
    *node = Node { mark, ..value };
    Ok(())
}
