//! Values files, schemas, and values of the command line.

use super::Case;

#[test]
fn a_missing_file() {
    let case = Case::new().without("web.yaml");
    case.fails("workspace", "plimsoll.yaml:7", "there is no file `web.yaml`");
    let outcome = case.run(&["check", "--format", "json"]);
    assert_eq!(outcome.environments(), serde_json::json!(["staging", "production"]));
}

#[test]
fn a_directory_in_place_of_a_file() {
    let case = Case::new().without("web.yaml").and("web.yaml/x", "");
    case.fails("workspace", "plimsoll.yaml:7", "there is no file `web.yaml`");
}

#[test]
fn yaml_that_is_none() {
    let text = "level: low\na: [1\nb: 2\n";
    let case = Case::with("web.yaml", text);
    case.fails("values", "web.yaml:3", "is not closed");
    assert_eq!(case.run(&["check", "--format", "json"]).environments(), serde_json::json!(["staging", "production"]));
    let case = Case::with("production.yaml", text);
    case.fails("values", "production.yaml:3", "is not closed");
    assert_eq!(case.run(&["check", "--format", "json"]).environments(), serde_json::json!(["production"]));
    Case::with("charts/web/values.yaml", text).fails("values", "charts/web/values.yaml:3", "is not closed");
}

#[test]
fn values_that_are_no_map_or_say_a_key_twice() {
    Case::with("web.yaml", "- a\n").fails("values", "web.yaml:1", "values are a map, and this is a list");
    Case::with("web.yaml", "level: a\nlevel: b\n").fails("values", "web.yaml:2", "`level` is written twice");
}

#[test]
fn bytes_that_are_no_text() {
    Case::with("web.yaml", b"a: 1\nb: \xff\n").fails("file", "web.yaml:2", "not valid UTF-8");
    Case::with("charts/web/values.yaml", b"a: \xff\n").fails("file", "charts/web/values.yaml:1", "not valid UTF-8");
    Case::with("web.yaml", "level: a\0b\n").fails("values", "web.yaml:1", "control character U+0000");
}

#[test]
fn values_that_break_the_schema() {
    let schema = "{\"properties\": {\"labels\": {\"properties\": {\"app\": {\"type\": \"integer\"}}}}}";
    let case = Case::with("charts/web/values.schema.json", schema);
    case.fails("schema", "charts/web/values.yaml:2", "`labels.app` is the string `web`, expected an integer");
    assert_eq!(case.run(&["check", "--format", "json"]).environments(), serde_json::json!(["staging", "production"]));
}

#[test]
fn schemas_that_are_none() {
    let file = "charts/web/values.schema.json";
    Case::with(file, "{\"type\":").fails("schema", &format!("{file}:1"), "the schema is not JSON");
    Case::with(file, "{\"$ref\": \"https://example.com/x\"}").fails("schema", &format!("{file}:1"), "nothing outside");
    Case::with(file, "{\"$ref\": \"file:///etc/passwd\"}").fails("schema", &format!("{file}:1"), "nothing outside");
    Case::with(file, "{\"$ref\": \"#\"}").passes();
    let deep = format!("{}{{}}{}", "{\"not\":".repeat(5_000), "}".repeat(5_000));
    Case::with(file, deep).fails("schema", &format!("{file}:1"), "recursion limit");
}

#[test]
fn set_expressions_name_the_column() {
    let case = Case::new();
    for (flag, expression, column) in
        [("--set", "a[=1", "column 3"), ("--set", "a.b[x]=1", "column 5"), ("--set-json", "a={", "column 3")]
    {
        let outcome = case.run(&["render", flag, expression]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains(&format!("`{flag} {expression}`, {column}")), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("help: "), "{}", outcome.stderr);
    }
    let outcome = case.run(&["render", "-f", "nope.yaml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("nope.yaml") && outcome.stderr.contains("help: "), "{}", outcome.stderr);
}
