//! The examples of a policy's README.md: YAML fences that are documentation and tests.
//!
//! A fence is a manifest stream. A comment `# violation: text` at the end of a line says that a finding
//! whose message contains the text lands there, `# unknown: text` the same with the verdict unknown; a
//! fence without one must pass. Its first line may set the scene: `# plimsoll: {tier: staging}`. A line
//! `# environment: name` begins the part of another environment, a line `# workspace:` a part of `plimsoll.yaml`,
//! which ends at `---`. Running a fence through the linter is
//! left to the caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Policy, fault, nearest};
use crate::finding::Verdict;
use crate::workspace::Tier;
use crate::{Error, ErrorKind, Location};

/// One YAML fence.
#[derive(Debug, Clone, PartialEq)]
pub struct Fence {
    /// 1-based line in README.md of the fence's first line of YAML.
    pub line: u32,
    /// All of the fence's text.
    pub source: String,
    /// What the first line sets.
    pub scene: Scene,
    /// The environments, in the order written; at least one. Without `# environment:` it is `default`.
    pub environments: Vec<Environment>,
    /// What `plimsoll.yaml` says beyond the scene, with blank lines before it likewise; empty for nothing.
    pub workspace: String,
    /// What must be found, by line.
    pub expectations: Vec<Expectation>,
}

/// The part of a fence that one environment renders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The name; `default` where the fence names none.
    pub name: String,
    /// The manifests, with blank lines in place of the other parts, so that a line number here is a line
    /// number of the fence.
    pub source: String,
}

/// What a fence assumes.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scene {
    /// The tier; production where none is said.
    pub tier: Option<Tier>,
    /// The Kubernetes version.
    pub kubernetes: Option<String>,
    /// The namespace of what names none.
    pub namespace: Option<String>,
    /// Parameters of the policy.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Kinds whose world is closed.
    pub complete: Vec<String>,
    /// Manifests that exist but are not ours.
    pub external: Option<String>,
    /// Other files of the workspace: path to text, such as `images.lock`.
    pub files: BTreeMap<String, String>,
    /// The moment to check for.
    pub now: Option<String>,
    /// Anything else a workspace may declare: passed through for later stages.
    pub workspace: BTreeMap<String, serde_json::Value>,
}

/// A finding that must be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expectation {
    /// 1-based line within the fence.
    pub line: u32,
    /// Violated or unknown.
    pub verdict: Verdict,
    /// Text that the message contains.
    pub text: String,
}

/// The word that marks a verdict in a fence.
pub(super) fn marker(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Violated => "violation",
        Verdict::Unknown => "unknown",
    }
}

/// The YAML fences of a policy's README.md, in order.
pub fn fences(policy: &Policy) -> Result<Vec<Fence>, Error> {
    blocks(&policy.readme_file, &policy.readme)?
        .into_iter()
        .map(|(line, source)| fence(&policy.readme_file, line, source))
        .collect()
}

/// The texts between ```` ```yaml ```` and its end, with the line of their first line.
fn blocks(file: &Arc<str>, readme: &str) -> Result<Vec<(u32, String)>, Error> {
    let mut blocks = Vec::new();
    let mut open: Option<(u32, usize, bool, String)> = None;
    for (line, text) in (1u32..).zip(readme.lines()) {
        let ticks = text.len() - text.trim_start_matches('`').len();
        match &mut open {
            // CommonMark 4.5: a fence ends with at least as many ticks as it began with, and nothing else.
            Some((start, length, yaml, source)) if ticks >= *length && text[ticks..].trim().is_empty() => {
                if *yaml {
                    blocks.push((*start, std::mem::take(source)));
                }
                open = None;
            }
            Some((_, _, _, source)) => {
                source.push_str(text);
                source.push('\n');
            }
            None if ticks >= 3 => open = Some((line + 1, ticks, text[ticks..].trim() == "yaml", String::new())),
            None => {}
        }
    }
    match open {
        Some((line, ..)) => Err(fault(file, line - 1, 1, "the fence is not closed").with_help("close it with ```")),
        None => Ok(blocks),
    }
}

fn fence(file: &Arc<str>, line: u32, source: String) -> Result<Fence, Error> {
    let scene = match source.lines().next().and_then(|first| first.trim().strip_prefix("# plimsoll:")) {
        Some(first) => scene(file, line, first, &source)?,
        None => Scene::default(),
    };
    let mut expectations = Vec::new();
    for (at, text) in (1u32..).zip(source.lines()) {
        expectations.extend(expectation(at, text).map_err(|message| {
            fault(file, line + at - 1, 1, message).with_help("write `# violation: part of the message`")
        })?);
    }
    let (workspace, manifests) = parts(&source);
    Ok(Fence { line, environments: environments(&manifests), workspace, expectations, scene, source })
}

/// Reads the scene: YAML after the marker, and, where it goes on, in the comment lines below it.
fn scene(file: &Arc<str>, line: u32, first: &str, source: &str) -> Result<Scene, Error> {
    let mut yaml = first.trim_start().to_owned();
    for text in source.lines().skip(1) {
        match text.strip_prefix('#') {
            Some(rest) if !rest.trim_start().starts_with("environment:") => {
                yaml.push('\n');
                yaml.push_str(rest);
            }
            _ => break,
        }
    }
    let read = if yaml.trim().is_empty() { Ok(Scene::default()) } else { serde_yaml::from_str(&yaml) };
    read.map_err(|error| {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let offset = error.location().map_or(0, |place| u32::try_from(place.line()).unwrap_or(1).saturating_sub(1));
        let near = words.first().and_then(|word| nearest(word, words[1..].iter().copied()));
        let help = near.map_or(
            "known: tier, kubernetes, namespace, params, complete, external, files, now, workspace".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Error::new(ErrorKind::Policy, format!("the scene of a fence cannot be read: {message}"))
            .with_location(Location::at(file.clone(), line + offset, 1))
            .with_help(help)
    })
}

fn expectation(line: u32, text: &str) -> Result<Option<Expectation>, String> {
    for verdict in [Verdict::Violated, Verdict::Unknown] {
        let marker = format!("# {}:", marker(verdict));
        let Some((before, text)) = text.split_once(&marker) else { continue };
        if before.trim().is_empty() {
            return Err(format!("`{marker}` stands alone; put it at the end of the line where the finding lands"));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("`{marker}` says nothing about the message"));
        }
        return Ok(Some(Expectation { line, verdict, text: text.to_owned() }));
    }
    Ok(None)
}

/// The part of `plimsoll.yaml`, and the manifests; both with blank lines in place of the other.
fn parts(source: &str) -> (String, String) {
    let (mut workspace, mut manifests) = (String::new(), String::new());
    let mut inside = false;
    for text in source.lines() {
        let begins = text.trim_end() == "# workspace:";
        inside = begins || (inside && text.trim_end() != "---");
        let (one, other) = if inside { (&mut workspace, &mut manifests) } else { (&mut manifests, &mut workspace) };
        one.push_str(text);
        one.push('\n');
        other.push('\n');
    }
    if workspace.trim().is_empty() {
        workspace.clear();
    }
    (workspace, manifests)
}

fn environments(source: &str) -> Vec<Environment> {
    let mut found: Vec<Environment> = Vec::new();
    for (at, text) in source.lines().enumerate() {
        if let Some(name) = text.strip_prefix("# environment:") {
            let name = name.trim().to_owned();
            found.push(Environment { name, source: "\n".repeat(at) });
        } else if found.is_empty() && !text.trim().is_empty() && !text.starts_with('#') && text.trim() != "---" {
            found.push(Environment { name: "default".to_owned(), source: "\n".repeat(at) });
        }
        if let Some(last) = found.last_mut() {
            last.source.push_str(text);
            last.source.push('\n');
        }
    }
    if found.is_empty() {
        found.push(Environment { name: "default".to_owned(), source: source.to_owned() });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(readme: &str) -> Result<Vec<Fence>, Error> {
        let file: Arc<str> = "a/b/README.md".into();
        blocks(&file, readme)?.into_iter().map(|(line, source)| fence(&file, line, source)).collect()
    }

    #[test]
    fn fences_expectations_and_scenes() {
        let readme = "# a/b\n\n```yaml\n# plimsoll: {tier: staging, params: {n: 1}, complete: [Namespace]}\nkind: Pod\n\
                      x: 1 # violation: is `1`\ny: 2  # unknown: may be\n```\n\n````yaml\nkind: Job\n```\n````\n\n```rego\nx\n```\n";
        let found = read(readme).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 4);
        assert_eq!(found[0].scene.tier, Some(Tier::Staging));
        assert_eq!(found[0].scene.complete, ["Namespace"]);
        let text = |at: usize| (found[0].expectations[at].line, &*found[0].expectations[at].text);
        assert_eq!((text(0), text(1)), ((3, "is `1`"), (4, "may be")));
        assert_eq!(found[0].expectations[1].verdict, Verdict::Unknown);
        assert_eq!(found[1].source, "kind: Job\n```\n");
        assert!(found[1].expectations.is_empty());
        assert_eq!(found[1].environments[0].name, "default");
    }

    #[test]
    fn a_scene_may_hold_manifests() {
        let readme = "```yaml\n# plimsoll:\n#   external: |\n#     kind: Namespace\n#     name: x\nkind: Pod\n```\n";
        let found = read(readme).unwrap();
        assert_eq!(found[0].scene.external.as_deref(), Some("kind: Namespace\nname: x"));
    }

    #[test]
    fn environments_keep_line_numbers() {
        let readme = "```yaml\n# environment: production\nkind: A\n---\nkind: B # violation: gone\n# environment: dr\nkind: A\n```\n";
        let fence = &read(readme).unwrap()[0];
        let names: Vec<_> = fence.environments.iter().map(|environment| environment.name.as_str()).collect();
        assert_eq!(names, ["production", "dr"]);
        assert_eq!(fence.environments[1].source, "\n\n\n\n# environment: dr\nkind: A\n");
        assert_eq!(fence.environments[0].source.lines().count(), 4);
        assert_eq!(fence.expectations[0].line, 4);
    }

    #[test]
    fn faults_have_a_line() {
        for (readme, place, message) in [
            ("x\n```yaml\nkind: A\n", "a/b/README.md:2:1", "not closed"),
            ("```yaml\n# plimsoll: {teir: dr}\n```\n", "a/b/README.md:2:1", "unknown field `teir`"),
            ("```yaml\na: 1\n# violation: x\n```\n", "a/b/README.md:3:1", "stands alone"),
            ("```yaml\na: 1 # unknown:\n```\n", "a/b/README.md:2:1", "says nothing"),
        ] {
            let error = read(readme).unwrap_err();
            assert_eq!(error.location().unwrap().to_string(), place);
            assert!(error.message().contains(message) && error.help().is_some(), "{error}");
        }
    }
}
