//! How much an environment matters.

use std::fmt;

/// The tier of an environment: what severities, and so the exit code, depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Everything that serves no customers: development, test, staging.
    Staging,
    /// What customers use.
    Production,
    /// The site that takes over when production is lost.
    Dr,
}

impl Tier {
    /// Every tier, in order.
    pub const ALL: [Self; 3] = [Self::Staging, Self::Production, Self::Dr];

    /// The name in `plimsoll.yaml` and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Dr => "dr",
        }
    }

    /// The tier of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for tier in Tier::ALL {
            assert_eq!(Tier::from_name(tier.name()), Some(tier));
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.name());
        }
        assert_eq!(Tier::from_name("Production"), None);
        assert!(Tier::Staging < Tier::Production && Tier::Production < Tier::Dr);
    }
}
