//! What every API server brings itself, read from `bootstrap.txt`; see there for the format and the source.

use super::rule::Rule;
use super::subject::Subject;

const TEXT: &str = include_str!("bootstrap.txt");
/// The controllers' roles; the account of each has the rest of the name.
const CONTROLLER: &str = "system:controller:";

/// A role of the API server's own.
#[derive(Debug, Clone, Default)]
pub struct BootstrapRole {
    /// The namespace of a Role; none for a ClusterRole.
    pub namespace: Option<&'static str>,
    /// Its name.
    pub name: &'static str,
    /// Its rules; none where it aggregates.
    pub rules: Vec<Rule<'static>>,
    /// The roles it is aggregated into, as `admin`.
    pub labels: Vec<&'static str>,
    /// Of which label it aggregates the roles.
    pub aggregates: Option<&'static str>,
}

/// A binding of the API server's own.
#[derive(Debug, Clone)]
pub struct BootstrapBinding {
    /// The namespace of a RoleBinding; none for a ClusterRoleBinding.
    pub namespace: Option<&'static str>,
    /// Its name.
    pub name: &'static str,
    /// The role: a Role of its namespace, or a ClusterRole where it has none.
    pub role: &'static str,
    /// Whom it binds.
    pub subjects: Vec<Subject<'static>>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Bootstrap {
    /// The roles.
    pub roles: Vec<BootstrapRole>,
    /// The bindings.
    pub bindings: Vec<BootstrapBinding>,
}

impl Bootstrap {
    /// Reads the table. A test holds it to be well formed; here a line that is not is left out.
    pub fn read() -> Self {
        let mut bootstrap = Self::default();
        for line in TEXT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if line.starts_with(' ') {
                if let Some(role) = bootstrap.roles.last_mut() {
                    read_rule(role, line);
                }
            } else {
                bootstrap.object(line);
            }
        }
        bootstrap
    }

    fn object(&mut self, line: &'static str) {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words[..] {
            ["clusterrole", name, ref rest @ ..] => {
                let labels = rest.iter().skip(1).copied().collect();
                self.roles.push(BootstrapRole { name, labels, ..BootstrapRole::default() });
                if let Some(account) = name.strip_prefix(CONTROLLER) {
                    let subjects = vec![Subject::Account { namespace: "kube-system", name: account }];
                    self.bindings.push(BootstrapBinding { namespace: None, name, role: name, subjects });
                }
            }
            ["role", namespace, name] => {
                self.roles.push(BootstrapRole { namespace: Some(namespace), name, ..BootstrapRole::default() });
            }
            ["clusterbinding", name, ref subjects @ ..] => {
                let subjects = subjects.iter().filter_map(|text| subject(text)).collect();
                self.bindings.push(BootstrapBinding { namespace: None, name, role: name, subjects });
            }
            ["binding", namespace, name, role, ref subjects @ ..] => {
                let subjects = subjects.iter().filter_map(|text| subject(text)).collect();
                self.bindings.push(BootstrapBinding { namespace: Some(namespace), name, role, subjects });
            }
            _ => {}
        }
    }
}

fn read_rule(role: &mut BootstrapRole, line: &'static str) {
    let words: Vec<&'static str> = line.split_whitespace().collect();
    match words[..] {
        ["aggregate", label] => role.aggregates = Some(label),
        [verb_list, "url", urls] => {
            role.rules.push(Rule { verbs: verbs(verb_list), urls: urls.split(',').collect(), ..Rule::default() });
        }
        [verb_list, groups, resources, ref names @ ..] => role.rules.push(Rule {
            verbs: verbs(verb_list),
            groups: groups.split(',').map(|group| if group == "core" { "" } else { group }).collect(),
            resources: resources.split(',').collect(),
            names: names.iter().flat_map(|names| names.split(',')).collect(),
            urls: Vec::new(),
        }),
        _ => {}
    }
}

fn verbs(list: &'static str) -> Vec<&'static str> {
    let expand = |word: &'static str| match word {
        "read" => vec!["get", "list", "watch"],
        "write" => vec!["create", "delete", "deletecollection", "patch", "update"],
        word => vec![word],
    };
    list.split(',').flat_map(expand).collect()
}

fn subject(text: &'static str) -> Option<Subject<'static>> {
    let (kind, name) = text.split_once(':')?;
    match kind {
        "User" => Some(Subject::user(name)),
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => {
            let (namespace, name) = name.split_once('/')?;
            Some(Subject::Account { namespace, name })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::facts::rbac::known;

    #[test]
    fn every_line_is_read() {
        let bootstrap = Bootstrap::read();
        let lines = |prefix: &str| TEXT.lines().filter(|line| line.starts_with(prefix)).count();
        assert_eq!(bootstrap.roles.len(), lines("clusterrole ") + lines("role "));
        let controllers = lines("clusterrole system:controller:");
        assert_eq!(bootstrap.bindings.len(), lines("clusterbinding ") + lines("binding ") + controllers);
        let rules: usize = bootstrap.roles.iter().map(|role| role.rules.len()).sum();
        let aggregating = bootstrap.roles.iter().filter(|role| role.aggregates.is_some()).count();
        assert_eq!(rules + aggregating, lines("  "));
        assert!(bootstrap.roles.iter().all(|role| !role.rules.is_empty() || role.aggregates.is_some()));
    }

    #[test]
    fn names_are_unique_and_bindings_resolve() {
        let bootstrap = Bootstrap::read();
        let names: BTreeSet<_> = bootstrap.roles.iter().map(|role| (role.namespace, role.name)).collect();
        assert_eq!(names.len(), bootstrap.roles.len());
        for binding in &bootstrap.bindings {
            assert!(names.contains(&(binding.namespace, binding.role)), "{binding:?}");
        }
        let unbound: Vec<_> = bootstrap.bindings.iter().filter(|binding| binding.subjects.is_empty()).collect();
        // Nodes have an authorizer of their own, and the binding is kept without subjects.
        assert_eq!(unbound.iter().map(|binding| binding.name).collect::<Vec<_>>(), ["system:node"]);
    }

    #[test]
    fn rules_speak_of_what_there_is() {
        let verb = |verb: &&str| verb.chars().all(|c| c.is_ascii_lowercase() || c == '*');
        for role in &Bootstrap::read().roles {
            for rule in &role.rules {
                assert!(!rule.verbs.is_empty() && rule.verbs.iter().all(verb), "{} {rule:?}", role.name);
                assert_eq!(rule.urls.is_empty(), !rule.resources.is_empty() && !rule.groups.is_empty(), "{rule:?}");
                assert!(rule.urls.iter().all(|url| *url == "*" || url.starts_with('/')), "{rule:?}");
                for (group, resource) in known::unknown_resources(rule) {
                    // Alpha and retired APIs, which roles of the server name all the same.
                    let retired = group == "extensions" || resource.ends_with("/rollback");
                    assert!(retired, "{}: {resource} in `{group}`", role.name);
                }
            }
        }
    }

    #[test]
    fn what_everybody_relies_on_is_there() {
        let bootstrap = Bootstrap::read();
        let role = |name: &str| bootstrap.roles.iter().find(|role| role.name == name).unwrap();
        assert!(role("cluster-admin").rules[0].is_everything());
        assert_eq!(role("edit").aggregates, Some("to-edit"));
        assert_eq!(role("edit").labels, ["to-admin"]);
        let view = &role("system:aggregate-to-view").rules;
        assert!(!view.iter().any(|rule| rule.resources.contains(&"secrets")), "view never reads Secrets");
        let escalate = role("system:controller:clusterrole-aggregation-controller");
        assert!(escalate.rules[0].verbs.contains(&"escalate"));
    }
}
