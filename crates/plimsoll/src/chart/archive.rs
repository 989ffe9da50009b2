//! Chart archives (`.tgz`), unpacked into memory and nowhere else.
//!
//! An archive is somebody else's input: sizes, the number of entries, and where they claim to lie are
//! all checked before anything is kept.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::MAX_FILE;
use crate::files::Files;
use crate::{Error, ErrorKind, Location, Result};

/// How much all archives of one chart may unpack to, in bytes: Helm's limit for one archive.
pub(super) const MAX_UNPACKED: u64 = 100 << 20;
/// How many entries an archive may have.
const MAX_ENTRIES: usize = 10_000;

/// Unpacks an archive; returns its files and the directory in them that is the chart.
///
/// `budget` is what all archives of one load may still unpack to.
pub(super) fn unpack(shown: &Arc<str>, bytes: &[u8], budget: &mut u64) -> Result<(Files, String)> {
    let (files, read) = entries(shown, bytes, *budget)?;
    *budget = budget.saturating_sub(read);
    // Helm strips the first component, whatever its name; more than one is not a packaged chart.
    let mut tops: Vec<&str> = files.keys().filter_map(|path| path.split_once('/').map(|(top, _)| top)).collect();
    tops.dedup();
    let top = match tops[..] {
        [top] => top.to_owned(),
        [] => return Err(broken(shown, "the archive holds no chart")),
        _ => return Err(broken(shown, "the archive holds more than one directory at its top")),
    };
    Ok((Files::memory(files), top))
}

type Contents = BTreeMap<String, Arc<[u8]>>;

fn entries(shown: &Arc<str>, bytes: &[u8], budget: u64) -> Result<(Contents, u64)> {
    let unreadable = |error: std::io::Error| broken(shown, format!("the archive cannot be read: {error}"));
    let mut counted = Counted { inner: flate2::read::MultiGzDecoder::new(bytes).take(budget + 1), read: 0 };
    let mut files = BTreeMap::new();
    {
        let mut archive = tar::Archive::new(&mut counted);
        for (count, entry) in archive.entries().map_err(unreadable)?.enumerate() {
            let mut entry = entry.map_err(|error| over(shown, budget, &error).unwrap_or_else(|| unreadable(error)))?;
            if count >= MAX_ENTRIES {
                return Err(limit(shown, format!("the archive has more than {MAX_ENTRIES} entries")));
            }
            let name = String::from_utf8(entry.path_bytes().into_owned())
                .map_err(|_| broken(shown, "the archive has an entry whose name is not UTF-8"))?;
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() {
                continue;
            }
            if !kind.is_file() && !kind.is_contiguous() {
                return Err(broken(shown, format!("the archive's entry `{name}` is not a regular file")));
            }
            let path = safe(&name).ok_or_else(|| {
                Error::new(ErrorKind::OutsideWorkspace, format!("the archive's entry `{name}` leaves the archive"))
                    .with_location(Location::file(shown.clone()))
                    .with_help("pack the chart again with `helm package`")
            })?;
            if entry.size() > MAX_FILE {
                return Err(limit(shown, format!("the archive's entry `{name}` has more than {MAX_FILE} bytes")));
            }
            let mut content = Vec::new();
            entry.by_ref().take(MAX_FILE + 1).read_to_end(&mut content).map_err(unreadable)?;
            if content.len() as u64 != entry.size() {
                return Err(ended(shown, budget));
            }
            files.insert(path, Arc::from(content));
        }
    }
    // A `take` that ran dry looks like the end of the archive.
    if counted.read > budget {
        return Err(ended(shown, budget));
    }
    Ok((files, counted.read))
}

/// Counts what was decompressed, padding and skipped entries included.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// The path without `.`; nothing for one that is absolute, has `..`, or could mean either elsewhere.
fn safe(name: &str) -> Option<String> {
    if name.starts_with('/') || name.contains(['\\', '\0', ':']) {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..") && !parts.is_empty()).then(|| parts.join("/"))
}

fn over(shown: &Arc<str>, budget: u64, error: &std::io::Error) -> Option<Error> {
    (budget < MAX_UNPACKED && error.kind() == std::io::ErrorKind::UnexpectedEof).then(|| ended(shown, budget))
}

fn ended(shown: &Arc<str>, budget: u64) -> Error {
    limit(shown, format!("the archive ends inside an entry or unpacks to more than {budget} bytes"))
}

fn limit(shown: &Arc<str>, message: String) -> Error {
    Error::new(ErrorKind::Limit, message)
        .with_location(Location::file(shown.clone()))
        .with_help("a packaged chart is small; unpack it into charts/ and remove what does not belong there")
}

fn broken(shown: &Arc<str>, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Chart, message)
        .with_location(Location::file(shown.clone()))
        .with_help("pack the chart again with `helm package`, or unpack it into charts/")
}
