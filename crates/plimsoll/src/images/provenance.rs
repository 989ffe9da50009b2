//! Who built an image and from what, as SLSA provenance says (slsa.dev/spec/v1.0/provenance, and v0.2).

use serde_json::Value;

/// A build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// The builder's id.
    pub(super) builder: Option<String>,
    /// The source that was asked for, in each way the provenance writes it.
    pub(super) sources: Vec<String>,
}

/// Where predicates name the source that was asked for: the external parameters that builders document
/// (GitHub's `workflow.repository`; `source` of the generic build types), then the configuration of v0.2.
const SOURCES: [&str; 5] = [
    "/buildDefinition/externalParameters/workflow/repository",
    "/buildDefinition/externalParameters/source/uri",
    "/buildDefinition/externalParameters/source/repository",
    "/buildDefinition/externalParameters/source",
    "/invocation/configSource/uri",
];

impl Build {
    pub(super) fn read(predicate: &Value) -> Self {
        let text = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let builder = text("/runDetails/builder/id").or_else(|| text("/builder/id"));
        Self { builder, sources: SOURCES.iter().filter_map(|pointer| text(pointer)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions() {
        let v1 = json!({"buildDefinition": {"externalParameters": {"workflow": {"repository": "https://g.example/a"}}},
            "runDetails": {"builder": {"id": "https://b.example"}}});
        assert_eq!(
            Build::read(&v1),
            Build { builder: Some("https://b.example".into()), sources: vec!["https://g.example/a".into()] }
        );
        let v02 = json!({"builder": {"id": "https://b.example"}, "invocation": {"configSource": {"uri": "git+https://g.example/a@refs/heads/main"}}});
        assert_eq!(Build::read(&v02).sources, ["git+https://g.example/a@refs/heads/main"]);
        assert_eq!(Build::read(&json!({})), Build { builder: None, sources: Vec::new() });
    }
}
