//! Which objects an environment and the one it mirrors do not both have.

use std::collections::BTreeMap;

use serde::Serialize;

/// An object that one of two mirrored environments lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// The mirroring environment.
    pub mirror: String,
    /// The mirrored one.
    pub of: String,
    /// The object's id in the environment that has it.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace there; empty outside namespaces.
    pub namespace: String,
    /// Its name there.
    pub name: String,
    /// The environment that lacks it.
    pub missing_in: String,
    /// The environment that has it.
    pub present_in: String,
}

/// One object for comparison.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The same in every environment for what is the same object.
    pub identity: &'a str,
    /// Its id in its environment.
    pub id: &'a crate::manifest::ResourceId,
}

/// Compares the objects of an environment with those of the one it mirrors, in order of identity.
pub fn compare(mirror: (&str, &[Object<'_>]), of: (&str, &[Object<'_>])) -> Vec<Missing> {
    let index = |objects: &[Object<'_>]| -> BTreeMap<String, crate::manifest::ResourceId> {
        objects.iter().map(|object| (object.identity.to_owned(), object.id.clone())).collect()
    };
    let (in_mirror, in_of) = (index(mirror.1), index(of.1));
    let mut missing = Vec::new();
    for (lacking, lacks, having, has) in [(mirror.0, &in_mirror, of.0, &in_of), (of.0, &in_of, mirror.0, &in_mirror)] {
        for (_, id) in has.iter().filter(|(identity, _)| !lacks.contains_key(*identity)) {
            missing.push(Missing {
                mirror: mirror.0.to_owned(),
                of: of.0.to_owned(),
                id: id.to_string(),
                kind: id.kind.to_string(),
                namespace: id.namespace.as_deref().unwrap_or("").to_owned(),
                name: id.name.to_string(),
                missing_in: lacking.to_owned(),
                present_in: having.to_owned(),
            });
        }
    }
    missing
}
