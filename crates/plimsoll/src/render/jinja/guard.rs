//! What a template keeps from one statement to the next, bounded.
//!
//! The engine counts instructions and nothing else: a few thousand of them double a text until memory
//! ends, or nest a list in itself until dropping it overflows the stack. Text and lists can only grow
//! past what one expression makes by being kept under a name, so every place that gives a value a name
//! passes it through a filter:
//!
//! - `{% set x = … %}`, and `{% set ns.x = … %}`, the only one that outlives a turn of a loop,
//! - `{% with %}`, arguments of macros and of `call` blocks, targets of recursive loops,
//! - the variables `include(…, context)` and `tpl(…, context)` hand over ([`keep`] is called there).
//!
//! Loops, macros and `call` blocks also count the literal text of their bodies, which a capture
//! collects unseen; other captured text is counted where it is printed. One expression is bounded by
//! the number of its operators that make something larger, which is checked when compiling.
//!
//! The statements are written into the source before the engine compiles it. [`Guarded`] knows what was
//! added where, so that errors point at what a person wrote.

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, Value};

use super::objects::{MapObject, SeqObject};
use super::run;

/// The filter around a value that gets a name; the names cannot be written by accident.
const KEEP: &str = "__plimsoll_keep";
/// The same for an attribute of a namespace.
const HOLD: &str = "__plimsoll_hold";
/// The function that counts literal text.
const LITERAL: &str = "__plimsoll_literal";

/// How deep a kept value nests; far below what dropping it takes on the smallest stack.
const MAX_DEPTH: usize = 100;
/// The longest text that is kept.
const MAX_TEXT: usize = 4 << 20;
/// The most items of a list that was not a list before it was kept, such as a slice.
const MAX_ITEMS: usize = 100_000;
/// How many operators `~`, `+` and `*` one expression has.
const MAX_OPERATORS: usize = 100;
/// How many operators, calls and keys follow each other, as deep as they nest.
const MAX_CHAIN: usize = 250;
/// The longest line as written, and as compiled.
const MAX_LINE: usize = 60_000;
const MAX_ADDED_LINE: usize = 65_000;
/// Bodies with less literal text than this are bounded by the instructions they take.
const SMALL_BODY: usize = 32;

/// A source as the engine compiles it.
#[derive(Debug, Clone, Default)]
pub(super) struct Guarded {
    pub(super) text: String,
    /// Where something was added, in `text`, and how long it is.
    added: Vec<(usize, usize)>,
}

impl Guarded {
    /// The offset in the source as written, for one in `text`.
    pub(super) fn written(&self, offset: usize) -> usize {
        let before = self.added.iter().take_while(|(at, _)| *at < offset);
        before.fold(offset, |written, (at, length)| written - (*length).min(offset - at))
    }
}

/// A template that is not compiled, because the engine would not stand it.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Refused {
    fn at(source: &str, offset: usize, message: String, help: &'static str) -> Self {
        let before = source.get(..offset).unwrap_or_default();
        let (line, last) = (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or_default());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { message, help, line: number(line), column: number(last.chars().count() + 1) }
    }
}

/// Adds what bounds a template. A source the engine cannot read stays as it is, for the engine to say so.
pub(super) fn guard(source: &str, syntax: &SyntaxConfig) -> Result<Guarded, Refused> {
    check_lines(source, MAX_LINE)?;
    let mut tokens = Tokenizer::new(source, "", false, syntax.clone());
    let mut writer = Writer::default();
    let mut statement: Option<Vec<Piece<'_>>> = None;
    let mut size = Size::default();
    loop {
        let (token, span) = match tokens.next_token() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(_) => return Ok(Guarded { text: source.to_owned(), added: Vec::new() }),
        };
        size.token(&token).map_err(|(message, help)| Refused::at(source, span.start_offset as usize, message, help))?;
        match &token {
            Token::TemplateData(text) => writer.literal(text.len()),
            Token::BlockStart => statement = Some(Vec::new()),
            Token::BlockEnd => {
                if let Some(pieces) = statement.take() {
                    writer.statement(&pieces, span.start_offset as usize);
                }
            }
            token => {
                if let Some(pieces) = &mut statement {
                    pieces.push(Piece::new(token, span.end_offset as usize));
                }
            }
        }
    }
    let guarded = writer.apply(source);
    check_lines(&guarded.text, MAX_ADDED_LINE).map(|()| guarded)
}

/// The engine counts columns in 16 bits, and past them fails while it says that something else failed.
fn check_lines(source: &str, most: usize) -> Result<(), Refused> {
    let mut offset = 0;
    for line in source.split_inclusive('\n') {
        if line.len() > most {
            let help = "keep long text in a file of the chart and read it with `files.get`";
            return Err(Refused::at(source, offset, format!("the line is longer than {MAX_LINE} bytes"), help));
        }
        offset += line.len();
    }
    Ok(())
}

/// How large the expression at hand is, and how deep the engine nests it.
///
/// The engine reads `a + b + c` and `a.b.c` in a loop, and then walks what it made by recursion.
#[derive(Debug, Default)]
struct Size {
    growing: usize,
    /// Links of the chain at hand, for each open bracket.
    chains: Vec<usize>,
    links: usize,
    begins: bool,
    /// For each open `if`, how many `elif` it has.
    conditions: Vec<usize>,
}

impl Size {
    fn token(&mut self, token: &Token<'_>) -> Result<(), (String, &'static str)> {
        let begins = std::mem::take(&mut self.begins);
        match token {
            Token::BlockStart | Token::VariableStart => {
                (self.growing, self.links, self.begins) = (0, 0, matches!(token, Token::BlockStart));
                self.chains = vec![0];
            }
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.link();
                self.chains.push(0);
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose if self.chains.len() > 1 => {
                self.links -= self.chains.pop().unwrap_or(0);
            }
            Token::Comma => {
                if let Some(chain) = self.chains.last_mut() {
                    self.links -= std::mem::take(chain);
                }
            }
            Token::Ident("if") if begins => self.conditions.push(0),
            Token::Ident("endif") if begins => drop(self.conditions.pop()),
            Token::Ident("elif") if begins => {
                if let Some(count) = self.conditions.last_mut() {
                    *count += 1;
                }
                if self.conditions.iter().sum::<usize>() > MAX_CHAIN {
                    return Err((
                        format!("the `if` has more than {MAX_CHAIN} branches"),
                        "look the answer up in a map",
                    ));
                }
            }
            Token::Tilde | Token::Plus | Token::Mul => {
                self.growing += 1;
                self.link();
            }
            token if links(token) => self.link(),
            _ => {}
        }
        let help = "give parts of it names with `{% set x = … %}`, or write the text out";
        if self.growing > MAX_OPERATORS {
            let message = format!("the expression has more than {MAX_OPERATORS} operators `~`, `+` and `*`");
            return Err((message, help));
        }
        if self.links > MAX_CHAIN {
            return Err((format!("the expression has more than {MAX_CHAIN} operators and brackets"), help));
        }
        Ok(())
    }

    fn link(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
            self.links += 1;
        }
    }
}

/// Whether what follows the token nests with what came before it.
fn links(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(name) => matches!(*name, "and" | "or" | "not" | "is" | "in" | "if" | "else"),
        Token::Minus | Token::Div | Token::FloorDiv | Token::Pow | Token::Mod | Token::Dot | Token::Pipe => true,
        token => matches!(token, Token::Eq | Token::Ne | Token::Gt | Token::Gte | Token::Lt | Token::Lte),
    }
}

/// A token of a statement, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What<'a> {
    Name(&'a str),
    Open,
    Close,
    Comma,
    Dot,
    Assign,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    what: What<'a>,
    end: usize,
}

impl<'a> Piece<'a> {
    fn new(token: &Token<'a>, end: usize) -> Self {
        let what = match token {
            Token::Ident(name) => What::Name(name),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => What::Open,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => What::Close,
            Token::Comma => What::Comma,
            Token::Dot => What::Dot,
            Token::Assign => What::Assign,
            _ => What::Other,
        };
        Self { what, end }
    }
}

/// A loop, macro or `call` block that is open.
#[derive(Debug)]
struct Body {
    at: usize,
    literal: usize,
    includes: bool,
}

#[derive(Debug, Default)]
struct Writer {
    inserts: Vec<(usize, String)>,
    open: Vec<Body>,
}

impl Writer {
    fn literal(&mut self, length: usize) {
        if let Some(body) = self.open.last_mut() {
            body.literal += length;
        }
    }

    fn statement(&mut self, pieces: &[Piece<'_>], end: usize) {
        let Some(What::Name(name)) = pieces.first().map(|piece| piece.what) else { return };
        let rest = &pieces[1..];
        match name {
            "set" => self.set(rest, end),
            "with" => self.keep(&assigned(rest), end),
            "macro" => {
                self.keep(&assigned(arguments(rest.get(1..).unwrap_or_default())), end);
                self.begin(end);
            }
            "call" => {
                if rest.first().is_some_and(|piece| piece.what == What::Open) {
                    self.keep(&assigned(arguments(rest)), end);
                }
                self.begin(end);
            }
            "for" => {
                if rest.last().is_some_and(|piece| piece.what == What::Name("recursive")) {
                    let targets = rest.iter().take_while(|piece| piece.what != What::Name("in"));
                    let names: Vec<&str> = targets.filter_map(name_of).collect();
                    self.keep(&names, end);
                }
                self.begin(end);
            }
            "endfor" | "endmacro" | "endcall" => self.finish(),
            "include" | "import" | "from" => {
                if let Some(body) = self.open.last_mut() {
                    body.includes = true;
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, rest: &[Piece<'_>], end: usize) {
        let mut depth = 0_usize;
        for (at, piece) in rest.iter().enumerate() {
            match piece.what {
                What::Open => depth += 1,
                What::Close => depth = depth.saturating_sub(1),
                What::Assign if depth == 0 => {
                    let held = rest[..at].iter().any(|piece| piece.what == What::Dot);
                    self.inserts.push((piece.end, " (".into()));
                    self.inserts.push((end, format!(" )|{} ", if held { HOLD } else { KEEP })));
                    return;
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, names: &[&str], end: usize) {
        for name in names {
            self.inserts.push((end, format!(" %}}{{% set {name} = ({name})|{KEEP} ")));
        }
    }

    fn begin(&mut self, at: usize) {
        self.open.push(Body { at, literal: 0, includes: false });
    }

    fn finish(&mut self) {
        if let Some(body) = self.open.pop()
            && (body.literal >= SMALL_BODY || body.includes)
        {
            self.inserts.push((body.at, format!(" %}}{{% do {LITERAL}({}) ", body.literal)));
        }
    }

    fn apply(mut self, source: &str) -> Guarded {
        self.inserts.sort_by_key(|(at, _)| *at);
        let mut guarded = Guarded { text: String::with_capacity(source.len() * 2), added: Vec::new() };
        let mut from = 0;
        for (at, insert) in &self.inserts {
            guarded.text.push_str(source.get(from..*at).unwrap_or_default());
            guarded.added.push((guarded.text.len(), insert.len()));
            guarded.text.push_str(insert);
            from = *at;
        }
        guarded.text.push_str(source.get(from..).unwrap_or_default());
        guarded
    }
}

fn name_of<'a>(piece: &Piece<'a>) -> Option<&'a str> {
    match piece.what {
        What::Name(name) => Some(name),
        _ => None,
    }
}

/// What stands between the first parenthesis and its end.
fn arguments<'a, 'b>(pieces: &'b [Piece<'a>]) -> &'b [Piece<'a>] {
    let mut depth = 0_usize;
    for (at, piece) in pieces.iter().enumerate() {
        match piece.what {
            What::Open => depth += 1,
            What::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return pieces.get(1..at).unwrap_or_default();
        }
    }
    &[]
}

/// The names of `a, (b, c) = …, d`.
fn assigned<'a>(pieces: &[Piece<'a>]) -> Vec<&'a str> {
    let (mut names, mut depth, mut target) = (Vec::new(), 0_usize, true);
    for piece in pieces {
        match piece.what {
            What::Open => depth += 1,
            What::Close => depth = depth.saturating_sub(1),
            What::Assign if depth == 0 => target = false,
            What::Comma if depth == 0 => target = true,
            What::Name(name) if target => names.push(name),
            _ => {}
        }
    }
    names
}

/// Adds the filters and the function that the added text calls.
pub(super) fn register(env: &mut Environment<'static>) {
    for (name, outlives) in [(KEEP, false), (HOLD, true)] {
        env.add_filter(name, move |args: Rest<ValueOrKwargs>| -> Result<Value, Error> {
            args.into_values().into_iter().next().map_or(Ok(Value::UNDEFINED), |value| keep(value, outlives))
        });
    }
    env.add_function(LITERAL, |bytes: usize| run::wrote(bytes));
}

/// A value that may be kept; what is computed when read becomes a list now.
///
/// One that `outlives` a turn of a loop must not hold what could close a cycle or hide more values.
pub(super) fn keep(value: Value, outlives: bool) -> Result<Value, Error> {
    if matches!(
        value.kind(),
        ValueKind::Undefined | ValueKind::None | ValueKind::Bool | ValueKind::Number | ValueKind::Invalid
    ) {
        return Ok(value);
    }
    Ok(walk(&value, MAX_DEPTH, outlives)?.unwrap_or(value))
}

/// Checks a value; the value to keep instead, if it is another.
fn walk(value: &Value, depth: usize, outlives: bool) -> Result<Option<Value>, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => {
            let length = value.len().unwrap_or(0).max(value.as_bytes().map_or(0, <[u8]>::len));
            if length > MAX_TEXT {
                return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
            }
            run::kept(1, length)?;
            Ok(None)
        }
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::Plain => object(value, depth, outlives),
        _ => Ok(None),
    }
}

fn object(value: &Value, depth: usize, outlives: bool) -> Result<Option<Value>, Error> {
    run::kept(1, 0)?;
    // Values and parsed documents are data already, and counted where they are made.
    if value.downcast_object_ref::<SeqObject>().is_some() || value.downcast_object_ref::<MapObject>().is_some() {
        return Ok(None);
    }
    let below = depth.checked_sub(1).ok_or_else(|| run::limit(format!("a value nests deeper than {MAX_DEPTH}")))?;
    if let Some(what) = opaque(value) {
        if outlives {
            let message = format!("{what} cannot be kept in a namespace; keep what you need of it");
            return Err(Error::new(minijinja::ErrorKind::InvalidOperation, message));
        }
        // Such a value lives no longer than the block it is named in, so it does not pile up.
        if what != "a namespace" {
            return Ok(None);
        }
    }
    match value.kind() {
        ValueKind::Map => {
            for key in value.try_iter()? {
                walk(&value.get_item(&key)?, below, outlives)?;
                walk(&key, below, outlives)?;
            }
            Ok(None)
        }
        ValueKind::Seq | ValueKind::Iterable => list(value, below, outlives),
        _ => Ok(None),
    }
}

fn list(value: &Value, below: usize, outlives: bool) -> Result<Option<Value>, Error> {
    // What is computed when read may hold any number of other values unseen.
    let mut changed = value.kind() == ValueKind::Iterable;
    let mut items = Vec::new();
    for item in value.try_iter()?.checked() {
        let item = item?;
        let instead = walk(&item, below, outlives)?;
        if !item_is_object(&item) {
            run::kept(1, 0)?;
        }
        changed |= instead.is_some();
        items.push(instead.unwrap_or(item));
        if items.len() > MAX_ITEMS {
            return Err(run::limit(format!("a list has more than {MAX_ITEMS} items")));
        }
    }
    Ok(changed.then(|| Value::from(items)))
}

fn item_is_object(item: &Value) -> bool {
    item.as_object().is_some() || item.kind() == ValueKind::String
}

/// What holds other values without showing them.
fn opaque(value: &Value) -> Option<&'static str> {
    let name = value.as_object()?.type_name();
    [("::Namespace", "a namespace"), ("::Macro", "a macro"), ("::Loop", "`loop`"), ("::Module", "an imported template")]
        .into_iter()
        .find(|(end, _)| name.ends_with(end))
        .map(|(_, what)| what)
}
