//! Who a grant is for: users, groups and ServiceAccounts, and the groups that everybody is in unasked.

use std::fmt;

const ACCOUNT_USER: &str = "system:serviceaccount:";
/// The accounts of a namespace, by what their group's name begins with.
pub(super) const ACCOUNTS_OF: &str = "system:serviceaccounts:";
/// Every ServiceAccount.
pub const ACCOUNTS: &str = "system:serviceaccounts";
/// Everybody with a login.
pub const AUTHENTICATED: &str = "system:authenticated";
/// Everybody without one.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user that callers without a login are.
pub const ANONYMOUS: &str = "system:anonymous";
/// The group that the API server asks no authorizer about.
pub const MASTERS: &str = "system:masters";

/// Somebody who may be granted something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject<'a> {
    /// A ServiceAccount, which is also the user `system:serviceaccount:<namespace>:<name>`.
    Account {
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// A group; as somebody who acts, any of its members.
    Group(&'a str),
    /// A user.
    User(&'a str),
}

impl<'a> Subject<'a> {
    /// A user by name; the names of ServiceAccounts are those accounts.
    pub fn user(name: &'a str) -> Self {
        let account = name.strip_prefix(ACCOUNT_USER).and_then(|rest| rest.split_once(':'));
        match account {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
                Self::Account { namespace, name }
            }
            _ => Self::User(name),
        }
    }

    /// Its kind as bindings spell it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Account { .. } => "ServiceAccount",
            Self::Group(_) => "Group",
            Self::User(_) => "User",
        }
    }

    /// Its name, without a namespace.
    pub fn name(&self) -> &'a str {
        match self {
            Self::Account { name, .. } | Self::Group(name) | Self::User(name) => name,
        }
    }

    /// The namespace of an account.
    pub fn namespace(&self) -> Option<&'a str> {
        match self {
            Self::Account { namespace, .. } => Some(namespace),
            _ => None,
        }
    }

    /// Whether it is in a group without being put there (Kubernetes documentation, "Authenticating": service
    /// account tokens, anonymous requests).
    pub fn is_in(&self, group: &str) -> bool {
        match self {
            Self::Account { namespace, .. } => {
                matches!(group, ACCOUNTS | AUTHENTICATED) || group.strip_prefix(ACCOUNTS_OF) == Some(*namespace)
            }
            Self::User(ANONYMOUS) => group == UNAUTHENTICATED,
            Self::User(_) => group == AUTHENTICATED,
            Self::Group(own) => {
                *own == group
                    || (group == AUTHENTICATED && *own != UNAUTHENTICATED)
                    || (group == ACCOUNTS && own.starts_with(ACCOUNTS_OF))
            }
        }
    }

    /// Whether it belongs to the cluster itself: `system:` names, and the accounts of its own namespaces.
    pub fn is_of_system(&self) -> bool {
        match self {
            Self::Account { namespace, .. } => namespace.starts_with("kube-"),
            Self::Group(name) => match name.strip_prefix(ACCOUNTS_OF) {
                Some(namespace) => namespace.starts_with("kube-"),
                None => is_reserved(name) && !is_everybody(name),
            },
            Self::User(name) => is_reserved(name) && *name != ANONYMOUS,
        }
    }
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("system:")
}

/// Whether a group holds callers that nobody chose.
pub fn is_everybody(group: &str) -> bool {
    matches!(group, AUTHENTICATED | UNAUTHENTICATED | ACCOUNTS)
}

/// `User:name`, `Group:name`, `ServiceAccount:namespace/name`.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { namespace, name } => write!(f, "ServiceAccount:{namespace}/{name}"),
            Self::Group(name) => write!(f, "Group:{name}"),
            Self::User(name) => write!(f, "User:{name}"),
        }
    }
}
