//! A policy as lists of policies print it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Policy;
use crate::finding::Severity;
use crate::workspace::Tier;

/// What a list says about a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// `category/name`.
    pub id: Arc<str>,
    /// Names the thing flagged.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// Severity by tier.
    pub severity: BTreeMap<Tier, Severity>,
    /// Severity of a violation that is raised, where it is more than the tier's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<Severity>,
    /// What it looks at.
    pub on: String,
    /// What to do about a violation.
    pub fix: String,
    /// Whether a suppression may take its findings out.
    pub suppressible: bool,
    /// What is not declared and would have to be for the policy to speak; empty for one that speaks.
    pub silent_until: Vec<String>,
}

impl Listed {
    /// The entry of a policy that is silent until so much is declared.
    pub fn new(policy: &Policy, silent_until: Vec<String>) -> Self {
        Self {
            id: policy.id.clone(),
            title: policy.title.clone(),
            description: policy.description.clone(),
            severity: policy.severity.clone(),
            raised: policy.raised,
            on: policy.on.to_string(),
            fix: policy.fix.clone(),
            suppressible: policy.suppressible,
            silent_until,
        }
    }
}
