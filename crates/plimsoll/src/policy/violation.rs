//! What a policy returns.

use crate::Location;

/// One violation as the policy wrote it; severity and location are the linter's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// JSON pointer into the resource; empty for the resource itself.
    pub path: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What a person can check by hand.
    pub witness: Vec<String>,
    /// Whether the verdict is unknown instead of violated.
    pub unknown: bool,
    /// Whether it is as severe as METADATA allows under `raised`, whatever the tier.
    pub raised: bool,
    /// The resource it lands on: `group/Kind/namespace/name`. Present for `on: environment` and `workspace`.
    pub resource: Option<String>,
    /// The environment it hits. Present for `on: workspace`.
    pub environment: Option<String>,
    /// The environment whose resource gives the location, where that is another one. For `on: workspace`.
    pub at: Option<String>,
    /// The place in a file that the finding lands at, where it is not in a manifest: a fact says which.
    pub source: Option<Location>,
    /// What to do, where that is not what METADATA says.
    pub fix: Option<String>,
}
