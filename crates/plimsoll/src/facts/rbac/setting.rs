//! What the workspace declares about people and namespaces, as permissions are judged by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::subject::Subject;
use crate::workspace::{Class, Identities};

/// What is declared.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Who stands behind groups; accounts and users may be named by the names they log in by.
    pub identities: Identities,
    /// The teams whose releases stand in a namespace.
    pub teams: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Namespaces that only other environments render, and the first of these.
    pub elsewhere: BTreeMap<Arc<str>, Arc<str>>,
}

impl Setting {
    /// What somebody is, where it is declared: by its own name, or by the group of the accounts of its namespace.
    pub fn class(&self, subject: &Subject<'_>) -> Option<Class> {
        let groups = &self.identities.groups;
        let of = |name: &str| groups.get(name).map(|identity| identity.class);
        match subject {
            Subject::Account { namespace, name } => of(&format!("system:serviceaccount:{namespace}:{name}"))
                .or_else(|| of(&format!("system:serviceaccounts:{namespace}")))
                .or_else(|| of(super::subject::ACCOUNTS)),
            Subject::Group(name) | Subject::User(name) => of(name),
        }
    }

    /// The team that somebody belongs to: declared for a group, or of the namespace of an account.
    pub fn team(&self, subject: &Subject<'_>) -> Option<&str> {
        match subject {
            Subject::Account { namespace, .. } => self.team_of(namespace),
            Subject::Group(name) | Subject::User(name) => {
                self.identities.groups.get(*name)?.team.as_ref().map(crate::workspace::Text::as_str)
            }
        }
    }

    /// The team of a namespace, where it has only one.
    pub fn team_of(&self, namespace: &str) -> Option<&str> {
        let teams = self.teams.get(namespace)?;
        if teams.len() == 1 { teams.first().map(|team| &**team) } else { None }
    }
}
