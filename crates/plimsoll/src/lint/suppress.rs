//! Recorded exceptions: what they take out of the findings, and what becomes of those that are over.

use super::Settings;
use super::collect::Collected;
use crate::finding::{Finding, Severity, Verdict, fingerprint};
use crate::manifest::Resource;
use crate::moment::Moment;
use crate::rendered::Environment;
use crate::workspace::{Date, Suppression};
use crate::yaml::Node;

/// The policy ids under which the linter itself speaks about suppressions.
const EXPIRED: &str = "suppression/expired";
const UNUSED: &str = "suppression/unused";

/// Takes suppressed occurrences out; returns how many findings went altogether.
///
/// An expired suppression suppresses nothing and is a finding itself; so is one that nothing needed, in
/// a run over the `whole` of the workspace, which comes with the policies there are.
pub(crate) fn suppress(
    collected: &mut Vec<Collected>,
    settings: &Settings,
    environments: &[Environment],
    now: Option<Moment>,
    whole: Option<&[&str]>,
) -> usize {
    let suppressions = settings.suppressions();
    let today = now.map(Moment::date);
    let expired = |suppression: &Suppression| today.is_some_and(|today: Date| suppression.expires.value < today);
    let mut used = vec![false; suppressions.len()];
    let before = collected.len();
    collected.retain_mut(|collected| {
        for (suppression, used) in suppressions.iter().zip(&mut used) {
            if *suppression.policy.value == *collected.finding.policy
                && covers_any(suppression, collected, environments)
            {
                *used = true;
                if !expired(suppression) {
                    take_out(suppression, collected, environments);
                }
            }
        }
        !collected.finding.occurrences.is_empty()
    });
    let suppressed = before - collected.len();
    for (suppression, used) in suppressions.iter().zip(used) {
        if expired(suppression) {
            collected.push(about(settings, suppression, environments, EXPIRED));
        } else if !used && whole.is_some_and(|known| is_known(suppression, known, environments)) {
            collected.push(about(settings, suppression, environments, UNUSED));
        }
    }
    suppressed
}

/// Whether it names a policy and an environment that exist; where not, that is an error already.
fn is_known(suppression: &Suppression, known: &[&str], environments: &[Environment]) -> bool {
    known.contains(&&*suppression.policy.value)
        && environments.iter().any(|environment| suppression.holds_in(&environment.name))
}

fn covers_any(suppression: &Suppression, collected: &Collected, environments: &[Environment]) -> bool {
    (0..collected.finding.occurrences.len()).any(|at| covers(suppression, collected, at, environments))
}

fn covers(suppression: &Suppression, collected: &Collected, at: usize, environments: &[Environment]) -> bool {
    let finding = &collected.finding;
    let place = collected.places[at];
    let environment = &environments[place.environment];
    let resource = &environment.resources[place.resource];
    suppression.holds_in(&finding.occurrences[at].environment)
        && names(suppression, resource, &environment.identities[place.resource])
        && suppression.pointer.as_ref().is_none_or(|pointer| is_below(&finding.pointer, &pointer.value))
        && suppression
            .container
            .as_ref()
            .is_none_or(|container| container_at(resource.node(), &finding.pointer) == Some(&*container.value))
}

/// Whether the object is meant, by its own namespace or by the one all environments share.
fn names(suppression: &Suppression, resource: &Resource, identity: &str) -> bool {
    let (kind, name) = (&*resource.id.kind, &*resource.id.name);
    let logical = identity.split('/').nth_back(1).filter(|namespace| !namespace.is_empty());
    suppression.object.matches(resource.id.namespace.as_deref(), kind, name)
        || suppression.object.matches(logical, kind, name)
}

fn is_below(pointer: &str, root: &str) -> bool {
    pointer.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The name of the container that a pointer leads into.
fn container_at<'a>(node: &'a Node, pointer: &str) -> Option<&'a str> {
    let mut tokens = pointer.split('/').skip(1).peekable();
    let mut current = node;
    while let Some(token) = tokens.next() {
        if matches!(token, "containers" | "initContainers" | "ephemeralContainers") {
            let at: usize = tokens.peek()?.parse().ok()?;
            return current.get(token)?.items().get(at)?.str_at(&["name"]);
        }
        current = match token.parse::<usize>() {
            Ok(at) if !current.items().is_empty() => current.items().get(at)?,
            _ => current.get(token)?,
        };
    }
    None
}

fn take_out(suppression: &Suppression, collected: &mut Collected, environments: &[Environment]) {
    let keep: Vec<bool> =
        (0..collected.finding.occurrences.len()).map(|at| !covers(suppression, collected, at, environments)).collect();
    let mut kept = keep.iter();
    collected.finding.occurrences.retain(|_| *kept.next().unwrap_or(&true));
    let mut kept = keep.iter();
    collected.places.retain(|_| *kept.next().unwrap_or(&true));
    let occurrences = &collected.finding.occurrences;
    collected.finding.environments = occurrences.iter().map(|occurrence| occurrence.environment.clone()).collect();
    if let Some(severity) = occurrences.iter().map(|occurrence| occurrence.severity).max() {
        collected.finding.severity = severity;
    }
}

/// A finding about a suppression itself.
fn about(settings: &Settings, suppression: &Suppression, environments: &[Environment], policy: &str) -> Collected {
    let object = &*suppression.object.text.value;
    let (id, owner) = (&*suppression.policy.value, &*suppression.owner.value);
    let (severity, message, fix) = if policy == EXPIRED {
        let message = format!("the suppression of `{id}` for `{object}` expired after {}", suppression.expires.value);
        (Severity::Error, message, format!("fix what it hid, or have `{owner}` decide on a new date"))
    } else {
        let message = format!("the suppression of `{id}` for `{object}` suppresses nothing");
        (Severity::Warning, message, "remove it, or correct the policy or the object that it names".to_owned())
    };
    let environments = environments.iter().map(|environment| environment.name.clone());
    let finding = Finding {
        policy: policy.into(),
        verdict: Verdict::Violated,
        severity,
        environments: environments.filter(|name| suppression.holds_in(name)).collect(),
        resource: None,
        pointer: String::new(),
        location: settings.location(suppression.mark),
        witness: vec![format!("reason: {}", &*suppression.reason.value)],
        fix,
        fingerprint: fingerprint(policy, object, None, "", &message),
        message,
        occurrences: Vec::new(),
        sensitive: false,
    };
    Collected { finding, places: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_into_containers() {
        let node = Node::from_json(
            &serde_json::json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}}}),
        );
        assert_eq!(container_at(&node, "/spec/template/spec/containers/1/image"), Some("b"));
        assert_eq!(container_at(&node, "/spec/template/spec"), None);
        assert_eq!(container_at(&node, "/spec/template/spec/containers/7"), None);
    }

    #[test]
    fn pointers_cover_what_is_below_them() {
        assert!(is_below("/spec/replicas", "/spec"));
        assert!(is_below("/spec", "/spec"));
        assert!(!is_below("/specific", "/spec"));
    }
}
