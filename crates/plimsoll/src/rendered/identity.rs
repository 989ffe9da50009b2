//! What makes an object of one environment the same as an object of another.
//!
//! The same kind, the same name and the same namespace, after what names the environment itself is taken
//! out of them: a release that is installed into `shop-stg` here and into `shop` there, or `cart-dev`
//! beside `cart-prod`.

use std::sync::Arc;

use super::Environment;
use crate::manifest::ResourceId;

/// The namespace that all environments share for a namespace of one: (environment, namespace) to that.
pub(crate) type Alignment<'a> = dyn Fn(&str, &str) -> String + 'a;

/// The identity of every resource of an environment: `group/Kind/namespace/name`.
///
/// Where a namespace is aligned, names that carry it are aligned with it: the Namespace itself, and
/// objects called after it.
pub(super) fn identities(environment: &Environment, align: &Alignment<'_>) -> Vec<Arc<str>> {
    environment.resources.iter().map(|resource| identity(&environment.name, &resource.id, align)).collect()
}

fn identity(environment: &str, id: &ResourceId, align: &Alignment<'_>) -> Arc<str> {
    let namespace = match &id.namespace {
        Some(namespace) => namespace,
        None if &*id.kind == "Namespace" => &id.name,
        None => return Arc::from(id.to_string()),
    };
    let logical = align(environment, namespace);
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
        let align = |environment: &str, namespace: &str| {
            namespace.strip_suffix(&format!("-{environment}")).unwrap_or(namespace).to_owned()
        };
        let id =
            ResourceId { group: "".into(), kind: kind.into(), namespace: namespace.map(Arc::from), name: name.into() };
        identity("dev", &id, &align).to_string()
    }

    #[test]
    fn what_names_the_environment_is_taken_out() {
        assert_eq!(of("RoleBinding", Some("cart-dev"), "cart-dev-admin"), "/RoleBinding/cart/cart-admin");
        assert_eq!(of("Namespace", None, "cart-dev"), "/Namespace//cart");
        assert_eq!(of("Service", Some("shop"), "dev"), "/Service/shop/dev");
        assert_eq!(of("ClusterRole", None, "cart-dev"), "/ClusterRole//cart-dev");
    }
}
