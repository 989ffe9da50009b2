//! The METADATA block above `package`: YAML in comments, read strictly.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::definition::{KindPattern, Need, On, Parameter, ParameterType, Severities};
use super::{fault, nearest};
use crate::facts::{Domain, Domains};
use crate::finding::Severity;
use crate::workspace::Tier;
use crate::{Error, ErrorKind, Location};

/// The METADATA of one policy, checked.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) severity: Severities,
    pub(super) unknown: Severity,
    pub(super) raised: Option<Severity>,
    pub(super) on: On,
    pub(super) needs: Vec<Need>,
    pub(super) facts: Domains,
    pub(super) fix: String,
    pub(super) sensitive: bool,
    pub(super) suppressible: bool,
    pub(super) yields: Vec<String>,
    pub(super) params: BTreeMap<String, Parameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: Option<String>,
    #[serde(default)]
    description: String,
    custom: Option<Custom>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    severity: Option<RawSeverity>,
    unknown: Option<Severity>,
    raised: Option<Severity>,
    on: Option<OneOrMany>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    facts: Vec<String>,
    fix: Option<String>,
    #[serde(default)]
    sensitive: bool,
    suppressible: Option<bool>,
    #[serde(default)]
    yields: Vec<String>,
    #[serde(default)]
    params: BTreeMap<String, RawParameter>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawSeverity {
    One(Severity),
    ByTier(BTreeMap<String, String>),
    Other(serde_json::Value),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
    Other(serde_json::Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    #[serde(default)]
    description: String,
    #[serde(default)]
    default: serde_json::Value,
}

/// Where the block stands and what it holds.
struct Block {
    /// 1-based line of `# METADATA`.
    line: u32,
    /// The lines below it without their `#`; line n of it is line `self.line + n` of the file.
    yaml: String,
}

impl Block {
    /// The first line that holds `"<key>:"`, so that a fault of meaning points at the key.
    fn line_of(&self, key: &str) -> u32 {
        let found = self.yaml.lines().position(|line| {
            let line = line.trim_start();
            line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))
        });
        found.map_or(self.line, |at| self.line + 1 + u32::try_from(at).unwrap_or(0))
    }
}

const TEMPLATE: &str = "begin the file with `# METADATA`, `# title: …` and `# custom:` with severity, on and fix";

/// Reads the METADATA of the policy `source`, which lies in `file`.
pub(super) fn read(file: &Arc<str>, source: &str) -> Result<Metadata, Error> {
    let block = block(file, source)?;
    let raw: Raw = serde_yaml::from_str(&block.yaml).map_err(|error| yaml_fault(file, &block, &error))?;
    let missing = |key: &str| {
        fault(file, block.line, 1, format!("METADATA lacks `{key}`")).with_help(match key {
            "title" => "name the thing flagged: `# title: Wildcard in a role`",
            "custom.severity" => "say it by tier: `#   severity: {staging: warning, production: error, dr: error}`",
            "custom.on" => "say what it looks at: `#   on: [Role]`, or workload, environment, workspace",
            _ => "say what to do about it: `#   fix: \"Name the verbs that are used.\"`",
        })
    };
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let title = filled(raw.title).ok_or_else(|| missing("title"))?;
    let custom = raw.custom.ok_or_else(|| missing("custom.severity"))?;
    let at = |key: &str| (block.line_of(key), 3);
    let severity = severity(file, at("severity"), custom.severity.ok_or_else(|| missing("custom.severity"))?)?;
    let on = on(file, at("on"), custom.on.ok_or_else(|| missing("custom.on"))?)?;
    let fix = filled(custom.fix).ok_or_else(|| missing("custom.fix"))?;
    let params: BTreeMap<String, Parameter> = custom.params.into_iter().map(parameter).collect();
    let needs = needs(file, at("needs"), &custom.needs, &params)?;
    let facts = facts(file, at("facts"), &custom.facts)?;
    Ok(Metadata {
        title,
        description: raw.description.trim().to_owned(),
        severity,
        unknown: custom.unknown.unwrap_or(Severity::Info),
        raised: custom.raised,
        on,
        needs,
        facts,
        fix,
        sensitive: custom.sensitive,
        suppressible: custom.suppressible.unwrap_or(true),
        yields: custom.yields,
        params,
    })
}

fn block(file: &Arc<str>, source: &str) -> Result<Block, Error> {
    let mut block: Option<Block> = None;
    for (line, text) in (1u32..).zip(source.lines()) {
        let text = text.trim_end();
        match text.strip_prefix('#') {
            Some(rest) if rest.trim() == "METADATA" => block = Some(Block { line, yaml: String::new() }),
            Some(rest) => {
                if let Some(block) = &mut block {
                    block.yaml.push_str(rest);
                    block.yaml.push('\n');
                }
            }
            // OPA ends an annotation at the first line that is no comment; what follows must be the package.
            None if text.is_empty() && block.is_none() => {}
            None if text.starts_with("package") => break,
            None => {
                return Err(fault(file, line, 1, "there is something between METADATA and `package`")
                    .with_help("write the METADATA comment directly above `package`"));
            }
        }
    }
    block.ok_or_else(|| fault(file, 1, 1, "the policy has no METADATA").with_help(TEMPLATE))
}

fn yaml_fault(file: &Arc<str>, block: &Block, error: &serde_yaml::Error) -> Error {
    let (line, column) = error.location().map_or((block.line, 1), |place| {
        let line = block.line.saturating_add(u32::try_from(place.line()).unwrap_or(u32::MAX));
        (line, u32::try_from(place.column()).unwrap_or(u32::MAX).saturating_add(1))
    });
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let error = Error::new(ErrorKind::Policy, format!("METADATA cannot be read: {message}"))
        .with_location(Location::at(file.clone(), line, column));
    // serde names the unknown field first and the known ones after it.
    let known = words.get(1..).unwrap_or_default();
    match words.first().and_then(|unknown| nearest(unknown, known.iter().copied())) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.with_help("METADATA is YAML; mind quotes and indentation"),
        None => error.with_help(format!("known here: {}", known.join(", "))),
    }
}

fn severity(file: &Arc<str>, (line, column): (u32, u32), raw: RawSeverity) -> Result<Severities, Error> {
    const LEVELS: &str = "the levels are error, warning, info and off; the tiers staging, production and dr";
    let wrong = |message: String| fault(file, line, column, message).with_help(LEVELS);
    let by_tier = match raw {
        RawSeverity::One(severity) => return Ok(Tier::ALL.into_iter().map(|tier| (tier, severity)).collect()),
        RawSeverity::ByTier(by_tier) => by_tier,
        RawSeverity::Other(value) => return Err(wrong(format!("`severity` cannot be {value}"))),
    };
    let mut severities = Severities::new();
    for (tier, level) in &by_tier {
        let tier = Tier::from_name(tier).ok_or_else(|| wrong(format!("`severity` names the unknown tier `{tier}`")))?;
        let level = level.parse().map_err(|()| wrong(format!("`severity` has the unknown level `{level}`")))?;
        severities.insert(tier, level);
    }
    match Tier::ALL.into_iter().find(|tier| !severities.contains_key(tier)) {
        Some(tier) => Err(wrong(format!("`severity` says nothing for the tier `{tier}`"))),
        None => Ok(severities),
    }
}

fn on(file: &Arc<str>, (line, column): (u32, u32), raw: OneOrMany) -> Result<On, Error> {
    let wrong = |word: &str| {
        let error = fault(file, line, column, format!("`on` cannot be `{word}`"));
        match nearest(word, ["workload", "environment", "workspace"]) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help("`on` is a list of kinds such as [Role], or workload, environment, workspace"),
        }
    };
    let words = match raw {
        OneOrMany::One(word) => match word.as_str() {
            "workload" => return Ok(On::Workload),
            "environment" => return Ok(On::Environment),
            "workspace" => return Ok(On::Workspace),
            _ => vec![word],
        },
        OneOrMany::Many(words) if !words.is_empty() => words,
        OneOrMany::Many(_) => return Err(wrong("[]")),
        OneOrMany::Other(value) => return Err(wrong(&value.to_string())),
    };
    words.iter().map(|word| kind(word).ok_or_else(|| wrong(word))).collect::<Result<_, _>>().map(On::Kinds)
}

fn kind(word: &str) -> Option<KindPattern> {
    let (group, kind) = word.rsplit_once('/').map_or((None, word), |(group, kind)| (Some(group), kind));
    // Kinds are CamelCase and groups DNS names (Kubernetes API conventions, "Types (Kinds)").
    let is_kind = kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_group = |group: &str| {
        !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    };
    (is_kind && group.is_none_or(is_group))
        .then(|| KindPattern { group: group.map(str::to_owned), kind: kind.to_owned() })
}

fn parameter((name, raw): (String, RawParameter)) -> (String, Parameter) {
    let kind = ParameterType::of(&raw.default);
    (name, Parameter { description: raw.description, default: raw.default, kind })
}

fn needs(
    file: &Arc<str>,
    (line, column): (u32, u32),
    words: &[String],
    params: &BTreeMap<String, Parameter>,
) -> Result<Vec<Need>, Error> {
    words
        .iter()
        .map(|word| {
            let need = Need::read(word);
            let missing = match &need {
                Some(Need::Parameter(name)) => !params.contains_key(name),
                Some(_) => false,
                None => true,
            };
            match need {
                Some(need) if !missing => Ok(need),
                _ => {
                    let own: Vec<String> = params.keys().map(|name| format!("params.{name}")).collect();
                    let known = || Need::WORDS.into_iter().chain(own.iter().map(String::as_str));
                    let error = fault(file, line, column, format!("`needs` has the unknown word `{word}`"));
                    Err(match nearest(word, known()) {
                        Some(near) => error.with_help(format!("did you mean `{near}`?")),
                        None => error.with_help(format!("known: {}", known().collect::<Vec<_>>().join(", "))),
                    })
                }
            }
        })
        .collect()
}

fn facts(file: &Arc<str>, (line, column): (u32, u32), words: &[String]) -> Result<Domains, Error> {
    let domain = |word: &String| {
        Domain::from_name(word).ok_or_else(|| {
            let known = Domain::ALL.map(Domain::name);
            let error = fault(file, line, column, format!("`facts` has the unknown word `{word}`"));
            match nearest(word, known) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help(format!("known: {}", known.join(", "))),
            }
        })
    };
    words.iter().map(domain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(custom: &str) -> String {
        format!("# METADATA\n# title: A thing\n# description: Says so.\n# custom:\n{custom}package policies.a[\"b\"]\n")
    }

    const FULL: &str =
        "#   severity: {staging: warning, production: error, dr: off}\n#   on: [Role, batch/Job]\n#   fix: Do it.\n";

    fn fails(source: &str) -> (String, String) {
        let error = read(&"a/b/policy.rego".into(), source).unwrap_err();
        assert!(error.help().is_some(), "{error}");
        (error.to_string(), error.help().unwrap_or_default().to_owned())
    }

    #[test]
    fn reads_all_of_it() {
        let extra = "#   needs: [mirrors, params.list]\n#   facts: [rbac]\n#   sensitive: true\n#   unknown: warning\n\
                     #   suppressible: false\n#   yields: [a/b]\n#   raised: error\n\
                     #   params:\n#     list: {description: Some, default: [1]}\n";
        let metadata = read(&"f".into(), &text(&format!("{FULL}{extra}"))).unwrap();
        assert_eq!(metadata.title, "A thing");
        assert_eq!(metadata.severity[&Tier::Dr], Severity::Off);
        assert_eq!(metadata.on.to_string(), "Role, batch/Job");
        assert!(metadata.on.matches("batch", "Job", false) && !metadata.on.matches("x", "Job", false));
        assert_eq!(metadata.needs, [Need::Mirrors, Need::Parameter("list".into())]);
        assert_eq!(metadata.facts, [Domain::Rbac].into());
        assert_eq!(metadata.unknown, Severity::Warning);
        assert_eq!(metadata.raised, Some(Severity::Error));
        assert!(metadata.sensitive && !metadata.suppressible);
        assert_eq!(metadata.yields, ["a/b"]);
        assert_eq!(metadata.params["list"].kind, ParameterType::List);
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(fails("package x\n").0, "a/b/policy.rego:1:1: the policy has no METADATA");
        for key in ["severity", "on", "fix"] {
            let without: Vec<&str> = FULL.lines().filter(|line| !line.contains(&format!("   {key}:"))).collect();
            let without = without.join("\n") + "\n";
            assert_eq!(fails(&text(&without)).0, format!("a/b/policy.rego:1:1: METADATA lacks `custom.{key}`"));
        }
        assert_eq!(fails("# METADATA\n# description: x\npackage x\n").0, "a/b/policy.rego:1:1: METADATA lacks `title`");
        let (message, _) = fails("# METADATA\n# title: x\nimport y\npackage x\n");
        assert_eq!(message, "a/b/policy.rego:3:1: there is something between METADATA and `package`");
    }

    #[test]
    fn faults_have_a_line_and_the_nearest_word() {
        let (message, help) = fails(&text(&FULL.replace("severity", "severty")));
        assert!(message.starts_with("a/b/policy.rego:5:"), "{message}");
        assert!(message.contains("unknown field `severty`"), "{message}");
        assert_eq!(help, "did you mean `severity`?");

        let (message, help) = fails(&text(&FULL.replace("[Role, batch/Job]", "worklod")));
        assert_eq!(message, "a/b/policy.rego:6:3: `on` cannot be `worklod`");
        assert_eq!(help, "did you mean `workload`?");

        let (message, help) = fails(&text(&format!("{FULL}#   needs: [miror]\n")));
        assert_eq!(message, "a/b/policy.rego:8:3: `needs` has the unknown word `miror`");
        assert_eq!(help, "did you mean `mirrors`?");
        let (message, help) = fails(&text(&format!("{FULL}#   facts: [netwrk]\n")));
        assert_eq!(message, "a/b/policy.rego:8:3: `facts` has the unknown word `netwrk`");
        assert_eq!(help, "did you mean `network`?");
        assert!(fails(&text(&format!("{FULL}#   needs: [params.nope]\n"))).0.contains("params.nope"));

        assert!(fails(&text(&FULL.replace("dr: off", "dr: of"))).0.contains("unknown level `of`"));
        assert!(fails(&text(&FULL.replace(", dr: off", ""))).0.contains("nothing for the tier `dr`"));
        assert!(fails(&text(&FULL.replace("{staging", "{test"))).0.contains("unknown tier"));
        assert!(fails(&text("#   severity: [\n")).0.contains("METADATA cannot be read"));
        assert!(fails(&text(&FULL.replace("[Role, batch/Job]", "[]"))).0.contains("`on` cannot be"));
        assert!(fails(&text(&FULL.replace("[Role, batch/Job]", "[Role, role]"))).0.contains("`role`"));
    }
}
