//! What a workspace says about policies, as the linter asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::finding::Severity;
use crate::policy::{Need, Policy};
use crate::workspace::{Config, Suppression, Tier};
use crate::{Error, Location, Result};

/// What a workspace says about policies; everything at its default where there is no `plimsoll.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The workspace's file.
    pub(crate) config: Option<Arc<Config>>,
    /// What is declared, beyond parameters.
    pub(crate) declared: BTreeSet<Need>,
    /// Every environment of the workspace with its tier, whether it is being checked or not.
    pub(crate) tiers: Vec<(Arc<str>, Tier)>,
    /// Whether all of the workspace is being checked, so that an unused suppression is one.
    pub(crate) whole: bool,
}

impl Settings {
    /// The severity of a policy's violations in an environment.
    pub(crate) fn severity(&self, policy: &Policy, unknown: bool, environment: &str, tier: Tier) -> Severity {
        let set = self
            .config
            .as_ref()
            .and_then(|config| config.policies.severity.get(&policy.id)?.of(environment, tier)?.parse().ok());
        let usual = set.unwrap_or_else(|| self.usual(policy, tier));
        // What is unknown has a severity of its own, but never a greater one than if it were certain.
        if unknown { policy.unknown.min(usual) } else { usual }
    }

    /// The severity that METADATA gives, with what is declared taken into account.
    fn usual(&self, policy: &Policy, tier: Tier) -> Severity {
        let usual = policy.severity(tier);
        let raised =
            policy.raised.iter().filter(|(need, _)| self.is_declared(policy, need)).map(|(_, severity)| *severity);
        if usual == Severity::Off { usual } else { raised.fold(usual, Severity::max) }
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
                let error = Error::new(crate::ErrorKind::Workspace, format!("there is no policy `{id}`"))
                    .with_location(config.location(mark));
                match crate::nearest::nearest(id, known.iter().copied()) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error.with_help("`plimsoll policies list` prints the ids"),
                }
            })
            .collect()
    }
}
