//! Where things lie in the Git repository around them, by its `.git` alone: nothing is read, Git is not called.
//!
//! What has changed in it is asked of Git, in `git`.

use std::path::{Path, PathBuf};

/// A directory with a repository in it, by its canonical path.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The nearest one at or above a directory; in work trees and submodules its `.git` is a file.
    pub(crate) fn around(directory: &Path) -> Option<Self> {
        let directory = directory.canonicalize().ok()?;
        let root = directory.ancestors().find(|directory| directory.join(".git").exists())?;
        Some(Self { root: root.to_owned() })
    }

    /// The path of something from the root, with `/`; none for what lies elsewhere, or has a name that is no Unicode.
    ///
    /// It need not be there, the directory that it would be in must.
    pub(crate) fn path(&self, path: &Path) -> Option<String> {
        let real = path.canonicalize().ok().or_else(|| {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(parent.canonicalize().ok()?.join(path.file_name()?))
        })?;
        let parts: Option<Vec<&str>> = real.strip_prefix(&self.root).ok()?.iter().map(|part| part.to_str()).collect();
        Some(parts?.join("/"))
    }
}
