//! Pages that are generated, and must be what is generated now: run with `UPDATE_DOCS=1` to write them.

use std::fmt::Write as _;

use plimsoll::Policies;

use crate::example;
use crate::run::plimsoll;

/// Compares a page with its file, or writes the file.
#[track_caller]
fn up_to_date(path: &str, page: &str) {
    let file = example::root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(page, written)| page != written);
    assert!(
        written == page,
        "{path} is not what is generated now ({differs:?}); write it with `UPDATE_DOCS=1 cargo test -p plimsoll-tests`"
    );
}

#[test]
fn the_page_of_commands_is_the_help() {
    let mut page = String::from(
        "# The command\n\nThis page is what `--help` says of every command; change `crates/plimsoll-cli/src/args.rs`.\n",
    );
    describe(&mut page, &[]);
    for command in ["check", "render", "network", "policies list", "policies show", "policies test"] {
        assert!(page.contains(&format!("## plimsoll {command}\n")), "{command} is missing");
    }
    up_to_date("docs/cli.md", &page);
}

/// Adds the help of a command and of all below it.
fn describe(page: &mut String, command: &[&str]) {
    let directory = example::root();
    let run = plimsoll(&directory, &[command, &["--help"]].concat()).ended(0);
    assert_eq!(run.stderr, "");
    let _ = write!(page, "\n## {}\n\n```text\n", [&["plimsoll"], command].concat().join(" "));
    for line in run.stdout.trim_end().lines() {
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page.push_str("```\n");
    let below = run.stdout.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Long descriptions are indented further than names.
    for name in below.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            describe(page, &[command, &[name]].concat());
        }
    }
}

#[test]
fn the_page_of_policies_is_their_metadata() {
    up_to_date("docs/policies.md", &plimsoll::policy::markdown(&Policies::builtin().unwrap()));
}

#[test]
fn the_page_of_workspaces_describes_one_that_can_be_read() {
    let page = std::fs::read_to_string(example::root().join("docs/workspace.md")).unwrap();
    let yaml = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let workspace = example::open(&example::texts(&[("plimsoll.yaml", yaml)]));
    // The files it names are not there; everything else must be as it says.
    let missing =
        |message: &str| ["there is no ", "leads to no ", "matches no "].iter().any(|text| message.contains(text));
    for error in &workspace.plan().errors {
        assert!(missing(error.message()), "{error}");
    }
    assert!(!workspace.plan().errors.is_empty());
}
