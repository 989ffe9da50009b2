//! Which paths `plimsoll.yaml` may lead to: what a file was that is no longer there can only be told so.

use globset::{GlobBuilder, GlobMatcher};

use super::config::Config;
use super::layer::ValuesEntry;
use super::pattern::Pattern;
use super::release::Each;
use super::trust::Trust;
use crate::changed::ancestors;
use crate::files::Files;

/// Paths by the patterns that may lead to them; a placeholder stands for any text.
#[derive(Debug, Default)]
pub(crate) struct Named {
    patterns: Vec<GlobMatcher>,
    lists: Vec<GlobMatcher>,
    keys: Vec<String>,
}

impl Named {
    /// What a workspace names.
    pub(crate) fn new(config: &Config) -> Self {
        let mut named = Self::default();
        named.values(&config.values);
        for environment in &config.environments {
            named.values(&environment.values);
            environment.manifests.iter().for_each(|manifests| named.pattern(&manifests.path));
        }
        for release in &config.releases {
            match &release.each {
                Some(Each::Glob(pattern)) => named.pattern(pattern),
                Some(Each::Items { file, .. }) => named.lists.extend(glob(file)),
                None => {}
            }
            let charts = release.chart.default.iter().chain(release.chart.by.iter().map(|(_, pattern)| pattern));
            charts.for_each(|chart| named.pattern(chart));
            named.values(&release.values);
            release.environments.values().for_each(|environment| named.values(&environment.values));
        }
        config.external.iter().flat_map(|external| &external.manifests).for_each(|path| named.pattern(path));
        named.keys.extend(config.trust.iter().flat_map(Trust::files).map(str::to_owned));
        named
    }

    /// Whether a path that is not there any more may have been read, or lain in what was read.
    pub(crate) fn may_have_been(&self, path: &str) -> bool {
        let lies_in = |glob: &GlobMatcher| std::iter::once(path).chain(ancestors(path)).any(|path| glob.is_match(path));
        self.patterns.iter().any(lies_in)
    }

    /// Whether a path may be a list of releases, or a key that signatures are verified with.
    pub(crate) fn is_list_or_key(&self, path: &str) -> bool {
        self.lists.iter().any(|glob| glob.is_match(path)) || self.keys.iter().any(|key| key == path)
    }

    fn values(&mut self, entries: &[ValuesEntry]) {
        for entry in entries {
            match entry {
                ValuesEntry::Path(file) | ValuesEntry::Pick { file, .. } => self.pattern(file),
                // It stands in the list itself.
                ValuesEntry::Item { .. } => {}
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        self.patterns.extend(glob(pattern));
    }
}

/// The pattern as a glob in which `*` crosses folders; nothing where it would match whatever there is.
fn glob(pattern: &Pattern) -> Option<GlobMatcher> {
    let text = pattern.wildcards();
    if !text.contains(|letter: char| letter.is_alphanumeric()) {
        return None;
    }
    // What leaves the workspace or is no glob has been complained about.
    let path = Files::join("", &text).ok()?;
    GlobBuilder::new(&path).literal_separator(false).build().ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn what_is_gone_is_known_by_the_patterns() {
        let text = "version: 1
values: [globals.yaml]
environments:
  staging: {values: ['environments/{environment}.yaml', 'sites/{tier}/**?'], manifests: [raw/]}
releases:
  - {each: services/*/, name: '{folder}', chart: '{path}', namespace: shop, values: [{file: 'tags/{release}', pick: {a: b}}]}
  - {each: {file: 'apps/{environment}.yaml'}, name: '{item.name}', chart: charts/app, namespace: shop, values: [{item: v}]}
external: [{manifests: ['facts/{environment}/*.yaml']}]
trust: [{match: [a], authorities: [{key: trust/release.pub}]}]
";
        let files = Files::memory([("plimsoll.yaml", text.as_bytes().to_vec())]);
        let workspace = Workspace::from_files(files, &crate::workspace::OpenOptions::default()).unwrap();
        let named = Named::new(workspace.config());
        for path in [
            "globals.yaml",
            "environments/dr.yaml",
            "sites/dr/deep/x.yaml",
            "raw/a/b.yaml",
            "services/cart/anything",
            "tags/cart",
            "charts/app/templates/x.yaml.j2",
            "facts/dr/x.yaml",
        ] {
            assert!(named.may_have_been(path), "{path}");
        }
        for path in ["README.md", "environments/dr.txt", "rawer/x.yaml", "services", "src/main.rs", "apps/dr.yaml"] {
            assert!(!named.may_have_been(path), "{path}");
        }
        assert!(named.is_list_or_key("apps/dr.yaml") && named.is_list_or_key("trust/release.pub"));
        assert!(!named.is_list_or_key("globals.yaml"));
    }
}
