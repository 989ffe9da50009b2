//! What is taken for granted where there is no `plimsoll.yaml`: environments by well-known names, and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::tier::Tier;
use super::tree::{Tree, below};
use crate::files::EntryKind;
use crate::problems::Problems;

/// Names that mean an environment wherever they are met, in the order in which things are promoted.
pub const KNOWN: [(&str, Tier); 14] = [
    ("dev", Tier::Staging),
    ("development", Tier::Staging),
    ("test", Tier::Staging),
    ("uat", Tier::Staging),
    ("stg", Tier::Staging),
    ("staging", Tier::Staging),
    ("preprod", Tier::Staging),
    ("pre-production", Tier::Staging),
    ("prod", Tier::Production),
    ("prd", Tier::Production),
    ("production", Tier::Production),
    ("live", Tier::Production),
    ("dr", Tier::Dr),
    ("failover", Tier::Dr),
];

/// The tier of an environment with a well-known name.
pub(super) fn known_tier(name: &str) -> Option<Tier> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, tier)| *tier)
}

/// Sorts names in the order of [`KNOWN`].
pub(super) fn in_order(names: &BTreeSet<String>) -> Vec<String> {
    KNOWN.iter().filter(|(known, _)| names.contains(*known)).map(|(known, _)| (*known).to_owned()).collect()
}

/// The well-known name a folder's name is, or ends in after a `-`; the longest, so that
/// `pre-production` is not production.
fn environment_of_folder(folder: &str) -> Option<&'static str> {
    let ends = |known: &str| folder == known || folder.strip_suffix(known).is_some_and(|rest| rest.ends_with('-'));
    KNOWN.iter().map(|(known, _)| *known).filter(|known| ends(known)).max_by_key(|known| known.len())
}

/// The environments of a directory's sub-folders, each with its folders.
///
/// They are environments only if there are at least two and every name is, or ends in `-` plus, a
/// well-known name. Hidden folders do not count.
pub(super) fn folders(
    tree: &mut Tree<'_>,
    directory: &str,
    problems: &mut Problems,
) -> Option<BTreeMap<String, Vec<String>>> {
    let listing = tree.list(directory, problems);
    let folders: Vec<&String> = listing
        .iter()
        .filter(|(name, kind)| **kind == EntryKind::Directory && !name.starts_with('.'))
        .map(|(name, _)| name)
        .collect();
    if folders.len() < 2 {
        return None;
    }
    let mut environments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in folders {
        let environment = environment_of_folder(folder)?;
        environments.entry(environment.to_owned()).or_default().push(below(directory, folder));
    }
    Some(environments)
}

/// The values files of a chart that are for one well-known environment, lowest layer first.
pub(super) fn chart_values(tree: &mut Tree<'_>, chart: &str, problems: &mut Problems) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (folder, before) in [("environments", ""), ("", "values."), ("", "values-")] {
        let directory = if folder.is_empty() { chart.to_owned() } else { below(chart, folder) };
        if tree.kind(&directory, problems) != Some(EntryKind::Directory) {
            continue;
        }
        for (name, kind) in tree.list(&directory, problems).iter() {
            let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
            let environment = stem.and_then(|stem| stem.strip_prefix(before));
            if let Some(environment) = environment.filter(|name| *kind == EntryKind::File && known_tier(name).is_some())
            {
                found.entry(environment.to_owned()).or_default().push(below(&directory, name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;

    fn tree(paths: &[&str]) -> Files {
        Files::memory(paths.iter().map(|path| (*path, b"".to_vec())))
    }

    #[test]
    fn folders_are_environments_only_when_all_are() {
        let names = |paths: &[&str]| {
            let files = tree(paths);
            folders(&mut Tree::new(&files), "", &mut Problems::default()).map(|found| {
                found.into_iter().map(|(name, folders)| format!("{name}={}", folders.join("+"))).collect::<Vec<_>>()
            })
        };
        assert_eq!(names(&["a-dev/x", "a-prod/x", ".git/x", "LICENSE"]).unwrap(), ["dev=a-dev", "prod=a-prod"]);
        assert_eq!(
            names(&["pre-production/x", "x-pre-production/x"]).unwrap(),
            ["pre-production=pre-production+x-pre-production"]
        );
        assert_eq!(names(&["prod/x"]), None);
        assert_eq!(names(&["prod/x", "canary/x"]), None);
        assert_eq!(names(&["prod/x", "nonprod/x"]), None);
        assert_eq!(names(&["Prod/x", "dev/x"]), None);
    }

    #[test]
    fn only_known_names_count_for_charts() {
        let files = tree(&[
            "c/Chart.yaml",
            "c/values.yaml",
            "c/values-canary.yaml",
            "c/values-prod.yaml",
            "c/values.prod.yml",
            "c/environments/prod.yaml",
            "c/environments/eu-prod.yaml",
            "c/values-dr.yaml/x",
            "c/values-.yaml",
        ]);
        let found = chart_values(&mut Tree::new(&files), "c", &mut Problems::default());
        let expected = ["c/environments/prod.yaml", "c/values.prod.yml", "c/values-prod.yaml"].map(String::from);
        assert_eq!(found, BTreeMap::from([("prod".to_owned(), expected.to_vec())]));
    }
}
