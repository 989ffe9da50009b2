//! What a policy is: the typed form of its METADATA and its place on disk.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::facts::Domains;
use crate::finding::Severity;
use crate::workspace::Tier;

/// Severities by tier; every tier has one.
pub type Severities = BTreeMap<Tier, Severity>;

/// One policy: what it looks at, how severe it is, and its Rego.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `category/name`, the folder.
    pub id: Arc<str>,
    /// The folder's parent.
    pub category: Arc<str>,
    /// The folder.
    pub name: Arc<str>,
    /// Names the thing flagged.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// The severity of a violation, by tier.
    pub severity: Severities,
    /// Ids of policies to which it leaves a place where they have found something: one cause, one finding.
    pub yields: Vec<String>,
    /// The severity of the verdict unknown.
    pub unknown: Severity,
    /// The severity of a violation that says `raised`, where it is more than the tier's; without it none may.
    pub raised: Option<Severity>,
    /// What the policy is evaluated for.
    pub on: On,
    /// What must be declared before the policy speaks; all of them.
    pub needs: Vec<Need>,
    /// Which of the facts that are derived on demand it reads.
    pub facts: Domains,
    /// What to do about a violation, one sentence.
    pub fix: String,
    /// Whether the source around a finding is secret and must not be quoted.
    pub sensitive: bool,
    /// Whether a recorded exception may take its findings out.
    pub suppressible: bool,
    /// The parameters it takes.
    pub params: BTreeMap<String, Parameter>,
    /// The text of README.md; empty where there is none.
    pub readme: Arc<str>,
    /// The path of README.md, for messages.
    pub readme_file: Arc<str>,
    /// The path of policy.rego, for messages.
    pub file: Arc<str>,
    /// The text of policy.rego.
    pub source: Arc<str>,
    /// Whether it comes with plimsoll; such a policy must pass the lint.
    pub builtin: bool,
    /// The shared Rego it may import: file path and text, ordered by package.
    pub(crate) libraries: Arc<BTreeMap<String, Library>>,
}

/// One file of shared Rego, `lib/<name>.rego` with `package lib.<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Library {
    /// The path, for messages.
    pub(crate) file: Arc<str>,
    /// The text.
    pub(crate) source: Arc<str>,
}

impl Policy {
    /// The severity of a violation in an environment of a tier.
    pub fn severity(&self, tier: Tier) -> Severity {
        self.severity.get(&tier).copied().unwrap_or_default()
    }

    /// The worst severity over all tiers.
    pub fn worst(&self) -> Severity {
        self.severity.values().copied().max().unwrap_or_default()
    }
}

/// What a policy is evaluated for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Each resource of one of these kinds.
    Kinds(Vec<KindPattern>),
    /// Each resource that carries a pod template, and each Pod.
    Workload,
    /// Once for each environment.
    Environment,
    /// Once for the workspace.
    Workspace,
}

impl On {
    /// Whether it is evaluated for a resource of this group and kind.
    pub fn matches(&self, group: &str, kind: &str, workload: bool) -> bool {
        match self {
            Self::Kinds(kinds) => kinds.iter().any(|pattern| pattern.matches(group, kind)),
            Self::Workload => workload,
            Self::Environment | Self::Workspace => false,
        }
    }

    /// Whether it is evaluated for single resources.
    pub fn is_resource(&self) -> bool {
        matches!(self, Self::Kinds(_) | Self::Workload)
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kinds(kinds) => {
                for (at, kind) in kinds.iter().enumerate() {
                    write!(f, "{}{kind}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Workload => f.write_str("workload"),
            Self::Environment => f.write_str("environment"),
            Self::Workspace => f.write_str("workspace"),
        }
    }
}

/// `Role`, of any group, or `rbac.authorization.k8s.io/Role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPattern {
    /// The API group; absent for any.
    pub group: Option<String>,
    /// The kind.
    pub kind: String,
}

impl KindPattern {
    /// Whether a resource of this group and kind is meant.
    pub fn matches(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group.as_deref().is_none_or(|wanted| wanted == group)
    }
}

impl fmt::Display for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(group) = &self.group {
            write!(f, "{group}/")?;
        }
        f.write_str(&self.kind)
    }
}

/// Something a workspace declares, without which a policy has nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// An environment that mirrors another.
    Mirrors,
    /// A parameter of the policy that is set.
    Parameter(String),
    /// A kind whose world is closed.
    Complete,
    /// Groups and their classes.
    Identities,
    /// Who may sign which images.
    Trust,
    /// What a scan of images must say.
    TrustVuln,
    /// Where images must have been built.
    TrustSlsa,
    /// The lock file of images.
    Lock,
    /// Pools of nodes.
    Pools,
    /// Budgets.
    Budgets,
    /// Connections that some service declares.
    Connections,
    /// Names of classes and APIs that others provide.
    Provides,
    /// Teams of releases or of groups.
    Teams,
}

impl Need {
    /// The words METADATA may use, apart from `params.<name>`.
    pub(crate) const WORDS: [&str; 12] = [
        "mirrors",
        "complete",
        "identities",
        "trust",
        "trust.vuln",
        "trust.slsa",
        "lock",
        "pools",
        "budgets",
        "connections",
        "provides",
        "teams",
    ];

    pub(crate) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "mirrors" => Self::Mirrors,
            "complete" => Self::Complete,
            "identities" => Self::Identities,
            "trust" => Self::Trust,
            "trust.vuln" => Self::TrustVuln,
            "trust.slsa" => Self::TrustSlsa,
            "lock" => Self::Lock,
            "pools" => Self::Pools,
            "budgets" => Self::Budgets,
            "connections" => Self::Connections,
            "provides" => Self::Provides,
            "teams" => Self::Teams,
            _ => Self::Parameter(word.strip_prefix("params.").filter(|name| !name.is_empty())?.to_owned()),
        })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mirrors => "mirrors",
            Self::Parameter(name) => return write!(f, "params.{name}"),
            Self::Complete => "complete",
            Self::Identities => "identities",
            Self::Trust => "trust",
            Self::TrustVuln => "trust.vuln",
            Self::TrustSlsa => "trust.slsa",
            Self::Lock => "lock",
            Self::Pools => "pools",
            Self::Budgets => "budgets",
            Self::Connections => "connections",
            Self::Provides => "provides",
            Self::Teams => "teams",
        })
    }
}

/// A parameter that a workspace may set for a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What it means.
    pub description: String,
    /// The value where none is set.
    pub default: serde_json::Value,
    /// What a set value must be: the type of the default.
    pub kind: ParameterType,
}

/// The type of a parameter, read off its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// The default is null: anything.
    Any,
    /// A boolean.
    Boolean,
    /// An integer or another number.
    Number,
    /// Text.
    String,
    /// A list.
    List,
    /// A map.
    Map,
}
