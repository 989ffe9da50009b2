//! From a path to a plan: which environments there are, which releases stand in each, of which chart, in
//! which namespace, with which sources of values; which plain manifests; what exists beside them.
//!
//! Merging values, rendering and reading manifests is left to `values`, `render` and `manifest`. A values
//! file is read here only where releases are listed in it.
//!
//! # What a path means
//!
//! - A directory with `plimsoll.yaml` is a **workspace**. So is a directory below one (up to the root of
//!   the repository), if the workspace refers to something in it or above it, or if there is nothing in
//!   it to check by itself. It is always the whole workspace that is planned, because what is checked
//!   lies between objects; [`Workspace::focus`] says which part was named.
//! - A directory with `Chart.yaml`, or a packaged chart, is one release of that **chart**.
//! - Any other directory is scanned for **manifests**; charts in it are a release each.
//! - A file is a file of manifests, even inside a workspace.
//!
//! # Inheritance
//!
//! An environment that `extends` another has that one's values first *within each layer*: a pattern with
//! `{environment}` or a variable is looked for with the extended environment's bindings and then with its
//! own, and it is enough that one of them is there. Maps by environment, `enabled`, variables and the
//! version of Kubernetes are inherited too; manifests, cluster and site are not.

mod align;
mod capacity;
mod config;
mod connections;
pub(crate) mod decode;
mod each;
mod environment;
mod expand;
mod external;
mod infer;
mod layer;
mod named;
mod pattern;
mod plain;
mod plan;
mod release;
mod suppression;
mod tier;
mod tree;
mod trust;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use crate::values::LayerKind;
pub use align::{Align, AlignPattern};
pub(crate) use capacity::setting;
pub use capacity::{Cluster, Team};
pub use config::{
    Class, Config, Engine, FILE, Identities, Identity, ParamConfig, ParamsConfig, PoliciesConfig, SEVERITIES,
    SeverityConfig,
};
pub use decode::{Marked, Text};
pub use environment::{Environment, EnvironmentConfig, KUBERNETES_MINORS, ManifestsConfig, NEWEST_KUBERNETES};
pub(crate) use external::names_kind;
pub use external::{External, ExternalConfig, Provides};
pub use infer::KNOWN as KNOWN_ENVIRONMENTS;
pub use layer::{LayerSource, Part, Pick, ValuesEntry};
pub(crate) use named::Named;
pub use pattern::{PLACEHOLDERS, Pattern};
pub use plan::{EnvironmentPlan, ManifestFile, Origin, Plan, PlannedRelease};
pub use release::{Each, PerEnvironment, ReleaseConfig, ReleaseEnvironment};
pub use suppression::{Date, ObjectPattern, Suppression};
pub use tier::Tier;
pub use trust::{Authority, Deny, Glob, Signer, SlsaRequirement, Trust, VulnRequirement, VulnSeverity};

use crate::files::Files;
use crate::images::Lock;
use crate::problems::Problems;
use crate::{Error, ErrorKind, Result};

/// What the caller says about input that does not say it itself.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Names for the environment of plain input; where environments are declared or inferred, nothing.
    pub environments: Vec<String>,
    /// The tier of those.
    pub tier: Option<Tier>,
    /// The namespace of a chart's release, and of objects that name none.
    pub namespace: Option<String>,
    /// The version of Kubernetes, for every environment.
    pub kubernetes: Option<String>,
}

/// Files and the plan of what they are.
#[derive(Debug, Clone)]
pub struct Workspace {
    files: Files,
    config: Arc<Config>,
    plan: Arc<Plan>,
    kind: Kind,
    focus: Option<String>,
    /// The paths that plain input was taken from.
    inputs: Arc<[String]>,
}

/// What a workspace was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `plimsoll.yaml`.
    Declared,
    /// Charts and manifests without it.
    Plain,
}

impl Workspace {
    /// Opens a path on disk.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(&[path], &OpenOptions::default())
    }

    /// Opens one or more paths on disk as one input.
    ///
    /// Several paths are either all of one workspace, or all plain.
    pub fn open_with<P: AsRef<Path>>(paths: &[P], options: &OpenOptions) -> Result<Self> {
        let options = options.checked()?;
        let paths = paths.iter().map(|path| real(path.as_ref())).collect::<Result<Vec<_>>>()?;
        let mut declared: Option<Self> = None;
        let mut plain = Vec::new();
        for path in &paths {
            match Self::declared_above(path, &options)? {
                Some(workspace) => match &mut declared {
                    None => declared = Some(workspace),
                    Some(first) if first.files.root() == workspace.files.root() => first.focus = None,
                    Some(_) => return Err(mixed()),
                },
                None => plain.push(path.as_path()),
            }
        }
        match declared {
            Some(workspace) if plain.is_empty() => Ok(workspace),
            Some(_) => Err(mixed()),
            None => Self::open_plain(&plain, &options),
        }
    }

    /// The directory that files are named from when a path on disk is opened, whether that succeeds or not.
    ///
    /// None where neither a workspace nor a repository is around it.
    pub fn root_of(path: impl AsRef<Path>) -> Option<PathBuf> {
        let path = path.as_ref().canonicalize().ok()?;
        let of_repository = |directory: &Path| ascend(directory, |directory| directory.join(".git").exists());
        if path.is_file() {
            let directory = path.parent()?;
            return if path.ends_with(FILE) { Some(directory.to_owned()) } else { of_repository(directory) };
        }
        ascend(&path, |directory| directory.join(FILE).is_file()).or_else(|| of_repository(&path))
    }

    /// Opens files in memory: a workspace, a chart, or manifests, as they lie at the root.
    pub fn from_files(files: Files, options: &OpenOptions) -> Result<Self> {
        let options = options.checked()?;
        if files.is_file(FILE)? {
            return Self::declared(files, None, &options);
        }
        Ok(Self::plain(files, &[String::new()], &options))
    }

    /// Opens one file of manifests in memory, such as standard input, under a name for messages.
    pub fn from_manifests(name: &str, bytes: impl Into<Arc<[u8]>>, options: &OpenOptions) -> Result<Self> {
        let options = options.checked()?;
        Ok(Self::plain(Files::memory([(name, bytes)]), &[name.to_owned()], &options))
    }

    /// The files everything is read from.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// `plimsoll.yaml`; empty where there is none.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn inputs(&self) -> &Arc<[String]> {
        &self.inputs
    }

    pub(crate) fn shared_config(&self) -> Arc<Config> {
        self.config.clone()
    }

    /// What is to be rendered and checked, with what could not be planned.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the workspace was made from.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The part of the workspace that was named when it was opened, if it was not the whole.
    pub fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    /// The workspace that a path belongs to, if it belongs to one.
    fn declared_above(path: &Path, options: &OpenOptions) -> Result<Option<Self>> {
        if path.is_file() {
            let named = path.file_name().is_some_and(|name| name == FILE);
            return match path.parent() {
                Some(root) if named => Self::declared(Files::directory(root)?, None, options).map(Some),
                _ => Ok(None),
            };
        }
        let Some(root) = ascend(path, |directory| directory.join(FILE).is_file()) else { return Ok(None) };
        let focus = relative(&root, path);
        let files = Files::directory(&root)?;
        let Some(focus) = focus.filter(|focus| !focus.is_empty()) else {
            return Self::declared(files, None, options).map(Some);
        };
        // Options for plain input may be meant for it, so they are no mistake yet.
        let workspace = Self::declared(files, Some(focus.clone()), &OpenOptions::default());
        let refers = workspace.as_ref().is_ok_and(|workspace| workspace.refers_to(&focus));
        if !refers && holds_input(&root, &focus)? {
            return Ok(None);
        }
        Self::declared(Files::directory(&root)?, Some(focus), options).map(Some)
    }

    fn declared(files: Files, focus: Option<String>, options: &OpenOptions) -> Result<Self> {
        for (given, flag, key) in
            [(options.tier.is_some(), "tier", "tier"), (options.namespace.is_some(), "namespace", "namespace")]
        {
            if given {
                let message = format!("a {flag} is given for input that has a {FILE}");
                return Err(Error::new(ErrorKind::Argument, message).with_help(format!("say it there, as `{key}`")));
            }
        }
        let root = tree::read_document(&files, FILE, ErrorKind::Workspace)?;
        let mut problems = Problems::default();
        let mut config = Config::read(&FILE.into(), &root, &mut problems)?;
        config.lock = Lock::open(&files, &mut problems).map(Arc::new);
        let kubernetes = options.kubernetes.as_deref().map(Arc::from);
        let plan = plan::plan(&files, &config, kubernetes.as_ref(), problems);
        let (config, plan, inputs) = (Arc::new(config), Arc::new(plan), Arc::default());
        Ok(Self { files, config, plan, kind: Kind::Declared, focus, inputs })
    }

    fn open_plain(paths: &[&Path], options: &OpenOptions) -> Result<Self> {
        let Some(first) = paths.first() else {
            return Err(Error::new(ErrorKind::Argument, "there is no path to open"));
        };
        let directory = |path: &Path| {
            let chart = path.is_file() || path.join("Chart.yaml").is_file();
            // A chart's dependencies may lie beside it.
            if chart { path.parent().unwrap_or(path).to_owned() } else { path.to_owned() }
        };
        let mut root = directory(first);
        while !paths.iter().all(|path| path.starts_with(&root)) {
            if !root.pop() {
                return Err(mixed());
            }
        }
        // Messages then name paths as the repository does, and links within it work.
        let root = ascend(&root, |directory| directory.join(".git").exists()).unwrap_or(root);
        let mut inside = Vec::new();
        for path in paths {
            let path = relative(&root, path).ok_or_else(|| not_unicode(path))?;
            inside.push(match path.strip_suffix("/Chart.yaml") {
                Some(chart) => chart.to_owned(),
                None if path == "Chart.yaml" => String::new(),
                None => path,
            });
        }
        Ok(Self::plain(Files::directory(&root)?, &inside, options))
    }

    fn plain(files: Files, paths: &[String], options: &OpenOptions) -> Self {
        let plan = plain::plan(&files, paths, options);
        let inputs = paths.into();
        Self { files, config: Arc::default(), plan: Arc::new(plan), kind: Kind::Plain, focus: None, inputs }
    }

    /// Whether the plan takes anything from a path, from above it or from below it.
    fn refers_to(&self, path: &str) -> bool {
        let within = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        let related = |used: &str| within(used, path) || within(path, used);
        let policies = self.config.policies.paths.iter().any(|used| related(used));
        policies
            || self.plan.environments.iter().any(|plan| {
                let manifests = plan.manifests.iter().chain(&plan.external.manifests);
                manifests.map(|manifest| &manifest.file).any(|file| within(file, path))
                    || plan.releases.iter().any(|release| {
                        related(&release.chart) || release.layers.iter().any(|layer| within(&layer.file, path))
                    })
            })
    }
}

impl OpenOptions {
    /// Checks what can be checked without input, and brings the version into its usual form.
    fn checked(&self) -> Result<Self> {
        let mut options = self.clone();
        if let Some(version) = &self.kubernetes {
            options.kubernetes = environment::kubernetes_version(version);
            if options.kubernetes.is_none() {
                let message = environment::no_kubernetes(version);
                return Err(Error::new(ErrorKind::Argument, message).with_help(environment::KUBERNETES_HELP));
            }
        }
        if let Some(name) = self.environments.iter().find(|name| !environment::is_environment_name(name)) {
            let message = format!("`{name}` is no name for an environment");
            return Err(Error::new(ErrorKind::Argument, message).with_help(environment::NAME_HELP));
        }
        if let Some(namespace) = self.namespace.as_ref().filter(|name| name.len() > 63 || !expand::is_label(name)) {
            let message = format!("`{namespace}` is no name for a namespace");
            let help = "lower-case letters, digits and `-`, at most 63, beginning and ending in a letter or digit";
            return Err(Error::new(ErrorKind::Argument, message).with_help(help));
        }
        Ok(options)
    }
}

fn mixed() -> Error {
    Error::new(ErrorKind::Argument, "the paths belong to different workspaces")
        .with_help("check each workspace by itself, and plain input apart from it")
}

fn not_unicode(path: &Path) -> Error {
    Error::new(ErrorKind::File, format!("the path {} is not valid Unicode", path.display()))
}

fn real(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| {
        let shown = path.display();
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("`{shown}` does not exist"),
            std::io::ErrorKind::PermissionDenied => format!("`{shown}` may not be read: permission denied"),
            _ => format!("`{shown}` cannot be read: {error}"),
        };
        Error::new(ErrorKind::File, message).with_help("name a directory or a file that exists")
    })
}

/// The nearest directory at or above `start` that is wanted, not above the root of the repository.
fn ascend(start: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    for directory in start.ancestors() {
        if wanted(directory) {
            return Some(directory.to_owned());
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The path of `path` from `root`, with `/`.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
    Some(parts.join("/"))
}

/// Whether there are charts or manifests below a directory.
fn holds_input(root: &Path, directory: &str) -> Result<bool> {
    let files = Files::directory(root)?;
    let scan = tree::Tree::new(&files).scan(directory, &mut Problems::default());
    Ok(!scan.charts.is_empty() || !scan.manifests.is_empty())
}
