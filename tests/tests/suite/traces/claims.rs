//! What is claimed about scalars, and whether changing the claimed place changes them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use plimsoll::Workspace;
use plimsoll::files::Files;
use plimsoll::rendered::{Overrides, Rendered, Spot};
use plimsoll::values::SetKind;
use plimsoll::workspace::OpenOptions;
use plimsoll::yaml::{Data, Node};

use crate::example::Texts;

/// A scalar: environment, object, pointer.
type Scalar = (String, String, String);

/// Every scalar and its value.
type Scalars = BTreeMap<Scalar, String>;

/// What was found.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) scalars: usize,
    /// How many of them have a line.
    pub(super) exact: usize,
    pub(super) unmapped: BTreeSet<String>,
    /// Distinct template lines and values keys that were changed.
    pub(super) lines: usize,
    pub(super) keys: usize,
    /// How many of those changes only showed as an error.
    pub(super) broken: usize,
    pub(super) wrong: Vec<String>,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scalars, exact, lines, keys, broken, wrong, .. } = self;
        write!(
            f,
            "{exact} of {scalars} scalars have an exact line; {lines} lines and {keys} keys changed, \
             {} wrong, {broken} known by an error only",
            wrong.len()
        )
    }
}

fn open(files: &Texts) -> Workspace {
    Workspace::from_files(Files::memory(files.clone()), &OpenOptions::default()).unwrap()
}

fn walk(node: &Node, pointer: &str, found: &mut Vec<(String, String)>) {
    match &node.data {
        Data::Map(map) => {
            for entry in map {
                walk(&entry.value, &format!("{pointer}/{}", entry.key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Data::Seq(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{at}"), found);
            }
        }
        _ => found.push((pointer.to_owned(), format!("{:?}", node.data))),
    }
}

fn scalars(rendered: &Rendered) -> Scalars {
    let mut all = Scalars::new();
    for environment in rendered.environments() {
        for resource in environment.resources() {
            let mut found = Vec::new();
            walk(resource.node(), "", &mut found);
            for (pointer, value) in found {
                all.insert((environment.name().to_owned(), resource.id.to_string(), pointer), value);
            }
        }
    }
    all
}

/// A place in a file that is claimed: file, line, column (0 for a key of the values), key.
type Claim = (Arc<str>, u32, u32, String);

/// Which scalars each place is claimed for.
#[derive(Default)]
struct Claims {
    lines: BTreeMap<Claim, Vec<Scalar>>,
    keys: BTreeMap<Claim, Vec<Scalar>>,
    unset: BTreeMap<String, Vec<Scalar>>,
}

fn claims(rendered: &Rendered, measured: &mut Measured) -> Claims {
    let mut pointers = Vec::new();
    for environment in rendered.environments() {
        for resource in environment.resources() {
            let mut found = Vec::new();
            walk(resource.node(), "", &mut found);
            pointers.extend(found.into_iter().map(|(pointer, _)| (environment, resource, pointer)));
        }
    }
    let spots: Vec<Spot<'_>> =
        pointers.iter().map(|(environment, resource, pointer)| Spot { environment, resource, pointer }).collect();
    let mut claims = Claims::default();
    for (spot, trace) in spots.iter().zip(rendered.trace(&spots)) {
        let scalar = (spot.environment.name().to_owned(), spot.resource.id.to_string(), spot.pointer.to_owned());
        measured.scalars += 1;
        let location = trace.location;
        let Some(line) = location.line else {
            measured.unmapped.insert(format!("{} {}", location.file, spot.pointer));
            continue;
        };
        measured.exact += 1;
        let claim = (location.file, line, location.column.unwrap_or(1), String::new());
        claims.lines.entry(claim).or_default().push(scalar.clone());
        for value in trace.values {
            match (value.file.clone(), value.line) {
                _ if value.is_unset() => claims.unset.entry(value.key).or_default().push(scalar.clone()),
                (Some(file), Some(line)) => {
                    claims.keys.entry((file, line, 0, value.key)).or_default().push(scalar.clone());
                }
                _ => measured.wrong.push(format!("`{}` has no place", value.key)),
            }
        }
    }
    claims
}

/// How a change showed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    /// In no way.
    Not,
    /// Something could not be rendered or read any more.
    Error,
    /// The scalar is another, or is gone.
    Changed,
}

/// How a change of the files showed in each of some scalars.
fn shown(before: &Scalars, after: &Rendered, claimed: &[Scalar]) -> Vec<Shown> {
    let broken = !after.errors().is_empty();
    let objects: HashMap<(&str, String), &Node> = after
        .environments()
        .iter()
        .flat_map(|environment| environment.resources().map(move |resource| (environment.name(), resource)))
        .map(|(environment, resource)| ((environment, resource.id.to_string()), resource.node()))
        .collect();
    let of = |scalar: &Scalar| {
        let (environment, id, pointer) = scalar;
        let now = objects.get(&(environment.as_str(), id.clone())).and_then(|node| node.pointer(pointer));
        match (before.get(scalar) == now.map(|node| format!("{:?}", node.data)).as_ref(), broken && now.is_none()) {
            (true, _) => Shown::Not,
            (false, true) => Shown::Error,
            (false, false) => Shown::Changed,
        }
    };
    claimed.iter().map(of).collect()
}

/// The best that some changes show in each of the scalars.
fn best(files: &Texts, file: &str, changes: &[String], before: &Scalars, claimed: &[Scalar]) -> Vec<Shown> {
    let mut best = vec![Shown::Not; claimed.len()];
    for text in changes {
        let mut files = files.clone();
        files.insert(file.to_owned(), text.clone().into_bytes().into());
        if let Ok(workspace) = Workspace::from_files(Files::memory(files), &OpenOptions::default()) {
            let environments: BTreeSet<&str> = claimed.iter().map(|(environment, ..)| environment.as_str()).collect();
            let environments: Vec<&str> = environments.into_iter().collect();
            let Ok(after) = workspace.render(&environments, &Overrides::default()) else { continue };
            let shown = shown(before, &after, claimed);
            best.iter_mut().zip(shown).for_each(|(best, shown)| *best = shown.max(*best));
        }
        if best.iter().all(|shown| *shown == Shown::Changed) {
            break;
        }
    }
    best
}

/// The file with one line replaced.
fn with_line(text: &str, line: u32, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = usize::try_from(line).unwrap().checked_sub(1)?;
    lines[at] = change(lines.get(at)?)?;
    Some(lines.join("\n"))
}

/// An `x` where the template is said to write the scalar; where that is no YAML any more, the line is taken out.
fn template_changes(text: &str, line: u32, column: u32) -> Vec<String> {
    let insert = |old: &str| {
        let at = old.char_indices().nth(usize::try_from(column).unwrap() - 1).map_or(old.len(), |(at, _)| at);
        Some(format!("{}x{}", &old[..at], &old[at..]))
    };
    [with_line(text, line, insert), with_line(text, line, |_| Some(String::new()))].into_iter().flatten().collect()
}

/// The value after the key changed in several ways, and the key's own name.
fn values_changes(text: &str, line: u32, key: &str) -> Vec<String> {
    let key = key.replace("\\.", "\0");
    let name = key.rsplit('.').next().unwrap().replace('\0', ".");
    let after_key = |old: &str| match old.find(&format!("{name}:")) {
        Some(at) => at + name.len() + 1,
        // An item of a list: all of the line after its dash.
        None => old.find("- ").map_or(0, |at| at + 2),
    };
    let value = |change: &dyn Fn(&str) -> String| {
        with_line(text, line, |old| {
            let (head, tail) = old.split_at(after_key(old));
            let blank = tail.len() - tail.trim_start().len();
            let end = tail[blank..].find([',', '}', ']', '#']).map_or(tail.trim_end().len(), |at| at + blank);
            Some(format!("{head}{}{}{}", &tail[..blank], change(tail[blank..end].trim_end()), &tail[end..]))
        })
    };
    let last_digit = |old: &str| {
        let at = old.rfind(|c: char| c.is_ascii_alphanumeric());
        at.map_or_else(
            || "z".to_owned(),
            |at| {
                let next = match old.as_bytes()[at] {
                    b'0' => '1',
                    b'1'..=b'9' => '0',
                    b'z' => 'a',
                    byte => char::from(byte + 1),
                };
                format!("{}{next}{}", &old[..at], &old[at + 1..])
            },
        )
    };
    let flip = |old: &str| if old == "true" { "false".to_owned() } else { "true".to_owned() };
    let renamed = with_line(text, line, |old| {
        old.find(&format!("{name}:")).map(|at| format!("{}z{}", &old[..at + name.len()], &old[at + name.len()..]))
    });
    let nothing = without_block(text, line, &name);
    let changes = [value(&flip), value(&last_digit), value(&|_| "7".to_owned()), value(&|_| "[]".to_owned())];
    let changes = changes.into_iter().chain([renamed, nothing]);
    changes.flatten().filter(|changed| changed != text).collect()
}

/// A mapping or list below its key replaced by null, which takes away what lower layers say, too.
fn without_block(text: &str, line: u32, name: &str) -> Option<String> {
    let at = usize::try_from(line).unwrap() - 1;
    let lines: Vec<&str> = text.split('\n').collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[at]);
    let is_below = |line: &&&str| {
        line.trim().is_empty() || indent(line) > own || line.get(own..).is_some_and(|line| line.starts_with("- "))
    };
    let below = lines[at + 1..].iter().take_while(is_below).count();
    let key = format!("{}{name}: null", &lines[at][..own]);
    Some([&lines[..at], &[key.as_str()], &lines[at + 1 + below..]].concat().join("\n"))
}

fn text_of(files: &Texts, file: &str) -> String {
    String::from_utf8(files[file].to_vec()).unwrap()
}

/// Traces every scalar of a workspace, and changes everything that is claimed.
pub(super) fn measure(files: &Texts) -> Measured {
    let mut measured = Measured::default();
    let workspace = open(files);
    let rendered = workspace.render_all();
    assert!(rendered.errors().is_empty(), "{:#?}", rendered.errors());
    let before = scalars(&rendered);
    let claims = claims(&rendered, &mut measured);
    let mut judge = |shown: Vec<Shown>, what: String, claimed: &[Scalar]| {
        if let Some(at) = shown.iter().position(|shown| *shown == Shown::Not) {
            measured.wrong.push(format!("{what} does not matter to {:?}", claimed[at]));
        } else if shown.contains(&Shown::Error) {
            measured.broken += 1;
        }
    };
    for ((file, line, column, _), claimed) in &claims.lines {
        // A line of a template is the same in every environment: where it matters in one it does in the others.
        let claimed: Vec<Scalar> = claimed.iter().filter(|scalar| scalar.0 == claimed[0].0).cloned().collect();
        let changes = template_changes(&text_of(files, file), *line, *column);
        judge(best(files, file, &changes, &before, &claimed), format!("{file}:{line}:{column}"), &claimed);
    }
    for ((file, line, _, key), claimed) in &claims.keys {
        let changes = values_changes(&text_of(files, file), *line, key);
        judge(best(files, file, &changes, &before, claimed), format!("`{key}` at {file}:{line}"), claimed);
    }
    for (key, claimed) in &claims.unset {
        let mut overrides = Overrides::default();
        overrides.set(SetKind::String, &format!("{key}=zz")).unwrap();
        let after = workspace.render::<&str>(&[], &overrides).unwrap();
        judge(shown(&before, &after, claimed), format!("`{key}`, unset,"), claimed);
    }
    measured.lines = claims.lines.len();
    measured.keys = claims.keys.len() + claims.unset.len();
    measured
}
