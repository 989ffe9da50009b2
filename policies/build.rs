//! Writes the table of embedded files, so that adding a policy is adding a folder and nothing else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders beside the categories that hold something else; no category may carry such a name.
const RESERVED: [&str; 4] = ["src", "lib", "tests", "target"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    for directory in directories(&root)? {
        let name = file_name(&directory);
        if name == "lib" {
            watch(&directory);
            files.extend(entries(&directory)?.into_iter().filter(|path| is_rego(path)));
        } else if !RESERVED.contains(&name.as_str()) && !name.starts_with('.') {
            watch(&directory);
            for policy in directories(&directory)? {
                watch(&policy);
                files.extend(["policy.rego", "README.md"].map(|file| policy.join(file)).into_iter().filter(|p| p.is_file()));
            }
        }
    }
    // A category that is added later changes the root; Cargo notices a new entry by the root's own time.
    watch(&root);
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("files.rs"), table(&root, &files))
}

fn table(root: &Path, files: &[PathBuf]) -> String {
    let mut text = String::from("&[\n");
    for file in files {
        watch(file);
        let relative = file.strip_prefix(root).unwrap_or(file);
        let path: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        let _ = writeln!(text, "    File {{ path: {:?}, text: include_str!({:?}) }},", path.join("/"), file.display().to_string());
    }
    text.push_str("]\n");
    text
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    // Directory order differs between file systems; the table must not.
    paths.sort();
    Ok(paths)
}

fn directories(directory: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(entries(directory)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn is_rego(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "rego")
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
