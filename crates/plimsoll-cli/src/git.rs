//! The one place that calls Git, and only to ask: what has changed since a revision.
//!
//! The command is asked and no library, since it knows every repository there is: work trees, submodules,
//! sparse and shallow clones, formats to come. What depends on what has changed is the library's business, where
//! the workspace lies that of `repository`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use plimsoll::{Changed, Error, ErrorKind, Workspace};

/// What a hook's surroundings say about another repository than the one that the workspace lies in.
const SURROUNDINGS: [&str; 5] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];

/// What is different in the work tree from where its branch left `revision`, uncommitted and untracked files too.
pub(crate) fn changed(workspace: &Workspace, revision: &str) -> Result<Changed, Error> {
    let Some(root) = workspace.files().root() else {
        return Err(Error::new(ErrorKind::Argument, "standard input has no earlier revision")
            .with_help("name a path in a Git repository, or leave `--changed-since` out"));
    };
    let git = Git { root };
    git.repository()?;
    let base = git.base(revision)?;
    let committed =
        git.names(&["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--relative", &base, "HEAD"])?;
    let changed: BTreeSet<String> = committed.into_iter().chain(git.uncommitted()?).collect();
    let links = git.links(&Changed::new(changed.clone()))?;
    Ok(Changed::new(changed.into_iter().chain(links)))
}

struct Git<'a> {
    root: &'a Path,
}

impl Git<'_> {
    fn run(&self, args: &[&str]) -> Result<Output, Error> {
        let mut command = Command::new("git");
        for name in SURROUNDINGS {
            command.env_remove(name);
        }
        // Nothing is written, and no monitor started that the repository's configuration names.
        command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").arg("-C").arg(self.root);
        command.args(["-c", "core.fsmonitor=false", "--no-pager"]).args(args);
        command.output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Error::new(ErrorKind::Argument, "`--changed-since` needs `git`, which is not there")
                    .with_help("install Git, or leave `--changed-since` out")
            }
            _ => Error::new(ErrorKind::Argument, format!("`git` cannot be run: {error}"))
                .with_help("see whether `git` on the PATH is a program that may be run"),
        })
    }

    /// What a question is answered with; nothing where Git says no.
    fn ask(&self, args: &[&str]) -> Result<Option<String>, Error> {
        let output = self.run(args)?;
        let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Some(answer).filter(|_| output.status.success()))
    }

    /// A list of names that each end in a zero byte.
    fn names(&self, args: &[&str]) -> Result<Vec<String>, Error> {
        let output = self.run(args)?;
        if !output.status.success() {
            return Err(said(&output));
        }
        let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// What is staged, what is not, and what Git does not know.
    ///
    /// `git diff` would tell the same, but brings the index up to date on its way.
    fn uncommitted(&self) -> Result<Vec<String>, Error> {
        let prefix = self.names(&["rev-parse", "--show-prefix"])?.concat();
        let prefix = prefix.strip_suffix('\n').unwrap_or(&prefix);
        let args =
            ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames"];
        let entries = self.names(&[&args[..], &["--", "."]].concat())?;
        // `XY <path>` by git-status(1), from the root of the repository whatever directory it is asked in.
        let path = |entry: &String| entry.get(3..)?.strip_prefix(prefix).map(str::to_owned);
        Ok(entries.iter().filter_map(path).collect())
    }

    fn repository(&self) -> Result<(), Error> {
        let output = self.run(&["rev-parse", "--is-inside-work-tree"])?;
        if output.status.success() && output.stdout.starts_with(b"true") {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || stderr.contains("not a git repository") {
            return Err(Error::new(ErrorKind::Argument, "what is checked lies in no work tree of Git")
                .with_help("check a directory in a repository, or leave `--changed-since` out"));
        }
        Err(said(&output))
    }

    /// The commit at which the branch that is checked out left `revision`.
    fn base(&self, revision: &str) -> Result<String, Error> {
        let commit = format!("{revision}^{{commit}}");
        let Some(commit) = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])? else {
            let error = Error::new(ErrorKind::Argument, format!("Git knows no revision `{revision}` here"));
            return Err(self.perhaps_shallow(error, "name a branch, a tag or a commit of this repository"));
        };
        self.ask(&["merge-base", &commit, "HEAD"])?.ok_or_else(|| {
            let message = format!("what is checked out has no commit in common with `{revision}`");
            self.perhaps_shallow(
                Error::new(ErrorKind::Argument, message),
                "name a revision that this branch comes from",
            )
        })
    }

    /// A clone that was cut off lacks what a whole one has.
    fn perhaps_shallow(&self, error: Error, otherwise: &str) -> Error {
        match self.ask(&["rev-parse", "--is-shallow-repository"]) {
            Ok(Some(answer)) if answer == "true" => error.with_help(
                "the clone is shallow: fetch the whole history (`git fetch --unshallow`, or `fetch-depth: 0` in \
                 actions/checkout, `GIT_DEPTH: 0` in GitLab)",
            ),
            _ => error.with_help(otherwise),
        }
    }

    /// Symbolic links to what has changed: a chart may lie behind one.
    fn links(&self, changed: &Changed) -> Result<Vec<String>, Error> {
        let mut links = Vec::new();
        for entry in self.names(&["ls-files", "-z", "--stage"])? {
            // `120000 <object> <stage>\t<path>`, by git-ls-files(1).
            let Some((_, path)) = entry.split_once('\t').filter(|_| entry.starts_with("120000 ")) else { continue };
            let Ok(target) = self.root.join(path).canonicalize() else { continue };
            let target = target.strip_prefix(self.root).ok().and_then(Path::to_str).map(|path| path.replace('\\', "/"));
            if target.is_some_and(|target| changed.touches(&target)) {
                links.push(path.to_owned());
            }
        }
        Ok(links)
    }
}

/// What Git itself complained about.
fn said(output: &Output) -> Error {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
    Error::new(ErrorKind::Argument, format!("Git cannot say what has changed: {}", line.trim_start_matches("fatal: ")))
        .with_help("see that `git status` works in the directory that is checked")
}
