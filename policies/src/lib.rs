//! The policies built into plimsoll, as text.
//!
//! One folder is one policy: `<category>/<name>/policy.rego` and `README.md`; `lib/` holds the Rego
//! that several of them share. This crate only carries the files; loading, checking and running them
//! belongs to the crate `plimsoll`, which depends on this one and not the other way round, so that the
//! policies are published where they lie.

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// The path below this crate's root, with `/`: `rbac/wildcard/policy.rego`, `lib/images.rego`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

/// Every embedded file, ordered by path within its folder's category.
pub fn files() -> &'static [File] {
    include!(concat!(env!("OUT_DIR"), "/files.rs"))
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn every_folder_has_both_files_and_a_legal_path() {
        for file in files() {
            let parts: Vec<&str> = file.path.split('/').collect();
            match parts[..] {
                ["lib", name] => {
                    assert_eq!(name.rsplit_once('.').map(|(_, ending)| ending), Some("rego"), "{}", file.path);
                }
                [category, name, "policy.rego" | "README.md"] => {
                    for wanted in ["policy.rego", "README.md"] {
                        let path = format!("{category}/{name}/{wanted}");
                        assert!(files().iter().any(|file| file.path == path), "{path} is missing");
                    }
                }
                _ => panic!("{} is neither a policy nor a library", file.path),
            }
        }
    }
}
