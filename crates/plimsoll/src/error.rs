//! What could not be done. What was *found* is a [finding](crate::finding), never an error.

use std::fmt;
use std::sync::Arc;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing could not be done; the JSON report prints it in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument that names nothing: an unknown environment, policy or format.
    Argument,
    /// A file that is missing, unreadable, not UTF-8, or too large.
    File,
    /// A path that leaves the workspace, by `..` or by a symbolic link.
    OutsideWorkspace,
    /// `plimsoll.yaml` says something it cannot mean.
    Workspace,
    /// `images.lock` says something it cannot mean.
    Lock,
    /// Evidence, a key or a trusted root that cannot be used.
    Evidence,
    /// A registry that does not answer, or not with what was asked for.
    Registry,
    /// A chart that cannot be loaded: metadata, dependencies, archives, Go templates.
    Chart,
    /// A values file or `--set` expression that cannot be read or merged.
    Values,
    /// Values that break the chart's `values.schema.json`.
    Schema,
    /// A template that does not compile or does not render.
    Template,
    /// Rendered or plain YAML that is not a Kubernetes object.
    Manifest,
    /// A policy that does not load, compile or finish.
    Policy,
    /// A limit on size, time or depth that input ran into.
    Limit,
}

impl ErrorKind {
    /// The name the reports print.
    pub fn name(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::File => "file",
            Self::OutsideWorkspace => "outside-workspace",
            Self::Workspace => "workspace",
            Self::Lock => "lock",
            Self::Evidence => "evidence",
            Self::Registry => "registry",
            Self::Chart => "chart",
            Self::Values => "values",
            Self::Schema => "schema",
            Self::Template => "template",
            Self::Manifest => "manifest",
            Self::Policy => "policy",
            Self::Limit => "limit",
        }
    }
}

/// A place in a file a person can open: workspace-relative path, 1-based line and column.
///
/// `line` is absent where the place inside the file is not known: "unmapped", never line 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Location {
    /// Path from the workspace's root, with `/` on every platform.
    pub file: Arc<str>,
    /// 1-based line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column, counted in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Location {
    /// A whole file, or a place in it that is not known.
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), line: None, column: None }
    }

    /// A line and column of a file, both 1-based.
    pub fn at(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line: Some(line), column: Some(column) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// Something that could not be done, with the place and a way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    location: Option<Location>,
    help: Option<String>,
    environments: Vec<Arc<str>>,
    sensitive: bool,
}

impl Error {
    /// An error of a kind; the message is one sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            location: None,
            help: None,
            environments: Vec::new(),
            sensitive: false,
        }))
    }

    /// Says where.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.0.location = Some(location);
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Names the environments it happened in.
    #[must_use]
    pub fn with_environments(mut self, environments: Vec<Arc<str>>) -> Self {
        self.0.environments = environments;
        self
    }

    /// Marks the source around the location as secret, so that no report quotes it.
    #[must_use]
    pub fn with_sensitive_source(mut self) -> Self {
        self.0.sensitive = true;
        self
    }

    /// What kind of thing could not be done.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One sentence without a full stop.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, if it has a place.
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The environments it happened in; empty where it concerns none in particular.
    pub fn environments(&self) -> &[Arc<str>] {
        &self.0.environments
    }

    /// Whether the source around the location must not be quoted.
    pub fn is_sensitive(&self) -> bool {
        self.0.sensitive
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.0.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("location", &self.0.location)
            .field("help", &self.0.help)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

impl miette::Diagnostic for Error {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.0.kind.name()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}
