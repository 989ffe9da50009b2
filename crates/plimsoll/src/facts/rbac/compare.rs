//! What differs between the permissions of two environments: production and the staging before it, a site and the
//! one that it mirrors; and pipelines that write in both.
//!
//! Namespaces are compared by the name that is the same in every environment, grants by what their rules cover.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::cover::Cover;
use super::power::writes;
use super::roles::Origin;
use super::rule::Rule;
use super::setting::Setting;
use super::subject::Subject;
use super::{Grant, Rbac};
use crate::workspace::{Class, Tier};

/// One environment to compare.
pub(crate) struct Site<'s, 'a> {
    pub(crate) name: &'s str,
    pub(crate) tier: Tier,
    pub(crate) mirrors: Option<&'s str>,
    pub(crate) rbac: &'s Rbac<'a>,
    pub(crate) setting: &'s Setting,
    /// What names each resource in every environment.
    pub(crate) identities: &'s [Arc<str>],
    /// Whether everything of it could be rendered; what it lacks otherwise says nothing.
    pub(crate) whole: bool,
    /// Whether a resource counts: what stands in some environments on purpose does not.
    pub(crate) counts: Box<dyn Fn(usize) -> bool + 's>,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    pub(crate) drift: Vec<Drift>,
    pub(crate) ci: Vec<Reach>,
}

/// Somebody's grants that another environment does not have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Drift {
    /// Where it hits.
    pub(crate) environment: String,
    /// The environment it is compared with.
    pub(crate) with: String,
    /// Where the binding stands: one of the two.
    pub(crate) at: String,
    /// The binding, and who is bound in it.
    pub(crate) resource: String,
    pub(crate) path: String,
    /// As `Group shop`.
    pub(crate) subject: String,
    pub(crate) account: bool,
    /// Where the grants hold, in words.
    pub(crate) scope: String,
    /// What is granted in `at` and not in the other one.
    pub(crate) grants: Vec<String>,
}

/// A pipeline that writes in staging and in production.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Reach {
    pub(crate) environment: String,
    pub(crate) staging: String,
    pub(crate) resource: String,
    pub(crate) path: String,
    pub(crate) subject: String,
    pub(crate) scope: String,
    /// As `create deployments`.
    pub(crate) action: String,
}

/// Somebody, by the name that is the same in every environment.
type Key = (&'static str, String, String);
/// Where grants hold, by the name that is the same in every environment; the cluster is none.
type Grants = BTreeMap<Option<String>, Vec<Grant>>;

/// One environment's grants, ready to be compared.
struct Held<'s, 'a> {
    site: &'s Site<'s, 'a>,
    logical: BTreeMap<&'a str, String>,
    by_subject: BTreeMap<Key, (usize, Grants)>,
    accounts: BTreeSet<Key>,
    /// Its namespaces, by the same name.
    namespaces: BTreeSet<String>,
}

/// What a role of one environment grants that roles of another do not, by these roles: many subjects hold the same.
struct Missing<'h, 's, 'a> {
    here: &'h Held<'s, 'a>,
    there: &'h Held<'s, 'a>,
    covers: HashMap<Vec<usize>, Cover<'h, 'a>>,
    known: HashMap<(usize, Vec<usize>), Vec<String>>,
}

impl<'h, 's, 'a> Missing<'h, 's, 'a> {
    fn new(here: &'h Held<'s, 'a>, there: &'h Held<'s, 'a>) -> Self {
        Self { here, there, covers: HashMap::new(), known: HashMap::new() }
    }

    fn of(&mut self, role: usize, theirs: &[usize]) -> &[String] {
        let (here, there) = (&self.here.site.rbac.roles, &self.there.site.rbac.roles);
        self.known.entry((role, theirs.to_vec())).or_insert_with(|| {
            let rules = || theirs.iter().flat_map(|role| there.effective(*role).map(|(.., rule)| rule));
            let cover = self.covers.entry(theirs.to_vec()).or_insert_with(|| Cover::new(rules()));
            let own: Vec<Rule<'_>> = here.effective(role).map(|(.., rule)| rule.clone()).collect();
            cover.uncovered(&own).iter().map(ToString::to_string).collect()
        })
    }

    /// The grants of somebody that the other environment does not have, by where they hold.
    fn add(
        &mut self,
        subject: usize,
        grants: &Grants,
        there: &Grants,
        (environment, with): (&str, &str),
        found: &mut Vec<Drift>,
    ) {
        let (rbac, at) = (self.here.site.rbac, self.here.site.name);
        for (scope, own) in grants {
            // A namespace that the other environment does not have has no grants to compare with.
            if !scope.as_ref().is_none_or(|scope| self.there.namespaces.contains(scope)) {
                continue;
            }
            let theirs = there.get(scope).into_iter().chain(scope.as_ref().and_then(|_| there.get(&None)));
            let theirs: BTreeSet<usize> = theirs.flatten().map(|grant| grant.role).collect();
            let theirs: Vec<usize> = theirs.into_iter().collect();
            for grant in own {
                let missing = self.of(grant.role, &theirs);
                let Origin::Resource(resource) = rbac.bindings[grant.binding].origin else { continue };
                if missing.is_empty() {
                    continue;
                }
                let who = rbac.subjects.all[subject];
                found.push(Drift {
                    environment: environment.to_owned(),
                    with: with.to_owned(),
                    at: at.to_owned(),
                    resource: rbac.resources[resource].id.to_string(),
                    path: format!("/subjects/{}/name", grant.bound.at),
                    subject: super::witness::words_of(&who.to_string()),
                    account: who.namespace().is_some(),
                    scope: super::witness::scope_words(rbac.bindings[grant.binding].scope),
                    grants: missing.to_vec(),
                });
            }
        }
    }
}

pub(crate) fn compare(sites: &[Site<'_, '_>]) -> Comparison {
    let held: Vec<Held<'_, '_>> = sites.iter().map(Held::new).collect();
    let mut comparison = Comparison::default();
    for (at, site) in sites.iter().enumerate() {
        let with = match site.mirrors {
            Some(mirrored) => sites.iter().position(|other| other.name == mirrored),
            // What was tried last before production.
            None if site.tier == Tier::Production => sites.iter().rposition(|other| other.tier == Tier::Staging),
            None => None,
        };
        if let Some(with) = with.filter(|with| site.whole && sites[*with].whole) {
            held[at].drift(&held[with], &mut comparison.drift);
        }
        if site.tier != Tier::Staging {
            held[at].pipelines(&held, &mut comparison.ci);
        }
    }
    comparison.drift.sort();
    comparison.ci.sort();
    comparison
}

impl<'s, 'a> Held<'s, 'a> {
    fn new(site: &'s Site<'s, 'a>) -> Self {
        let rbac = site.rbac;
        let mut logical = BTreeMap::new();
        for (resource, identity) in rbac.resources.iter().zip(site.identities) {
            let namespace = match &*resource.id.kind {
                "Namespace" => &*resource.id.name,
                _ => resource.namespace(),
            };
            let shared = identity.split('/').nth(if namespace == resource.namespace() { 2 } else { 3 });
            logical.entry(namespace).or_insert_with(|| shared.unwrap_or(namespace).to_owned());
        }
        let namespaces = logical.values().cloned().collect();
        let mut held = Self { site, logical, by_subject: BTreeMap::new(), accounts: BTreeSet::new(), namespaces };
        for (at, subject) in rbac.subjects.all.iter().enumerate() {
            let key = held.key(subject);
            if subject.namespace().is_some() {
                held.accounts.insert(key.clone());
            }
            let mut grants = Grants::new();
            for grant in rbac.grants_of(at) {
                if let Origin::Resource(resource) = rbac.bindings[grant.binding].origin
                    && rbac.bindings[grant.binding].own
                    && (site.counts)(resource)
                {
                    let scope = rbac.bindings[grant.binding].scope.namespace().map(|scope| held.shared(scope));
                    grants.entry(scope).or_default().push(grant);
                }
            }
            if !grants.is_empty() {
                held.by_subject.insert(key, (at, grants));
            }
        }
        held
    }

    fn shared(&self, namespace: &str) -> String {
        self.logical.get(namespace).cloned().unwrap_or_else(|| namespace.to_owned())
    }

    fn key(&self, subject: &Subject<'_>) -> Key {
        let namespace = subject.namespace().map(|namespace| self.shared(namespace)).unwrap_or_default();
        (subject.kind(), namespace, subject.name().to_owned())
    }

    /// What groups may do here and not there, and what accounts may do in one of both.
    fn drift(&self, other: &Self, found: &mut Vec<Drift>) {
        let mut missing = Missing::new(self, other);
        for (key, (subject, grants)) in &self.by_subject {
            let account = key.0 == "ServiceAccount";
            let there = other.by_subject.get(key);
            // A group that stands in one environment only is not the same people; an account may be.
            if there.is_none() && !(account && other.accounts.contains(key)) {
                continue;
            }
            let nothing = Grants::new();
            let there = there.map_or(&nothing, |(_, grants)| grants);
            missing.add(*subject, grants, there, (self.site.name, other.site.name), found);
        }
        let mut missing = Missing::new(other, self);
        for (key, (subject, grants)) in other.by_subject.iter().filter(|(key, _)| key.0 == "ServiceAccount") {
            if self.accounts.contains(key) {
                let nothing = Grants::new();
                let here = self.by_subject.get(key).map_or(&nothing, |(_, grants)| grants);
                missing.add(*subject, grants, here, (self.site.name, other.site.name), found);
            }
        }
    }

    /// Pipelines of staging that write here.
    fn pipelines(&self, all: &[Self], found: &mut Vec<Reach>) {
        let rbac = self.site.rbac;
        let staging = || all.iter().filter(|held| held.site.tier == Tier::Staging);
        for (key, (subject, grants)) in &self.by_subject {
            let who = rbac.subjects.all[*subject];
            if self.site.setting.class(&who) != Some(Class::Ci) {
                continue;
            }
            let there = staging().find(|held| {
                let own = held.by_subject.get(key).into_iter().flat_map(|(_, grants)| grants.values().flatten());
                own.into_iter().any(|grant| held.writes(grant).is_some())
            });
            let Some(there) = there else { continue };
            for grant in grants.values().flatten() {
                let binding = &rbac.bindings[grant.binding];
                if let (Some(action), Origin::Resource(resource)) = (self.writes(grant), binding.origin) {
                    found.push(Reach {
                        environment: self.site.name.to_owned(),
                        staging: there.site.name.to_owned(),
                        resource: rbac.resources[resource].id.to_string(),
                        path: format!("/subjects/{}/name", grant.bound.at),
                        subject: super::witness::words_of(&who.to_string()),
                        scope: super::witness::scope_words(binding.scope),
                        action,
                    });
                }
            }
        }
    }

    /// The first thing that a grant changes.
    fn writes(&self, grant: &Grant) -> Option<String> {
        let rbac = self.site.rbac;
        rbac.roles.effective(grant.role).find_map(|(.., rule)| {
            let verb = writes(rule)?;
            Some(format!("{verb} {}", rule.resources.first()?))
        })
    }
}
