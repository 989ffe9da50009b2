//! Sets of policies: reading folders, combining, selecting.
//!
//! Loading looks at folders, METADATA and the package line only; the Rego itself is parsed when a
//! selection is [compiled](super::Compiled), so that listing policies or running three of them does not
//! pay for the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::definition::{Library, Policy};
use super::{fault, metadata, nearest};
use crate::files::{EntryKind, Files};
use crate::{Error, ErrorKind, Location, Result};

/// Folder names beside the categories that mean something else.
const RESERVED: [&str; 4] = ["src", "lib", "tests", "target"];

/// Policies by id, and what could not be loaded.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    policies: BTreeMap<Arc<str>, Arc<Policy>>,
    errors: Vec<Error>,
}

/// A policy folder's texts, as found.
#[derive(Default)]
struct Folder {
    rego: Option<(Arc<str>, Arc<str>)>,
    readme: Option<(Arc<str>, Arc<str>)>,
}

impl Policies {
    /// The policies that come with plimsoll.
    ///
    /// Fails with the first fault of any of them, which a test of this crate rules out.
    pub fn builtin() -> Result<Self> {
        let texts = plimsoll_policies::files().iter().map(|file| {
            let shown: Arc<str> = format!("policies/{}", file.path).into();
            (file.path.to_owned(), shown, Ok(Arc::from(file.text)))
        });
        let policies = Self::read(texts, &BTreeMap::new(), true);
        match policies.errors.first() {
            Some(error) => Err(error.clone()),
            None => Ok(policies),
        }
    }

    /// Reads a directory of policy folders, `<category>/<name>/policy.rego`, and `lib/*.rego` beside them.
    ///
    /// What cannot be loaded is in [`Policies::errors`]; the others load. The built-in shared Rego can be
    /// imported; a file of the same name in the directory's own `lib/` wins. Fails where there is no
    /// such directory, or no policy in it.
    pub fn load(files: &Files, directory: &str) -> Result<Self> {
        if files.kind(directory)? != Some(EntryKind::Directory) {
            return Err(Error::new(ErrorKind::File, format!("there is no directory `{directory}` with policies"))
                .with_location(Location::file(directory))
                .with_help("name a directory with `<category>/<name>/policy.rego` in it"));
        }
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let texts = files.walk(directory)?.into_iter().filter_map(|path| {
            let relative = path.strip_prefix(&prefix)?.to_owned();
            let wanted = is_rego(&relative) || relative.ends_with("/README.md");
            wanted.then(|| (relative, Arc::from(path.as_str()), files.read_text(&path)))
        });
        let loaded = Self::read(texts, &builtin_libraries(), false);
        if loaded.policies.is_empty() && loaded.errors.is_empty() {
            return Err(Error::new(ErrorKind::Policy, format!("the directory `{directory}` holds no policy"))
                .with_location(Location::file(directory))
                .with_help("a policy is a folder `<category>/<name>` with policy.rego and README.md"));
        }
        Ok(loaded)
    }

    fn read(
        texts: impl Iterator<Item = (String, Arc<str>, Result<Arc<str>>)>,
        shared: &BTreeMap<String, Library>,
        builtin: bool,
    ) -> Self {
        let mut libraries = shared.clone();
        let mut folders: BTreeMap<(String, String), Folder> = BTreeMap::new();
        let mut set = Self::default();
        for (relative, file, text) in texts {
            let text = match text {
                Ok(text) => text,
                Err(error) => {
                    set.errors.push(error);
                    continue;
                }
            };
            let parts: Vec<&str> = relative.split('/').collect();
            match parts[..] {
                ["lib", name] if is_rego(name) => match library(name, &file, &text) {
                    Ok(package) => {
                        libraries.insert(package, Library { file, source: text });
                    }
                    Err(error) => set.errors.push(error),
                },
                [category, name, last] if !RESERVED.contains(&category) => {
                    let folder = folders.entry((category.to_owned(), name.to_owned())).or_default();
                    match last {
                        "policy.rego" => folder.rego = Some((file, text)),
                        "README.md" => folder.readme = Some((file, text)),
                        _ => set.errors.push(stray(&file)),
                    }
                }
                _ if is_rego(&relative) && !RESERVED.contains(&parts[0]) => set.errors.push(stray(&file)),
                _ => {}
            }
        }
        let libraries = Arc::new(libraries);
        for ((category, name), folder) in folders {
            match folder.rego.map(|rego| policy(&category, &name, rego, folder.readme, &libraries)) {
                Some(Ok(mut policy)) => {
                    policy.builtin = builtin;
                    set.policies.insert(policy.id.clone(), Arc::new(policy));
                }
                Some(Err(error)) => set.errors.push(error),
                // A README alone is a page about a category, not half a policy.
                None => {}
            }
        }
        set
    }

    /// Adds the policies of another set; one whose id is taken is an error and is left out.
    pub fn extend(&mut self, other: Self) {
        self.errors.extend(other.errors);
        for (id, policy) in other.policies {
            if let Some(first) = self.policies.get(&id) {
                let error = fault(&policy.file, 1, 1, format!("the policy {id} exists already, in {}", first.file));
                self.errors.push(error.with_help("rename the folder and the package"));
            } else {
                self.policies.insert(id, policy);
            }
        }
    }

    /// Adds why policies are missing from the set.
    pub(crate) fn complain(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// Keeps the policies whose id is named, or whose category is, as `category/`.
    pub fn select<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        self.filter(names, true)
    }

    /// Drops the policies whose id is named, or whose category is, as `category/`.
    pub fn ignore<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        self.filter(names, false)
    }

    fn filter<S: AsRef<str>>(&self, names: &[S], keep: bool) -> Result<Self> {
        for name in names {
            self.check(name.as_ref())?;
        }
        let chosen = |id: &str| {
            names.iter().map(AsRef::as_ref).any(|name| id == name || (name.ends_with('/') && id.starts_with(name)))
        };
        let policies = self.policies.iter().filter(|(id, _)| chosen(id) == keep);
        Ok(Self {
            policies: policies.map(|(id, policy)| (id.clone(), policy.clone())).collect(),
            errors: self.errors.clone(),
        })
    }

    /// Fails where `name` is neither an id nor a `category/` of this set.
    pub fn check(&self, name: &str) -> Result<()> {
        if self.policies.contains_key(name)
            || (name.len() > 1 && name.ends_with('/') && self.policies.keys().any(|id| id.starts_with(name)))
        {
            return Ok(());
        }
        let categories: Vec<String> = self.iter().map(|policy| format!("{}/", policy.category)).collect();
        let known = self.policies.keys().map(|id| &**id).chain(categories.iter().map(String::as_str));
        let error = Error::new(ErrorKind::Argument, format!("there is no policy `{name}`"));
        Err(match nearest(name, known) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help("`plimsoll policies list` prints the ids; a category is written `category/`"),
        })
    }

    /// The policies, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.values()
    }

    /// The policy of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Policy>> {
        self.policies.get(id)
    }

    /// How many policies.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// What could not be loaded.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

fn builtin_libraries() -> BTreeMap<String, Library> {
    let files = plimsoll_policies::files().iter();
    files
        .filter_map(|file| {
            let name = file.path.strip_prefix("lib/")?.strip_suffix(".rego")?;
            let library = Library { file: format!("policies/{}", file.path).into(), source: file.text.into() };
            Some((format!("lib.{name}"), library))
        })
        .collect()
}

fn is_rego(path: &str) -> bool {
    path.strip_suffix(".rego").is_some_and(|stem| !stem.is_empty())
}

fn stray(file: &Arc<str>) -> Error {
    fault(file, 1, 1, "this file is not where a policy has one")
        .with_help("a policy is `<category>/<name>/policy.rego` and README.md; shared Rego is `lib/<name>.rego`")
}

fn library(name: &str, file: &Arc<str>, source: &str) -> Result<String> {
    let wanted = format!("lib.{}", name.trim_end_matches(".rego"));
    expect_package(file, source, &[&wanted])?;
    Ok(wanted)
}

fn policy(
    category: &str,
    name: &str,
    (file, source): (Arc<str>, Arc<str>),
    readme: Option<(Arc<str>, Arc<str>)>,
    libraries: &Arc<BTreeMap<String, Library>>,
) -> Result<Policy> {
    let id = format!("{category}/{name}");
    let legal = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !legal(category) || !legal(name) {
        return Err(fault(&file, 1, 1, format!("`{id}` is no legal id of a policy"))
            .with_help("name both folders with lower-case letters, digits and `-`"));
    }
    let metadata = metadata::read(&file, &source)?;
    let category_part =
        if category.contains('-') { format!("policies[\"{category}\"]") } else { format!("policies.{category}") };
    expect_package(&file, &source, &[&format!("{category_part}[\"{name}\"]"), &format!("{category_part}.{name}")])?;
    let (readme_file, readme) = readme.unwrap_or_else(|| (file.replace("policy.rego", "README.md").into(), "".into()));
    Ok(Policy {
        id: id.into(),
        category: category.into(),
        name: name.into(),
        title: metadata.title,
        description: metadata.description,
        severity: metadata.severity,
        unknown: metadata.unknown,
        raised: metadata.raised,
        on: metadata.on,
        needs: metadata.needs,
        fix: metadata.fix,
        facts: metadata.facts,
        sensitive: metadata.sensitive,
        suppressible: metadata.suppressible,
        yields: metadata.yields,
        params: metadata.params,
        readme,
        readme_file,
        file,
        source,
        builtin: false,
        libraries: libraries.clone(),
    })
}

/// Checks the package line; the first of `wanted` is the way to write it.
fn expect_package(file: &Arc<str>, source: &str, wanted: &[&str]) -> Result<()> {
    let first = (1u32..).zip(source.lines()).find(|(_, text)| {
        let text = text.trim();
        !text.is_empty() && !text.starts_with('#')
    });
    let help = format!("write `package {}`: the folder is the id", wanted[0]);
    let Some((line, text)) = first else {
        return Err(fault(file, 1, 1, "the file has no package").with_help(help));
    };
    let found = text.trim().strip_prefix("package ").map(|rest| rest.split('#').next().unwrap_or(rest).trim());
    match found {
        Some(found) if wanted.contains(&found) => Ok(()),
        Some(found) => Err(fault(file, line, 1, format!("the package is `{found}`, not the folder's")).with_help(help)),
        None => Err(fault(file, line, 1, "the file does not begin with its package").with_help(help)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const HEAD: &str = "# METADATA\n# title: A sample\n# description: It is one.\n# custom:\n\
        #   severity: {staging: warning, production: error, dr: error}\n#   fix: Do it.\n";

    /// The text of a policy: METADATA lines of `custom` beside severity and fix, then Rego.
    pub(crate) fn text(package: &str, custom: &str, rego: &str) -> String {
        let custom = custom.lines().fold(String::new(), |text, line| text + "#   " + line + "\n");
        let on = if custom.contains("  on:") { "" } else { "#   on: workload\n" };
        format!("{HEAD}{on}{custom}package {package}\n\nimport rego.v1\n\n{rego}\n")
    }

    pub(crate) fn load(files: &[(&str, String)]) -> Policies {
        let files = Files::memory(files.iter().map(|(path, text)| (format!("p/{path}"), text.clone().into_bytes())));
        Policies::load(&files, "p").unwrap()
    }

    /// The policy `test/sample`.
    pub(crate) fn policy(custom: &str, rego: &str) -> Arc<Policy> {
        let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", custom, rego))]);
        assert_eq!(set.errors(), []);
        set.get("test/sample").unwrap().clone()
    }

    fn three() -> Policies {
        load(&[
            ("rbac/wildcard/policy.rego", text("policies.rbac[\"wildcard\"]", "", "")),
            ("rbac/wildcard/README.md", "# rbac/wildcard".into()),
            ("rbac/other/policy.rego", text("policies.rbac.other", "", "")),
            ("pod-security/x/policy.rego", text("policies[\"pod-security\"][\"x\"]", "", "")),
        ])
    }

    fn ids(set: &Policies) -> Vec<&str> {
        set.iter().map(|policy| &*policy.id).collect()
    }

    #[test]
    fn builtin_policies_load() {
        Policies::builtin().unwrap();
    }

    #[test]
    fn folders_are_ids_and_selections_are_checked() {
        let set = three();
        assert_eq!(set.errors(), []);
        assert_eq!(ids(&set), ["pod-security/x", "rbac/other", "rbac/wildcard"]);
        assert_eq!(&*set.get("rbac/wildcard").unwrap().readme, "# rbac/wildcard");
        assert_eq!(ids(&set.select(&["rbac/"]).unwrap()), ["rbac/other", "rbac/wildcard"]);
        assert_eq!(ids(&set.ignore(&["rbac/", "pod-security/x"]).unwrap()), [""; 0]);
        let error = set.select(&["rbac/wildcrad"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert_eq!(error.help(), Some("did you mean `rbac/wildcard`?"));
        assert_eq!(set.select(&["rbca/"]).unwrap_err().help(), Some("did you mean `rbac/`?"));
        for nothing in ["", "/", "rbac"] {
            set.select(&[nothing]).unwrap_err();
        }
    }

    #[test]
    fn one_bad_policy_does_not_hide_the_others() {
        let set = load(&[
            ("a/good/policy.rego", text("policies.a[\"good\"]", "", "")),
            ("a/wrong/policy.rego", text("policies.a[\"good\"]", "", "")),
            ("a/bare/policy.rego", "package policies.a.bare\n".into()),
            ("a/Upper/policy.rego", text("policies.a.Upper", "", "")),
            ("a/stray.rego", String::new()),
            ("lib/misnamed.rego", "package lib.other\n".into()),
            ("lib/notes.md", String::new()),
        ]);
        assert_eq!(ids(&set), ["a/good"]);
        let errors: Vec<String> = set.errors().iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "p/a/stray.rego:1:1: this file is not where a policy has one",
                "p/lib/misnamed.rego:1:1: the package is `lib.other`, not the folder's",
                "p/a/Upper/policy.rego:1:1: `a/Upper` is no legal id of a policy",
                "p/a/bare/policy.rego:1:1: the policy has no METADATA",
                "p/a/wrong/policy.rego:8:1: the package is `policies.a[\"good\"]`, not the folder's",
            ]
        );
        assert!(set.errors().iter().all(|error| error.help().is_some() && error.kind() == ErrorKind::Policy));
    }

    #[test]
    fn an_id_is_taken_once() {
        let mut set = three();
        set.extend(three());
        assert_eq!(set.len(), 3);
        assert_eq!(set.errors().len(), 3);
        assert!(set.errors()[1].message().contains("rbac/other exists already"));
    }

    #[test]
    fn a_directory_without_policies_is_an_error() {
        let files = Files::memory([("p/readme.txt", b"x".to_vec())]);
        assert!(Policies::load(&files, "p").unwrap_err().message().contains("holds no policy"));
        assert!(Policies::load(&files, "q").unwrap_err().message().contains("no directory"));
    }
}
