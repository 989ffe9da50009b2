//! What the labels of a namespace make of the standards: the level enforced, and whose version of it.

use std::fmt;

use crate::facts::selector::Labels;
use crate::workspace::KUBERNETES_MINORS;

/// The label by which a namespace has a level enforced (Kubernetes documentation, "Pod Security Admission").
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// A level of the standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is refused.
    Privileged,
    /// Known ways to more privileges are.
    Baseline,
    /// All but the best practice is.
    Restricted,
}

impl Level {
    const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// As the label says it.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the API server does with the pods of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The level below which it refuses pods; `None` where the namespace or its label is not known.
    pub enforce: Option<Level>,
    /// The minor version of Kubernetes 1 whose definition of the level it takes.
    pub minor: u32,
}

impl Admission {
    /// Reads the labels of a namespace in a cluster of a version such as `1.34`.
    ///
    /// A namespace may pin an older version of the standards. A newer one than the cluster's means the
    /// cluster's (KEP-2579, "Versioning"), one before the oldest that is known means that, and a label that is
    /// no version means nothing: the API server refuses it.
    pub fn of(labels: Option<&Labels>, kubernetes: &str) -> Self {
        let newest = *KUBERNETES_MINORS.end();
        let cluster = minor(kubernetes).unwrap_or(newest).min(newest);
        let label = |name| labels.and_then(|labels| labels.get(name));
        let enforce = label(ENFORCE).and_then(|text| Level::ALL.into_iter().find(|level| level.name() == text));
        let pinned = label(ENFORCE_VERSION).and_then(|version| minor(version.strip_prefix('v')?));
        let minor = pinned.filter(|_| enforce.is_some()).map_or(cluster, |pinned| pinned.min(cluster));
        Self { enforce, minor: minor.max(*KUBERNETES_MINORS.start()) }
    }
}

/// The minor version in `1.<minor>`.
fn minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("1.")?;
    minor.bytes().all(|byte| byte.is_ascii_digit()).then(|| minor.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_may_pin_an_older_version() {
        let of = |labels: &[(&str, &str)], kubernetes: &str| {
            let labels: Labels = labels.iter().copied().collect();
            let admission = Admission::of(Some(&labels), kubernetes);
            (admission.enforce, admission.minor)
        };
        let pinned = |version: &str| of(&[(ENFORCE, "restricted"), (ENFORCE_VERSION, version)], "1.34").1;
        assert_eq!(of(&[], "1.30"), (None, 30));
        assert_eq!(of(&[(ENFORCE, "baseline")], "1.30"), (Some(Level::Baseline), 30));
        assert_eq!(of(&[(ENFORCE, "Baseline")], "1.30"), (None, 30));
        assert_eq!(of(&[(ENFORCE_VERSION, "v1.27")], "1.30"), (None, 30));
        assert_eq!(pinned("v1.27"), 27);
        assert_eq!(pinned("latest"), 34);
        assert_eq!(pinned("v1.36"), 34);
        assert_eq!(pinned("v1.3"), 25);
        for absurd in ["", "v", "v1", "v1.", "1.27", "v1.27.1", "v1.-1", "v1.99999999999999999999", "v2.1", "v１.27"] {
            assert_eq!(pinned(absurd), 34, "{absurd}");
        }
        assert_eq!(Admission::of(None, "").minor, 37);
        assert_eq!(Admission::of(None, "1.99").minor, 37);
    }
}
