//! Declared connections, in values and in `plimsoll.yaml`.

use super::Case;

/// A release's values with a declaration, of which one line is wrong.
fn values(line: &str) -> Case {
    Case::with("web.yaml", format!("level: low\nconnections:\n  exposes: {{http: 8080}}\n{line}\n"))
}

#[test]
fn a_declaration_in_values() {
    for (line, message) in [
        ("  callers: [{role: ingress, port: http}]", "there is no role `ingress` in this environment"),
        ("  callers: [{service: gateway, port: htpp}]", "the service exposes no port `htpp`"),
        ("  calls: [{service: orders, port: 65536}]", "`port` is 65536, not a number from 1 to 65535"),
        ("  calls: [{service: [orders], port: 80}]", "`service` is a list, not text"),
        ("  calls: orders", "`calls` is a string, not a list"),
        ("  calls: [{cidr: 10.0.0.0/40, port: 80}]", "`10.0.0.0/40` is no block of addresses"),
        ("  components: {cache: {caller: []}}", "a component has no key `caller`"),
    ] {
        let case = values(line);
        case.fails("values", "web.yaml:4", message);
        let outcome = case.run(&["check", "--format", "json"]);
        assert_eq!(outcome.environments(), serde_json::json!(["staging", "production"]));
    }
}

#[test]
fn a_role_that_one_environment_alone_binds() {
    let role = "level: high\nglobal: {connections: {roles: {ingress: {namespace: ingress}}}}\n";
    let case = values("  callers: [{role: ingress, port: http}]").and("production.yaml", role);
    case.fails("values", "web.yaml:4", "there is no role `ingress` in this environment");
    assert_eq!(case.run(&["check", "--format", "json"]).environments(), serde_json::json!(["staging"]));
}

#[test]
fn what_the_schema_said_already_is_not_said_twice() {
    let schema = r#"{"properties": {"connections": {"properties": {"calls": {"type": "array"}}}}}"#;
    let case = values("  calls: orders").and("charts/web/values.schema.json", schema);
    case.fails("schema", "web.yaml:4", "`connections.calls` is the string `orders`, expected a list");
}

#[test]
fn a_declaration_in_the_workspace() {
    for (entry, message) in [
        ("{service: web, callers: [{role: ingress, port: 80}]}", "there is no role `ingress` in this environment"),
        ("{service: web, calls: [{service: orders, port: -1}]}", "`port` is -1, not a number from 1 to 65535"),
        ("{namespace: shop}", "a service needs `service`"),
        ("{service: web, cals: []}", "a service has no key `cals`"),
        ("web", "a service is a string, not a map"),
    ] {
        let case = Case::config(&format!("connections:\n- services:\n  - {entry}\n"));
        case.fails("workspace", "plimsoll.yaml:10", message);
    }
    let case = Case::config("connections:\n- environments: [prodution]\n");
    case.fails("workspace", "plimsoll.yaml:9", "there is no environment `prodution`");
    Case::config("connections: 7\n").fails("workspace", "plimsoll.yaml:8", "`connections` is an integer, not a list");
}

#[test]
fn something_else_that_is_called_connections() {
    Case::with("web.yaml", "level: low\nconnections: 100\n").passes();
    Case::with("web.yaml", "level: low\nconnections: {max: 100}\n").passes();
}
