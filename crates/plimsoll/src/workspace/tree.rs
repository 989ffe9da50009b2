//! What lies where: each directory is listed once, each document read once.
//!
//! Only directories that a path or glob leads to are listed, so a workspace may stand beside large trees
//! that are none of its business.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use globset::GlobBuilder;

use crate::files::{self, EntryKind, Files, MAX_ENTRIES};
use crate::nearest::nearest;
use crate::problems::Problems;
use crate::yaml::{self, Node};
use crate::{Error, ErrorKind, Location};

/// How deep directories are followed; deeper ones are cyclic links or mistakes.
const MAX_DEPTH: usize = 32;

/// How many misspelt paths get a "did you mean".
const MAX_GUESSES: u32 = 100;

type Listing = BTreeMap<String, EntryKind>;

/// Manifests and charts found below a directory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) manifests: Vec<String>,
    pub(super) charts: Vec<String>,
}

/// What a glob is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Find {
    Files,
    Directories,
}

pub(super) struct Tree<'a> {
    files: &'a Files,
    listings: HashMap<String, Rc<Listing>>,
    /// Links back to a directory on the way to them, which are not entered.
    loops: HashSet<String>,
    globs: HashMap<(String, Find), Rc<[String]>>,
    documents: HashMap<String, Option<Arc<Node>>>,
    /// How many misspellings may still be looked into: each compares with a whole directory.
    guesses: u32,
}

/// Whether a file may hold manifests, going by its name.
pub(super) fn is_candidate(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.starts_with('.') && [".yaml", ".yml", ".json"].iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

/// A path below a directory; the root is the empty path.
pub(super) fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn has_meta(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

impl<'a> Tree<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        Self {
            files,
            listings: HashMap::new(),
            loops: HashSet::new(),
            globs: HashMap::new(),
            documents: HashMap::new(),
            guesses: MAX_GUESSES,
        }
    }

    /// The entries of a directory; none where it cannot be listed, which is said once.
    pub(super) fn list(&mut self, directory: &str, problems: &mut Problems) -> Rc<Listing> {
        if let Some(listing) = self.listings.get(directory) {
            return listing.clone();
        }
        let listing = match self.files.list(directory) {
            Ok(entries) => {
                for entry in entries.iter().filter(|entry| entry.is_loop) {
                    let text =
                        format!("`{}` is a symbolic link to a directory it lies in, and was passed over", entry.path);
                    problems.note(text, Some(Location::file(entry.path.as_str())));
                    self.loops.insert(entry.path.clone());
                }
                entries.into_iter().map(|entry| (entry.name, entry.kind)).collect()
            }
            Err(error) => {
                problems.add(error);
                Listing::new()
            }
        };
        let listing = Rc::new(listing);
        self.listings.insert(directory.to_owned(), listing.clone());
        listing
    }

    /// What stands at a path.
    pub(super) fn kind(&mut self, path: &str, problems: &mut Problems) -> Option<EntryKind> {
        if path.is_empty() {
            return Some(EntryKind::Directory);
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(listing) = self.listings.get(parent) {
            return listing.get(name).copied();
        }
        if self.kind(parent, problems) != Some(EntryKind::Directory) {
            return None;
        }
        self.list(parent, problems).get(name).copied()
    }

    pub(super) fn is_file(&mut self, path: &str, problems: &mut Problems) -> bool {
        self.kind(path, problems) == Some(EntryKind::File)
    }

    pub(super) fn is_chart(&mut self, directory: &str, problems: &mut Problems) -> bool {
        self.kind(directory, problems) == Some(EntryKind::Directory)
            && self.is_file(&below(directory, "Chart.yaml"), problems)
    }

    /// The path beside `path` that it is most likely a misspelling of.
    pub(super) fn nearest(&mut self, path: &str, problems: &mut Problems) -> Option<String> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.guesses == 0 || self.kind(parent, problems) != Some(EntryKind::Directory) {
            return None;
        }
        self.guesses -= 1;
        let listing = self.list(parent, problems);
        let others = listing.keys().map(String::as_str).filter(|other| *other != name);
        nearest(name, others).map(|name| below(parent, name))
    }

    /// Manifests below a directory, sorted; a chart on the way is named instead of entered, and hidden
    /// files and directories are passed over.
    pub(super) fn scan(&mut self, directory: &str, problems: &mut Problems) -> Scan {
        let mut scan = Scan::default();
        let mut pending = vec![(directory.to_owned(), 0)];
        let (start, mut looked_at) = (directory, 0);
        while let Some((directory, depth)) = pending.pop() {
            let listing = self.list(&directory, problems);
            looked_at += listing.len();
            if looked_at > MAX_ENTRIES {
                problems.add(files::too_many(start));
                break;
            }
            if listing.get("Chart.yaml") == Some(&EntryKind::File) {
                scan.charts.push(directory);
                continue;
            }
            for (name, kind) in listing.iter() {
                let path = below(&directory, name);
                match kind {
                    EntryKind::File if is_candidate(name) => scan.manifests.push(path),
                    EntryKind::Directory if name.starts_with('.') || self.loops.contains(&path) => {}
                    EntryKind::Directory if deep_enough(&path, depth, problems) => {
                        pending.push((path, depth + 1));
                    }
                    _ => {}
                }
            }
        }
        scan.manifests.sort();
        scan.charts.sort();
        scan
    }

    /// The files or directories that match a glob, sorted. `*` and `?` do not match `/`; `**` does.
    pub(super) fn glob(&mut self, glob: &str, find: Find, problems: &mut Problems) -> Result<Rc<[String]>, String> {
        let key = (glob.to_owned(), find);
        if let Some(found) = self.globs.get(&key) {
            return Ok(found.clone());
        }
        let built = GlobBuilder::new(glob).literal_separator(true).backslash_escape(false).build();
        let matcher = built.map_err(|error| error.kind().to_string())?.compile_matcher();
        let fixed: Vec<&str> = glob.split('/').take_while(|part| !has_meta(part)).collect();
        let whole = glob.split('/').count();
        let start = if fixed.len() == whole { &fixed[..whole - 1] } else { &fixed[..] };
        let start = start.join("/");
        // Alternatives and `**` may span directories; otherwise the depth is known.
        let levels =
            if glob.contains("**") || glob.contains('{') { MAX_DEPTH } else { whole - fixed.len().min(whole - 1) };
        let mut found = Vec::new();
        if self.kind(&start, problems) == Some(EntryKind::Directory) {
            let mut pending = vec![(start, 1)];
            let mut looked_at = 0;
            while let Some((directory, level)) = pending.pop() {
                let listing = self.list(&directory, problems);
                looked_at += listing.len();
                if looked_at > MAX_ENTRIES {
                    return Err(format!("there are more than {MAX_ENTRIES} files and directories to look at"));
                }
                for (name, kind) in listing.iter() {
                    let path = below(&directory, name);
                    if self.loops.contains(&path) {
                        continue;
                    }
                    let wanted = (*kind == EntryKind::File) == (find == Find::Files);
                    let hidden = name.starts_with('.');
                    if *kind == EntryKind::Directory && !hidden && level < levels {
                        pending.push((path.clone(), level + 1));
                    }
                    if wanted && !hidden && matcher.is_match(&path) {
                        found.push(path);
                    }
                }
            }
        }
        found.sort();
        let found: Rc<[String]> = found.into();
        self.globs.insert(key, found.clone());
        Ok(found)
    }

    /// The tree of a YAML file; nothing where it cannot be read, which is said once.
    pub(super) fn document(&mut self, path: &str, kind: ErrorKind, problems: &mut Problems) -> Option<Arc<Node>> {
        if let Some(document) = self.documents.get(path) {
            return document.clone();
        }
        let document = match read_document(self.files, path, kind) {
            Ok(node) => Some(Arc::new(node)),
            Err(error) => {
                problems.add(error);
                None
            }
        };
        self.documents.insert(path.to_owned(), document.clone());
        document
    }
}

fn deep_enough(path: &str, depth: usize, problems: &mut Problems) -> bool {
    if depth < MAX_DEPTH {
        return true;
    }
    let message = format!("directories are nested more than {MAX_DEPTH} deep");
    let error = Error::new(ErrorKind::Limit, message)
        .with_location(Location::file(path))
        .with_help("symbolic links that lead from one to the next do this");
    problems.add(error);
    false
}

/// Reads a file with exactly one YAML document.
pub(super) fn read_document(files: &Files, path: &str, kind: ErrorKind) -> crate::Result<Node> {
    let text = files.read_text(path)?;
    match yaml::parse(&text, 0) {
        Ok(parsed) => Ok(parsed.node),
        Err(fault) => {
            let kind = if fault.limit { ErrorKind::Limit } else { kind };
            let error = Error::new(kind, fault.message).with_location(Location::at(
                path,
                fault.line.max(1),
                fault.column.max(1),
            ));
            Err(match fault.help {
                Some(help) => error.with_help(help),
                None => error,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Files {
        Files::memory(paths.iter().map(|path| (*path, b"".to_vec())))
    }

    #[test]
    fn globs_stay_within_a_level_unless_told() {
        let files = files(&["s/a/values.yaml", "s/b/x/values.yaml", "s/.h/values.yaml", "t.yaml", "s/c.yaml"]);
        let mut tree = Tree::new(&files);
        let mut problems = Problems::default();
        let mut glob = |glob: &str, find| tree.glob(glob, find, &mut problems).unwrap().to_vec();
        assert_eq!(glob("s/*", Find::Directories), ["s/a", "s/b"]);
        assert_eq!(glob("s/*/values.yaml", Find::Files), ["s/a/values.yaml"]);
        assert_eq!(glob("s/**/values.yaml", Find::Files), ["s/a/values.yaml", "s/b/x/values.yaml"]);
        assert_eq!(glob("**", Find::Files), ["s/a/values.yaml", "s/b/x/values.yaml", "s/c.yaml", "t.yaml"]);
        assert_eq!(glob("{s/a,s/b/x}/values.yaml", Find::Files), ["s/a/values.yaml", "s/b/x/values.yaml"]);
        assert_eq!(glob("*.yaml", Find::Files), ["t.yaml"]);
        assert_eq!(glob("s/c.yaml", Find::Files), ["s/c.yaml"]);
        assert_eq!(glob("nope/*", Find::Files), Vec::<String>::new());
        assert!(tree.glob("a[", Find::Files, &mut problems).is_err());
        assert!(problems.is_empty());
    }

    #[test]
    fn a_scan_names_charts_and_passes_over_what_is_hidden() {
        let files = files(&[
            "a.yaml",
            ".b.yaml",
            ".c/d.yaml",
            "e/Chart.yaml",
            "e/values.yaml",
            "f/g.json",
            "f/h.txt",
            "f/.yaml",
        ]);
        let scan = Tree::new(&files).scan("", &mut Problems::default());
        assert_eq!(scan, Scan { manifests: vec!["a.yaml".into(), "f/g.json".into()], charts: vec!["e".into()] });
    }
}
