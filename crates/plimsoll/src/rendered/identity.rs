//! What makes an object of one environment the same as an object of another.
//!
//! The same kind, the same name and the same namespace, after what names the environment itself is taken
//! out of them: a release that is installed into `shop-stg` here and into `shop` there, or `cart-dev`
//! beside `cart-prod`. What a release brings goes by the namespace of that release, so that one which moves
//! takes nothing of its neighbours with it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Environment;
use crate::manifest::{Resource, ResourceId};
use crate::workspace::Align;

/// The identity of every resource of an environment: `group/Kind/namespace/name`.
///
/// Where a namespace is aligned, names that carry it are aligned with it: the Namespace itself, and
/// objects called after it. No two objects of an environment get the same one.
pub(super) fn identities(environment: &Environment, align: &Align) -> Vec<Arc<str>> {
    let mut taken: HashMap<Arc<str>, &ResourceId> = HashMap::with_capacity(environment.resources.len());
    let resources = environment.resources.iter();
    resources
        .map(|resource| {
            let named = identity(&resource.id, |namespace| shared(environment, resource, namespace, align));
            match taken.get(&named) {
                // No namespace's own name holds `@` (RFC 1123 label), so this is nobody else's.
                Some(other) if **other != resource.id => {
                    identity(&resource.id, |namespace| format!("{namespace}@{}", environment.name))
                }
                _ => {
                    taken.insert(named.clone(), &resource.id);
                    named
                }
            }
        })
        .collect()
}

/// The name that all environments share for a namespace as a resource means it.
fn shared(environment: &Environment, resource: &Resource, namespace: &str, align: &Align) -> String {
    let rendering = resource.manifest.rendering.as_ref();
    let installation = rendering.map(|rendering| &environment.installations[rendering.installation]);
    match installation.filter(|installation| installation.release.namespace == namespace) {
        Some(installation) => installation.logical_namespace.to_string(),
        None => align.shared(&environment.name, namespace),
    }
}

fn identity(id: &ResourceId, align: impl Fn(&str) -> String) -> Arc<str> {
    let namespace = match &id.namespace {
        Some(namespace) => namespace,
        None if &*id.kind == "Namespace" => &id.name,
        None => return Arc::from(id.to_string()),
    };
    let logical = align(namespace);
    if logical == **namespace {
        return Arc::from(id.to_string());
    }
    let name = id.name.replace(&**namespace, &logical);
    let namespace = id.namespace.as_ref().map_or("", |_| logical.as_str());
    Arc::from(format!("{}/{}/{namespace}/{name}", id.group, id.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, namespace: Option<&str>, name: &str) -> String {
        let align = |namespace: &str| namespace.strip_suffix("-dev").unwrap_or(namespace).to_owned();
        let id =
            ResourceId { group: "".into(), kind: kind.into(), namespace: namespace.map(Arc::from), name: name.into() };
        identity(&id, align).to_string()
    }

    #[test]
    fn what_names_the_environment_is_taken_out() {
        assert_eq!(of("RoleBinding", Some("cart-dev"), "cart-dev-admin"), "/RoleBinding/cart/cart-admin");
        assert_eq!(of("Namespace", None, "cart-dev"), "/Namespace//cart");
        assert_eq!(of("Service", Some("shop"), "dev"), "/Service/shop/dev");
        assert_eq!(of("ClusterRole", None, "cart-dev"), "/ClusterRole//cart-dev");
    }
}
