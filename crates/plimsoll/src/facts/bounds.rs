//! What bounds a namespace.

use serde::Serialize;

use super::world::World;
use crate::manifest::Resource;

/// Whether a rendered namespace has a quota and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each read by name in policies")]
pub struct Bounds {
    /// Some ResourceQuota is known in it.
    pub quota: bool,
    /// Some LimitRange is known in it.
    pub limit_range: bool,
    /// Whether those are all there are: the workspace renders such bounds somewhere, or says it knows all.
    pub known: bool,
    /// Whether it belongs to the cluster rather than to a tenant.
    pub system: bool,
}

/// The bounds of a Namespace.
pub(super) fn of_namespace(world: &World<'_>, namespace: &Resource) -> Bounds {
    let name = &*namespace.id.name;
    let declared = world.declared;
    let complete = declared.is_complete("ResourceQuota") && declared.is_complete("LimitRange");
    let renders = ["ResourceQuota", "LimitRange"].iter().any(|kind| world.of_kind("", kind).next().is_some());
    Bounds {
        quota: world.has_any("", "ResourceQuota", name),
        limit_range: world.has_any("", "LimitRange", name),
        known: complete || (world.is_whole() && renders),
        system: is_system(name),
    }
}

/// Namespaces of the cluster itself; by convention `kube-` is reserved for them (Kubernetes documentation,
/// "Namespaces").
fn is_system(name: &str) -> bool {
    name == "default" || name.starts_with("kube-")
}
