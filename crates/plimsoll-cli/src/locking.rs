//! From what registries say to a new lock, and onto the disk: all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll::facts::image::ImageRef;
use plimsoll::images::{EVIDENCE, Evidence, EvidenceKind, FILE, Lock, LockedImage};
use plimsoll::{Error, ErrorKind, Moment};
use sha2::{Digest as _, Sha256};

use crate::registry::Resolved;

/// A new lock, and the files it names that are not there yet.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) lock: Lock,
    files: BTreeMap<Arc<str>, Vec<u8>>,
}

/// What makes an entry of the lock: name, tag, digest.
type Key = (String, Option<String>, String);

fn key(image: &LockedImage) -> Key {
    (image.name.to_string(), image.tag.as_ref().map(ToString::to_string), image.digest.to_string())
}

impl Change {
    /// The lock after some images were resolved at a moment.
    ///
    /// What the old lock knows and nothing contradicts is kept: since when a digest is known, that a tag moved.
    /// A partial run looked at some environments only, and drops nothing.
    pub(crate) fn new(
        old: &Lock,
        used: &[(ImageRef, Vec<Arc<str>>)],
        mut resolved: BTreeMap<String, Resolved>,
        now: Moment,
        partial: bool,
    ) -> Result<Self, Error> {
        let known: BTreeMap<Key, &LockedImage> = old.images.iter().map(|image| (key(image), image)).collect();
        let mut images: BTreeMap<Key, LockedImage> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (reference, environments) in used {
            let Some(found) = resolved.remove(&reference.to_string()) else {
                return Err(Error::new(ErrorKind::Registry, format!("`{reference}` was not resolved")));
            };
            let fresh = LockedImage {
                name: reference.name().into(),
                tag: reference.effective_tag().map(Arc::from),
                digest: found.digest.into(),
                ..LockedImage::default()
            };
            let key = key(&fresh);
            let before = known.get(&key).copied();
            let image = images.entry(key).or_insert_with(|| before.cloned().unwrap_or(fresh));
            if before.is_none() && image.previous.is_none() {
                image.previous = moved_from(old, image);
            }
            image.platforms = found.platforms.into_iter().map(|(name, digest)| (name, digest.into())).collect();
            image.user = found.user.map(Arc::from);
            for environment in environments {
                image.seen.entry(environment.to_string()).or_insert_with(|| now.to_string().into());
            }
            let fetched = found.evidence.into_iter().map(|(kind, bytes)| file(&image.digest, kind, bytes)).collect();
            adopt(image, fetched, &mut files);
        }
        if partial {
            for (key, image) in known {
                images.entry(key).or_insert_with(|| image.clone());
            }
        }
        Ok(Self { lock: Lock { images: images.into_values().collect(), incomplete: false }, files })
    }
}

/// The digest that the tag of a new entry had before.
fn moved_from(old: &Lock, image: &LockedImage) -> Option<Arc<str>> {
    image.tag.as_ref()?;
    old.tagged(&image.name, image.tag.as_deref())
        .map(|before| before.digest.clone())
        .find(|before| *before != image.digest)
}

fn file(digest: &str, kind: EvidenceKind, bytes: Vec<u8>) -> (Evidence, Vec<u8>) {
    let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let hex = digest.trim_start_matches("sha256:");
    // Named by content, so that no file ever becomes another.
    let file = format!("{EVIDENCE}{hex}/{kind}-{}.json", &sha256[..12]);
    (Evidence { kind, file: file.into(), sha256: sha256.into(), mark: plimsoll::yaml::Mark::default() }, bytes)
}

/// Of each kind, what the registry has; where it has nothing, what somebody put there by hand stays.
fn adopt(image: &mut LockedImage, fetched: Vec<(Evidence, Vec<u8>)>, files: &mut BTreeMap<Arc<str>, Vec<u8>>) {
    let kinds: BTreeSet<EvidenceKind> = fetched.iter().map(|(evidence, _)| evidence.kind).collect();
    image.evidence.retain(|evidence| !kinds.contains(&evidence.kind));
    for (evidence, bytes) in fetched {
        files.insert(evidence.file.clone(), bytes);
        image.evidence.push(evidence);
    }
}

/// Writes a change below the root of a workspace.
///
/// Every file is written beside its place first; only when all are there do they take their places, the lock
/// last. Then what the old lock named and the new one does not is deleted.
pub(crate) fn commit(root: &Path, old: &Lock, change: &Change) -> Result<(), Error> {
    let mut staged = Staged::default();
    for (path, bytes) in &change.files {
        let place = root.join(&**path);
        if fs::read(&place).is_ok_and(|known| known == *bytes) {
            continue;
        }
        let parent = place.parent().unwrap_or(root);
        directory(root, parent).map_err(|error| unwritten(path, &error))?;
        staged.write(place, bytes).map_err(|error| unwritten(path, &error))?;
    }
    let text = change.lock.to_toml();
    let lock = root.join(FILE);
    if fs::read(&lock).is_ok_and(|known| known == text.as_bytes()) {
        staged.take_places().map_err(|error| unwritten(EVIDENCE, &error))?;
    } else {
        staged.write(lock, text.as_bytes()).map_err(|error| unwritten(FILE, &error))?;
        staged.take_places().map_err(|error| unwritten(FILE, &error))?;
    }
    let named = |lock: &Lock| -> BTreeSet<Arc<str>> {
        lock.images.iter().flat_map(|image| &image.evidence).map(|evidence| evidence.file.clone()).collect()
    };
    for path in named(old).difference(&named(&change.lock)) {
        let place = root.join(&**path);
        // A file that nothing names does no harm.
        if inside(root, place.parent().unwrap_or(root)).is_ok() && fs::remove_file(&place).is_ok() {
            let _ = fs::remove_dir(place.parent().unwrap_or(root));
        }
    }
    Ok(())
}

/// Makes a directory, where nothing on the way to it leads out of the workspace.
fn directory(root: &Path, wanted: &Path) -> io::Result<()> {
    let there = wanted.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok()).unwrap_or(root);
    inside(root, there)?;
    fs::create_dir_all(wanted)
}

/// A directory may be a link, but not out of the workspace.
fn inside(root: &Path, directory: &Path) -> io::Result<()> {
    if directory.canonicalize()?.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    Err(io::Error::other("it is a symbolic link out of the workspace"))
}

fn unwritten(path: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::File, format!("`{path}` cannot be written: {error}"))
        .with_help("images.lock is as it was; see that there is room and that the directory may be written to")
}

/// Files beside their places; those that never get there are deleted again.
#[derive(Debug, Default)]
struct Staged {
    files: Vec<(PathBuf, PathBuf)>,
    taken: Vec<PathBuf>,
    done: bool,
}

impl Staged {
    fn write(&mut self, place: PathBuf, bytes: &[u8]) -> io::Result<()> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let beside = place.with_file_name(format!(".{name}.{}", std::process::id()));
        // The name of a temporary file may be guessed, so it must not be a link that somebody put there.
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        self.files.push((beside, place));
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn take_places(&mut self) -> io::Result<()> {
        for (beside, place) in &self.files {
            let is_new = !place.exists();
            fs::rename(beside, place)?;
            if is_new {
                self.taken.push(place.clone());
            }
        }
        self.done = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.done {
            let left = self.files.iter().map(|(beside, _)| beside).chain(&self.taken);
            left.for_each(|path| drop(fs::remove_file(path)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: char) -> String {
        format!("sha256:{}", letter.to_string().repeat(64))
    }

    fn used(text: &str, environments: &[&str]) -> (ImageRef, Vec<Arc<str>>) {
        (ImageRef::parse(text).unwrap(), environments.iter().map(|name| Arc::from(*name)).collect())
    }

    fn resolved(letter: char) -> Resolved {
        Resolved { digest: digest(letter), platforms: BTreeMap::new(), user: None, evidence: Vec::new() }
    }

    fn change(old: &Lock, uses: &[(ImageRef, Vec<Arc<str>>)], letters: &[char], now: &str, partial: bool) -> Lock {
        let found =
            uses.iter().zip(letters).map(|((image, _), letter)| (image.to_string(), resolved(*letter))).collect();
        Change::new(old, uses, found, Moment::parse(now).unwrap(), partial).unwrap().lock
    }

    #[test]
    fn what_did_not_change_stays() {
        let uses = [used("r.example/a:1", &["staging"]), used("r.example/b:1", &["staging", "production"])];
        let first = change(&Lock::default(), &uses, &['a', 'b'], "2026-01-01T00:00:00Z", false);
        let again = change(&first, &uses, &['a', 'b'], "2026-02-02T00:00:00Z", false);
        assert_eq!(first.to_toml(), again.to_toml());
        assert_eq!(&*first.images[1].seen["production"], "2026-01-01T00:00:00Z");
    }

    #[test]
    fn a_promotion_is_written_down_and_what_nobody_uses_goes() {
        let first =
            change(&Lock::default(), &[used("r.example/a:1", &["staging"])], &['a'], "2026-01-01T00:00:00Z", false);
        let promoted = [used("r.example/a:1", &["staging", "production"])];
        let second = change(&first, &promoted, &['a'], "2026-02-02T00:00:00Z", false);
        assert_eq!(&*second.images[0].seen["staging"], "2026-01-01T00:00:00Z");
        assert_eq!(&*second.images[0].seen["production"], "2026-02-02T00:00:00Z");
        let third = change(&second, &[used("r.example/b:1", &["staging"])], &['b'], "2026-03-03T00:00:00Z", false);
        assert_eq!(third.images.len(), 1);
        let partial = change(&second, &[used("r.example/b:1", &["staging"])], &['b'], "2026-03-03T00:00:00Z", true);
        assert_eq!(partial.images.len(), 2);
    }

    #[test]
    fn a_tag_that_moved_is_remembered_until_somebody_forgets_it() {
        let uses = [used("r.example/a:1", &["staging"])];
        let first = change(&Lock::default(), &uses, &['a'], "2026-01-01T00:00:00Z", false);
        let mut moved = change(&first, &uses, &['b'], "2026-02-02T00:00:00Z", false);
        assert_eq!(moved.images[0].previous.as_deref(), Some(&*digest('a')));
        let again = change(&moved, &uses, &['b'], "2026-03-03T00:00:00Z", false);
        assert_eq!(again.images[0].previous.as_deref(), Some(&*digest('a')));
        moved.images[0].previous = None;
        let accepted = change(&moved, &uses, &['b'], "2026-03-03T00:00:00Z", false);
        assert_eq!(accepted.images[0].previous, None);
    }
}
