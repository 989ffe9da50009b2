//! Facts that cost something and that few policies read: derived only in runs in which one of those speaks.

use std::collections::BTreeSet;
use std::fmt;

/// A domain of facts that is derived on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Who reaches whom.
    Network,
    /// Who may do what, and become whom.
    Rbac,
    /// What is needed at steady state, at peak and during a rollout.
    Quota,
    /// What is known of images: lock, signatures, scans.
    Images,
}

/// The domains that a run needs.
pub type Domains = BTreeSet<Domain>;

impl Domain {
    /// Every domain.
    pub const ALL: [Self; 4] = [Self::Network, Self::Rbac, Self::Quota, Self::Images];

    /// The word in METADATA (`custom.facts`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Rbac => "rbac",
            Self::Quota => "quota",
            Self::Images => "images",
        }
    }

    /// The domain of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.name() == name)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
