//! Who reaches whom, as np-guard's analyzer answers it: `<folder>/<case>/manifests` and `expected.txt`.
//!
//! A line is `source => destination : connections`. Compared as maps, IPv4 only, and by the addresses that ranges
//! hold together: where one range is cut in two is no difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use plimsoll::Workspace;
use plimsoll::facts::network::{AddressRange, AddressSet, Family};
use plimsoll::view::network::{Wanted, network};

use super::{folder, say};

/// Cases in which the analyzer's own documentation says that it approximates, with the reason. At most three.
const KNOWN: [(&str, &str); 0] = [];

/// Connections between workloads, and for each workload, direction and set of ports the addresses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    inside: BTreeMap<(String, String), String>,
    outside: BTreeMap<(String, &'static str, String), Vec<String>>,
}

impl Answer {
    fn of<'l>(lines: impl Iterator<Item = (&'l str, &'l str, &'l str)>) -> Self {
        let mut answer = Self::default();
        let mut outside: BTreeMap<(String, &'static str, String), AddressSet> = BTreeMap::new();
        for (source, destination, ports) in lines {
            let (peer, direction, range) = match (range(source), range(destination)) {
                (None, None) => {
                    let pair = (source.to_owned(), destination.to_owned());
                    let before = answer.inside.insert(pair, ports.to_owned());
                    assert_eq!(before, None, "{source} => {destination} is said twice");
                    continue;
                }
                (Some(range), _) => (destination, "from", range),
                (None, Some(range)) => (source, "to", range),
            };
            if range.family() == Family::V4 {
                let addresses = outside.entry((peer.to_owned(), direction, ports.to_owned())).or_default();
                *addresses = addresses.union(&AddressSet::from(range));
            }
        }
        let shown = |set: &AddressSet| set.ranges().iter().map(ToString::to_string).collect();
        answer.outside = outside.iter().map(|(key, set)| (key.clone(), shown(set))).collect();
        answer
    }

    /// What either says and the other does not.
    fn differences(&self, expected: &Self) -> String {
        let mut text = String::new();
        let mut compare = |left: Vec<String>, right: Vec<String>, sign: &str| {
            for line in left.iter().filter(|line| !right.contains(line)) {
                let _ = writeln!(text, "  {sign} {line}");
            }
        };
        compare(self.lines(), expected.lines(), "ours");
        compare(expected.lines(), self.lines(), "theirs");
        text
    }

    fn lines(&self) -> Vec<String> {
        let inside =
            self.inside.iter().map(|((source, destination), ports)| format!("{source} => {destination} : {ports}"));
        let outside = self
            .outside
            .iter()
            .map(|((peer, direction, ports), ranges)| format!("{peer} {direction} {} : {ports}", ranges.join(" ")));
        inside.chain(outside).collect()
    }
}

fn range(end: &str) -> Option<AddressRange> {
    let text = end.strip_suffix("[External]")?;
    Some(AddressRange::parse(text).unwrap_or_else(|error| panic!("{end}: {error}")))
}

fn expected(path: &Path) -> Answer {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Answer::of(lines.map(|line| {
        let (source, rest) = line.split_once(" => ").unwrap_or_else(|| panic!("{}: {line}", path.display()));
        let (destination, ports) = rest.split_once(" : ").unwrap_or_else(|| panic!("{}: {line}", path.display()));
        (source, destination, ports)
    }))
}

fn answered(manifests: &Path) -> Answer {
    let workspace = Workspace::open(manifests).unwrap_or_else(|error| panic!("{}: {error}", manifests.display()));
    let rendered = workspace.render_all();
    assert!(rendered.errors().is_empty(), "{}: {:#?}", manifests.display(), rendered.errors());
    let view = network(&rendered, &Wanted::default()).unwrap();
    let [environment] = view.environments.as_slice() else {
        panic!("{}: {} environments", manifests.display(), view.environments.len())
    };
    let ports: Vec<String> = environment.connections.iter().map(|connection| connection.ports.to_string()).collect();
    let connections = environment.connections.iter().zip(&ports);
    Answer::of(connections.map(|(connection, ports)| (&*connection.source, &*connection.destination, ports.as_str())))
}

/// Runs every case of a folder, and says how many there were.
fn run(suite: &str) {
    let Some(root) = folder("PLIMSOLL_CONFORMANCE") else { return };
    let root = root.join(suite);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.join("expected.txt").is_file());
    cases.sort();
    assert!(!cases.is_empty(), "{} holds no cases", root.display());
    let (mut wrong, mut agreeing, mut differing, mut equal) = (String::new(), Vec::new(), 0, 0);
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let differences = answered(&case.join("manifests")).differences(&expected(&case.join("expected.txt")));
        let known = KNOWN.iter().any(|(known, _)| *known == name);
        match (differences.is_empty(), known) {
            (true, true) => agreeing.push(name),
            (true, false) => equal += 1,
            (false, true) => differing += 1,
            (false, false) => {
                let _ = write!(wrong, "{name}\n{differences}");
            }
        }
    }
    let count = cases.len();
    say(&format!("{suite}: {count} cases, {equal} equal, {differing} known to differ"));
    assert!(wrong.is_empty(), "{suite} differs:\n{wrong}");
    assert!(agreeing.is_empty(), "no longer different, take them off the list: {agreeing:?}");
}

#[test]
fn network_policies() {
    run("network");
}

#[test]
fn cluster_wide_policies() {
    run("network-admin");
}
