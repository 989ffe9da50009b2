//! What the pages on suppressions and on pipelines show, done as they show it.

use std::fs;
use std::process::Command;

use plimsoll::yaml;

use crate::example::{self, NOW, texts};

/// The fences of a page in one language.
fn fences(page: &str, language: &str) -> Vec<String> {
    let page = fs::read_to_string(example::root().join("docs").join(page)).unwrap();
    let open = format!("```{language}\n");
    page.split(&open).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn suppressions_work_as_they_are_shown() {
    let shown = fences("suppressions.md", "yaml");
    let manifests: Vec<&String> = shown.iter().filter(|fence| fence.starts_with("apiVersion: ")).collect();
    assert_eq!(manifests.len(), 2);
    for (manifest, policies) in
        manifests.into_iter().zip([vec!["rbac/wildcard"], vec!["images/mutable-tag", "quota/missing-request"]])
    {
        let lines = manifest.lines().filter(|line| !line.contains("reason=") || line.contains("verbs: "));
        let bare: Vec<&str> = lines.map(|line| line.split(" # plimsoll:").next().unwrap()).collect();
        let bare = bare.join("\n");
        let before = example::check(&texts(&[("shown.yaml", &bare)]));
        let report = example::check(&texts(&[("shown.yaml", manifest)]));
        assert!(report.errors().is_empty() && before.errors().is_empty(), "{:?}", report.errors());
        for policy in &policies {
            assert!(before.findings().iter().any(|finding| &*finding.policy == *policy), "{policy}");
        }
        assert!(report.summary().suppressed >= 2, "{:?}", report.summary());
        let left: Vec<&str> = report.findings().iter().map(|finding| &*finding.policy).collect();
        assert!(!left.iter().any(|id| id.starts_with("suppression/") || policies.contains(id)), "{left:?}");
    }
    let config = format!("version: 1\nenvironments: {{production: {{}}, dr: {{tier: dr}}}}\n{}", shown[0]);
    let report = example::check(&texts(&[("plimsoll.yaml", &config)]));
    assert!(report.errors().is_empty(), "{:?}", report.errors());
}

/// What the page on networks shows of the example is what the command prints there, line by line.
#[test]
fn what_the_page_on_networks_shows_is_what_is_printed() {
    let shown = fences("network.md", "text");
    let shown: Vec<_> = shown.iter().filter_map(|fence| fence.strip_prefix("$ plimsoll ")?.split_once('\n')).collect();
    assert_eq!(shown.len(), 2);
    for (arguments, printed) in shown {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let run = crate::run::plimsoll(&example::root(), &arguments).ended(0);
        assert_eq!(run.stdout.trim(), printed.trim(), "{arguments:?}");
    }
}

#[test]
fn every_command_of_the_page_on_pipelines_runs() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("shop");
    for (path, bytes) in example::files() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_plimsoll-tested"), directory.path().join("plimsoll")).unwrap();
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&root).env("PATH", &path).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.envs([("GITHUB_BASE_REF", "main"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD")]);
        let output = command.output().unwrap();
        (output.status.code(), format!("{line}\n{}", String::from_utf8_lossy(&output.stderr)))
    };
    let setup = "git init -q -b main && git add -A && git -c user.name=t -c user.email=t@example.com commit -q -m x
        git update-ref refs/remotes/origin/main HEAD";
    assert_eq!(shell(setup).0, Some(0));
    let mut commands: Vec<String> =
        fences("ci.md", "sh").iter().flat_map(|fence| fence.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    for fence in fences("ci.md", "yaml") {
        yaml::parse(&fence, 0).unwrap();
        let starts = ["- run: ", "run: ", "- "];
        commands.extend(fence.lines().filter_map(|line| {
            let line = line.trim();
            starts.into_iter().find_map(|start| line.strip_prefix(start)).map(str::to_owned)
        }));
    }
    commands.retain(|line| line.starts_with("plimsoll "));
    assert!(commands.len() >= 7, "{commands:?}");
    for line in commands {
        // The suppression of the example is not to expire while this is read.
        let (code, said) = shell(&line.replace("plimsoll check", &format!("plimsoll check --now {NOW}")));
        assert_eq!(code, Some(0), "{said}");
    }
    assert!(root.join("plimsoll.sarif").exists() && root.join("plimsoll.json").exists());
}
