//! The hooks for the real pre-commit: a commit of a bad chart is refused, one of a good chart is not.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::example;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const GOOD: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ release.name }}}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
";

/// A repository that uses the hooks, and everything pre-commit needs beside it.
struct Scene {
    directory: TempDir,
    path: String,
}

impl Scene {
    /// Nothing where there is no pre-commit.
    fn new(hook: &str) -> Option<Self> {
        if Command::new("pre-commit").arg("--version").output().is_err() {
            // Past the capture of the harness: whoever asked for it is to see it.
            writeln!(std::io::stderr().lock(), "skipped: pre-commit").unwrap();
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let programs = directory.path().join("programs");
        let path = std::env::var("PATH").unwrap();
        let scene = Self { path: format!("{}:{path}", programs.display()), directory };
        let revision = scene.hooks();
        fs::create_dir_all(scene.own("programs")).unwrap();
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {revision}\n    hooks:\n      - {hook}\n",
            scene.own("hooks").display()
        );
        scene.put(".pre-commit-config.yaml", &config);
        scene.git("user", &["init", "-q", "-b", "main"]);
        let installed = scene.run(Command::new("pre-commit").arg("install").current_dir(scene.own("user")));
        assert!(installed.status.success(), "{installed:?}");
        Some(scene)
    }

    /// A repository with our hooks in it and nothing else; its revision.
    fn hooks(&self) -> String {
        let hooks = self.own("hooks");
        fs::create_dir_all(hooks.join("hooks")).unwrap();
        for file in [".pre-commit-hooks.yaml", "hooks/plimsoll.sh"] {
            fs::copy(example::root().join(file), hooks.join(file)).unwrap();
        }
        self.git("hooks", &["init", "-q", "-b", "main"]);
        self.git("hooks", &["add", "-A"]);
        self.git("hooks", &["commit", "-q", "-m", "hooks"]);
        self.git("hooks", &["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn own(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.own("user").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.own("programs").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn run(&self, command: &mut Command) -> Output {
        let home = self.own("home");
        fs::create_dir_all(&home).unwrap();
        let surroundings = [("HOME", home.clone()), ("PRE_COMMIT_HOME", home.join("pre-commit"))];
        let quiet =
            [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("PRE_COMMIT_COLOR", "never")];
        let names = ["AUTHOR", "COMMITTER"]
            .into_iter()
            .flat_map(|who| [(format!("GIT_{who}_NAME"), "test"), (format!("GIT_{who}_EMAIL"), "test@example.com")]);
        command.env("PATH", &self.path).envs(surroundings).envs(quiet).envs(names).output().unwrap()
    }

    fn git(&self, directory: &str, args: &[&str]) -> String {
        fs::create_dir_all(self.own(directory)).unwrap();
        let output = self.run(Command::new("git").current_dir(self.own(directory)).args(args));
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Commits everything; whether that went through, and what was said.
    fn commit(&self) -> (bool, String) {
        self.git("user", &["add", "-A"]);
        let output = self.run(Command::new("git").current_dir(self.own("user")).args(["commit", "-m", "change"]));
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    #[track_caller]
    fn passes(&self) {
        let (passed, said) = self.commit();
        assert!(passed && said.contains("plimsoll check") && said.contains("Passed"), "{said}");
    }

    #[track_caller]
    fn is_refused(&self, exit: u8, wanted: &[&str]) {
        let (passed, said) = self.commit();
        assert!(!passed && said.contains("Failed") && said.contains(&format!("exit code: {exit}")), "{said}");
        for wanted in wanted {
            assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
        }
    }
}

fn built() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_plimsoll-tested"))
}

/// The plimsoll that was built for the tests, as if it were installed.
fn installed(scene: &Scene) {
    std::os::unix::fs::symlink(built(), scene.own("programs/plimsoll")).unwrap();
}

fn write_chart(scene: &Scene, template: &str) {
    scene.put("deploy/plimsoll.yaml", "version: 1\nenvironments: {staging: {}, production: {}}\nreleases: [{name: web, chart: web, namespace: shop}]\n");
    scene.put("deploy/web/Chart.yaml", CHART);
    scene.put("deploy/web/templates/role.yaml.j2", template);
}

#[test]
fn a_bad_chart_is_not_committed() {
    let Some(scene) = Scene::new("{id: plimsoll-system, args: [deploy]}") else { return };
    installed(&scene);
    write_chart(&scene, GOOD);
    scene.passes();
    write_chart(&scene, &GOOD.replace("[get]", "['*']"));
    scene.is_refused(1, &["rbac/wildcard", "web/templates/role.yaml.j2:4"]);
    write_chart(&scene, &GOOD.replace("release.name", "release.nmae"));
    scene.is_refused(2, &["could not be done", "did you mean `name`?"]);
    write_chart(&scene, GOOD);
    scene.put("README.md", "Nothing to do with charts.\n");
    let (passed, said) = scene.commit();
    assert!(passed && said.contains("Skipped"), "{said}");
}

#[test]
fn a_commit_answers_for_what_it_touches() {
    let Some(scene) = Scene::new("{id: plimsoll-system, args: [k8s, --changed-since, HEAD]}") else { return };
    installed(&scene);
    let role = |name: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: shop}}
rules: [{{apiGroups: [''], resources: [pods], verbs: ['*']}}]\n"
        )
    };
    scene.put("k8s/old.yaml", &role("old"));
    scene.git("user", &["add", "-A"]);
    scene.git("user", &["commit", "-q", "--no-verify", "-m", "as it has always been"]);
    scene.put("k8s/other.yaml", &role("other").replace("'*'", "get"));
    scene.passes();
    scene.put("k8s/other.yaml", &role("other"));
    scene.is_refused(1, &["k8s/other.yaml", "; 1 untouched by the change"]);
    // What is not staged is not committed, and not checked either.
    scene.git("user", &["reset", "-q", "--hard"]);
    scene.put("k8s/third.yaml", &role("third").replace("'*'", "get"));
    scene.git("user", &["add", "-A"]);
    scene.put("k8s/other.yaml", &role("other"));
    let output = scene.run(Command::new("git").current_dir(scene.own("user")).args(["commit", "-m", "third"]));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_hook_that_builds_asks_cargo_for_the_command() {
    let Some(scene) = Scene::new("{id: plimsoll, args: [deploy]}") else { return };
    // What Cargo would build is there already; what it is asked for is what is proven here.
    let cargo = "#!/bin/sh
[ \"$*\" = \"build --quiet --release --locked --package plimsoll-cli --target-dir $PWD/target\" ] || exit 9
[ -f .pre-commit-hooks.yaml ] || exit 8
mkdir -p target/release
ln -sf BUILT target/release/plimsoll
";
    scene.program("cargo", &cargo.replace("BUILT", built().to_str().unwrap()));
    write_chart(&scene, GOOD);
    scene.passes();
    write_chart(&scene, &GOOD.replace("[get]", "['*']"));
    scene.is_refused(1, &["rbac/wildcard"]);
    scene.program("cargo", "#!/bin/sh\necho it does not compile >&2\nexit 101\n");
    scene.is_refused(101, &["it does not compile"]);
}
