//! From a place in rendered text to the place in the template that wrote it.
//!
//! Owns the table and its look-up. The marks come from rendering the template a second time with
//! instrumented sources; where that text differs from the real one, nothing is guessed.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::blocks::Resolved;
use super::trail::{KeyPath, Mark, Reach, Trail};
use crate::Location;

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Literal text: one character of output is one character of template.
    Literal,
    /// An emitted value: all of its output belongs to the expression.
    Emission,
}

/// A place in a template that writes output.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) file: Arc<str>,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) kind: Kind,
}

/// What a rendered place maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// The template line and column that wrote it.
    Exact(Location),
    /// Not known; a report says so and never guesses a line.
    Unmapped,
}

/// The places of one manifest's text, and the values keys that may stand behind them.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    lines: Vec<Line>,
    points: Arc<Vec<Point>>,
    trail: Trail,
}

#[derive(Debug, Clone, Default)]
struct Line {
    /// The mark of the emission the line began inside of, if any.
    inherited: Option<u32>,
    /// 1-based column and mark, in order.
    segments: Vec<(u32, u32)>,
    /// The second pass wrote this line differently.
    unknown: bool,
}

impl SourceMap {
    /// Maps `clean` by the marks of the instrumented rendering.
    pub(super) fn new(clean: &str, traced: &Resolved, points: Arc<Vec<Point>>, trail: Trail) -> Self {
        let mut lines = lines_of(traced, &points, &trail);
        if traced.text == clean {
            return Self { lines, points, trail };
        }
        // Something measured or compared marked text. The lines before the first and after the last
        // difference are still the same lines.
        let (real, other): (Vec<_>, Vec<_>) = (clean.split('\n').collect(), traced.text.split('\n').collect());
        let before = real.iter().zip(&other).take_while(|(a, b)| a == b).count();
        let room = real.len().min(other.len()) - before;
        let after = real.iter().rev().zip(other.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
        let last = lines.split_off(other.len() - after);
        lines.truncate(before);
        lines.resize_with(real.len() - after, || Line { unknown: true, ..Line::default() });
        lines.extend(last);
        Self { lines, points, trail }
    }

    /// The map of a file that was passed through as it is.
    pub(super) fn identity(file: &Arc<str>, text: &str) -> Self {
        let (mut lines, mut points, mut trail) = (Vec::new(), Vec::new(), Trail::default());
        for number in 0..u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX) {
            points.push(Point { file: file.clone(), line: number + 1, column: 1, kind: Kind::Literal });
            trail.marks.push(Mark { point: number, frame: 0 });
            lines.push(Line { segments: vec![(1, number)], ..Line::default() });
        }
        Self { lines, points: Arc::new(points), trail }
    }

    /// The template place that wrote a place of the rendered text; both are 1-based.
    pub fn locate(&self, line: u32, column: u32) -> Mapping {
        let Some(found) = (line as usize).checked_sub(1).and_then(|at| self.lines.get(at)) else {
            return Mapping::Unmapped;
        };
        if found.unknown {
            return Mapping::Unmapped;
        }
        // Before the first mark of a line is only its indentation, which belongs to what follows.
        let within = found.segments.iter().rev().find(|(at, _)| *at <= column);
        let segment = within.copied().or_else(|| found.inherited.map(|id| (0, id))).or(found.segments.first().copied());
        let Some((start, id)) = segment else { return Mapping::Unmapped };
        let point = self.trail.marks.get(id as usize).and_then(|mark| self.points.get(mark.point as usize));
        let Some(point) = point else { return Mapping::Unmapped };
        let offset = match point.kind {
            Kind::Literal => column.saturating_sub(start),
            Kind::Emission => 0,
        };
        Mapping::Exact(Location::at(point.file.clone(), point.line, point.column + offset))
    }

    /// The values keys that may have made some lines, the likeliest first; containers stand for all in them.
    pub(crate) fn keys(&self, lines: RangeInclusive<u32>, reach: Reach) -> Vec<&KeyPath> {
        let lines = lines.filter_map(|line| self.lines.get((line as usize).checked_sub(1)?));
        let marks = lines.flat_map(|line| line.segments.iter().map(|(_, mark)| *mark).chain(line.inherited));
        let frames = marks.filter_map(|mark| self.trail.marks.get(mark as usize)).map(|mark| mark.frame);
        self.trail.keys(frames, reach)
    }

    /// Every key that the template asked for, in order.
    pub(crate) fn all_keys(&self) -> BTreeSet<&KeyPath> {
        self.trail.reads.iter().filter(|key| !key.is_empty()).collect()
    }
}

fn lines_of(traced: &Resolved, points: &[Point], trail: &Trail) -> Vec<Line> {
    let is_emission = |mark: u32| {
        let point = trail.marks.get(mark as usize).and_then(|mark| points.get(mark.point as usize));
        point.is_some_and(|point| point.kind == Kind::Emission)
    };
    let mut marks = traced.marks.iter().peekable();
    let (mut lines, mut start) = (Vec::new(), 0);
    let mut inherited = None;
    for text in traced.text.split('\n') {
        let mut line = Line { inherited, ..Line::default() };
        let (mut column, mut counted) = (1, start);
        while let Some((at, id)) = marks.next_if(|(at, _)| *at <= start + text.len()) {
            let upto = traced.text.get(counted..*at).map_or(0, |between| between.chars().count());
            column += u32::try_from(upto).unwrap_or(u32::MAX);
            counted = *at;
            line.segments.push((column, *id));
            inherited = is_emission(*id).then_some(*id);
        }
        start += text.len() + 1;
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(line: u32, column: u32, kind: Kind) -> Point {
        Point { file: "t".into(), line, column, kind }
    }

    /// A record in which each mark was written once.
    fn trail(points: &[Point]) -> Trail {
        let marks = (0..u32::try_from(points.len()).unwrap()).map(|point| Mark { point, frame: 0 }).collect();
        Trail { marks, ..Trail::default() }
    }

    fn at(line: u32, column: u32) -> Mapping {
        Mapping::Exact(Location::at("t", line, column))
    }

    #[test]
    fn literal_text_adds_its_offset_and_values_do_not() {
        let points = Arc::new(vec![point(3, 5, Kind::Literal), point(3, 10, Kind::Emission)]);
        let traced = Resolved { text: "  key: abc\n  more".into(), marks: vec![(2, 0), (7, 1)] };
        let map = SourceMap::new("  key: abc\n  more", &traced, points.clone(), trail(&points));
        assert_eq!(map.locate(1, 3), at(3, 5));
        assert_eq!(map.locate(1, 5), at(3, 7));
        assert_eq!(map.locate(1, 1), at(3, 5));
        assert_eq!(map.locate(1, 9), at(3, 10));
        assert_eq!(map.locate(2, 3), at(3, 10));
        assert_eq!(map.locate(3, 1), Mapping::Unmapped);
        assert_eq!(map.locate(0, 0), Mapping::Unmapped);
    }

    #[test]
    fn a_line_without_a_mark_after_literal_text_is_unmapped() {
        let points = Arc::new(vec![point(1, 1, Kind::Literal)]);
        let traced = Resolved { text: "a\n\nb".into(), marks: vec![(0, 0)] };
        assert_eq!(SourceMap::new("a\n\nb", &traced, points.clone(), trail(&points)).locate(3, 1), Mapping::Unmapped);
    }

    #[test]
    fn lines_that_differ_are_unmapped_and_the_others_are_not() {
        let points = Arc::new(vec![point(1, 1, Kind::Literal), point(2, 1, Kind::Literal), point(9, 1, Kind::Literal)]);
        let traced = Resolved { text: "a\nlong\nz".into(), marks: vec![(0, 0), (2, 1), (7, 2)] };
        let map = SourceMap::new("a\nb\nc\nz", &traced, points.clone(), trail(&points));
        assert_eq!(map.locate(1, 1), at(1, 1));
        assert_eq!(map.locate(2, 1), Mapping::Unmapped);
        assert_eq!(map.locate(3, 1), Mapping::Unmapped);
        assert_eq!(map.locate(4, 1), at(9, 1));
    }
}
