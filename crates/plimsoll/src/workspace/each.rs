//! What a release is repeated for: folders that match a glob, items of a list inside a values file.

use std::sync::Arc;

use super::decode::{a_type, location, pointer};
use super::environment::Environment;
use super::pattern::{Escape, Pattern, Scope};
use super::plan::Planner;
use super::release::{Each, ReleaseConfig};
use super::tree::Find;
use crate::nearest::suggest;
use crate::yaml::{Data, Mark, Node};
use crate::{Error, ErrorKind, Location};

/// What one round of `each` binds.
#[derive(Debug, Clone, Default)]
pub(super) struct Binding {
    path: Option<String>,
    key: Option<Arc<str>>,
    pub(super) item: Option<Item>,
}

/// An item of a list in a values file.
#[derive(Debug, Clone)]
pub(super) struct Item {
    document: Arc<Node>,
    pub(super) file: Arc<str>,
    pub(super) pointer: String,
    location: Location,
}

impl Item {
    pub(super) fn node(&self) -> Option<&Node> {
        self.document.pointer(&self.pointer)
    }
}

impl Binding {
    pub(super) fn scope<'a>(&'a self, environment: &'a Environment) -> Scope<'a> {
        let path = self.path.as_deref();
        Scope {
            folder: path.map(|path| path.rsplit('/').next().unwrap_or(path)),
            path,
            key: self.key.as_deref(),
            item: self.item.as_ref().and_then(Item::node),
            ..Scope::of(environment)
        }
    }

    pub(super) fn location(&self) -> Option<&Location> {
        self.item.as_ref().map(|item| &item.location)
    }
}

impl Planner<'_> {
    pub(super) fn bindings(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        release: &ReleaseConfig,
    ) -> Vec<Binding> {
        match &release.each {
            None => vec![Binding::default()],
            Some(Each::Glob(pattern)) => self.folders(environment, pattern),
            Some(Each::Items { file, at, mark }) => self.items(environment, chain, file, at, *mark),
        }
    }

    /// A glob that ends in `/` finds directories; any other finds files, and means the directories they lie in.
    fn folders(&mut self, environment: &Arc<Environment>, pattern: &Pattern) -> Vec<Binding> {
        let glob = match pattern.expand(&Scope::of(environment), Escape::Glob) {
            Ok(glob) => glob,
            Err(unbound) => {
                self.unbound(environment, pattern, unbound, None);
                return Vec::new();
            }
        };
        let trimmed = glob.trim_start_matches("./").trim_end_matches('/');
        let find = if glob.ends_with('/') { Find::Directories } else { Find::Files };
        if trimmed.starts_with('/') || trimmed.split('/').any(|part| part == "..") {
            let help = "paths are relative and stay below the directory that holds plimsoll.yaml";
            self.fail(environment, pattern.mark, format!("`{glob}` leaves the workspace"), help);
            return Vec::new();
        }
        let found = match self.tree.glob(trimmed, find, &mut self.problems) {
            Ok(found) => found,
            Err(why) => {
                let message = format!("`{glob}` is no glob: {why}");
                self.fail(environment, pattern.mark, message, "`*` matches within a folder, `**` across folders");
                return Vec::new();
            }
        };
        self.seen(pattern, !found.is_empty());
        if found.is_empty() && !pattern.optional {
            let (what, help) = match find {
                Find::Directories => ("directory", "correct the glob, or let it end in `?` if it may match nothing"),
                Find::Files => ("file", "a glob for directories ends in `/`"),
            };
            self.fail(environment, pattern.mark, format!("`{glob}` matches no {what}"), help);
        }
        let folder = |path: &String| match find {
            Find::Directories => path.clone(),
            Find::Files => path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()),
        };
        let mut folders: Vec<String> = found.iter().map(folder).filter(|folder| !folder.is_empty()).collect();
        folders.dedup();
        folders.into_iter().map(|path| Binding { path: Some(path), ..Binding::default() }).collect()
    }

    /// The file of the nearest environment that has one, since lists replace when values merge.
    fn nearest_file(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        pattern: &Pattern,
    ) -> Option<String> {
        let mut file = None;
        let mut first = None;
        for environment in chain {
            let Some(path) = self.path(environment, pattern, &Scope::of(environment)) else { continue };
            if self.tree.is_file(&path, &mut self.problems) {
                file = Some(path);
                break;
            }
            first.get_or_insert(path);
        }
        self.seen(pattern, file.is_some());
        if let Some(path) = first.filter(|_| file.is_none() && !pattern.optional) {
            self.missing_file(environment, pattern, &path);
        }
        file
    }

    /// A binding for each entry of the list or map in that file.
    fn items(
        &mut self,
        environment: &Arc<Environment>,
        chain: &[Arc<Environment>],
        pattern: &Pattern,
        at: &[String],
        mark: Mark,
    ) -> Vec<Binding> {
        let Some(file) = self.nearest_file(environment, chain, pattern) else { return Vec::new() };
        let Some(document) = self.tree.document(&file, ErrorKind::Values, &mut self.problems) else {
            return Vec::new();
        };
        let file: Arc<str> = file.into();
        let mut base = String::new();
        let mut node = &*document;
        for key in at {
            let Some(next) = node.get(key) else {
                let known: Vec<&str> = node.entries().iter().map(|entry| &*entry.key).collect();
                let message = format!("`{file}` has no `{}`", at.join("."));
                self.fail(environment, mark, message, suggest(key, known));
                return Vec::new();
            };
            base.push_str(&pointer([key.as_str()]));
            node = next;
        }
        let make = |pointer: String, key: Option<Arc<str>>, mark: Mark| Binding {
            path: None,
            key,
            item: Some(Item {
                document: document.clone(),
                file: file.clone(),
                pointer,
                location: location(&file, mark),
            }),
        };
        match &node.data {
            Data::Null => Vec::new(),
            Data::Seq(items) => {
                items.iter().enumerate().map(|(at, item)| make(format!("{base}/{at}"), None, item.mark)).collect()
            }
            Data::Map(map) => map
                .iter()
                .map(|entry| make(format!("{base}{}", pointer([&*entry.key])), Some(entry.key.clone()), entry.mark))
                .collect(),
            _ => {
                let error = Error::new(ErrorKind::Workspace, format!("releases are to be made from {}", a_type(node)))
                    .with_location(location(&file, node.mark))
                    .with_help("`each` wants a list or a map here");
                self.problems.add_in(&environment.name, error);
                Vec::new()
            }
        }
    }
}
