//! Reading `images.lock`: every mistake at its line and column, and what is right is kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::document;
use super::lock::{EVIDENCE, Evidence, EvidenceKind, FILE, Lock, LockedImage, VERSION};
use crate::facts::image::{Digest, ImageRef};
use crate::files::Files;
use crate::problems::Problems;
use crate::workspace::decode::{Decoder, Fields, Text};
use crate::yaml::{Mark, Node};
use crate::{Error, ErrorKind, Location, Moment};

impl Lock {
    /// Reads the lock of a workspace; `None` where there is none.
    ///
    /// What is wrong with it goes to `problems`, and the lock is then incomplete.
    pub(crate) fn open(files: &Files, problems: &mut Problems) -> Option<Self> {
        let text = match files.is_file(FILE) {
            Ok(false) => return None,
            Ok(true) => files.read_text(FILE),
            Err(error) => Err(error),
        };
        match text {
            Ok(text) => Some(Self::read(&text, problems)),
            Err(error) => {
                problems.add(error);
                Some(Self { incomplete: true, ..Self::default() })
            }
        }
    }

    /// Reads the text of a lock, or gives everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Error>> {
        let mut problems = Problems::default();
        let lock = Self::read(text, &mut problems);
        let (errors, _) = problems.finish();
        if errors.is_empty() { Ok(lock) } else { Err(errors) }
    }

    fn read(text: &str, problems: &mut Problems) -> Self {
        let mut found = Problems::default();
        let images = match document::parse(text) {
            Ok(root) => images(&root, &mut found),
            Err(fault) => {
                found.add(
                    Error::new(ErrorKind::Lock, format!("{FILE} is not TOML: {}", fault.message))
                        .with_location(Self::location(fault.mark))
                        .with_help(
                            "take the file back from version control, or write it anew with `plimsoll images lock`",
                        ),
                );
                Vec::new()
            }
        };
        let incomplete = !found.is_empty();
        let (errors, _) = found.finish();
        for error in errors {
            problems.add(error);
        }
        Self { images, incomplete }
    }
}

fn images(root: &Node, problems: &mut Problems) -> Vec<LockedImage> {
    if let Err(error) = version(root) {
        problems.add(error);
        return Vec::new();
    }
    let place = |mark| Some(Lock::location(mark));
    let mut decoder = Decoder { place: &place, kind: ErrorKind::Lock, problems };
    let d = &mut decoder;
    let Some(mut fields) = d.fields(root, FILE) else { return Vec::new() };
    fields.get("version");
    let images = d.list(fields.get("image"), "`image`", image);
    d.finish(fields);
    unique(d, images)
}

fn version(root: &Node) -> Result<(), Error> {
    let fail = |location: Location, message: String, help: &str| {
        Err(Error::new(ErrorKind::Lock, message).with_location(location).with_help(help))
    };
    let Some(node) = root.get("version") else {
        return fail(
            Lock::location(root.mark),
            format!("{FILE} does not say its version"),
            "begin it with `version = 1`",
        );
    };
    match node.as_int() {
        Some(VERSION) => Ok(()),
        Some(version) if version > VERSION => fail(
            Lock::location(node.mark),
            format!("{FILE} has version {version}, and this release of plimsoll reads version {VERSION}"),
            "use a newer release of plimsoll",
        ),
        _ => fail(Lock::location(node.mark), "the version is not 1".to_owned(), "write `version = 1`"),
    }
}

/// Drops what is said twice; the first stands.
fn unique(d: &mut Decoder<'_>, images: Vec<LockedImage>) -> Vec<LockedImage> {
    let mut seen: HashMap<_, Mark> = HashMap::new();
    let mut kept = Vec::with_capacity(images.len());
    for image in images {
        let key = (image.name.clone(), image.tag.clone(), image.digest.clone());
        if let Some(first) = seen.get(&key) {
            let tag = image.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
            let message =
                format!("`{}{tag}` with this digest is locked twice, first in line {}", image.name, first.line);
            d.fail(image.mark, message, "delete one of the two entries, and put their evidence together");
        } else {
            seen.insert(key, image.mark);
            kept.push(image);
        }
    }
    kept
}

fn image(d: &mut Decoder<'_>, node: &Node) -> Option<LockedImage> {
    let mut fields = d.fields(node, "an image")?;
    let mark = fields.mark;
    let name = d.required(&mut fields, "name").and_then(|node| name(d, node));
    let tag = fields.get("tag").map(|node| tag(d, node));
    let digest = d.required(&mut fields, "digest").and_then(|node| digest(d, node));
    let platforms = platforms(d, fields.get("platforms"));
    let user = fields.get("user").and_then(|node| d.scalar(node, "`user`"));
    let previous = fields.get("previous").and_then(|node| self::digest(d, node));
    let seen = seen(d, fields.get("seen"));
    let evidence = evidence(d, &mut fields);
    d.finish(fields);
    // A tag that was written wrongly is not no tag.
    let tag = match tag {
        None => None,
        Some(tag) => Some(tag?),
    };
    let user = user.map(Arc::from);
    Some(LockedImage { name: name?, tag, digest: digest?, platforms, user, previous, seen, evidence, mark })
}

fn name(d: &mut Decoder<'_>, node: &Node) -> Option<Arc<str>> {
    let text = d.text(node, "the name of an image")?;
    match ImageRef::parse(&text) {
        Ok(image) if image.tag.is_some() || image.digest.is_some() => {
            let help = format!("write `{}` here, and the tag and the digest as `tag` and `digest`", image.name());
            d.fail(text.mark, format!("the name `{}` carries a tag or a digest", text.value), help);
            None
        }
        Ok(image) if image.name() != text.as_str() => {
            let message = format!("the name `{}` is not written in full", text.value);
            d.fail(text.mark, message, format!("write `{}`", image.name()));
            None
        }
        Ok(_) => Some(text.value),
        Err(fault) => {
            d.fail(text.mark, fault.to_string(), "write registry and repository, as in `registry.example/shop/cart`");
            None
        }
    }
}

fn tag(d: &mut Decoder<'_>, node: &Node) -> Option<Arc<str>> {
    let text = d.text(node, "the tag")?;
    if ImageRef::parse(&format!("x.example/x:{}", text.value)).is_ok_and(|image| image.digest.is_none()) {
        return Some(text.value);
    }
    d.fail(text.mark, format!("`{}` is no tag", text.value), "letters, digits, `_`, `.` and `-`, at most 128");
    None
}

fn digest(d: &mut Decoder<'_>, node: &Node) -> Option<Arc<str>> {
    let text = d.text(node, "the digest")?;
    let help = "write `sha256:` and 64 lower-case hexadecimal digits";
    match Digest::parse(&text) {
        Ok(digest) if digest.is_sha256() => Some(text.value),
        Ok(digest) => {
            d.fail(text.mark, format!("the digest is of {}, and locks hold sha256 only", digest.algorithm), help);
            None
        }
        Err(message) => {
            d.fail(text.mark, message, help);
            None
        }
    }
}

fn platforms(d: &mut Decoder<'_>, node: Option<&Node>) -> BTreeMap<String, Arc<str>> {
    let mut platforms = BTreeMap::new();
    for entry in d.entries(node, "`platforms`") {
        if !(2..=3).contains(&entry.key.split('/').filter(|part| !part.is_empty()).count()) {
            let message = format!("`{}` is no platform", entry.key);
            d.fail(entry.mark, message, "write it as `linux/amd64` or `linux/arm/v7`");
        } else if let Some(digest) = digest(d, &entry.value) {
            platforms.insert(entry.key.to_string(), digest);
        }
    }
    platforms
}

fn seen(d: &mut Decoder<'_>, node: Option<&Node>) -> BTreeMap<String, Arc<str>> {
    let mut seen = BTreeMap::new();
    for entry in d.entries(node, "`seen`") {
        let Some(text) = d.text(&entry.value, "a moment") else { continue };
        if Moment::parse(&text).is_ok() {
            seen.insert(entry.key.to_string(), text.value);
        } else {
            let message = format!("`{}` is not a moment", text.value);
            d.fail(text.mark, message, "write RFC 3339, as in `2026-11-22T10:00:00Z`");
        }
    }
    seen
}

fn evidence(d: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Vec<Evidence> {
    let mut files = BTreeSet::new();
    d.list(fields.get("evidence"), "`evidence`", |d, node| {
        let mut fields = d.fields(node, "a piece of evidence")?;
        let mark = fields.mark;
        let kind =
            d.required(&mut fields, "kind").and_then(|node| d.word(node, "kind of evidence", &EvidenceKind::WORDS));
        let file =
            d.required(&mut fields, "file").and_then(|node| d.text(node, "the file")).and_then(|text| path(d, &text));
        let sha256 = d.required(&mut fields, "sha256").and_then(|node| sha256(d, node));
        d.finish(fields);
        let file = file?;
        if !files.insert(file.clone()) {
            d.fail(mark, format!("`{file}` is listed twice for this image"), "delete one of the two");
            return None;
        }
        Some(Evidence { kind: kind?.value, file, sha256: sha256?, mark })
    })
}

/// A path below `evidence/`, and nowhere else: the lock is other people's input.
fn path(d: &mut Decoder<'_>, text: &Text) -> Option<Arc<str>> {
    match Files::join("", text) {
        Ok(path) if path.starts_with(EVIDENCE) => Some(path.into()),
        _ => {
            let message = format!("the evidence `{}` lies outside the folder `{EVIDENCE}`", text.value);
            d.fail(text.mark, message, "evidence lies below that folder, beside plimsoll.yaml");
            None
        }
    }
}

fn sha256(d: &mut Decoder<'_>, node: &Node) -> Option<Arc<str>> {
    let text = d.text(node, "the hash")?;
    if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(text.value);
    }
    d.fail(text.mark, format!("`{}` is no sha256", text.value), "write its 64 lower-case hexadecimal digits");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn text(body: &str) -> String {
        format!("version = 1\n[[image]]\n{body}").replace("DIGEST", DIGEST).replace("HASH", &DIGEST[7..])
    }

    #[test]
    fn reads_all_of_it() {
        let lock = Lock::parse(&text(
            "name = \"registry.example/shop/cart\"\ntag = \"2.14.3\"\ndigest = \"DIGEST\"\n\
             platforms = { \"linux/amd64\" = \"DIGEST\" }\nuser = 65532\n\
             seen = { staging = \"2026-11-03T10:00:00Z\", dr = 2026-11-04T10:00:00Z }\n\
             evidence = [ { kind = \"vuln\", file = \"evidence/a/x.json\", sha256 = \"HASH\" } ]\n",
        ))
        .unwrap();
        let image = &lock.images[0];
        assert_eq!((&*image.name, image.tag.as_deref()), ("registry.example/shop/cart", Some("2.14.3")));
        assert_eq!((image.user.as_deref(), image.seen.len()), (Some("65532"), 2));
        assert_eq!((image.evidence[0].kind, &*image.evidence[0].file), (EvidenceKind::Vuln, "evidence/a/x.json"));
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        let whole = "name = \"r.example/a\"\ndigest = \"DIGEST\"\n";
        for (body, place, message) in [
            ("digest = \"DIGEST\"\n", "2:1", "an image needs `name`"),
            ("name = \"redis\"\ndigest = \"DIGEST\"\n", "3:8", "the name `redis` is not written in full"),
            ("name = \"r.example/a:1\"\ndigest = \"DIGEST\"\n", "3:8", "carries a tag or a digest"),
            ("name = \"r.example/A\"\ndigest = \"DIGEST\"\n", "3:8", "cannot be pulled"),
            ("name = \"r.example/a\"\ndigest = \"sha512:00\"\n", "4:10", "is not `sha512:` and 128"),
            ("name = \"r.example/a\"\ndigest = \"sha256:AA\"\n", "4:10", "is not `sha256:` and 64"),
            (&format!("name = \"r.example/a\"\ndigest = \"sha384:{}\"\n", "0".repeat(96)), "4:10", "is of sha384"),
            (&format!("{whole}tga = \"1\"\n"), "5:1", "an image has no key `tga`"),
            (&format!("{whole}tag = \"a b\"\n"), "5:7", "`a b` is no tag"),
            (&format!("{whole}tag = 1.0\n"), "5:7", "the tag is a number, not text"),
            (&format!("{whole}platforms = {{ linux = \"DIGEST\" }}\n"), "5:15", "`linux` is no platform"),
            (&format!("{whole}seen = {{ dr = \"now\" }}\n"), "5:15", "`now` is not a moment"),
            (&format!("{whole}[[image]]\n{whole}"), "5:1", "locked twice, first in line 2"),
            (&evidence("kind = \"sbom\", file = \"evidence/x\""), "5:22", "`sbom` is no kind of evidence"),
            (&evidence("kind = \"vuln\", file = \"evidence/../x\""), "5:37", "lies outside the folder `evidence/`"),
            (&evidence("kind = \"vuln\", file = \"/etc/passwd\""), "5:37", "lies outside the folder `evidence/`"),
            ("name = \n", "3:8", "is not TOML"),
        ] {
            let errors = Lock::parse(&text(body)).unwrap_err();
            assert_eq!(errors.len(), 1, "{body}: {errors:?}");
            let error = &errors[0];
            assert_eq!(error.location().unwrap().to_string(), format!("images.lock:{place}"), "{body}: {error}");
            assert!(error.message().contains(message) && error.help().is_some(), "{error}");
        }
    }

    fn evidence(fields: &str) -> String {
        format!("name = \"r.example/a\"\ndigest = \"DIGEST\"\nevidence = [ {{ {fields}, sha256 = \"HASH\" }} ]\n")
            .replacen("evidence = [ { kind", "evidence = [{ kind", 1)
    }

    #[test]
    fn a_newer_version_is_not_guessed_at() {
        let errors = Lock::parse("version = 2\n[[image]]\nnames = 1\n").unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message().contains("has version 2"), "{:?}", errors[0]);
        assert!(Lock::parse("").unwrap_err()[0].message().contains("does not say its version"));
        assert!(Lock::parse("version = \"1\"\n").unwrap_err()[0].message().contains("the version is not 1"));
    }

    #[test]
    fn what_is_right_is_kept() {
        let mut problems = Problems::default();
        let text = text("name = \"r.example/a\"\ndigest = \"DIGEST\"\n[[image]]\nname = \"r.example/b\"\ndigest = 1\n");
        let lock = Lock::read(&text, &mut problems);
        assert!(lock.incomplete && !problems.is_empty());
        assert_eq!(lock.images.len(), 1);
    }
}
