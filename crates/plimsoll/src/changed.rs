//! Which files are other than they were: what a caller learns from version control, as paths of the workspace.
//!
//! What depends on a file is the [linter](crate::lint)'s business; asking Git is the command's.

use std::collections::BTreeSet;
use std::ops::Bound;

/// Files that were changed, added or removed, as paths below the workspace's root with `/`.
///
/// A path may also be a directory, of which anything may have changed: a submodule, a repository in the
/// repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed(BTreeSet<String>);

impl Changed {
    /// The changed paths; a `/` at the end of one does not count.
    pub fn new<P: Into<String>>(paths: impl IntoIterator<Item = P>) -> Self {
        let mut paths: BTreeSet<String> = paths.into_iter().map(Into::into).collect();
        while let Some(path) = paths.iter().find(|path| path.ends_with('/')).cloned() {
            paths.remove(&path);
            paths.insert(path.trim_end_matches('/').to_owned());
        }
        Self(paths)
    }

    /// The changed paths, in order.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a file has changed, itself or with a directory that it lies in.
    pub fn contains(&self, file: &str) -> bool {
        self.0.contains(file) || ancestors(file).any(|directory| self.0.contains(directory))
    }

    /// Whether anything has changed at a path: the file, the directory, or something in it.
    pub fn touches(&self, path: &str) -> bool {
        path.is_empty() && !self.0.is_empty() || self.contains(path) || self.below(path).next().is_some()
    }

    /// The changed paths in a directory.
    pub(crate) fn below(&self, directory: &str) -> impl Iterator<Item = &str> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from = self.0.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from.map(String::as_str).take_while(move |path| path.starts_with(&prefix))
    }
}

/// The directories that a path lies in, the nearest first.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories() {
        let changed = Changed::new(["charts/cart/values.yaml", "charts/lib/", "a b"]);
        assert_eq!(changed.paths().collect::<Vec<_>>(), ["a b", "charts/cart/values.yaml", "charts/lib"]);
        for (path, contains, touches) in [
            ("charts/cart/values.yaml", true, true),
            ("charts/cart", false, true),
            ("charts/lib/templates/_x.j2", true, true),
            ("charts/lib", true, true),
            ("charts/li", false, false),
            ("charts/library", false, false),
            ("charts", false, true),
            ("", false, true),
            ("b", false, false),
        ] {
            assert_eq!((changed.contains(path), changed.touches(path)), (contains, touches), "{path}");
        }
        assert!(!Changed::default().touches(""));
    }
}
