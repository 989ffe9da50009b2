//! Opening paths on disk.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A directory that is removed again.
struct Directory(PathBuf);

impl Directory {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("plimsoll-workspace-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        // The search for plimsoll.yaml ends here, whatever lies above.
        std::fs::create_dir_all(root.join(".git")).unwrap();
        Self(root)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const CONFIG: &str = "version: 1\nenvironments: {production: {}}\nreleases: [{name: a, chart: charts/a}]";

fn directory() -> Directory {
    Directory::new(&[
        ("plimsoll.yaml", CONFIG),
        ("charts/a/Chart.yaml", "name: a"),
        ("charts/a/templates/x.yaml", ""),
        ("charts/new/Chart.yaml", "name: new"),
        ("other/x.yaml", ""),
        ("docs/x.md", ""),
    ])
}

#[test]
fn a_sub_directory_means_the_workspace_it_belongs_to() {
    let directory = directory();
    for (path, focus) in [
        ("", None),
        ("charts", Some("charts")),
        ("charts/a/templates", Some("charts/a/templates")),
        ("docs", Some("docs")),
    ] {
        let workspace = Workspace::open(directory.at(path)).unwrap();
        assert_eq!((workspace.kind(), workspace.focus()), (Kind::Declared, focus), "{path}");
        assert_eq!(workspace.plan().environments[0].releases.len(), 1);
    }
    assert_eq!(Workspace::open(directory.at("plimsoll.yaml")).unwrap().kind(), Kind::Declared);
}

#[test]
fn what_the_workspace_does_not_know_is_plain_input() {
    let directory = directory();
    let chart = Workspace::open(directory.at("charts/new")).unwrap();
    assert_eq!(chart.kind(), Kind::Plain);
    assert_eq!(releases(&chart, "default"), ["default/new charts/new: "]);
    let chart = Workspace::open(directory.at("charts/new/Chart.yaml")).unwrap();
    assert_eq!(releases(&chart, "default"), ["default/new charts/new: "]);
    assert_eq!(manifests(&Workspace::open(directory.at("other")).unwrap(), "default"), ["other/x.yaml"]);
    let file = Workspace::open(directory.at("charts/a/templates/x.yaml")).unwrap();
    assert_eq!(file.plan().environments[0].manifests[0].origin, Origin::Named);
    let options = OpenOptions { namespace: Some("x".into()), ..OpenOptions::default() };
    let plain = Workspace::open_with(&[directory.at("other")], &options).unwrap();
    assert_eq!(plain.plan().environments[0].manifests[0].namespace.as_deref(), Some("x"));
}

#[test]
fn several_paths_are_one_input() {
    let directory = directory();
    let both = [directory.at("other/x.yaml"), directory.at("charts/new")];
    let workspace = Workspace::open_with(&both, &OpenOptions::default()).unwrap();
    assert_eq!(manifests(&workspace, "default"), ["other/x.yaml"]);
    assert_eq!(releases(&workspace, "default").len(), 1);
    let mixed = [directory.at("other/x.yaml"), directory.at("charts/a")];
    assert_eq!(Workspace::open_with(&mixed, &OpenOptions::default()).unwrap_err().kind(), ErrorKind::Argument);
    let same = [directory.at("docs"), directory.at("charts/a")];
    assert_eq!(Workspace::open_with(&same, &OpenOptions::default()).unwrap().focus(), None);
    assert_eq!(Workspace::open(directory.at("nope")).unwrap_err().kind(), ErrorKind::File);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_workspace_are_refused() {
    let outside = Directory::new(&[("x.yaml", ""), ("deep/y.yaml", "")]);
    let directory = Directory::new(&[("a.yaml", "")]);
    std::os::unix::fs::symlink(outside.at("deep"), directory.at("deep")).unwrap();
    std::os::unix::fs::symlink(directory.at("."), directory.at("loop")).unwrap();
    let workspace = Workspace::open(directory.at("")).unwrap();
    assert!(workspace.plan().errors.iter().any(|error| error.kind() == ErrorKind::OutsideWorkspace));
    assert_eq!(workspace.plan().errors.len(), 1, "{:?}", workspace.plan().errors);
    let notes: Vec<&str> = workspace.plan().notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(notes, ["`loop` is a symbolic link to a directory it lies in, and was passed over"]);
    assert!(manifests(&workspace, "default").contains(&"a.yaml".to_owned()));
}

#[test]
fn files_are_named_from_somewhere_even_where_nothing_opens() {
    let directory =
        Directory::new(&[("deploy/plimsoll.yaml", "version: ["), ("deploy/k8s/a.txt", ""), ("b/c.yaml", "")]);
    let real = |path: &str| Some(directory.at(path).canonicalize().unwrap());
    assert!(Workspace::open(directory.at("deploy")).is_err());
    for (path, root) in [
        ("deploy", "deploy"),
        ("deploy/plimsoll.yaml", "deploy"),
        ("deploy/k8s", "deploy"),
        ("b", ""),
        ("b/c.yaml", ""),
    ] {
        assert_eq!(Workspace::root_of(directory.at(path)), real(root), "{path}");
    }
    assert_eq!(Workspace::root_of(directory.at("nowhere")), None);
}

#[cfg(unix)]
#[test]
fn links_back_are_told_from_others() {
    let directory = Directory::new(&[("a/b/x", ""), ("c/y", "")]);
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, directory.at(name)).unwrap();
    link(".", "a/self");
    link("..", "a/b/up");
    link("../..", "a/b/root");
    // Neither lies in what it leads to, and together they go round.
    link("../c", "a/c");
    link("../a", "c/a");
    let files = Files::directory(directory.at("")).unwrap();
    let loops = |path: &str| -> Vec<_> {
        let entries = files.list(path).unwrap();
        entries.into_iter().filter(|entry| entry.is_loop).map(|entry| entry.path).collect()
    };
    assert_eq!(loops("a"), ["a/self"]);
    assert_eq!(loops("a/b"), ["a/b/root", "a/b/up"]);
    assert_eq!(loops("c"), [""; 0]);
    assert_eq!(loops("a/c"), ["a/c/a"]);
    assert_eq!(loops("c/a"), ["c/a/c", "c/a/self"]);
    assert_eq!(files.walk("").unwrap(), ["a/b/x", "a/c/y", "c/a/b/x", "c/y"]);
}
