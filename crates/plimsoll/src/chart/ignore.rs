//! `.helmignore`: which files of a chart's directory do not belong to the chart.
//!
//! Shell patterns without `**`. A pattern without a slash matches the last component at any depth, one
//! with a slash the path from the chart; a slash at the end restricts it to directories. `!` takes back
//! what an earlier line ignored. (Helm reads a line with `!` as "ignore everything else", which no
//! working chart can rely on.)

use globset::{GlobBuilder, GlobMatcher};

use super::source::{Source, line_column};
use crate::{Error, ErrorKind, Location, Result};

const FILE: &str = ".helmignore";

#[derive(Debug, Default)]
pub(super) struct Ignore(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    glob: GlobMatcher,
    negated: bool,
    directory: bool,
    whole: bool,
}

impl Ignore {
    /// Reads the `.helmignore` of a chart's directory, if there is one.
    pub(super) fn read(source: &Source, directory: &str) -> Result<Self> {
        let path = super::load::below(directory, FILE);
        if !source.files.is_file(&path)? {
            return Ok(Self::default());
        }
        let text = source.text(&path)?;
        let mut rules = Vec::new();
        for line in text.lines() {
            let at = line.as_ptr() as usize - text.as_ptr() as usize;
            let pattern = line.trim();
            if pattern.is_empty() || pattern.starts_with('#') {
                continue;
            }
            rules.push(rule(pattern).map_err(|message| {
                let (line, column) = line_column(&text, at);
                Error::new(ErrorKind::Chart, message)
                    .with_location(Location::at(source.shown(&path), line, column))
                    .with_help("patterns are shell patterns such as `*.md`, `docs/` or `/local.yaml`")
            })?);
        }
        Ok(Self(rules))
    }

    /// Whether the path, relative to the chart, is ignored.
    pub(super) fn ignores(&self, path: &str, directory: bool) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.0
            .iter()
            .rfind(|rule| (directory || !rule.directory) && rule.glob.is_match(if rule.whole { path } else { name }))
            .is_some_and(|rule| !rule.negated)
    }
}

fn rule(pattern: &str) -> Result<Rule, String> {
    let (negated, rest) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest));
    let (directory, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
    let (whole, rest) = rest.strip_prefix('/').map_or((rest.contains('/'), rest), |rest| (true, rest));
    if rest.contains("**") {
        return Err(format!("`{pattern}` has `**`, which .helmignore does not know"));
    }
    // Helm's patterns know no `{a,b}`.
    let escaped = rest.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&escaped)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| format!("`{pattern}` is not a pattern: {}", error.kind()))?;
    Ok(Rule { glob: glob.compile_matcher(), negated, directory, whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore(lines: &[&str]) -> Ignore {
        Ignore(lines.iter().map(|line| rule(line).unwrap()).collect())
    }

    #[test]
    fn patterns_without_a_slash_match_the_last_component() {
        let ignore = ignore(&["*.md", "docs/", "/local.yaml", "ci/*.yaml", "!KEEP.md"]);
        assert!(ignore.ignores("files/a.md", false));
        assert!(!ignore.ignores("files/KEEP.md", false));
        assert!(ignore.ignores("files/docs", true));
        assert!(!ignore.ignores("files/docs", false), "only directories");
        assert!(ignore.ignores("local.yaml", false));
        assert!(!ignore.ignores("files/local.yaml", false), "anchored");
        assert!(ignore.ignores("ci/x.yaml", false));
        assert!(!ignore.ignores("ci/deep/x.yaml", false), "a star does not cross a slash");
    }

    #[test]
    fn double_stars_and_broken_patterns_are_refused() {
        assert!(rule("a/**/b").unwrap_err().contains("**"));
        assert!(rule("a[").unwrap_err().contains("a["));
        assert!(ignore(&["a{b,c}"]).ignores("a{b,c}", false));
    }
}
