//! What a person asks: names in short, and what is meant where nothing has that name.

use std::collections::BTreeSet;

use crate::facts::rbac::Rbac;
use crate::facts::rbac::known;
use crate::facts::rbac::rule::Request;
use crate::facts::rbac::subject::Subject;
use crate::nearest::{nearest, suggest};
use crate::{Error, ErrorKind, Result};

/// A subject that was asked about, spelled out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    kind: &'static str,
    namespace: String,
    name: String,
}

impl Asked {
    fn of(subject: &Subject<'_>) -> Self {
        let namespace = subject.namespace().unwrap_or_default().to_owned();
        Self { kind: subject.kind(), namespace, name: subject.name().to_owned() }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        match self.kind {
            "ServiceAccount" => Subject::Account { namespace: &self.namespace, name: &self.name },
            "Group" => Subject::Group(&self.name),
            _ => Subject::user(&self.name),
        }
    }
}

/// Finds whom a text means: with its kind, or by a name that only one subject of all environments has.
pub(super) fn subject(text: &str, models: &[Rbac<'_>]) -> Result<Asked> {
    let everybody: BTreeSet<Asked> = models.iter().flat_map(|rbac| rbac.subjects.all.iter().map(Asked::of)).collect();
    let spelled = spelled(text);
    if let Some(asked) = spelled.as_ref().filter(|asked| everybody.contains(asked)) {
        return Ok(asked.clone());
    }
    let short: Vec<&Asked> = everybody
        .iter()
        .filter(|asked| asked.name == text || text.split_once('/') == Some((&asked.namespace, &asked.name)))
        .collect();
    match short[..] {
        [one] => Ok(one.clone()),
        [] => Err(nobody(text, spelled.as_ref(), &everybody)),
        _ => {
            let names: Vec<String> = short.iter().map(|asked| format!("`{}`", asked.subject())).collect();
            Err(Error::new(ErrorKind::Argument, format!("`{text}` may be {}", names.join(" or ")))
                .with_help("give the name with its kind"))
        }
    }
}

fn spelled(text: &str) -> Option<Asked> {
    let (kind, name) = text.split_once(':')?;
    let asked = match kind.to_ascii_lowercase().as_str() {
        "user" => Asked::of(&Subject::user(name)),
        "group" => Asked::of(&Subject::Group(name)),
        "serviceaccount" | "sa" => {
            let (namespace, name) = name.split_once('/').or_else(|| name.split_once(':'))?;
            Asked::of(&Subject::Account { namespace, name })
        }
        "system" => Asked::of(&Subject::user(text)),
        _ => return None,
    };
    Some(asked)
}

fn nobody(text: &str, spelled: Option<&Asked>, everybody: &BTreeSet<Asked>) -> Error {
    let shown = spelled.map_or_else(|| text.to_owned(), |asked| asked.subject().to_string());
    let error = Error::new(ErrorKind::Argument, format!("no environment names the subject `{text}`"));
    let full: Vec<String> = everybody.iter().map(|asked| asked.subject().to_string()).collect();
    // Whoever writes a short name means the last part of a long one.
    let last = |name: &str| name.rsplit(['/', ':']).next().unwrap_or(name).to_owned();
    let close = nearest(&shown, full.iter().map(String::as_str)).map(str::to_owned).or_else(|| {
        let names: Vec<String> = full.iter().map(|name| last(name)).collect();
        let wanted = last(&shown);
        let near = names.iter().find(|name| **name == wanted).map(String::as_str);
        let near = near.or_else(|| nearest(&wanted, names.iter().map(String::as_str)))?;
        full.iter().zip(&names).find(|(_, name)| *name == near).map(|(full, _)| full.clone())
    });
    error.with_help(match close {
        Some(close) => format!("did you mean `{close}`?"),
        None => "write `User:name`, `Group:name` or `ServiceAccount:namespace/name`; `plimsoll rbac` without \
                 --subject lists them all"
            .to_owned(),
    })
}

/// A verb on a resource or a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Can {
    verb: String,
    group: String,
    resource: String,
    namespace: Option<String>,
}

impl Can {
    /// Reads a question: a verb, and `RESOURCE[.GROUP][/SUBRESOURCE]` or a path that begins with `/`.
    ///
    /// Without a group it is the one of Kubernetes' own that serves the resource, without a namespace any of them.
    pub fn new(verb: &str, resource: &str, namespace: Option<&str>) -> Self {
        let (kind, subresource) = resource.split_once('/').map_or((resource, None), |(kind, sub)| (kind, Some(sub)));
        let (kind, group) = match kind.split_once('.') {
            _ if resource.starts_with('/') => (resource, String::new()),
            Some((kind, group)) => (kind, group.to_owned()),
            None => (kind, known::served_in(kind).unwrap_or_default().to_owned()),
        };
        let resource = match subresource.filter(|_| !resource.starts_with('/')) {
            Some(subresource) => format!("{kind}/{subresource}"),
            None => kind.to_owned(),
        };
        Self { verb: verb.to_owned(), group, resource, namespace: namespace.map(str::to_owned) }
    }

    /// The request for an object of a name; without a name as `list` and `create` are.
    pub(super) fn request<'r>(&'r self, name: &'r str) -> Request<'r> {
        if self.resource.starts_with('/') {
            Request::Url { verb: &self.verb, path: &self.resource }
        } else {
            Request::Resource { verb: &self.verb, group: &self.group, resource: &self.resource, name }
        }
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(super) fn words(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let resource = match self.resource.split_once('/') {
            Some((kind, subresource)) if !kind.is_empty() => format!("{kind}{group}/{subresource}"),
            _ => format!("{}{group}", self.resource),
        };
        let scope = self.namespace.as_ref().map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
        format!("{} {resource}{scope}", self.verb)
    }

    /// Fails for a verb or resource that neither Kubernetes nor any role knows.
    pub(super) fn check(&self, models: &[Rbac<'_>]) -> Result<()> {
        let url = self.resource.starts_with('/');
        let rules = || models.iter().flat_map(|rbac| rbac.roles.all.iter().flat_map(|role| &role.rules));
        let verb_known = if url { known::is_url_verb(&self.verb) } else { known::is_verb(&self.verb) };
        if !verb_known && !rules().any(|rule| rule.verbs.contains(&self.verb.as_str())) {
            let help = known::nearest_verb(&self.verb, url).map_or_else(
                || "verbs are get, list, watch, create, update, patch, delete".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Error::new(ErrorKind::Argument, format!("there is no verb `{}`", self.verb)).with_help(help));
        }
        let kind = self.resource.split('/').next().unwrap_or_default();
        let known = url
            || known::served_in(kind).is_some()
            || rules().any(|rule| rule.resources.iter().any(|entry| entry.split('/').next() == Some(kind)));
        if known {
            return Ok(());
        }
        let mentioned: BTreeSet<&str> = rules()
            .flat_map(|rule| rule.resources.iter().map(|entry| entry.split('/').next().unwrap_or(entry)))
            .collect();
        let near = known::nearest_resource_of_all(kind).or_else(|| nearest(kind, mentioned.iter().copied()));
        let help = near.map_or_else(
            || suggest(kind, ["pods", "deployments", "secrets"]),
            |near| format!("did you mean `{near}`?"),
        );
        Err(Error::new(ErrorKind::Argument, format!("no resource is called `{kind}`")).with_help(help))
    }
}
