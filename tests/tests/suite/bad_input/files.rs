//! Files that cannot be read, and paths and links that lead out of the workspace.

use super::{CONFIG, Case};

#[test]
fn paths_that_leave_the_workspace() {
    for (inside, outside) in [("[web.yaml]", "[../../x.yaml]"), ("charts/web", "../charts/web")] {
        let case = Case::with("plimsoll.yaml", CONFIG.replace(inside, outside));
        case.fails("outside-workspace", "plimsoll.yaml:7", "leaves the workspace");
    }
    let case = Case::with("plimsoll.yaml", CONFIG.replace("raw/**?", "../raw/**"));
    case.fails("outside-workspace", "plimsoll.yaml:4", "leaves the workspace");
    // There or not, it is no link.
    for path in ["..", "../outside"] {
        let case = Case::config(&format!("policies: {{paths: [{path}]}}\n"));
        case.fails("outside-workspace", "plimsoll.yaml:8", "leaves the workspace");
    }
}

#[test]
fn a_directory_without_policies_is_named() {
    let case = Case::new();
    std::fs::create_dir(case.path("empty")).unwrap();
    for directory in ["empty", "./empty"] {
        let run = case.run(&["policies", "test", directory]);
        let expected = format!("error: {directory}: the directory `{directory}` holds no policy");
        assert!(run.code == 2 && run.stderr.contains(&expected), "{} {}", run.code, run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_directory_to_render_to() {
    let case = Case::new().linked("out", "nowhere");
    let run = case.run(&["render", "--output", "out"]);
    assert!(run.stderr.contains("`out` is a symbolic link that leads nowhere"), "{}", run.stderr);
    assert!(run.stderr.contains("help: "), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn links_that_leave_the_workspace() {
    for path in ["web.yaml", "charts/web/values.yaml", super::TEMPLATE, "raw/a.yaml", "charts/web/Chart.yaml"] {
        let case = Case::new();
        std::fs::write(case.directory.path().join("outside"), "level: secret-of-the-host\n").unwrap();
        let depth = path.matches('/').count() + 1;
        let case = case.linked(path, format!("{}outside", "../".repeat(depth)));
        case.fails("outside-workspace", path, "is a symbolic link out of the workspace");
        assert!(!case.run(&["check"]).stdout.contains("secret-of-the-host"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_files_of_a_chart() {
    let case = Case::template("  x: {{ files.get(\"files/x\") }}\n").linked("charts/web/files/x", "/etc/hostname");
    case.fails("template", &format!("{}:8", super::TEMPLATE), "is a symbolic link out of the workspace");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    Case::new().linked("raw/a.yaml", "nowhere").fails("file", "raw/a.yaml", "does not exist");
    Case::new().linked("raw/a.yaml", "a.yaml").fails("file", "raw/a.yaml", "cannot be read");
}

/// Two ways from a directory to itself are two to the power of the depth, if they are gone.
#[cfg(unix)]
#[test]
fn directories_that_hold_themselves() {
    let twice = |case: Case| case.linked("raw/a1", ".").linked("raw/a2", "../raw");
    let scanned = CONFIG.replace("raw/**?", "raw");
    let each = "  - {name: \"n-{folder}\", chart: charts/web, each: \"raw/**/\", values: [\"raw/**/v.yaml?\"]}\n";
    for config in [CONFIG.to_owned(), scanned, format!("{CONFIG}{each}")] {
        let case = twice(Case::with("plimsoll.yaml", config));
        let before = std::time::Instant::now();
        let run = case.run(&["check"]);
        assert!(before.elapsed() < super::PATIENCE, "{:?}", before.elapsed());
        let said = format!("{}{}", run.stdout, run.stderr);
        for path in ["raw/a1", "raw/a2"] {
            let note = format!("`{path}` is a symbolic link to a directory it lies in, and was passed over");
            assert_eq!(said.matches(&note).count(), 1, "{said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = Case::new();
    let path = case.path("web.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Who may read everything cannot see this error.
    if std::fs::read(&path).is_err() {
        case.fails("file", "web.yaml", "permission denied");
    }
}

#[test]
fn a_path_that_is_not_there() {
    Case::new().fails_altogether(&["nope"], "file", "", "`nope` does not exist");
    Case::new().fails_altogether(&["web.yaml/x"], "file", "", "`web.yaml/x` cannot be read");
}

#[test]
fn a_directory_with_nothing_to_check() {
    let case = Case::new().without("plimsoll.yaml").and("empty/notes.txt", "");
    let outcome = case.run(&["check", "--format", "json", "empty"]);
    outcome.has_one_error("argument", "", "there is nothing to check here");
}
