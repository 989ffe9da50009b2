//! Where baselines are read and written; what is in them is the library's.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use plimsoll::files::{MAX_FILE, text_of};
use plimsoll::finding::Baseline;
use plimsoll::{Error, ErrorKind, Location};

/// Reads the baseline at a path that begins at the current directory.
pub(crate) fn read(path: &Path) -> Result<Baseline, Error> {
    let shown = path.display().to_string();
    Baseline::read(&shown, &text(path, &shown)?)
}

/// The baseline that one would be written over; fails where it would be written over anything else.
///
/// An empty file may be there, too. What is something else was named by mistake, and what is newer knows more than would be written.
pub(crate) fn replaced(path: &Path) -> Result<Option<Baseline>, Error> {
    let shown = path.display().to_string();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unwritable(&shown, &error.to_string())),
        Ok(metadata) if !metadata.is_file() => Err(unwritable(&shown, "it is no regular file")),
        Ok(_) => {
            let text = text(path, &shown)?;
            if text.trim().is_empty() { Ok(None) } else { Baseline::read(&shown, &text).map(Some) }
        }
    }
}

/// Says that nothing was written, since something else could not be done.
pub(crate) fn unwritten(path: &Path) -> Error {
    Error::new(ErrorKind::File, "the baseline was not written, since something could not be done")
        .with_location(Location::file(path.display().to_string()))
        .with_help("mend the other errors first; what they hide would come back as new")
}

/// A baseline that is written beside its place, and takes it when everything else is done.
#[derive(Debug)]
pub(crate) struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    shown: String,
}

impl Pending {
    /// Writes all of it beside its place.
    pub(crate) fn write(baseline: &Baseline, path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let text = baseline.to_json()?;
        // Behind a symbolic link it is the file that changes, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let Some(name) = target.file_name() else { return Err(unwritable(&shown, "it is no file name")) };
        // A dot keeps it from being read as a manifest, the process from meeting another one's.
        let temporary = target.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let file = File::create_new(&temporary).map_err(|error| unwritable(&shown, &error.to_string()))?;
        let pending = Self { temporary, target, shown };
        pending.fill(file, &text).map_err(|error| unwritable(&pending.shown, &error.to_string()))?;
        Ok(pending)
    }

    fn fill(&self, mut file: File, text: &str) -> io::Result<()> {
        if let Ok(metadata) = fs::metadata(&self.target) {
            file.set_permissions(metadata.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Takes the place of what was there.
    pub(crate) fn commit(self) -> Result<(), Error> {
        fs::rename(&self.temporary, &self.target).map_err(|error| unwritable(&self.shown, &error.to_string()))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After a commit it is gone already.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn text(path: &Path, shown: &str) -> Result<std::sync::Arc<str>, Error> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        Error::new(ErrorKind::File, format!("the baseline cannot be read: {error}"))
            .with_location(Location::file(shown))
            .with_help("name a file that `--write-baseline` wrote; the path begins at the current directory")
    })?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::new(ErrorKind::Limit, format!("the file is longer than {MAX_FILE} bytes"))
            .with_location(Location::file(shown))
            .with_help("name a file that `--write-baseline` wrote"));
    }
    text_of(shown, &bytes)
}

fn unwritable(shown: &str, reason: &str) -> Error {
    Error::new(ErrorKind::File, format!("the baseline cannot be written: {reason}"))
        .with_location(Location::file(shown))
        .with_help("name a file in a directory that exists and may be written to")
}
