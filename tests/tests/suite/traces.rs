//! Measures the way back: every scalar of every rendered object is traced to its template line and to its
//! values keys, each of those is changed, and the scalar has to change with it.
//!
//! A place that is claimed and does not matter is wrong, and none may be; a place that is not known is said
//! to be unmapped, which is allowed for one scalar in fifty.

mod claims;
mod told;

use std::io::Write as _;
use std::sync::Arc;

use plimsoll::files::Files;

use crate::example;
use claims::Measured;

/// The share of scalars that must have an exact place, in thousandths.
const EXACT: usize = 980;

fn measure(name: &str, files: &example::Texts) -> Measured {
    let measured = claims::measure(files);
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "traces of {name}: {measured}").unwrap();
    measured
}

#[track_caller]
fn hold(measured: &Measured) {
    assert_eq!(measured.wrong, Vec::<String>::new());
    assert!(measured.exact * 1000 >= measured.scalars * EXACT, "{measured}\n{:#?}", measured.unmapped);
}

#[test]
fn every_line_and_key_of_the_example() {
    let measured = measure("the example", &example::files());
    hold(&measured);
    assert!(measured.lines > 300 && measured.keys > 100, "{measured}");
}

/// Templates that make the way back hard: all that an author may write who thinks of nobody.
fn awkward() -> example::Texts {
    let disk = Files::directory(example::root().join("tests/data/awkward")).unwrap();
    let paths = disk.walk("").unwrap();
    let read = |path: String| {
        let text = disk.read_text(&path).unwrap();
        // One of them has the line ends of another system.
        let text = if path.ends_with("second.yaml.j2") { text.replace('\n', "\r\n") } else { text.to_string() };
        (path, Arc::from(text.into_bytes()))
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_line_and_key_of_awkward_templates() {
    let measured = measure("awkward templates", &awkward());
    hold(&measured);
    assert!(measured.lines > 50 && measured.keys > 25, "{measured}");
}
