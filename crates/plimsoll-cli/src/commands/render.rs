//! `plimsoll render`: write the manifests of every environment.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use plimsoll::rendered::{Environment, Overrides};
use plimsoll::values::SetKind;
use plimsoll::{Error, ErrorKind, Location, PathPattern};

use super::Outcome;
use crate::args::RenderArgs;
use crate::{input, output};

pub(crate) fn run(args: &RenderArgs) -> Result<Outcome, Error> {
    input::threads(&args.input)?;
    let overrides = overrides(args)?;
    let wanted = args.show_only.iter().map(|glob| PathPattern::new(glob)).collect::<Result<Vec<_>, _>>()?;
    let workspace = input::open(&args.input)?;
    let rendered = workspace.render(input::selected(&workspace, &args.input), &overrides)?;
    let mut written = 0;
    for environment in rendered.environments() {
        written += match &args.output {
            Some(directory) => write_files(environment, &wanted, directory)?,
            None => print(environment, &wanted)?,
        };
    }
    rendered.errors().iter().for_each(output::complain);
    if written == 0 && !wanted.is_empty() && rendered.errors().is_empty() {
        return Err(Error::new(ErrorKind::Argument, "no template matches --show-only").with_help(
            "give the path of a template from the workspace's root, or a glob such as `**/deployment.yaml.j2`",
        ));
    }
    Ok(if rendered.errors().is_empty() { Outcome::Clean } else { Outcome::Failed })
}

fn overrides(args: &RenderArgs) -> Result<Overrides, Error> {
    let mut overrides = Overrides::default();
    for path in &args.values {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Error::new(ErrorKind::File, format!("`{shown}` cannot be read: {error}"))
                .with_location(Location::file(shown.as_str()))
                .with_help("name a values file that exists; the path begins at the current directory")
        })?;
        overrides.file(&shown, &plimsoll::files::text_of(&shown, &bytes)?)?;
    }
    for (kind, expressions) in
        [(SetKind::Json, &args.set_json), (SetKind::Typed, &args.set), (SetKind::String, &args.set_string)]
    {
        for expression in expressions {
            overrides.set(kind, expression)?;
        }
    }
    Ok(overrides)
}

fn is_wanted(file: &str, wanted: &[PathPattern]) -> bool {
    wanted.is_empty() || wanted.iter().any(|pattern| pattern.matches(file))
}

/// Everything to standard output, each manifest under the comment that Helm writes.
fn print(environment: &Environment, wanted: &[PathPattern]) -> Result<usize, Error> {
    let mut out = std::io::stdout().lock();
    let mut written = 0;
    for manifest in environment.manifests().filter(|manifest| is_wanted(&manifest.file, wanted)) {
        written += 1;
        let text = body(&manifest.text);
        let printed = writeln!(out, "---\n# Environment: {}\n# Source: {}\n{text}", environment.name(), manifest.file);
        match printed {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(written),
            Err(error) => {
                return Err(Error::new(ErrorKind::File, format!("standard output cannot be written: {error}")));
            }
            Ok(()) => {}
        }
    }
    Ok(written)
}

/// The text without the separator it begins with, so that no empty document comes of it.
fn body(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix("---") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => text,
    }
}

/// One file for each template and release: `DIR/environment/namespace/release/template`.
fn write_files(environment: &Environment, wanted: &[PathPattern], directory: &Path) -> Result<usize, Error> {
    let mut written = 0;
    for manifest in environment.manifests().filter(|manifest| is_wanted(&manifest.file, wanted)) {
        let mut path = directory.join(environment.name());
        path.extend(manifest.release.as_deref().into_iter().flat_map(|release| release.split('/')));
        path.push(relative(&manifest.file));
        written += 1;
        let done = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, format!("{}\n", body(&manifest.text))));
        done.map_err(|error| unwritten(&path, directory, &error))?;
    }
    Ok(written)
}

fn unwritten(path: &Path, directory: &Path, error: &std::io::Error) -> Error {
    // What stands in the way is on the way from the directory that was named, or above it.
    let dangling = path.ancestors().find(|above| above.is_symlink() && !above.exists());
    match dangling {
        Some(link) => {
            Error::new(ErrorKind::File, format!("`{}` is a symbolic link that leads nowhere", link.display()))
                .with_help("create what it leads to, or name another directory")
        }
        None => Error::new(ErrorKind::File, format!("`{}` cannot be written: {error}", path.display()))
            .with_help(format!("see that `{}` is a directory that may be written to", directory.display())),
    }
}

/// The template's path, without the ending that says it is a template, and never out of the directory.
fn relative(file: &str) -> PathBuf {
    let file = file.strip_suffix(".j2").unwrap_or(file).replace('!', "/");
    Path::new(&file).components().filter(|part| matches!(part, Component::Normal(_))).collect()
}
