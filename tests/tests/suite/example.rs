//! The example workspace at the root of the repository, as other suites read and change it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::files::Files;
use plimsoll::workspace::OpenOptions;
use plimsoll::{Linter, Moment, Report, Workspace};

/// The moment that the suites check at: no suppression of the example has expired.
pub(crate) const NOW: &str = "2026-11-01T00:00:00Z";

/// Files by path.
pub(crate) type Texts = BTreeMap<String, Arc<[u8]>>;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file the example workspace is made of.
pub(crate) fn files() -> Texts {
    let disk = Files::directory(root()).unwrap();
    let mut paths = vec![plimsoll::workspace::FILE.to_owned(), plimsoll::images::FILE.to_owned()];
    for directory in ["charts", "environments", "evidence", "trust"] {
        paths.extend(disk.walk(directory).unwrap());
    }
    paths.into_iter().map(|path| (path.clone(), disk.read(&path).unwrap())).collect()
}

/// Files written in a test.
pub(crate) fn texts(files: &[(&str, &str)]) -> Texts {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().into())).collect()
}

/// Opens files in memory as a workspace.
pub(crate) fn open(files: &Texts) -> Workspace {
    Workspace::from_files(Files::memory(files.clone()), &OpenOptions::default()).unwrap()
}

/// Checks files in memory as `plimsoll check` would.
pub(crate) fn check(files: &Texts) -> Report {
    check_workspace(&open(files), NOW)
}

/// Checks a workspace at a moment.
pub(crate) fn check_workspace(workspace: &Workspace, now: &str) -> Report {
    Linter::for_workspace(workspace).unwrap().now(Moment::parse(now).unwrap()).check(&workspace.render_all())
}

/// Writes files below a directory, with a `.git` so that nothing above it is looked at.
pub(crate) fn write(directory: &Path, files: &Texts) {
    std::fs::create_dir_all(directory.join(".git")).unwrap();
    for (path, bytes) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
