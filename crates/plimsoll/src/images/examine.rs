//! What is known of every image that is used: once for each, however often it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::desk::Desk;
use super::lock::{Found, LockedImage};
use super::verdict::{Mismatch, Verdict};
use crate::facts::image::ImageRef;
use crate::files::Files;
use crate::workspace::{Config, Trust};
use crate::{Error, Moment};

/// What is known of one image that is used; the same for every environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The digest that runs, as far as reference and lock say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Arc<str>>,
    /// How it stands to the lock; absent where there is no lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<Locked>,
    /// The user of its configuration, where the lock says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The digest that its tag had before it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Arc<str>>,
    /// The environments that its digest was locked for, in alphabetical order.
    pub seen: Vec<Arc<str>>,
    /// How many entries of `trust` hold for it; absent where nothing is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusts: Option<usize>,
    /// Whether everybody who has to has signed it; absent where nobody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Verdict>,
    /// Whether a scan says what it has to; absent where none has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Verdict>,
    /// Whether it was built where it has to be; absent where nothing is demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Verdict>,
    /// Evidence that is not what the lock says it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
}

/// How an image that is used stands to the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Locked {
    /// In one word.
    pub state: LockedState,
    /// The digest that the lock has for its tag, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Arc<str>>,
    /// The tag that the lock has for its digest, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Arc<str>>,
}

/// How an image that is used stands to the lock, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockedState {
    /// As the lock says.
    Locked,
    /// Its tag is locked with another digest.
    OtherDigest,
    /// Its digest is locked under another tag, or under none.
    OtherTag,
    /// Its tag is locked with several digests, and it names none.
    Ambiguous,
    /// The lock does not know it.
    Absent,
    /// The lock could not be read as a whole.
    Unknown,
}

/// The user that an image runs as unless somebody says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// As the image's configuration writes it; may be empty.
    pub text: Arc<str>,
    /// What the kubelet makes of it.
    pub kind: UserKind,
}

/// What the kubelet makes of an image's user when it has to see that it is not root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    /// It is root, or none is named.
    Root,
    /// A name, which may stand for any number.
    Named,
    /// A number other than 0.
    Numeric,
}

impl User {
    /// Reads `user`, `uid`, `user:group`: the configuration of the OCI image specification.
    ///
    /// The kubelet (`pkg/kubelet/kuberuntime/security_context.go`, `verifyRunAsNonRoot`) takes the part before
    /// the colon, and refuses a name, whatever it stands for.
    fn of(text: &Arc<str>) -> Self {
        let user = text.split(':').next().unwrap_or("");
        let kind = match user.parse::<i64>() {
            Ok(0) => UserKind::Root,
            Ok(_) => UserKind::Numeric,
            Err(_) if user.is_empty() || user == "root" => UserKind::Root,
            Err(_) => UserKind::Named,
        };
        Self { text: text.clone(), kind }
    }
}

/// What makes two uses the same image: name, tag that is pulled, digest.
type Key = (String, Option<String>, Option<String>);

fn key(image: &ImageRef) -> Key {
    (image.name(), image.effective_tag().map(str::to_owned), image.digest.as_ref().map(ToString::to_string))
}

/// What is known of all images that a workspace uses, and what stood in the way.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    known: BTreeMap<Key, Arc<Known>>,
    pub(crate) errors: Vec<Error>,
}

impl Examined {
    /// What is known of one of them.
    pub(crate) fn of(&self, image: &ImageRef) -> Option<&Arc<Known>> {
        self.known.get(&key(image))
    }
}

/// Finds out what is known of images, with everything done once and in parallel.
pub(crate) fn examine<'a>(
    files: &Files,
    config: &Config,
    now: Option<Moment>,
    images: impl IntoIterator<Item = &'a ImageRef>,
) -> Examined {
    let mut distinct: BTreeMap<Key, &ImageRef> = BTreeMap::new();
    for image in images {
        distinct.entry(key(image)).or_insert(image);
    }
    let uses: Vec<(Key, Use<'_>)> = distinct.into_iter().map(|(key, image)| (key, Use::of(image, config))).collect();
    let desk = Desk::gather(files, config, uses.iter().map(|(_, image)| image));
    let known = uses.par_iter().map(|(key, image)| (key.clone(), Arc::new(desk.known(image, now)))).collect();
    Examined { known, errors: desk.errors() }
}

/// An image that is used, with what the lock and the workspace say of it.
pub(super) struct Use<'a> {
    pub(super) image: &'a ImageRef,
    pub(super) found: Option<Found<'a>>,
    /// The entries of `trust` that hold for it; none where nothing is declared.
    pub(super) trusts: Option<Vec<&'a Trust>>,
}

impl<'a> Use<'a> {
    fn of(image: &'a ImageRef, config: &'a Config) -> Self {
        let name = image.name();
        let trusts = || config.trust.iter().filter(|trust| trust.matches(&name)).collect();
        Self {
            image,
            found: config.lock.as_ref().map(|lock| lock.find(image)),
            trusts: (!config.trust.is_empty()).then(trusts),
        }
    }

    /// Its entry in the lock.
    pub(super) fn entry(&self) -> Option<&'a LockedImage> {
        match self.found {
            Some(Found::Locked(entry)) => Some(entry),
            _ => None,
        }
    }

    /// What is known of it without looking at evidence.
    pub(super) fn known(&self) -> Known {
        let digest = self.image.digest.as_ref().map(|digest| digest.to_string().into());
        let mut known = Known { digest, locked: self.found.map(locked), ..Known::default() };
        if let Some(entry) = self.entry() {
            adopt(&mut known, entry);
        }
        known
    }
}

fn locked(found: Found<'_>) -> Locked {
    let mut locked = Locked { state: LockedState::Locked, digest: None, tag: None };
    locked.state = match found {
        Found::Locked(_) => LockedState::Locked,
        Found::OtherDigest(entry) => {
            locked.digest = Some(entry.digest.clone());
            LockedState::OtherDigest
        }
        Found::OtherTag(entry) => {
            locked.tag.clone_from(&entry.tag);
            LockedState::OtherTag
        }
        Found::Ambiguous => LockedState::Ambiguous,
        Found::Absent => LockedState::Absent,
        Found::Unknown => LockedState::Unknown,
    };
    locked
}

fn adopt(known: &mut Known, entry: &LockedImage) {
    known.digest = Some(entry.digest.clone());
    known.user = entry.user.as_ref().map(User::of);
    known.previous = entry.previous.clone().filter(|previous| *previous != entry.digest);
    let seen: BTreeSet<Arc<str>> = entry.seen.keys().map(|name| Arc::from(name.as_str())).collect();
    known.seen = seen.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_as_the_kubelet_reads_it() {
        for (text, kind) in [
            ("", UserKind::Root),
            ("0", UserKind::Root),
            ("root", UserKind::Root),
            ("0:1000", UserKind::Root),
            (":1000", UserKind::Root),
            ("65532", UserKind::Numeric),
            ("65532:0", UserKind::Numeric),
            ("nginx", UserKind::Named),
            ("nginx:nginx", UserKind::Named),
        ] {
            assert_eq!(User::of(&text.into()).kind, kind, "{text}");
        }
    }
}
