//! What an environment is for.

use std::fmt;
use std::str::FromStr;

/// What an environment is for; severities are given per tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Where changes are tried: development, test, staging.
    Staging,
    /// Where users are served.
    Production,
    /// Where users are served when production is lost.
    Dr,
}

impl Tier {
    /// All, in the order reports print them.
    pub const ALL: [Self; 3] = [Self::Staging, Self::Production, Self::Dr];

    /// The name that configurations and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Dr => "dr",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tier {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|tier| tier.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tier;

    #[test]
    fn names_read_back() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
        }
    }
}
