//! One rule of a role: what it lets through, and whether it covers another.
//!
//! Matching is that of `pkg/apis/rbac/v1/evaluation_helpers.go`, covering that of component-helpers'
//! `auth/rbac/validation/policy_comparator.go`.

use crate::yaml::Node;

/// A rule of a Role or ClusterRole. Members that are no lists of texts are empty: the API server refuses them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule<'a> {
    /// `verbs`.
    pub verbs: Vec<&'a str>,
    /// `apiGroups`; the empty text is the core group.
    pub groups: Vec<&'a str>,
    /// `resources`, with their subresource after a slash.
    pub resources: Vec<&'a str>,
    /// `resourceNames`; none restricts nothing.
    pub names: Vec<&'a str>,
    /// `nonResourceURLs`.
    pub urls: Vec<&'a str>,
}

/// What somebody asks the API server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'r> {
    /// A verb on a resource.
    Resource {
        /// The verb.
        verb: &'r str,
        /// The API group; the empty text is the core group.
        group: &'r str,
        /// The resource, with its subresource after a slash.
        resource: &'r str,
        /// The object; empty where the request names none.
        name: &'r str,
    },
    /// A verb on a path that is no resource.
    Url {
        /// The verb.
        verb: &'r str,
        /// The path.
        path: &'r str,
    },
}

/// The smallest piece of a rule: one verb on one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom<'a> {
    /// A verb, group, resource and name as a rule writes them, wildcards included; no name is every name.
    Resource(&'a str, &'a str, &'a str, Option<&'a str>),
    /// A verb and a URL as a rule writes them.
    Url(&'a str, &'a str),
}

pub(super) const ALL: &str = "*";

impl<'a> Rule<'a> {
    /// Reads a rule; what is not of the right type is left out.
    pub fn read(node: &'a Node) -> Self {
        let list = |key: &str| {
            let items = node.get(key).map(Node::items).unwrap_or_default();
            items.iter().filter_map(Node::as_str).collect()
        };
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// Whether the rule lets a request through.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        match *request {
            Request::Resource { verb, group, resource, name } => {
                has(&self.verbs, verb)
                    && has(&self.groups, group)
                    && self.resource(resource).is_some()
                    && (self.names.is_empty() || self.names.contains(&name))
            }
            Request::Url { verb, path } => has(&self.verbs, verb) && self.urls.iter().any(|url| url_covers(url, path)),
        }
    }

    /// The position of the entry in `resources` that matches a resource.
    ///
    /// `*` matches everything, `*/sub` that subresource of everything, and nothing else is a pattern.
    pub fn resource(&self, resource: &str) -> Option<usize> {
        let subresource = resource.split_once('/').map(|(_, subresource)| subresource);
        self.resources.iter().position(|entry| {
            *entry == ALL
                || *entry == resource
                || subresource.is_some_and(|wanted| !wanted.is_empty() && entry.strip_prefix("*/") == Some(wanted))
        })
    }

    /// The position of the entry in `verbs` that matches a verb.
    pub fn verb(&self, verb: &str) -> Option<usize> {
        self.verbs.iter().position(|entry| *entry == ALL || *entry == verb)
    }

    /// Whether a group matches.
    pub fn group(&self, group: &str) -> bool {
        has(&self.groups, group)
    }

    /// Whether it grants every verb on every resource of every group.
    pub fn is_everything(&self) -> bool {
        let all = |list: &[&str]| list.contains(&ALL);
        all(&self.verbs) && all(&self.groups) && all(&self.resources) && self.names.is_empty()
    }

    /// The rule's atoms: every combination of its lists.
    pub fn atoms(&self) -> impl Iterator<Item = Atom<'a>> {
        let names: Vec<Option<&'a str>> =
            if self.names.is_empty() { vec![None] } else { self.names.iter().copied().map(Some).collect() };
        let resources = self.groups.iter().flat_map(move |group| {
            let names = names.clone();
            self.resources.iter().flat_map(move |resource| {
                let names = names.clone();
                self.verbs.iter().flat_map(move |verb| {
                    names.clone().into_iter().map(move |name| Atom::Resource(verb, group, resource, name))
                })
            })
        });
        let urls = self.urls.iter().flat_map(|url| self.verbs.iter().map(|verb| Atom::Url(verb, url)));
        resources.chain(urls)
    }

    /// How many atoms it has.
    pub(super) fn size(&self) -> usize {
        let names = self.names.len().max(1);
        let resources = self.groups.len().saturating_mul(self.resources.len()).saturating_mul(names);
        resources.saturating_add(self.urls.len()).saturating_mul(self.verbs.len())
    }

    /// Whether it covers an atom.
    pub fn covers(&self, atom: &Atom<'_>) -> bool {
        match *atom {
            Atom::Resource(verb, group, resource, name) => {
                has(&self.verbs, verb)
                    && has(&self.groups, group)
                    && self.resource(resource).is_some()
                    && (self.names.is_empty() || name.is_some_and(|name| self.names.contains(&name)))
            }
            Atom::Url(verb, url) => has(&self.verbs, verb) && self.urls.iter().any(|own| url_covers(own, url)),
        }
    }
}

/// Whether an entry of `nonResourceURLs` covers a path or another entry.
pub fn url_covers(entry: &str, path: &str) -> bool {
    entry == path || (entry.ends_with(ALL) && path.starts_with(entry.trim_end_matches('*')))
}

fn has(list: &[&str], wanted: &str) -> bool {
    list.iter().any(|entry| *entry == ALL || *entry == wanted)
}

impl std::fmt::Display for Atom<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Resource(verb, group, resource, name) => {
                write!(f, "{verb} {resource}")?;
                if !group.is_empty() {
                    write!(f, ".{group}")?;
                }
                name.map_or(Ok(()), |name| write!(f, " `{name}`"))
            }
            Self::Url(verb, url) => write!(f, "{verb} {url}"),
        }
    }
}
