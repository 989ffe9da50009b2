//! The only way the library reads files: from one directory and nowhere outside it, or from memory.
//!
//! Every path in the crate is relative to the root, written with `/`, without `.` and `..`.
//! [`Files::join`] makes such a path from what a configuration says and refuses what leaves the root;
//! [`Files::read`] also refuses symbolic links whose target lies outside (a chart is somebody else's
//! input, and a link to `/etc/passwd` in `files/` would end up in a ConfigMap).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, ErrorKind, Location, Result};

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 << 20;
/// How deep directories are walked; deeper ones are cyclic links or mistakes.
const MAX_DEPTH: usize = 32;
/// How many files and directories one walk looks at: links can lead to one directory by many ways.
pub(crate) const MAX_ENTRIES: usize = 1_000_000;

/// A tree of files: a directory on disk, or a map in memory.
#[derive(Debug, Clone)]
pub struct Files(Inner);

#[derive(Debug, Clone)]
enum Inner {
    Disk { root: PathBuf },
    Memory(Arc<BTreeMap<String, Arc<[u8]>>>),
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, or a link to one inside the root.
    File,
    /// A directory, or a link to one inside the root.
    Directory,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last component.
    pub name: String,
    /// The path from the root.
    pub path: String,
    /// File or directory.
    pub kind: EntryKind,
    /// A link to a directory on the way to it: entered, it has no end, and nothing that was not seen before.
    pub is_loop: bool,
}

impl Files {
    /// Opens a directory; symbolic links in the path to the root itself are followed.
    pub fn directory(root: impl AsRef<Path>) -> Result<Self> {
        let shown = root.as_ref().display().to_string();
        let root = root.as_ref().canonicalize().map_err(|error| io_error(&shown, &error))?;
        if !root.is_dir() {
            return Err(Error::new(ErrorKind::File, format!("{shown} is not a directory")));
        }
        Ok(Self(Inner::Disk { root }))
    }

    /// Files that live in memory; paths are relative, with `/`.
    pub fn memory<P: Into<String>, B: Into<Arc<[u8]>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        Self(Inner::Memory(Arc::new(files)))
    }

    /// The directory on disk, if these files are on one.
    pub fn root(&self) -> Option<&Path> {
        match &self.0 {
            Inner::Disk { root } => Some(root),
            Inner::Memory(_) => None,
        }
    }

    /// Resolves `relative`, as written in a file that lies in the directory `base`, to a path from the root.
    pub fn join(base: &str, relative: &str) -> Result<String> {
        let outside = || {
            Error::new(ErrorKind::OutsideWorkspace, format!("`{relative}` leaves the workspace"))
                .with_help("paths are relative and stay below the directory that holds plimsoll.yaml")
        };
        if relative.starts_with('/') || relative.contains('\0') || Path::new(relative).is_absolute() {
            return Err(outside());
        }
        let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        for part in relative.split(['/', '\\']) {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(outside)?;
                }
                part => parts.push(part),
            }
        }
        Ok(parts.join("/"))
    }

    /// What stands at `path`; `None` where there is nothing.
    pub fn kind(&self, path: &str) -> Result<Option<EntryKind>> {
        match &self.0 {
            Inner::Disk { root } => match std::fs::metadata(root.join(path)) {
                Ok(metadata) => {
                    inside(root, path)?;
                    Ok(Some(if metadata.is_dir() { EntryKind::Directory } else { EntryKind::File }))
                }
                Err(error)
                    if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
                {
                    Ok(None)
                }
                Err(error) => Err(io_error(path, &error)),
            },
            Inner::Memory(files) if files.contains_key(path) => Ok(Some(EntryKind::File)),
            Inner::Memory(files) => {
                let below = if path.is_empty() { String::new() } else { format!("{path}/") };
                let directory = files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below));
                Ok(directory.then_some(EntryKind::Directory))
            }
        }
    }

    /// Whether a file stands at `path`.
    pub fn is_file(&self, path: &str) -> Result<bool> {
        Ok(self.kind(path)? == Some(EntryKind::File))
    }

    /// Whether a directory stands at `path`.
    pub fn is_directory(&self, path: &str) -> Result<bool> {
        Ok(self.kind(path)? == Some(EntryKind::Directory))
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> Result<Arc<[u8]>> {
        self.read_at_most(path, MAX_FILE)
    }

    /// The bytes of a file that has no business being larger than so many bytes.
    pub fn read_at_most(&self, path: &str, limit: u64) -> Result<Arc<[u8]>> {
        let limit = limit.min(MAX_FILE);
        match &self.0 {
            Inner::Disk { root } => read_disk(root, path, limit),
            Inner::Memory(files) => match files.get(path) {
                Some(bytes) if bytes.len() as u64 <= limit => Ok(bytes.clone()),
                Some(bytes) => Err(too_large(path, bytes.len() as u64, limit)),
                None => Err(io_error(path, &std::io::ErrorKind::NotFound.into())),
            },
        }
    }

    /// The text of a file, without a byte-order mark; an error that names the line where it is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<Arc<str>> {
        let bytes = self.read(path)?;
        text_of(path, &bytes)
    }

    /// The entries of a directory, sorted by name.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>> {
        let mut entries = match &self.0 {
            Inner::Disk { root } => list_disk(root, path)?,
            Inner::Memory(files) => list_memory(files, path),
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Every file below a directory, sorted; directories whose name starts with `.` are passed over.
    pub fn walk(&self, path: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut pending = vec![(path.to_owned(), 0)];
        let mut looked_at = 0;
        while let Some((directory, depth)) = pending.pop() {
            if depth > MAX_DEPTH {
                return Err(Error::new(ErrorKind::Limit, format!("directories are nested more than {MAX_DEPTH} deep"))
                    .with_location(Location::file(directory.as_str()))
                    .with_help("symbolic links that lead from one to the next do this"));
            }
            let entries = self.list(&directory)?;
            looked_at += entries.len();
            if looked_at > MAX_ENTRIES {
                return Err(too_many(path));
            }
            for entry in entries {
                match entry.kind {
                    EntryKind::File => found.push(entry.path),
                    EntryKind::Directory if entry.name.starts_with('.') || entry.is_loop => {}
                    EntryKind::Directory => pending.push((entry.path, depth + 1)),
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// A glob over workspace paths: `*` stays within a folder, `**` crosses folders.
#[derive(Debug, Clone)]
pub struct PathPattern(globset::GlobMatcher);

impl PathPattern {
    /// Compiles a glob; a path is a glob that matches itself.
    pub fn new(glob: &str) -> Result<Self> {
        let built = globset::GlobBuilder::new(glob).literal_separator(true).build();
        built.map(|glob| Self(glob.compile_matcher())).map_err(|error| {
            Error::new(ErrorKind::Argument, format!("`{glob}` is not a glob: {}", error.kind()))
                .with_help("`*` matches within a folder, `**` across folders")
        })
    }

    /// Whether a path matches.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Decodes the bytes of the file `path` as UTF-8, without a byte-order mark.
pub fn text_of(path: &str, bytes: &[u8]) -> Result<Arc<str>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Arc::from(text)),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = 1 + String::from_utf8_lossy(&before[start..]).chars().count();
            Err(Error::new(ErrorKind::File, "the file is not valid UTF-8")
                .with_location(Location::at(
                    path,
                    u32::try_from(line).unwrap_or(u32::MAX),
                    u32::try_from(column).unwrap_or(u32::MAX),
                ))
                .with_help("save the file as UTF-8"))
        }
    }
}

fn inside(root: &Path, path: &str) -> Result<PathBuf> {
    let real = root.join(path).canonicalize().map_err(|error| io_error(path, &error))?;
    if real.starts_with(root) {
        Ok(real)
    } else {
        Err(Error::new(ErrorKind::OutsideWorkspace, format!("`{path}` is a symbolic link out of the workspace"))
            .with_location(Location::file(path))
            .with_help("links may leave the chart, never the workspace; copy the file in"))
    }
}

fn read_disk(root: &Path, path: &str, limit: u64) -> Result<Arc<[u8]>> {
    let real = inside(root, path)?;
    let file = std::fs::File::open(real).map_err(|error| io_error(path, &error))?;
    let metadata = file.metadata().map_err(|error| io_error(path, &error))?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::File, format!("`{path}` is not a regular file"))
            .with_location(Location::file(path))
            .with_help("name a file, not a directory, a pipe or a device"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_error(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, metadata.len(), limit));
    }
    Ok(bytes.into())
}

fn list_disk(root: &Path, path: &str) -> Result<Vec<Entry>> {
    let real = inside(root, path)?;
    let mut entries = Vec::new();
    let mut way: Option<Vec<PathBuf>> = None;
    let directory = path;
    for entry in std::fs::read_dir(real).map_err(|error| io_error(path, &error))? {
        let entry = entry.map_err(|error| io_error(path, &error))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let file_type = entry.file_type().map_err(|error| io_error(&path, &error))?;
        let is_link = file_type.is_symlink();
        // A dangling link is listed as a file: reading it says what is wrong with it.
        let is_directory =
            file_type.is_dir() || (is_link && std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()));
        let is_loop = is_link && is_directory && {
            let way = way.get_or_insert_with(|| way_to(root, directory));
            entry.path().canonicalize().is_ok_and(|target| way.contains(&target))
        };
        let kind = if is_directory { EntryKind::Directory } else { EntryKind::File };
        entries.push(Entry { name, path, kind, is_loop });
    }
    Ok(entries)
}

/// Where the directories on the way to a path really are, its own among them.
fn way_to(root: &Path, path: &str) -> Vec<PathBuf> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([0, path.len()]);
    ends.filter_map(|end| root.join(&path[..end]).canonicalize().ok()).collect()
}

/// There is no end in sight.
pub(crate) fn too_many(path: &str) -> Error {
    Error::new(ErrorKind::Limit, format!("there are more than {MAX_ENTRIES} files and directories to look at"))
        .with_location(Location::file(path))
        .with_help("name a directory further down; symbolic links may lead to one directory by many ways")
}

fn list_memory(files: &BTreeMap<String, Arc<[u8]>>, path: &str) -> Vec<Entry> {
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for file in files.range(below.clone()..).map(|(file, _)| file).take_while(|file| file.starts_with(&below)) {
        let rest = &file[below.len()..];
        let (name, kind) = match rest.split_once('/') {
            Some((directory, _)) => (directory, EntryKind::Directory),
            None => (rest, EntryKind::File),
        };
        if seen.insert(name) {
            entries.push(Entry { name: name.to_owned(), path: format!("{below}{name}"), kind, is_loop: false });
        }
    }
    entries
}

fn too_large(path: &str, size: u64, limit: u64) -> Error {
    let help = if limit < MAX_FILE {
        "see whether it is the file that was meant; nothing of this kind is so large"
    } else {
        "split the file; the API server itself takes no object over 3 MiB"
    };
    Error::new(ErrorKind::Limit, format!("the file has {size} bytes; at most {limit} are read"))
        .with_location(Location::file(path))
        .with_help(help)
}

fn io_error(path: &str, error: &std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => format!("`{path}` does not exist"),
        std::io::ErrorKind::PermissionDenied => format!("`{path}` may not be read: permission denied"),
        _ => format!("`{path}` cannot be read: {error}"),
    };
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => "create it, or correct the path; a symbolic link may lead nowhere",
        std::io::ErrorKind::PermissionDenied => "let the user who runs plimsoll read it",
        _ => "see that it is a file that can be opened, and no symbolic link to itself",
    };
    Error::new(ErrorKind::File, message).with_location(Location::file(path)).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_stays_inside() {
        assert_eq!(Files::join("charts/cart", "../microservice").unwrap(), "charts/microservice");
        assert_eq!(Files::join("", "./a//b/./c").unwrap(), "a/b/c");
        for bad in ["../x", "a/../../x", "/etc/passwd", "a\0b"] {
            let error = Files::join("", bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutsideWorkspace, "{bad}");
        }
    }

    #[test]
    fn memory_lists_directories_once() {
        let files = Files::memory([("a/x", b"1".to_vec()), ("a/y/z", b"2".to_vec()), ("ab", b"3".to_vec())]);
        let names: Vec<_> = files.list("a").unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
        assert_eq!(names, [("x".to_owned(), EntryKind::File), ("y".to_owned(), EntryKind::Directory)]);
        assert_eq!(files.walk("").unwrap(), ["a/x", "a/y/z", "ab"]);
        assert_eq!(files.kind("a").unwrap(), Some(EntryKind::Directory));
        assert_eq!(files.kind("nope").unwrap(), None);
    }

    #[test]
    fn invalid_utf8_names_its_line() {
        let error = text_of("f", b"a\nb\xff").unwrap_err();
        assert_eq!(error.location().unwrap().to_string(), "f:2:2");
    }
}
