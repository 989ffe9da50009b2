//! `docs/policies.md`, generated from the policies themselves; a test compares it with the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Policies, Policy, functions};
use crate::workspace::Tier;

/// The page: a table per category, a section per policy, the functions a policy may call.
pub fn markdown(policies: &Policies) -> String {
    let mut categories: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for policy in policies.iter() {
        categories.entry(&policy.category).or_default().push(policy);
    }
    let mut page = String::from(
        "# Policies\n\nThis page is generated from the policies' own files; change those.\n\n\
         Severities are given for staging, production and dr. A policy that needs something is silent until that\n\
         is declared.\n",
    );
    for (category, policies) in &categories {
        let _ = write!(
            page,
            "\n## {category}\n\n| policy | what | staging | production | dr | needs |\n|---|---|---|---|---|---|\n"
        );
        for policy in policies {
            row(&mut page, policy);
        }
        for policy in policies {
            section(&mut page, policy);
        }
    }
    let _ = write!(page, "\n## Functions\n\nBuilt-in functions a policy may call, beside operators:\n\n");
    let names: Vec<String> = functions().iter().map(|name| format!("`{name}`")).collect();
    page.push_str(&names.join(", "));
    page.push_str(".\n");
    page
}

fn row(page: &mut String, policy: &Policy) {
    let anchor = policy.id.replace('/', "");
    let _ = write!(page, "| [{}](#{anchor}) | {} |", policy.id, cell(&policy.title));
    for tier in Tier::ALL {
        let _ = write!(page, " {} |", policy.severity(tier));
    }
    let _ = writeln!(page, " {} |", list(policy.needs.iter().map(ToString::to_string)));
}

fn section(page: &mut String, policy: &Policy) {
    let _ = write!(page, "\n### {}\n\n{}.", policy.id, policy.title.trim_end_matches('.'));
    if !policy.description.is_empty() {
        let _ = write!(page, " {}", policy.description);
    }
    let _ = write!(page, "\n\n- Looks at: {}\n- Fix: {}\n- When unknown: {}\n", policy.on, policy.fix, policy.unknown);
    if let Some(raised) = policy.raised {
        let _ = writeln!(page, "- Raised to: {raised}");
    }
    if !policy.needs.is_empty() {
        let _ = writeln!(page, "- Silent until declared: {}", list(policy.needs.iter().map(ToString::to_string)));
    }
    if policy.sensitive {
        page.push_str("- Sensitive: no report quotes the source around a finding\n");
    }
    if !policy.yields.is_empty() {
        let _ = writeln!(page, "- Leaves a place to: {}", list(policy.yields.iter().cloned()));
    }
    if !policy.suppressible {
        page.push_str("- Cannot be suppressed\n");
    }
    for (name, parameter) in &policy.params {
        let _ = write!(page, "- Parameter `{name}`, {}, default `{}`", parameter.kind.name(), parameter.default);
        if !parameter.description.is_empty() {
            let _ = write!(page, ": {}", parameter.description.trim_end_matches('.'));
        }
        page.push('\n');
    }
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use crate::policy::set::tests::{load, text};

    #[test]
    fn a_row_and_a_section_each() {
        let custom = "needs: [mirrors]\nparams: {n: {description: How many., default: 3}}\non: [Role]";
        let set = load(&[("a/b/policy.rego", text("policies.a[\"b\"]", custom, ""))]);
        let page = super::markdown(&set);
        assert!(page.contains("| [a/b](#ab) | A sample | warning | error | error | `mirrors` |"), "{page}");
        assert!(page.contains("### a/b\n\nA sample. It is one.\n\n- Looks at: Role\n- Fix: Do it.\n"), "{page}");
        assert!(page.contains("- Parameter `n`, a number, default `3`: How many\n"), "{page}");
        assert!(page.contains("`startswith`"));
    }
}
