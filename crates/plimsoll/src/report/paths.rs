//! How a service names the files of a report: from the root of the repository, not from the workspace.
//!
//! Where the workspace lies in its repository is the caller's knowledge; without it paths stay as they are.
//! The text and JSON formats name files from the workspace, whatever is known here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::Location;

/// What stands before the paths of a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths {
    /// From the repository's root to the workspace, without slashes at its ends; empty where they are the same.
    before: String,
    /// Files that are not named from the workspace, as they are named and from the repository's root.
    others: BTreeMap<String, String>,
}

impl Paths {
    pub(super) fn lie_in(&mut self, path: &str) {
        path.trim_matches('/').clone_into(&mut self.before);
    }

    pub(super) fn name(&mut self, file: String, path: String) {
        self.others.insert(file, path);
    }

    /// Whether the workspace lies below the root of its repository.
    pub(super) fn is_below(&self) -> bool {
        !self.before.is_empty()
    }

    /// A file as a service names it.
    pub(super) fn path<'a>(&'a self, file: &'a str) -> Cow<'a, str> {
        if let Some(path) = self.others.get(file) {
            return path.into();
        }
        match (self.before.as_str(), file) {
            ("", file) => file.into(),
            (before, "") => before.into(),
            (before, file) => format!("{before}/{file}").into(),
        }
    }

    /// A location as a service names it.
    pub(super) fn at(&self, location: &Location) -> Location {
        Location { file: self.path(&location.file).into(), ..location.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;

    #[test]
    fn the_way_to_the_workspace_stands_before_its_files() {
        let mut paths = Paths::default();
        assert_eq!((paths.path("a/b.yaml"), paths.is_below()), ("a/b.yaml".into(), false));
        paths.lie_in("/ops/deploy/");
        assert_eq!((paths.path("a/b.yaml"), paths.is_below()), ("ops/deploy/a/b.yaml".into(), true));
        assert_eq!(paths.path(""), "ops/deploy");
        paths.name("b.json".to_owned(), "known/b.json".to_owned());
        assert_eq!((paths.path("b.json"), paths.path("b.jso")), ("known/b.json".into(), "ops/deploy/b.jso".into()));
        paths.lie_in("");
        assert!(!paths.is_below());
    }
}
