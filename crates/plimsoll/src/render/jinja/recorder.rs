//! The recorder of a traced rendering: the functions that marked templates call, and the notes they take.
//!
//! A rendering stays on its thread from start to end, so a thread-local record is exactly its own; in other
//! renderings there is none, and a read costs one look at a flag.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::format::to_text;
use super::objects::Place;
use super::run;
use crate::render::blocks;
use crate::render::trail::{Frame, KeyPath, Mark, Trail};

/// The names in marked templates; they cannot be written by accident.
pub(super) const READS: &str = "__plimsoll_reads";
pub(super) const ENTER: &str = "__plimsoll_enter";
pub(super) const TURN: &str = "__plimsoll_turn";
pub(super) const TURNED: &str = "__plimsoll_turned";
pub(super) const TOP: &str = "__plimsoll_top";
pub(super) const PUSH: &str = "__plimsoll_push";
pub(super) const POP: &str = "__plimsoll_pop";
pub(super) const LEAVE: &str = "__plimsoll_leave";
pub(super) const ASSIGNED: &str = "__plimsoll_assigned";
pub(super) const AT: &str = "__plimsoll_at";
pub(super) const MARK: &str = "__plimsoll_mark";

/// How many reads and frames are noted; what comes after them is not known.
const MAX_NOTES: usize = 1 << 18;

/// What a statement of a template names.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// The variables it sets.
    pub(super) sets: Vec<String>,
    /// The names in its expressions.
    pub(super) uses: Vec<String>,
}

/// A member of a container, or all of them.
#[derive(Debug)]
enum Member {
    Key(Arc<str>),
    Item(usize),
    All,
}

struct Recorder {
    statements: Arc<Vec<Statement>>,
    reads: Vec<(Arc<Place>, Member)>,
    frames: Vec<Frame>,
    marks: Vec<Mark>,
    /// Frames of expressions and includes that are being evaluated.
    open: Vec<u32>,
    /// The frame in which each variable was last set, by name.
    variables: HashMap<String, u32>,
    /// For each loop, as statement and start, its first frame and what was read when its last turn ended.
    loops: HashMap<(usize, usize), (u32, usize)>,
}

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Starts the record of a traced rendering.
pub(super) fn start(statements: Arc<Vec<Statement>>) {
    let recorder = Recorder {
        statements,
        reads: Vec::new(),
        frames: vec![Frame::default()],
        marks: Vec::new(),
        open: Vec::new(),
        variables: HashMap::new(),
        loops: HashMap::new(),
    };
    RECORDER.set(Some(recorder));
    ACTIVE.set(true);
}

/// Ends it.
pub(super) fn finish() -> Trail {
    ACTIVE.set(false);
    let Some(recorder) = RECORDER.take() else { return Trail::default() };
    let reads = recorder.reads.iter().map(|(place, member)| path(place, member)).collect();
    Trail { marks: recorder.marks, frames: recorder.frames, reads }
}

/// The path of what was read; empty for what is not one of the values.
fn path(place: &Place, member: &Member) -> KeyPath {
    let Some(mut path) = place.path() else { return KeyPath::new() };
    match member {
        Member::Key(key) => path.push(key.clone()),
        Member::Item(at) => path.push(at.to_string().into()),
        Member::All => {}
    }
    path
}

/// Notes that a key was asked for, whether it is there or not.
pub(super) fn read_key(place: &Arc<Place>, key: &str) {
    note(place, || Member::Key(key.into()));
}

/// Notes that an item of a list was read.
pub(super) fn read_item(place: &Arc<Place>, at: usize) {
    note(place, || Member::Item(at));
}

/// Notes that all keys or items were looked at.
pub(super) fn read_all(place: &Arc<Place>) {
    note(place, || Member::All);
}

fn note(place: &Arc<Place>, member: impl FnOnce() -> Member) {
    if !ACTIVE.get() {
        return;
    }
    RECORDER.with_borrow_mut(|recorder| {
        if let Some(recorder) = recorder.as_mut().filter(|recorder| recorder.reads.len() < MAX_NOTES) {
            recorder.reads.push((place.clone(), member()));
        }
    });
}

impl Recorder {
    fn frame(&mut self, parent: u32, since: usize, statement: usize) -> Result<u32, Error> {
        if self.frames.len() >= MAX_NOTES {
            return Err(run::limit("the template has too many parts to be traced"));
        }
        let uses = self.statements.get(statement).map_or(&[][..], |statement| &statement.uses);
        let uses = uses.iter().filter_map(|name| self.variables.get(name).copied()).collect();
        let until = self.reads.len();
        let id = u32::try_from(self.frames.len()).unwrap_or(0);
        self.frames.push(Frame { parent: Some(parent), reads: since.min(until)..until, uses });
        Ok(id)
    }

    /// A turn of a loop has in front of it only what was read since the one before.
    fn turn(&mut self, parent: u32, since: usize, statement: usize) -> Result<u32, Error> {
        let turn = match self.loops.get(&(statement, since)).copied() {
            None => self.frame(parent, since, statement)?,
            Some((head, ended)) => self.frame(head, ended, usize::MAX)?,
        };
        let head = self.loops.get(&(statement, since)).map_or(turn, |(head, _)| *head);
        self.loops.insert((statement, since), (head, self.reads.len()));
        Ok(turn)
    }

    fn turned(&mut self, since: usize, statement: usize) {
        if let Some((_, ended)) = self.loops.get_mut(&(statement, since)) {
            *ended = self.reads.len();
        }
    }

    fn assigned(&mut self, parent: u32, since: usize, statement: usize) -> Result<(), Error> {
        let id = self.frame(parent, since, statement)?;
        let statements = self.statements.clone();
        for name in statements.get(statement).map_or(&[][..], |statement| &statement.sets) {
            self.variables.insert(name.clone(), id);
        }
        Ok(())
    }

    fn push(&mut self, parent: u32, statement: usize) -> Result<(), Error> {
        let id = self.frame(parent, self.reads.len(), statement)?;
        self.open.push(id);
        Ok(())
    }

    fn pop(&mut self) -> u32 {
        let Some(id) = self.open.pop() else { return 0 };
        self.frames[id as usize].reads.end = self.reads.len();
        id
    }

    /// A mark of a point, written in a frame.
    fn mark(&mut self, frame: u32, point: usize) -> Result<String, Error> {
        let id = self.marks.len();
        if id >= blocks::MAX_MARKS {
            return Err(run::limit("the template has too many parts to be traced"));
        }
        self.marks.push(Mark { point: u32::try_from(point).unwrap_or(u32::MAX), frame });
        let mut mark = String::with_capacity(20);
        blocks::push_mark(&mut mark, id);
        Ok(mark)
    }
}

fn with<T>(body: impl FnOnce(&mut Recorder) -> Result<T, Error>) -> Result<T, Error> {
    RECORDER.with_borrow_mut(|recorder| match recorder {
        Some(recorder) => body(recorder),
        None => Err(Error::new(ErrorKind::InvalidOperation, "nothing is being traced")),
    })
}

/// The integers of a call; what is not defined counts as 0.
fn integers<const N: usize>(args: Rest<ValueOrKwargs>) -> [usize; N] {
    let args = args.into_values();
    std::array::from_fn(|at| args.get(at).and_then(Value::as_usize).unwrap_or(0))
}

fn number(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(0)
}

/// Adds the functions that marked templates call.
pub(super) fn register(env: &mut Environment<'static>) {
    env.add_function(READS, || with(|recorder| Ok(recorder.reads.len())));
    env.add_function(TOP, || with(|recorder| Ok(recorder.open.last().copied().unwrap_or(0))));
    env.add_function(ENTER, |args: Rest<ValueOrKwargs>| {
        let [parent, since, statement] = integers(args);
        with(|recorder| recorder.frame(number(parent), since, statement))
    });
    env.add_function(TURN, |args: Rest<ValueOrKwargs>| {
        let [parent, since, statement] = integers(args);
        with(|recorder| recorder.turn(number(parent), since, statement))
    });
    env.add_function(TURNED, |args: Rest<ValueOrKwargs>| {
        let [since, statement] = integers(args);
        with(|recorder| {
            recorder.turned(since, statement);
            Ok("")
        })
    });
    env.add_function(ASSIGNED, |args: Rest<ValueOrKwargs>| {
        let [parent, since, statement] = integers(args);
        with(|recorder| recorder.assigned(number(parent), since, statement)).map(|()| "")
    });
    env.add_function(PUSH, |args: Rest<ValueOrKwargs>| {
        let [parent, statement] = integers(args);
        with(|recorder| recorder.push(number(parent), statement)).map(|()| "")
    });
    // What an included template reads is its own: the statement decides about none of its lines.
    env.add_function(LEAVE, || with(|recorder| Ok(recorder.open.pop())).map(|_| ""));
    env.add_function(POP, || with(|recorder| Ok(recorder.pop())).map(|_| ""));
    env.add_function(AT, |args: Rest<ValueOrKwargs>| {
        let [frame, point] = integers(args);
        with(|recorder| recorder.mark(number(frame), point))
    });
    env.add_filter(MARK, |args: Rest<ValueOrKwargs>| -> Result<Value, Error> {
        let args = args.into_values();
        let [value, point] = args.as_slice() else { return Err(Error::from(ErrorKind::MissingArgument)) };
        let text = to_text(value)?;
        with(|recorder| {
            let frame = recorder.pop();
            // Nothing printed, nothing marked: a captured text that is empty must stay empty.
            if text.is_empty() {
                return Ok(value.clone());
            }
            let mark = recorder.mark(frame, point.as_usize().unwrap_or(0))?;
            Ok(Value::from(mark + &text))
        })
    });
}
