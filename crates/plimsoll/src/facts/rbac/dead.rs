//! Grants that can never apply: what the API server refuses, overwrites, or never asks for.

use serde::Serialize;

use super::known;
use super::rule::Rule;
use crate::manifest::Resource;
use crate::yaml::{Data, Node};

/// A part of a role or binding that grants nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dead {
    /// JSON pointer from the resource's root.
    pub path: String,
    /// Why, as a sentence about it without a full stop.
    pub reason: String,
}

/// What a value is, with its article.
fn typed(node: &Node) -> String {
    match node.type_name() {
        "null" => "null".to_owned(),
        name @ "integer" => format!("an {name}"),
        name => format!("a {name}"),
    }
}

fn dead(path: String, reason: impl Into<String>) -> Dead {
    Dead { path, reason: reason.into() }
}

/// What of a role grants nothing. `urls_reach` says whether paths can be reached by its bindings, where they are known.
pub(super) fn of_role(role: &Resource, urls_reach: bool) -> Vec<Dead> {
    let node = role.node();
    let Some(rules) = node.get("rules").filter(|rules| !rules.is_null()) else { return Vec::new() };
    let Data::Seq(items) = &rules.data else {
        return vec![dead(
            "/rules".into(),
            format!("`rules` is {}, not a list, so the API server refuses the role", typed(rules)),
        )];
    };
    if &*role.id.kind == "ClusterRole" && node.get("aggregationRule").is_some_and(|rule| rule.as_map().is_some()) {
        let reason = "rules stand beside an `aggregationRule`: the control plane overwrites them with those of the roles it selects";
        return if items.is_empty() { Vec::new() } else { vec![dead("/rules".into(), reason)] };
    }
    let namespaced = &*role.id.kind == "Role";
    let mut found = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("/rules/{at}");
        let malformed = malformed(item, &path);
        if !malformed.is_empty() {
            found.extend(malformed);
            continue;
        }
        let written = Rule::read(item);
        if let Some(one) = refused(&written, &path, namespaced) {
            found.push(one);
            continue;
        }
        if !urls_reach && !written.urls.is_empty() {
            let reason = "paths are granted outside of namespaces only, and this role is bound by RoleBindings, which grant nothing there";
            found.push(dead(format!("{path}/nonResourceURLs"), reason));
        }
        resources(&written, &path, namespaced, &mut found);
        verbs(&written, &path, &mut found);
    }
    found
}

/// Members that are of the wrong type, so that the API server does not read the object.
fn malformed(item: &Node, path: &str) -> Vec<Dead> {
    if item.as_map().is_none() {
        return vec![dead(
            path.into(),
            format!("rule is {}, not a map, so the API server refuses the role", typed(item)),
        )];
    }
    let mut found = Vec::new();
    for key in ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"] {
        let Some(list) = item.get(key).filter(|list| !list.is_null()) else { continue };
        let Data::Seq(entries) = &list.data else {
            let reason = format!("`{key}` is {}, not a list, so the API server refuses the role", typed(list));
            found.push(dead(format!("{path}/{key}"), reason));
            continue;
        };
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.as_str().is_none()) {
            let reason = format!("entry of `{key}` is {}, not text, so the API server refuses the role", typed(entry));
            found.push(dead(format!("{path}/{key}/{at}"), reason));
        }
    }
    found
}

/// Rules that validation refuses (pkg/apis/rbac/validation/validation.go, `ValidatePolicyRule`).
fn refused(rule: &Rule<'_>, path: &str, namespaced: bool) -> Option<Dead> {
    let why = |member: &str, reason: &str| {
        let path = if member.is_empty() { path.to_owned() } else { format!("{path}/{member}") };
        Some(dead(path, format!("{reason}, so the API server refuses the role")))
    };
    if rule.verbs.is_empty() {
        return why("", "rule has no verbs");
    }
    if !rule.urls.is_empty() {
        if namespaced {
            return why("nonResourceURLs", "paths are not inside of namespaces, where a Role grants");
        }
        let mixed = !rule.groups.is_empty() || !rule.resources.is_empty() || !rule.names.is_empty();
        return if mixed { why("nonResourceURLs", "rule names both paths and resources") } else { None };
    }
    if rule.groups.is_empty() {
        return why("", "rule for resources has no `apiGroups`");
    }
    if rule.resources.is_empty() {
        return why("", "rule names neither resources nor paths");
    }
    None
}

fn resources(rule: &Rule<'_>, path: &str, namespaced: bool, found: &mut Vec<Dead>) {
    let position = |resource: &str| rule.resources.iter().position(|entry| *entry == resource).unwrap_or(0);
    for (group, resource) in known::unknown_resources(rule) {
        let place = format!("{path}/resources/{}", position(resource));
        let groups = if rule.groups.len() == 1 {
            if group.is_empty() { "the core API group".to_owned() } else { format!("API group `{group}`") }
        } else {
            "any of its API groups".to_owned()
        };
        let hint = match (known::served_in(resource), known::nearest_resource(&rule.groups, resource)) {
            (Some(""), _) => "; it is in the core group (`\"\"`)".to_owned(),
            (Some(other), _) => format!("; it is in `{other}`"),
            (None, Some(near)) => format!("; the nearest name is `{near}`"),
            (None, None) => String::new(),
        };
        found.push(dead(
            place,
            format!("there is no resource `{resource}` in {groups}, so the entry grants nothing{hint}"),
        ));
    }
    // In a namespace, `bind` is asked for as if ClusterRoles were in it.
    let bound = |resource: &str| resource == "clusterroles" && rule.verb("bind").is_some();
    for (at, resource) in rule.resources.iter().enumerate().filter(|_| namespaced) {
        if known::is_cluster_scoped(rule, resource) && !bound(resource) {
            let reason = format!("`{resource}` are outside of namespaces, where a Role grants nothing");
            found.push(dead(format!("{path}/resources/{at}"), reason));
        }
    }
}

fn verbs(rule: &Rule<'_>, path: &str, found: &mut Vec<Dead>) {
    let url = rule.resources.is_empty();
    let judged = url || rule.groups.iter().all(|group| known::is_known_group(group));
    for (at, verb) in rule.verbs.iter().enumerate() {
        let place = format!("{path}/verbs/{at}");
        let exists = if url { known::is_url_verb(verb) } else { known::is_verb(verb) };
        if judged && !exists {
            let hint =
                known::nearest_verb(verb, url).map_or(String::new(), |near| format!("; `{near}` is probably meant"));
            found.push(dead(place, format!("there is no verb `{verb}`, so it grants nothing{hint}")));
            continue;
        }
        if rule.names.is_empty() {
            continue;
        }
        if *verb == "deletecollection" {
            let reason = "`deletecollection` never carries a name, so with `resourceNames` it grants nothing";
            found.push(dead(place, reason));
        } else if *verb == "create"
            && !rule.resources.iter().any(|resource| resource.contains('/') || *resource == "*")
            && rule.verb("patch").or(rule.verb("update")).is_none()
        {
            let reason = "`create` carries a name only in server-side apply, which needs `patch`, so with `resourceNames` it grants nothing";
            found.push(dead(place, reason));
        }
    }
}

/// What of a binding grants nothing, apart from references to what does not exist.
pub(super) fn of_binding(binding: &Resource) -> Vec<Dead> {
    let node = binding.node();
    let mut found = role_ref(node, &*binding.id.kind == "ClusterRoleBinding");
    let Some(subjects) = node.get("subjects").filter(|subjects| !subjects.is_null()) else { return found };
    let Data::Seq(items) = &subjects.data else {
        let reason = format!("`subjects` is {}, not a list, so the API server refuses the binding", typed(subjects));
        found.push(dead("/subjects".into(), reason));
        return found;
    };
    found.extend(items.iter().enumerate().filter_map(|(at, item)| subject(item, &format!("/subjects/{at}"))));
    found
}

fn role_ref(node: &Node, of_cluster: bool) -> Vec<Dead> {
    let Some(role) = node.get("roleRef").filter(|role| role.as_map().is_some()) else {
        return vec![dead("/roleRef".into(), "binding has no `roleRef`, so the API server refuses it")];
    };
    let group = role.str_at(&["apiGroup"]);
    if let Some(group) = group.filter(|group| !matches!(*group, "" | super::roles::GROUP)) {
        let reason = format!(
            "`{group}` is not the API group of roles, `{}`, so the API server refuses the binding",
            super::roles::GROUP
        );
        return vec![dead("/roleRef/apiGroup".into(), reason)];
    }
    if role.str_at(&["name"]).is_none_or(str::is_empty) {
        return vec![dead("/roleRef/name".into(), "`roleRef` names no role, so the API server refuses the binding")];
    }
    let reason = match role.str_at(&["kind"]) {
        Some("Role") if of_cluster => {
            "a ClusterRoleBinding cannot bind a Role, which is inside of a namespace".to_owned()
        }
        Some("Role" | "ClusterRole") => return Vec::new(),
        Some(kind) => format!("`{kind}` is neither `Role` nor `ClusterRole`"),
        None => "`roleRef` says no kind".to_owned(),
    };
    vec![dead("/roleRef/kind".into(), format!("{reason}, so the API server refuses the binding"))]
}

fn subject(item: &Node, path: &str) -> Option<Dead> {
    let refuses = "so the API server refuses the binding";
    if item.as_map().is_none() {
        return Some(dead(path.into(), format!("subject is {}, not a map, {refuses}", typed(item))));
    }
    let kind = match item.get("kind").map(|kind| (kind, kind.as_str())) {
        Some((_, Some(kind @ ("User" | "Group" | "ServiceAccount")))) => kind,
        Some((_, Some(kind))) => {
            let reason = format!("`{kind}` is neither `User` nor `Group` nor `ServiceAccount`, {refuses}");
            return Some(dead(format!("{path}/kind"), reason));
        }
        Some((kind, None)) => {
            return Some(dead(format!("{path}/kind"), format!("`kind` is {}, not text, {refuses}", typed(kind))));
        }
        None => return Some(dead(path.into(), format!("subject says no kind, {refuses}"))),
    };
    match item.get("name") {
        Some(name) if name.as_str().is_some_and(|name| !name.is_empty()) => {}
        Some(name) if name.as_str().is_none() => {
            let reason = format!("`name` is {}, not text, {refuses}", typed(name));
            return Some(dead(format!("{path}/name"), reason));
        }
        _ => return Some(dead(path.into(), format!("subject has no name, {refuses}"))),
    }
    let group = item.str_at(&["apiGroup"]).unwrap_or_default();
    let fits = match kind {
        "ServiceAccount" => group.is_empty(),
        _ => matches!(group, "" | super::roles::GROUP),
    };
    (!fits).then(|| dead(format!("{path}/apiGroup"), format!("`{group}` is not the API group of a {kind}, {refuses}")))
}
