//! What a workspace says about policies, as the linter asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::finding::Severity;
use crate::policy::{Need, Policy, Violation};
use crate::workspace::{Config, Suppression, Tier};
use crate::{Error, ErrorKind, Location, Result};

/// What a workspace says about policies; everything at its default where there is no `plimsoll.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The workspace's file.
    pub(crate) config: Option<Arc<Config>>,
    /// What is declared, beyond parameters.
    pub(crate) declared: BTreeSet<Need>,
    /// Every environment of the workspace with its tier, whether it is being checked or not.
    pub(crate) tiers: Vec<(Arc<str>, Tier)>,
    /// Whether there may be environments beside those.
    pub(crate) open: bool,
    /// Whether all of the workspace is being checked, so that an unused suppression is one.
    pub(crate) whole: bool,
}

impl Settings {
    /// The severity of a policy's violation in an environment.
    pub(crate) fn severity(&self, policy: &Policy, violation: &Violation, environment: &str, tier: Tier) -> Severity {
        let set = self
            .config
            .as_ref()
            .and_then(|config| config.policies.severity.get(&policy.id)?.of(environment, tier)?.parse().ok());
        // What the workspace says of a policy holds for all of its violations.
        let raised = policy.raised.filter(|_| violation.raised);
        let usual = set.unwrap_or_else(|| raised.unwrap_or_default().max(policy.severity(tier)));
        // What is unknown has a severity of its own, but never a greater one than if it were certain.
        if violation.unknown { policy.unknown.min(usual) } else { usual }
    }

    /// The names of the environments of a tier.
    pub(crate) fn of_tier(&self, tier: Tier) -> Vec<Arc<str>> {
        self.tiers.iter().filter(|(_, of)| *of == tier).map(|(name, _)| name.clone()).collect()
    }

    /// The parameters of a policy in an environment, as the policy sees them.
    pub(crate) fn parameters(&self, policy: &Policy, environment: &str, tier: Tier) -> Result<Value> {
        let set = self.config.as_ref().and_then(|config| Some((config, config.policies.params.get(&policy.id)?)));
        let Some((config, set)) = set else { return policy.parameters(&Map::new()) };
        let values: Map<String, Value> = set
            .values
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.of(environment, tier)?.to_json())))
            .collect();
        policy.parameters(&values).map_err(|error| error.with_location(config.location(set.mark)))
    }

    /// What a policy needs and the workspace does not declare; while there is any, it says nothing.
    pub fn missing<'p>(&self, policy: &'p Policy) -> Vec<&'p Need> {
        policy.needs.iter().filter(|need| !self.is_declared(policy, need)).collect()
    }

    fn is_declared(&self, policy: &Policy, need: &Need) -> bool {
        let Need::Parameter(name) = need else { return self.declared.contains(need) };
        let set = self.config.as_ref().and_then(|config| config.policies.params.get(&policy.id));
        set.is_some_and(|set| set.values.contains_key(&**name))
    }

    /// Whether every policy is to run on the interpreter.
    pub(crate) fn interpreter(&self) -> bool {
        let engine = self.config.as_ref().and_then(|config| config.policies.engine);
        engine == Some(crate::workspace::Engine::Interpreter)
    }

    /// The recorded exceptions.
    pub(crate) fn suppressions(&self) -> &[Suppression] {
        self.config.as_ref().map_or(&[], |config| &config.suppressions)
    }

    /// The environments that are declared or inferred, those that are not being checked too; none where nobody knows
    /// which there are.
    pub(crate) fn environment_names(&self) -> Vec<&str> {
        if self.open {
            return Vec::new();
        }
        self.tiers.iter().map(|(name, _)| &**name).collect()
    }

    /// Where something of the workspace's file stands.
    pub(crate) fn location(&self, mark: crate::yaml::Mark) -> Option<Location> {
        self.config.as_ref().map(|config| config.location(mark))
    }

    /// Policies that the workspace speaks of and that do not exist, each an error at its line.
    pub(crate) fn unknown_policies(&self, known: &[&str]) -> Vec<Error> {
        let Some(config) = &self.config else { return Vec::new() };
        let named = config
            .policies
            .severity
            .iter()
            .map(|(id, set)| (id, set.mark))
            .chain(config.policies.params.iter().map(|(id, set)| (id, set.mark)))
            .chain(config.suppressions.iter().map(|suppression| (&suppression.policy.value, suppression.policy.mark)));
        named
            .filter(|(id, _)| !known.contains(&&***id))
            .map(|(id, mark)| {
                unknown_policy(ErrorKind::Workspace, id, known.iter().copied()).with_location(config.location(mark))
            })
            .collect()
    }
}

/// Says that there is no such policy, and which was probably meant.
pub(super) fn unknown_policy<'a>(kind: ErrorKind, id: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let error = Error::new(kind, format!("there is no policy `{id}`"));
    match crate::nearest::nearest(id, known) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help("`plimsoll policies list` prints the ids"),
    }
}
