//! What `images.lock` says: which digest every image had when it was locked, and the evidence for it.
//!
//! The types and their meaning; [`read`](super::read) takes them from the file, [`write`](super::write)
//! writes them. Whether evidence is good is [`examine`](super::examine)'s business.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::Location;
use crate::facts::image::ImageRef;
use crate::workspace::decode;
use crate::yaml::Mark;

/// The name of the file, which lies beside `plimsoll.yaml`.
pub const FILE: &str = "images.lock";
/// The folder that all evidence lies in.
pub const EVIDENCE: &str = "evidence/";
/// The only version there is.
pub(super) const VERSION: i64 = 1;

/// The whole of `images.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Every image, in written order.
    pub images: Vec<LockedImage>,
    /// Whether parts of the file could not be read, so that what is absent may have been in them.
    pub incomplete: bool,
}

/// One image of the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedImage {
    /// Registry and repository in their normal form: `docker.io/library/redis`.
    pub name: Arc<str>,
    /// The tag that was resolved; none for an image that is named by digest alone.
    pub tag: Option<Arc<str>>,
    /// `sha256:` and 64 digits: the index, or the manifest where there is no index.
    pub digest: Arc<str>,
    /// The digest for each platform: `linux/amd64`.
    pub platforms: BTreeMap<String, Arc<str>>,
    /// The user of the image's configuration; empty where that names none, which is root.
    pub user: Option<Arc<str>>,
    /// The digest that the tag had before it moved.
    pub previous: Option<Arc<str>>,
    /// When the digest was first locked for each environment, as RFC 3339.
    pub seen: BTreeMap<String, Arc<str>>,
    /// Signatures and attestations.
    pub evidence: Vec<Evidence>,
    /// Where it stands.
    pub mark: Mark,
}

/// A file that says something about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is said to be; what it is, is read off the file.
    pub kind: EvidenceKind,
    /// Where it lies, from the workspace's root.
    pub file: Arc<str>,
    /// The 64 digits of its hash.
    pub sha256: Arc<str>,
    /// Where it is listed.
    pub mark: Mark,
}

/// What a file of evidence is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// Somebody signed the image.
    Signature,
    /// Somebody scanned it for vulnerabilities.
    Vuln,
    /// Somebody built it from a source.
    Slsa,
}

impl EvidenceKind {
    /// The words of the lock.
    pub const WORDS: [(&'static str, Self); 3] =
        [("signature", Self::Signature), ("vuln", Self::Vuln), ("slsa", Self::Slsa)];

    /// The word of the lock.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Vuln => "vuln",
            Self::Slsa => "slsa",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an image that is used stands to the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// As the lock says.
    Locked(&'a LockedImage),
    /// Its name and tag are locked with another digest.
    OtherDigest(&'a LockedImage),
    /// Its name and digest are locked under another tag.
    OtherTag(&'a LockedImage),
    /// Its tag is locked with several digests, and it names none of them.
    Ambiguous,
    /// The lock does not know it.
    Absent,
    /// The lock does not know it, but could not be read as a whole.
    Unknown,
}

impl Lock {
    /// Looks for an image that a workload uses.
    ///
    /// A digest decides; a tag beside it must be the one that was locked with it.
    pub fn find(&self, image: &ImageRef) -> Found<'_> {
        let name = image.name();
        let tag = image.effective_tag();
        let named: Vec<&LockedImage> = self.images.iter().filter(|locked| *locked.name == *name).collect();
        let tagged: Vec<&LockedImage> =
            named.iter().copied().filter(|locked| tag.is_some() && locked.tag.as_deref() == tag).collect();
        let absent = if self.incomplete { Found::Unknown } else { Found::Absent };
        let Some(digest) = image.digest.as_ref().map(ToString::to_string) else {
            return match tagged.as_slice() {
                [] => absent,
                [locked] => Found::Locked(locked),
                _ => Found::Ambiguous,
            };
        };
        let same = |locked: &&&LockedImage| *locked.digest == *digest;
        let candidates = if tag.is_some() { &tagged } else { &named };
        if let Some(locked) = candidates.iter().find(same) {
            return Found::Locked(locked);
        }
        match (tagged.first(), named.iter().find(same)) {
            (_, Some(locked)) => Found::OtherTag(locked),
            (Some(locked), None) => Found::OtherDigest(locked),
            (None, None) => absent,
        }
    }

    /// The entries of a name and tag.
    pub fn tagged<'a>(&'a self, name: &'a str, tag: Option<&'a str>) -> impl Iterator<Item = &'a LockedImage> {
        self.images.iter().filter(move |locked| *locked.name == *name && locked.tag.as_deref() == tag)
    }

    /// The place of a mark in the file.
    pub fn location(mark: Mark) -> Location {
        decode::location(&Arc::from(FILE), mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str, tag: Option<&str>, digit: char) -> LockedImage {
        LockedImage {
            name: name.into(),
            tag: tag.map(Arc::from),
            digest: digest(digit).into(),
            ..LockedImage::default()
        }
    }

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn a_digest_decides_and_a_tag_must_agree() {
        let lock = Lock {
            images: vec![
                locked("r.example/a", Some("1"), 'a'),
                locked("r.example/b", Some("1"), 'b'),
                locked("r.example/b", Some("1"), 'c'),
                locked("r.example/d", None, 'd'),
                locked("docker.io/library/redis", Some("latest"), 'e'),
            ],
            incomplete: false,
        };
        let find = |text: &str| match lock.find(&ImageRef::parse(text).unwrap()) {
            Found::Locked(image) => format!("locked {}", &image.digest[7..8]),
            Found::OtherDigest(image) => format!("other digest {}", &image.digest[7..8]),
            Found::OtherTag(image) => format!("other tag {}", image.tag.as_deref().unwrap_or("none")),
            Found::Ambiguous => "ambiguous".to_owned(),
            Found::Absent => "absent".to_owned(),
            Found::Unknown => "unknown".to_owned(),
        };
        let at = |name: &str, digit| format!("{name}@{}", digest(digit));
        for (text, found) in [
            ("r.example/a:1".to_owned(), "locked a"),
            ("r.example/a:2".to_owned(), "absent"),
            (at("r.example/a:1", 'a'), "locked a"),
            (at("r.example/a", 'a'), "locked a"),
            (at("r.example/a:1", 'f'), "other digest a"),
            (at("r.example/a:2", 'a'), "other tag 1"),
            (at("r.example/a:2", 'f'), "absent"),
            ("r.example/b:1".to_owned(), "ambiguous"),
            (at("r.example/b:1", 'c'), "locked c"),
            (at("r.example/d", 'd'), "locked d"),
            (at("r.example/d:1", 'd'), "other tag none"),
            ("redis".to_owned(), "locked e"),
        ] {
            assert_eq!(find(&text), found, "{text}");
        }
        let incomplete = Lock { incomplete: true, ..lock };
        assert_eq!(incomplete.find(&ImageRef::parse("r.example/z:1").unwrap()), Found::Unknown);
    }
}
